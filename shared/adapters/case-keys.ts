import { createHash } from 'node:crypto';
import { type Timer, timerSchema } from '../contracts/timer.ts';
import { type Case, type Conversation, caseSchema, isActive } from '../domain/case.ts';
import { nextDue, pressingDeadline } from '../domain/case-clocks.ts';
import { accountKeyOf, authorKeyOf, parseCaseId, partitionOf, personKeyOf } from '../domain/case-ids.ts';
import { clockNameSchema } from '../domain/clocks.ts';
import { routeSchema } from '../domain/decision.ts';
import { minuteOf } from '../domain/due.ts';
import type { AccountId, HeardCase, KeptNotice, OpenCase, Thread } from '../ports.ts';

/**
 * Every key of the case table, in one place.
 *
 * | item | pk | sk | found by |
 * | --- | --- | --- | --- |
 * | event | thread hash | `E#<event id>` | its own id: deduplication and audit |
 * | case, current | thread hash | `H#<author>` | the conversation |
 * | case, resolved before | thread hash | `H#<author>#<number>` | the case id |
 * | waiting events | thread hash | `W#<event id of the message>` | the message they are about |
 * | case of a person | `P#<person>` | case id | the person, for 90 days |
 * | told | thread hash | `T#<event id>` | the event of which people were told |
 * | notice that is kept to be told | `notices#<shard>` | `N#<since>#<its id>` | shard, oldest first |
 * | who spoke first | `first#<minute>` | `F#<what of>` | minute and matter |
 * | desk's record of a day | `desk` | `R#<desk>#<day>` | desk and day |
 * | sweep checkpoint | `sweep` | `checkpoint` | |
 * | how far an account is read | `poll` | `<channel> <account>` | the account |
 * | how much an account is written to | `account` | `<channel> <account>` | the account |
 * | how long the tokens of APIs hold | `account` | `tokens` | |
 *
 * Indexes, all sparse and holding keys only; the first three are sharded alike:
 *
 * | index | on | partition | sort |
 * | --- | --- | --- | --- |
 * | `due` | current cases with a promise to announce | minute and shard | instant, clock, case id |
 * | `heard` | cases a customer has written to | day of the last message and shard | its instant, case id, route, desk, account |
 * | `open` | active cases | shard | most pressing deadline, its clock, state, desk, case id |
 * | `backlog` | open cases at a desk with an agreed backlog | desk | none |
 *
 * `heard` costs one write with a case's first message and two with each further one; `open` one with the first, two whenever deadline, state
 * or desk change, and one at the end; `backlog` one when the desk gets the case and one when it has answered, and nothing where none is agreed. It needs no
 * shards: a desk that is full gets no more.
 */
export interface Key {
  readonly pk: string;
  readonly sk: string;
}

/** DynamoDB takes 1,000 writes a second on one index partition; eight shards carry the busiest minute we size for. */
const shards = 8;

function shardOf(subject: Case): number {
  return Number.parseInt(partitionOf(subject.conversation).slice(0, 2), 16) % shards;
}

/** Sort keys end at 1,024 bytes and some platforms' ids are longer than we can rule out. */
function bounded(eventId: string): string {
  return eventId.length <= 400 ? eventId : createHash('sha256').update(eventId).digest('hex');
}

export function eventKey(thread: Thread, eventId: string): Key {
  return { pk: partitionOf(thread), sk: `E#${bounded(eventId)}` };
}

export function toldKey(thread: Thread, eventId: string): Key {
  return { pk: partitionOf(thread), sk: `T#${bounded(eventId)}` };
}

export function waitingKey(thread: Thread, messageEventId: string): Key {
  return { pk: partitionOf(thread), sk: `W#${bounded(messageEventId)}` };
}

export function currentKey(conversation: Conversation): Key {
  return { pk: partitionOf(conversation), sk: `H#${authorKeyOf(conversation.author)}` };
}

export function resolvedKey(subject: Case): Key {
  const { pk, sk } = currentKey(subject.conversation);
  return { pk, sk: `${sk}#${subject.number}` };
}

/** Where a case may be by its id: under its conversation while it is the current one, else under its number. */
export function keysOfCase(caseId: string): { current: Key; resolved: Key } | undefined {
  const parts = parseCaseId(caseId);
  if (parts === undefined) return undefined;
  const sk = `H#${parts.authorKey}`;
  return { current: { pk: parts.partition, sk }, resolved: { pk: parts.partition, sk: `${sk}#${parts.number}` } };
}

