import { describe, expect, test } from 'vitest';
import { intercom } from '../../shared/platforms/intercom.ts';
import { fixtureBytes, postOf, readFixture } from './fixture.ts';

describe('Intercom', () => {
  test('reads the first message of a conversation as text', () => {
    expect(readFixture(intercom, 'created.json').events).toEqual([
      {
        type: 'message_received',
        platform: 'intercom',
        channel: 'intercom',
        accountId: 'norvel1',
        messageId: '55000',
        thread: 'conversation:55001',
        author: { id: 'contact7', name: 'Ana' },
        public: false,
        text: 'Bonjour,\n\nmon code & ma carte ?\nMerci',
        postedAt: '2026-11-22T09:58:20.000Z',
      },
    ]);
  });

  test('takes the time of the notice for what has no time of its own', () => {
    const part = { id: '2', body: 'a', author: { type: 'user', id: 'u' } };
    const item = { id: '1', created_at: 1_700_000_000, conversation_parts: { conversation_parts: [part] } };
    const timesOf = (notice: object) => {
      const body = { topic: 'conversation.user.replied', data: { item }, ...notice };
      const result = intercom.read(Buffer.from(JSON.stringify(body)), { pathAccount: undefined }, {});
      return result.kind === 'events' ? result.events.map(({ postedAt }) => postedAt) : [];
    };
    expect(timesOf({ created_at: 1_795_341_600 })).toEqual(['2026-11-22T10:00:00.000Z']);
    expect(timesOf({ data: { item: { ...item, created_at: undefined } } })).toEqual([undefined]);
  });

  test('keeps a screenshot without words', () => {
    expect(readFixture(intercom, 'replied-with-screenshot.json').events).toMatchObject([
      { type: 'message_received', messageId: '55002', text: '', attachments: ['image', 'application'] },
    ]);
  });

  test('takes the one part in which a teammate answers for a reply, and each other part for what it is', () => {
    const { events, reasons } = readFixture(intercom, 'admin-replied.json');
    expect(events).toMatchObject([
      { type: 'own_reply', messageId: '55004', thread: 'conversation:55001', toAuthorId: 'contact7' },
    ]);
    expect(reasons).toEqual(['service_event', 'service_event', 'bot', 'unreadable_part']);
  });

  test('ignores redactions', () => {
    expect(readFixture(intercom, 'redacted.json')).toEqual({ events: [], reasons: ['moderation'] });
  });

  test('answers a ping, if it is signed', () => {
    const secrets = { secrets: ['client-secret'] };
    const answerTo = (file: string, judge = secrets) => {
      const request = postOf(fixtureBytes(intercom, file));
      return intercom.challenge?.({ ...request, headers: intercom.sign(request, secrets, new Date(0)) }, judge);
    };
    expect(answerTo('ping.json')).toEqual({ status: 200, body: '' });
    expect(answerTo('ping.json', { secrets: ['another'] })).toBeUndefined();
    expect(answerTo('created.json')).toBeUndefined();
    expect(readFixture(intercom, 'ping.json')).toEqual({ events: [], reasons: ['handshake'] });
  });
});
