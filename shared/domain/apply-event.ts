import { type Reason, reasons } from './assessment.ts';
import type { Calendar } from './calendar.ts';
import {
  type Case,
  type CaseEvent,
  type Conversation,
  type Effect,
  isActive,
  type Lane,
  type MessageEvent,
  type OutcomeEvent,
} from './case.ts';
import { aheadOf, clockNamed, isStillDue } from './case-clocks.ts';
import { caseIdOf, shortKeyOf } from './case-ids.ts';
import { type Clock, type ClockName, earlier, ownershipNames } from './clocks.ts';
import { type Decision, type Priority, priorities, type Route, type Targets } from './decision.ts';
import { type Step, stepActions, withSteps } from './escalation.ts';
import {
  changeLease,
  fulfilLease,
  type Lease,
  type LeaseTerms,
  renewLease,
  startLease,
  stricterTerms,
} from './lease.ts';
import {
  afterClosing,
  clocksOf,
  emptyTimeline,
  isUnanswered,
  type Terms,
  withAsked,
  withChange,
  withDeletion,
  withReply,
} from './promises.ts';

export type RefusalReason =
  | 'unknown_case'
  | 'stale_fence'
  | 'foreign_desk'
  | 'case_closed'
  | 'stale_timer'
  | 'not_cleared';

export type Transition =
  | { readonly kind: 'changed'; readonly case: Case; readonly effects: readonly Effect[]; readonly closes?: Case }
  | { readonly kind: 'refused'; readonly reason: RefusalReason };

/** A desk sees the end of a conversation; the rest is on the platform. */
const shownMessages = 20;
const inHouse = 'in_house';

/**
 * The one way a case changes: the case as it was (or `undefined`) and one new event give the case as it is and what to tell the
 * world. Pure; messages, edits, deletes and replies commute, so that any order of delivery ends in the same place. Refuses
 * outcomes and timers that do not fit the case, and then nothing changes.
 */
export function applyEvent(before: Case | undefined, event: CaseEvent, conversation: Conversation): Transition {
  switch (event.type) {
    case 'message_received':
      return onMessage(before, event, conversation);
    case 'message_edited':
      return onEdit(before, event, conversation);
    case 'message_deleted':
      return before === undefined ? refused('unknown_case') : onDeleted(before, event);
    case 'own_reply':
      return changed(answeredAt(before ?? quietCase(conversation, 1), 'replied', event.at));
    case 'claimed':
    case 'heartbeat':
    case 'answered':
    case 'waiting_for_customer':
    case 'resolved':
    case 'handed_back':
      return before === undefined ? refused('unknown_case') : onOutcome(before, event);
    case 'timer_fired':
      return before === undefined ? refused('unknown_case') : onTimer(before, event);
    case 'rerouted':
      return before === undefined ? refused('unknown_case') : onRerouted(before, event);
    case 'marked_misrouted':
      return before === undefined ? refused('unknown_case') : changed({ ...before, misrouted: true });
    case 'escalation_acknowledged':
      return before === undefined ? refused('unknown_case') : changed({ ...before, acknowledgedAt: event.at });
    case 'terms_changed':
      return before === undefined ? refused('unknown_case') : onTermsChanged(before, event);
  }
}

function changed(subject: Case, effects: readonly Effect[] = [], closes?: Case): Transition {
  const next = { ...subject, version: subject.version + 1 };
  return closes === undefined
    ? { kind: 'changed', case: next, effects }
    : { kind: 'changed', case: next, effects, closes };
}

function refused(reason: RefusalReason): Transition {
  return { kind: 'refused', reason };
}

function quietCase(conversation: Conversation, number: number): Case {
  return {
    id: caseIdOf(conversation, number),
    number,
    conversation,
    version: 0,
    state: 'quiet',
    route: 'set_aside',
    priority: 'low',
    reasons: [],
    doubts: [],
    rule: '',
    because: '',
    policyVersion: '',
    public: false,
    language: 'und',
    fence: 0,
    messages: { count: 0, deleted: 0, recent: [] },
    timeline: emptyTimeline,
    calendars: {},
    clocks: {},
    leaseTerms: {},
    ladders: {},
    held: [],
  };
}

