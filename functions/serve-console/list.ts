import type { CaseFilter, CaseLine, CaseList } from '../../shared/contracts/console.ts';
import type { Case } from '../../shared/domain/case.ts';
import { parseCaseId } from '../../shared/domain/case-ids.ts';
import { fold } from '../../shared/domain/text.ts';
import type { CaseStore, HeardCase } from '../../shared/ports.ts';
import { type Visited, walkBack } from './walk.ts';

interface Sources {
  readonly store: CaseStore;
  readonly toLine: (subject: Case, now: string) => CaseLine;
}

/**
 * One page of a list: what it shows, and how far it looks for it. Whose case it is stands in the index itself, so that a customer is looked for further back. Words
 * are looked for in so many messages of each case, the latest, read for so many cases at a time.
 */
const limits = { shown: 50, looked: 300, lookedForCustomer: 3_000, messages: 5, atOnce: 50 };

/** Cases by their last message, latest first, as far as the filter lets them through. Rejects with `StoreUnavailableError`. */
export async function listCases({ store, toLine }: Sources, filter: CaseFilter, now: Date): Promise<CaseList> {
  const { before, customerOf, words } = filter;
  const customer = customerOf === undefined ? undefined : parseCaseId(customerOf)?.authorKey;
  const wanted = ({ caseId }: HeardCase) => customerOf === undefined || parseCaseId(caseId)?.authorKey === customer;
  const most = customerOf === undefined ? limits.looked : limits.lookedForCustomer;
  const at = now.toISOString();
  const cases: CaseLine[] = [];
  let looked = 0;
  let since = before?.slice(0, 24) ?? at;
  for await (const visited of chunksOf(walkBack(store, { before, wanted }, now), limits.atOnce)) {
    const passing = new Map(
      visited.flatMap(({ subject }) => {
        const line = subject === undefined ? undefined : toLine(subject, at);
        return subject === undefined || line === undefined || !fits(line, filter, now)
          ? []
          : [[subject, line] as const];
      }),
    );
    const said = words === undefined ? undefined : await casesThatSay(words, [...passing.keys()], store);
    for (const { subject, at: heardAt, place } of visited) {
      looked += 1;
      since = heardAt;
      const line = subject === undefined ? undefined : passing.get(subject);
      if (line !== undefined && said?.has(line.id) !== false) cases.push(line);
      if (cases.length === limits.shown || looked === most) return { cases, looked, since, next: place };
    }
  }
  return { cases, looked, since };
}

async function* chunksOf(visits: AsyncIterable<Visited>, size: number): AsyncGenerator<readonly Visited[]> {
  let chunk: Visited[] = [];
  for await (const visit of visits) {
    chunk.push(visit);
    if (chunk.length < size) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

/** Ids of the cases whose customer has this id, or whose customer's name and latest messages hold every one of these words. */
async function casesThatSay(words: string, cases: readonly Case[], store: CaseStore): Promise<ReadonlySet<string>> {
  const wanted = fold(words).split(/\s+/);
  const keys = cases.flatMap((subject) =>
    subject.messages.recent
      .slice(-limits.messages)
      .map(({ eventId }) => ({ subject, thread: subject.conversation, eventId })),
  );
  const stored = await store.events(keys);
  const textOf = Map.groupBy(
    keys.map(({ subject }, index) => ({ subject, message: stored[index] })),
    ({ subject }) => subject.id,
  );
  return new Set(
    cases.flatMap(({ id, conversation }) => {
      const text = fold(
        (textOf.get(id) ?? [])
          .map(({ message }) =>
            message === undefined || !('author' in message.event)
              ? ''
              : `${message.event.author.name ?? ''} ${message.text}`,
          )
          .join('\n'),
      );
      return conversation.author === words || wanted.every((word) => text.includes(word)) ? [id] : [];
    }),
  );
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
