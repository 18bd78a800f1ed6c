import { applyEvent } from '../../shared/domain/apply-event.ts';
import type { Case, CaseEvent, Conversation } from '../../shared/domain/case.ts';
import type { Decision } from '../../shared/domain/decision.ts';
import type { InboundEvent } from '../../shared/domain/inbound-event.ts';

/** Afternoon of made-up messages: instants are minutes after noon. */
export function noonPlus(minutes: number): string {
  return new Date(Date.parse('2026-03-02T12:00:00.000Z') + minutes * 60_000).toISOString();
}

export function conversationWith(author: string, thread = `dm:${author}`): Conversation {
  return { channel: 'messenger', accountId: '100200300', thread, author };
}

export const routine: Decision = {
  route: 'vendor',
  desk: 'vendor_atlas',
  priority: 'normal',
  reasons: [],
  doubts: [],
  rule: 'parcels',
  because: 'an order or a parcel, nothing sensitive',
  score: { total: 0, parts: [] },
  notChosen: [],
  policyVersion: 'p1',
  targets: { firstReplySeconds: 3600, resolutionSeconds: 86_400 },
};

export const sensitive: Decision = {
  ...routine,
  route: 'in_house',
  desk: 'in_house',
  priority: 'urgent',
  reasons: ['safety'],
  rule: 'safety',
  because: 'somebody may be hurt',
  targets: { firstReplySeconds: 900, resolutionSeconds: 14_400 },
};

export const noise: Decision = (({ targets: _, desk: __, ...rest }) => ({
  ...rest,
  route: 'set_aside' as const,
  priority: 'low' as const,
  rule: 'noise',
  because: 'nothing to answer',
}))(routine);

type MessageReceived = Extract<CaseEvent, { type: 'message_received' }>;

export function received(key: string, minutes: number, decision: Decision = routine): MessageReceived {
  return {
    type: 'message_received',
    id: `message_received:${key}`,
    at: noonPlus(minutes),
    recordedAt: noonPlus(minutes + 1),
    messageKey: key,
    messageId: key,
    author: { id: 'claire', name: 'Claire Martin' },
    public: false,
    language: 'fr',
    decision,
  };
}

export function edited(key: string, minutes: number, decision: Decision): CaseEvent {
  return { ...received(key, minutes, decision), type: 'message_edited', id: `message_edited:${key}:${minutes}` };
}

export function deleted(key: string, minutes: number): CaseEvent {
  const at = noonPlus(minutes);
  return { type: 'message_deleted', id: `message_deleted:${key}`, at, recordedAt: at, messageKey: key };
}

export function replied(minutes: number): CaseEvent {
  const at = noonPlus(minutes);
  return { type: 'own_reply', id: `own_reply:r${minutes}`, at, recordedAt: at, messageKey: `r${minutes}` };
}

type OutcomeEvent = Extract<CaseEvent, { offerId: string }>;
type OutcomeType = 'claimed' | 'heartbeat' | 'answered' | 'waiting_for_customer' | 'resolved' | 'handed_back';

/** What the desk that has the case's live offer reports, minutes after noon. */
export function outcomeOf({ offer }: Case, type: OutcomeType, minutes: number): OutcomeEvent {
  if (offer === undefined) throw new Error('no offer');
  const at = noonPlus(minutes);
  const { id: offerId, fence, desk } = offer;
  const base = { id: `outcome:${type}:${minutes}`, at, recordedAt: at, offerId, fence, desk };
  return type === 'handed_back' ? { type, ...base, code: 'cannot_resolve', reason: 'out of scope' } : { type, ...base };
}

/** The case after these events, from the one before them on; fails the test when one is refused. */
export function caseOf(events: readonly CaseEvent[], conversation = conversationWith('claire'), before?: Case): Case {
  let subject = before;
  for (const event of events) {
    const transition = applyEvent(subject, event, conversation);
    if (transition.kind === 'refused') throw new Error(`${event.type} was refused: ${transition.reason}`);
    subject = transition.case;
  }
  if (subject === undefined) throw new Error('no events');
  return subject;
}

export function inboundMessage(key: string, text: string, fields: Partial<InboundEvent> = {}): InboundEvent {
  return {
    type: 'message_received',
    platform: 'meta',
    channel: 'messenger',
    accountId: '100200300',
    messageId: key,
    thread: 'dm:claire',
    author: { id: 'claire', name: 'Claire Martin' },
    public: false,
    text,
    postedAt: noonPlus(0),
    ...fields,
  };
}
