import { createHmac } from 'node:crypto';
import * as z from 'zod';
import type { InboundEvent } from '../../domain/inbound-event.ts';
import { present, toInstant } from '../../platforms/reading.ts';
import type { FetchResult } from '../../ports.ts';
import { type Answer, callApi, nameSchema, resultByStatus, retryAfterSeconds, wordsSchema } from './api-call.ts';
import type { ApiTokens } from './api-tokens.ts';
import type { PlatformApi } from './platform-api.ts';

const version = 'v24.0';

/** Codes of developers.facebook.com/docs/graph-api/guides/error-handling and /overview/rate-limiting. */
const temporaryCodes = new Set([1, 2, 4, 17, 32, 341, 368, 613]);
const firstBusinessLimit = 80_000;
const lastBusinessLimit = 80_014;
/** Per cent of the hourly budget, as the usage headers tell it; the rest is left to the brand's other tools. */
const highestUsage = 90;
const pauseSeconds = 300;

/** Asks the Graph API for a path with the token of an account, where there is one. */
export async function askGraph(
  path: string,
  query: Readonly<Record<string, string>>,
  {
    accountId,
    meta,
    baseUrl,
  }: { readonly accountId: string; readonly meta: ApiTokens['meta']; readonly baseUrl: string },
): Promise<Answer | undefined> {
  const token = metaTokenOf(accountId, meta);
  if (token === undefined) return undefined;
  const url = new URL(`${meta?.apiUrl ?? baseUrl}/${version}/${path}`);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  // Proves that the token is not a stolen one: developers.facebook.com/docs/graph-api/guides/secure-requests
  const { appSecret } = meta ?? {};
  if (appSecret !== undefined) url.searchParams.set('appsecret_proof', proofOf(token, appSecret));
  return callApi(url, { headers: { authorization: `Bearer ${token}` } });
}

/**
 * Asks the Graph API about a token (developers.facebook.com/docs/graph-api/reference/debug_token), in the name of its app where the app's id and secret are
 * entered, else with the token itself.
 */
export function askAboutToken(
  token: string,
  { meta, baseUrl }: { readonly meta: ApiTokens['meta']; readonly baseUrl: string },
): Promise<Answer> {
  const { appId, appSecret, apiUrl = baseUrl } = meta ?? {};
  const url = new URL(`${apiUrl}/${version}/debug_token`);
  url.searchParams.set('input_token', token);
  const isApp = appId !== undefined && appSecret !== undefined;
  if (!isApp && appSecret !== undefined) url.searchParams.set('appsecret_proof', proofOf(token, appSecret));
  return callApi(url, { headers: { authorization: `Bearer ${isApp ? `${appId}|${appSecret}` : token}` } });
}

export function metaTokenOf(accountId: string, meta: ApiTokens['meta']): string | undefined {
  return meta?.accounts[accountId] ?? meta?.token;
}

/** Mentions on Facebook and Instagram, and comments on reviews, from the Graph API. */
export function metaGraph({ baseUrl, now }: { readonly baseUrl: string; readonly now: () => number }): PlatformApi {
  return {
    answersFor: ({ platform, channel }) => platform === 'meta' && (channel === 'facebook' || channel === 'instagram'),
    async ask(event, { meta }) {
      const answer = await askGraph(
        pathOf(event),
        { fields: fieldsOf(event) },
        { accountId: event.accountId, meta, baseUrl },
      );
      if (answer === undefined) return { result: { kind: 'no_access' } };
      const result = toResult(answer, event);
      const pauseSeconds = graphPause(answer, result.kind === 'later', now());
      return pauseSeconds === undefined ? { result } : { result, pauseSeconds };
    },
  };
}

function proofOf(token: string, appSecret: string): string {
  return createHmac('sha256', appSecret).update(token).digest('hex');
}

function pathOf({ channel, accountId, messageId }: InboundEvent): string {
  return encodeURIComponent(channel === 'instagram' ? accountId : messageId);
}

