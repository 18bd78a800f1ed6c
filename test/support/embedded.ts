import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeleteMessageBatchCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { expect } from 'vitest';
import { type EmbeddedRun, type EmbeddedRunOptions, startEmbeddedRun } from '../../local/run.ts';
import { postSigned } from '../../local/webhook-client.ts';
import { type DeskMessage, deskMessageSchema } from '../../shared/contracts/desk-message.ts';
import type { Outcome } from '../../shared/contracts/outcome.ts';
import { platformNamed } from '../../shared/platforms/registry.ts';
import type { ShiftingClock } from './shifting-clock.ts';

/** A data directory of its own for a journey, removed at the end. */
export function scratchDirectory(): { dataDir: string; remove(): void } {
  const dataDir = mkdtempSync(join(tmpdir(), 'vigie-journey-'));
  return { dataDir, remove: () => rmSync(dataDir, { recursive: true, force: true }) };
}

/** The embedded run as its users reach it: webhooks of platforms on one side, desks at their queues on the other. */
export class Journey {
  readonly run: EmbeddedRun;
  readonly #dataDir: string;
  readonly #sqs: SQSClient;

  private constructor(run: EmbeddedRun, dataDir: string) {
    this.run = run;
    this.#dataDir = dataDir;
    this.#sqs = new SQSClient({
      endpoint: run.sqsEndpoint,
      region: 'eu-west-1',
      credentials: { accessKeyId: 'a-desk', secretAccessKey: 'local' },
    });
  }

  static async start(dataDir: string, options: Omit<EmbeddedRunOptions, 'dataDir'> = {}): Promise<Journey> {
    return new Journey(await startEmbeddedRun({ dataDir, ...options }), dataDir);
  }

  /** The platform's signed POST; the answer's status. */
  async post(platformName: string, body: string, account?: string): Promise<number> {
    const platform = platformNamed(platformName);
    if (platform === undefined) throw new Error(`no platform ${platformName}`);
    const answer = await postSigned(platform, Buffer.from(body), { dataDir: this.#dataDir, account, now: new Date() });
    return answer.status;
  }

  /** Takes everything that waits on a desk's queues now, urgent first, as its own system would. */
  async take(desk: string): Promise<DeskMessage[]> {
    const taken: DeskMessage[] = [];
    for (const lane of ['urgent', 'standard']) {
      const QueueUrl = this.run.queueUrl(`${desk}-${lane}`);
      for (;;) {
        const { Messages = [] } = await this.#sqs.send(
          new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 0 }),
        );
        if (Messages.length === 0) break;
        taken.push(...Messages.map(({ Body = '' }) => deskMessageSchema.parse(JSON.parse(Body))));
        const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
        await this.#sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
      }
    }
    return taken;
  }

  /** As the desk's own system reports: an outsourced one on its own queue. */
  async report(outcome: Outcome): Promise<void> {
    const QueueUrl = this.run.queueUrl(outcome.desk.startsWith('vendor_') ? `${outcome.desk}-outcome` : 'outcome');
    await this.#sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(outcome) }));
  }

  /** Waits until nothing is under way, while the clock goes on so that what failed comes again. */
  async settle(clock: ShiftingClock): Promise<void> {
    let settled = false;
    const idle = this.run.idle().then(() => {
      settled = true;
    });
    const isSettled = () => {
      clock.shift(6_000);
      return settled;
    };
    await expect.poll(isSettled, { timeout: 40_000, interval: 200 }).toBe(true);
    await idle;
  }

  /** Messages that wait on a queue. */
  async waitingOn(queue: string): Promise<number> {
    const url = this.run.queueUrl(queue);
    return (await this.run.queueStatus()).find((status) => status.url === url)?.visible ?? 0;
  }
}
