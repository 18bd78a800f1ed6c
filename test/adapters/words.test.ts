import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ApiFetcher } from '../../shared/adapters/words/api-fetcher.ts';
import type { ApiTokens } from '../../shared/adapters/words/api-tokens.ts';
import { googleReviews } from '../../shared/adapters/words/google-reviews.ts';
import { metaGraph } from '../../shared/adapters/words/meta-graph.ts';
import { tiktokMentions } from '../../shared/adapters/words/tiktok-mentions.ts';
import type { InboundEvent } from '../../shared/domain/inbound-event.ts';
import { platformNamed } from '../../shared/platforms/registry.ts';

/** A server that speaks as the platforms' documentation says; each test gives the answers. */
interface Answer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body: unknown;
}
let answers: (path: string) => Answer;
const asked: { path: string; token: string | undefined; form: string }[] = [];

const server = createServer(async (request, response) => {
  const form = (await bytesOf(request)).toString();
  const path = decodeURIComponent(request.url ?? '').replaceAll('+', ' ');
  const token = request.headers.authorization ?? [request.headers['access-token']].flat()[0];
  asked.push({ path, token, form });
  const { status = 200, headers = {}, body } = answers(path);
  response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
});

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

let baseUrl: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  baseUrl = `http://127.0.0.1:${address.port}`;
});
afterAll(() => {
  server.close();
});

let seconds = 0;
let fetcher: ApiFetcher;
let tokens: ApiTokens;
beforeEach(() => {
  seconds = 0;
  asked.length = 0;
  tokens = {
    meta: { token: 'system', accounts: { '501': 'page-501' }, appSecret: 'app-secret' },
    google: { clientId: 'c', clientSecret: 's', refreshToken: 'r' },
    tiktok: { accounts: { biz: 'act.biz' } },
  };
  const now = () => Date.parse('2026-11-22T10:00:00Z') + seconds * 1000;
  fetcher = new ApiFetcher({
    apis: [
      metaGraph({ baseUrl, now }),
      googleReviews({ reviewsUrl: baseUrl, tokenUrl: `${baseUrl}/token`, now }),
      tiktokMentions({ baseUrl, now }),
    ],
    tokens: async () => tokens,
    now,
  });
});

/** The one event that a platform reads out of a payload. */
function eventIn(platform: string, payload: unknown): InboundEvent {
  const read = platformNamed(platform)?.read(Buffer.from(JSON.stringify(payload)), { pathAccount: undefined }, {});
  const [event] = read?.kind === 'events' ? read.events : [];
  if (event?.type !== 'fetch_needed') throw new Error('nothing to fetch');
  return event;
}

const change = (object: string, id: string, field: string, value: object) => ({
  object,
  entry: [{ id, time: 1_795_341_600, changes: [{ field, value }] }],
});
const facebook = eventIn('meta', change('page', '501', 'mention', { item: 'post', verb: 'add', post_id: '9_8' }));
const comment = eventIn('meta', change('instagram', '17', 'mentions', { media_id: '900', comment_id: '901' }));
const caption = eventIn('meta', change('instagram', '17', 'mentions', { media_id: '900' }));
const review = eventIn('google', {
  message: {
    messageId: '1',
    data: Buffer.from(
      JSON.stringify({ notificationType: 'NEW_REVIEW', reviewName: 'accounts/1/locations/2/reviews/Ab_c-3' }),
    ).toString('base64'),
  },
});
const tiktok = (content: string) => eventIn('tiktok', { event: 'brand_mention.comment', user_openid: 'biz', content });

