import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { freshchat } from '../../shared/platforms/freshchat.ts';
import { fixtureBytes, postOf, readFixture } from './fixture.ts';

describe('Freshchat', () => {
  test("reads a user's message", () => {
    expect(readFixture(freshchat, 'by-user.json').events).toEqual([
      {
        type: 'message_received',
        platform: 'freshchat',
        channel: 'freshchat',
        accountId: 'app-1',
        messageId: 'fm-user',
        thread: 'conversation:fconv-1',
        author: { id: 'user-1' },
        public: false,
        text: "Ciao,\ndov'è il pacco?",
        postedAt: '2026-11-24T10:00:00.123Z',
        attachments: ['image'],
      },
    ]);
  });

  test("takes an agent's message for a reply", () => {
    expect(readFixture(freshchat, 'by-agent.json').events).toMatchObject([
      { type: 'own_reply', thread: 'conversation:fconv-1', toAuthorId: 'user-1' },
    ]);
  });

  test.each([
    ['by-bot.json', 'bot'],
    ['note.json', 'service_event'],
    ['resolved.json', 'service_event'],
  ])('finds no message in %s', (file, reason) => {
    expect(readFixture(freshchat, file)).toEqual({ events: [], reasons: [reason] });
  });

  test('accepts the public key under the wrong label that Freshchat gives it', () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const request = postOf(fixtureBytes(freshchat, 'by-user.json'));
    const headers = freshchat.sign(
      request,
      { secrets: [privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()] },
      new Date(0),
    );
    const labelled = pem.replaceAll('PUBLIC KEY', 'RSA PUBLIC KEY');
    for (const secret of [pem, labelled, publicKey.export({ type: 'pkcs1', format: 'pem' }).toString()]) {
      expect(freshchat.verify({ ...request, headers }, { secrets: ['not a key', secret] }, new Date(0))).toBe(true);
    }
  });
});
