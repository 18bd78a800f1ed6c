/** A stretch of time in which a zone's distance to UTC does not change; instants in milliseconds since 1970, `to` excluded. */
export interface OffsetStretch {
  readonly from: number;
  readonly to: number;
  /** Milliseconds to add to UTC for the wall clock. */
  readonly offset: number;
}

interface Transition {
  readonly at: number;
  readonly offset: number;
}

const dayMs = 86_400_000;

/**
 * The stretches of constant offset of an IANA zone (as Node's own time-zone data has them) from an instant (milliseconds since 1970) on, without end:
 * take as many as are needed. Throws a RangeError for a zone that does not exist; `isZone` tells beforehand.
 */
export function* offsetsFrom(zone: string, from: number): Generator<OffsetStretch, never> {
  let at = from;
  let offset = offsetAt(zone, from);
  for (let year = new Date(from).getUTCFullYear(); ; year += 1) {
    for (const next of transitionsIn(zone, year)) {
      if (next.at <= at) continue;
      yield { from: at, to: next.at, offset };
      at = next.at;
      offset = next.offset;
    }
    const newYear = Date.UTC(year + 1, 0);
    yield { from: at, to: newYear, offset };
    at = newYear;
  }
}

/** Whether the zone's name is one that Node knows. */
export function isZone(name: string): boolean {
  try {
    return formatOf(name) !== undefined;
  } catch {
    return false;
  }
}

const formats = new Map<string, Intl.DateTimeFormat>();
const years = new Map<string, readonly Transition[]>();

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  formats.set(zone, format);
  return format;
}

function offsetAt(zone: string, instant: number): number {
  const [month = 0, day = 0, year = 0, hour = 0, minute = 0, second = 0] = formatOf(zone)
    .format(instant)
    .split(/\D+/)
    .map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(instant / 1000) * 1000;
}

/** Found once per zone and year: a look at each day, then halving down to the second. */
function transitionsIn(zone: string, year: number): readonly Transition[] {
  const key = `${zone} ${year}`;
  const known = years.get(key);
  if (known !== undefined) return known;
  const found: Transition[] = [];
  const end = Date.UTC(year + 1, 0);
  let offset = offsetAt(zone, Date.UTC(year, 0));
  for (let day = Date.UTC(year, 0); day < end; day += dayMs) {
    const next = offsetAt(zone, day + dayMs);
    if (next === offset) continue;
    found.push({ at: firstSecondWithout(zone, offset, day, day + dayMs), offset: next });
    offset = next;
  }
  years.set(key, found);
  return found;
}

function firstSecondWithout(zone: string, offset: number, from: number, to: number): number {
  let before = from / 1000;
  let after = to / 1000;
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (offsetAt(zone, middle * 1000) === offset) before = middle;
    else after = middle;
  }
  return after * 1000;
}
