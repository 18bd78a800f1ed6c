import { BatchDetectSentimentCommand, ComprehendClient } from '@aws-sdk/client-comprehend';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { SendMessageBatchCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod';

// A made-up triage: asks for the sentiment, stores each message by its text, passes it on to a desk, and one to the timer queue.

const environment = z
  .object({
    CASE_TABLE_NAME: z.string(),
    DESK_QUEUES: z.string(),
    TIMER_QUEUE_URL: z.string(),
  })
  .parse(process.env);
const desks = z.record(z.string(), z.object({ urgent: z.url() })).parse(JSON.parse(environment.DESK_QUEUES));
const deskQueue = Object.values(desks)[0]?.urgent;
const eventSchema = z.object({ Records: z.array(z.object({ messageId: z.string(), body: z.string() })) });
const comprehend = new ComprehendClient({ maxAttempts: 1 });
const table = new DynamoDBClient({ maxAttempts: 1 });
const sqs = new SQSClient({ maxAttempts: 1 });

export async function handler(input: unknown): Promise<unknown> {
  const { Records } = eventSchema.parse(input);
  const good = Records.filter(({ body }) => body !== 'poison');
  if (good.length > 0) {
    const answer = await comprehend.send(
      new BatchDetectSentimentCommand({ LanguageCode: 'en', TextList: good.map(({ body }) => body) }),
    );
    for (const [index, { body }] of good.entries()) {
      const sentiment = answer.ResultList?.find(({ Index }) => Index === index)?.Sentiment ?? 'none';
      await table.send(
        new PutItemCommand({
          TableName: environment.CASE_TABLE_NAME,
          Item: { pk: { S: body }, sk: { S: 'seen' }, sentiment: { S: sentiment } },
        }),
      );
    }
    for (let from = 0; from < good.length; from += 10) {
      await sqs.send(
        new SendMessageBatchCommand({
          QueueUrl: deskQueue,
          Entries: good.slice(from, from + 10).map(({ messageId, body }, index) => ({
            Id: String(index),
            MessageBody: body,
            MessageGroupId: body,
            MessageDeduplicationId: messageId,
          })),
        }),
      );
    }
    if (good.some(({ body }) => body === 'tell')) {
      await sqs.send(new SendMessageCommand({ QueueUrl: environment.TIMER_QUEUE_URL, MessageBody: 'tell' }));
    }
  }
  return {
    batchItemFailures: Records.filter(({ body }) => body === 'poison').map(({ messageId }) => ({
      itemIdentifier: messageId,
    })),
  };
}
