/**
 * A desk's consumer, complete: takes what Vigie hands over into the desk's own system and reports what became of it.
 * Needs @aws-sdk/client-sqs and zod, and Node.js 24 to be run as it is. Set AWS_REGION, URGENT_QUEUE_URL, STANDARD_QUEUE_URL, OUTCOME_QUEUE_URL and DESK;
 * put your ticket system in place of `PrintedTickets`. AWS_ENDPOINT_URL_SQS points it at the embedded run.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { DeleteMessageCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod';

/** Only what this consumer uses: fields are added to the contract without notice, and must not stop you. */
const handedOverSchema = z.object({
  id: z.string(),
  type: z.string(),
  subject: z.string(),
  data: z.looseObject({ fence: z.number().optional(), version: z.number().optional(), offerId: z.string().optional() }),
});
export type HandedOver = z.infer<typeof handedOverSchema>;

/** Your ticket system. Each method has stored its work when its promise is kept, and may be called twice with the same. */
export interface Tickets {
  /** The highest fence known of a case; 0 when the case is not known. */
  fenceOf(caseId: string): Promise<number>;
  /** Shows a case to agents, or shows it anew; of two with one fence the higher `version` is the newer. */
  show(caseId: string, message: HandedOver): Promise<void>;
  /** Takes a case away from agents and deletes its words, unless a higher fence than this is known. */
  withdraw(caseId: string, fence: number): Promise<void>;
  /** Deletes the words of one message, whatever its fence. */
  erase(caseId: string, message: HandedOver): Promise<void>;
  /** An outcome was not taken down; somebody should look why. */
  refused(message: HandedOver): Promise<void>;
}

/**
 * Takes up to ten messages from one queue, waiting 20 seconds for the first, and answers how many it has taken over. Call it in a loop,
 * one loop per queue.
 */
export async function consumeOnce(sqs: SQSClient, queueUrl: string, tickets: Tickets): Promise<number> {
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl: queueUrl,
      MaxNumberOfMessages: 10,
      WaitTimeSeconds: 20,
      MessageSystemAttributeNames: ['MessageGroupId'],
    }),
  );
  /** Cases of which a message failed: what follows it in this batch must wait for it, or the order is lost. */
  const stuck = new Set<string | undefined>();
  let taken = 0;
  for (const { Body = '', ReceiptHandle, Attributes } of Messages) {
    const group = Attributes?.MessageGroupId;
    if (stuck.has(group)) continue;
    try {
      await takeOver(handedOverSchema.parse(JSON.parse(Body)), tickets);
      // Only now: what is deleted is yours. This is a receipt and starts no clock.
      await sqs.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle }));
      taken += 1;
    } catch {
      // Not deleted, so it comes again in a minute; after ten times it is set apart and the brand is alarmed.
      stuck.add(group);
    }
  }
  return taken;
}

async function takeOver(message: HandedOver, tickets: Tickets): Promise<void> {
  const { subject: caseId, type, data } = message;
  const { fence = 0 } = data;
  switch (type) {
    case 'case.offered':
    case 'case.updated':
      // A lower fence than the known one comes late, from the other queue: the offer it speaks of is dead.
      if (fence >= (await tickets.fenceOf(caseId))) await tickets.show(caseId, message);
      return;
    case 'case.recalled':
      return tickets.withdraw(caseId, fence);
    case 'case.erased':
      return tickets.erase(caseId, message);
    case 'outcome.refused':
      return tickets.refused(message);
  }
  // A type of tomorrow: nothing that this version has to act on.
}

const outcomeTypes = ['claimed', 'heartbeat', 'answered', 'waiting_for_customer', 'resolved', 'handed_back'] as const;
type OutcomeType = (typeof outcomeTypes)[number];

/** Reports what became of an offer; answers the id under which it was reported. */
export async function report(
  sqs: SQSClient,
  outcomeQueueUrl: string,
  outcome: {
    readonly type: OutcomeType;
    readonly desk: string;
    readonly caseId: string;
    readonly offerId: string;
    readonly fence: number;
    /** When the agent did it, not when it is reported: this is what the promise is judged by. */
    readonly at: Date;
    /** Why the case is handed back. */
    readonly reason?: string;
    /** The same for every repetition of one report, so that a repetition does no harm; made up when left out. */
    readonly id?: string;
  },
): Promise<string> {
  const id = outcome.id ?? randomUUID();
  const body = { ...outcome, id, at: outcome.at.toISOString() };
  await sqs.send(new SendMessageCommand({ QueueUrl: outcomeQueueUrl, MessageBody: JSON.stringify(body) }));
  return id;
}

/** Stands for your ticket system: shows what it is told on the terminal, and forgets it when it ends. */
class PrintedTickets implements Tickets {
  readonly #fences = new Map<string, number>();
  readonly #offered: (message: HandedOver) => Promise<void>;

  constructor(offered: (message: HandedOver) => Promise<void>) {
    this.#offered = offered;
  }

  async fenceOf(caseId: string): Promise<number> {
    return this.#fences.get(caseId) ?? 0;
  }

  async show(caseId: string, message: HandedOver): Promise<void> {
    this.#fences.set(caseId, message.data.fence ?? 0);
    console.log(`show ${caseId} ${JSON.stringify(message.data)}`);
    if (message.type === 'case.offered') await this.#offered(message);
  }

  async withdraw(caseId: string, fence: number): Promise<void> {
    console.log(`withdraw ${caseId} fence ${fence}`);
  }

  async erase(caseId: string, { data }: HandedOver): Promise<void> {
    console.log(`erase message ${data['messageId']} of ${caseId}`);
  }

  async refused({ data }: HandedOver): Promise<void> {
    console.log(`outcome ${data['outcomeId']} refused: ${data['because']}`);
  }
}

/** Follows both queues until it is stopped; with an outcome as argument, answers every offer with it. */
async function main(): Promise<never> {
  const environment = z
    .object({ DESK: z.string(), URGENT_QUEUE_URL: z.url(), STANDARD_QUEUE_URL: z.url(), OUTCOME_QUEUE_URL: z.url() })
    .parse(process.env);
  const type = z.enum(outcomeTypes).optional().parse(process.argv[2]);
  const sqs = new SQSClient({});
  const tickets = new PrintedTickets(async ({ subject: caseId, data: { offerId, fence } }) => {
    if (type === undefined || offerId === undefined || fence === undefined) return;
    const outcome = { type, desk: environment.DESK, caseId, offerId, fence, at: new Date() };
    await report(sqs, environment.OUTCOME_QUEUE_URL, outcome);
  });
  const follow = async (queueUrl: string): Promise<never> => {
    for (;;) {
      try {
        await consumeOnce(sqs, queueUrl, tickets);
      } catch (error) {
        // An outage must not end the consumer.
        console.error(`${queueUrl}: ${error}`);
        await setTimeout(5_000);
      }
    }
  };
  return Promise.race([follow(environment.URGENT_QUEUE_URL), follow(environment.STANDARD_QUEUE_URL)]);
}

if (import.meta.main) await main();
