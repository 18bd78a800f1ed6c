import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { consumeOnce, type HandedOver, report, type Tickets } from '../../docs/contract/consumer.ts';
import { manualClock } from '../../local/clock.ts';
import type { DeskMessage } from '../../shared/contracts/desk-message.ts';
import { outcomeSchema } from '../../shared/contracts/outcome.ts';
import { deskQueueEntry } from '../../shared/hand-over.ts';
import { type QueueEndpoint, startQueueEndpoint } from '../local/sqs-endpoint.ts';
import { erased, offered, outcomeFor, recalled } from './schemas-samples.ts';

let endpoint: QueueEndpoint;
let queueUrl = '';
beforeEach(async () => {
  endpoint = await startQueueEndpoint(manualClock(Date.UTC(2026, 2, 2, 12)));
  queueUrl = await create('vigie-test-vendor_north-standard.fifo');
});
afterEach(() => endpoint.close());

async function create(name: string): Promise<string> {
  const Attributes = name.endsWith('.fifo') ? { FifoQueue: 'true' } : undefined;
  const { QueueUrl = '' } = await endpoint.sqsClient.send(
    new CreateQueueCommand({ QueueName: name, ...(Attributes === undefined ? {} : { Attributes }) }),
  );
  return QueueUrl;
}

async function handOver(...messages: readonly DeskMessage[]): Promise<void> {
  for (const message of messages) {
    const { body, groupId, deduplicationId } = deskQueueEntry(queueUrl, message);
    await endpoint.sqsClient.send(
      new SendMessageCommand({
        QueueUrl: queueUrl,
        MessageBody: body,
        MessageGroupId: groupId,
        MessageDeduplicationId: deduplicationId,
      }),
    );
  }
}

/** A ticket system that remembers what it was told; it fails on `show` while it is down. */
class RecordingTickets implements Tickets {
  readonly told: string[] = [];
  down = false;
  #fence = 0;

  async fenceOf(): Promise<number> {
    return this.#fence;
  }
  async show(_: string, { data }: HandedOver): Promise<void> {
    if (this.down) throw new Error('no connection');
    this.#fence = data.fence ?? 0;
    this.told.push(`show ${data.fence}`);
  }
  async withdraw(_: string, fence: number): Promise<void> {
    this.told.push(`withdraw ${fence}`);
  }
  async erase(): Promise<void> {
    this.told.push('erase');
  }
  async refused(): Promise<void> {
    this.told.push('refused');
  }
}

async function left(): Promise<number> {
  const { Attributes = {} } = await endpoint.sqsClient.send(
    new GetQueueAttributesCommand({
      QueueUrl: queueUrl,
      AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
    }),
  );
  return Object.values(Attributes).reduce((total, count) => total + Number(count), 0);
}

describe('the consumer that vendors start from', () => {
  it('takes over what is handed over, in order, and leaves nothing behind', async () => {
    const tickets = new RecordingTickets();
    await handOver(offered(1), erased(1), recalled(1), offered(2));
    while ((await left()) > 0) await consumeOnce(endpoint.sqsClient, queueUrl, tickets);
    expect(tickets.told).toEqual(['show 1', 'erase', 'withdraw 1', 'show 2']);
  });

  it('leaves a case alone whose message it could not store, together with all that follows it', async () => {
    const tickets = new RecordingTickets();
    tickets.down = true;
    await handOver(offered(1), recalled(1));
    expect(await consumeOnce(endpoint.sqsClient, queueUrl, tickets)).toBe(0);
    expect(tickets.told).toEqual([]);
    expect(await left()).toBe(2);
  });

  it('does not bring an offer back to life that comes after a later one', async () => {
    const tickets = new RecordingTickets();
    await handOver(offered(2), offered(1));
    while ((await left()) > 0) await consumeOnce(endpoint.sqsClient, queueUrl, tickets);
    expect(tickets.told).toEqual(['show 2']);
  });

  it('passes over a type that it does not know', async () => {
    const tickets = new RecordingTickets();
    await endpoint.sqsClient.send(
      new SendMessageCommand({
        QueueUrl: queueUrl,
        MessageBody: JSON.stringify({ ...recalled(), type: 'case.sung' }),
        MessageGroupId: 'g',
        MessageDeduplicationId: 'd',
      }),
    );
    expect(await consumeOnce(endpoint.sqsClient, queueUrl, tickets)).toBe(1);
    expect(tickets.told).toEqual([]);
  });

  it('reports outcomes that the product reads', async () => {
    const outcomes = await create('vigie-test-outcome');
    const { id, type, caseId, offerId, fence, desk, at } = outcomeFor('answered');
    await report(endpoint.sqsClient, outcomes, { id, type, caseId, offerId, fence, desk, at: new Date(at) });
    const { Messages = [] } = await endpoint.sqsClient.send(new ReceiveMessageCommand({ QueueUrl: outcomes }));
    expect(outcomeSchema.parse(JSON.parse(Messages[0]?.Body ?? ''))).toEqual(outcomeFor('answered'));
  });
});
