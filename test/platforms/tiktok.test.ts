import { describe, expect, test } from 'vitest';
import { tiktok } from '../../shared/platforms/tiktok.ts';
import { readFixture } from './fixture.ts';

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
});
