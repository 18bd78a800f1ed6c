import * as z from 'zod';
import { type AwsAnswer, succeeded } from './aws-call.ts';
import type { Clock } from './clock.ts';
import {
  invalidParameter,
  missingParameter,
  parseRequest,
  plainSqsError,
  queueDoesNotExist,
  queueNameExists,
  SqsError,
  sqsError,
} from './sqs-error.ts';
import { createLongPolls } from './sqs-long-polls.ts';
import {
  checkContents,
  md5OfAttributes,
  md5OfBody,
  type SentMessage,
  selectAttributes,
  sentMessageSchema,
  sizeOf,
} from './sqs-message.ts';
import { mostMovesPerSecond, openMoveTasks } from './sqs-move-tasks.ts';
import {
  changeAttributes,
  largestMessageBytes,
  newAttributes,
  type Queue,
  type QueueAttributes,
  readSettings,
  unknownAttribute,
} from './sqs-queue.ts';
import { type ReceivedMessage, SqsStore } from './sqs-store.ts';

export interface SqsOptions {
  /** Where queues and messages are kept: a path, or `:memory:`. */
  readonly file: string;
  readonly clock: Clock;
  /** Scheme, host and port of the endpoint, without a trailing slash: queue URLs start with it. */
  readonly baseUrl: () => string;
  readonly region: string;
  readonly accountId: string;
}

export interface SqsCallOptions {
  /** Who calls: the SenderId of the messages sent. The account when left out. */
  readonly caller?: string | undefined;
  /** Aborted when the caller has gone: from then on a long poll takes no message. */
  readonly signal?: AbortSignal | undefined;
}

export interface LocalSqs {
  /**
   * Answers one call of the AWS JSON 1.0 protocol; `operation` is what follows `AmazonSQS.` in X-Amz-Target, `input` the parsed body.
   * What SQS refuses is answered with its error, status 400.
   */
  handle(operation: string, input: unknown, options?: SqsCallOptions): Promise<AwsAnswer>;
  /** Ends the long polls empty and closes the file. */
  close(): void;
}

type Operation = (input: unknown, options: SqsCallOptions) => unknown;

const oneOf = (least: number, most: number) => {
  const reason = `Must be between ${least} and ${most}, if provided`;
  return z.int().min(least, reason).max(most, reason).optional();
};
const texts = z.record(z.string(), z.string());
const namesOf = z.array(z.string()).optional();
const page = { MaxResults: oneOf(1, 1000), NextToken: z.string().optional() };
const visibility = z.int().min(0, 'Must be between 0 and 43200').max(43_200, 'Must be between 0 and 43200');

const queueRequest = z.object({ QueueUrl: z.string() });
const batchRequest = queueRequest.extend({ Entries: z.array(z.looseObject({ Id: z.string() })) });
type BatchEntry = z.infer<typeof batchRequest>['Entries'][number];
const deletion = z.object({ ReceiptHandle: z.string() });
const visibilityChange = deletion.extend({ VisibilityTimeout: visibility });
const receiveRequest = queueRequest.extend({
  MaxNumberOfMessages: oneOf(1, 10),
  WaitTimeSeconds: oneOf(0, 20),
  VisibilityTimeout: visibility.optional(),
  AttributeNames: namesOf,
  MessageSystemAttributeNames: namesOf,
  MessageAttributeNames: namesOf,
});
/** Made once for the busy calls: zod compiles a schema at its first use, which costs more than the rest of the call. */
const readRequest = queueRequest.extend({ AttributeNames: namesOf });
const sendRequest = queueRequest.extend(sentMessageSchema.shape);
const deleteRequest = queueRequest.extend(deletion.shape);
const visibilityRequest = queueRequest.extend(visibilityChange.shape);
const createRequest = z.object({ QueueName: z.string(), Attributes: texts.optional(), tags: texts.optional() });

/** What a receiver may ask to be told of a message (ReceiveMessage, MessageSystemAttributeNames). */
const systemAttributes: Readonly<Record<string, (message: ReceivedMessage, fifo: boolean) => string | undefined>> = {
  SenderId: (message) => message.senderId,
  SentTimestamp: (message) => String(message.sentAt),
  ApproximateReceiveCount: (message) => String(message.receiveCount),
  ApproximateFirstReceiveTimestamp: (message) => String(message.firstReceivedAt),
  MessageGroupId: (message) => message.groupId,
  MessageDeduplicationId: (message) => message.deduplicationId,
  SequenceNumber: (message, fifo) => (fifo ? message.sequenceNumber : undefined),
  DeadLetterQueueSourceArn: (message) => message.sourceArn,
  AWSTraceHeader: () => undefined,
};

