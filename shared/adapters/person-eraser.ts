import { DeleteItemCommand, type DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import type { Case } from '../domain/case.ts';
import { authorKeyOf } from '../domain/case-ids.ts';
import type { StoredEvent } from '../ports.ts';
import { currentKey, eventKey, type Key, personKey, resolvedKey } from './case-keys.ts';
import { type Item, keyItem, toCase, waitingSchema } from './dynamo-case-store.ts';

/** Somebody who wrote, by their id on one channel. */
export interface Person {
  readonly channel: string;
  readonly author: string;
}

/** What the table holds of a person. */
export interface Holdings {
  readonly cases: readonly Case[];
  /** What still waits for a message that never came. */
  readonly waiting: readonly Key[];
}

/**
 * Finds and deletes what the table holds of one person. Nothing but the author's key at the end of a sort key leads to them, so finding reads the
 * whole table: a rare task of operators, never of a function.
 */
export class PersonEraser {
  readonly #client: DynamoDBClient;
  readonly #table: string;

  constructor(client: DynamoDBClient, config: { readonly tableName: string }) {
    this.#client = client;
    this.#table = config.tableName;
  }

  async holdingsOf({ channel, author }: Person): Promise<Holdings> {
    const cases: Case[] = [];
    const waiting: Key[] = [];
    for await (const item of this.#scan(authorKeyOf(author))) {
      const key = { pk: item['pk']?.S ?? '', sk: item['sk']?.S ?? '' };
      if (key.sk.startsWith('W#')) {
        const texts = item['waiting']?.SS ?? [];
        const events = texts.map((text) => waitingSchema.parse(JSON.parse(text)).event);
        if (events.some((event) => event.channel === channel && event.author.id === author)) waiting.push(key);
        continue;
      }
      const found = toCase(item);
      if (found?.conversation.author === author && found.conversation.channel === channel) cases.push(found);
    }
    return { cases, waiting };
  }

  /** Deletes a case's events, then the case: cut off in between, a second try finds the rest. */
  async forgetCase(subject: Case, events: readonly StoredEvent[]): Promise<void> {
    for (const { conversation, event } of events) await this.#delete(eventKey(conversation, event.id));
    await this.#delete(personKey(subject.conversation, subject.id));
    await this.#delete(resolvedKey(subject));
    // The key is the conversation's: a later case may have taken it.
    await this.#delete(currentKey(subject.conversation), subject.id);
  }

  async forgetWaiting(keys: readonly Key[]): Promise<void> {
    for (const key of keys) await this.#delete(key);
  }

  async *#scan(authorKey: string): AsyncGenerator<Item> {
    let from: Item | undefined;
    do {
      const { Items = [], LastEvaluatedKey } = await this.#client.send(
        new ScanCommand({
          TableName: this.#table,
          FilterExpression: 'begins_with(sk, :cases) OR begins_with(sk, :waiting)',
          ExpressionAttributeValues: { ':cases': { S: `H#${authorKey}` }, ':waiting': { S: 'W#' } },
          ConsistentRead: true,
          ...(from === undefined ? {} : { ExclusiveStartKey: from }),
        }),
      );
      yield* Items;
      from = LastEvaluatedKey;
    } while (from !== undefined);
  }

  async #delete(key: Key, onlyCase?: string): Promise<void> {
    const condition =
      onlyCase === undefined
        ? {}
        : { ConditionExpression: 'caseId = :caseId', ExpressionAttributeValues: { ':caseId': { S: onlyCase } } };
    try {
      await this.#client.send(new DeleteItemCommand({ TableName: this.#table, Key: keyItem(key), ...condition }));
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'ConditionalCheckFailedException') throw error;
    }
  }
}
