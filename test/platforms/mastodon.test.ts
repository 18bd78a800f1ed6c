import { describe, expect, test } from 'vitest';
import { mastodon } from '../../shared/platforms/mastodon.ts';
import { readFixture } from './fixture.ts';

describe('Mastodon', () => {
  test('reads a post as text, with language and followers', () => {
    expect(readFixture(mastodon, 'status.json', 'norvel').events).toEqual([
      {
        type: 'message_received',
        platform: 'mastodon',
        channel: 'mastodon',
        accountId: 'norvel',
        messageId: '113000000000000001',
        thread: 'public:110001',
        author: { id: '110001', name: 'Ola', followers: 5200 },
        public: true,
        text: '@norvel paczka <zgubiona>',
        postedAt: '2026-11-24T09:59:59.000Z',
        language: 'pl',
        attachments: ['image'],
        permalink: 'https://example.social/@ola/113000000000000001',
      },
    ]);
  });

  test('reads an edit under the first key, content warning first', () => {
    expect(readFixture(mastodon, 'status-edited.json').events).toMatchObject([
      {
        type: 'message_edited',
        messageId: '113000000000000001@2026-11-24T10:05:00.000Z',
        messageKey: '113000000000000001',
        accountId: 'unknown',
        text: 'skarga\n\n@norvel paczka <zgubiona>',
        postedAt: '2026-11-24T10:05:00.000Z',
      },
    ]);
  });

  test("brings the brand's answer into the customer's thread", () => {
    expect(readFixture(mastodon, 'own-reply.json', 'norvel').events).toMatchObject([
      { type: 'own_reply', thread: 'public:110001', toAuthorId: '110001', inReplyTo: '113000000000000001' },
    ]);
  });

  test('keeps direct posts private', () => {
    expect(readFixture(mastodon, 'direct.json', 'norvel').events).toMatchObject([
      { thread: 'dm:110001', public: false },
    ]);
  });

  test.each([
    ['own-post.json', 'own_post'],
    ['boost.json', 'share_without_text'],
    ['by-bot.json', 'bot'],
    ['report.json', 'moderation'],
  ])('finds no message in %s', (file, reason) => {
    expect(readFixture(mastodon, file, 'norvel')).toEqual({ events: [], reasons: [reason] });
  });
});
