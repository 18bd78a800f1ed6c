import type { CaseFilter, CaseLine, CaseList } from '../../shared/contracts/console.ts';
import type { Case } from '../../shared/domain/case.ts';
import type { CaseStore } from '../../shared/ports.ts';
import { walkBack } from './walk.ts';

interface Sources {
  readonly store: CaseStore;
  readonly toLine: (subject: Case, now: string) => CaseLine;
}

/** One page of a list: what it shows, and what is read for it at most. */
const limits = { shown: 50, looked: 300 };

/** Cases by their last message, latest first, as far as the filter lets them through. Rejects with `StoreUnavailableError`. */
export async function listCases({ store, toLine }: Sources, filter: CaseFilter, now: Date): Promise<CaseList> {
  const cases: CaseLine[] = [];
  let looked = 0;
  let since = filter.before?.slice(0, 24) ?? now.toISOString();
  for await (const { subject, at, place } of walkBack(store, filter.before, now)) {
    looked += 1;
    since = at;
    const line = toLine(subject, now.toISOString());
    if (fits(line, filter, now)) cases.push(line);
    if (cases.length === limits.shown || looked === limits.looked) return { cases, looked, since, next: place };
  }
  return { cases, looked, since };
}

function fits(line: CaseLine, filter: CaseFilter, now: Date): boolean {
  const { state, desk, reason, priority, channel, language, account, deadline } = filter;
  return (
    (state === undefined || line.state === state) &&
    (desk === undefined || line.desk === desk) &&
    (reason === undefined || line.reasons.includes(reason)) &&
    (priority === undefined || line.priority === priority) &&
    (channel === undefined || line.channel === channel) &&
    (language === undefined || line.language === language) &&
    (account === undefined || line.account.toLowerCase().includes(account.toLowerCase())) &&
    (deadline === undefined || (deadline === 'missed' ? line.breached.length > 0 : isSoon(line, now)))
  );
}

function isSoon({ next }: CaseLine, now: Date): boolean {
  return next !== undefined && Date.parse(next.dueAt) <= now.getTime() + 3_600_000;
}