describe('the Graph API', () => {
  test('tells the words and the author of a mention on Facebook, to the token of that page', async () => {
    answers = () => ({
      body: {
        message: 'Never again',
        from: { id: '77', name: 'Léa' },
        created_time: '2026-11-22T09:59:00+0000',
        permalink_url: 'https://www.facebook.com/9/posts/8',
        id: '9_8',
      },
    });
    expect(await fetcher.fetch(facebook)).toEqual({
      kind: 'found',
      message: {
        text: 'Never again',
        author: { id: '77', name: 'Léa' },
        postedAt: '2026-11-22T09:59:00.000Z',
        permalink: 'https://www.facebook.com/9/posts/8',
      },
    });
    expect(asked).toMatchObject([{ token: 'Bearer page-501' }]);
    expect(asked[0]?.path).toMatch(
      /^\/v24\.0\/9_8\?fields=message,from\{id,name\},created_time,permalink_url&appsecret_proof=[0-9a-f]{64}$/,
    );
  });

  test('tells an Instagram comment and a caption through the account they name', async () => {
    answers = (path) =>
      path.includes('mentioned_comment')
        ? {
            body: {
              mentioned_comment: { text: 'où est ma commande', timestamp: '2026-11-22T09:58:00+0000', id: '901' },
              id: '17',
            },
          }
        : {
            body: { mentioned_media: { caption: 'merci', username: 'lea', media_type: 'IMAGE', id: '900' }, id: '17' },
          };
    expect(await fetcher.fetch(comment)).toEqual({
      kind: 'found',
      message: { text: 'où est ma commande', postedAt: '2026-11-22T09:58:00.000Z' },
    });
    expect(await fetcher.fetch(caption)).toEqual({
      kind: 'found',
      message: { text: 'merci', author: { id: 'lea', name: 'lea' }, attachments: ['image'] },
    });
    expect(asked.map(({ path, token }) => `${path.replace(/&.*/, '')} ${token}`)).toEqual([
      '/v24.0/17?fields=mentioned_comment.comment_id(901){text,timestamp,username} Bearer system',
      '/v24.0/17?fields=mentioned_media.media_id(900){caption,timestamp,username,media_type,permalink} Bearer system',
    ]);
  });

  const error = (code: number, status = 400) => ({
    status,
    body: { error: { code, message: 'in words', type: 'OAuthException' } },
  });
  test.each([
    ['a token that ended', error(190), 'refused'],
    ['a permission that is missing', error(10, 403), 'refused'],
    [
      'a post that is not there, or not for us',
      { status: 400, body: { error: { code: 100, error_subcode: 33 } } },
      'refused',
    ],
    ['a limit of the app', error(4), 'later'],
    ['a limit of the page', error(80_001), 'later'],
    ['a fault of its own', error(2, 500), 'later'],
    ['an outage', { status: 503, body: '<html>' }, 'later'],
    ['nonsense', { body: '[' }, 'found'],
  ])('%s', async (_, answer, kind) => {
    answers = () => answer;
    expect(await fetcher.fetch(facebook)).toMatchObject({ kind });
  });

  test('is left alone for as long as it asks, and when its budget is nearly used up', async () => {
    answers = () => ({ status: 429, headers: { 'retry-after': '120' }, body: {} });
    await fetcher.fetch(facebook);
    seconds = 119;
    expect(await fetcher.fetch(caption)).toEqual({ kind: 'later', because: 'the API asked for a pause' });
    expect(asked).toHaveLength(1);
    seconds = 121;
    const usage = JSON.stringify({ '501': [{ type: 'pages', call_count: 93, total_time: 4 }] });
    answers = () => ({ headers: { 'x-business-use-case-usage': usage }, body: { message: 'a' } });
    expect(await fetcher.fetch(facebook)).toMatchObject({ kind: 'found' });
    expect(await fetcher.fetch(facebook)).toMatchObject({ kind: 'later' });
    expect(asked).toHaveLength(2);
  });
});

