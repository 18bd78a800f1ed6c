import type { Case, CaseEvent } from './case.ts';
import { type Clock, type ClockName, clockNames, isOver, ownershipNames } from './clocks.ts';
import { clocksOf } from './promises.ts';
import type { Step } from './replay.ts';

/** How a clock ended, or that it broke and is still open: what a report counts. `late` in seconds, for those that broke. */
export interface Verdict {
  readonly caseId: string;
  /** The desk that had the case when it was decided. */
  readonly desk: string;
  readonly clock: ClockName;
  /** When it was kept, or fell due unkept: what the period of a report is about. */
  readonly decidedAt: string;
  readonly met: boolean;
  readonly late: number | undefined;
}

/** Something that a desk did or that was done to it. */
export interface Incident {
  readonly desk: string;
  readonly at: string;
  readonly kind: 'offer' | 'claim' | 'hand_back' | 'recall' | 'escalation';
  /** Code of a hand-back, reason of a recall. */
  readonly code: string;
}

export interface Period {
  /** ISO 8601 UTC, included. */
  readonly from: string;
  /** Excluded; what is still late then counts as late until then. */
  readonly to: string;
}

/** What a hand-back with one of these codes says: the case should never have come here. */
const misroutes: ReadonlySet<string> = new Set(['needs_in_house', 'wrong_language', 'idea', 'spam', 'proposes_crisis']);

export interface ClockLine {
  readonly desk: string;
  readonly clock: ClockName;
  readonly met: number;
  readonly breached: number;
  /** Seconds late, of those breached; absent when none was. */
  readonly lateP50: number | undefined;
  readonly lateP95: number | undefined;
}

export interface DeskLine {
  readonly desk: string;
  readonly offers: number;
  readonly claims: number;
  readonly misroutes: number;
  readonly escalations: number;
  readonly handBacks: Readonly<Record<string, number>>;
  readonly recalls: Readonly<Record<string, number>>;
}

export interface Report {
  readonly period: Period;
  readonly cases: number;
  readonly clocks: readonly ClockLine[];
  readonly desks: readonly DeskLine[];
  /** Verdicts by day (UTC), desk and clock, for a plot. */
  readonly days: readonly {
    readonly day: string;
    readonly desk: string;
    readonly met: number;
    readonly breached: number;
  }[];
}

/** Gathers what happened in a period, conversation by conversation, whole; the numbers do not depend on the order in which they come. */
export class ReportBuilder {
  readonly #period: Period;
  readonly #desk: string | undefined;
  readonly #verdicts: Verdict[] = [];
  readonly #incidents: Incident[] = [];
  readonly #cases = new Set<string>();

  constructor(period: Period, desk?: string) {
    this.#period = period;
    this.#desk = desk;
  }

