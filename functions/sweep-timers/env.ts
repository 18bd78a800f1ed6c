import * as z from 'zod';

export const environmentSchema = z.object({
  CASE_TABLE_NAME: z.string().min(1),
  TIMER_QUEUE_URL: z.url(),
  ESCALATION_TOPIC_ARN: z.string().min(1),
});
export type Environment = z.infer<typeof environmentSchema>;
