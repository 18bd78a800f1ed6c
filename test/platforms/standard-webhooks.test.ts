import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { ed25519Signature } from '../../shared/platforms/signature.ts';
import { standardWebhooks } from '../../shared/platforms/standard-webhooks.ts';
import { fixtureBytes, postOf, readFixture } from './fixture.ts';

describe('the body', () => {
  test('is read as documented', () => {
    expect(readFixture(standardWebhooks, 'created.json').events).toEqual([
      {
        type: 'message_received',
        platform: 'standard-webhooks',
        channel: 'livechat',
        accountId: 'norvel',
        messageId: 'm1',
        thread: 'dm:u7',
        author: { id: 'u7', name: 'José Marín', followers: 12 },
        public: false,
        text: ' No puedo entrar ',
        postedAt: '2026-11-22T10:00:00.000Z',
        language: 'es',
        attachments: ['image'],
      },
    ]);
  });

  test.each([
    ['reply.json', { type: 'own_reply', messageId: 'm2', thread: 'dm:u7', toAuthorId: 'u7', inReplyTo: 'm1' }],
    ['deleted.json', { type: 'message_deleted', messageId: 'm1', thread: 'dm:u7', text: '' }],
  ])('%s shares the thread', (file, event) => {
    expect(readFixture(standardWebhooks, file).events).toMatchObject([event]);
  });

  test('an update is told from the next by its delivery', () => {
    const updateBy = (id: string) => {
      const body = fixtureBytes(standardWebhooks, 'updated.json');
      const result = standardWebhooks.read(body, { pathAccount: undefined }, { 'webhook-id': id });
      return result.kind === 'events' ? result.events[0] : undefined;
    };
    expect(updateBy('msg_1')).toMatchObject({ type: 'message_edited', messageKey: 'm1' });
    expect(updateBy('msg_1')).toEqual(updateBy('msg_1'));
    expect(updateBy('msg_1')?.messageId).not.toBe(updateBy('msg_2')?.messageId);
  });

  test('the path names the account where the body does not', () => {
    const body = Buffer.from('{"type":"message.created","data":{"id":9007199254740993}}');
    expect(standardWebhooks.read(body, { pathAccount: 'shop-12' }, {})).toMatchObject({
      events: [{ accountId: 'shop-12', messageId: '9007199254740993', channel: 'generic', text: '' }],
    });
  });

  test('other types are acknowledged', () => {
    expect(readFixture(standardWebhooks, 'other.json')).toEqual({ events: [], reasons: ['unsupported_event'] });
  });

  test.each([
    ['no JSON', '{', 'the body is not JSON'],
    ['a list', '[]', 'the body is not a JSON object'],
    ['no id', '{"type":"message.created","data":{}}', 'data.id: missing or of another type'],
    [
      'a number for text',
      '{"type":"message.created","data":{"id":"1","text":2}}',
      'data.text: missing or of another type',
    ],
    [
      'a channel of two words',
      '{"type":"message.created","data":{"id":"1","channel":"Live Chat"}}',
      'data.channel: missing or of another type',
    ],
    ['a type of no event', '{"type":"constructor","data":{}}', undefined],
  ])('%s', (_, body, detail) => {
    const result = standardWebhooks.read(Buffer.from(body), { pathAccount: undefined }, {});
    expect(result.kind === 'malformed' ? result.detail : undefined).toBe(detail);
  });
});

describe('the signature', () => {
  const secret = `whsec_${Buffer.from('a key of twenty-four byte').toString('base64')}`;
  const now = new Date('2026-11-22T10:00:00Z');
  const headers = standardWebhooks.sign(postOf('{}'), { secrets: [secret] }, now);
  const verifies = (changes: Record<string, string>, secrets = [secret], at = now) =>
    standardWebhooks.verify({ ...postOf('{}'), headers: { ...headers, ...changes } }, { secrets }, at);
  const signature = headers['webhook-signature'] ?? '';

  test.each([
    ['as signed', {}, true],
    ['beside unknown versions and strangers', { 'webhook-signature': `v2,abc v1,xyz ${signature} v1` }, true],
    ['under another version', { 'webhook-signature': signature.replace('v1,', 'v1a,') }, false],
    ['for another id', { 'webhook-id': 'msg_other' }, false],
    ['for another time', { 'webhook-timestamp': '1795341601' }, false],
    ['without a version', { 'webhook-signature': signature.slice(3) }, false],
  ])('%s', (_, changes, expected) => {
    expect(verifies(changes)).toBe(expected);
  });

  test('is valid for five minutes in both directions', () => {
    const at = (seconds: number) => new Date(now.getTime() + seconds * 1000);
    expect([-301, -300, 300, 301].map((seconds) => verifies({}, [secret], at(seconds)))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  test('is found under the names of Svix too', () => {
    const svix = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.replace('webhook', 'svix'), value]),
    );
    expect(standardWebhooks.verify({ ...postOf('{}'), headers: svix }, { secrets: [secret] }, now)).toBe(true);
  });

  test('is never that of an empty key', () => {
    const byNobody = standardWebhooks.sign(postOf('{}'), { secrets: ['whsec_'] }, now);
    expect(standardWebhooks.verify({ ...postOf('{}'), headers: byNobody }, { secrets: ['whsec_'] }, now)).toBe(false);
  });

  test('may be made with Ed25519', () => {
    const { d = '', x = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
    const publicKey = `whpk_${Buffer.from(x, 'base64url').toString('base64')}`;
    const by = (id: string) =>
      `v1a,${ed25519Signature(Buffer.from(d, 'base64url'), `${id}.${headers['webhook-timestamp']}.{}`).toString('base64')}`;
    expect(verifies({ 'webhook-id': 'msg_1', 'webhook-signature': by('msg_1') }, [publicKey])).toBe(true);
    expect(verifies({ 'webhook-id': 'msg_1', 'webhook-signature': by('msg_2') }, [publicKey])).toBe(false);
  });
});
