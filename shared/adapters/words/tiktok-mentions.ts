import * as z from 'zod';
import type { InboundEvent } from '../../domain/inbound-event.ts';
import { present, toInstant } from '../../platforms/reading.ts';
import type { FetchResult } from '../../ports.ts';
import { type Answer, callApi, nameSchema, resultByStatus, retryAfterSeconds, wordsSchema } from './api-call.ts';
import type { PlatformApi } from './platform-api.ts';

/** Codes of business-api.tiktok.com/portal/docs, "Return codes": too many requests, and faults of TikTok's own. */
const temporaryCodes = new Set([40_100, 40_016, 50_000, 50_002, 51_010]);
const pauseSeconds = 60;

const commentFields = ['comment_id', 'comment_text', 'comment_create_time', 'commenter_handle_name', 'video_link'];
const videoFields = ['item_id', 'caption', 'create_time', 'handle_name', 'video_link'];

/** Videos and comments that name the brand, from the TikTok API for Business ("Mentions"). */
export function tiktokMentions({
  baseUrl,
  now,
}: {
  readonly baseUrl: string;
  readonly now: () => number;
}): PlatformApi {
  return {
    answersFor: ({ platform, public: isPublic }) => platform === 'tiktok' && isPublic,
    async ask(event, { tiktok }) {
      const token = tiktok?.accounts[event.accountId] ?? tiktok?.token;
      if (token === undefined) return { result: { kind: 'no_access' } };
      const answer = await callApi(urlOf(baseUrl, event), { headers: { 'access-token': token } });
      const result = toResult(answer);
      const asked = retryAfterSeconds(answer, now());
      return asked === undefined && result.kind !== 'later'
        ? { result }
        : { result, pauseSeconds: asked ?? pauseSeconds };
    },
  };
}

/** A mention in a comment names the video it stands under. */
function urlOf(baseUrl: string, { accountId, messageId, inReplyTo: video }: InboundEvent): URL {
  const url = new URL(`${baseUrl}/open_api/v1.3/business/mention/${video === undefined ? 'video' : 'comment'}/get/`);
  url.searchParams.set('business_id', accountId);
  url.searchParams.set('item_id', video ?? messageId);
  if (video !== undefined) url.searchParams.set('comment_id', messageId);
  url.searchParams.set('fields', JSON.stringify(video === undefined ? videoFields : commentFields));
  return url;
}

const answerSchema = z.object({ code: z.number(), data: z.unknown().optional() });
const mentionSchema = z.object({
  comment_text: wordsSchema,
  caption: wordsSchema,
  comment_create_time: z.unknown().optional(),
  create_time: z.unknown().optional(),
  commenter_handle_name: nameSchema,
  handle_name: nameSchema,
  video_link: nameSchema,
});

function toResult(answer: Answer): FetchResult {
  const failure = resultByStatus(answer);
  if (failure !== undefined) return failure;
  const { code, data } = (answer.kind === 'answered' ? answerSchema.safeParse(answer.body).data : undefined) ?? {};
  // Whatever happened, TikTok says it with status 200.
  if (code !== 0) {
    const because = `code ${code ?? 'missing'}`;
    return code !== undefined && temporaryCodes.has(code) ? { kind: 'later', because } : { kind: 'refused', because };
  }
  const mention = mentionSchema.safeParse(data).data;
  if (mention === undefined) return { kind: 'refused', because: 'an answer of another shape' };
  const handle = mention.commenter_handle_name ?? mention.handle_name;
  return {
    kind: 'found',
    message: present({
      text: mention.comment_text === '' ? mention.caption : mention.comment_text,
      author: handle === undefined ? undefined : { id: handle, name: handle },
      postedAt: toInstant(mention.comment_create_time ?? mention.create_time),
      permalink: mention.video_link,
    }),
  };
}
