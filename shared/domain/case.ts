import * as z from 'zod';
import { findingSchema } from './assessment.ts';
import { calendarSchema } from './calendar.ts';
import { clockNameSchema, clockSchema, promiseNameSchema } from './clocks.ts';
import { decisionSchema, prioritySchema, routeSchema } from './decision.ts';
import { ladderSchema, stepActions } from './escalation.ts';
import { authorSchema, channelSchema } from './inbound-event.ts';
import { leaseSchema, leaseTermsSchema } from './lease.ts';
import { onChangeSchema, termsSchema, timelineSchema } from './promises.ts';

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
export type MessageEvent = Extract<CaseEvent, { type: 'message_received' | 'message_edited' }>;
export type OutcomeEvent = Extract<CaseEvent, { offerId: string }>;

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

/** Whether a desk still has something to do for the case. */
export function isActive(subject: Case): boolean {
  return subject.state === 'open' || subject.state === 'answered' || subject.state === 'waiting';
}
