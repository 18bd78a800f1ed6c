import { parseArgs } from 'node:util';
import { retentionDays } from '../../infra/retention.ts';
import { DynamoCaseStore } from '../../shared/adapters/dynamo-case-store.ts';
import { PersonEraser } from '../../shared/adapters/person-eraser.ts';
import { SqsSender } from '../../shared/adapters/sqs-sender.ts';
import type { DeskMessage } from '../../shared/contracts/desk-message.ts';
import type { Case } from '../../shared/domain/case.ts';
import { deskQueueEntry, shortId } from '../../shared/hand-over.ts';
import type { StoredEvent } from '../../shared/ports.ts';
import { caseTableOf, queueUrlOf, type Site, siteOf, siteOptions, siteUsage } from '../site.ts';
import { reportUsage, UsageError } from './usage.ts';

export const usage = `vigie erase --author ID --channel CHANNEL [--yes] ${siteUsage}`;

/** Somebody who writes during the erasure is erased in the next round; a storm of them means that this has to be run again. */
const rounds = 3;

/**
 * `vigie erase`: tells every desk that was ever handed a case of this person to erase each message, then deletes the cases with their events. Shows
 * only what it would do without `--yes`. Ends by saying what remains elsewhere and until when.
 */
export function run(args: readonly string[]): Promise<number> {
  return reportUsage(async () => {
    const { values } = parseArgs({
      args: [...args],
      options: {
        ...siteOptions,
        author: { type: 'string' },
        channel: { type: 'string' },
        yes: { type: 'boolean', default: false },
      },
    });
    const { author, channel } = values;
    if (author === undefined || channel === undefined) {
      throw new UsageError(`whom? the id that the platform gives the person, and the channel: ${usage}`);
    }
    const site = siteOf(values);
    const tableName = await caseTableOf(site);
    const store = new DynamoCaseStore(site.dynamo, { tableName });
    const eraser = new PersonEraser(site.dynamo, { tableName });
    const desks = new Set<string>();
    let erased = 0;
    for (let round = 0; round < rounds; round += 1) {
      const { cases, waiting } = await eraser.holdingsOf({ channel, author });
      if (cases.length + waiting.length === 0) break;
      for (const subject of cases) {
        const events = await store.history(subject);
        const handed = lastOffers(events);
        for (const { desk } of handed) desks.add(desk);
        console.log(
          `case ${subject.id}: ${messagesOf(events).length} messages, ${deskWords(handed.map(({ desk }) => desk))}`,
        );
        if (!values.yes) continue;
        await tellDesks(site, subject, events, handed);
        await eraser.forgetCase(subject, events);
      }
      erased += cases.length;
      if (!values.yes) {
        console.log(`Nothing is erased yet. With --yes: ${erased} cases are deleted and the desks named are told.`);
        return 0;
      }
      await eraser.forgetWaiting(waiting);
    }
    if (erased === 0) {
      console.log(`The table holds no case of ${author} on ${channel}.`);
      return 0;
    }
    console.log(`Erased ${erased} cases.\n\n${remains(new Date(), [...desks]).join('\n')}`);
    return 0;
  });
}

interface Handed {
  readonly desk: string;
  readonly lane: 'urgent' | 'standard';
  readonly offerId: string;
  readonly fence: number;
}

/** The last hand-over to each desk that ever had the case. */
function lastOffers(events: readonly StoredEvent[]): Handed[] {
  const byDesk = new Map<string, Handed>();
  for (const effect of events.flatMap(({ effects }) => effects)) {
    if (effect.kind === 'offer') byDesk.set(effect.desk, effect);
  }
  return [...byDesk.values()];
}

function messagesOf(events: readonly StoredEvent[]): string[] {
  return [
    ...new Set(
      events.flatMap(({ event }) =>
        event.type === 'message_received' || event.type === 'message_edited' ? [event.messageKey] : [],
      ),
    ),
  ];
}

/** Recalls the live offer and has every desk erase every message, under the same ids however often this runs. */
async function tellDesks(
  site: Site,
  subject: Case,
  events: readonly StoredEvent[],
  handed: readonly Handed[],
): Promise<void> {
  const envelope = {
    specversion: '1.0',
    source: 'vigie',
    time: new Date().toISOString(),
    datacontenttype: 'application/json',
    subject: subject.id,
  } as const;
  const entries = await Promise.all(
    handed.map(async ({ desk, lane, offerId, fence }) => {
      const queueUrl = await queueUrlOf(site, `${desk}-${lane}.fifo`);
      const data = { caseId: subject.id, offerId, fence, version: subject.version + 1 };
      const messages: DeskMessage[] = messagesOf(events).map((messageId) => ({
        ...envelope,
        id: `erase-${offerId}-${shortId(messageId)}`,
        type: 'case.erased',
        data: { ...data, messageId },
      }));
      if (subject.offer?.id === offerId) {
        messages.push({
          ...envelope,
          id: `recall-${offerId}-erased`,
          type: 'case.recalled',
          data: { ...data, because: 'erased' },
        });
      }
      return messages.map((message) => deskQueueEntry(queueUrl, message));
    }),
  );
  const sent = await new SqsSender(site.sqs).send(entries.flat());
  if (sent.includes(false)) {
    throw new UsageError(`case ${subject.id}: not every desk could be told, so it is not deleted; run this again`);
  }
}

function deskWords(desks: readonly string[]): string {
  return desks.length === 0 ? 'handed to no desk' : `handed to ${desks.join(', ')}`;
}

/** Where the person's words still are after the table let go of them, and until when at the latest. */
function remains(now: Date, desks: readonly string[]): string[] {
  const until = (days: number) => new Date(now.getTime() + days * 86_400_000).toISOString().slice(0, 10);
  return [
    'What remains, and until when:',
    `  backups of the table (point-in-time recovery): until ${until(retentionDays.tableBackups)}; a table restored from them must be erased again`,
    `  messages on their way in the queues: until ${until(retentionDays.queues)}; on dead-letter queues: until ${until(retentionDays.deadLetters)}; parked: until ${until(retentionDays.parked)}, see \`vigie parked list\``,
    ...(desks.length === 0
      ? []
      : [`  what ${desks.join(', ')} took over: until they act on case.erased, which is on their queues now`]),
    '  logs: ids of messages and cases, no words and no author, for logRetentionDays of the settings',
    '  Amazon Comprehend: nothing, if the organisation has opted out (docs/operations.md); else see its terms',
    '  the platform: what the person wrote there, which only they or the platform can delete',
  ];
}
