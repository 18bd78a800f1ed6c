import { GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { QueueDepth, QueueDepths } from '../ports.ts';

/** A figure this young is as good as a new one: SQS's own settle within a minute. */
const freshMs = 3_000;

/** Depths by GetQueueAttributes, one call a queue, kept for three seconds however many people look. */
export class SqsDepths implements QueueDepths {
  readonly #client: SQSClient;
  readonly #now: () => number;
  readonly #kept = new Map<string, { readonly at: number; readonly depth: Promise<QueueDepth | undefined> }>();

  constructor(client: SQSClient, { now }: { readonly now: () => number }) {
    this.#client = client;
    this.#now = now;
  }

  of(urls: readonly string[]): Promise<readonly (QueueDepth | undefined)[]> {
    return Promise.all(urls.map((url) => this.#depthOf(url)));
  }

  #depthOf(url: string): Promise<QueueDepth | undefined> {
    const kept = this.#kept.get(url);
    if (kept !== undefined && this.#now() - kept.at < freshMs) return kept.depth;
    const depth = this.#ask(url);
    this.#kept.set(url, { at: this.#now(), depth });
    return depth;
  }

  async #ask(url: string): Promise<QueueDepth | undefined> {
    try {
      const { Attributes } = await this.#client.send(
        new GetQueueAttributesCommand({
          QueueUrl: url,
          AttributeNames: [
            'ApproximateNumberOfMessages',
            'ApproximateNumberOfMessagesNotVisible',
            'ApproximateNumberOfMessagesDelayed',
          ],
        }),
      );
      const count = (value: string | undefined) => Number(value ?? 0);
      return {
        waiting: count(Attributes?.ApproximateNumberOfMessages) + count(Attributes?.ApproximateNumberOfMessagesDelayed),
        inFlight: count(Attributes?.ApproximateNumberOfMessagesNotVisible),
      };
    } catch {
      return undefined;
    }
  }
}
