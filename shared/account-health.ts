import { type AccountHealth, hourOf, newHealth, withHour, withMessage } from './domain/account-health.ts';
import { accountKeyOf } from './domain/case-ids.ts';
import { addSeconds } from './domain/clocks.ts';
import type { Account } from './domain/policy.ts';
import { type CaseStore, type HeardCase, placeOf } from './ports.ts';

/** So long after its end an hour is counted: by then polls have brought what webhooks did not. */
const settleSeconds = 20 * 60;
const hourSeconds = 3600;
/** What one look reads of the index at most, and at a time: in a storm of more conversations an hour, nothing is silent anyway. */
const limits = { entries: 20_000, atOnce: 500 };

export interface WatchedAccount {
  readonly account: Account;
  readonly health: AccountHealth;
  /** Whether there is something to keep: an account that is new, or an hour that was not counted yet. */
  readonly isNew: boolean;
}

/**
 * How every listed account stands at an instant. What it is used to is kept and read; who wrote lately is read from the list of cases by last message,
 * which exists already: a message costs no write, an account one for each hour in which somebody wrote. The list is read back to the last hour that is
 * over, or to `since` (ISO 8601 UTC), where somebody should have looked meanwhile and did not. Rejects with `StoreUnavailableError`.
 */
export async function watchedAccounts(
  store: Pick<CaseStore, 'healthOf' | 'heardOn'>,
  accounts: readonly Account[],
  now: Date,
  since?: string,
): Promise<readonly WatchedAccount[]> {
  const at = now.toISOString();
  const listed = accounts.filter(({ id }) => id !== '*');
  if (listed.length === 0) return [];
  const hour = hourOf(addSeconds(at, -settleSeconds - hourSeconds));
  const [kept, heard] = await Promise.all([
    store.healthOf(listed),
    heardSince(store, since === undefined || since > hour ? hour : since, at),
  ]);
  const byAccount = Map.groupBy(heard, (entry) => entry.account);
  const hourEnd = addSeconds(hour, hourSeconds);
  return listed.map((account, index) => {
    const known = kept[index];
    const before = known ?? newHealth(at);
    const entries = byAccount.get(accountKeyOf({ channel: account.channel, accountId: account.id })) ?? [];
    const inHour = entries.filter((entry) => entry.at >= hour && entry.at < hourEnd);
    const counted = inHour.length === 0 ? before : withHour(before, hour, inHour.length);
    const health = entries.reduce((sum, entry) => withMessage(sum, entry.at), counted);
    return { account, health, isNew: known === undefined || counted !== before };
  });
}

/** Cases by last message between two instants. */
async function heardSince(store: Pick<CaseStore, 'heardOn'>, since: string, until: string): Promise<HeardCase[]> {
  const found: HeardCase[] = [];
  let day = until.slice(0, 10);
  let before = until;
  while (before > since && found.length < limits.entries) {
    const entries = await store.heardOn(day, limits.atOnce, before);
    found.push(...entries.filter(({ at }) => at >= since));
    const last = entries.at(-1);
    if (entries.length === limits.atOnce && last !== undefined) {
      before = placeOf(last);
      continue;
    }
    before = `${day}T00:00:00.000Z`;
    day = addSeconds(before, -1).slice(0, 10);
  }
  return found;
}
