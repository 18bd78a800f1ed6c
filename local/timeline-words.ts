import type { Case, CaseEvent, Effect } from '../shared/domain/case.ts';
import { type Clock, ownershipNames, promiseNames, verdictOf } from '../shared/domain/clocks.ts';
import type { PersonsCase, StoredEvent } from '../shared/ports.ts';

/** Later than this after it happened, an event's line says when it was learnt of. */
const promptMs = 5_000;

/**
 * A case from its first event to now, in words, a line each: what happened and when (UTC), what was decided and why, who was told, and
 * where its clocks stand at `now`. The customer's words only with `withText`.
 */
export function timelineInWords(
  subject: Case,
  events: readonly StoredEvent[],
  {
    now,
    withText,
    others,
  }: { readonly now: string; readonly withText: boolean; readonly others: readonly PersonsCase[] },
): string[] {
  const { conversation, number, previous } = subject;
  return [
    `Case ${subject.id}: ${conversation.channel}, account ${conversation.accountId}, ${subject.public ? 'public' : 'private'}, ${subject.language}`,
    ...(previous === undefined ? [] : [`The ${number}. of its conversation; before it: ${previous}`]),
    ...others.map(
      ({ caseId, at, public: isPublic }) =>
        `The same person wrote ${isPublic ? 'in public' : 'in private'} at ${time(at)}: case ${caseId}`,
    ),
    `Now ${spaced(subject.state)}${subject.desk === undefined ? '' : ` at ${subject.desk}, ${subject.priority}`}: ${subject.because || 'nothing is decided'}`,
    '',
    ...events.flatMap((stored) => eventInWords(stored, withText)),
    '',
    'Clocks:',
    ...clocksInWords(subject, now),
  ];
}

function eventInWords({ event, text, effects }: StoredEvent, withText: boolean): string[] {
  const late = Date.parse(event.recordedAt) - Date.parse(event.at);
  const learnt = late > promptMs ? ` (learnt of ${duration(late)} later)` : '';
  return [
    `${time(event.at)}  ${happened(event)}${learnt}`,
    ...(withText && text !== '' ? [`${indent}« ${text} »`] : []),
    ...decidedInWords(event),
    ...effects.map((effect) => `${indent}${told(effect)}`),
  ];
}

const indent = ' '.repeat(21);

function happened(event: CaseEvent): string {
  switch (event.type) {
    case 'message_received':
      return `the customer wrote (message ${event.messageKey})`;
    case 'message_edited':
      return `the customer edited message ${event.messageKey}`;
    case 'message_deleted':
      return `the customer deleted message ${event.messageKey}`;
    case 'own_reply':
      return 'the brand replied on the platform';
    case 'handed_back':
      return `${event.desk} handed the case back: ${spaced(event.code)}${event.reason === '' ? '' : `, ${event.reason}`}`;
    case 'timer_fired':
      return `${spaced(event.clock)} was broken, due ${time(event.dueAt)}`;
    case 'rerouted':
      return `${event.by} re-routed the case to ${event.desk}: ${event.because}`;
    case 'marked_misrouted':
      return `${event.by} marked the case as mis-routed: ${event.because}`;
    case 'terms_changed':
      return `new terms (policy ${event.policyVersion}) hold from here on: ${changesInWords(event)}`;
    case 'escalation_acknowledged':
      return `${event.by} acknowledged the escalation`;
    default:
      return `${event.by ?? event.desk} reported: ${spaced(event.type)}`;
  }
}

function changesInWords({ promises, leases }: Extract<CaseEvent, { type: 'terms_changed' }>): string {
  const how = new Set([...promises, ...Object.values(leases)].map((change) => change.how));
  return [...how].map((one) => (one === 'carry' ? 'what has passed counts' : 'times begin again')).join('; ');
}

function decidedInWords(event: CaseEvent): string[] {
  if (event.type !== 'message_received' && event.type !== 'message_edited') return [];
  const { desk, priority, reasons, doubts, rule, because, policyVersion } = event.decision;
  const why = [...reasons, ...doubts].map(spaced).join(', ');
  return [
    `${indent}decided: ${desk ?? 'set aside'}, ${priority}${why === '' ? '' : ` (${why})`}`,
    `${indent}by rule ${rule} of policy ${policyVersion}: ${because}`,
  ];
}

function told(effect: Effect): string {
  switch (effect.kind) {
    case 'offer':
      return `offered to ${effect.desk}, ${effect.lane} (fence ${effect.fence})`;
    case 'update':
      return `${effect.desk} is told what changed`;
    case 'recall':
      return `recalled from ${effect.desk}: ${spaced(effect.because)} (fence ${effect.fence} is dead)`;
    case 'erase':
      return `${effect.desk} is told to erase message ${effect.messageKey}`;
    case 'escalate':
      return `people are told: ${spaced(effect.clock)} of ${effect.desk} is broken`;
  }
}

function clocksInWords({ clocks, offer }: Case, now: string): string[] {
  const lines = [
    ...promiseNames.map((name) => ({ name, clock: clocks[name] })),
    ...ownershipNames.map((name) => ({ name, clock: offer?.lease[name] })),
  ].flatMap(({ name, clock }) => (clock === undefined ? [] : [`  ${spaced(name)}: ${clockInWords(clock, now)}`]));
  return lines.length === 0 ? ['  none runs'] : lines;
}

function clockInWords(clock: Clock, now: string): string {
  const { dueAt, fulfilledAt, cancelledAt, firedAt } = clock;
  const due = dueAt === undefined ? '' : ` due ${time(dueAt)}`;
  switch (verdictOf(clock, now)) {
    case 'running':
      return `running,${due}, in ${duration(Date.parse(dueAt ?? now) - Date.parse(now))}`;
    case 'paused':
      return 'stands still: the customer is to answer';
    case 'met':
      return `kept at ${time(fulfilledAt ?? '')},${due}${firedAt === undefined ? '' : `; announced as broken ${time(firedAt)}, before this was learnt of`}`;
    case 'cancelled':
      return `ended at ${time(cancelledAt ?? '')}: what waited was deleted`;
    case 'breached':
      return `broken,${due}${fulfilledAt === undefined ? '' : `, answered ${time(fulfilledAt)}`}${firedAt === undefined ? '' : `, announced ${time(firedAt)}`}`;
  }
}

function time(instant: string): string {
  return instant.slice(0, 19).replace('T', ' ');
}

function duration(ms: number): string {
  const minutes = Math.round(Math.abs(ms) / 60_000);
  if (minutes < 1) return `${Math.round(Math.abs(ms) / 1000)} s`;
  if (minutes < 120) return `${minutes} min`;
  return minutes < 2 * 24 * 60 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 60 / 24)} days`;
}

function spaced(word: string): string {
  return word.replaceAll('_', ' ');
}
