import type { ReportPart, ReportQuery } from '../../shared/contracts/console.ts';
import type { Case } from '../../shared/domain/case.ts';
import { verdictOf } from '../../shared/domain/clocks.ts';
import { decidedAt } from '../../shared/domain/report.ts';
import type { CaseStore } from '../../shared/ports.ts';
import { walkBack } from './walk.ts';

/** What is read for one part, at most: a report of more is put together of several. */
const limits = { cases: 500, histories: 100 };

type Row = ReportPart['rows'][number];

/**
 * Counts of cases by the day of their last message and the desk that has them, and of first replies by the day on which they were sent or fell due and the
 * desk that had the case then, from `before` back to the day `until`, or as far as one call reads. Rejects with `StoreUnavailableError`.
 */
export async function countCases(
  { store }: { readonly store: CaseStore },
  { before, until }: ReportQuery,
  now: Date,
): Promise<ReportPart> {
  const rows = new Rows();
  const asOf = now.toISOString();
  const moved: Case[] = [];
  let looked = 0;
  let next: string | undefined;
  for await (const { subject, at, place } of walkBack(store, { before }, now)) {
    if (at.slice(0, 10) < until) break;
    if (subject === undefined) continue;
    looked += 1;
    rows.count(at.slice(0, 10), subject);
    if (subject.fence > 1) moved.push(subject);
    else rows.judge(subject, subject.desk, asOf);
    if (looked === limits.cases || moved.length === limits.histories) {
      next = place;
      break;
    }
  }
  const holders = await Promise.all(moved.map((subject) => holderAtVerdict(store, subject, asOf)));
  moved.forEach((subject, index) => {
    rows.judge(subject, holders[index], asOf);
  });
  return { rows: rows.since(until), looked, ...(next === undefined ? {} : { next }) };
}

/** The desk that had a case when its first reply was sent or fell due, told by the offers among its events. */
async function holderAtVerdict(store: CaseStore, subject: Case, asOf: string): Promise<string | undefined> {
  const { first_reply: clock } = subject.clocks;
  const at = clock === undefined ? undefined : decidedAt(clock, asOf);
  if (at === undefined) return undefined;
  const offers = (await store.history(subject)).flatMap(({ event, effects }) =>
    effects.flatMap((effect) => (effect.kind === 'offer' ? [{ from: event.recordedAt, desk: effect.desk }] : [])),
  );
  return (offers.findLast(({ from }) => from < at) ?? offers[0])?.desk ?? subject.desk;
}

class Rows {
  readonly #rows = new Map<string, Row>();

  count(day: string, { desk, messages, misrouted, reasons }: Case): void {
    const row = this.#of(day, desk);
    row.cases += 1;
    row.messages = (row.messages ?? 0) + messages.count;
    row.misrouted += misrouted === true ? 1 : 0;
    for (const reason of reasons) row.reasons[reason] = (row.reasons[reason] ?? 0) + 1;
  }

  judge({ clocks: { first_reply: clock } }: Case, desk: string | undefined, asOf: string): void {
    const at = clock === undefined ? undefined : decidedAt(clock, asOf);
    if (clock === undefined || at === undefined) return;
    const verdict = verdictOf(clock, asOf);
    const row = this.#of(at.slice(0, 10), desk);
    row.kept += verdict === 'met' ? 1 : 0;
    row.broken += verdict === 'breached' ? 1 : 0;
  }

  since(day: string): Row[] {
    return [...this.#rows.values()].filter((row) => row.day >= day);
  }

  #of(day: string, desk = 'set_aside'): Row {
    const key = `${day} ${desk}`;
    const row = this.#rows.get(key) ?? {
      day,
      desk,
      cases: 0,
      messages: 0,
      kept: 0,
      broken: 0,
      misrouted: 0,
      reasons: {},
    };
    this.#rows.set(key, row);
    return row;
  }
}
