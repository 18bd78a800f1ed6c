import { createHash } from 'node:crypto';
import { type Timer, timerSchema } from '../contracts/timer.ts';
import { authorKeyOf, type Case, type Conversation, nextDue, parseCaseId, partitionOf } from '../domain/case.ts';
import { clockNameSchema } from '../domain/clocks.ts';
import { minuteOf } from '../domain/due.ts';
import type { Thread } from '../ports.ts';

/**
 * Every key of the case table, in one place.
 *
 * | item | pk | sk | found by |
 * | --- | --- | --- | --- |
 * | event | thread hash | `E#<event id>` | its own id: deduplication and audit |
 * | case, current | thread hash | `H#<author>` | the conversation |
 * | case, resolved before | thread hash | `H#<author>#<number>` | the case id |
 * | waiting events | thread hash | `W#<event id of the message>` | the message they are about |
 * | sweep checkpoint | `sweep` | `checkpoint` | |
 *
 * Index `due`, sparse: `dueBucket` = minute and shard, `dueAt` = instant, clock and case id; on current cases with a promise to
 * announce, on nothing else.
 */
export interface Key {
  readonly pk: string;
  readonly sk: string;
}

/** DynamoDB takes 1,000 writes a second on one index partition; eight shards carry the busiest minute we size for. */
export const dueShards = 8;

/** Sort keys end at 1,024 bytes and some platforms' ids are longer than we can rule out. */
function bounded(eventId: string): string {
  return eventId.length <= 400 ? eventId : createHash('sha256').update(eventId).digest('hex');
}

export function eventKey(thread: Thread, eventId: string): Key {
  return { pk: partitionOf(thread), sk: `E#${bounded(eventId)}` };
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

export const checkpointKey: Key = { pk: 'sweep', sk: 'checkpoint' };

export function dueBuckets(minute: string): string[] {
  return Array.from({ length: dueShards }, (_, shard) => `${minute}#${shard}`);
}

/** Index attributes of a case, or `undefined` when nothing of it can fall due. */
export function dueKeys(subject: Case): { dueBucket: string; dueAt: string } | undefined {
  const next = nextDue(subject);
  if (next === undefined) return undefined;
  const shard = Number.parseInt(partitionOf(subject.conversation).slice(0, 2), 16) % dueShards;
  return {
    dueBucket: `${minuteOf(next.dueAt)}#${shard}`,
    dueAt: [next.dueAt, next.clock, subject.id].join('#'),
  };
}

/** The timer an index entry stands for. */
export function timerFromDueAt(dueAt: string): Timer {
  const [instant, clock, caseId] = dueAt.split('#');
  return timerSchema.parse({ dueAt: instant, clock: clockNameSchema.parse(clock), caseId });
}
