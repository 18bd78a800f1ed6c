import { createHash } from 'node:crypto';
import type { CustomerMessage, DeskMessage, EscalationNotice } from './contracts/desk-message.ts';
import type { Finding, OrderData } from './domain/assessment.ts';
import type { Case, CaseEvent, Effect } from './domain/case.ts';
import { isOver } from './domain/clocks.ts';
import { OutsourcingClearance } from './domain/gate.ts';
import type { Policy } from './domain/policy.ts';
import { redact } from './domain/redact.ts';
import type { CaseStore, QueueEntry, StoredEvent } from './ports.ts';

/** Where a case's effects go. */
export interface Destinations {
  readonly deskQueues: Readonly<Record<string, { readonly urgent: string; readonly standard: string }>>;
  readonly timerQueueUrl: string;
}

interface About {
  readonly kind: Effect['kind'];
  readonly desk: string;
  readonly lane?: 'urgent' | 'standard';
  readonly offerId?: string;
  readonly fence?: number;
}

/** An effect in the words of its consumer, ready to be sent. */
export type Outgoing =
  | { readonly kind: 'message'; readonly entry: QueueEntry; readonly about: About }
  | {
      readonly kind: 'notice';
      readonly notice: EscalationNotice;
      readonly about: About;
    };

/** `nothing_left`: a later change has taken the effect's place. `not_cleared`: this desk must not see this case. */
export type Composed =
  | Outgoing
  | { readonly kind: 'nothing_left' }
  | { readonly kind: 'not_cleared'; readonly desk: string };

type OfferData = Extract<DeskMessage, { type: 'case.offered' }>['data'];

/** A desk reads this much of a conversation (characters, newest messages first); SQS carries 1 MiB. */
const shownCharacters = 100_000;

/**
 * What a desk or the escalation topic is told of one effect of a stored event. An offer or update shows the case as it is now and is dropped
 * when the offer is no longer the case's own: a twin that comes late must not hand over again what was recalled since.
 */
export async function composeEffect(
  { store, policy, destinations }: { store: CaseStore; policy: Policy; destinations: Destinations },
  effect: Effect,
  stored: StoredEvent,
  subject: Case,
): Promise<Composed> {
  const { event } = stored;
  if (effect.kind === 'escalate') return escalation(effect, event, subject, policy);
  const { desk, lane, offerId, fence } = effect;
  const about: About = { kind: effect.kind, desk, lane, offerId, fence };
  const queueUrl = destinations.deskQueues[desk]?.[lane];
  if (queueUrl === undefined) return { kind: 'not_cleared', desk };
  const handOver = { caseId: subject.id, offerId, fence, version: subject.version };
  const envelope = {
    specversion: '1.0',
    id: `${effect.kind}-${offerId}-${shortId(event.id)}`,
    source: 'vigie',
    time: event.recordedAt,
    datacontenttype: 'application/json',
    subject: subject.id,
  } as const;
  switch (effect.kind) {
    case 'offer':
    case 'update': {
      if (subject.offer?.id !== offerId) return { kind: 'nothing_left' };
      const outsourced = policy.desks[desk]?.kind !== 'in_house' && policy.desks[desk]?.kind !== 'product_ideas';
      if (outsourced && OutsourcingClearance.for(subject, policy) === undefined) return { kind: 'not_cleared', desk };
      const masks = outsourced ? (policy.desks[desk]?.masks ?? []) : undefined;
      const messages = await shownMessages(store, subject, stored, masks);
      const type = effect.kind === 'offer' ? 'case.offered' : 'case.updated';
      return toQueue(queueUrl, about, { ...envelope, type, data: { ...handOver, ...facts(subject), messages } });
    }
    case 'recall':
      return toQueue(queueUrl, about, {
        ...envelope,
        type: 'case.recalled',
        data: { ...handOver, because: effect.because },
      });
    case 'erase':
      return toQueue(queueUrl, about, {
        ...envelope,
        type: 'case.erased',
        data: { ...handOver, messageId: effect.messageKey },
      });
  }
}

/** A message for a desk as a queue entry: one FIFO group per case keeps a case's messages in order. */
export function deskQueueEntry(queueUrl: string, message: DeskMessage): QueueEntry {
  return {
    queueUrl,
    body: JSON.stringify(message),
    groupId: message.subject,
    deduplicationId: message.id,
  };
}

