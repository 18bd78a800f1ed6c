import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { discord } from '../../shared/platforms/discord.ts';
import { fixtureBytes, postOf, readFixture } from './fixture.ts';

describe('Discord', () => {
  test('reads a lobby message, its edit and its delete in one thread', () => {
    const thread = 'lobby:9500000000000000001';
    expect(readFixture(discord, 'lobby-message.json').events).toEqual([
      {
        type: 'message_received',
        platform: 'discord',
        channel: 'discord',
        accountId: '9200000000000000001',
        messageId: '9400000000000000001',
        thread,
        author: { id: '9300000000000000001', name: 'Kai' },
        public: false,
        text: 'the shop took my coins twice',
        attachments: ['image', 'file'],
        postedAt: '2026-11-24T10:00:00.123Z',
      },
    ]);
    expect(readFixture(discord, 'lobby-message-edited.json').events).toMatchObject([
      {
        type: 'message_edited',
        messageId: '9400000000000000001@2026-11-24T10:01:00.000Z',
        messageKey: '9400000000000000001',
        thread,
        text: 'solved',
      },
    ]);
    expect(readFixture(discord, 'lobby-message-deleted.json').events).toMatchObject([
      { type: 'message_deleted', messageId: '9400000000000000001', thread, text: '' },
    ]);
  });

  test.each([
    ['direct-message-by-bot.json', 'bot'],
    ['installed.json', 'service_event'],
    ['ping.json', 'handshake'],
  ])('finds no message in %s', (file, reason) => {
    expect(readFixture(discord, file)).toEqual({ events: [], reasons: [reason] });
  });

  test('answers a ping, if it is signed, with 204', () => {
    const [ours, theirs] = [newKey(), newKey()];
    const answerTo = (file: string, judge = ours) => {
      const request = postOf(fixtureBytes(discord, file));
      const headers = discord.sign(request, { secrets: [ours.privateKey] }, new Date(0));
      return discord.challenge?.({ ...request, headers }, { secrets: [judge.publicHex] });
    };
    expect(answerTo('ping.json')).toEqual({ status: 204, body: '' });
    expect(answerTo('ping.json', theirs)).toBeUndefined();
    expect(answerTo('installed.json')).toBeUndefined();
  });
});

function newKey(): { privateKey: string; publicHex: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicHex: publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('hex'),
  };
}
