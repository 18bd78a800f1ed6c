import { watchedAccounts } from '../../shared/account-health.ts';
import { type Health, stageNames } from '../../shared/contracts/console.ts';
import { silenceOf } from '../../shared/domain/account-health.ts';
import type { Case } from '../../shared/domain/case.ts';
import type { Policy } from '../../shared/domain/policy.ts';
import { nearestRank } from '../../shared/domain/report.ts';
import { daysLeft } from '../../shared/domain/token-health.ts';
import type { CaseStore, StoredEvent } from '../../shared/ports.ts';
import { walkBack } from './walk.ts';

interface Sources {
  readonly store: CaseStore;
  readonly policy: Policy;
}

const dayMs = 86_400_000;
/** So many cases with their last message one view reads at most. */
const mostCases = 100;

/** How long the latest cases took from stage to stage, which accounts have gone silent, and which tokens end. Rejects with `StoreUnavailableError`. */
export async function readHealth({ store, policy }: Sources, now: Date): Promise<Health> {
  const [{ looked, stages }, accounts, tokens] = await Promise.all([
    stagesOf(store, now),
    accountsOf(store, policy, now),
    tokensOf(store, policy, now),
  ]);
  return { at: now.toISOString(), looked, stages, accounts, tokens };
}

async function stagesOf(store: CaseStore, now: Date): Promise<Pick<Health, 'looked' | 'stages'>> {
  const cases: Case[] = [];
  for await (const { subject, at } of walkBack(store, {}, now)) {
    if (Date.parse(at) < now.getTime() - dayMs) break;
    if (subject !== undefined) cases.push(subject);
    if (cases.length === mostCases) break;
  }
  const messages = await store.events(
    cases.flatMap((subject) => {
      const last = subject.messages.recent.at(-1);
      return last === undefined ? [] : [{ thread: subject.conversation, eventId: last.eventId }];
    }),
  );
  const took = { ...waysOf(messages), ...workOf(cases) };
  return {
    looked: cases.length,
    stages: stageNames.map((stage) => {
      const sorted = took[stage].toSorted((a, b) => a - b);
      const [median, slow] = [nearestRank(sorted, 0.5), nearestRank(sorted, 0.9)];
      return {
        stage,
        cases: sorted.length,
        ...(median === undefined ? {} : { medianSeconds: median }),
        ...(slow === undefined ? {} : { slowSeconds: slow }),
      };
    }),
  };
}

/** Seconds on the way to us, and from there through triage onto a desk's queue. */
function waysOf(messages: readonly (StoredEvent | undefined)[]): { delivered: number[]; triaged: number[] } {
  const arrived = messages.flatMap((stored) =>
    stored !== undefined && 'receivedAt' in stored.event && stored.event.receivedAt !== undefined
      ? [{ ...stored.event, receivedAt: stored.event.receivedAt }]
      : [],
  );
  return {
    delivered: arrived.map(({ at, receivedAt }) => secondsBetween(at, receivedAt)),
    triaged: arrived.map(({ receivedAt, recordedAt }) => secondsBetween(receivedAt, recordedAt)),
  };
}

/** Seconds from the hand-over to the claim, and from the customer's first message to the first reply. */
function workOf(cases: readonly Case[]): { claimed: number[]; replied: number[] } {
  const fulfilled = (clock: Case['clocks']['first_reply']) =>
    clock?.fulfilledAt === undefined ? [] : [secondsBetween(clock.startedAt, clock.fulfilledAt)];
  return {
    claimed: cases.flatMap(({ offer }) => fulfilled(offer?.lease.claim)),
    replied: cases.flatMap(({ clocks }) => fulfilled(clocks.first_reply)),
  };
}

/** Never below none: platforms' clocks run ahead at times. */
function secondsBetween(from: string, to: string): number {
  return Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000);
}

async function accountsOf(store: CaseStore, policy: Policy, now: Date): Promise<Health['accounts']> {
  const watched = await watchedAccounts(store, policy.accounts, now);
  return watched.map(({ account: { channel, title, silentAfterHours }, health }) => {
    const silence = silenceOf(health, silentAfterHours, now.toISOString());
    return {
      channel,
      title,
      since: health.since,
      ...(health.heardAt === undefined ? {} : { heardAt: health.heardAt }),
      ...(silence === undefined ? {} : { expected: Math.round(silence.expected) }),
      silent: silence !== undefined,
    };
  });
}

async function tokensOf(store: CaseStore, policy: Policy, now: Date): Promise<Health['tokens']> {
  return Object.entries(await store.tokenHealth()).flatMap(([name, health]) => {
    const days = daysLeft(health, now.toISOString());
    if (days === undefined) return [];
    const [platform = name, accountId] = name.split(' ');
    const title = policy.accounts.find(({ id }) => id === accountId)?.title ?? accountId;
    return [{ platform, days, ...(title === undefined ? {} : { title }) }];
  });
}
