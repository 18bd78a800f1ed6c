import { describe, expect, test } from 'vitest';
import { tiktok } from '../../shared/platforms/tiktok.ts';
import { postOf, readFixture } from './fixture.ts';

describe('TikTok', () => {
  test('reads a reply under a comment, every digit of its ids kept', () => {
    const { events } = readFixture(tiktok, 'comment-reply-insert.json');
    expect(events).toEqual([
      {
        type: 'message_received',
        platform: 'tiktok',
        channel: 'tiktok',
        accountId: 'act.norvel',
        messageId: '7400000000000000123',
        thread: '7400000000000000100',
        author: { id: 'zoe+id' },
        public: true,
        text: 'Same here, still waiting 😤',
        postedAt: '2026-11-22T10:00:00.456Z',
        inReplyTo: '7400000000000000100',
      },
    ]);
  });

  test('takes a comment by the business itself for its own reply in that thread', () => {
    const { events } = readFixture(tiktok, 'comment-own-reply.json');
    expect(events).toMatchObject([
      { type: 'own_reply', thread: '7400000000000000100', inReplyTo: '7400000000000000100' },
    ]);
  });

  test('brings both sides of a direct conversation into one thread, the words untrimmed', () => {
    expect(readFixture(tiktok, 'direct-message-bare-text.json').events).toMatchObject([
      {
        type: 'message_received',
        thread: 'dm:c-1',
        text: '  Où est ma commande ?\n',
        author: { id: 'zoe', name: 'Zoé' },
      },
    ]);
    expect(readFixture(tiktok, 'direct-message-sent.json').events).toMatchObject([
      { type: 'own_reply', thread: 'dm:c-1', toAuthorId: 'zoe', text: 'Bonjour Zoé', public: false },
    ]);
  });

  test('asks for the words of a mention', () => {
    expect(readFixture(tiktok, 'mention-comment.json').events).toMatchObject([
      { type: 'fetch_needed', messageId: '7400000000000000200', text: '' },
    ]);
  });

  test('ignores receipts', () => {
    expect(readFixture(tiktok, 'direct-message-read.json')).toEqual({ events: [], reasons: ['receipt'] });
  });

  const at = (seconds: number) => new Date(Date.parse('2026-11-22T10:00:00Z') + seconds * 1000);
  test.each([
    ['at once', 0, true],
    ['at the last retry', 72 * 3600, true],
    ['days after the last retry', 5 * 24 * 3600, false],
    ['by a clock that is four minutes late', -240, true],
    ['ten minutes before it was signed', -600, false],
  ])('judges a call %s', (_, seconds, expected) => {
    const secrets = { secrets: ['app-secret'] };
    const request = { ...postOf('{}'), headers: tiktok.sign(postOf('{}'), secrets, at(0)) };
    expect(tiktok.verify(request, secrets, at(seconds))).toBe(expected);
  });

  test('reads the fields of the signature in any order', () => {
    const secrets = { secrets: ['app-secret'] };
    const header = tiktok.sign(postOf('{}'), secrets, at(0))['tiktok-signature'] ?? '';
    const headers = { 'tiktok-signature': header.split(',').reverse().join(', ') };
    expect(tiktok.verify({ ...postOf('{}'), headers }, secrets, at(0))).toBe(true);
  });
});
