import type { DeskMessage } from '../../shared/contracts/desk-message.ts';
import type { Outcome } from '../../shared/contracts/outcome.ts';

type MessageOf<Type extends DeskMessage['type']> = Extract<DeskMessage, { type: Type }>;

const caseId = '0123456789abcdef0123-0123456789-1';
const envelope = {
  specversion: '1.0',
  source: 'vigie',
  time: '2026-03-02T12:01:00.000Z',
  datacontenttype: 'application/json',
  subject: caseId,
} as const;

/** A made-up offer of one case; `fence` tells one hand-over from the next. */
export function offered(fence = 1, text = 'Where is my parcel?'): MessageOf<'case.offered'> {
  const offerId = `${caseId}-${fence}`;
  return {
    ...envelope,
    id: `offer-${offerId}-aa`,
    type: 'case.offered',
    data: {
      caseId,
      offerId,
      fence,
      version: fence,
      channel: 'messenger',
      accountId: '100200300',
      public: false,
      language: 'en',
      priority: 'normal',
      reasons: [],
      doubts: [],
      because: 'An order or a parcel, nothing sensitive.',
      rule: 'parcels',
      policyVersion: 'p1',
      deadlines: { firstReply: '2026-03-02T16:00:00.000Z', resolution: '2026-03-05T12:00:00.000Z' },
      allowedActions: ['claimed', 'answered', 'waiting_for_customer', 'resolved', 'handed_back'],
      messages: [{ id: 'm1', text, postedAt: '2026-03-02T12:00:00.000Z', edited: false }],
    },
  };
}

export function recalled(fence = 1): MessageOf<'case.recalled'> {
  const offerId = `${caseId}-${fence}`;
  return {
    ...envelope,
    id: `recall-${offerId}-bb`,
    type: 'case.recalled',
    data: { caseId, offerId, fence, version: fence + 1, because: 'risk_changed' },
  };
}

export function erased(fence = 1): MessageOf<'case.erased'> {
  const offerId = `${caseId}-${fence}`;
  return {
    ...envelope,
    id: `erase-${offerId}-cc`,
    type: 'case.erased',
    data: { caseId, offerId, fence, version: fence + 1, messageId: 'm1' },
  };
}

export function outcomeFor(type: Outcome['type'], fence = 1): Outcome {
  const offerId = `${caseId}-${fence}`;
  return { id: `${type}-1`, type, caseId, offerId, fence, desk: 'vendor_north', at: '2026-03-02T12:30:00.000Z' };
}
