import { createHash } from 'node:crypto';
import * as z from 'zod';
import { type Reason, reasons } from './assessment.ts';
import {
  type Clock,
  type ClockName,
  clockNameSchema,
  clockNames,
  clockSchema,
  earlier,
  fulfil,
  isPending,
  promise,
} from './clocks.ts';
import {
  type Decision,
  decisionSchema,
  type Priority,
  priorities,
  prioritySchema,
  type Route,
  routeSchema,
} from './decision.ts';
import { authorSchema, channelSchema } from './inbound-event.ts';

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
};

const messageFields = {
  messageKey: z.string(),
  messageId: z.string(),
  author: authorSchema,
  public: z.boolean(),
  language: z.string(),
  decision: decisionSchema,
  permalink: z.string().optional(),
  attachments: z.array(z.string()).optional(),
  rating: z.number().optional(),
};

const outcomeFields = { offerId: z.string(), fence: z.number().int(), desk: z.string() };

/** Everything that can happen to a case. The customer's words are stored beside the event, so that they can be erased. */
export const caseEventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('message_received'), ...eventBase, ...messageFields }),
  z.object({ type: z.literal('message_edited'), ...eventBase, ...messageFields }),
  z.object({ type: z.literal('message_deleted'), ...eventBase, messageKey: z.string() }),
  z.object({ type: z.literal('own_reply'), ...eventBase, messageKey: z.string() }),
  z.object({ type: z.literal('claimed'), ...eventBase, ...outcomeFields }),
  z.object({ type: z.literal('answered'), ...eventBase, ...outcomeFields }),
  z.object({ type: z.literal('waiting_for_customer'), ...eventBase, ...outcomeFields }),
  z.object({ type: z.literal('resolved'), ...eventBase, ...outcomeFields }),
  z.object({ type: z.literal('handed_back'), ...eventBase, ...outcomeFields, reason: z.string() }),
  z.object({ type: z.literal('timer_fired'), ...eventBase, clock: clockNameSchema, dueAt: instant }),
]);
export type CaseEvent = z.infer<typeof caseEventSchema>;
type MessageEvent = Extract<CaseEvent, { type: 'message_received' | 'message_edited' }>;
type OutcomeEvent = Extract<CaseEvent, { offerId: string }>;

export const laneSchema = z.enum(['urgent', 'standard']);
export type Lane = z.infer<typeof laneSchema>;

const offerSchema = z.object({
  id: z.string(),
  /** Grows with every hand-over of the case; an outcome that carries an older one is refused. */
  fence: z.number().int(),
  desk: z.string(),
  lane: laneSchema,
  claimed: z.boolean(),
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
    /** The latest messages and edits, oldest first: what a desk is shown. */
    recent: z.array(z.object({ messageKey: z.string(), eventId: z.string(), at: instant })),
  }),
  /** The brand's last answers, oldest first: what a late message is judged against. */
  replies: z.array(instant),
  clocks: z.partialRecord(clockNameSchema, clockSchema),
  closedAt: instant.optional(),
  /** The case of the same conversation that was resolved before this one. */
  previous: z.string().optional(),
});
export type Case = z.infer<typeof caseSchema>;

const deskEffectFields = { desk: z.string(), lane: laneSchema, offerId: z.string(), fence: z.number().int() };

/** What the world is told after the write. Small on purpose: it is stored with its event, so that a twin can tell it again. */
export const effectSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('offer'), ...deskEffectFields }),
  z.object({ kind: z.literal('update'), ...deskEffectFields }),
  z.object({ kind: z.literal('recall'), ...deskEffectFields, because: z.string() }),
  z.object({ kind: z.literal('erase'), ...deskEffectFields, messageKey: z.string() }),
  z.object({ kind: z.literal('escalate'), clock: clockNameSchema, dueAt: instant, desk: z.string() }),
]);
export type Effect = z.infer<typeof effectSchema>;

export type RefusalReason = 'unknown_case' | 'stale_fence' | 'foreign_desk' | 'case_closed' | 'stale_timer';

export type Transition =
  | { readonly kind: 'changed'; readonly case: Case; readonly effects: readonly Effect[]; readonly closes?: Case }
  | { readonly kind: 'refused'; readonly reason: RefusalReason };

const keptReplies = 8;
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
      return before === undefined ? refused('unknown_case') : onDeleted(before, event.messageKey);
    case 'own_reply':
      return changed(withReply(before ?? quietCase(conversation, 1), event.at));
    case 'claimed':
    case 'answered':
    case 'waiting_for_customer':
    case 'resolved':
    case 'handed_back':
      return before === undefined ? refused('unknown_case') : onOutcome(before, event);
    case 'timer_fired':
      return before === undefined ? refused('unknown_case') : onTimer(before, event);
  }
}

