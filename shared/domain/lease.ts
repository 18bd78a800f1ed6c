import * as z from 'zod';
import type { Calendar } from './calendar.ts';
import { type Clock, clockSchema, dueAfter, isPending, type OwnershipName, ownershipNames, ranFor } from './clocks.ts';
import type { onChangeSchema } from './promises.ts';

/** What a desk owes for each offer; what is absent it does not owe. `calendar` is a version, absent: around the clock. */
export const leaseTermsSchema = z.object({
  policyVersion: z.string(),
  claimSeconds: z.number().int().optional(),
  answerSeconds: z.number().int().optional(),
  calendar: z.string().optional(),
});
export type LeaseTerms = z.infer<typeof leaseTermsSchema>;

/** The desk's ledger of one offer: time to claim it, and time to answer or to say that it is still at it. */
export const leaseSchema = z.object({ claim: clockSchema.optional(), answer: clockSchema.optional() });
export type Lease = z.infer<typeof leaseSchema>;

type Calendars = Readonly<Record<string, Calendar>>;

/** Of two terms the one that leaves less time, whichever came first. */
export function stricterTerms(a: LeaseTerms | undefined, b: LeaseTerms): LeaseTerms {
  if (a === undefined) return b;
  const rank = ({ answerSeconds, claimSeconds, calendar = '', policyVersion }: LeaseTerms) =>
    [answerSeconds ?? Infinity, claimSeconds ?? Infinity, calendar, policyVersion] as const;
  const [left, right] = [rank(a), rank(b)];
  const first = left.findIndex((value, index) => value !== right[index]);
  return first === -1 || (left[first] ?? 0) < (right[first] ?? 0) ? a : b;
}

/** The lease of an offer made at an instant (ISO 8601 UTC): when we handed the case over, not when the customer wrote. */
export function startLease(terms: LeaseTerms | undefined, calendars: Calendars, at: string): Lease {
  if (terms === undefined) return {};
  const { claimSeconds, answerSeconds, policyVersion, calendar } = terms;
  const clock = (seconds: number): Clock => {
    const dueAt = dueAfter(at, seconds, { calendar: calendar === undefined ? undefined : calendars[calendar] });
    return {
      startedAt: at,
      ...(dueAt === undefined ? {} : { dueAt }),
      seconds,
      policyVersion,
      ...(calendar === undefined ? {} : { calendar }),
    };
  };
  return {
    ...(claimSeconds === undefined ? {} : { claim: clock(claimSeconds) }),
    ...(answerSeconds === undefined ? {} : { answer: clock(answerSeconds) }),
  };
}

/** The lease after the desk did, at an instant, what these clocks waited for; the first time counts. */
export function fulfilLease(lease: Lease, names: readonly OwnershipName[], at: string): Lease {
  const fulfilled = { ...lease };
  for (const name of names) {
    const clock = lease[name];
    if (clock === undefined || clock.fulfilledAt !== undefined) continue;
    // A reply may have been sent on the platform before the offer was written.
    fulfilled[name] = { ...clock, fulfilledAt: at < clock.startedAt ? clock.startedAt : at };
  }
  return fulfilled;
}

/** The lease after a sign of life at an instant: its time to answer begins again, and never ends earlier than before. */
export function renewLease(lease: Lease, calendars: Calendars, at: string): Lease {
  const { answer } = lease;
  if (answer === undefined || !isPending(answer)) return lease;
  const calendar = answer.calendar === undefined ? undefined : calendars[answer.calendar];
  const dueAt = dueAfter(at, answer.seconds, { calendar });
  return dueAt === undefined || dueAt <= answer.dueAt ? lease : { ...lease, answer: { ...answer, dueAt } };
}

/** The lease by new terms from an instant on; a clock that is over or broken by then stays as it is. */
export function changeLease(
  lease: Lease,
  { how, terms }: { readonly how: z.infer<typeof onChangeSchema>; readonly terms: LeaseTerms },
  calendars: Calendars,
  at: string,
): Lease {
  const changed = { ...lease };
  for (const name of ownershipNames) {
    const clock = lease[name];
    const seconds = name === 'claim' ? terms.claimSeconds : terms.answerSeconds;
    if (clock === undefined || seconds === undefined || !isPending(clock) || clock.dueAt <= at) continue;
    const { calendar: _, ...rest } = clock;
    const before = clock.calendar === undefined ? undefined : calendars[clock.calendar];
    const after = terms.calendar === undefined ? undefined : calendars[terms.calendar];
    // A heartbeat may have moved it: what is left says more than when it began.
    const spent = how === 'restart' ? 0 : clock.seconds - ranFor(at, clock.dueAt, { calendar: before }) / 1000;
    const dueAt = dueAfter(at, Math.max(0, seconds - spent), { calendar: after });
    changed[name] = {
      ...rest,
      ...(how === 'restart' ? { startedAt: at } : {}),
      ...(dueAt === undefined ? {} : { dueAt }),
      seconds,
      policyVersion: terms.policyVersion,
      ...(terms.calendar === undefined ? {} : { calendar: terms.calendar }),
    };
  }
  return changed;
}