function onMessage(before: Case | undefined, event: MessageEvent, conversation: Conversation): Transition {
  const resolvedBefore = before?.state === 'resolved' && event.at > (before.closedAt ?? '');
  // "Thank you" after the end is no reason to begin again.
  if (resolvedBefore && event.closing === true) return changed(retimed(withFacts(before, event)));
  if (resolvedBefore && reopens(event, before)) {
    const again: Case = { ...withMessage(afresh(before), event), state: 'open' };
    const { case: moved, effects } = moveTo(again, again.desk ?? inHouse, { because: 'reopened', event });
    return changed(moved, effects);
  }
  const base = resolvedBefore
    ? {
        ...quietCase(conversation, before.number + 1),
        timeline: afterClosing(before.timeline, before.closedAt ?? ''),
        previous: before.id,
      }
    : (before ?? quietCase(conversation, 1));
  const subject = withMessage(base, event);
  const { case: placed, effects } = place(subject, event);
  return changed(placed, effects, resolvedBefore ? before : undefined);
}

/** Whether the policy takes this message for more of the same matter. Noise that goes to no desk is none. */
function reopens({ at, reopenWithinSeconds, decision }: MessageEvent, { closedAt = '' }: Case): boolean {
  if (reopenWithinSeconds === undefined || decision.desk === undefined) return false;
  return Date.parse(at) - Date.parse(closedAt) <= reopenWithinSeconds * 1000;
}

/** A resolved case that begins again: what was promised is over, and promises are made anew. */
function afresh(subject: Case): Case {
  return { ...subject, timeline: afterClosing(subject.timeline, subject.closedAt ?? ''), clocks: {} };
}

/** An edit of a message whose case is resolved reopens it when a reason holds for the new words, or they belong to a more careful desk. */
function onEdit(before: Case | undefined, event: MessageEvent, conversation: Conversation): Transition {
  if (before?.state !== 'resolved') return onMessage(before, event, conversation);
  const { reasons: found, route } = event.decision;
  if (found.length === 0 && routeRank[route] <= routeRank[before.route]) return changed(withVersion(before, event));
  const { case: placed, effects } = place(withMessage(before, event), event);
  return changed(placed, effects);
}

/** The case with the message's facts, decision and promises in it; where it goes is decided by `place`. */
function withMessage(subject: Case, event: MessageEvent): Case {
  const { closedAt: _, ...base } = withFacts(subject, event);
  return retimed({ ...base, ...strongest(subject, event.decision) });
}

function withFacts(subject: Case, event: MessageEvent): Case {
  return withTerms(withVersion(subject, event), event);
}

/** The case with one more message, or one more version of it, to be shown; nothing is promised for it. */
function withVersion(subject: Case, event: MessageEvent): Case {
  const { messages } = subject;
  const received = event.type === 'message_received' ? 1 : 0;
  return {
    ...subject,
    public: subject.public || event.public,
    language: messages.count === 0 ? event.language : subject.language,
    messages: {
      ...messages,
      count: messages.count + received,
      firstAt: earlier(event.at, messages.firstAt),
      lastAt: messages.lastAt === undefined || event.at > messages.lastAt ? event.at : messages.lastAt,
      recent: [...messages.recent, { messageKey: shortKeyOf(event.messageKey), eventId: event.id, at: event.at }]
        .sort((a, b) => compareText(a.at, b.at) || compareText(a.eventId, b.eventId))
        .slice(-shownMessages),
    },
  };
}

function withTerms(subject: Case, event: MessageEvent): Case {
  const { targets, desk, policyVersion } = event.decision;
  if (targets === undefined || desk === undefined) return subject;
  const { promise, lease } = promised(targets, policyVersion, event.calendars);
  const takeOver = Object.entries(event.takeOver ?? {}).map(([other, terms]): [string, LeaseTerms] => [
    other,
    stricterTerms(subject.leaseTerms[other], terms),
  ]);
  const leaseTerms = { ...subject.leaseTerms, ...Object.fromEntries(takeOver) };
  return {
    ...subject,
    calendars: {
      ...subject.calendars,
      ...Object.fromEntries((event.calendars ?? []).map((one): [string, Calendar] => [one.version, one])),
    },
    leaseTerms: { ...leaseTerms, [desk]: stricterTerms(leaseTerms[desk], lease) },
    ...(event.counted === undefined
      ? {}
      : { counted: [...new Set([...(subject.counted ?? []), ...event.counted])].sort() }),
    ladders: event.ladder === undefined ? subject.ladders : { ...subject.ladders, [policyVersion]: event.ladder },
    timeline: withAsked(
      subject.timeline,
      {
        at: event.at,
        key: shortKeyOf(event.messageKey),
        ...(event.closing === undefined ? {} : { closing: event.closing }),
        ...(event.replyBy === undefined ? {} : { replyBy: event.replyBy }),
      },
      promise,
    ),
  };
}

