import * as z from 'zod';
import { clockNameSchema } from '../domain/clocks.ts';

/** One message on the timer queue: look at this case's clock when this moment has come. */
export const timerSchema = z.object({
  caseId: z.string(),
  clock: clockNameSchema,
  dueAt: z.iso.datetime(),
});
export type Timer = z.infer<typeof timerSchema>;
