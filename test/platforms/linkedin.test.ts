import { describe, expect, test } from 'vitest';
import { linkedin } from '../../shared/platforms/linkedin.ts';
import { getOf, readFixture } from './fixture.ts';

const post = 'urn:li:activity:7300000000000000001';

describe('LinkedIn', () => {
  test('reads a comment once, though two administrators are notified and spell it differently', () => {
    const { events, reasons } = readFixture(linkedin, 'comment-for-two-administrators.json');
    expect(reasons).toEqual([]);
    expect(events).toEqual([
      {
        type: 'message_received',
        platform: 'linkedin',
        channel: 'linkedin',
        accountId: 'urn:li:organization:4400',
        messageId: '9007199254740993',
        messageKey: `urn:li:comment:(${post},7300000000000000777)`,
        thread: post,
        author: { id: 'urn:li:person:lea' },
        public: true,
        text: 'Toujours aucune nouvelle de mon colis…',
        postedAt: '2026-11-22T10:00:00.123Z',
      },
    ]);
  });

  test('tells edits, deletes, replies by the page and shares apart', () => {
    const { events, reasons } = readFixture(linkedin, 'actions.json');
    const comment = `urn:li:comment:(${post},7300000000000000777)`;
    expect(events).toMatchObject([
      { type: 'message_edited', messageKey: comment, thread: post, text: 'Colis reçu, merci.' },
      { type: 'message_deleted', messageKey: comment, thread: post, author: {}, text: '' },
      { type: 'own_reply', inReplyTo: comment, thread: post },
      { type: 'message_received', messageKey: 'urn:li:share:7300000000000000902' },
      { type: 'fetch_needed', messageKey: `urn:li:comment:(${post},7300000000000000779)`, thread: post },
    ]);
    expect(reasons).toEqual(['reaction', 'share_without_text', 'own_post', 'unreadable_part', 'unsupported_event']);
  });

  test('answers its challenge', () => {
    const challenge = linkedin.challenge?.(
      getOf('https://hooks.example.com/webhooks/linkedin?challengeCode=0f0e0d0c-0b0a-4908-8706-050403020100'),
      { secrets: ['client-secret'] },
    );
    expect(challenge).toMatchObject({ status: 200, contentType: 'application/json' });
    expect(JSON.parse(challenge?.body ?? '')).toEqual({
      challengeCode: '0f0e0d0c-0b0a-4908-8706-050403020100',
      challengeResponse: '4570fca5dfe3c1eab709a656ba03200e347dd2502f8eb87189152b3b7c525191',
    });
  });

  test.each(['hmacsha256={"notifications":[]}', '', 'a'.repeat(513)])('does not sign %j for a stranger', (code) => {
    const url = `https://hooks.example.com/webhooks/linkedin?challengeCode=${encodeURIComponent(code)}`;
    expect(linkedin.challenge?.(getOf(url), { secrets: ['client-secret'] })).toBeUndefined();
  });
});
