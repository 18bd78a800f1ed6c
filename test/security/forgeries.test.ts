import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { receiveWebhook } from '../../functions/receive-webhook/handler.ts';
import type { PlatformSecrets, WebhookRequest } from '../../shared/platforms/platform.ts';
import { platformNamed } from '../../shared/platforms/registry.ts';
import { fixtureBytes, fixtureFiles } from '../platforms/fixture.ts';
import { type Signer, signersForAll } from '../platforms/signers.ts';
import { url, World } from '../support/world.ts';

const now = new Date('2026-11-24T10:00:00Z');
/** Each with a secret of its own, as they are deployed. */
const signers = signersForAll().map((signer) => ({
  ...signer,
  secrets: withOwnSecret(signer.secrets, signer.platform.name),
}));

function withOwnSecret(secrets: PlatformSecrets, name: string): PlatformSecrets {
  return secrets.secrets.some((secret) => secret.startsWith('-----'))
    ? secrets
    : { ...secrets, secrets: [`a-secret-of-${name}`] };
}

/** What a stranger who knows the scheme would sign with. */
function stranger({ platform, secrets }: Signer): PlatformSecrets {
  const [secret = ''] = secrets.secrets;
  if (!secret.startsWith('-----')) return { ...secrets, secrets: [`guessed-for-${platform.name}`] };
  const pair =
    platform.name === 'discord' ? generateKeyPairSync('ed25519') : generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...secrets, secrets: [pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()] };
}

function unsigned({ platform }: Signer, body?: Uint8Array): WebhookRequest {
  const [file = ''] = fixtureFiles(platform);
  return {
    method: 'POST',
    url: `https://vigie.test/webhooks/${platform.name}/one`,
    headers: { 'content-type': platform.name === 'twilio' ? 'application/x-www-form-urlencoded' : 'application/json' },
    body: body ?? fixtureBytes(platform, file),
    pathAccount: 'one',
  };
}

function signed(
  signer: Signer,
  { at = now, by = signer.secrets, body }: { at?: Date; by?: PlatformSecrets; body?: Uint8Array } = {},
): WebhookRequest {
  const request = unsigned(signer, body);
  return { ...request, headers: { ...request.headers, ...signer.platform.sign(request, by, at) } };
}

/** The answer of the function, and whether anything was stored. */
async function received(signer: Signer, request: WebhookRequest) {
  const world = new World();
  const { status } = await receiveWebhook(signer.platform.name, request, {
    platformNamed,
    vault: { secretsOf: async () => signer.secrets, newerSecretsOf: async () => undefined },
    queues: world.queues,
    intakeQueueUrl: url('intake'),
    now: () => now,
    log: world.dependencies.log,
  });
  return { status, stored: world.queued.length > 0 };
}

function refusalStatus({ platform }: Signer): number {
  return platform.unverified?.status ?? 401;
}

function refusal(signer: Signer) {
  return { status: refusalStatus(signer), stored: false };
}

function signatureHeaders(request: WebhookRequest): [string, string][] {
  return Object.entries(request.headers).filter(([name]) => name !== 'content-type');
}

function withHeader(request: WebhookRequest, name: string, value: string): WebhookRequest {
  return { ...request, headers: { ...request.headers, [name]: value } };
}

describe.each(signers.map((signer) => [signer.platform.name, signer] as const))('%s', (_, signer) => {
  test('accepts what it signed itself', async () => {
    expect((await received(signer, signed(signer))).status).toBe(200);
  });

  test('refuses a call signed with another secret, as another tenant of the platform would', async () => {
    expect(await received(signer, signed(signer, { by: stranger(signer) }))).toEqual(refusal(signer));
  });

  test('refuses a call that any other platform has signed', async () => {
    for (const other of signers) {
      if (other.platform === signer.platform) continue;
      const request = unsigned(signer);
      const headers = { ...request.headers, ...other.platform.sign(request, other.secrets, now) };
      expect(await received(signer, { ...request, headers }), other.platform.name).toEqual(refusal(signer));
    }
  });

  test('refuses a signature that is cut short, empty, absent, doubled or followed by more', async () => {
    const right = signed(signer);
    for (const [name, value] of signatureHeaders(right)) {
      const cuts = [value.slice(0, -6), value.slice(0, Math.floor(value.length / 2)), ''];
      for (const cut of cuts)
        expect(await received(signer, withHeader(right, name, cut)), `${name}: ${cut}`).toEqual(refusal(signer));
      const { [name]: __, ...without } = right.headers;
      expect(await received(signer, { ...right, headers: without }), `without ${name}`).toEqual(refusal(signer));
      // A header that came twice is joined by API Gateway: nobody may put a valid one beside his own.
      const forged = signed(signer, { by: stranger(signer) }).headers[name] ?? '';
      if (forged === value) continue;
      const { status } = await received(
        signer,
        withHeader(signed(signer, { by: stranger(signer) }), name, `${forged},${forged}`),
      );
      expect(status, `${name} twice`).toBe(refusalStatus(signer));
    }
  });

  test('refuses a signature in another notation', async () => {
    const right = signed(signer);
    const [name, value] = signatureHeaders(right).toSorted(([, a], [, b]) => b.length - a.length)[0] ?? ['', ''];
    const bare = value.slice(value.indexOf('=') + 1);
    const notations = [
      Buffer.from(bare, 'hex').toString('base64'),
      Buffer.from(bare, 'base64').toString('hex'),
      Buffer.from(bare).toString('base64'),
      encodeURIComponent(`${value}=`),
      `\u{feff}${value}`,
      [...value].join(' '),
    ];
    for (const notation of notations) {
      expect(await received(signer, withHeader(right, name, notation)), notation).toEqual(refusal(signer));
    }
  });

  // What Twilio and three others sign is not the body's bytes.
  const testBytes = signer.covers === 'body' ? test : () => undefined;
  testBytes('refuses the same content in other bytes', async () => {
    const right = signed(signer);
    const text = Buffer.from(right.body).toString();
    const others = [
      Buffer.from(` ${text}`),
      Buffer.from(`${text}\n`),
      Buffer.from(`\u{feff}${text}`),
      Buffer.from(text, 'utf16le'),
      Buffer.from(Buffer.from(right.body).toString('base64')),
    ];
    for (const body of others) expect(await received(signer, { ...right, body })).toEqual(refusal(signer));
  });

  test('takes no notice of header names that JavaScript gives a meaning', async () => {
    const { headers } = signed(signer, { by: stranger(signer) });
    const own = JSON.parse('{"__proto__":{"x-hub-signature-256":"x"},"constructor":"x","toString":"x"}');
    expect(await received(signer, { ...unsigned(signer), headers: { ...headers, ...own } })).toEqual(refusal(signer));
  });
});

/** Their contract sets a window. Of the others a captured call can be sent again at any time: it is the same message, and changes nothing. */
const dated = ['chatwoot', 'google-business', 'slack', 'standard-webhooks', 'zendesk'];

test('a call captured an hour ago is refused wherever the platform dates what it signs', async () => {
  const answers = await Promise.all(
    signers.map(async (signer) => {
      const old = await received(signer, signed(signer, { at: new Date(now.getTime() - 3_600_000) }));
      return [signer.platform.name, old.status === refusalStatus(signer)] as const;
    }),
  );
  expect(
    answers
      .filter(([, isRefused]) => isRefused)
      .map(([name]) => name)
      .sort(),
  ).toEqual(dated);
});
