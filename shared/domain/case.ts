import { createHash } from 'node:crypto';
import * as z from 'zod';
import { findingSchema, type Reason, reasons } from './assessment.ts';
import { type Calendar, calendarSchema } from './calendar.ts';
import {
  type Clock,
  type ClockName,
  clockNameSchema,
  clockNames,
  clockSchema,
  earlier,
  isOver,
  ownershipNames,
  promiseNameSchema,
  promiseNames,
} from './clocks.ts';
import {
  type Decision,
  decisionSchema,
  type Priority,
  priorities,
  prioritySchema,
  type Route,
  routeSchema,
  type Targets,
} from './decision.ts';
import { ladderSchema, plainLadder, type Step, stepActions, stepsAhead, withSteps } from './escalation.ts';
import { authorSchema, channelSchema } from './inbound-event.ts';
import {
  changeLease,
  fulfilLease,
  type Lease,
  type LeaseTerms,
  leaseSchema,
  leaseTermsSchema,
  renewLease,
  startLease,
  stricterTerms,
} from './lease.ts';
import {
  afterClosing,
  clocksOf,
  emptyTimeline,
  isUnanswered,
  onChangeSchema,
  type Terms,
  termsSchema,
  timelineSchema,
  withAsked,
  withChange,
  withDeletion,
  withReply,
} from './promises.ts';

/** What identifies a conversation: one author in one thread on one account. */
export const conversationSchema = z.object({
  channel: channelSchema,
  accountId: z.string(),
  thread: z.string(),
  /** The author's id, or the message's own key where the platform names no author. */
  author: z.string(),
});
export type Conversation = z.infer<typeof conversationSchema>;

const instant = z.iso.datetime();

const eventBase = {
  /** The same thing learnt twice has the same id: writing it under this id is the deduplication. */
  id: z.string().min(1),
  /** When it happened, by the clock of whoever did it. */
  at: instant,
  recordedAt: instant,
  /** Random: what this event offers gets an id that nobody can guess who was not offered it. */
  nonce: z.string().optional(),
};

const messageFields = {
  /** When the platform's post was stored; absent in events written before it was kept. */
  receivedAt: instant.optional(),
  messageKey: z.string(),
  messageId: z.string(),
  author: authorSchema,
  public: z.boolean(),
  language: z.string(),
  decision: decisionSchema,
  permalink: z.string().optional(),
  /** The message that this one answers, by the platform's id. */
  inReplyTo: z.string().optional(),
  attachments: z.array(z.string()).optional(),
  rating: z.number().optional(),
  /** Where an analyser found personal data in these words, for whoever must not see it. */
  personalData: z.array(findingSchema).optional(),
  /** Its wording is abusive, whatever its matter. */
  abusive: z.literal(true).optional(),
  /** Only thanks or a goodbye (`isThanks`), from which no clock starts again. */
  closing: z.literal(true).optional(),
  /** Private messages: the last moment the platform takes an answer, less the policy's margin. */
  replyBy: instant.optional(),
  /** So long after its end this message reopens a resolved case; later, or where absent, it opens the next one. */
  reopenWithinSeconds: z.number().int().optional(),
  /** The calendars named in the decision's targets and in `takeOver`, whole: a replay needs nothing but the events. */
  calendars: z.array(calendarSchema).optional(),
  /** By desk: what it owes if the case comes to it later. */
  takeOver: z.record(z.string(), leaseTermsSchema).optional(),
  /** What is done around each deadline. */
  ladder: ladderSchema.optional(),
  /** The desks among those that may get the case for which a backlog is agreed. */
  counted: z.array(z.string()).optional(),
};

const outcomeFields = {
  offerId: z.string(),
  fence: z.number().int(),
  desk: z.string(),
  /** Who reported it, where that was a person at the console. */
  by: z.string().optional(),
};

/** Why a desk gives a case back, for counting; the reason in its own words stands beside it. */
export const handBackCodeSchema = z.enum([
  'needs_in_house',
  'wrong_language',
  'duplicate',
  'spam',
  'idea',
  'abusive',
  'cannot_resolve',
  'proposes_crisis',
  'other',
]);

