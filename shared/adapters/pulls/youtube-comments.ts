import * as z from 'zod';
import type { InboundEvent } from '../../domain/inbound-event.ts';
import { readCommentThreads } from '../../platforms/youtube-comments.ts';
import type { PullResult } from '../../ports.ts';
import { type Answer, callApi, resultByStatus, retryAfterSeconds } from '../words/api-call.ts';
import type { ApiTokens } from '../words/api-tokens.ts';
import type { PlatformPull } from './platform-pull.ts';

/** A call costs one of 10,000 units a day: developers.google.com/youtube/v3/determine_quota_cost. Used up, they come back at midnight in California. */
const quotaReasons = new Set(['quotaExceeded', 'dailyLimitExceeded']);
const rateReasons = new Set(['rateLimitExceeded', 'userRateLimitExceeded']);
const quotaPauseSeconds = 3_600;
const pauseSeconds = 300;

/** Comments on a channel and all of its videos, from the YouTube Data API. */
export function youtubeComments({
  baseUrl,
  now,
}: {
  readonly baseUrl: string;
  readonly now: () => number;
}): PlatformPull {
  return {
    hasAccess: ({ channel, id }, { youtube }) => channel === 'youtube' && keyOf(id, youtube) !== undefined,
    async pull({ id }, { since }, { tokens: { youtube }, calls }) {
      const events: InboundEvent[] = [];
      let next: string | undefined;
      for (let made = 0; made < calls; made += 1) {
        const url = new URL(`${youtube?.apiUrl ?? baseUrl}/youtube/v3/commentThreads`);
        url.search = new URLSearchParams({
          part: 'snippet,replies',
          allThreadsRelatedToChannelId: id,
          order: 'time',
          textFormat: 'plainText',
          maxResults: '100',
          ...(next === undefined ? {} : { pageToken: next }),
        }).toString();
        const answer = await callApi(url, { headers: { 'x-goog-api-key': keyOf(id, youtube) ?? '' } });
        const failure = failureOf(answer, now());
        if (failure !== undefined) return failure;
        const read = readCommentThreads(id, answer.kind === 'answered' ? answer.body : undefined);
        if (read === undefined) return { kind: 'refused', because: 'an answer of another shape' };
        events.push(...read.events);
        next = read.oldest === undefined || read.oldest > since ? read.next : undefined;
        if (next === undefined) return { kind: 'read', events, cut: false };
      }
      return { kind: 'read', events, cut: true };
    },
  };
}

function keyOf(channelId: string, youtube: ApiTokens['youtube']): string | undefined {
  return youtube?.accounts[channelId] ?? youtube?.token;
}

const errorSchema = z.object({ error: z.object({ errors: z.array(z.object({ reason: z.string() })).min(1) }) });

function failureOf(answer: Answer, now: number): Exclude<PullResult, { kind: 'read' }> | undefined {
  const failure = resultByStatus(answer);
  if (failure === undefined) return undefined;
  const body = answer.kind === 'answered' ? answer.body : undefined;
  const reason = errorSchema.safeParse(body).data?.error.errors[0]?.reason;
  const pause = retryAfterSeconds(answer, now) ?? pauseSeconds;
  if (reason !== undefined && quotaReasons.has(reason)) {
    return { kind: 'later', because: reason, pauseSeconds: quotaPauseSeconds };
  }
  if (reason !== undefined && rateReasons.has(reason)) return { kind: 'later', because: reason, pauseSeconds: pause };
  if (failure.kind === 'later') return { ...failure, pauseSeconds: pause };
  return { kind: 'refused', because: reason ?? ('because' in failure ? failure.because : 'the channel is not there') };
}
