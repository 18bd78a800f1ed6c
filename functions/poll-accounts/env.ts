import * as z from 'zod';

export const environmentSchema = z.object({
  CASE_TABLE_NAME: z.string().min(1),
  INTAKE_QUEUE_URL: z.url(),
  /** Name of the secret that holds the tokens of the platforms' APIs. */
  API_TOKENS_SECRET: z.string().min(1),
  /** Where AppConfig keeps the compiled policy: ids. */
  POLICY_APPLICATION: z.string().min(1),
  POLICY_ENVIRONMENT: z.string().min(1),
  POLICY_PROFILE: z.string().min(1),
});
export type Environment = z.infer<typeof environmentSchema>;
