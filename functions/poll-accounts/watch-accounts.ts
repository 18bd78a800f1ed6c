import { type WatchedAccount, watchedAccounts } from '../../shared/account-health.ts';
import { type AccountHealth, type Silence, silenceOf } from '../../shared/domain/account-health.ts';
import { addSeconds } from '../../shared/domain/clocks.ts';
import type { Account } from '../../shared/domain/policy.ts';
import type { CaseStore } from '../../shared/ports.ts';
import type { Log } from '../../shared/runtime/log.ts';

export interface WatchDependencies {
  readonly accounts: readonly Account[];
  readonly store: Pick<CaseStore, 'healthOf' | 'keepHealth' | 'heardOn'>;
  readonly now: () => Date;
  readonly log: Log;
}

const tellAgainSeconds = 24 * 3600;

/**
 * Keeps count of how much each listed account is written to, and tells of each that has gone silent: once, and again each day for as long as it lasts.
 * Rejects with `StoreUnavailableError`; the next run then does what this one did not.
 */
export async function watchAccounts({ accounts, store, now, log }: WatchDependencies): Promise<void> {
  const at = now().toISOString();
  const toTell = ({ account, health }: WatchedAccount) => {
    const silence = silenceOf(health, account.silentAfterHours, at);
    return silence === undefined || wasTold(health, silence, at) ? undefined : silence;
  };
  const watched = await watchedAccounts(store, accounts, now());
  const seemSilent = watched.filter((one) => toTell(one) !== undefined);
  // No run may have looked when the last message came: before anybody is told, all is read again since then.
  const earliest = seemSilent.map(({ health }) => health.heardAt ?? health.since).sort()[0];
  const again = await watchedAccounts(
    store,
    seemSilent.map(({ account }) => account),
    now(),
    earliest,
  );
  const kept = watched.filter((one) => one.isNew && !seemSilent.includes(one));
  for (const one of again) {
    const { channel, id: accountId } = one.account;
    const silence = toTell(one);
    if (silence !== undefined) log({ event: 'account_silent', channel, accountId, ...silence });
    kept.push(silence === undefined ? one : { ...one, health: { ...one.health, toldAt: at } });
  }
  await store.keepHealth(kept);
}

function wasTold({ toldAt }: AccountHealth, { since }: Silence, at: string): boolean {
  return toldAt !== undefined && toldAt >= since && toldAt > addSeconds(at, -tellAgainSeconds);
}
