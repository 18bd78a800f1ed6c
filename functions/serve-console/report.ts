import type { ReportPart, ReportQuery } from '../../shared/contracts/console.ts';
import type { Case } from '../../shared/domain/case.ts';
import { verdictOf } from '../../shared/domain/clocks.ts';
import type { CaseStore } from '../../shared/ports.ts';
import { walkBack } from './walk.ts';

/** Cases read for one part: a report of more is put together of several. */
const casesPerPart = 500;

/**
 * Counts of cases by the day of their last message and the desk that has them, from `before` back to the day `until`, or as far as one call reads.
 * Rejects with `StoreUnavailableError`.
 */
export async function countCases(
  { store }: { readonly store: CaseStore },
  { before, until }: ReportQuery,
  now: Date,
): Promise<ReportPart> {
  const rows = new Map<string, ReportPart['rows'][number]>();
  let looked = 0;
  for await (const { subject, at, place } of walkBack(store, { before }, now)) {
    if (at.slice(0, 10) < until) break;
    if (subject === undefined) continue;
    looked += 1;
    add(rows, at.slice(0, 10), subject, now.toISOString());
    if (looked === casesPerPart) return { rows: [...rows.values()], looked, next: place };
  }
  return { rows: [...rows.values()], looked };
}

function add(rows: Map<string, ReportPart['rows'][number]>, day: string, subject: Case, now: string): void {
  const desk = subject.desk ?? 'set_aside';
  const key = `${day} ${desk}`;
  const row = rows.get(key) ?? { day, desk, cases: 0, kept: 0, broken: 0, misrouted: 0, reasons: {} };
  rows.set(key, row);
  const { first_reply: firstReply } = subject.clocks;
  const verdict = firstReply === undefined ? undefined : verdictOf(firstReply, now);
  row.cases += 1;
  row.kept += verdict === 'met' ? 1 : 0;
  row.broken += verdict === 'breached' ? 1 : 0;
  row.misrouted += subject.misrouted === true ? 1 : 0;
  for (const reason of subject.reasons) row.reasons[reason] = (row.reasons[reason] ?? 0) + 1;
}