export function noticeKey({ since, notice }: KeptNotice): Key {
  const [first] = notice.cases;
  const shard = Number.parseInt(first?.caseId.slice(0, 2) ?? '0', 16) % shards;
  return { pk: noticeBuckets[shard] ?? '', sk: `N#${since}#${notice.cases.map(({ id }) => id).join()}` };
}

export const noticeBuckets: readonly string[] = Array.from({ length: shards }, (_, shard) => `notices#${shard}`);

export function firstKey(about: string, minute: string): Key {
  return { pk: `first#${minute}`, sk: `F#${createHash('sha256').update(about).digest('hex').slice(0, 20)}` };
}

export function recordKey(desk: string, day: string): Key {
  return { pk: 'desk', sk: `R#${desk}#${day}` };
}

export function personKey(conversation: Conversation, caseId: string): Key {
  return { pk: `P#${personKeyOf(conversation)}`, sk: caseId };
}

/** The partitions of what is known of accounts: no customer's word is in them. */
export const accountPartitions = { poll: 'poll', health: 'account' } as const;

export function pollKey({ channel, id }: AccountId): Key {
  return { pk: accountPartitions.poll, sk: `${channel} ${id}` };
}

export function healthKey({ channel, id }: AccountId): Key {
  return { pk: accountPartitions.health, sk: `${channel} ${id}` };
}

export const tokensKey: Key = { pk: accountPartitions.health, sk: 'tokens' };

export const checkpointKey: Key = { pk: 'sweep', sk: 'checkpoint' };

export function dueBuckets(minute: string): string[] {
  return Array.from({ length: shards }, (_, shard) => `${minute}#${shard}`);
}

export function heardBuckets(day: string): string[] {
  return Array.from({ length: shards }, (_, shard) => `${day}#${shard}`);
}

export const openBuckets: readonly string[] = Array.from({ length: shards }, (_, shard) => String(shard));

/** Index attributes of a case, or `undefined` when nothing of it can fall due. */
export function dueKeys(subject: Case): { dueBucket: string; dueAt: string } | undefined {
  const next = nextDue(subject);
  if (next === undefined) return undefined;
  return {
    dueBucket: `${minuteOf(next.dueAt)}#${shardOf(subject)}`,
    dueAt: [next.dueAt, next.clock, subject.id].join('#'),
  };
}

/** The timer an index entry stands for. */
export function timerFromDueAt(dueAt: string): Timer {
  const [instant, clock, caseId] = dueAt.split('#');
  return timerSchema.parse({ dueAt: instant, clock: clockNameSchema.parse(clock), caseId });
}

/** Index attributes by which a case is listed, or `undefined` when no customer has written. */
export function heardKeys(subject: Case): { heardBucket: string; heardAt: string } | undefined {
  const at = subject.messages.lastAt;
  if (at === undefined) return undefined;
  return {
    heardBucket: `${at.slice(0, 10)}#${shardOf(subject)}`,
    heardAt: [at, subject.id, subject.route, subject.desk ?? '', accountKeyOf(subject.conversation)].join('#'),
  };
}

/** The case an entry of `heard` stands for. */
export function fromHeardAt(heardAt: string): HeardCase {
  const [at = '', caseId = '', route, desk = '', account] = heardAt.split('#');
  return { at, caseId, route: routeSchema.parse(route), desk: desk === '' ? undefined : desk, account };
}

/** Sorts behind every deadline. */
const never = '9';

/** Index attributes of an active case, or `undefined` for one with which nothing is to be done. */
export function openKeys(subject: Case): { openBucket: string; openBy: string } | undefined {
  if (!isActive(subject)) return undefined;
  const { clock, dueAt } = pressingDeadline(subject) ?? { clock: '', dueAt: never };
  return {
    openBucket: String(shardOf(subject)),
    openBy: [dueAt, clock, subject.state, subject.desk ?? '', subject.id].join('#'),
  };
}

/** Index attribute of an open case that counts towards its desk's agreed backlog, or `undefined`. */
export function backlogKeys({ state, offer, counted }: Case): { backlogDesk: string } | undefined {
  if (state !== 'open' || offer === undefined || counted?.includes(offer.desk) !== true) return undefined;
  return { backlogDesk: offer.desk };
}

/** The case an entry of `open` stands for. */
export function fromOpenBy(openBy: string): OpenCase {
  const [dueAt = never, clock, state, desk = '', caseId = ''] = openBy.split('#');
  return {
    caseId,
    desk,
    state: caseSchema.shape.state.parse(state),
    deadline: dueAt === never ? undefined : { clock: clockNameSchema.parse(clock), dueAt },
  };
}
