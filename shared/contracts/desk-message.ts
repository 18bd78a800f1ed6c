import * as z from 'zod';
import { assessmentSchema } from '../domain/assessment.ts';
import { clockNameSchema } from '../domain/clocks.ts';
import { decisionSchema, prioritySchema } from '../domain/decision.ts';
import { stepActions } from '../domain/escalation.ts';
import { channelSchema } from '../domain/inbound-event.ts';

const customerMessageSchema = z.object({
  id: z.string(),
  /** The customer's words; redacted for outsourced desks, empty when only a picture or sticker was sent. */
  text: z.string(),
  postedAt: z.iso.datetime(),
  edited: z.boolean(),
  permalink: z.string().optional(),
  /** The message that this one answers, by the platform's id: a comment, or what the brand wrote. */
  inReplyTo: z.string().optional(),
  attachments: z.array(z.string()).optional(),
  rating: z.number().optional(),
  /** Kinds of personal data that were masked, with counts. */
  masked: z.array(z.object({ kind: z.string(), count: z.number().int().positive() })).optional(),
  /** Its wording is abusive, so that a tool can cover it until somebody wants to read it; the matter stands. */
  abusive: z.literal(true).optional(),
});

const handOverFields = {
  caseId: z.string(),
  offerId: z.string(),
  /** Carry it in every outcome; once a case was offered again, older fences are refused. */
  fence: z.number().int().positive(),
  /** Grows with every change of the case: of two messages, the higher version is the newer. */
  version: z.number().int().nonnegative(),
};

const caseFields = {
  ...handOverFields,
  channel: channelSchema,
  accountId: z.string(),
  public: z.boolean(),
  language: assessmentSchema.shape.language.shape.code,
  priority: prioritySchema,
  reasons: decisionSchema.shape.reasons,
  doubts: decisionSchema.shape.doubts,
  because: z.string(),
  rule: z.string(),
  policyVersion: z.string(),
  /** UTC; absent once the promise was kept, while its clock stands still, and where none was made. */
  deadlines: z.object({
    firstReply: z.iso.datetime().optional(),
    nextReply: z.iso.datetime().optional(),
    resolution: z.iso.datetime().optional(),
    /** Unclaimed by then, the case goes to another desk. */
    claim: z.iso.datetime().optional(),
    /** Without an answer or a heartbeat by then, the case goes to another desk. */
    answer: z.iso.datetime().optional(),
  }),
  allowedActions: z.array(
    z.enum(['claimed', 'heartbeat', 'answered', 'waiting_for_customer', 'resolved', 'handed_back']),
  ),
  messages: z.array(customerMessageSchema),
};

const cloudEvent = {
  specversion: z.literal('1.0'),
  /** The same for every delivery of one thing: drop what you have seen. */
  id: z.string(),
  source: z.literal('vigie'),
  time: z.iso.datetime(),
  datacontenttype: z.literal('application/json'),
  /** The case. */
  subject: z.string(),
};

/** What a desk finds on its queues: CloudEvents 1.0, one case's messages in order. */
export const deskMessageSchema = z.discriminatedUnion('type', [
  z.object({ ...cloudEvent, type: z.literal('case.offered'), data: z.object(caseFields) }),
  z.object({ ...cloudEvent, type: z.literal('case.updated'), data: z.object(caseFields) }),
  z.object({
    ...cloudEvent,
    type: z.literal('case.recalled'),
    data: z.object({ ...handOverFields, because: z.string() }),
  }),
  z.object({
    ...cloudEvent,
    type: z.literal('case.erased'),
    data: z.object({ ...handOverFields, messageId: z.string() }),
  }),
  z.object({
    ...cloudEvent,
    type: z.literal('outcome.refused'),
    data: z.object({ outcomeId: z.string(), caseId: z.string(), offerId: z.string(), because: z.string() }),
  }),
]);
export type DeskMessage = z.infer<typeof deskMessageSchema>;
export type CustomerMessage = z.infer<typeof customerMessageSchema>;

/** A step of the ladder, told to people through the escalation topic: all cases that took it at about the same time; never the customer's words. */
export const escalationNoticeSchema = z.object({
  /** Level of people that is meant, with its title in the policy. */
  tell: z.string(),
  title: z.string(),
  clock: clockNameSchema,
  /** Seconds from the deadline; negative: it is still to come. */
  step: z.number().int(),
  did: z.enum(stepActions),
  /** Desk that had the cases. */
  desk: z.string(),
  cases: z
    .array(
      z.object({
        /** The same for every delivery of one thing. */
        id: z.string(),
        caseId: z.string(),
        /** The moment of the step. */
        dueAt: z.iso.datetime(),
        priority: prioritySchema,
        reasons: decisionSchema.shape.reasons,
        channel: channelSchema,
        accountId: z.string(),
      }),
    )
    .min(1),
});
export type EscalationNotice = z.infer<typeof escalationNoticeSchema>;
