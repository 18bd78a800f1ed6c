import { describe, expect, test } from 'vitest';
import { zendesk } from '../../shared/platforms/zendesk.ts';
import { fixtureBytes, readFixture } from './fixture.ts';

describe('Zendesk', () => {
  test("reads a customer's comment", () => {
    expect(readFixture(zendesk, 'comment-by-customer.json').events).toEqual([
      {
        type: 'message_received',
        platform: 'zendesk',
        channel: 'zendesk',
        accountId: '9007199254740993',
        messageId: 'c1',
        thread: 'ticket:812',
        author: { id: 'req1', name: 'X' },
        public: false,
        text: 'Der Ofen raucht!',
        postedAt: '2026-11-24T10:00:00.123Z',
      },
    ]);
  });

  test('brings messaging, comments and the reply of one ticket into one thread', () => {
    expect(readFixture(zendesk, 'message-by-customer.json').events).toMatchObject([
      { type: 'message_received', messageId: 'm1', thread: 'ticket:812', author: { id: 'req1', name: 'Nele' } },
    ]);
    expect(readFixture(zendesk, 'comment-by-staff.json').events).toMatchObject([
      { type: 'own_reply', messageId: 'c2', thread: 'ticket:812', toAuthorId: 'req1' },
    ]);
  });

  test.each([
    ['comment-internal.json', 'service_event'],
    ['message-by-bot.json', 'bot'],
    ['comment-redacted.json', 'moderation'],
  ])('finds no message in %s', (file, reason) => {
    expect(readFixture(zendesk, file)).toEqual({ events: [], reasons: [reason] });
  });

  test('refuses the free form of a trigger, naming the field', () => {
    const result = zendesk.read(fixtureBytes(zendesk, 'from-a-trigger.json'), { pathAccount: undefined }, {});
    expect(result).toEqual({ kind: 'malformed', code: 'wrong_shape', detail: 'type: missing or of another type' });
  });
});
