import * as z from 'zod';

export const environmentSchema = z.object({
  /** Name of the secret that holds the tokens of the platforms' APIs. */
  API_TOKENS_SECRET: z.string().min(1),
  /** ARN of the endpoint of a custom classifier. */
  CLASSIFIER_ENDPOINT: z.string().min(1).optional(),
});
export type Environment = z.infer<typeof environmentSchema>;
