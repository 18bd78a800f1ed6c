import { describe, expect, test } from 'vitest';
import { hmac } from '../../shared/platforms/signature.ts';
import { x } from '../../shared/platforms/x.ts';
import { getOf, readFixture } from './fixture.ts';

describe('Account Activity', () => {
  const { events, reasons } = readFixture(x, 'account-activity.json');

  test('reads a long post in full, unescaped once, with the ids that are text', () => {
    expect(events[0]).toEqual({
      type: 'message_received',
      platform: 'x',
      channel: 'x',
      accountId: '900100',
      messageId: '2080765813578191303',
      thread: 'public:41',
      author: { id: '41', name: 'Ida Falk', verified: true, followers: 120000 },
      public: true,
      text: '@norvel Fish &amp; chips <3 for ever',
      postedAt: '2026-11-22T10:00:00.000Z',
      language: 'en',
      permalink: 'https://x.com/i/status/2080765813578191303',
      inReplyTo: '2080765813578191000',
    });
  });

  test('puts the own reply and the deletion into the thread of the customer', () => {
    expect(events.slice(1)).toMatchObject([
      { type: 'own_reply', messageId: '2080765813578191304', thread: 'public:41', toAuthorId: '41' },
      { type: 'message_deleted', messageId: '2080765813578191303', thread: 'public:41' },
    ]);
    expect(events[1]).not.toHaveProperty('language');
    expect(reasons).toEqual(['own_post', 'share_without_text', 'unreadable_part', 'reaction', 'service_event']);
  });

  test('reads direct messages in both directions', () => {
    const { events: messages, reasons: others } = readFixture(x, 'direct-messages.json');
    expect(messages).toMatchObject([
      {
        type: 'message_received',
        messageId: 'd1',
        thread: 'dm:41',
        author: { id: '41', name: 'Ida Falk', followers: 12 },
        text: 'Tom & Jo',
        attachments: ['photo'],
        public: false,
      },
      { type: 'own_reply', messageId: 'd2', thread: 'dm:41', author: { id: '900100' }, toAuthorId: '41' },
    ]);
    expect(others).toEqual(['service_event', 'receipt']);
  });
});

describe('X Activity', () => {
  test('an edited post is an edit of the post it began as', () => {
    expect(readFixture(x, 'activity-edited-reply.json').events).toMatchObject([
      {
        type: 'message_edited',
        messageId: '2090000000000000002',
        messageKey: '2090000000000000001',
        thread: 'public:41',
        author: { id: '41', name: 'Ida Falk', verified: true, followers: 7 },
        text: 'a long post, in full',
        inReplyTo: '2080000000000000001',
      },
    ]);
  });

  test.each([
    ['activity-own-reply.json', { type: 'own_reply', messageId: '91', toAuthorId: '41', inReplyTo: '90' }],
    ['activity-deleted.json', { type: 'message_deleted', messageId: '91', thread: 'public:41' }],
    ['activity-dm.json', { messageId: 'd9', thread: 'dm:41', author: { id: '41', name: 'Ida Falk', followers: 9 } }],
  ])('%s', (file, event) => {
    expect(readFixture(x, file).events).toMatchObject([event]);
  });
});

test('a filtered stream names no account: that of the path, or unknown', () => {
  expect(readFixture(x, 'filtered-stream.json', 'norvel').events).toMatchObject([{ accountId: 'norvel' }]);
  expect(readFixture(x, 'filtered-stream.json').events).toMatchObject([{ accountId: 'unknown', messageId: '77' }]);
});

describe('CRC', () => {
  const url = (token: string) => `https://hooks.example.com/webhooks/x?crc_token=${token}`;

  test('signs the decoded token', () => {
    const token = hmac('sha256', 's', 'a token').toString('base64');
    expect(x.challenge?.(getOf(url('a+token')), { secrets: ['s'] })).toEqual({
      status: 200,
      contentType: 'application/json',
      body: JSON.stringify({ response_token: `sha256=${token}` }),
    });
  });

  test.each(['', '%7B%22for_user_id%22%3A1%7D', '[]', '"a"'])('never signs what could be a body: %s', (token) => {
    expect(x.challenge?.(getOf(url(token)), { secrets: ['s'] })).toBeUndefined();
  });
});
