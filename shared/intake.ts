import { createHash } from 'node:crypto';
import type { IntakeRecord } from './contracts/intake.ts';
import type { InboundEvent } from './domain/inbound-event.ts';
import type { QueueEntry, QueueSender } from './ports.ts';

/** SQS bills by 64 KB, and what fails together in triage is tried again together: small parcels serve both. */
const eventsPerRecord = 25;
const bytesPerRecord = 60_000;

/** Puts events on the intake queue: those of one account together, in parcels; `how` they came is said of each parcel. `false` unless all are stored. */
export async function sendToIntake(
  { queues, intakeQueueUrl }: { readonly queues: QueueSender; readonly intakeQueueUrl: string },
  events: readonly InboundEvent[],
  how: Omit<IntakeRecord, 'events'>,
): Promise<boolean> {
  const entries = intakeEntries(intakeQueueUrl, events, how);
  const stored = await queues.send(entries);
  return entries.every((_, index) => stored[index] === true);
}

function intakeEntries(
  queueUrl: string,
  events: readonly InboundEvent[],
  how: Omit<IntakeRecord, 'events'>,
): QueueEntry[] {
  return [...Map.groupBy(events, accountOf)].flatMap(([account, ofAccount]) =>
    parcels(ofAccount).map((parcel) => ({
      queueUrl,
      body: JSON.stringify({ ...how, events: parcel } satisfies IntakeRecord),
      // A fair queue: one account's storm must not hold up the others.
      groupId: createHash('sha256').update(account).digest('hex').slice(0, 32),
    })),
  );
}

function accountOf({ channel, accountId }: InboundEvent): string {
  return `${channel} ${accountId}`;
}

function parcels(events: readonly InboundEvent[]): InboundEvent[][] {
  const result: InboundEvent[][] = [];
  let room = 0;
  for (const event of events) {
    const size = Buffer.byteLength(JSON.stringify(event));
    const parcel = result.at(-1);
    if (parcel === undefined || parcel.length === eventsPerRecord || size > room) {
      result.push([event]);
      room = bytesPerRecord - size;
    } else {
      parcel.push(event);
      room -= size;
    }
  }
  return result;
}
