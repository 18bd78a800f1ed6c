import { describe, expect, test } from 'vitest';
import { trustpilot } from '../../shared/platforms/trustpilot.ts';
import { postOf, readFixture } from './fixture.ts';

describe('Trustpilot', () => {
  test('reads a review with title, stars and language, for the account in the path', () => {
    const { events } = readFixture(trustpilot, 'created.json', 'norvel-es');
    expect(events).toEqual([
      {
        type: 'message_received',
        platform: 'trustpilot',
        channel: 'trustpilot',
        accountId: 'norvel-es',
        messageId: 'rev1',
        thread: 'rev1',
        author: { id: 'c77', name: 'Marta Q.' },
        public: true,
        text: 'Decepción\nLlegó roto y nadie responde.',
        postedAt: '2026-11-20T08:00:00.000Z',
        language: 'es',
        permalink: 'https://api.trustpilot.com/v1/reviews/rev1',
        rating: 1,
      },
    ]);
  });

  test.each([
    ['1', 1],
    ['', undefined],
    ['9', undefined],
    [null, undefined],
  ])('takes stars given as %j for %s', (stars, rating) => {
    const body = { events: [{ eventName: 'service-review-created', eventData: { id: 'r', stars } }] };
    const result = trustpilot.read(Buffer.from(JSON.stringify(body)), { pathAccount: undefined }, {});
    expect(result.kind === 'events' && result.events.map((event) => event.rating)).toEqual([rating]);
  });

  test('keeps two updates of one review apart, drops the repeat, and reads the delete beside them', () => {
    const { events, reasons } = readFixture(trustpilot, 'updated-twice-and-deleted.json');
    expect(events.map(({ type, messageKey, messageId }) => [type, messageKey ?? messageId])).toEqual([
      ['message_edited', 'rev1'],
      ['message_edited', 'rev1'],
      ['message_deleted', 'rev2'],
    ]);
    expect(new Set(events.map(({ messageId }) => messageId)).size).toBe(3);
    // The time of creation is all that Trustpilot gives: an edit that bore it would be judged late.
    expect(events.map(({ postedAt }) => postedAt)).toEqual([undefined, undefined, undefined]);
    expect(reasons).toEqual(['unreadable_part', 'unsupported_event']);
  });

  test.each([
    ['the token in the URL', { url: 'https://hooks.example.com/webhooks/trustpilot/es?token=long-secret' }, true],
    ['basic authentication', { headers: { authorization: `Basic ${btoa('any:long-secret')}` } }, true],
    ['a wrong token', { url: 'https://hooks.example.com/webhooks/trustpilot/es?token=long' }, false],
    ['a wrong password', { headers: { authorization: `Basic ${btoa('long-secret:')}` } }, false],
    ['nothing', {}, false],
  ])('judges %s', (_, changes, expected) => {
    expect(trustpilot.verify({ ...postOf('{}'), ...changes }, { secrets: ['long-secret'] }, new Date(0))).toBe(
      expected,
    );
  });
});
