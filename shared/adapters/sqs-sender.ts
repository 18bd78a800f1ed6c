import {
  ChangeMessageVisibilityBatchCommand,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { QueueEntry, QueueSender, Redelivery } from '../ports.ts';
import { inGroups } from '../runtime/groups.ts';

/**
 * Limits of SendMessageBatch: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html.
 * Below the limit of 1 MiB, so that attributes and the envelope fit beside the bodies.
 */
const entriesPerCall = 10;
const bytesPerCall = 900_000;

/** Sends to SQS in as few calls as its limits allow: queues side by side, the entries of one queue in their order. */
export class SqsSender implements QueueSender {
  readonly #client: SQSClient;

  constructor(client: SQSClient) {
    this.#client = client;
  }

  async send(entries: readonly QueueEntry[]): Promise<readonly boolean[]> {
    const sent = new Set<QueueEntry>();
    await Promise.all(
      [...Map.groupBy(entries, ({ queueUrl }) => queueUrl)].map(async ([queueUrl, ofQueue]) => {
        for (const batch of inBatches(ofQueue)) {
          const ids = await this.#sendBatch(queueUrl, batch);
          for (const id of ids) {
            const entry = batch[id];
            if (entry !== undefined) sent.add(entry);
          }
        }
      }),
    );
    return entries.map((entry) => sent.has(entry));
  }

  async #sendBatch(queueUrl: string, batch: readonly QueueEntry[]): Promise<number[]> {
    try {
      const { Successful = [] } = await this.#client.send(
        new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries: batch.map(toRequestEntry) }),
      );
      return Successful.map(({ Id }) => Number(Id));
    } catch {
      // Nothing is known of any entry then; each counts as not sent, and its sender tries again.
      return [];
    }
  }
}

/**
 * Sets when messages come again by their visibility timeout. The client must not take the queue's URL for its endpoint (`useQueueUrlAsEndpoint: false`): the URL is
 * made of the ARN, as AWS documents it (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html).
 */
export class SqsRedelivery implements Redelivery {
  readonly #client: SQSClient;

  constructor(client: SQSClient) {
    this.#client = client;
  }

  async again(messages: Parameters<Redelivery['again']>[0]): Promise<void> {
    const calls = [...Map.groupBy(messages, ({ queueArn }) => queueArn)].flatMap(([queueArn, ofQueue]) =>
      inGroups(ofQueue, entriesPerCall).map((group) => ({
        QueueUrl: urlOf(queueArn),
        Entries: group.map(({ receiptHandle, seconds }, id) => ({
          Id: String(id),
          ReceiptHandle: receiptHandle,
          VisibilityTimeout: seconds,
        })),
      })),
    );
    // What cannot be set comes again after the queue's own visibility timeout.
    await Promise.allSettled(calls.map((call) => this.#client.send(new ChangeMessageVisibilityBatchCommand(call))));
  }
}

function urlOf(queueArn: string): string {
  const [, , , region, account, name] = queueArn.split(':');
  return `https://sqs.${region}.amazonaws.com/${account}/${name}`;
}

function* inBatches(entries: readonly QueueEntry[]): Generator<readonly QueueEntry[]> {
  let batch: QueueEntry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const size = Buffer.byteLength(entry.body);
    if (batch.length === entriesPerCall || (batch.length > 0 && bytes + size > bytesPerCall)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(entry);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}

function toRequestEntry(entry: QueueEntry, index: number): SendMessageBatchRequestEntry {
  return {
    Id: String(index),
    MessageBody: entry.body,
    ...(entry.delaySeconds === undefined ? {} : { DelaySeconds: entry.delaySeconds }),
    ...(entry.groupId === undefined ? {} : { MessageGroupId: entry.groupId }),
    ...(entry.deduplicationId === undefined ? {} : { MessageDeduplicationId: entry.deduplicationId }),
    ...(entry.attributes === undefined
      ? {}
      : {
          MessageAttributes: Object.fromEntries(
            Object.entries(entry.attributes).map(([name, value]) => [name, { DataType: 'String', StringValue: value }]),
          ),
        }),
  };
}
