import { describe, expect, test } from 'vitest';
import { receiveWebhook } from '../../functions/receive-webhook/handler.ts';
import { intakeRecordSchema } from '../../shared/contracts/intake.ts';
import type { Platform, PlatformSecrets, WebhookRequest } from '../../shared/platforms/platform.ts';
import { platformNamed } from '../../shared/platforms/registry.ts';
import type { SecretVault } from '../../shared/ports.ts';
import { noonPlus } from '../support/samples.ts';
import { World } from '../support/world.ts';

const current: PlatformSecrets = { secrets: ['new-secret'], verifyToken: 'token' };
const now = new Date(noonPlus(0));

class Vault implements SecretVault {
  reads = 0;
  kept = current;
  newer: PlatformSecrets | undefined = undefined;
  async secretsOf() {
    this.reads += 1;
    return this.kept;
  }
  async newerSecretsOf() {
    return this.newer;
  }
}

function named(name: string): Platform {
  const platform = platformNamed(name);
  if (platform === undefined) throw new Error(`no platform ${name}`);
  return platform;
}

/** A signed POST of a platform with these bytes. */
function signed(name: string, body: Uint8Array | string, secret = 'new-secret', path = ''): WebhookRequest {
  const request: WebhookRequest = {
    method: 'POST',
    url: `https://vigie.test/webhooks/${name}${path}`,
    headers: { 'content-type': name === 'twilio' ? 'application/x-www-form-urlencoded' : 'application/json' },
    body: Buffer.from(body),
    pathAccount: path === '' ? undefined : path.slice(1),
  };
  return { ...request, headers: { ...request.headers, ...named(name).sign(request, { secrets: [secret] }, now) } };
}

function call(name: string, request: WebhookRequest, world = new World(), vault: SecretVault = new Vault()) {
  return receiveWebhook(name, request, {
    platformNamed,
    vault,
    queues: world.queues,
    intakeQueueUrl: 'https://sqs.test/123456789012/intake',
    now: () => now,
    log: world.dependencies.log,
  });
}

function messenger(...texts: readonly string[]): string {
  return JSON.stringify({
    object: 'page',
    entry: texts.map((text, index) => ({
      id: '100200300',
      time: now.getTime(),
      messaging: [
        {
          sender: { id: `7${index}` },
          recipient: { id: '100200300' },
          timestamp: now.getTime(),
          message: { mid: `mid.${index}`, text },
        },
      ],
    })),
  });
}

function stored(world: World) {
  return world.queued.map(({ body }) => intakeRecordSchema.parse(JSON.parse(body)));
}

test('200 says that every message is stored', async () => {
  const world = new World();
  const texts = Array.from({ length: 1000 }, (_, index) => `message ${index}`);
  expect(await call('meta', signed('meta', messenger(...texts)), world)).toMatchObject({ status: 200 });
  expect(stored(world).flatMap(({ events }) => events.map(({ text }) => text))).toEqual(texts);
  expect(new Set(world.queued.map(({ groupId }) => groupId)).size).toBe(1);
  for (const { body } of world.queued) expect(Buffer.byteLength(body)).toBeLessThan(64 * 1024);
});

test('a message of any length is stored whole', async () => {
  const world = new World();
  const text = '😀'.repeat(20_000);
  await call('meta', signed('meta', messenger('short', text, 'after')), world);
  expect(stored(world).flatMap(({ events }) => events.map((event) => event.text))).toEqual(['short', text, 'after']);
});

