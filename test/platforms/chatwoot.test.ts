import { describe, expect, test } from 'vitest';
import { chatwoot } from '../../shared/platforms/chatwoot.ts';
import { readFixture } from './fixture.ts';

describe('Chatwoot', () => {
  test('reads an incoming message', () => {
    expect(readFixture(chatwoot, 'incoming.json').events).toEqual([
      {
        type: 'message_received',
        platform: 'chatwoot',
        channel: 'chatwoot',
        accountId: '3',
        messageId: '601',
        thread: 'conversation:21',
        author: { id: '90', name: 'Inés' },
        public: false,
        text: '¿Hola?',
        postedAt: '2026-11-24T10:00:00.000Z',
        attachments: ['image', 'file'],
      },
    ]);
  });

  test('reads the numbers of the REST forms', () => {
    expect(readFixture(chatwoot, 'incoming-number-and-epoch.json').events).toMatchObject([
      { type: 'message_received', text: '', postedAt: '2026-11-22T10:00:00.000Z' },
    ]);
  });

  test("takes an agent's message for a reply to the contact", () => {
    expect(readFixture(chatwoot, 'outgoing.json').events).toMatchObject([
      { type: 'own_reply', thread: 'conversation:21', toAuthorId: '90' },
    ]);
  });

  test('reads an update under the first key, and a delete that comes as one', () => {
    const [edited] = readFixture(chatwoot, 'updated.json').events;
    expect(edited).toMatchObject({ type: 'message_edited', messageKey: '601', postedAt: '2026-11-22T10:01:00.000Z' });
    expect(edited?.messageId).toMatch(/^601@[0-9a-f]{16}$/);
    expect(readFixture(chatwoot, 'deleted.json').events).toMatchObject([
      { type: 'message_deleted', messageId: '601', thread: 'conversation:21', text: '' },
    ]);
  });

  test.each([
    ['private-note.json', 'service_event'],
    ['template.json', 'bot'],
    ['conversation-resolved.json', 'service_event'],
  ])('finds no message in %s', (file, reason) => {
    expect(readFixture(chatwoot, file)).toEqual({ events: [], reasons: [reason] });
  });
});
