import { SendMessageBatchCommand, type SendMessageBatchRequestEntry, type SQSClient } from '@aws-sdk/client-sqs';
import type { QueueEntry, QueueSender } from '../ports.ts';

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
