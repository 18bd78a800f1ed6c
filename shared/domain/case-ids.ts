import { createHash } from 'node:crypto';
import type { Conversation } from './case.ts';

/** Partition of a conversation's thread: all that happens in it is stored together, whoever its author. */
export function partitionOf(conversation: Pick<Conversation, 'channel' | 'accountId' | 'thread'>): string {
  return digest([conversation.channel, conversation.accountId, conversation.thread].join('\n'), 20);
}

/** Short name of the author inside a partition. */
export function authorKeyOf(author: string): string {
  return digest(author, 10);
}

/** Short name of an account, by which it is counted. */
export function accountKeyOf({ channel, accountId }: Pick<Conversation, 'channel' | 'accountId'>): string {
  return digest([channel, accountId].join('\n'), 8);
}

/** On these channels a page knows a person by the id that it has on another: both are page-scoped (developers.facebook.com/docs/graph-api/webhooks/reference/page). */
const sameIdsAs: Readonly<Record<string, string>> = { messenger: 'facebook' };

/** Short name of a person as an account knows them, whatever the thread: the same in a comment and in a private message, where the platform gives one id in both. */
export function personKeyOf({ channel, accountId, author }: Conversation): string {
  return digest([sameIdsAs[channel] ?? channel, accountId, author].join('\n'), 20);
}

/** A case id holds its partition and author, so that an outcome finds its case by key. */
export function caseIdOf(conversation: Conversation, number: number): string {
  return `${partitionOf(conversation)}-${authorKeyOf(conversation.author)}-${number}`;
}

/** The parts of a case id, or `undefined` for text that is none. */
export function parseCaseId(id: string): { partition: string; authorKey: string; number: number } | undefined {
  const match = /^([0-9a-f]{20})-([0-9a-f]{10})-([1-9][0-9]{0,8})$/.exec(id);
  if (match === null) return undefined;
  const [, partition = '', authorKey = '', number = ''] = match;
  return { partition, authorKey, number: Number(number) };
}

/**
 * A message key as cases and the ids of their events carry it: a long one (Messenger's and Instagram's have 60 to 180 characters) by 96 bits of its hash, so that
 * a case stays small whatever the platform.
 */
export function shortKeyOf(messageKey: string): string {
  return messageKey.length <= 40
    ? messageKey
    : createHash('sha256').update(messageKey).digest('base64url').slice(0, 16);
}

function digest(text: string, length: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, length);
}
