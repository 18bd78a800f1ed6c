import type { Case } from '../../shared/domain/case.ts';
import { type CaseStore, type HeardCase, placeOf } from '../../shared/ports.ts';

const dayMs = 86_400_000;
/** Messages of clocks that run ahead are dated tomorrow at most. */
const aheadMs = dayMs;
/** So many entries are read at a time, and so many days in which nobody wrote are taken for the beginning. */
const limits = { read: 100, silentDays: 14 };

export interface Visited {
  /** Absent where nobody wanted it. */
  readonly subject: Case | undefined;
  readonly at: string;
  /** Where a later walk goes on behind this case. */
  readonly place: string;
}

/**
 * Cases by their last message from `before` (a place or an instant; absent: now) back in time, read as they are asked for: a day costs eight queries, a
 * case that is wanted half a read unit or one. Ends after two weeks without any. Rejects with `StoreUnavailableError`.
 */
export async function* walkBack(
  store: CaseStore,
  {
    before,
    wanted = () => true,
  }: { readonly before?: string | undefined; readonly wanted?: (entry: HeardCase) => boolean },
  now: Date,
): AsyncGenerator<Visited> {
  let from = before ?? new Date(now.getTime() + aheadMs).toISOString();
  let day = Date.parse(from.slice(0, 10));
  let silentDays = 0;
  while (silentDays < limits.silentDays) {
    const entries = await store.heardOn(new Date(day).toISOString().slice(0, 10), limits.read, from);
    const ids = entries.flatMap((entry) => (wanted(entry) ? [entry.caseId] : []));
    const found = new Map((await store.findAll(ids)).map((one) => [one.id, one]));
    for (const entry of entries) {
      from = placeOf(entry);
      yield { subject: found.get(entry.caseId), at: entry.at, place: from };
    }
    silentDays = entries.length === 0 ? silentDays + 1 : 0;
    if (entries.length < limits.read) {
      from = new Date(day).toISOString();
      day -= dayMs;
    }
  }
}
