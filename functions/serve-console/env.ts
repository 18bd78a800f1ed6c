import * as z from 'zod';
import { caseEnvironmentSchema } from '../../shared/runtime/case-environment.ts';

export const environmentSchema = caseEnvironmentSchema.extend({
  INTAKE_QUEUE_URL: z.url(),
  OUTCOME_QUEUE_URL: z.url(),
});
export type Environment = z.infer<typeof environmentSchema>;