/** What targets of a policy promise the customer and ask of the desk; of `calendars` the one that they name. */
export function promised(
  targets: Targets,
  policyVersion: string,
  calendars: readonly Calendar[] = [],
): { promise: Terms; lease: LeaseTerms } {
  const { firstReplySeconds, nextReplySeconds, resolutionSeconds, claimSeconds, answerSeconds } = targets;
  const calendar = calendars.find(({ id }) => id === targets.calendar)?.version;
  const counted = calendar === undefined ? {} : { calendar };
  return {
    promise: {
      policyVersion,
      firstReplySeconds,
      ...(nextReplySeconds === undefined ? {} : { nextReplySeconds }),
      resolutionSeconds,
      ...counted,
    },
    lease: {
      policyVersion,
      ...(claimSeconds === undefined ? {} : { claimSeconds }),
      ...(answerSeconds === undefined ? {} : { answerSeconds }),
      ...counted,
    },
  };
}

/** The case with its clocks computed anew. A breach stays announced as long as the clock was due by then. */
function retimed(subject: Case): Case {
  const { firstReply, nextReplies, resolution } = clocksOf(subject.timeline, subject.calendars, subject.closedAt);
  const clocks: Case['clocks'] = {};
  const set = (name: keyof Case['clocks'], clock: Clock | undefined) => {
    if (clock === undefined) return;
    const { firedAt, stepsFired } = subject.clocks[name] ?? {};
    const stands = firedAt !== undefined && clock.dueAt !== undefined && firedAt >= clock.dueAt;
    clocks[name] = {
      ...clock,
      ...(stands ? { firedAt } : {}),
      ...(stepsFired === undefined ? {} : { stepsFired }),
    };
  };
  set('first_reply', firstReply);
  set('next_reply', nextReplies.at(-1));
  set('resolution', resolution);
  return { ...subject, clocks };
}

type Placement = Pick<
  Case,
  'route' | 'desk' | 'fitting' | 'priority' | 'reasons' | 'doubts' | 'rule' | 'because' | 'policyVersion'
>;

const routeRank: Record<Route, number> = { set_aside: 0, product_ideas: 1, vendor: 2, in_house: 3 };

/**
 * The stronger of where a case is and where one more message would put it. Risk rises and never falls by itself: a soothing second
 * message does not take an image-sensitive case out of the house.
 */
function strongest(subject: Case, decision: Decision): Placement {
  const untouched = subject.policyVersion === '';
  // An outsourced desk that could take the message too keeps the case: another was chosen only for its share, its hours or its backlog.
  const { fitting = [], away = [] } = decision;
  const keeps = subject.route === 'vendor' && [...fitting, ...away].includes(subject.desk ?? '');
  const stays = keeps && decision.route !== 'vendor';
  const stronger = untouched || (!stays && comparePlacement(decision, subject) > 0) ? decision : subject;
  const desk = keeps ? subject.desk : stronger.desk;
  return {
    route: stronger.route,
    ...(desk === undefined ? {} : { desk }),
    ...(stronger.fitting === undefined ? {} : { fitting: stronger.fitting }),
    priority: untouched ? decision.priority : higherPriority(subject.priority, decision.priority),
    reasons: unionOfReasons(subject.reasons, decision.reasons),
    doubts: [...new Set([...subject.doubts, ...decision.doubts])].sort(),
    rule: stronger.rule,
    because: stronger.because,
    policyVersion: stronger.policyVersion,
  };
}

function comparePlacement(
  a: Pick<Placement, 'route' | 'priority' | 'rule' | 'desk'>,
  b: Pick<Placement, 'route' | 'priority' | 'rule' | 'desk'>,
): number {
  if (a.route !== b.route) return routeRank[a.route] - routeRank[b.route];
  if (a.priority !== b.priority) return priorities.indexOf(b.priority) - priorities.indexOf(a.priority);
  return compareText(b.rule, a.rule) || compareText(b.desk ?? '', a.desk ?? '');
}