/** Short name of an event for ids that SQS bounds to 128 characters. */
export function shortId(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

function toQueue(queueUrl: string, about: About, message: DeskMessage): Composed {
  return { kind: 'message', entry: deskQueueEntry(queueUrl, message), about };
}

function escalation(
  { clock, dueAt, desk, tell, step, did }: Extract<Effect, { kind: 'escalate' }>,
  event: CaseEvent,
  subject: Case,
  policy: Policy,
): Outgoing {
  const { priority, reasons, conversation } = subject;
  const { channel, accountId } = conversation;
  const id = `escalation-${subject.id}-${shortId(`${event.id} ${step} ${tell}`)}`;
  return {
    kind: 'notice',
    notice: {
      tell,
      title: policy.escalation?.levels[tell]?.title ?? tell,
      clock,
      step,
      did,
      desk,
      cases: [{ id, caseId: subject.id, dueAt, priority, reasons, channel, accountId }],
    },
    about: { kind: 'escalate', desk },
  };
}

function facts(subject: Case): Omit<OfferData, 'caseId' | 'offerId' | 'fence' | 'version' | 'messages'> {
  const { clocks, conversation, offer } = subject;
  const deadlines = Object.entries({
    firstReply: clocks.first_reply,
    nextReply: clocks.next_reply,
    resolution: clocks.resolution,
    claim: offer?.lease.claim,
    answer: offer?.lease.answer,
  }).filter(([, clock]) => clock !== undefined && !isOver(clock) && clock.dueAt !== undefined);
  return {
    channel: conversation.channel,
    accountId: conversation.accountId,
    public: subject.public,
    language: subject.language,
    priority: subject.priority,
    reasons: subject.reasons,
    doubts: subject.doubts,
    because: subject.because,
    rule: subject.rule,
    policyVersion: subject.policyVersion,
    deadlines: Object.fromEntries(deadlines.map(([name, clock]) => [name, clock?.dueAt])),
    allowedActions: ['claimed', 'heartbeat', 'answered', 'waiting_for_customer', 'resolved', 'handed_back'],
  };
}

/**
 * The end of the conversation, oldest first, each message in its latest words: for an outsourced desk (`masks`: what it must not see besides)
 * redacted.
 */
async function shownMessages(
  store: CaseStore,
  subject: Case,
  atHand: StoredEvent,
  masks: readonly OrderData[] | undefined,
): Promise<CustomerMessage[]> {
  const versions = Map.groupBy(
    (await recentEvents(store, subject, atHand)).flatMap((stored) => {
      if (stored?.event.type !== 'message_received' && stored?.event.type !== 'message_edited') return [];
      return [{ ...stored, event: stored.event }];
    }),
    ({ event }) => event.messageKey,
  );
  let left = shownCharacters;
  return [...versions.values()]
    .flatMap((ofOne): CustomerMessage[] => {
      const [first] = ofOne;
      const latest = ofOne.at(-1);
      if (first === undefined || latest === undefined) return [];
      const { event } = latest;
      // An edit need not repeat where its message stands.
      const { permalink, inReplyTo } = { ...first.event, ...event };
      return [
        {
          id: event.messageKey,
          ...(masks === undefined ? { text: latest.text } : redacted(latest.text, event.personalData, masks)),
          postedAt: first.event.at,
          edited: event.type === 'message_edited',
          ...(permalink === undefined ? {} : { permalink }),
          ...(inReplyTo === undefined ? {} : { inReplyTo }),
          ...(event.abusive === undefined ? {} : { abusive: true }),
          ...(event.attachments === undefined ? {} : { attachments: event.attachments }),
          ...(event.rating === undefined ? {} : { rating: event.rating }),
        },
      ];
    })
    .toReversed()
    .filter((message, index) => {
      left -= message.text.length;
      return index === 0 || left >= 0;
    })
    .toReversed();
}

/** Most cases have one message, and it is at hand: nothing is read for them. */
async function recentEvents(
  store: CaseStore,
  subject: Case,
  atHand: StoredEvent,
): Promise<readonly (StoredEvent | undefined)[]> {
  const ids = subject.messages.recent.map(({ eventId }) => eventId);
  const missing = ids.filter((eventId) => eventId !== atHand.event.id);
  const read = await store.knownEvents(missing.map((eventId) => ({ thread: subject.conversation, eventId })));
  return ids.map((eventId) => (eventId === atHand.event.id ? atHand : read[missing.indexOf(eventId)]));
}

function redacted(
  whole: string,
  found: readonly Finding[] | undefined,
  mask: readonly OrderData[],
): Pick<CustomerMessage, 'text' | 'masked'> {
  const { text, masked } = redact(whole, { mask, ...(found === undefined ? {} : { found }) });
  return masked.length === 0 ? { text } : { text, masked };
}
