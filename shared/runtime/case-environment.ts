import * as z from 'zod';

/** Where AppConfig keeps the compiled policy: ids. */
export const policyEnvironment = {
  POLICY_APPLICATION: z.string().min(1),
  POLICY_ENVIRONMENT: z.string().min(1),
  POLICY_PROFILE: z.string().min(1),
};

/** What every function that changes cases needs: where cases are, and where their effects go. */
export const caseEnvironmentSchema = z.object({
  CASE_TABLE_NAME: z.string().min(1),
  /** `{ "<desk>": { "urgent": "<queue url>", "standard": "<queue url>" } }` as JSON. */
  DESK_QUEUES: z.string().transform((text, context) => {
    try {
      return z.record(z.string(), z.object({ urgent: z.url(), standard: z.url() })).parse(JSON.parse(text));
    } catch (error) {
      context.addIssue({ code: 'custom', message: `not a map of desk queues: ${String(error)}` });
      return z.NEVER;
    }
  }),
  TIMER_QUEUE_URL: z.url(),
  ESCALATION_TOPIC_ARN: z.string().min(1),
  ...policyEnvironment,
  /** Where a record goes that can never succeed, with the reason. */
  DEAD_LETTER_QUEUE_URL: z.url(),
});
export type CaseEnvironment = z.infer<typeof caseEnvironmentSchema>;
