import * as z from 'zod';
import { prioritySchema } from './decision.ts';

/** A team that consumes queues. Only an outsourced desk is outside the brand's walls. */
export const deskSchema = z.object({
  kind: z.enum(['in_house', 'outsourced', 'product_ideas']),
  title: z.string(),
});
export type Desk = z.infer<typeof deskSchema>;

const targetsSchema = z.object({ firstReplySeconds: z.number().int(), resolutionSeconds: z.number().int() });

/** The compiled policy: one versioned document made from `policy/*.yaml`, the same in AWS and on a laptop. */
export const policySchema = z.object({
  /** Short hash of the content: two equal policies have one version. */
  version: z.string(),
  desks: z.record(z.string(), deskSchema),
  sla: z.record(z.string(), z.partialRecord(prioritySchema, targetsSchema)),
});
export type Policy = z.infer<typeof policySchema>;