function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

function higherPriority(a: Priority, b: Priority): Priority {
  return priorities.indexOf(a) <= priorities.indexOf(b) ? a : b;
}

function unionOfReasons(a: readonly Reason[], b: readonly Reason[]): Reason[] {
  return reasons.filter((reason) => a.includes(reason) || b.includes(reason));
}

function laneOf(priority: Priority): Lane {
  return priority === 'urgent' || priority === 'high' ? 'urgent' : 'standard';
}

/** Brings the offer in line with where the case belongs: a first offer, an update, or a recall and an offer elsewhere. */
function place(subject: Case, event: CaseEvent): { case: Case; effects: Effect[] } {
  if (isEmptied(subject)) return withdraw(subject);
  if (subject.desk === undefined) {
    return { case: { ...subject, state: subject.messages.count === 0 ? 'quiet' : 'set_aside' }, effects: [] };
  }
  const waits = isUnanswered(subject.timeline) || !isActive(subject);
  const open: Case = waits ? { ...subject, state: 'open' } : subject;
  const { offer } = open;
  if (offer === undefined) return offerTo(open, subject.desk, event);
  const sameLane = offer.lane === laneOf(open.priority) || offer.claimed;
  if (offer.desk === subject.desk && sameLane) return { case: open, effects: [{ kind: 'update', ...target(offer) }] };
  return moveTo(open, subject.desk, {
    because: offer.desk === subject.desk ? 'priority_changed' : 'risk_changed',
    event,
  });
}

function moveTo(
  subject: Case,
  desk: string,
  { because, event }: { readonly because: string; readonly event: CaseEvent },
): { case: Case; effects: Effect[] } {
  const recall: Effect[] = subject.offer === undefined ? [] : [{ kind: 'recall', ...target(subject.offer), because }];
  const moved = offerTo({ ...subject, desk }, desk, event);
  return { case: moved.case, effects: [...recall, ...moved.effects] };
}

function offerTo(subject: Case, desk: string, { recordedAt, nonce }: CaseEvent): { case: Case; effects: Effect[] } {
  const fence = subject.fence + 1;
  const lease = startLease(subject.leaseTerms[desk], subject.calendars, recordedAt);
  const offer = {
    id: [subject.id, fence, ...(nonce === undefined ? [] : [nonce])].join('-'),
    fence,
    desk,
    lane: laneOf(subject.priority),
    claimed: false,
    lease,
  };
  return { case: { ...subject, fence, offer }, effects: [{ kind: 'offer', ...target(offer) }] };
}

function target(offer: NonNullable<Case['offer']>): { desk: string; lane: Lane; offerId: string; fence: number } {
  return { desk: offer.desk, lane: offer.lane, offerId: offer.id, fence: offer.fence };
}

function withdraw(subject: Case): { case: Case; effects: Effect[] } {
  const { offer, ...rest } = subject;
  const effects: Effect[] =
    offer === undefined ? [] : [{ kind: 'recall', ...target(offer), because: 'deleted_by_author' }];
  return { case: { ...rest, state: 'withdrawn' }, effects };
}

function onDeleted(before: Case, { messageKey, at }: Extract<CaseEvent, { type: 'message_deleted' }>): Transition {
  const key = shortKeyOf(messageKey);
  const subject = retimed({
    ...before,
    timeline: withDeletion(before.timeline, key, at),
    messages: {
      ...before.messages,
      deleted: before.messages.deleted + 1,
      recent: before.messages.recent.filter((shown) => shown.messageKey !== key),
    },
  });
  const erase: Effect[] = before.offer === undefined ? [] : [{ kind: 'erase', ...target(before.offer), messageKey }];
  if (!isEmptied(subject) || !isActive(before)) return changed(subject, erase);
  const { case: withdrawn, effects } = withdraw(subject);
  return changed(withdrawn, [...erase, ...effects]);
}

/** Whether the author has deleted all there was. A message of which only an edit was seen counts nothing. */
function isEmptied({ messages }: Case): boolean {
  return messages.deleted > 0 && messages.deleted >= messages.count;
}