/** The earliest promise still to be announced, or `undefined` when nothing can fall due. */
export function nextDue(subject: Case): { clock: ClockName; dueAt: string } | undefined {
  if (!isActive(subject)) return undefined;
  return clockNames
    .flatMap((clock) => {
      const found = subject.clocks[clock];
      return found !== undefined && isPending(found) ? [{ clock, dueAt: found.dueAt }] : [];
    })
    .sort((a, b) => (a.dueAt < b.dueAt ? -1 : 1))[0];
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
    replies: [],
    clocks: {},
  };
}

function onMessage(before: Case | undefined, event: MessageEvent, conversation: Conversation): Transition {
  const resolvedBefore = before?.state === 'resolved' && event.at > (before.closedAt ?? '');
  const base = resolvedBefore
    ? { ...quietCase(conversation, before.number + 1), replies: before.replies, previous: before.id }
    : (before ?? quietCase(conversation, 1));
  const subject = withMessage(base, event);
  const { case: placed, effects } = place(subject);
  return changed(placed, effects, resolvedBefore ? before : undefined);
}

/** An edit of a message whose case is resolved reopens it only when the new words are more serious than the old. */
function onEdit(before: Case | undefined, event: MessageEvent, conversation: Conversation): Transition {
  if (before?.state !== 'resolved') return onMessage(before, event, conversation);
  if (routeRank[event.decision.route] <= routeRank[before.route]) return changed(before);
  const { case: placed, effects } = place(withMessage(before, event));
  return changed(placed, effects);
}

/** The case with the message's facts, decision and promises in it; where it goes is decided by `place`. */
function withMessage(subject: Case, event: MessageEvent): Case {
  const { closedAt: _, ...base } = subject;
  const received = event.type === 'message_received' ? 1 : 0;
  return withClocks(
    {
      ...base,
      ...strongest(subject, event.decision),
      public: subject.public || event.public,
      language: subject.messages.count === 0 ? event.language : subject.language,
      messages: {
        ...subject.messages,
        count: subject.messages.count + received,
        firstAt: earlier(event.at, subject.messages.firstAt),
        lastAt:
          subject.messages.lastAt === undefined || event.at > subject.messages.lastAt
            ? event.at
            : subject.messages.lastAt,
        recent: [...subject.messages.recent, { messageKey: event.messageKey, eventId: event.id, at: event.at }]
          .sort((a, b) => compareText(a.at, b.at) || compareText(a.eventId, b.eventId))
          .slice(-shownMessages),
      },
    },
    event,
  );
}

function withClocks(subject: Case, event: MessageEvent): Case {
  const { targets } = event.decision;
  if (targets === undefined) return subject;
  return {
    ...subject,
    clocks: {
      first_reply: fulfil(promise(subject.clocks.first_reply, event.at, targets.firstReplySeconds), subject.replies),
      resolution: fulfil(promise(subject.clocks.resolution, event.at, targets.resolutionSeconds), []),
    },
  };
}

type Placement = Pick<
  Case,
  'route' | 'desk' | 'priority' | 'reasons' | 'doubts' | 'rule' | 'because' | 'policyVersion'
>;

const routeRank: Record<Route, number> = { set_aside: 0, product_ideas: 1, vendor: 2, in_house: 3 };

/**
 * The stronger of where a case is and where one more message would put it. Risk rises and never falls by itself: a soothing second
 * message does not take an image-sensitive case out of the house.
 */
function strongest(subject: Case, decision: Decision): Placement {
  const untouched = subject.policyVersion === '';
  const stronger = untouched || comparePlacement(decision, subject) > 0 ? decision : subject;
  return {
    route: stronger.route,
    ...(stronger.desk === undefined ? {} : { desk: stronger.desk }),
    priority: untouched ? decision.priority : higherPriority(subject.priority, decision.priority),
    reasons: unionOfReasons(subject.reasons, decision.reasons),
    doubts: [...new Set([...subject.doubts, ...decision.doubts])].sort(),
    rule: stronger.rule,
    because: stronger.because,
    policyVersion: stronger.policyVersion,
  };
}

