import { describe, expect, test } from 'vitest';
import { slack } from '../../shared/platforms/slack.ts';
import { fixtureBytes, postOf, readFixture } from './fixture.ts';

const root = 'C0HELP:1795341500.000100';
const reply = 'C0HELP:1795341600.000200';

describe('Slack', () => {
  test('reads a reply as its reader sees it, under the ids of its thread', () => {
    const { events } = readFixture(slack, 'reply-in-thread.json');
    expect(events).toEqual([
      {
        type: 'message_received',
        platform: 'slack',
        channel: 'slack',
        accountId: 'T0NORVEL',
        messageId: 'Ev01',
        messageKey: reply,
        thread: root,
        public: true,
        author: { id: 'U0IDA' },
        text: 'Hi @ops, see the order & tell me if 2 < 3',
        postedAt: '2026-11-22T10:00:00.000Z',
        inReplyTo: root,
      },
    ]);
  });

  test('gives the mention of a message the key of the message', () => {
    const { events } = readFixture(slack, 'mention-of-same-message.json');
    expect(events).toMatchObject([{ messageId: 'Ev02', messageKey: reply, thread: root }]);
  });

  test('reads an edit and a delete under the first key', () => {
    expect(readFixture(slack, 'edited.json').events).toMatchObject([
      { type: 'message_edited', messageKey: reply, thread: root, text: 'new words', author: { id: 'U0IDA' } },
    ]);
    expect(readFixture(slack, 'deleted-with-replies.json').events).toMatchObject([
      { type: 'message_deleted', messageKey: root, thread: root, text: '' },
    ]);
  });

  test.each([
    ['unfurled.json', 'service_event'],
    ['own-bot.json', 'bot'],
    ['joined.json', 'service_event'],
    ['reaction.json', 'reaction'],
    ['handshake.json', 'handshake'],
  ])('finds no message in %s', (file, reason) => {
    expect(readFixture(slack, file)).toEqual({ events: [], reasons: [reason] });
  });

  test('answers the handshake, if it is signed', () => {
    const secrets = { secrets: ['signing-secret'] };
    const answerTo = (file: string, judge = secrets) => {
      const request = postOf(fixtureBytes(slack, file));
      return slack.challenge?.({ ...request, headers: slack.sign(request, secrets, new Date(0)) }, judge);
    };
    expect(answerTo('handshake.json')).toMatchObject({ status: 200, body: 'c0ffee' });
    expect(answerTo('handshake.json', { secrets: ['another'] })).toBeUndefined();
    expect(answerTo('joined.json')).toBeUndefined();
  });
});