/** Everything that can happen to a case. The customer's words are stored beside the event, so that they can be erased. */
export const caseEventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('message_received'), ...eventBase, ...messageFields }),
  z.object({ type: z.literal('message_edited'), ...eventBase, ...messageFields }),
  z.object({ type: z.literal('message_deleted'), ...eventBase, messageKey: z.string() }),
  z.object({ type: z.literal('own_reply'), ...eventBase, messageKey: z.string() }),
  z.object({ type: z.literal('claimed'), ...eventBase, ...outcomeFields }),
  z.object({ type: z.literal('heartbeat'), ...eventBase, ...outcomeFields }),
  z.object({ type: z.literal('answered'), ...eventBase, ...outcomeFields }),
  z.object({ type: z.literal('waiting_for_customer'), ...eventBase, ...outcomeFields }),
  z.object({ type: z.literal('resolved'), ...eventBase, ...outcomeFields }),
  z.object({
    type: z.literal('handed_back'),
    ...eventBase,
    ...outcomeFields,
    code: handBackCodeSchema,
    reason: z.string(),
  }),
  z.object({
    type: z.literal('timer_fired'),
    ...eventBase,
    clock: clockNameSchema,
    /** The moment that had come: the deadline, or that of a step before or after it. */
    dueAt: instant,
    /** By level: when it may be told, where that is later. */
    tellAt: z.record(z.string(), instant).optional(),
    /** Outsourced desks that take no new case then: closed, or with their agreed backlog. */
    away: z.array(z.string()).optional(),
  }),
  /** Somebody moves the case, against what was decided. */
  z.object({
    type: z.literal('rerouted'),
    ...eventBase,
    route: routeSchema.exclude(['set_aside']),
    desk: z.string(),
    because: z.string(),
    by: z.string(),
  }),
  /** Somebody says that the decision was wrong; nothing moves. */
  z.object({ type: z.literal('marked_misrouted'), ...eventBase, because: z.string(), by: z.string() }),
  /** Somebody has seen the case's escalations and looks after it. */
  z.object({ type: z.literal('escalation_acknowledged'), ...eventBase, by: z.string() }),
  /** A new policy says that its terms hold for what was promised before, too. */
  z.object({
    type: z.literal('terms_changed'),
    ...eventBase,
    policyVersion: z.string(),
    promises: z.array(z.object({ from: z.string(), how: onChangeSchema, terms: termsSchema })),
    /** By desk: what it owes from then on. */
    leases: z.record(z.string(), z.object({ how: onChangeSchema, terms: leaseTermsSchema })),
    calendars: z.array(calendarSchema),
    ladder: ladderSchema.optional(),
  }),
]);
export type CaseEvent = z.infer<typeof caseEventSchema>;
type MessageEvent = Extract<CaseEvent, { type: 'message_received' | 'message_edited' }>;
type OutcomeEvent = Extract<CaseEvent, { offerId: string }>;

export const laneSchema = z.enum(['urgent', 'standard']);
export type Lane = z.infer<typeof laneSchema>;

/** What a step of the ladder did, and whom it tells. */
const escalationFields = {
  clock: clockNameSchema,
  /** The moment of the step. */
  dueAt: instant,
  /** Desk that had the case then. */
  desk: z.string(),
  tell: z.string(),
  /** Seconds from the deadline; negative: before it. */
  step: z.number().int(),
  did: z.enum(stepActions),
};
const heldSchema = z.object({ ...escalationFields, at: instant });

const offerSchema = z.object({
  id: z.string(),
  /** Grows with every hand-over of the case; an outcome that carries an older one is refused. */
  fence: z.number().int(),
  desk: z.string(),
  lane: laneSchema,
  claimed: z.boolean(),
  /** The last claim or heartbeat: while they come, nobody further up is told. */
  seenAt: instant.optional(),
  /** What the desk owes for it. */
  lease: leaseSchema,
});

