import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inboundEventSchema } from '../../shared/domain/inbound-event.ts';
import { chatwoot } from '../../shared/platforms/chatwoot.ts';
import { discord } from '../../shared/platforms/discord.ts';
import { freshchat } from '../../shared/platforms/freshchat.ts';
import { googleBusiness } from '../../shared/platforms/google-business.ts';
import { intercom } from '../../shared/platforms/intercom.ts';
import { linkedin } from '../../shared/platforms/linkedin.ts';
import { mastodon } from '../../shared/platforms/mastodon.ts';
import { meta } from '../../shared/platforms/meta.ts';
import type { Platform, PlatformSecrets } from '../../shared/platforms/platform.ts';
import { slack } from '../../shared/platforms/slack.ts';
import { standardWebhooks } from '../../shared/platforms/standard-webhooks.ts';
import { telegram } from '../../shared/platforms/telegram.ts';
import { tiktok } from '../../shared/platforms/tiktok.ts';
import { trustpilot } from '../../shared/platforms/trustpilot.ts';
import { twilio } from '../../shared/platforms/twilio.ts';
import { x } from '../../shared/platforms/x.ts';
import { youtube } from '../../shared/platforms/youtube.ts';
import { zendesk } from '../../shared/platforms/zendesk.ts';
import { fixtureBytes, fixtureFiles, postOf } from './fixture.ts';

const now = new Date('2026-11-24T10:00:00Z');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const rsaPem = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const ed25519Pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const shared: PlatformSecrets = { secrets: ['a-secret-of-this-test'] };

/** With what each platform signs and is verified, and whether its signature covers the body. */
const signers: readonly [Platform, PlatformSecrets, 'body' | 'fields' | 'headers'][] = [
  [chatwoot, shared, 'body'],
  [discord, { secrets: [ed25519Pem] }, 'body'],
  [freshchat, { secrets: [rsaPem] }, 'body'],
  [
    googleBusiness,
    {
      secrets: [rsaPem],
      jwks: { keys: [rsa.publicKey.export({ format: 'jwk' })] },
      audience: 'https://hooks.example.com/google',
      serviceAccount: 'push@norvel.iam.gserviceaccount.com',
    },
    'headers',
  ],
  [intercom, shared, 'body'],
  [linkedin, shared, 'body'],
  [mastodon, shared, 'body'],
  [meta, shared, 'body'],
  [slack, shared, 'body'],
  [standardWebhooks, shared, 'body'],
  [telegram, shared, 'headers'],
  [tiktok, shared, 'body'],
  [trustpilot, shared, 'headers'],
  // What Twilio signs is the fields: their bytes on the wire may be spelt differently (`%c3`, `%C3`).
  [twilio, shared, 'fields'],
  [x, shared, 'body'],
  [youtube, shared, 'body'],
  [zendesk, shared, 'body'],
];

describe.each(signers)('$name', (platform, secrets, covers) => {
  const files = fixtureFiles(platform);
  const fixture = fc.constantFrom(...files).map((file) => fixtureBytes(platform, file));

  async function verifies(body: Uint8Array, headers: Record<string, string>, by = secrets): Promise<boolean> {
    return platform.verify({ ...postOf(body), headers }, by, now);
  }

  test('accepts its own signature, also beside another secret, and no other', async () => {
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) {
      const body = fixtureBytes(platform, file);
      const headers = platform.sign(postOf(body), secrets, now);
      expect(await verifies(body, headers)).toBe(true);
      expect(await verifies(body, headers, { ...secrets, secrets: ['the-next-secret', ...secrets.secrets] })).toBe(
        true,
      );
      expect(await verifies(body, {})).toBe(false);
      if (platform !== googleBusiness) {
        expect(await verifies(body, headers, { ...secrets, secrets: ['another', ''] })).toBe(false);
        expect(await verifies(body, headers, { ...secrets, secrets: [] })).toBe(false);
      }
    }
  });

  const testBody = covers === 'body' ? test : () => undefined;
  testBody('never accepts a body of which one bit was changed', async () => {
    await fc.assert(
      fc.asyncProperty(fixture, fc.nat(), fc.nat(7), async (body, position, bit) => {
        const headers = platform.sign(postOf(body), secrets, now);
        const altered = Buffer.from(body);
        const at = position % altered.length;
        altered.writeUInt8(altered.readUInt8(at) ^ (1 << bit), at);
        expect(await verifies(altered, headers)).toBe(false);
      }),
      { numRuns: 50 },
    );
  });

  test('never throws on headers of any content', async () => {
    const names = Object.keys(platform.sign(postOf('{}'), secrets, now));
    const headers = fc.record(Object.fromEntries(names.map((name) => [name, fc.string({ unit: 'binary' })])));
    await fc.assert(
      fc.asyncProperty(headers, fc.uint8Array(), async (given, body) => {
        expect(await verifies(body, given)).toBe(false);
      }),
    );
  });

  test('reads any JSON without throwing', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (json) => {
        expect(['events', 'malformed']).toContain(
          platform.read(Buffer.from(json), { pathAccount: undefined }, {}).kind,
        );
      }),
    );
  });

  test('reads any bytes without throwing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => {
        expect(['events', 'malformed']).toContain(platform.read(bytes, { pathAccount: undefined }, {}).kind);
        expect(platform.challenge?.(postOf(bytes), secrets)).toBeUndefined();
      }),
    );
  });

  test('reads a payload with one value replaced by anything into valid events or reasons', () => {
    const json = files.filter((file) => file.endsWith('.json'));
    fc.assert(
      fc.property(fc.constantFrom(...files), fc.nat(), fc.jsonValue({ maxDepth: 2 }), (file, position, value) => {
        const text = fixtureBytes(platform, file).toString();
        const body = json.includes(file) ? withValueReplaced(text, position, value) : text;
        const result = platform.read(Buffer.from(body), { pathAccount: undefined }, {});
        if (result.kind === 'malformed') return;
        for (const event of result.events) inboundEventSchema.parse(event);
        expect(result.events.length + result.ignored.length).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });
});

/** The JSON text with the value at one of its places, counted in the order of writing, replaced. */
function withValueReplaced(json: string, position: number, value: unknown): string {
  let places = 0;
  JSON.parse(json, (_key, inner) => {
    places += 1;
    return inner;
  });
  let place = 0;
  const target = position % places;
  return JSON.stringify(
    JSON.parse(json, (_key, inner) => {
      place += 1;
      return place - 1 === target ? value : inner;
    }),
  );
}