/** The case after an answer of the brand, by whatever way it was given. */
function answeredAt(subject: Case, kind: 'replied' | 'waited', at: string): Case {
  const timeline = withReply(subject.timeline, kind, at);
  const answered = subject.messages.count > 0 && !isUnanswered(timeline);
  const { offer } = subject;
  return retimed({
    ...subject,
    timeline,
    state: answered && subject.state === 'open' ? 'answered' : subject.state,
    ...(answered && offer !== undefined
      ? { offer: { ...offer, lease: fulfilLease(offer.lease, ownershipNames, at) } }
      : {}),
  });
}

function onOutcome(before: Case, event: OutcomeEvent): Transition {
  const { offer } = before;
  if (offer === undefined || offer.fence !== event.fence || offer.id !== event.offerId) return refused('stale_fence');
  if (offer.desk !== event.desk) return refused('foreign_desk');
  if (!isActive(before)) return refused('case_closed');
  const leased = (lease: Lease): Case => ({ ...before, offer: { ...offer, claimed: true, lease } });
  const seenAt = event.at > (offer.seenAt ?? '') ? event.at : offer.seenAt;
  const seen = (subject: Case): Case =>
    subject.offer === undefined || seenAt === undefined ? subject : { ...subject, offer: { ...subject.offer, seenAt } };
  const claimed = leased(fulfilLease(offer.lease, ['claim'], event.at));
  const settled = leased(fulfilLease(offer.lease, ownershipNames, event.at));
  switch (event.type) {
    case 'claimed':
      return changed(seen(claimed));
    case 'heartbeat':
      return changed(
        seen(leased(renewLease(fulfilLease(offer.lease, ['claim'], event.at), before.calendars, event.at))),
      );
    case 'answered':
    case 'waiting_for_customer': {
      const answered = answeredAt(settled, event.type === 'answered' ? 'replied' : 'waited', event.at);
      const state = event.type === 'answered' ? 'answered' : 'waiting';
      return changed({ ...answered, state: isUnanswered(answered.timeline) ? 'open' : state });
    }
    case 'resolved':
      return changed(retimed({ ...settled, state: 'resolved', closedAt: event.at }));
    case 'handed_back': {
      const { case: moved, effects } = moveTo(takenInHouse(before, `handed back: ${event.reason}`), inHouse, {
        because: 'handed_back',
        event,
      });
      return changed(moved, effects);
    }
  }
}

function takenInHouse(subject: Case, because: string): Case {
  return { ...subject, state: 'open', route: 'in_house', desk: inHouse, because };
}

/** New terms for what runs; the desk that has the case is told its new deadlines. */
function onTermsChanged(before: Case, event: Extract<CaseEvent, { type: 'terms_changed' }>): Transition {
  if (!isActive(before)) return refused('case_closed');
  const { at, policyVersion, promises, leases, ladder } = event;
  const calendars = {
    ...before.calendars,
    ...Object.fromEntries(event.calendars.map((one): [string, Calendar] => [one.version, one])),
  };
  const { offer } = before;
  const lease = leases[offer?.desk ?? ''];
  const subject = retimed({
    ...before,
    calendars,
    ladders: ladder === undefined ? before.ladders : { ...before.ladders, [policyVersion]: ladder },
    leaseTerms: {
      ...before.leaseTerms,
      ...Object.fromEntries(Object.entries(leases).map(([desk, { terms }]): [string, LeaseTerms] => [desk, terms])),
    },
    timeline: promises.reduce((timeline, change) => withChange(timeline, { at, ...change }), before.timeline),
    ...(offer === undefined || lease === undefined
      ? {}
      : { offer: { ...offer, lease: changeLease(offer.lease, lease, calendars, at) } }),
  });
  return changed(subject, offer === undefined ? [] : [{ kind: 'update', ...target(offer) }]);
}

/** No person either sends an image-sensitive or doubtful case out of the house. */
function onRerouted(before: Case, event: Extract<CaseEvent, { type: 'rerouted' }>): Transition {
  if (!isActive(before) && before.state !== 'set_aside') return refused('case_closed');
  if (event.route === 'vendor' && before.reasons.length + before.doubts.length > 0) return refused('not_cleared');
  const state = isActive(before) ? before.state : 'open';
  const placed: Case = { ...before, state, route: event.route, desk: event.desk, because: event.because };
  const { case: moved, effects } = moveTo(placed, event.desk, { because: 'rerouted', event });
  return changed(moved, effects);
}