describe('the Google Business Profile API', () => {
  const token = { access_token: 'ya29', expires_in: 3_600 };

  test('tells a review with its stars, for one access token an hour', async () => {
    answers = (path) =>
      path === '/token'
        ? { body: token }
        : {
            body: {
              name: 'accounts/1/locations/2/reviews/Ab_c-3',
              reviewer: { displayName: 'Ana' },
              starRating: 'ONE',
              comment: 'Malo',
              createTime: '2026-11-22T09:00:00.123456Z',
            },
          };
    expect(await fetcher.fetch(review)).toEqual({
      kind: 'found',
      message: { text: 'Malo', author: { name: 'Ana' }, postedAt: '2026-11-22T09:00:00.123Z', rating: 1 },
    });
    await fetcher.fetch(review);
    seconds = 3_590;
    await fetcher.fetch(review);
    expect(asked.map(({ path }) => path)).toEqual([
      '/token',
      '/v4/accounts/1/locations/2/reviews/Ab_c-3',
      '/v4/accounts/1/locations/2/reviews/Ab_c-3',
      '/token',
      '/v4/accounts/1/locations/2/reviews/Ab_c-3',
    ]);
    expect(asked[0]?.form).toBe('client_id=c&client_secret=s&refresh_token=r&grant_type=refresh_token');
    expect(asked[1]?.token).toBe('Bearer ya29');
  });

  test("tells when the review's owner answered", async () => {
    answers = (path) => ({
      body:
        path === '/token'
          ? token
          : { comment: 'Malo', reviewReply: { comment: 'Lo sentimos', updateTime: '2026-11-23T10:00:00Z' } },
    });
    expect(await fetcher.fetch(review)).toMatchObject({
      message: { text: 'Malo', answeredAt: '2026-11-23T10:00:00.000Z' },
    });
  });

  test.each([
    ['a translation before the original', '(Translated by Google) Bad\n\n(Original)\nMalo', 'Malo'],
    ['a translation behind it', 'Malo\n\n(Translated by Google)\nBad', 'Malo'],
    ['stars alone', undefined, ''],
  ])('%s', async (_, text, expected) => {
    answers = (path) => ({
      body: path === '/token' ? token : { starRating: 'TWO', comment: text, reviewer: { isAnonymous: true } },
    });
    expect(await fetcher.fetch(review)).toEqual({ kind: 'found', message: { text: expected, rating: 2 } });
  });

  test.each([
    ['a review that was removed', { status: 404, body: {} }, 'gone'],
    ['a quota that is used up', { status: 429, body: {} }, 'later'],
    ['a location of somebody else', { status: 403, body: {} }, 'refused'],
  ])('%s', async (_, answer, kind) => {
    answers = (path) => (path === '/token' ? { body: token } : answer);
    expect(await fetcher.fetch(review)).toMatchObject({ kind });
  });

  test('a refresh token that was withdrawn', async () => {
    answers = () => ({ status: 400, body: { error: 'invalid_grant' } });
    expect(await fetcher.fetch(review)).toEqual({ kind: 'refused', because: 'the refresh token is not accepted' });
  });
});

describe('the TikTok API for Business', () => {
  test('tells a comment and a video that name the brand', async () => {
    answers = () => ({
      body: {
        code: 0,
        message: 'OK',
        data: { comment_text: 'bof', comment_create_time: '1795341540', commenter_handle_name: 'lou' },
      },
    });
    expect(await fetcher.fetch(tiktok('{"comment_id":7247303576418566913,"video_id":7247303576418566999}'))).toEqual({
      kind: 'found',
      message: { text: 'bof', author: { id: 'lou', name: 'lou' }, postedAt: '2026-11-22T09:59:00.000Z' },
    });
    answers = () => ({ body: { code: 0, data: { caption: 'my haul', handle_name: 'lou' } } });
    expect(await fetcher.fetch(tiktok('{"video_id":7247303576418566999}'))).toMatchObject({
      message: { text: 'my haul' },
    });
    expect(asked.map(({ path, token }) => `${path.replace(/&fields.*/, '')} ${token}`)).toEqual([
      '/open_api/v1.3/business/mention/comment/get/?business_id=biz&item_id=7247303576418566999&comment_id=7247303576418566913 act.biz',
      '/open_api/v1.3/business/mention/video/get/?business_id=biz&item_id=7247303576418566999 act.biz',
    ]);
  });

  test.each([
    [40_100, 'later'],
    [50_000, 'later'],
    [40_105, 'refused'],
    [40_002, 'refused'],
  ])('code %i', async (code, kind) => {
    answers = () => ({ body: { code, message: 'in words' } });
    expect(await fetcher.fetch(tiktok('{"video_id":1}'))).toEqual({ kind, because: `code ${code}` });
  });
});

test('a platform without a token, or without an API, is not asked', async () => {
  tokens = {};
  for (const event of [facebook, review, tiktok('{"video_id":1}'), { ...facebook, platform: 'linkedin' }]) {
    expect(await fetcher.fetch(event)).toEqual({ kind: 'no_access' });
  }
  expect(asked).toEqual([]);
});

test('an API that does not answer, or tokens that cannot be read, are tried again later', async () => {
  const now = () => 0;
  const nobody = new ApiFetcher({
    apis: [metaGraph({ baseUrl: 'http://127.0.0.1:9', now })],
    tokens: async () => tokens,
    now,
  });
  expect(await nobody.fetch(facebook)).toMatchObject({ kind: 'later' });
  const locked = new ApiFetcher({
    apis: [metaGraph({ baseUrl, now })],
    tokens: () => Promise.reject(new Error()),
    now,
  });
  expect(await locked.fetch(facebook)).toEqual({ kind: 'later', because: 'the tokens cannot be read' });
});
