import { daysLeft, isToBeAsked, type TokenHealth } from '../../shared/domain/token-health.ts';
import type { ApiToken, CaseStore, TokenChecker } from '../../shared/ports.ts';
import type { Log } from '../../shared/runtime/log.ts';

export interface TokenDependencies {
  readonly checker: TokenChecker;
  readonly store: Pick<CaseStore, 'tokenHealth' | 'keepTokenHealth'>;
  readonly now: () => Date;
  readonly log: Log;
}

/** More are left to the next runs: hundreds of pages may have a token each. */
const askedInARun = 20;

/**
 * Asks once a day how long each token holds, and tells, each time, of those that have ended or are about to. A platform that does not answer is asked by the
 * next run. Rejects when tokens or table cannot be read.
 */
export async function watchTokens({ checker, store, now, log }: TokenDependencies): Promise<void> {
  const at = now().toISOString();
  const entered = await checker.entered();
  const known = await store.tokenHealth();
  const due = entered
    .filter(({ name, fingerprint }) => isToBeAsked(known[name], fingerprint, at))
    .slice(0, askedInARun);
  const told = await Promise.all(due.map((token) => ask(checker, token, at)));
  const fresh = told.filter((one) => one !== undefined);
  for (const [token, health] of fresh) {
    const days = daysLeft(health, at);
    if (days !== undefined) log({ event: 'token_ends', token, days, ended: !health.isValid });
  }
  const current = Object.entries(known).filter(([name]) => entered.some((token) => token.name === name));
  if (fresh.length === 0 && current.length === Object.keys(known).length) return;
  await store.keepTokenHealth(Object.fromEntries([...current, ...fresh]));
}

async function ask(
  checker: TokenChecker,
  { name, fingerprint }: ApiToken,
  askedAt: string,
): Promise<readonly [string, TokenHealth] | undefined> {
  const answer = await checker.ask(name);
  if (answer.kind === 'later') return undefined;
  const endsAt = answer.kind === 'valid' ? answer.endsAt : undefined;
  const isValid = answer.kind !== 'ended';
  return [name, { fingerprint, askedAt, isValid, ...(endsAt === undefined ? {} : { endsAt }) }];
}
