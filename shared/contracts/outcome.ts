import * as z from 'zod';
import { handBackCodeSchema } from '../domain/case.ts';

/** What a desk reports back on the outcome queue. `id` is the desk's own and makes a repeated report harmless. */
export const outcomeSchema = z.object({
  id: z.string().min(1).max(128),
  type: z.enum(['claimed', 'heartbeat', 'answered', 'waiting_for_customer', 'resolved', 'handed_back']),
  caseId: z.string().min(1).max(64),
  offerId: z.string().min(1).max(80),
  fence: z.number().int().positive(),
  desk: z.string().min(1).max(64),
  /** When the desk did it; the time of a reply decides whether the promise was kept. */
  at: z.iso.datetime(),
  /** Why a case is handed back, for counting; `other` when absent. */
  code: handBackCodeSchema.optional(),
  /** Why a case is handed back, in words; shown in-house. */
  reason: z.string().min(1).max(200).optional(),
});
export type Outcome = z.infer<typeof outcomeSchema>;