export const caseSchema = z.object({
  id: z.string(),
  /** Counts the cases of one conversation; at most the last one is open. */
  number: z.number().int().positive(),
  conversation: conversationSchema,
  /** Grows by one with each event. */
  version: z.number().int().nonnegative(),
  /** `quiet`: only the brand has spoken. `withdrawn`: the author deleted every message. */
  state: z.enum(['quiet', 'open', 'answered', 'waiting', 'resolved', 'set_aside', 'withdrawn']),
  /** Where the case is now: as decided, or in-house once it was handed back or past its promise. */
  route: routeSchema,
  desk: z.string().optional(),
  priority: prioritySchema,
  reasons: decisionSchema.shape.reasons,
  doubts: decisionSchema.shape.doubts,
  rule: z.string(),
  because: z.string(),
  policyVersion: z.string(),
  public: z.boolean(),
  language: z.string(),
  offer: offerSchema.optional(),
  fence: z.number().int().nonnegative(),
  messages: z.object({
    count: z.number().int().nonnegative(),
    deleted: z.number().int().nonnegative(),
    firstAt: instant.optional(),
    lastAt: instant.optional(),
    /** The latest messages and edits, oldest first: what a desk is shown. Keys are short ones. */
    recent: z.array(z.object({ messageKey: z.string(), eventId: z.string(), at: instant })),
  }),
  /** What the clocks are computed from. */
  timeline: timelineSchema,
  /** The calendars of its promises by version. */
  calendars: z.record(z.string(), calendarSchema),
  /** The promises to the customer, running or kept; of next replies the last. */
  clocks: z.partialRecord(promiseNameSchema, clockSchema),
  /** By desk: what it owes for an offer. */
  leaseTerms: z.record(z.string(), leaseTermsSchema),
  /** What is done around each deadline, by policy version. */
  ladders: z.record(z.string(), ladderSchema),
  /** What waits for the hours in which people may be told. */
  held: z.array(heldSchema),
  /** The outsourced desks that could take it. */
  fitting: z.array(z.string()).optional(),
  /** The desks for which it counts towards an agreed backlog. */
  counted: z.array(z.string()).optional(),
  closedAt: instant.optional(),
  /** The case of the same conversation that was resolved before this one. */
  previous: z.string().optional(),
  /** Somebody says that it was decided wrongly. */
  misrouted: z.literal(true).optional(),
  /** When somebody last took note of its escalations. */
  acknowledgedAt: instant.optional(),
});
export type Case = z.infer<typeof caseSchema>;

const deskEffectFields = { desk: z.string(), lane: laneSchema, offerId: z.string(), fence: z.number().int() };

/** What the world is told after the write. Small on purpose: it is stored with its event, so that a twin can tell it again. */
export const effectSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('offer'), ...deskEffectFields }),
  z.object({ kind: z.literal('update'), ...deskEffectFields }),
  z.object({ kind: z.literal('recall'), ...deskEffectFields, because: z.string() }),
  z.object({ kind: z.literal('erase'), ...deskEffectFields, messageKey: z.string() }),
  z.object({ kind: z.literal('escalate'), ...escalationFields }),
]);
export type Effect = z.infer<typeof effectSchema>;

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

/** Partition of a conversation's thread: all that happens in it is stored together, whoever its author. */
export function partitionOf(conversation: Pick<Conversation, 'channel' | 'accountId' | 'thread'>): string {
  return digest([conversation.channel, conversation.accountId, conversation.thread].join('\n'), 20);
}

/** Short name of the author inside a partition. */
export function authorKeyOf(author: string): string {
  return digest(author, 10);
}

/** Short name of an account, by which it is counted. */
export function accountKeyOf({ channel, accountId }: Pick<Conversation, 'channel' | 'accountId'>): string {
  return digest([channel, accountId].join('\n'), 8);
}

/** On these channels a page knows a person by the id that it has on another: both are page-scoped (developers.facebook.com/docs/graph-api/webhooks/reference/page). */
const sameIdsAs: Readonly<Record<string, string>> = { messenger: 'facebook' };

