import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ApiPuller } from '../../shared/adapters/pulls/api-puller.ts';
import { metaPages } from '../../shared/adapters/pulls/meta-pages.ts';
import { youtubeComments } from '../../shared/adapters/pulls/youtube-comments.ts';
import type { ApiTokens } from '../../shared/adapters/words/api-tokens.ts';
import { meta } from '../../shared/platforms/meta.ts';
import { type PlatformApiServer, startPlatformApi } from '../support/platform-api.ts';

/** Answers as the platforms' documentation says. */
let api: PlatformApiServer;
let puller: ApiPuller;
beforeAll(async () => {
  api = await startPlatformApi();
  const apiUrl = api.url;
  const tokens: ApiTokens = {
    meta: { accounts: { '501': 'page-501', '17': 'ig-17' }, appSecret: 'app-secret', apiUrl },
    youtube: { token: 'key', accounts: {}, apiUrl },
  };
  const now = () => Date.parse('2026-11-22T10:20:00Z');
  puller = new ApiPuller({
    pulls: [metaPages({ baseUrl: 'http://unused', now }), youtubeComments({ baseUrl: 'http://unused', now })],
    tokens: async () => tokens,
  });
});
afterAll(() => {
  api.close();
});
beforeEach(() => {
  api.asked.length = 0;
});

const span = { since: '2026-11-22T10:00:00.000Z', until: '2026-11-22T10:10:00.000Z' };
const page = { channel: 'facebook', id: '501' };
const inbox = { channel: 'messenger', id: '501' };
const instagram = { channel: 'instagram', id: '17' };
const channel = { channel: 'youtube', id: 'UC1' };

function comment(id: string, minute: string, more: object = {}) {
  return {
    id: `9_${id}`,
    from: { id: `70${id}`, name: 'Camille' },
    message: `words of ${id}`,
    created_time: `2026-11-22T${minute}:00+0000`,
    permalink_url: `https://facebook.example/${id}`,
    ...more,
  };
}

function feed(...comments: object[]) {
  const post = { id: '501_9', from: { id: '501' }, message: 'Our news', created_time: '2026-11-20T09:00:00+0000' };
  return { data: [{ ...post, is_published: true, comments: { data: comments } }] };
}

const events = async (account: typeof page) => {
  const result = await puller.pull(account, span, 12);
  if (result.kind !== 'read') throw new Error(JSON.stringify(result));
  return result.events;
};

describe('the feed of a page', () => {
  test('gives what the webhook would have told, to the letter', async () => {
    api.answers = () => ({ body: feed(comment('1', '10:05')) });
    const webhook = {
      object: 'page',
      entry: [
        {
          id: '501',
          time: 1_795_341_900,
          changes: [
            {
              field: 'feed',
              value: {
                item: 'comment',
                verb: 'add',
                from: { id: '701', name: 'Camille' },
                post_id: '501_9',
                parent_id: '501_9',
                comment_id: '9_1',
                message: 'words of 1',
                created_time: Date.parse('2026-11-22T10:05:00Z') / 1000,
                post: { permalink_url: 'https://facebook.example/1' },
              },
            },
          ],
        },
      ],
    };
    const read = meta.read(Buffer.from(JSON.stringify(webhook)), { pathAccount: undefined }, {});
    expect(await events(page)).toEqual(read.kind === 'events' ? read.events : undefined);
    expect(api.asked[0]).toMatchObject({ path: '/v24.0/501/feed', token: 'Bearer page-501' });
    expect(api.asked[0]?.query.get('appsecret_proof')).toMatch(/^[0-9a-f]{64}$/);
  });

  test('holds replies, visitors’ posts and the answers of the page, within the span only', async () => {
    api.answers = () => ({
      body: {
        data: [
          {
            id: '501_8',
            from: { id: '77', name: 'Visitor' },
            message: 'Bonjour',
            created_time: '2026-11-22T10:01:00+0000',
          },
          { id: '501_7', message: 'An own post by an app', created_time: '2026-11-22T10:01:00+0000' },
          ...feed(
            comment('5', '10:11'),
            comment('4', '10:09', { from: { id: '501', name: 'The page' }, parent: { id: '9_3' } }),
            comment('3', '10:08', { from: undefined }),
            comment('2', '10:07', { parent: { id: '9_1' }, message: undefined, attachment: { type: 'photo' } }),
            { id: 12, nonsense: true, created_time: {} },
            comment('1', '10:00'),
          ).data,
          'nonsense',
        ],
      },
    });
    expect(
      (await events(page)).map(({ type, messageId, thread, attachments }) => [type, messageId, thread, attachments]),
    ).toEqual([
      ['message_received', '501_8', '501_8', undefined],
      ['own_reply', '9_4', '9_3', undefined],
      ['message_received', '9_3', '9_3', undefined],
      ['message_received', '9_2', '9_1', ['image']],
    ]);
  });

  test('is told of with the number of its messages that have no time', async () => {
    api.answers = () => ({ body: feed(comment('2', '10:05'), comment('1', '10:04', { created_time: undefined })) });
    expect(await puller.pull(page, span, 12)).toMatchObject({ events: [{ messageId: '9_2' }], undated: 1 });
  });

  test('is followed to the comments that do not fit, until they are old or a run has read enough', async () => {
    let rounds = 0;
    const next = (after: string) => ({ paging: { next: 'https://graph.facebook.com/…', cursors: { after } } });
    api.answers = (path, query) => {
      if (path.endsWith('/feed')) {
        const [post] = feed(comment('1', '10:09')).data;
        return { body: { data: [{ ...post, comments: { data: [comment('1', '10:09')], ...next('a') } }] } };
      }
      rounds += 1;
      expect(query.get('after')).toBe('a');
      return { body: { data: [comment('2', '10:05'), comment('3', '09:00')], ...next('b') } };
    };
    expect((await events(page)).map(({ messageId }) => messageId)).toEqual(['9_1', '9_2']);
    expect(rounds).toBe(1);

    api.answers = () => ({ body: { ...feed(comment('1', '10:09')), ...next('a') } });
    const endless = await puller.pull(page, { ...span, since: '2026-11-01T00:00:00.000Z' }, 12);
    expect(endless).toMatchObject({ kind: 'read', cut: true });
  });
});

