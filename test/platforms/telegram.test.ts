import { describe, expect, test } from 'vitest';
import { telegram } from '../../shared/platforms/telegram.ts';
import { postOf, readFixture } from './fixture.ts';

describe('Telegram', () => {
  test('reads a picture with its words, in the topic of a group', () => {
    expect(readFixture(telegram, 'group-caption.json', 'norvel_bot').events).toEqual([
      {
        type: 'message_received',
        platform: 'telegram',
        channel: 'telegram',
        accountId: 'norvel_bot',
        messageId: '700',
        messageKey: '-1001:12',
        thread: 'group:-1001:5',
        author: { id: '61', name: 'Iris Valmont' },
        public: true,
        text: " Voilà l'état ",
        postedAt: '2026-11-22T10:00:00.000Z',
        attachments: ['image'],
        permalink: 'https://t.me/norvel_club/12',
        inReplyTo: '-1001:11',
      },
    ]);
  });

  test.each([
    ['business-message.json', { type: 'message_received', accountId: 'bc1', thread: 'dm:62', messageKey: '62:13' }],
    ['business-reply.json', { type: 'own_reply', thread: 'dm:62', toAuthorId: '62', inReplyTo: '62:13' }],
    ['edited.json', { type: 'message_edited', messageKey: '63:16', postedAt: '2026-11-22T10:01:40.000Z' }],
    ['command-with-words.json', { type: 'message_received', text: '/aide mon colis est cassé' }],
  ])('%s', (file, event) => {
    expect(readFixture(telegram, file).events).toMatchObject([event]);
  });

  test('keeps the replies of one person in a group together, unless they stand in a topic', () => {
    const body = (fields: object) =>
      JSON.stringify({
        update_id: 1,
        message: {
          message_id: 5,
          date: 1,
          chat: { id: -8, type: 'supergroup' },
          from: { id: 2 },
          text: 'a',
          ...fields,
        },
      });
    const threadOf = (fields: object) => {
      const read = telegram.read(Buffer.from(body(fields)), { pathAccount: 'bot' }, {});
      return read.kind === 'events' ? read.events.map(({ thread }) => thread) : [];
    };
    expect(threadOf({ message_thread_id: 4, reply_to_message: { message_id: 4 } })).toEqual(['group:-8']);
    expect(threadOf({ message_thread_id: 4, is_topic_message: true })).toEqual(['group:-8:4']);
  });

  test('reads each deleted message by its own key, under the id of the update', () => {
    expect(readFixture(telegram, 'business-deleted.json').events).toMatchObject([
      { type: 'message_deleted', messageId: '703', messageKey: '62:13', thread: 'dm:62' },
      { type: 'message_deleted', messageId: '703', messageKey: '62:15', thread: 'dm:62' },
    ]);
  });

  test.each([
    ['command.json', 'command'],
    ['bot.json', 'bot'],
    ['live-location.json', 'service_event'],
    ['channel-post.json', 'own_post'],
  ])('%s is no message', (file, reason) => {
    expect(readFixture(telegram, file)).toEqual({ events: [], reasons: [reason] });
  });

  test('an update without an account in its path has an unknown one', () => {
    expect(readFixture(telegram, 'edited.json').events).toMatchObject([{ accountId: 'unknown' }]);
  });

  test('compares the token to the letter', () => {
    const verifies = (token: string) =>
      telegram.verify(
        { ...postOf('{}'), headers: { 'x-telegram-bot-api-secret-token': token } },
        { secrets: ['old', 'Token_1'] },
        new Date(0),
      );
    expect(['Token_1', 'old', 'token_1', 'Token_', ''].map(verifies)).toEqual([true, true, false, false, false]);
  });
});
