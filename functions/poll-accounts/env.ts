import * as z from 'zod';
import { policyEnvironment } from '../../shared/runtime/case-environment.ts';

export const environmentSchema = z.object({
  CASE_TABLE_NAME: z.string().min(1),
  INTAKE_QUEUE_URL: z.url(),
  /** Name of the secret that holds the tokens of the platforms' APIs. */
  API_TOKENS_SECRET: z.string().min(1),
  ...policyEnvironment,
});
export type Environment = z.infer<typeof environmentSchema>;
