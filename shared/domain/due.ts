/** The minute an instant lies in, as `YYYY-MM-DDTHH:MM`: the bucket in which a timer is filed. */
export function minuteOf(instant: string): string {
  return instant.slice(0, 16);
}

/** The minutes from one to another, both included, oldest first. */
export function minutesBetween(from: string, to: string): string[] {
  const minutes: string[] = [];
  for (let at = Date.parse(`${from}:00.000Z`); at <= Date.parse(`${to}:00.000Z`); at += 60_000) {
    minutes.push(minuteOf(new Date(at).toISOString()));
  }
  return minutes;
}