/**
 * Amazon SQS on one SQLite file, for one process: standard and FIFO queues with their timing, redrive, limits and errors (Amazon SQS API
 * reference and developer guide). Left out: access policies (kept, not judged), encryption (settings kept), the serving order of fair
 * queues (group ids are kept), the 60 seconds between two purges and after a deletion, and the limit on messages in flight.
 */
export function openSqs({ file, clock, baseUrl, region, accountId }: SqsOptions): LocalSqs {
  const store = new SqsStore(file, `arn:aws:sqs:${region}:${accountId}:`);
  const polls = createLongPolls(clock, (name, now) => {
    const queue = store.queueByName(name);
    return queue && store.nextVisibleAt(queue, now);
  });
  const arrived = (queues: readonly Queue[]): void => {
    for (const queue of queues) polls.tryAgain(queue.name);
  };
  const moveTasks = openMoveTasks(store, clock, arrived);

  const urlOf = (queue: Queue): string => `${baseUrl()}/${accountId}/${queue.name}`;
  const existing = (queue: Queue | undefined): Queue => {
    if (queue === undefined) throw queueDoesNotExist();
    return queue;
  };
  /** The request and the queue its URL names; the host is not looked at, it is how the caller reached us. */
  const onQueue = <T extends { QueueUrl: string }>(
    schema: z.ZodType<T>,
    input: unknown,
  ): { queue: Queue; request: T } => {
    const request = parseRequest(schema, input);
    const [account, name = ''] = URL.parse(request.QueueUrl)?.pathname.split('/').slice(1) ?? [];
    if (account === undefined) throw plainSqsError('InvalidAddress', 'The queue URL is not valid for this endpoint.');
    return { queue: existing(account === accountId ? store.queueByName(name) : undefined), request };
  };
  const byArn = (arn: string): Queue => {
    const queue = store.queueByArn(arn);
    if (queue === undefined) {
      throw plainSqsError(
        'ResourceNotFoundException',
        `The resource that you specified for the ARN ${arn} doesn't exist.`,
      );
    }
    return queue;
  };

  /** A redrive policy may only name a queue that is there, of the same kind, and that allows it (SetQueueAttributes). */
  const checkRedrive = (sourceName: string, before: QueueAttributes, attributes: QueueAttributes): void => {
    const policy = readSettings(attributes).RedrivePolicy;
    if (policy === undefined || attributes['RedrivePolicy'] === before['RedrivePolicy']) return;
    const refuse = (reason: string): Error =>
      invalidParameter(`Value ${JSON.stringify(policy)} for parameter RedrivePolicy is invalid. Reason: ${reason}`);
    const target = store.queueByArn(policy.deadLetterTargetArn);
    if (target === undefined) throw refuse('Dead letter target does not exist.');
    if (target.name === sourceName) throw refuse('A queue cannot be its own dead-letter queue.');
    if (target.name.endsWith('.fifo') !== sourceName.endsWith('.fifo')) {
      throw refuse('Dead-letter queue must be same type of queue as the source.');
    }
    const allow = target.settings.RedriveAllowPolicy;
    const sourceArn = `arn:aws:sqs:${region}:${accountId}:${sourceName}`;
    const allowed =
      allow === undefined ||
      allow.redrivePermission === 'allowAll' ||
      (allow.redrivePermission === 'byQueue' && allow.sourceQueueArns?.includes(sourceArn));
    if (!allowed) throw refuse('Dead-letter queue does not allow this source queue.');
  };

  const send = (queue: Queue, message: SentMessage, caller: string | undefined) => {
    if (message.MessageBody === '') throw missingParameter('MessageBody');
    checkContents(message, queue.settings.MaximumMessageSize);
    const { id, sequenceNumber } = store.send(queue, message, caller ?? accountId, clock.now());
    return {
      MessageId: id,
      MD5OfMessageBody: md5OfBody(message.MessageBody),
      MD5OfMessageAttributes: md5OfAttributes(message.MessageAttributes ?? {}),
      SequenceNumber: queue.settings.fifo && sequenceNumber,
    };
  };

  /** Carries out each entry of a batch for itself, all in one write; an entry SQS refuses does not touch the others. */
  const inBatch = (entries: readonly BatchEntry[], each: (entry: BatchEntry) => object | undefined) => {
    checkBatch(entries);
    const Successful: object[] = [];
    const Failed: object[] = [];
    store.atomically(() => {
      for (const entry of entries) {
        try {
          Successful.push({ Id: entry.Id, ...each(entry) });
        } catch (error) {
          if (!(error instanceof SqsError)) throw error;
          Failed.push({ Id: entry.Id, SenderFault: true, Code: error.code, Message: error.message });
        }
      }
    });
    return { ...(Successful.length > 0 && { Successful }), ...(Failed.length > 0 && { Failed }) };
  };

  const toMessage = (queue: Queue, request: z.infer<typeof receiveRequest>) => {
    const asked = [...(request.MessageSystemAttributeNames ?? []), ...(request.AttributeNames ?? [])];
    const unknown = asked.find((name) => name !== 'All' && !Object.hasOwn(systemAttributes, name));
    if (unknown !== undefined) throw unknownAttribute(unknown);
    const fifo = queue.settings.fifo !== undefined;
    const all = asked.includes('All');
    return (message: ReceivedMessage): object => {
      const told = Object.entries(systemAttributes).flatMap(([name, read]) => {
        const value = all || asked.includes(name) ? read(message, fifo) : undefined;
        return value === undefined ? [] : [[name, value] as const];
      });
      const attributes = selectAttributes(message.attributes, request.MessageAttributeNames ?? []);
      const digest = md5OfAttributes(attributes);
      return {
        MessageId: message.id,
        ReceiptHandle: message.receiptHandle,
        MD5OfBody: md5OfBody(message.body),
        Body: message.body,
        ...(told.length > 0 && { Attributes: Object.fromEntries(told) }),
        ...(digest !== undefined && { MessageAttributes: attributes, MD5OfMessageAttributes: digest }),
      };
    };
  };

  const queueReads: Readonly<Record<string, (queue: Queue) => string | undefined>> = {
    QueueArn: (queue) => store.arnOf(queue),
    ApproximateNumberOfMessages: (queue) => String(store.counts(queue, clock.now()).visible),
    ApproximateNumberOfMessagesNotVisible: (queue) => String(store.counts(queue, clock.now()).inFlight),
    ApproximateNumberOfMessagesDelayed: (queue) => String(store.counts(queue, clock.now()).delayed),
    CreatedTimestamp: (queue) => String(Math.floor(queue.createdAt / 1000)),
    LastModifiedTimestamp: (queue) => String(Math.floor(queue.modifiedAt / 1000)),
  };
  const settable = new Set([
    ...Object.keys(newAttributes('a.fifo', { FifoQueue: 'true' })),
    ...['Policy', 'RedrivePolicy', 'RedriveAllowPolicy', 'KmsMasterKeyId', 'KmsDataKeyReusePeriodSeconds'],
  ]);

  const operations: Readonly<Record<string, Operation>> = {
    CreateQueue(input) {
      const { QueueName, Attributes = {}, tags = {} } = parseRequest(createRequest, input);
      const known = store.queueByName(QueueName);
      if (known !== undefined) {
        const different = Object.keys(Attributes).find((name) => known.attributes[name] !== Attributes[name]);
        if (different !== undefined) throw queueNameExists(different);
        return { QueueUrl: urlOf(known) };
      }
      const attributes = newAttributes(QueueName, Attributes);
      checkRedrive(QueueName, {}, attributes);
      return { QueueUrl: urlOf(store.createQueue(QueueName, attributes, tags, clock.now())) };
    },
    DeleteQueue(input) {
      const { queue } = onQueue(queueRequest, input);
      store.deleteQueue(queue);
      polls.end(queue.name);
    },
    GetQueueUrl(input) {
      const schema = z.object({ QueueName: z.string(), QueueOwnerAWSAccountId: z.string().default(accountId) });
      const { QueueName, QueueOwnerAWSAccountId } = parseRequest(schema, input);
      const queue = QueueOwnerAWSAccountId === accountId ? store.queueByName(QueueName) : undefined;
      return { QueueUrl: urlOf(existing(queue)) };
    },
    ListQueues(input) {
      const request = parseRequest(z.object({ QueueNamePrefix: z.string().default(''), ...page }), input);
      const found = store.queues().filter(({ name }) => name.startsWith(request.QueueNamePrefix));
      const { items, NextToken } = pageOf(found.map(urlOf), request);
      return { ...(items.length > 0 && { QueueUrls: items }), NextToken };
    },
    ListDeadLetterSourceQueues(input) {
      const { queue, request } = onQueue(queueRequest.extend(page), input);
      const { items, NextToken } = pageOf(store.sourcesOf(queue).map(urlOf), request);
      return { queueUrls: items, NextToken };
    },
    GetQueueAttributes(input) {
      const { queue, request } = onQueue(readRequest, input);
      const asked = request.AttributeNames ?? [];
      const readable = [...settable, ...Object.keys(queueReads)];
      const unknown = asked.find((name) => name !== 'All' && !readable.includes(name));
      if (unknown !== undefined) throw unknownAttribute(unknown);
      const told = (asked.includes('All') ? readable : asked).flatMap((name) => {
        const value = queue.attributes[name] ?? queueReads[name]?.(queue);
        return value === undefined ? [] : [[name, value] as const];
      });
      return { ...(told.length > 0 && { Attributes: Object.fromEntries(told) }) };
    },
    SetQueueAttributes(input) {
      const { queue, request } = onQueue(queueRequest.extend({ Attributes: texts }), input);
      // Whether a queue is FIFO is settled when it is made (SetQueueAttributes).
      const fifo = request.Attributes['FifoQueue'];
      if (fifo !== undefined && fifo !== queue.attributes['FifoQueue']) throw unknownAttribute('FifoQueue');
      const attributes = changeAttributes(queue.attributes, request.Attributes);
      checkRedrive(queue.name, queue.attributes, attributes);
      store.changeQueue(queue, { attributes }, clock.now());
    },
    TagQueue(input) {
      const { queue, request } = onQueue(queueRequest.extend({ Tags: texts }), input);
      store.changeQueue(queue, { tags: { ...queue.tags, ...request.Tags } }, clock.now());
    },
    UntagQueue(input) {
      const { queue, request } = onQueue(queueRequest.extend({ TagKeys: z.array(z.string()) }), input);
      const tags = Object.entries(queue.tags).filter(([key]) => !request.TagKeys.includes(key));
      store.changeQueue(queue, { tags: Object.fromEntries(tags) }, clock.now());
    },
    ListQueueTags: (input) => ({ Tags: onQueue(queueRequest, input).queue.tags }),
    PurgeQueue(input) {
      store.purge(onQueue(queueRequest, input).queue);
    },
    SendMessage(input, { caller }) {
      const { queue, request } = onQueue(sendRequest, input);
      const answer = send(queue, request, caller);
      polls.tryAgain(queue.name);
      return answer;
    },
    SendMessageBatch(input, { caller }) {
      const { queue, request } = onQueue(batchRequest, input);
      checkBatchSize(request.Entries);
      const answer = inBatch(request.Entries, (entry) => send(queue, parseRequest(sentMessageSchema, entry), caller));
      polls.tryAgain(queue.name);
      return answer;
    },
    async ReceiveMessage(input, { signal }) {
      const { queue, request } = onQueue(receiveRequest, input);
      const read = toMessage(queue, request);
      const take = (): readonly ReceivedMessage[] => {
        // The queue as it is set now: a long poll may have waited through a change.
        const current = existing(store.queueByName(queue.name));
        const { messages, deadLettered } = store.receive(current, {
          limit: request.MaxNumberOfMessages ?? 1,
          visibilityMs: 1000 * (request.VisibilityTimeout ?? current.settings.VisibilityTimeout),
          now: clock.now(),
        });
        // Not before this receiver is served: queues that dead-letter into each other would try it a second time.
        if (deadLettered.length > 0) queueMicrotask(() => arrived(deadLettered));
        return messages;
      };
      const waitMs = 1000 * (request.WaitTimeSeconds ?? queue.settings.ReceiveMessageWaitTimeSeconds);
      const messages = await polls.receive(queue.name, take, waitMs, signal);
      return { ...(messages.length > 0 && { Messages: messages.map(read) }) };
    },
    DeleteMessage(input) {
      const { queue, request } = onQueue(deleteRequest, input);
      store.delete(queue, request.ReceiptHandle, clock.now());
      polls.tryAgain(queue.name);
    },
    DeleteMessageBatch(input) {
      const { queue, request } = onQueue(batchRequest, input);
      const answer = inBatch(request.Entries, (entry) => {
        store.delete(queue, parseRequest(deletion, entry).ReceiptHandle, clock.now());
        return undefined;
      });
      polls.tryAgain(queue.name);
      return answer;
    },
    ChangeMessageVisibility(input) {
      const { queue, request } = onQueue(visibilityRequest, input);
      store.changeVisibility(queue, request.ReceiptHandle, request.VisibilityTimeout, clock.now());
      polls.tryAgain(queue.name);
    },
    ChangeMessageVisibilityBatch(input) {
      const { queue, request } = onQueue(batchRequest, input);
      const answer = inBatch(request.Entries, (entry) => {
        const { ReceiptHandle, VisibilityTimeout } = parseRequest(visibilityChange, entry);
        store.changeVisibility(queue, ReceiptHandle, VisibilityTimeout, clock.now());
        return undefined;
      });
      polls.tryAgain(queue.name);
      return answer;
    },
    StartMessageMoveTask(input) {
      const schema = z.object({
        SourceArn: z.string(),
        DestinationArn: z.string().optional(),
        MaxNumberOfMessagesPerSecond: oneOf(1, mostMovesPerSecond),
      });
      const { SourceArn, DestinationArn, MaxNumberOfMessagesPerSecond } = parseRequest(schema, input);
      const source = byArn(SourceArn);
      const destination = DestinationArn === undefined ? undefined : byArn(DestinationArn);
      if (store.sourcesOf(source).length === 0) {
        throw invalidParameter('Source queue must be configured as a Dead Letter Queue.');
      }
      if (destination !== undefined && destination.name.endsWith('.fifo') !== source.name.endsWith('.fifo')) {
        throw invalidParameter('Source and destination queue must be of the same type.');
      }
      return { TaskHandle: moveTasks.start(source, destination, MaxNumberOfMessagesPerSecond) };
    },
    ListMessageMoveTasks(input) {
      const { SourceArn, MaxResults } = parseRequest(
        z.object({ SourceArn: z.string(), MaxResults: oneOf(1, 10) }),
        input,
      );
      return { Results: moveTasks.list(byArn(SourceArn), MaxResults ?? 1) };
    },
    CancelMessageMoveTask(input) {
      const { TaskHandle } = parseRequest(z.object({ TaskHandle: z.string() }), input);
      return { ApproximateNumberOfMessagesMoved: moveTasks.cancel(TaskHandle) };
    },
  };

  return {
    async handle(operation, input, options = {}) {
      try {
        const serve = Object.hasOwn(operations, operation) ? operations[operation] : undefined;
        if (serve === undefined) throw sqsError('UnsupportedOperation', `${operation} is not served locally.`);
        return succeeded('sqs', (await serve(input, options)) ?? {});
      } catch (error) {
        if (error instanceof SqsError) return error.toAnswer();
        throw error;
      }
    },
    close() {
      moveTasks.close();
      polls.close();
      store.close();
    },
  };
}