test('a page’s conversations give private messages and the page’s answers as its webhook does', async () => {
  const message = (id: string, from: string, to: string, minute: string, more: object = {}) => ({
    id: `m_${id}`,
    created_time: `2026-11-22T${minute}:00+0000`,
    from: { id: from },
    to: { data: [{ id: to }] },
    message: `words of ${id}`,
    ...more,
  });
  api.answers = () => ({
    body: {
      data: [
        {
          id: 't_1',
          updated_time: '2026-11-22T10:08:00+0000',
          messages: {
            data: [
              message('2', '501', '88', '10:08'),
              message('1', '88', '501', '10:02', { attachments: { data: [{ mime_type: 'image/jpeg' }] } }),
            ],
          },
        },
      ],
    },
  });
  expect(await events(inbox)).toMatchObject([
    { type: 'own_reply', channel: 'messenger', messageId: 'm_2', thread: 'dm:88', toAuthorId: '88' },
    { type: 'message_received', messageId: 'm_1', thread: 'dm:88', author: { id: '88' }, attachments: ['image'] },
  ]);
});

test('Instagram’s comments and replies come as by webhook, the account’s own as its answers', async () => {
  const said = (id: string, username: string, more: object = {}) => ({
    id,
    text: `words of ${id}`,
    timestamp: '2026-11-22T10:05:00+0000',
    username,
    ...more,
  });
  api.answers = () => ({
    body: {
      data: [
        {
          id: '900',
          username: 'maison',
          comments: {
            data: [
              said('1', 'lea', { from: { id: '31', username: 'lea' }, replies: { data: [said('2', 'maison')] } }),
              said('3', 'tom'),
            ],
          },
        },
      ],
    },
  });
  expect(await events(instagram)).toMatchObject([
    { type: 'message_received', messageId: '1', thread: '1', author: { id: '31', name: 'lea' } },
    { type: 'own_reply', messageId: '2', thread: '1', inReplyTo: '1', author: { id: '17' } },
    { type: 'message_received', messageId: '3', author: { name: 'tom' } },
  ]);
});

test('Instagram’s comments that do not fit are followed below their medium, until they are old', async () => {
  const next = (after: string) => ({ paging: { next: 'https://graph.facebook.com/…', cursors: { after } } });
  const said = (id: string, username: string, minute: string) => ({
    id,
    text: `words of ${id}`,
    timestamp: `2026-11-22T${minute}:00+0000`,
    username,
  });
  api.answers = (path) =>
    path.endsWith('/media')
      ? {
          body: {
            data: [
              { id: '900', username: 'maison', comments: { data: [said('1', 'lea', '10:09')], ...next('a') } },
              { id: '901', username: 'maison', comments: { data: [said('9', 'lea', '09:00')], ...next('z') } },
            ],
          },
        }
      : { body: { data: [said('2', 'maison', '10:06'), said('3', 'tom', '09:59')], ...next('b') } };
  expect(await events(instagram)).toMatchObject([
    { type: 'message_received', messageId: '1' },
    { type: 'own_reply', messageId: '2', author: { id: '17' } },
  ]);
  expect(api.asked.map(({ path, query }) => [path.split('/').slice(2).join('/'), query.get('after')])).toEqual([
    ['17/media', null],
    ['900/comments', 'a'],
  ]);
});

