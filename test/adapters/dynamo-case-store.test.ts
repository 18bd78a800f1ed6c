import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { eventKey } from '../../shared/adapters/case-keys.ts';
import { DynamoCaseStore, keyItem } from '../../shared/adapters/dynamo-case-store.ts';
import { packJson } from '../../shared/adapters/packed-json.ts';
import { startAwsServer } from '../support/aws-server.ts';
import { conversationWith, received } from '../support/samples.ts';

const askedSchema = z.object({
  RequestItems: z.record(
    z.string(),
    z.object({ ConsistentRead: z.boolean(), Keys: z.array(z.object({ sk: z.object({ S: z.string() }) })) }),
  ),
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
