import * as z from 'zod';
import { addSeconds, type Clock, type ClockName, clockNameSchema, clockNames, isOver } from './clocks.ts';

/** What a step does besides telling somebody; each of them raises the priority, too. */
export const stepActions = ['raise_priority', 'other_desk', 'take_in_house'] as const;

export const ladderSchema = z.object({
  /** So long after the last claim, heartbeat or acknowledgement, steps after a deadline wait. */
  silenceSeconds: z.number().int().nonnegative(),
  steps: z.array(
    z.object({
      clock: clockNameSchema,
      /** From the deadline, around the clock; negative: before it. */
      seconds: z.number().int(),
      /** Level of people that is told. */
      tell: z.string(),
      do: z.enum(stepActions),
    }),
  ),
});
export type Ladder = z.infer<typeof ladderSchema>;
export type Step = Ladder['steps'][number];

/** Without a ladder in the policy: at each deadline people are told and the case comes in-house. */
export const plainLadder: Ladder = {
  silenceSeconds: 0,
  steps: clockNames.map((clock) => ({ clock, seconds: 0, tell: 'people', do: 'take_in_house' })),
};

/**
 * The steps of a clock that are still to be carried out, with their moments (ISO 8601 UTC), earliest first. A clock that is over or paused has none; a step
 * before the deadline counts only if it lies after the clock's start. `seenAt`: the last sign that somebody looks after the case: of its desk, or of a person who
 * took note of its escalations.
 */
export function stepsAhead(
  name: ClockName,
  clock: Clock,
  { steps, silenceSeconds }: Ladder,
  seenAt?: string,
): { readonly step: Step; readonly at: string }[] {
  const { dueAt, startedAt, firedAt, stepsFired = {} } = clock;
  if (dueAt === undefined || isOver(clock)) return [];
  return steps
    .filter((step) => step.clock === name)
    .flatMap((step) => {
      const planned = addSeconds(dueAt, step.seconds);
      if (step.seconds === 0) return firedAt === undefined ? [{ step, at: planned }] : [];
      if ((stepsFired[step.seconds] ?? '') >= planned) return [];
      if (step.seconds < 0) return firedAt === undefined && planned > startedAt ? [{ step, at: planned }] : [];
      const quietFrom = seenAt === undefined ? planned : addSeconds(seenAt, silenceSeconds);
      return [{ step, at: quietFrom > planned ? quietFrom : planned }];
    })
    .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : a.step.seconds - b.step.seconds));
}

/** The clock after these steps of it were carried out at an instant. */
export function withSteps(clock: Clock, steps: readonly Step[], at: string): Clock {
  const others = steps.filter(({ seconds }) => seconds !== 0);
  return {
    ...clock,
    ...(others.length < steps.length ? { firedAt: at } : {}),
    ...(others.length === 0
      ? {}
      : { stepsFired: { ...clock.stepsFired, ...Object.fromEntries(others.map(({ seconds }) => [seconds, at])) } }),
  };
}