describe('a call that is not admitted', () => {
  const body = messenger('hello');
  test.each([
    ['without signature', { ...signed('meta', body), headers: {} }],
    ['with another secret’s signature', signed('meta', body, 'stolen')],
    ['with a changed body', { ...signed('meta', body), body: Buffer.from(body.replace('hello', 'hallo')) }],
  ])('%s gets 401 and not a word more', async (_, request) => {
    const world = new World();
    expect(await call('meta', request, world)).toEqual({ status: 401, body: '' });
    expect(world.queued).toEqual([]);
  });

  test('from a WebSub hub gets 202, which tells a forger nothing, and is stored nowhere', async () => {
    const world = new World();
    const request = { ...signed('youtube', '<feed></feed>', 'stolen') };
    expect(await call('youtube', request, world)).toEqual({ status: 202, body: '' });
    expect(world.queued).toEqual([]);
    expect(world.logs).toContainEqual({
      event: 'webhook_refused',
      platform: 'youtube',
      status: 202,
      code: 'not_verified',
    });
  });

  test('to an unknown platform gets 404', async () => {
    expect(await call('myspace', signed('meta', body))).toMatchObject({
      status: 404,
      body: '{"code":"unknown_platform"}',
    });
  });

  test('of more than 4.5 MB gets 413 before anything is computed', async () => {
    const vault = new Vault();
    const request = { ...signed('meta', ''), body: Buffer.alloc(4_500_001) };
    expect(await call('meta', request, new World(), vault)).toMatchObject({ status: 413 });
    expect(vault.reads).toBe(0);
  });

  test.each([
    ['no JSON', '{"object":', 'not_json'],
    ['another shape', '7', 'wrong_shape'],
  ])('with %s, though signed, gets 400 and a code', async (_, bytes, code) => {
    expect(await call('meta', signed('meta', bytes))).toMatchObject({ status: 400, body: JSON.stringify({ code }) });
  });

  test('while the queue is away gets 503, so that the platform comes again', async () => {
    const world = new World();
    world.accepts = () => false;
    expect(await call('meta', signed('meta', body), world)).toMatchObject({ status: 503 });
  });

  test('while the vault is away gets 503', async () => {
    const vault = { secretsOf: async () => Promise.reject(new Error('away')), newerSecretsOf: async () => undefined };
    expect(await call('meta', signed('meta', body), new World(), vault)).toMatchObject({ status: 503 });
  });
});

describe('a rotated secret', () => {
  test('is read again once when a signature fails', async () => {
    const vault = new Vault();
    vault.newer = { secrets: ['newest-secret', 'new-secret'] };
    const request = signed('meta', messenger('hello'), 'newest-secret');
    expect(await call('meta', request, new World(), vault)).toMatchObject({ status: 200 });
  });

  test('that nobody has filled in yet refuses and says so in the log', async () => {
    const world = new World();
    const vault = new Vault();
    vault.kept = { secrets: [] };
    expect(await call('meta', signed('meta', messenger('hello')), world, vault)).toMatchObject({ status: 401 });
    expect(world.logs).toContainEqual({ event: 'secret_missing', platform: 'meta' });
  });
});

describe('a handshake', () => {
  const hello = (token: string): WebhookRequest => ({
    ...signed('meta', ''),
    method: 'GET',
    url: `https://vigie.test/webhooks/meta?hub.mode=subscribe&hub.verify_token=${token}&hub.challenge=1158201444`,
  });

  test('is answered with the challenge when the token is ours', async () => {
    expect(await call('meta', hello('token'))).toMatchObject({ status: 200, body: '1158201444' });
  });

  test('with a wrong token is refused', async () => {
    expect(await call('meta', hello('guess'))).toMatchObject({ status: 401 });
  });
});

test('Twilio gets the empty TwiML it waits for', async () => {
  const form = new URLSearchParams({
    MessageSid: 'SM00000000000000000000000000000001',
    From: '+33639980001',
    To: '+33755530000',
    Body: 'Bonjour',
  }).toString();
  const answer = await call('twilio', signed('twilio', form));
  expect(answer).toMatchObject({ status: 200, contentType: expect.stringContaining('xml') });
  expect(answer.body).toContain('<Response');
});

test('what only people can put right is told apart from what is ignored', async () => {
  const world = new World();
  const body = JSON.stringify({ object: 'page', entry: [{ id: '100200300', time: 1, changed_fields: ['feed'] }] });
  expect((await call('meta', signed('meta', body), world)).status).toBe(200);
  expect(world.logs).toContainEqual({ event: 'platform_warns', platform: 'meta', warnings: 1 });
});
