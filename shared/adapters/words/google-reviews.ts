import * as z from 'zod';
import { present, toInstant } from '../../platforms/reading.ts';
import type { FetchResult } from '../../ports.ts';
import { type Answer, callApi, nameSchema, resultByStatus, retryAfterSeconds, wordsSchema } from './api-call.ts';
import type { ApiTokens } from './api-tokens.ts';
import type { PlatformApi } from './platform-api.ts';

interface Access {
  readonly token: string;
  readonly until: number;
  /** When the refresh token itself ends (Unix milliseconds), if whoever gave access gave it for a time only. */
  readonly refreshUntil: number | undefined;
}

const pauseSeconds = 60;
/** Given up a minute before it ends. */
const marginSeconds = 60;

/**
 * Reviews from the Google Business Profile API (developers.google.com/my-business/reference/rest/v4/accounts.locations.reviews), with an access
 * token that a refresh token is exchanged for (developers.google.com/identity/protocols/oauth2/web-server#offline).
 */
export function googleReviews(options: {
  readonly reviewsUrl: string;
  readonly tokenUrl: string;
  readonly now: () => number;
}): PlatformApi {
  const { reviewsUrl, tokenUrl, now } = options;
  let access: Access | undefined;
  return {
    answersFor: ({ platform }) => platform === 'google-business',
    async ask(event, { google }) {
      if (google === undefined) return { result: { kind: 'no_access' } };
      // The v4 API knows reviews only below their account.
      const name = reviewName(event.messageKey ?? '', event.accountId);
      if (name === undefined) return { result: { kind: 'refused', because: 'the review has no account' } };
      if (access === undefined || access.until < now()) {
        const exchanged = await exchange(tokenUrl, google, now());
        if ('kind' in exchanged) return { result: exchanged, pauseSeconds };
        access = exchanged;
      }
      const answer = await callApi(new URL(`${reviewsUrl}/v4/${name}`), {
        headers: { authorization: `Bearer ${access.token}` },
      });
      const result = toResult(answer);
      // A token that was revoked before its time.
      if (answer.kind === 'answered' && answer.status === 401) access = undefined;
      const asked = retryAfterSeconds(answer, now());
      return asked === undefined && result.kind !== 'later'
        ? { result }
        : { result, pauseSeconds: asked ?? pauseSeconds };
    },
  };
}

/** `accounts/1/locations/2/reviews/3`, each part in the alphabet of Google's ids. */
function reviewName(review: string, location: string): string | undefined {
  const full = review.startsWith('accounts/') ? review : `${location}/reviews/${review.split('/').at(-1)}`;
  return /^accounts\/[\w-]+\/locations\/[\w-]+\/reviews\/[\w-]+$/.test(full) ? full : undefined;
}

const tokenSchema = z.object({
  access_token: z.string().min(1),
  expires_in: z.number().positive(),
  refresh_token_expires_in: z.number().positive().optional().catch(undefined),
});

/** An access token for the refresh token; `refused` means that it has ended or was taken back. Never rejects. */
export async function exchange(
  tokenUrl: string,
  { clientId, clientSecret, refreshToken }: NonNullable<ApiTokens['google']>,
  now: number,
): Promise<Access | Exclude<FetchResult, { kind: 'found' }>> {
  const answer = await callApi(new URL(tokenUrl), {
    method: 'POST',
    body: new URLSearchParams({
      client_id: clientId,
      client_secret: clientSecret,
      refresh_token: refreshToken,
      grant_type: 'refresh_token',
    }),
  });
  const failure = resultByStatus(answer);
  if (failure?.kind === 'later') return failure;
  const token = answer.kind === 'answered' ? tokenSchema.safeParse(answer.body).data : undefined;
  if (failure !== undefined || token === undefined) {
    return { kind: 'refused', because: 'the refresh token is not accepted' };
  }
  const { access_token, expires_in, refresh_token_expires_in: left } = token;
  return {
    token: access_token,
    until: now + (expires_in - marginSeconds) * 1000,
    refreshUntil: left === undefined ? undefined : now + left * 1000,
  };
}

const stars: Readonly<Record<string, number>> = { ONE: 1, TWO: 2, THREE: 3, FOUR: 4, FIVE: 5 };

const reviewSchema = z.object({
  reviewer: z.object({ displayName: nameSchema, isAnonymous: z.boolean().optional() }).optional().catch(undefined),
  starRating: nameSchema,
  comment: wordsSchema,
  createTime: z.unknown().optional(),
  reviewReply: z.object({ updateTime: z.unknown() }).optional().catch(undefined),
});

function toResult(answer: Answer): FetchResult {
  const failure = resultByStatus(answer);
  if (failure !== undefined) return failure;
  const review = answer.kind === 'answered' ? reviewSchema.safeParse(answer.body).data : undefined;
  if (review === undefined) return { kind: 'refused', because: 'an answer of another shape' };
  const { reviewer, starRating, comment, createTime, reviewReply } = review;
  const isNamed = reviewer?.displayName !== undefined && reviewer.isAnonymous !== true;
  return {
    kind: 'found',
    message: present({
      text: inOwnWords(comment),
      author: isNamed ? { name: reviewer.displayName } : undefined,
      postedAt: toInstant(createTime),
      answeredAt: toInstant(reviewReply?.updateTime),
      rating: starRating === undefined ? undefined : stars[starRating],
    }),
  };
}

/** Google may put its translation beside what the customer wrote, in either order. */
function inOwnWords(comment: string): string {
  const [, original] = /\(Original\)\s*([\s\S]*)$/.exec(comment) ?? [];
  if (original !== undefined) return original;
  const translated = comment.indexOf('(Translated by Google)');
  return translated > 0 ? comment.slice(0, translated).trimEnd() : comment;
}
