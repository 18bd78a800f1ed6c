import { ConditionalCheckFailedException, type DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { AccountId, PollCheckpoints } from '../ports.ts';
import { type Key, pollKey } from './case-keys.ts';

/** How far each account is read, in the table of cases: one item an account. */
export class DynamoPollCheckpoints implements PollCheckpoints {
  readonly #client: DynamoDBClient;
  readonly #table: string;

  constructor(client: DynamoDBClient, config: { readonly tableName: string }) {
    this.#client = client;
    this.#table = config.tableName;
  }

  async take(account: AccountId, { at, until }: { readonly at: string; readonly until: string }) {
    const taken = await this.#update(pollKey(account), {
      UpdateExpression: 'SET heldUntil = :until',
      ConditionExpression: 'attribute_not_exists(heldUntil) OR heldUntil <= :at',
      ExpressionAttributeValues: { ':at': { S: at }, ':until': { S: until } },
    });
    if (taken === undefined) return undefined;
    const readThrough = taken['readThrough']?.S;
    return readThrough === undefined ? {} : { readThrough };
  }

  async release(
    account: AccountId,
    {
      held,
      readThrough,
      notBefore,
    }: { readonly held: string; readonly readThrough: string | undefined; readonly notBefore: string },
  ): Promise<void> {
    await this.#update(pollKey(account), {
      UpdateExpression:
        readThrough === undefined ? 'SET heldUntil = :next' : 'SET heldUntil = :next, readThrough = :read',
      ConditionExpression: 'heldUntil = :held',
      ExpressionAttributeValues: {
        ':held': { S: held },
        ':next': { S: notBefore },
        ...(readThrough === undefined ? {} : { ':read': { S: readThrough } }),
      },
    });
  }

  async #update(
    { pk, sk }: Key,
    change: Pick<
      ConstructorParameters<typeof UpdateItemCommand>[0],
      'UpdateExpression' | 'ConditionExpression' | 'ExpressionAttributeValues'
    >,
  ) {
    try {
      const { Attributes = {} } = await this.#client.send(
        new UpdateItemCommand({
          TableName: this.#table,
          Key: { pk: { S: pk }, sk: { S: sk } },
          ReturnValues: 'ALL_NEW',
          ...change,
        }),
      );
      return Attributes;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return undefined;
      throw error;
    }
  }
}
