import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { eventKey } from '../../shared/adapters/case-keys.ts';
import { DynamoCaseStore, keyItem } from '../../shared/adapters/dynamo-case-store.ts';
import { packJson } from '../../shared/adapters/packed-json.ts';
import { applyEvent } from '../../shared/domain/apply-event.ts';
import { startAwsServer } from '../support/aws-server.ts';
import { conversationWith, received } from '../support/samples.ts';

const askedSchema = z.object({
  RequestItems: z.record(
    z.string(),
    z.object({ ConsistentRead: z.boolean(), Keys: z.array(z.object({ sk: z.object({ S: z.string() }) })) }),
  ),
});

const writtenSchema = z.object({ TransactItems: z.array(z.object({ Put: z.object({ Item: z.json() }) })) });

it('writes the changes of one turn together, and alone those that were refused together', async () => {
  const sizes: number[] = [];
  const server = await startAwsServer(({ body }) => {
    const { TransactItems } = writtenSchema.parse(JSON.parse(body));
    sizes.push(TransactItems.length);
    const refused = TransactItems.length > 2 && JSON.stringify(TransactItems).includes('refused');
    const headers = { 'content-type': 'application/x-amz-json-1.0' };
    if (!refused) return { status: 200, headers, body: '{}' };
    const reasons = TransactItems.map(() => ({ Code: 'TransactionConflict' }));
    const error = { __type: 'TransactionCanceledException', CancellationReasons: reasons };
    return { status: 400, headers, body: JSON.stringify(error) };
  });
  const store = new DynamoCaseStore(new DynamoDBClient(server.config), { tableName: 'cases' });
  const appended = async (authors: readonly string[]) => {
    sizes.splice(0);
    const results = await Promise.all(
      authors.map((author) => {
        const conversation = conversationWith(author);
        const event = received('m1', 0);
        const transition = applyEvent(undefined, event, conversation);
        if (transition.kind === 'refused') throw new Error(transition.reason);
        const { case: after, effects } = transition;
        const stored = { caseId: after.id, version: 1, conversation, event, text: author, effects };
        return store.append({ stored, before: undefined, after, closes: undefined, erases: [] });
      }),
    );
    expect(results.map(({ kind }) => kind)).toEqual(authors.map(() => 'written'));
    return sizes.toSorted((a, b) => b - a);
  };
  expect(await appended(Array.from({ length: 12 }, (_, index) => `author-${index}`))).toEqual([20, 4]);
  expect(await appended(['a', 'refused', 'b'])).toEqual([6, 2, 2, 2]);
  // A transaction takes no item twice.
  expect(await appended(['a', 'a', 'b'])).toEqual([4, 2]);
  server.close();
});

it('reads known events at half the price, and anew only those that the replica does not have yet', async () => {
  const thread = conversationWith('claire');
  const asked: string[] = [];
  const server = await startAwsServer(({ body }) => {
    const items = Object.values(askedSchema.parse(JSON.parse(body)).RequestItems).flatMap(({ ConsistentRead, Keys }) =>
      Keys.flatMap(({ sk }) => {
        asked.push(`${ConsistentRead ? 'consistent' : 'eventual'} ${sk.S}`);
        if (!ConsistentRead && sk.S.endsWith('late')) return [];
        const event = received(sk.S, 0);
        const packed = packJson({ caseId: 'c', version: 1, conversation: thread, event, effects: [] });
        const key = keyItem(eventKey(thread, sk.S.slice(2)));
        return [{ ...key, body: { B: Buffer.from(packed).toString('base64') } }];
      }),
    );
    return {
      status: 200,
      headers: { 'content-type': 'application/x-amz-json-1.0' },
      body: JSON.stringify({ Responses: { cases: items }, UnprocessedKeys: {} }),
    };
  });
  const store = new DynamoCaseStore(new DynamoDBClient(server.config), { tableName: 'cases' });
  const found = await store.knownEvents(['there', 'late'].map((eventId) => ({ thread, eventId })));
  server.close();

  expect(found.map((stored) => stored?.event.id)).toEqual(['message_received:E#there', 'message_received:E#late']);
  expect(asked).toEqual(['eventual E#there', 'eventual E#late', 'consistent E#late']);
});

it('notes a thousand events of a storm call after call, so that what others read and write finds its way between', async () => {
  const server = await startAwsServer(() => ({
    status: 200,
    headers: { 'content-type': 'application/x-amz-json-1.0' },
    body: '{}',
  }));
  const client = new DynamoDBClient(server.config);
  const atATime: number[] = [];
  let inWork = 0;
  client.middlewareStack.add((next) => async (call) => {
    inWork += 1;
    atATime.push(inWork);
    return next(call).finally(() => {
      inWork -= 1;
    });
  });
  const store = new DynamoCaseStore(client, { tableName: 'cases' });
  const keys = Array.from({ length: 1000 }, (_, index) => ({
    thread: conversationWith('claire'),
    eventId: `e${index}`,
  }));
  await store.markTold(keys);
  server.close();

  expect(atATime).toHaveLength(40);
  expect(Math.max(...atATime)).toBe(1);
});