describe('comments on YouTube', () => {
  const said = (id: string, author: string, minute: string, more: object = {}) => ({
    id,
    snippet: {
      textOriginal: `words of ${id}`,
      textDisplay: `<b>${id}</b>`,
      authorDisplayName: author,
      authorChannelId: { value: author },
      publishedAt: `2026-11-22T${minute}:00Z`,
      updatedAt: `2026-11-22T${minute}:00Z`,
      videoId: 'v1',
      ...more,
    },
  });
  const thread = (top: ReturnType<typeof said>, ...comments: object[]) => ({
    id: top.id,
    snippet: { topLevelComment: top, videoId: 'v1' },
    ...(comments.length === 0 ? {} : { replies: { comments } }),
  });

  test('give threads, replies, edits and the channel’s own answers', async () => {
    api.answers = () => ({
      body: {
        items: [
          thread(
            said('t1', 'UCfan', '10:05'),
            said('t1.r1', 'UC1', '10:06', { parentId: 't1' }),
            said('t1.r2', 'UCother', '09:00', { updatedAt: '2026-11-22T10:09:00Z' }),
          ),
          thread(said('t2', 'UCfan', '09:30')),
          { nonsense: true },
        ],
        nextPageToken: 'older',
      },
    });
    expect(await events(channel)).toMatchObject([
      {
        type: 'message_received',
        messageId: 't1',
        thread: 't1',
        author: { id: 'UCfan' },
        text: 'words of t1',
        permalink: 'https://www.youtube.com/watch?v=v1&lc=t1',
      },
      { type: 'own_reply', messageId: 't1.r1', thread: 't1', inReplyTo: 't1' },
      { type: 'message_edited', messageKey: 't1.r2', postedAt: '2026-11-22T10:09:00.000Z' },
    ]);
    // What is older than the span ends the reading, whatever follows.
    expect(api.asked).toHaveLength(1);
    expect(api.asked[0]).toMatchObject({ path: '/youtube/v3/commentThreads', token: 'key' });
    expect(api.asked[0]?.query.get('key')).toBeNull();
  });

  test.each([
    ['403 quotaExceeded', 403, 'quotaExceeded', { kind: 'later', because: 'quotaExceeded', pauseSeconds: 3600 }],
    ['403 rateLimitExceeded', 403, 'rateLimitExceeded', { kind: 'later', because: 'rateLimitExceeded' }],
    ['400 keyInvalid', 400, 'keyInvalid', { kind: 'refused', because: 'keyInvalid' }],
    ['404', 404, 'channelNotFound', { kind: 'refused', because: 'channelNotFound' }],
    ['503', 503, 'backendError', { kind: 'later', because: 'status 503', pauseSeconds: 300 }],
  ])('that are answered with %s are %j', async (_, status, reason, expected) => {
    api.answers = () => ({ status, body: { error: { code: status, errors: [{ reason }] } } });
    expect(await puller.pull(channel, span, 12)).toMatchObject(expected);
  });
});

describe('a page that does not answer', () => {
  test.each([
    [
      'a token that ended',
      400,
      {},
      { error: { code: 190, error_subcode: 463 } },
      { kind: 'refused', because: 'error 190/463' },
    ],
    ['a limit', 400, {}, { error: { code: 32 } }, { kind: 'later', pauseSeconds: 300 }],
    ['too many calls', 429, { 'retry-after': '77' }, {}, { kind: 'later', pauseSeconds: 77 }],
    ['an outage', 502, {}, {}, { kind: 'later', because: 'status 502' }],
    ['a page that is gone', 404, {}, {}, { kind: 'refused', because: 'the account is not there' }],
  ])('for %s says why and how long to wait', async (_, status, headers, body, expected) => {
    api.answers = () => ({ status, headers, body });
    expect(await puller.pull(page, span, 12)).toMatchObject(expected);
  });

  test('is left alone once our share of its budget is used up', async () => {
    api.answers = () => ({ headers: { 'x-app-usage': '{"call_count":95}' }, body: feed(comment('1', '10:05')) });
    expect(await puller.pull(page, span, 12)).toMatchObject({
      kind: 'read',
      pauseSeconds: 300,
      events: [{ messageId: '9_1' }],
    });
  });
});

test('only accounts with a token are polled', async () => {
  const others = [
    { channel: 'facebook', id: '9' },
    { channel: 'telegram', id: '501' },
  ];
  expect(await puller.accessible([page, ...others, inbox, instagram, channel])).toEqual([
    page,
    inbox,
    instagram,
    channel,
  ]);
});
