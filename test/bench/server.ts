import { createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BatchDetectSentimentCommand, ComprehendClient } from '@aws-sdk/client-comprehend';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { SendMessageBatchCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { toEvent } from '../../local/http-api.ts';

// One HTTP server in a process of its own, with either a deployed function behind it or the least that could do the same work:
// the floor. Everything around the two is the same, so that what differs is ours.

const environment = z
  .object({
    BENCH_ROLE: z.enum(['webhook-function', 'batch-function', 'webhook-floor', 'batch-floor', 'whole-floor']),
    BENCH_BUNDLE: z.string().default(''),
    BENCH_SECRET: z.string().default(''),
    BENCH_QUEUE_URL: z.string().default(''),
    BENCH_TABLE: z.string().default(''),
  })
  .parse(process.env);
const { BENCH_SECRET: secret, BENCH_QUEUE_URL: queueUrl, BENCH_TABLE: table } = environment;

const handlerSchema = z.object({
  handler: z.custom<(event: unknown, context: unknown) => Promise<unknown>>((value) => typeof value === 'function'),
});
const answerSchema = z.object({ statusCode: z.number() });
const batchAnswerSchema = z.object({ batchItemFailures: z.array(z.unknown()) });
const batchSchema = z.object({ Records: z.array(z.object({ messageId: z.string(), body: z.string() })) });
const recordSchema = z.object({ events: z.array(z.object({ messageId: z.string(), text: z.string() })) });
const postSchema = z.object({
  entry: z.array(
    z.object({ messaging: z.array(z.object({ message: z.object({ mid: z.string(), text: z.string() }) })) }),
  ),
});

const sqs = new SQSClient({ maxAttempts: 1 });
const dynamo = new DynamoDBClient({ maxAttempts: 1 });
const comprehend = new ComprehendClient({ maxAttempts: 1 });
const route = { key: 'POST /webhooks/{platform}', functionName: '', guarded: false };

/** Does the work of one call; the answer is an HTTP status. */
type Work = (incoming: IncomingMessage, body: Buffer) => Promise<number>;

const roles: Readonly<Record<typeof environment.BENCH_ROLE, () => Promise<Work>>> = {
  'webhook-function': async () => {
    const handler = await loadHandler();
    return async ({ url = '', headers }, body) => {
      const flat = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
      const request = { method: 'POST', target: url, headers: flat, body, sourceIp: '127.0.0.1', at: Date.now() };
      const event = toEvent(request, { route, pathParameters: { platform: url.split('/')[2] ?? '' } }, '0');
      return answerSchema.parse(await handler(event, {})).statusCode;
    };
  },
  'batch-function': async () => {
    const handler = await loadHandler();
    return async (_incoming, body) => {
      const answer = batchAnswerSchema.parse(await handler(JSON.parse(body.toString()), {}));
      return answer.batchItemFailures.length === 0 ? 200 : 500;
    };
  },
  'webhook-floor': async () => async (incoming, body) => {
    if (!isSigned(incoming, body)) return 401;
    const text = JSON.stringify(JSON.parse(body.toString()));
    await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: text }));
    return 200;
  },
  'batch-floor': async () => async (_incoming, body) => {
    const events = batchSchema
      .parse(JSON.parse(body.toString()))
      .Records.flatMap((record) => recordSchema.parse(JSON.parse(record.body)).events);
    await judge(events.map(({ text }) => text));
    await Promise.all(events.map(({ messageId, text }) => put(messageId, text)));
    for (let from = 0; from < events.length; from += 10) {
      const Entries = events
        .slice(from, from + 10)
        .map((event, index) => ({ Id: String(index), MessageBody: JSON.stringify(event) }));
      await sqs.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
    }
    return 200;
  },
  'whole-floor': async () => async (incoming, body) => {
    if (!isSigned(incoming, body)) return 401;
    for (const { messaging } of postSchema.parse(JSON.parse(body.toString())).entry) {
      for (const { message } of messaging) {
        await judge([message.text]);
        await put(message.mid, message.text);
        await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: JSON.stringify(message) }));
      }
    }
    return 200;
  },
};

async function loadHandler(): Promise<(event: unknown, context: unknown) => Promise<unknown>> {
  const module: unknown = await import(pathToFileURL(join(environment.BENCH_BUNDLE, 'index.mjs')).href);
  return handlerSchema.parse({ ...Object(module) }).handler;
}

function isSigned({ headers }: IncomingMessage, body: Buffer): boolean {
  const expected = Buffer.from(`sha256=${createHmac('sha256', secret).update(body).digest('hex')}`);
  const given = Buffer.from(String(headers['x-hub-signature-256']));
  return given.length === expected.length && timingSafeEqual(given, expected);
}

async function judge(texts: readonly string[]): Promise<void> {
  await comprehend.send(new BatchDetectSentimentCommand({ LanguageCode: 'fr', TextList: [...texts] }));
}

async function put(id: string, text: string): Promise<void> {
  await dynamo.send(
    new PutItemCommand({
      TableName: table,
      Item: { pk: { S: `floor ${id}` }, sk: { S: 'message' }, text: { S: text } },
      ConditionExpression: 'attribute_not_exists(pk)',
    }),
  );
}

async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const work = await roles[environment.BENCH_ROLE]();
// What functions log goes to standard output, as in the run; where it goes from there is not what is measured.
const server = createServer(async (incoming, answer) => {
  if (incoming.method === 'GET') {
    const { user, system } = process.cpuUsage();
    answer.end(JSON.stringify({ cpuMicroseconds: user + system }));
    return;
  }
  const status = await bodyOf(incoming)
    .then((body) => work(incoming, body))
    .catch(() => 500);
  answer.writeHead(status).end();
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const address = server.address();
process.send?.({ port: address !== null && typeof address === 'object' ? address.port : 0 });
process.on('disconnect', () => process.exit(0));