/** Short name of a person as an account knows them, whatever the thread: the same in a comment and in a private message, where the platform gives one id in both. */
export function personKeyOf({ channel, accountId, author }: Conversation): string {
  return digest([sameIdsAs[channel] ?? channel, accountId, author].join('\n'), 20);
}

/** A case id holds its partition and author, so that an outcome finds its case by key. */
export function caseIdOf(conversation: Conversation, number: number): string {
  return `${partitionOf(conversation)}-${authorKeyOf(conversation.author)}-${number}`;
}

/** The parts of a case id, or `undefined` for text that is none. */
export function parseCaseId(id: string): { partition: string; authorKey: string; number: number } | undefined {
  const match = /^([0-9a-f]{20})-([0-9a-f]{10})-([1-9][0-9]{0,8})$/.exec(id);
  if (match === null) return undefined;
  const [, partition = '', authorKey = '', number = ''] = match;
  return { partition, authorKey, number: Number(number) };
}

/**
 * A message key as cases and the ids of their events carry it: a long one (Messenger's and Instagram's have 60 to 180 characters) by 96 bits of its hash, so that
 * a case stays small whatever the platform.
 */
export function shortKeyOf(messageKey: string): string {
  return messageKey.length <= 40
    ? messageKey
    : createHash('sha256').update(messageKey).digest('base64url').slice(0, 16);
}

function digest(text: string, length: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, length);
}

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

/** The earliest moment at which a clock asks for something to be done or told, or `undefined` when there is none. */
export function nextDue(subject: Case): { clock: ClockName; dueAt: string } | undefined {
  if (!isActive(subject)) return undefined;
  const steps = clockNames.flatMap((clock) => aheadOf(subject, clock).map(({ at }) => ({ clock, dueAt: at })));
  const held = subject.held.filter((notice) => isStillDue(subject, notice.clock));
  return [...steps, ...held.map(({ clock, at }) => ({ clock, dueAt: at }))].sort((a, b) =>
    compareText(a.dueAt, b.dueAt),
  )[0];
}

/** The earliest deadline that is still owed, be it missed already; `undefined` when none is. */
export function pressingDeadline(subject: Case): { clock: ClockName; dueAt: string } | undefined {
  if (!isActive(subject)) return undefined;
  return [...clocksByName(subject)]
    .flatMap(([clock, one]) => (one.dueAt !== undefined && !isOver(one) ? [{ clock, dueAt: one.dueAt }] : []))
    .sort((a, b) => compareText(a.dueAt, b.dueAt))[0];
}

function clockNamed({ clocks, offer }: Case, name: ClockName): Clock | undefined {
  return name === 'claim' || name === 'answer' ? offer?.lease[name] : clocks[name];
}

function aheadOf(subject: Case, name: ClockName): ReturnType<typeof stepsAhead> {
  const clock = clockNamed(subject, name);
  if (clock === undefined) return [];
  const seenAt = [subject.offer?.seenAt, subject.acknowledgedAt]
    .filter((at) => at !== undefined)
    .sort()
    .at(-1);
  return stepsAhead(name, clock, subject.ladders[clock.policyVersion] ?? plainLadder, seenAt);
}

/** Whether what people are to be told of a clock is still so: what a desk owed for an offer, while nobody has answered. */
function isStillDue(subject: Case, name: ClockName): boolean {
  if (name === 'claim' || name === 'answer') return subject.state === 'open';
  const clock = subject.clocks[name];
  return clock !== undefined && !isOver(clock);
}

/** All clocks of a case: promises to the customer, and what the desk owes for the offer. */
export function clocksByName({ clocks, offer }: Case): ReadonlyMap<ClockName, Clock> {
  const named = [
    ...promiseNames.map((name) => [name, clocks[name]] as const),
    ...ownershipNames.map((name) => [name, offer?.lease[name]] as const),
  ];
  return new Map(named.flatMap(([name, clock]) => (clock === undefined ? [] : [[name, clock] as const])));
}

/** Whether a desk still has something to do for the case. */
export function isActive(subject: Case): boolean {
  return subject.state === 'open' || subject.state === 'answered' || subject.state === 'waiting';
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