function comparePlacement(
  a: Pick<Placement, 'route' | 'priority' | 'rule'>,
  b: Pick<Placement, 'route' | 'priority' | 'rule'>,
): number {
  if (a.route !== b.route) return routeRank[a.route] - routeRank[b.route];
  if (a.priority !== b.priority) return priorities.indexOf(b.priority) - priorities.indexOf(a.priority);
  return compareText(b.rule, a.rule);
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
function place(subject: Case): { case: Case; effects: Effect[] } {
  if (isEmptied(subject)) return withdraw(subject);
  if (subject.desk === undefined) {
    return { case: { ...subject, state: subject.messages.count === 0 ? 'quiet' : 'set_aside' }, effects: [] };
  }
  const open: Case = { ...subject, state: 'open' };
  const { offer } = open;
  if (offer === undefined) return offerTo(open, subject.desk);
  const sameLane = offer.lane === laneOf(open.priority) || offer.claimed;
  if (offer.desk === subject.desk && sameLane) return { case: open, effects: [{ kind: 'update', ...target(offer) }] };
  return moveTo(open, subject.desk, offer.desk === subject.desk ? 'priority_changed' : 'risk_changed');
}

function moveTo(subject: Case, desk: string, because: string): { case: Case; effects: Effect[] } {
  const recall: Effect[] = subject.offer === undefined ? [] : [{ kind: 'recall', ...target(subject.offer), because }];
  const moved = offerTo({ ...subject, desk }, desk);
  return { case: moved.case, effects: [...recall, ...moved.effects] };
}

function offerTo(subject: Case, desk: string): { case: Case; effects: Effect[] } {
  const fence = subject.fence + 1;
  const offer = { id: `${subject.id}-${fence}`, fence, desk, lane: laneOf(subject.priority), claimed: false };
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

function onDeleted(before: Case, messageKey: string): Transition {
  const subject = {
    ...before,
    messages: {
      ...before.messages,
      deleted: before.messages.deleted + 1,
      recent: before.messages.recent.filter((shown) => shown.messageKey !== messageKey),
    },
  };
  const erase: Effect[] = before.offer === undefined ? [] : [{ kind: 'erase', ...target(before.offer), messageKey }];
  if (!isEmptied(subject) || !isActive(before)) return changed(subject, erase);
  const { case: withdrawn, effects } = withdraw(subject);
  return changed(withdrawn, [...erase, ...effects]);
}

/** Whether the author has deleted all there was. A message of which only an edit was seen counts nothing. */
function isEmptied({ messages }: Case): boolean {
  return messages.deleted > 0 && messages.deleted >= messages.count;
}

function withReply(subject: Case, at: string): Case {
  const replies = [...new Set([...subject.replies, at])].sort().slice(-keptReplies);
  const first = subject.clocks.first_reply;
  const answered = first !== undefined && at >= first.startedAt;
  return {
    ...subject,
    replies,
    state: answered && subject.state === 'open' ? 'answered' : subject.state,
    clocks: first === undefined ? subject.clocks : { ...subject.clocks, first_reply: fulfil(first, replies) },
  };
}

function onOutcome(before: Case, event: OutcomeEvent): Transition {
  const { offer } = before;
  if (offer === undefined || offer.fence !== event.fence || offer.id !== event.offerId) return refused('stale_fence');
  if (offer.desk !== event.desk) return refused('foreign_desk');
  if (!isActive(before)) return refused('case_closed');
  const claimed: Case = { ...before, offer: { ...offer, claimed: true } };
  switch (event.type) {
    case 'claimed':
      return changed(claimed);
    case 'answered':
      return changed({ ...withReply(claimed, event.at), state: 'answered' });
    case 'waiting_for_customer':
      return changed({ ...withReply(claimed, event.at), state: 'waiting' });
    case 'resolved':
      return changed(resolve(claimed, event.at));
    case 'handed_back': {
      const { case: moved, effects } = moveTo(
        takenInHouse(before, `handed back: ${event.reason}`),
        inHouse,
        'handed_back',
      );
      return changed(moved, effects);
    }
  }
}

function takenInHouse(subject: Case, because: string): Case {
  return { ...subject, state: 'open', route: 'in_house', desk: inHouse, because };
}

function resolve(subject: Case, at: string): Case {
  const end = (clock: Clock | undefined): Clock | undefined =>
    clock === undefined || clock.fulfilledAt !== undefined ? clock : { ...clock, fulfilledAt: at };
  const first = end(subject.clocks.first_reply);
  const resolution = end(subject.clocks.resolution);
  return {
    ...subject,
    state: 'resolved',
    closedAt: at,
    clocks: {
      ...(first === undefined ? {} : { first_reply: first }),
      ...(resolution === undefined ? {} : { resolution }),
    },
  };
}

function onTimer(before: Case, event: Extract<CaseEvent, { type: 'timer_fired' }>): Transition {
  const clock = before.clocks[event.clock];
  if (!isActive(before) || clock === undefined || !isPending(clock) || clock.dueAt !== event.dueAt) {
    return refused('stale_timer');
  }
  const late: Case = {
    ...before,
    priority: raised(before.priority),
    clocks: { ...before.clocks, [event.clock]: { ...clock, firedAt: event.at } },
  };
  const { case: placed, effects } =
    late.route === 'in_house' ? place(late) : moveTo(takenInHouse(late, 'past its promise'), inHouse, 'past_promise');
  const escalate: Effect = { kind: 'escalate', clock: event.clock, dueAt: event.dueAt, desk: before.desk ?? inHouse };
  return changed({ ...placed, state: before.state === 'waiting' ? 'waiting' : placed.state }, [...effects, escalate]);
}

function raised(priority: Priority): Priority {
  return priorities[Math.max(0, priorities.indexOf(priority) - 1)] ?? 'urgent';
}
