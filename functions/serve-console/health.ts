import { type Health, stageNames } from '../../shared/contracts/console.ts';
import type { Case } from '../../shared/domain/case.ts';
import { accountKeyOf } from '../../shared/domain/case-ids.ts';
import type { Policy } from '../../shared/domain/policy.ts';
import { nearestRank } from '../../shared/domain/report.ts';
import type { CaseStore, StoredEvent } from '../../shared/ports.ts';
import { walkBack } from './walk.ts';

interface Sources {
  readonly store: CaseStore;
  readonly policy: Policy;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** What one view reads at most: so many cases with their last message, and index entries over so many days, a part of a day at a time. */
const limits = { cases: 100, entries: 5_000, entriesAtOnce: 1_000, days: 8 };

/** How long the latest cases took from stage to stage, and which accounts have gone silent. Rejects with `StoreUnavailableError`. */
export async function readHealth({ store, policy }: Sources, now: Date): Promise<Health> {
  const [{ looked, stages }, { accounts, since }] = await Promise.all([
    stagesOf(store, now),
    accountsOf(store, policy, now),
  ]);
  return { at: now.toISOString(), looked, stages, accounts, since };
}

async function stagesOf(store: CaseStore, now: Date): Promise<Pick<Health, 'looked' | 'stages'>> {
  const cases: Case[] = [];
  for await (const { subject, at } of walkBack(store, {}, now)) {
    if (Date.parse(at) < now.getTime() - dayMs) break;
    if (subject !== undefined) cases.push(subject);
    if (cases.length === limits.cases) break;
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

async function accountsOf(store: CaseStore, policy: Policy, now: Date): Promise<Pick<Health, 'accounts' | 'since'>> {
  const listed = policy.accounts.filter(({ id }) => id !== '*');
  const wanted = new Set(listed.map(({ channel, id }) => accountKeyOf({ channel, accountId: id })));
  const heard = new Map<string, string>();
  let day = now.toISOString().slice(0, 10);
  let before: string | undefined;
  let since = now.toISOString();
  for (let left = limits.entries, days = limits.days; left > 0 && days > 0 && heard.size < wanted.size; ) {
    const limit = Math.min(left, limits.entriesAtOnce);
    const entries = await store.heardOn(day, limit, before);
    for (const { account, at } of entries) {
      if (account !== undefined && wanted.has(account) && !heard.has(account)) heard.set(account, at);
    }
    left -= entries.length;
    const last = entries.at(-1);
    if (entries.length === limit && last !== undefined) {
      before = `${last.at}#${last.caseId}`;
      since = last.at;
      continue;
    }
    since = `${day}T00:00:00.000Z`;
    day = new Date(Date.parse(day) - dayMs).toISOString().slice(0, 10);
    before = undefined;
    days -= 1;
  }
  return {
    since,
    accounts: listed.map(({ channel, id, title, silentAfterHours }) => {
      const heardAt = heard.get(accountKeyOf({ channel, accountId: id }));
      const quietSince = Date.parse(heardAt ?? since);
      return {
        channel,
        title,
        ...(heardAt === undefined ? {} : { heardAt }),
        ...(silentAfterHours === undefined ? {} : { silentAfterHours }),
        silent: silentAfterHours !== undefined && quietSince <= now.getTime() - silentAfterHours * hourMs,
      };
    }),
  };
}
