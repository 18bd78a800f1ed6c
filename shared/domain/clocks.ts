import * as z from 'zod';

/** The promises made to the customer, with Zendesk's meanings: from the first message to the first reply, and to the end. */
export const clockNames = ['first_reply', 'resolution'] as const;
export const clockNameSchema = z.enum(clockNames);
export type ClockName = z.infer<typeof clockNameSchema>;

/** All times are ISO 8601 UTC with milliseconds, so that text order is time order. */
export const clockSchema = z.object({
  startedAt: z.iso.datetime(),
  dueAt: z.iso.datetime(),
  fulfilledAt: z.iso.datetime().optional(),
  /** When the breach was announced; says nothing of the verdict, which is judged on the events' own times. */
  firedAt: z.iso.datetime().optional(),
});
export type Clock = z.infer<typeof clockSchema>;

export type ClockVerdict = 'running' | 'met' | 'breached';

/** The verdict of a clock from the events' own times: a reply that is learnt of late still counts when it was sent. */
export function verdictOf(clock: Clock): ClockVerdict {
  if (clock.fulfilledAt !== undefined) return clock.fulfilledAt <= clock.dueAt ? 'met' : 'breached';
  return clock.firedAt === undefined ? 'running' : 'breached';
}

/** Whether a breach of this clock is still to be announced when its time comes. */
export function isPending(clock: Clock): boolean {
  return clock.fulfilledAt === undefined && clock.firedAt === undefined;
}

/** Instant plus seconds, as ISO 8601 UTC. */
export function addSeconds(instant: string, seconds: number): string {
  return new Date(Date.parse(instant) + seconds * 1000).toISOString();
}

export function earlier(a: string, b: string | undefined): string {
  return b === undefined || a <= b ? a : b;
}

/**
 * The clock after one more message that waits for it: it starts at the first message and falls due at the earliest moment
 * any of the messages was promised, whatever order they arrive in.
 */
export function promise(clock: Clock | undefined, at: string, targetSeconds: number): Clock {
  return {
    ...clock,
    startedAt: earlier(at, clock?.startedAt),
    dueAt: earlier(addSeconds(at, targetSeconds), clock?.dueAt),
  };
}

/** The clock ended by the first of `answers` (instants) that came after it started, or running again when none did. */
export function fulfil({ fulfilledAt: _, ...clock }: Clock, answers: readonly string[]): Clock {
  const answer = answers.filter((at) => at >= clock.startedAt).sort()[0];
  return answer === undefined ? clock : { ...clock, fulfilledAt: answer };
}
