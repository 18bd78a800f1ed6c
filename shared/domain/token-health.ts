import * as z from 'zod';
import { addSeconds } from './clocks.ts';

const instant = z.iso.datetime();

/** How long a token of a platform's API holds, as the platform told when it was last asked. */
export const tokenHealthSchema = z.object({
  /** Tells it from the token that was there before. */
  fingerprint: z.string(),
  askedAt: instant,
  isValid: z.boolean(),
  /** Absent where it has no end, or the platform does not tell. */
  endsAt: instant.optional(),
});
export type TokenHealth = z.infer<typeof tokenHealthSchema>;

const daySeconds = 24 * 3600;
/** Time enough to have a new one made by whoever may, in working hours and through a holiday. */
const tellSecondsAhead = 14 * daySeconds;

/** Whether a platform is to be asked about a token at an instant (ISO 8601 UTC): once a day, and at once about another one. */
export function isToBeAsked(known: TokenHealth | undefined, fingerprint: string, now: string): boolean {
  return known?.fingerprint !== fingerprint || known.askedAt <= addSeconds(now, -daySeconds);
}

/** Days that a token still holds at an instant (ISO 8601 UTC), the one it ends on among them, 0 for one that has ended; `undefined` while that is nobody's concern yet. */
export function daysLeft({ isValid, endsAt }: TokenHealth, now: string): number | undefined {
  if (!isValid) return 0;
  if (endsAt === undefined || endsAt > addSeconds(now, tellSecondsAhead)) return undefined;
  return Math.max(0, Math.ceil((Date.parse(endsAt) - Date.parse(now)) / (daySeconds * 1000)));
}