/** On Instagram others' media and comments are only to be had through the account that they name. */
function fieldsOf(event: InboundEvent): string {
  if (event.channel === 'facebook') return 'message,from{id,name},created_time,permalink_url';
  const id = event.messageId.replace(/[^\w-]/g, '');
  return isInComment(event)
    ? `mentioned_comment.comment_id(${id}){text,timestamp,username}`
    : `mentioned_media.media_id(${id}){caption,timestamp,username,media_type,permalink}`;
}

/** A comment answers a post; a caption is the post itself. */
function isInComment({ inReplyTo }: InboundEvent): boolean {
  return inReplyTo !== undefined;
}

const postSchema = z.object({
  message: wordsSchema,
  from: z.object({ id: z.string(), name: nameSchema }).optional().catch(undefined),
  created_time: z.unknown().optional(),
  permalink_url: nameSchema,
});
const mentionSchema = z.object({
  text: wordsSchema,
  caption: wordsSchema,
  timestamp: z.unknown().optional(),
  username: nameSchema,
  media_type: nameSchema,
  permalink: nameSchema,
});
const mentionedSchema = z.object({
  mentioned_comment: mentionSchema.optional(),
  mentioned_media: mentionSchema.optional(),
});
const errorSchema = z.object({ error: z.object({ code: z.number(), error_subcode: z.number().optional() }) });

/** Why the Graph API did not answer what was asked, by its error code first and by the status else; `undefined` when it did. */
export function graphFailure(answer: Answer): Exclude<FetchResult, { kind: 'found' }> | undefined {
  const body = answer.kind === 'answered' ? answer.body : undefined;
  const error = errorSchema.safeParse(body).data?.error;
  if (error === undefined) return resultByStatus(answer);
  const because = `error ${error.code}${error.error_subcode === undefined ? '' : `/${error.error_subcode}`}`;
  const isLimit = error.code >= firstBusinessLimit && error.code <= lastBusinessLimit;
  return temporaryCodes.has(error.code) || isLimit ? { kind: 'later', because } : { kind: 'refused', because };
}

function toResult(answer: Answer, event: InboundEvent): FetchResult {
  const failure = graphFailure(answer);
  if (failure !== undefined) return failure;
  const body = answer.kind === 'answered' ? answer.body : undefined;
  if (event.channel === 'instagram') {
    const { mentioned_comment, mentioned_media } = mentionedSchema.safeParse(body).data ?? {};
    const mention = mentioned_comment ?? mentioned_media;
    if (mention === undefined) return { kind: 'refused', because: 'an answer without the mention' };
    const { text, caption, timestamp, username, media_type, permalink } = mention;
    return {
      kind: 'found',
      message: present({
        text: text === '' ? caption : text,
        // Instagram tells the name of strangers and no id.
        author: username === undefined ? undefined : { id: username, name: username },
        postedAt: toInstant(timestamp),
        attachments: media_type === undefined ? undefined : [media_type.toLowerCase()],
        permalink,
      }),
    };
  }
  const post = postSchema.safeParse(body).data;
  if (post === undefined) return { kind: 'refused', because: 'an answer of another shape' };
  return {
    kind: 'found',
    message: present({
      text: post.message,
      author: post.from === undefined ? undefined : present(post.from),
      postedAt: toInstant(post.created_time),
      permalink: post.permalink_url,
    }),
  };
}

/** How long to leave the API alone after an answer, in seconds: as it asks, or when it or our share of its budget is used up. */
export function graphPause(answer: Answer, isLater: boolean, now: number): number | undefined {
  return retryAfterSeconds(answer, now) ?? (isLater || usageOf(answer) >= highestUsage ? pauseSeconds : undefined);
}

/** The highest of the percentages in `X-App-Usage` and, per business, in `X-Business-Use-Case-Usage`. */
function usageOf(answer: Answer): number {
  if (answer.kind === 'unreachable') return 0;
  const { headers } = answer;
  const percentages: number[] = [];
  for (const name of ['x-app-usage', 'x-business-use-case-usage']) {
    try {
      JSON.parse(headers.get(name) ?? '{}', (key, value) => {
        if (/^(call_count|total_time|total_cputime)$/.test(key) && typeof value === 'number') percentages.push(value);
        return value;
      });
    } catch {
      // Not JSON: nothing is known.
    }
  }
  return Math.max(0, ...percentages);
}
