import * as z from 'zod';
import type { AwsAnswer } from './aws-call.ts';
import type { Clock } from './clock.ts';
import type { InvocationResult } from './lambda-runtime.ts';

/** An event source mapping as the template configures it. */
export interface MappingConfig {
  readonly functionName: string;
  readonly queueArn: string;
  readonly queueUrl: string;
  readonly region: string;
  readonly batchSize: number;
  /** How long a batch may wait to fill, in seconds. */
  readonly windowSeconds: number;
  readonly reportsItemFailures: boolean;
  /** Most batches at a time. */
  readonly concurrency: number;
}

export interface MappingParts {
  /** An SQS call in the function's name; `undefined` when its answer is lost. Rejects when the queue is gone. */
  sqs(operation: string, input: unknown, signal: AbortSignal): Promise<AwsAnswer | undefined>;
  invoke(payload: unknown): Promise<InvocationResult>;
  readonly clock: Clock;
}

export interface Mapping {
  readonly config: MappingConfig;
  /** A batch is received or being worked on. */
  readonly busy: boolean;
  /** Stops receiving; resolves once the batches in work are done. */
  stop(): Promise<void>;
}

const attributeSchema = z.object({
  StringValue: z.string().optional(),
  BinaryValue: z.string().optional(),
  DataType: z.string(),
});
const messageSchema = z.object({
  MessageId: z.string(),
  ReceiptHandle: z.string(),
  Body: z.string(),
  MD5OfBody: z.string(),
  Attributes: z.record(z.string(), z.string()).default({}),
  MessageAttributes: z.record(z.string(), attributeSchema).default({}),
});
type Message = z.infer<typeof messageSchema>;
const receivedSchema = z.object({ Messages: z.array(messageSchema).default([]) });
const failuresSchema = z.object({
  batchItemFailures: z.array(z.object({ itemIdentifier: z.string().min(1) })).nullish(),
});

/** SQS hands out and deletes at most this many messages a call. */
const messagesPerCall = 10;
/** The longest long poll. */
const pollSeconds = 20;
/** How long to leave a queue alone that refused a poll, in milliseconds. */
const pauseAfterRefusal = 1_000;

/**
 * Polls a queue and invokes its function as Lambda's event source mapping does (Lambda developer guide, "Using Lambda with Amazon
 * SQS"): batches by size and window, deletes what succeeded, leaves what failed to the visibility timeout.
 */
export function startMapping(config: MappingConfig, parts: MappingParts): Mapping {
  const stopped = new AbortController();
  const inWork = new Set<Promise<void>>();
  let gathered = 0;

  const receive = async (limit: number, waitSeconds: number, signal: AbortSignal): Promise<Message[]> => {
    const answer = await parts
      .sqs(
        'ReceiveMessage',
        {
          QueueUrl: config.queueUrl,
          MaxNumberOfMessages: Math.min(messagesPerCall, limit),
          WaitTimeSeconds: waitSeconds,
          MessageSystemAttributeNames: ['All'],
          MessageAttributeNames: ['All'],
        },
        signal,
      )
      .catch(() => undefined);
    if (signal.aborted && answer === undefined) return [];
    if (answer === undefined || answer.status >= 400) {
      await pause(parts.clock, pauseAfterRefusal, stopped.signal);
      return [];
    }
    const { Messages } = receivedSchema.parse(JSON.parse(answer.body));
    gathered += Messages.length;
    return Messages;
  };

  /** Waits for a first message, then for a full batch or the end of the window. */
  const gather = async (): Promise<Message[]> => {
    const batch = await receive(config.batchSize, pollSeconds, stopped.signal);
    if (batch.length === 0 || config.windowSeconds === 0) return batch;
    const windowOver = new AbortController();
    const cancel = parts.clock.at(parts.clock.now() + config.windowSeconds * 1000, () => windowOver.abort());
    const over = AbortSignal.any([windowOver.signal, stopped.signal]);
    while (batch.length < config.batchSize && !over.aborted) {
      batch.push(...(await receive(config.batchSize - batch.length, pollSeconds, over)));
    }
    cancel();
    return batch;
  };

  const work = async (batch: readonly Message[]): Promise<void> => {
    const result = await parts.invoke({ Records: batch.map((message) => toRecord(message, config)) });
    const failed = config.reportsItemFailures ? failedItems(result, batch) : result.ok ? new Set<string>() : 'all';
    const done = failed === 'all' ? [] : batch.filter(({ MessageId }) => !failed.has(MessageId));
    for (let from = 0; from < done.length; from += messagesPerCall) {
      const Entries = done
        .slice(from, from + messagesPerCall)
        .map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
      // A message that is not deleted comes again, as everywhere in SQS.
      await parts
        .sqs('DeleteMessageBatch', { QueueUrl: config.queueUrl, Entries }, new AbortController().signal)
        .catch(() => undefined);
    }
    gathered -= batch.length;
  };

  const poll = async (): Promise<void> => {
    // Lambda looks at the queue before it polls: the role needs this too.
    const queue = { QueueUrl: config.queueUrl, AttributeNames: ['QueueArn'] };
    await parts.sqs('GetQueueAttributes', queue, stopped.signal).catch(() => undefined);
    while (!stopped.signal.aborted) {
      if (inWork.size >= config.concurrency) await Promise.race(inWork);
      const batch = await gather();
      if (batch.length === 0) continue;
      const working = work(batch).finally(() => inWork.delete(working));
      inWork.add(working);
    }
    await Promise.all(inWork);
  };
  const polling = poll();

  return {
    config,
    get busy() {
      return gathered > 0;
    },
    async stop() {
      stopped.abort();
      await polling;
    },
  };
}

/** Ids of the messages to keep on the queue; `all` for a failed function and for an answer that is not what Lambda accepts. */
function failedItems(result: InvocationResult, batch: readonly Message[]): ReadonlySet<string> | 'all' {
  if (!result.ok) return 'all';
  if (result.payload === null || result.payload === '') return new Set();
  const answer = failuresSchema.safeParse(result.payload);
  if (!answer.success) return 'all';
  const ids = new Set((answer.data.batchItemFailures ?? []).map(({ itemIdentifier }) => itemIdentifier));
  const known = new Set(batch.map(({ MessageId }) => MessageId));
  return [...ids].every((id) => known.has(id)) ? ids : 'all';
}

/** The record of the SQS event (Lambda developer guide, "Example standard queue message event"). */
function toRecord(message: Message, { queueArn, region }: MappingConfig): unknown {
  return {
    messageId: message.MessageId,
    receiptHandle: message.ReceiptHandle,
    body: message.Body,
    attributes: message.Attributes,
    messageAttributes: Object.fromEntries(
      Object.entries(message.MessageAttributes).map(([name, { StringValue, BinaryValue, DataType }]) => [
        name,
        {
          ...(StringValue === undefined ? {} : { stringValue: StringValue }),
          ...(BinaryValue === undefined ? {} : { binaryValue: BinaryValue }),
          stringListValues: [],
          binaryListValues: [],
          dataType: DataType,
        },
      ]),
    ),
    md5OfBody: message.MD5OfBody,
    eventSource: 'aws:sqs',
    eventSourceARN: queueArn,
    awsRegion: region,
  };
}

function pause(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const cancel = clock.at(clock.now() + milliseconds, resolve);
    signal.addEventListener(
      'abort',
      () => {
        cancel();
        resolve();
      },
      { once: true },
    );
  });
}