function checkBatch(entries: readonly BatchEntry[]): void {
  if (entries.length === 0) throw sqsError('EmptyBatchRequest', 'There should be at least one entry in the request.');
  if (entries.length > 10) {
    const message = `Maximum number of entries per request are 10. You have sent ${entries.length}.`;
    throw sqsError('TooManyEntriesInBatchRequest', message);
  }
  for (const [index, { Id }] of entries.entries()) {
    if (!/^[\w-]{1,80}$/.test(Id)) {
      const message =
        'A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.';
      throw sqsError('InvalidBatchEntryId', message);
    }
    if (entries.findIndex((other) => other.Id === Id) !== index) {
      throw sqsError('BatchEntryIdsNotDistinct', `Id ${Id} repeated.`);
    }
  }
}

/** Entries that cannot be read count nothing here; they fail one by one. */
function checkBatchSize(entries: readonly BatchEntry[]): void {
  const bytes = entries.reduce((sum, entry) => {
    const { data } = sentMessageSchema.safeParse(entry);
    return sum + (data === undefined ? 0 : sizeOf(data.MessageBody, data.MessageAttributes));
  }, 0);
  if (bytes > largestMessageBytes) {
    const message = `Batch requests cannot be longer than ${largestMessageBytes} bytes. You have sent ${bytes} bytes.`;
    throw sqsError('BatchRequestTooLong', message);
  }
}

/** One page of a list; the token is the place in the list at which the next one starts. */
function pageOf<T>(
  all: readonly T[],
  {
    MaxResults = 1000,
    NextToken = '0',
  }: { readonly MaxResults?: number | undefined; readonly NextToken?: string | undefined },
): { readonly items: readonly T[]; readonly NextToken?: string } {
  const from = Number(NextToken);
  if (!Number.isInteger(from)) throw invalidParameter('Value for parameter NextToken is invalid.');
  const end = from + MaxResults;
  return { items: all.slice(from, end), ...(end < all.length && { NextToken: String(end) }) };
}
