/**
 * A desk's consumer, complete: takes what Vigie hands over into the desk's own system and reports what became of it.
 * Needs @aws-sdk/client-sqs and zod. Copy it, and put your ticket system in place of `Tickets`.
 */
import { randomUUID } from 'node:crypto';
import { DeleteMessageCommand, ReceiveMessageCommand, SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
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

/** Reports what became of an offer; answers the id under which it was reported. */
export async function report(
  sqs: SQSClient,
  outcomeQueueUrl: string,
  outcome: {
    readonly type: 'claimed' | 'heartbeat' | 'answered' | 'waiting_for_customer' | 'resolved' | 'handed_back';
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
