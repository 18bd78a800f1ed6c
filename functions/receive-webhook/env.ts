import * as z from 'zod';

export const environmentSchema = z.object({
  INTAKE_QUEUE_URL: z.url(),
  /** Scheme and host the platforms were given, without a trailing slash: Twilio signs the public URL. */
  PUBLIC_BASE_URL: z.url(),
  /** Secrets are named `<prefix><platform>`. */
  PLATFORM_SECRET_PREFIX: z.string().min(1),
});
export type Environment = z.infer<typeof environmentSchema>;
