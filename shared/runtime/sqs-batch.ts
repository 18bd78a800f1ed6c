import * as z from 'zod';
import type { ParkedRecord } from '../contracts/parked.ts';
import type { QueueSender, Redelivery } from '../ports.ts';
import { type Log, tallied } from './log.ts';

/** What we use of an SQS event: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html */
const sqsEventSchema = z.object({
  Records: z.array(
    z.object({
      messageId: z.string(),
      body: z.string(),
      receiptHandle: z.string(),
      eventSourceARN: z.string(),
      attributes: z.object({ ApproximateReceiveCount: z.coerce.number() }),
    }),
  ),
});

export interface QueueRecord<Body> {
  readonly id: string;
  readonly body: Body;
  /** The name of the queue that it came on. */
  readonly queue: string;
}

export interface ParkedPart {
  readonly reason: string;
  /** What is kept for a person to look at; JSON text. */
  readonly body: string;
}

/**
 * The three results of a record. `done`: its effects are out. `retry`: it stays in the queue and comes again. `park`: these parts of it can
 * never succeed and go to the dead-letter queue with their reasons; the rest is done.
 */
export type RecordResult =
  | { readonly kind: 'done' }
  | { readonly kind: 'retry'; readonly because: string }
  | { readonly kind: 'park'; readonly parts: readonly ParkedPart[] };

export interface BatchAnswer {
  batchItemFailures: { itemIdentifier: string }[];
}

/** SQS takes 1 MiB; a parked body keeps room for its envelope. */
const parkedCharacters = 200_000;

export interface BatchEdges {
  readonly queues: QueueSender;
  readonly redelivery: Redelivery;
  readonly deadLetterQueueUrl: string;
  readonly log: Log;
  readonly now: () => Date;
}

/** Seconds until a record that failed comes again: soon at first, for a hiccup; a quarter of an hour at last, for an outage. */
export function retryAfterSeconds(receiveCount: number): number {
  return Math.min(900, 2 ** receiveCount);
}

/**
 * Parses a batch of records with their schema, hands the sound ones to `work` together, and answers for each of them. A record that cannot
 * be parsed is parked; one for which `work` gives no result, or whose parking fails, is retried. What `work` logs with the log it is given is counted in the entry
 * `batch_settled`, one for each batch.
 */
export async function settleBatch<Body>(
  event: unknown,
  schema: z.ZodType<Body>,
  { queues, redelivery, deadLetterQueueUrl, log: passOn, now }: BatchEdges,
  work: (records: readonly QueueRecord<Body>[], log: Log) => Promise<ReadonlyMap<string, RecordResult>>,
): Promise<BatchAnswer> {
  const startedAt = now().getTime();
  const { log, tally } = tallied(passOn);
  const records = sqsEventSchema.parse(event).Records;
  const results = new Map<string, RecordResult>();
  const sound: QueueRecord<Body>[] = [];
  for (const record of records) {
    const body = parseBody(record.body, schema);
    if (body.kind === 'sound') {
      sound.push({ id: record.messageId, body: body.value, queue: queueOf(record) });
    } else {
      results.set(record.messageId, { kind: 'park', parts: [{ reason: body.reason, body: record.body }] });
    }
  }
  if (sound.length > 0) for (const [id, result] of await work(sound, log)) results.set(id, result);
  const parked = records.flatMap((record) => {
    const { messageId } = record;
    const result = results.get(messageId);
    const queue = queueOf(record);
    return result?.kind === 'park' ? result.parts.map((part) => ({ messageId, part, queue })) : [];
  });
  const stored = await queues.send(
    parked.map(({ messageId, part, queue }) => ({
      queueUrl: deadLetterQueueUrl,
      body: JSON.stringify({
        reason: part.reason,
        recordId: messageId,
        queue,
        body: part.body.slice(0, parkedCharacters),
      } satisfies ParkedRecord),
      attributes: { reason: part.reason.slice(0, 200) },
    })),
  );
  parked.forEach(({ messageId, part }, index) => {
    if (stored[index] === true) log({ event: 'record_parked', reason: part.reason, recordId: messageId });
    else results.set(messageId, { kind: 'retry', because: 'could not be parked' });
  });
  const failed = records.flatMap((record) => {
    const result = results.get(record.messageId) ?? { kind: 'retry', because: 'no result' };
    if (result.kind !== 'retry') return [];
    log({ event: 'record_retried', because: result.because, recordId: record.messageId });
    return [record];
  });
  await redelivery.again(
    failed.map(({ eventSourceARN, receiptHandle, attributes }) => ({
      queueArn: eventSourceARN,
      receiptHandle,
      seconds: retryAfterSeconds(attributes.ApproximateReceiveCount),
    })),
  );
  log({
    event: 'batch_settled',
    records: records.length,
    retried: failed.length,
    parked: new Set(parked.map(({ messageId }) => messageId)).size,
    ms: now().getTime() - startedAt,
    ...tally(),
  });
  return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
}

/** One result for a record that holds several parts: any part to retry retries the record, its other parts are harmless twins then. */
export function combineResults(results: readonly RecordResult[]): RecordResult {
  const retry = results.find((result) => result.kind === 'retry');
  if (retry !== undefined) return retry;
  const parts = results.flatMap((result) => (result.kind === 'park' ? result.parts : []));
  return parts.length === 0 ? { kind: 'done' } : { kind: 'park', parts };
}

function queueOf({ eventSourceARN }: { readonly eventSourceARN: string }): string {
  return eventSourceARN.split(':').at(-1) ?? '';
}

function parseBody<Body>(
  text: string,
  schema: z.ZodType<Body>,
): { kind: 'sound'; value: Body } | { kind: 'broken'; reason: string } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { kind: 'broken', reason: 'not JSON' };
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return { kind: 'sound', value: parsed.data };
  const [issue] = parsed.error.issues;
  // Path and code only: a message of zod may quote what it found.
  return { kind: 'broken', reason: `wrong shape at ${issue?.path.join('.') || 'top level'}: ${issue?.code}` };
}