  /** Adds the steps of one conversation, oldest first. */
  add(steps: readonly Step[]): void {
    for (const ofCase of Map.groupBy(steps, ({ after }) => after.id).values()) {
      const verdicts = verdictsOf(ofCase, this.#period.to).filter((one) => this.#counts(one.desk, one.decidedAt));
      const incidents = ofCase.flatMap(incidentsOf).filter((one) => this.#counts(one.desk, one.at));
      this.#verdicts.push(...verdicts);
      this.#incidents.push(...incidents);
      const [first] = ofCase;
      if (first !== undefined && verdicts.length + incidents.length > 0) this.#cases.add(first.after.id);
    }
  }

  report(): Report {
    const clocks = grouped(this.#verdicts, ({ desk, clock }) => `${desk} ${clockNames.indexOf(clock)}`);
    const desks = grouped(this.#incidents, ({ desk }) => desk);
    const days = grouped(this.#verdicts, ({ desk, decidedAt }) => `${decidedAt.slice(0, 10)} ${desk}`);
    return {
      period: this.#period,
      cases: this.#cases.size,
      clocks: clocks.map(([first, all]) => {
        const late = all.flatMap((one) => one.late ?? []).sort((a, b) => a - b);
        return {
          desk: first.desk,
          clock: first.clock,
          met: all.filter(({ met }) => met).length,
          breached: late.length,
          lateP50: nearestRank(late, 0.5),
          lateP95: nearestRank(late, 0.95),
        };
      }),
      desks: desks.map(([{ desk }, all]) => ({
        desk,
        offers: all.filter(({ kind }) => kind === 'offer').length,
        claims: all.filter(({ kind }) => kind === 'claim').length,
        misroutes: all.filter(({ kind, code }) => kind === 'hand_back' && misroutes.has(code)).length,
        escalations: all.filter(({ kind }) => kind === 'escalation').length,
        handBacks: countsByCode(all, 'hand_back'),
        recalls: countsByCode(all, 'recall'),
      })),
      days: days.map(([{ desk, decidedAt }, all]) => ({
        day: decidedAt.slice(0, 10),
        desk,
        met: all.filter(({ met }) => met).length,
        breached: all.filter(({ met }) => !met).length,
      })),
    };
  }

  #counts(desk: string, at: string): boolean {
    const { from, to } = this.#period;
    return at >= from && at < to && (this.#desk === undefined || this.#desk === desk);
  }
}

/** Every clock that a case has ever had, with its verdict as the whole case tells it, whatever was announced on the way. */
function verdictsOf(steps: readonly Step[], asOf: string): Verdict[] {
  const last = steps.at(-1)?.after;
  if (last === undefined) return [];
  const holders = steps.flatMap(({ before, after, event }) =>
    after.desk !== undefined && after.desk !== before?.desk ? [{ from: event.recordedAt, desk: after.desk }] : [],
  );
  const holderAt = (at: string) => (holders.findLast(({ from }) => from < at) ?? holders[0])?.desk;
  const { firstReply, nextReplies, resolution } = clocksOf(last.timeline, last.calendars, last.closedAt);
  const promises = [
    ...(firstReply === undefined ? [] : [['first_reply', firstReply] as const]),
    ...nextReplies.map((clock) => ['next_reply', clock] as const),
    ...(resolution === undefined ? [] : [['resolution', resolution] as const]),
  ].flatMap(([name, clock]) => {
    const desk = holderAt(decidedAt(clock, asOf) ?? '');
    return desk === undefined ? [] : verdict(last, desk, name, clock, asOf);
  });
  return [...promises, ...offersOf(steps).flatMap((offer) => owedFor(last, offer, asOf))];
}

interface Offered {
  readonly offer: NonNullable<Case['offer']>;
  /** When it was taken from the desk; absent while it is the case's own. */
  readonly endedAt: string | undefined;
}

/** Each offer in its last state. */
function offersOf(steps: readonly Step[]): Offered[] {
  const offers = new Map<string, Offered>();
  for (const { before, after, event } of steps) {
    const ended = before?.offer;
    if (ended !== undefined && ended.id !== after.offer?.id) {
      offers.set(ended.id, { offer: ended, endedAt: event.recordedAt });
    }
    if (after.offer !== undefined) offers.set(after.offer.id, { offer: after.offer, endedAt: undefined });
  }
  return [...offers.values()];
}

/** What a desk owed for an offer; an offer that was taken back before its deadline owed nothing any more. */
function owedFor(subject: Case, { offer, endedAt }: Offered, asOf: string): Verdict[] {
  return ownershipNames.flatMap((name) => {
    const clock = offer.lease[name];
    if (clock === undefined) return [];
    const released = endedAt !== undefined && !isOver(clock) && (clock.dueAt === undefined || endedAt < clock.dueAt);
    if (released) return [];
    return verdict(subject, offer.desk, name, clock, endedAt === undefined || isOver(clock) ? asOf : endedAt);
  });
}

function verdict(subject: Case, desk: string, name: ClockName, clock: Clock, asOf: string): Verdict[] {
  const at = decidedAt(clock, asOf);
  const { dueAt, fulfilledAt, cancelledAt } = clock;
  if (at === undefined) return [];
  const end = fulfilledAt ?? cancelledAt;
  const until = end ?? asOf;
  const broken = dueAt !== undefined && (end === undefined || end > dueAt);
  // Cancelled in time: nobody waited any more, which is neither.
  if (!broken && fulfilledAt === undefined) return [];
  const late = broken ? (Date.parse(until) - Date.parse(dueAt)) / 1000 : undefined;
  return [{ caseId: subject.id, desk, clock: name, decidedAt: at, met: !broken, late }];
}

/** When a clock was kept or fell due, whichever came first, as of an instant; `undefined` while neither has. */
export function decidedAt({ dueAt, fulfilledAt, cancelledAt }: Clock, asOf: string): string | undefined {
  const end = fulfilledAt ?? cancelledAt;
  if (end === undefined) return dueAt !== undefined && dueAt <= asOf ? dueAt : undefined;
  return dueAt !== undefined && dueAt < end ? dueAt : end;
}

function incidentsOf({ before, event, effects }: Step): Incident[] {
  const at = event.recordedAt;
  const own = before?.desk === undefined ? [] : reported(event).map((one) => ({ ...one, at }));
  return [
    ...own,
    ...effects.flatMap((effect): Incident[] => {
      if (effect.kind === 'offer') return [{ desk: effect.desk, at, kind: 'offer', code: '' }];
      if (effect.kind === 'escalate') return [{ desk: effect.desk, at, kind: 'escalation', code: effect.clock }];
      // A desk that hands back is told that the case is gone: that is no recall.
      if (effect.kind !== 'recall' || effect.because === 'handed_back') return [];
      return [{ desk: effect.desk, at, kind: 'recall', code: effect.because }];
    }),
  ];
}

function reported(event: CaseEvent): Pick<Incident, 'desk' | 'kind' | 'code'>[] {
  if (event.type === 'claimed') return [{ desk: event.desk, kind: 'claim', code: '' }];
  if (event.type === 'handed_back') return [{ desk: event.desk, kind: 'hand_back', code: event.code }];
  return [];
}

function grouped<Item>(items: readonly Item[], keyOf: (item: Item) => string): (readonly [Item, readonly Item[]])[] {
  return [...Map.groupBy(items, keyOf)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, all]) => (all[0] === undefined ? [] : [[all[0], all] as const]));
}

function countsByCode(incidents: readonly Incident[], kind: Incident['kind']): Record<string, number> {
  const ofKind = incidents.filter((incident) => incident.kind === kind);
  return Object.fromEntries(grouped(ofKind, ({ code }) => code).map(([{ code }, all]) => [code, all.length]));
}

/** The value below which such a share (0 to 1) of sorted values lies; `undefined` of none. */
export function nearestRank(sorted: readonly number[], share: number): number | undefined {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}
