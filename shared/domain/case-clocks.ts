import { type Case, isActive } from './case.ts';
import { type Clock, type ClockName, clockNames, isOver, ownershipNames, promiseNames } from './clocks.ts';
import { plainLadder, stepsAhead } from './escalation.ts';

/** The earliest moment at which a clock asks for something to be done or told, or `undefined` when there is none. */
export function nextDue(subject: Case): { clock: ClockName; dueAt: string } | undefined {
  if (!isActive(subject)) return undefined;
  const steps = clockNames.flatMap((clock) => aheadOf(subject, clock).map(({ at }) => ({ clock, dueAt: at })));
  const held = subject.held.filter((notice) => isStillDue(subject, notice.clock));
  return earliest([...steps, ...held.map(({ clock, at }) => ({ clock, dueAt: at }))]);
}

/** The earliest deadline that is still owed, be it missed already; `undefined` when none is. */
export function pressingDeadline(subject: Case): { clock: ClockName; dueAt: string } | undefined {
  if (!isActive(subject)) return undefined;
  const owed = [...clocksByName(subject)].flatMap(([clock, one]) =>
    one.dueAt !== undefined && !isOver(one) ? [{ clock, dueAt: one.dueAt }] : [],
  );
  return earliest(owed);
}

function earliest<Due extends { readonly dueAt: string }>(dues: readonly Due[]): Due | undefined {
  return dues.reduce<Due | undefined>(
    (first, due) => (first === undefined || due.dueAt < first.dueAt ? due : first),
    undefined,
  );
}

/** A clock of a case by its name, be it of the customer's promises or of the desk's. */
export function clockNamed({ clocks, offer }: Case, name: ClockName): Clock | undefined {
  return name === 'claim' || name === 'answer' ? offer?.lease[name] : clocks[name];
}

/** The steps of a clock that are still to come, the next first. */
export function aheadOf(subject: Case, name: ClockName): ReturnType<typeof stepsAhead> {
  const clock = clockNamed(subject, name);
  if (clock === undefined) return [];
  const seenAt = [subject.offer?.seenAt, subject.acknowledgedAt]
    .filter((at) => at !== undefined)
    .sort()
    .at(-1);
  return stepsAhead(name, clock, subject.ladders[clock.policyVersion] ?? plainLadder, seenAt);
}

/** Whether what people are to be told of a clock is still so: what a desk owed for an offer, while nobody has answered. */
export function isStillDue(subject: Case, name: ClockName): boolean {
  if (name === 'claim' || name === 'answer') return subject.state === 'open';
  const clock = subject.clocks[name];
  return clock !== undefined && !isOver(clock);
}

/** All clocks of a case: promises to the customer, and what the desk owes for the offer. */
export function clocksByName({ clocks, offer }: Case): ReadonlyMap<ClockName, Clock> {
  const named = [
    ...promiseNames.map((name) => [name, clocks[name]] as const),
    ...ownershipNames.map((name) => [name, offer?.lease[name]] as const),
  ];
  return new Map(named.flatMap(([name, clock]) => (clock === undefined ? [] : [[name, clock] as const])));
}
