import * as z from 'zod';
import { reasonSchema } from './assessment.ts';

export const priorities = ['urgent', 'high', 'normal', 'low'] as const;
export const prioritySchema = z.enum(priorities);
export type Priority = z.infer<typeof prioritySchema>;

/** The two desks that every policy has besides its outsourced ones, and the place for what needs no desk. */
export const routeSchema = z.enum(['in_house', 'vendor', 'product_ideas', 'set_aside']);
export type Route = z.infer<typeof routeSchema>;

/** What is promised for a message, in seconds, and what the desk owes for an offer; absent: nothing is. */
export const targetsSchema = z.object({
  firstReplySeconds: z.number().int(),
  nextReplySeconds: z.number().int().optional(),
  resolutionSeconds: z.number().int(),
  claimSeconds: z.number().int().optional(),
  answerSeconds: z.number().int().optional(),
  /** Id of the calendar by which these seconds count; absent: around the clock. */
  calendar: z.string().optional(),
});
export type Targets = z.infer<typeof targetsSchema>;

export const decisionSchema = z.object({
  route: routeSchema,
  /** Desk that gets the case: `in_house`, `product_ideas`, an outsourced desk of the policy; absent when set aside. */
  desk: z.string().optional(),
  /** The outsourced desks that could take it, the chosen one first; absent when it goes to none. */
  fitting: z.array(z.string()).optional(),
  /** Outsourced desks that would fit but take no new case now: one of them that has the case keeps it. */
  away: z.array(z.string()).optional(),
  priority: prioritySchema,
  /** Image-sensitive reasons that hold, strongest first. */
  reasons: z.array(reasonSchema),
  /** Doubts that keep a case in-house without a reason (`unknown_language`, `unknown_account`, …). */
  doubts: z.array(z.string()),
  /** Id of the rule of the policy that matched. */
  rule: z.string(),
  /** The rule in plain words, as written in the policy. */
  because: z.string(),
  score: z.object({ total: z.number(), parts: z.array(z.object({ name: z.string(), points: z.number() })) }),
  /** What was not chosen and why: rules before the match, and outsourced desks that a matching rule passed over. */
  notChosen: z.array(z.object({ rule: z.string(), because: z.string() })),
  policyVersion: z.string(),
  /** Promises made with this decision, from the message's own time; absent when set aside. */
  targets: targetsSchema.optional(),
});
export type Decision = z.infer<typeof decisionSchema>;
