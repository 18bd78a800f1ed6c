import type { Clock } from './clock.ts';

/** A schedule as the template configures it. */
export interface ScheduleConfig {
  readonly name: string;
  /** As in EventBridge: `rate(1 minute)`. */
  readonly expression: string;
  readonly functionName: string;
  /** The event, as JSON; without it the function gets a scheduled event with the time. */
  readonly input: string | undefined;
}

const unitMilliseconds: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** Milliseconds between two runs. Throws on anything but a rate (EventBridge Scheduler user guide, "Rate-based schedules"). */
export function rateOf(expression: string): number {
  const [, value = '', unit = ''] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression) ?? [];
  const milliseconds = Number(value) * (unitMilliseconds[unit] ?? 0);
  if (!(milliseconds > 0))
    throw new Error(`schedule "${expression}" is not understood by the local run: only rate(...) is`);
  return milliseconds;
}

/** Invokes now, then at every multiple of the rate from now, until the answer is called. */
export function startSchedule(config: ScheduleConfig, clock: Clock, invoke: (payload: unknown) => void): () => void {
  const every = rateOf(config.expression);
  let cancel = (): void => {};
  const run = (at: number): void => {
    cancel = clock.at(at + every, () => run(at + every));
    invoke(config.input === undefined ? scheduledEvent(config, at) : JSON.parse(config.input));
  };
  run(clock.now());
  return () => cancel();
}

function scheduledEvent({ name }: ScheduleConfig, at: number): unknown {
  return {
    version: '0',
    'detail-type': 'Scheduled Event',
    source: 'aws.scheduler',
    time: new Date(at).toISOString(),
    resources: [name],
    detail: '{}',
  };
}
