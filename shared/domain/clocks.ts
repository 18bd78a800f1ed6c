import * as z from 'zod';
import { type Calendar, deadlineAfter, openMsBetween } from './calendar.ts';

/**
 * The promises made to the customer, with Zendesk's meanings (https://support.zendesk.com/hc/en-us/articles/4408821871642): from the first
 * message to the first reply, from the oldest unanswered message after a reply to the next reply, and to the end.
 */
export const promiseNames = ['first_reply', 'next_reply', 'resolution'] as const;
/** What a desk owes for an offer: to claim it, and to answer or say that it is still at it. */
export const ownershipNames = ['claim', 'answer'] as const;
export const clockNames = [...promiseNames, ...ownershipNames] as const;

export const promiseNameSchema = z.enum(promiseNames);
export const clockNameSchema = z.enum(clockNames);
export type PromiseName = z.infer<typeof promiseNameSchema>;
export type OwnershipName = (typeof ownershipNames)[number];
export type ClockName = z.infer<typeof clockNameSchema>;

const instant = z.iso.datetime();

/** One running deadline. All times are ISO 8601 UTC with milliseconds, so that text order is time order. */
export const clockSchema = z.object({
  startedAt: instant,
  /** Absent while the clock is paused: nothing can fall due. */
  dueAt: instant.optional(),
  pausedAt: instant.optional(),
  fulfilledAt: instant.optional(),
  /** When the last message that waited for it was deleted by its author. */
  cancelledAt: instant.optional(),
  /** When the breach was announced; says nothing of the verdict, which is judged on the events' own times. */
  firedAt: instant.optional(),
  /** By seconds from the deadline: when the steps of the ladder before and after it were carried out. */
  stepsFired: z.record(z.string(), instant).optional(),
  /** What was promised, counted by `calendar`. */
  seconds: z.number().int(),
  policyVersion: z.string(),
  /** Version of the calendar; absent where time counts around the clock. */
  calendar: z.string().optional(),
  /** The platform takes no answer after this deadline, which is nearer than what was promised. */
  bound: z.literal('reply_window').optional(),
});
export type Clock = z.infer<typeof clockSchema>;

export type ClockVerdict = 'running' | 'paused' | 'met' | 'breached' | 'cancelled';

/**
 * The verdict of a clock from the events' own times: a reply that is learnt of late still counts when it was sent. With `asOf`, a clock that fell
 * due before that moment counts as breached even if nobody has announced it.
 */
export function verdictOf(clock: Clock, asOf = ''): ClockVerdict {
  const { dueAt, fulfilledAt, cancelledAt, firedAt } = clock;
  const end = fulfilledAt ?? cancelledAt;
  if (end !== undefined) {
    if (dueAt !== undefined && end > dueAt) return 'breached';
    return fulfilledAt === undefined ? 'cancelled' : 'met';
  }
  if (dueAt === undefined) return 'paused';
  return firedAt !== undefined || dueAt < asOf ? 'breached' : 'running';
}

/** Whether a clock has ended: what it waited for was done, or nobody waits for it any more. */
export function isOver({ fulfilledAt, cancelledAt }: Clock): boolean {
  return fulfilledAt !== undefined || cancelledAt !== undefined;
}

/** Whether a breach of this clock is still to be announced when its time comes. */
export function isPending(clock: Clock): clock is Clock & { dueAt: string } {
  return clock.dueAt !== undefined && clock.firedAt === undefined && !isOver(clock);
}

/** Instant plus seconds, as ISO 8601 UTC. */
export function addSeconds(instant: string, seconds: number): string {
  return new Date(Date.parse(instant) + seconds * 1000).toISOString();
}

export function earlier(a: string, b: string | undefined): string {
  return b === undefined || a <= b ? a : b;
}

/** A time in which a clock does not run; without an end it lasts. */
export interface Pause {
  readonly from: string;
  readonly to: string | undefined;
}

interface Course {
  readonly calendar?: Calendar | undefined;
  readonly pauses?: readonly Pause[];
}

/** How long a clock that started at `from` has run until an instant, in milliseconds: in the calendar's business time, or around the clock without one, the pauses left out. */
export function ranFor(from: string, until: string, { calendar, pauses = [] }: Course): number {
  let at = from;
  let ran = 0;
  for (const pause of pauses) {
    if (pause.from >= until) break;
    if (pause.to !== undefined && pause.to <= at) continue;
    if (pause.from > at) ran += msBetween(at, pause.from, calendar);
    if (pause.to === undefined || pause.to >= until) return ran;
    at = pause.to;
  }
  return ran + (at < until ? msBetween(at, until, calendar) : 0);
}

function msBetween(start: string, end: string, calendar: Calendar | undefined): number {
  return calendar === undefined ? Date.parse(end) - Date.parse(start) : openMsBetween(calendar, start, end);
}

/**
 * When a target of so many seconds that starts at `from` falls due: in the calendar's business time, or around the clock without one, the pauses
 * (in order, apart) left out. `undefined` when it cannot fall due because the last pause has no end.
 */
export function dueAfter(from: string, seconds: number, { calendar, pauses = [] }: Course): string | undefined {
  const after = (at: string, ms: number) =>
    calendar === undefined ? addSeconds(at, ms / 1000) : deadlineAfter(calendar, at, ms);
  let at = from;
  let left = seconds * 1000;
  for (const pause of pauses) {
    if (pause.to !== undefined && pause.to <= at) continue;
    const due = after(at, left);
    if (due <= pause.from) return due;
    if (pause.from > at) left -= msBetween(at, pause.from, calendar);
    if (pause.to === undefined) return undefined;
    at = pause.to;
  }
  return after(at, left);
}