/** What a desk that missed a deadline is told when the case is taken from it. */
const missed: Record<ClockName, { readonly because: string; readonly recall: string }> = {
  first_reply: { because: 'past its promise', recall: 'past_promise' },
  next_reply: { because: 'past its promise', recall: 'past_promise' },
  resolution: { because: 'past its promise', recall: 'past_promise' },
  claim: { because: 'not claimed in time', recall: 'not_claimed' },
  answer: { because: 'nothing heard in time', recall: 'not_answered' },
};

const atRisk = { because: 'close to its deadline', recall: 'deadline_near' };

/** Carries out what the ladder says for this moment of a clock, and tells what has waited for it; each once, or the timer is stale. */
function onTimer(before: Case, event: Extract<CaseEvent, { type: 'timer_fired' }>): Transition {
  const { clock: name, dueAt, at, tellAt = {} } = event;
  if (!isActive(before)) return refused('stale_timer');
  const ahead = aheadOf(before, name);
  // After an outage several moments have passed: what was to be done at them is done once, and nobody is warned of what is broken already.
  const overdue = ahead.some((one) => one.at === dueAt) ? ahead.flatMap((one) => (one.at <= at ? [one.step] : [])) : [];
  const broken = overdue.some(({ seconds }) => seconds >= 0);
  const steps = overdue.filter(({ seconds }) => seconds >= 0 || !broken);
  const isTold = (notice: Case['held'][number]) => notice.clock === name && notice.at === dueAt;
  const told = isStillDue(before, name) ? before.held.filter(isTold) : [];
  if (steps.length === 0 && told.length === 0) return refused('stale_timer');

  const desk = before.desk ?? inHouse;
  const notices = steps.map(({ seconds, tell, do: did }) => ({ clock: name, dueAt, desk, tell, step: seconds, did }));
  const later = notices.flatMap((notice) => {
    const opensAt = tellAt[notice.tell];
    return opensAt !== undefined && opensAt > at ? [{ ...notice, at: opensAt }] : [];
  });
  const now = notices.filter(({ tell }) => (tellAt[tell] ?? '') <= at);
  const held = [...before.held.filter((notice) => !isTold(notice)), ...later];
  const marked = { ...withStepsFired(before, name, overdue, at), held };
  const { case: placed, effects } = steps.length === 0 ? { case: marked, effects: [] } : acted(marked, steps, event);
  const escalations = [...now, ...told.map(({ at: _, ...notice }) => notice)];
  return changed({ ...placed, state: before.state === 'waiting' ? 'waiting' : placed.state }, [
    ...effects,
    ...escalations.map((notice): Effect => ({ kind: 'escalate', ...notice })),
  ]);
}

function withStepsFired(subject: Case, name: ClockName, steps: readonly Step[], at: string): Case {
  const { offer, clocks } = subject;
  const clock = clockNamed(subject, name);
  if (clock === undefined || steps.length === 0) return subject;
  const marked = withSteps(clock, steps, at);
  if (name !== 'claim' && name !== 'answer') return { ...subject, clocks: { ...clocks, [name]: marked } };
  return offer === undefined ? subject : { ...subject, offer: { ...offer, lease: { ...offer.lease, [name]: marked } } };
}

/** The case after the strongest action of these steps; whatever is done, it goes first from then on. */
function acted(
  before: Case,
  steps: readonly Step[],
  event: Extract<CaseEvent, { type: 'timer_fired' }>,
): { case: Case; effects: Effect[] } {
  const subject = { ...before, priority: raised(before.priority) };
  const strongestAction = stepActions.findLast((action) => steps.some((step) => step.do === action));
  if (subject.route === 'in_house' || strongestAction === 'raise_priority') return place(subject, event);
  const { because, recall } = steps.every(({ seconds }) => seconds < 0) ? atRisk : missed[event.clock];
  const fitting = (subject.fitting ?? []).filter((desk) => desk !== subject.desk);
  const there = fitting.filter((desk) => event.away?.includes(desk) !== true);
  const [other] = strongestAction === 'other_desk' && subject.route === 'vendor' ? there : [];
  return other === undefined
    ? moveTo(takenInHouse(subject, because), inHouse, { because: recall, event })
    : moveTo({ ...subject, fitting, state: 'open' }, other, { because: recall, event });
}

function raised(priority: Priority): Priority {
  return priorities[Math.max(0, priorities.indexOf(priority) - 1)] ?? 'urgent';
}
