import type { Calendar } from './calendar.ts';
import type { CaseEvent } from './case.ts';
import { addSeconds } from './clocks.ts';
import type { Decision } from './decision.ts';
import type { InboundEvent } from './inbound-event.ts';
import type { LeaseTerms } from './lease.ts';
import type { Policy } from './policy.ts';
import { isThanks } from './thanks.ts';

/**
 * How long after the customer's last private message the platform takes an answer, in seconds. Messenger and Instagram: standard messaging window
 * (https://developers.facebook.com/docs/messenger-platform/policy/policy-overview); WhatsApp: customer service window
 * (https://developers.facebook.com/docs/whatsapp/pricing).
 */
const replyWindowSeconds: Readonly<Record<string, number>> = {
  messenger: 86_400,
  instagram: 86_400,
  whatsapp: 86_400,
};

const inHouse = 'in_house';

type Terms = Pick<
  Extract<CaseEvent, { type: 'message_received' }>,
  'closing' | 'replyBy' | 'reopenWithinSeconds' | 'calendars' | 'takeOver' | 'ladder' | 'counted'
>;

/**
 * What a message's event carries besides its decision, so that its promises count and are replayed by the policy and the calendars they were made
 * with, whatever the policy says later. `at` is when the message was written.
 */
export function termsOf(message: InboundEvent, at: string, decision: Decision, policy: Policy): Terms {
  const { targets, priority, desk, fitting = [], reasons } = decision;
  const others = [...new Set([inHouse, ...fitting])].filter((other) => other !== desk);
  const taken = others.flatMap((other) => {
    const owed = policy.sla[other]?.[priority];
    return owed === undefined ? [] : [{ other, owed }];
  });
  const calendars = [...new Set([targets, ...taken.map(({ owed }) => owed)].map((one) => one?.calendar))].flatMap(
    (id) => calendarNamed(policy, id) ?? [],
  );
  const window = message.public ? undefined : replyWindowSeconds[message.channel];
  const counted = [...new Set([...(desk === undefined ? [] : [desk]), ...fitting])].filter(
    (one) => policy.desks[one]?.backlog !== undefined,
  );
  const nothingMore = reasons.length === 0 && message.attachments === undefined && message.rating === undefined;
  return {
    ...(nothingMore && isThanks(message.text) ? { closing: true } : {}),
    ...(window === undefined ? {} : { replyBy: addSeconds(at, window - (policy.replyWindowMarginSeconds ?? 0)) }),
    ...(policy.reopenWithinSeconds === undefined ? {} : { reopenWithinSeconds: policy.reopenWithinSeconds }),
    ...(targets === undefined || calendars.length === 0 ? {} : { calendars }),
    ...(targets === undefined || taken.length === 0
      ? {}
      : { takeOver: Object.fromEntries(taken.map(({ other, owed }) => [other, leaseTermsOf(owed, policy)])) }),
    ...(targets === undefined || policy.escalation === undefined ? {} : { ladder: policy.escalation.ladder }),
    ...(counted.length === 0 ? {} : { counted }),
  };
}

function leaseTermsOf(
  { claimSeconds, answerSeconds, calendar }: NonNullable<Decision['targets']>,
  policy: Policy,
): LeaseTerms {
  const version = calendarNamed(policy, calendar)?.version;
  return {
    policyVersion: policy.version,
    ...(claimSeconds === undefined ? {} : { claimSeconds }),
    ...(answerSeconds === undefined ? {} : { answerSeconds }),
    ...(version === undefined ? {} : { calendar: version }),
  };
}

function calendarNamed({ calendars = {} }: Policy, id: string | undefined): Calendar | undefined {
  return id !== undefined && Object.hasOwn(calendars, id) ? calendars[id] : undefined;
}
