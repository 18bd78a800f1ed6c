import type { CaseFilter, CaseLine, CaseList } from '../../shared/contracts/console.ts';
import type { Case } from '../../shared/domain/case.ts';
import { type CaseStore, placeOf } from '../../shared/ports.ts';

interface Sources {
  readonly store: CaseStore;
  readonly toLine: (subject: Case, now: string) => CaseLine;
}

const dayMs = 86_400_000;
/** One page of a list: what it shows, and what is read for it at most. A day costs eight queries, a case about one read unit. */
const limits = { shown: 50, looked: 300, days: 14, read: 100 };

/** Cases by their last message, latest first, as far as the filter lets them through. Rejects with `StoreUnavailableError`. */
export async function listCases({ store, toLine }: Sources, filter: CaseFilter, now: Date): Promise<CaseList> {
  const at = now.toISOString();
  const cases: CaseLine[] = [];
  let looked = 0;
  // Messages of clocks that run ahead are dated tomorrow at most.
  let before = filter.before ?? new Date(now.getTime() + dayMs).toISOString();
  let day = Date.parse(before.slice(0, 10));
  const lastDay = day - limits.days * dayMs;
  while (day > lastDay) {
    const entries = await store.heardOn(new Date(day).toISOString().slice(0, 10), limits.read, before);
    const found = new Map((await store.findAll(entries.map(({ caseId }) => caseId))).map((one) => [one.id, one]));
    for (const entry of entries) {
      before = placeOf(entry);
      looked += 1;
      const subject = found.get(entry.caseId);
      const line = subject === undefined ? undefined : toLine(subject, at);
      if (line !== undefined && fits(line, filter, at)) cases.push(line);
      if (cases.length === limits.shown || looked === limits.looked) {
        return { cases, looked, since: entry.at, next: before };
      }
    }
    if (entries.length < limits.read) {
      before = new Date(day).toISOString();
      day -= dayMs;
    }
  }
  // Two weeks in which nobody wrote are taken for the beginning.
  return { cases, looked, since: before, ...(looked === 0 ? {} : { next: before }) };
}

function fits(line: CaseLine, filter: CaseFilter, now: string): boolean {
  const { state, desk, reason, priority, channel, language, account, deadline } = filter;
  return (
    (state === undefined || line.state === state) &&
    (desk === undefined || line.desk === desk) &&
    (reason === undefined || line.reasons.includes(reason)) &&
    (priority === undefined || line.priority === priority) &&
    (channel === undefined || line.channel === channel) &&
    (language === undefined || line.language === language) &&
    (account === undefined || line.account.toLowerCase().includes(account.toLowerCase())) &&
    (deadline === undefined ||
      (deadline === 'missed' ? line.breached.length > 0 : line.next !== undefined && line.next.dueAt <= hourAfter(now)))
  );
}

function hourAfter(now: string): string {
  return new Date(Date.parse(now) + 3_600_000).toISOString();
}
