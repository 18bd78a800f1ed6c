import { generateKeyPairSync } from 'node:crypto';
import type { Platform, PlatformSecrets } from '../../shared/platforms/platform.ts';
import { platforms } from '../../shared/platforms/registry.ts';

/** With what a platform signs and is verified in tests, and what its signature covers. */
export interface Signer {
  readonly platform: Platform;
  readonly secrets: PlatformSecrets;
  readonly covers: 'body' | 'fields' | 'headers';
}

function privatePem(key: { export(options: { type: 'pkcs8'; format: 'pem' }): string | Buffer }): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** A signer for every platform of the registry, with keys made for this run. */
export function signersForAll(): readonly Signer[] {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  // Signs every body anew: small, for speed.
  const smallRsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const ed25519 = generateKeyPairSync('ed25519');
  const secrets: ReadonlyMap<string, PlatformSecrets> = new Map([
    ['discord', { secrets: [privatePem(ed25519.privateKey)] }],
    ['freshchat', { secrets: [privatePem(smallRsa.privateKey)] }],
    [
      'google-business',
      {
        secrets: [privatePem(rsa.privateKey)],
        jwks: { keys: [rsa.publicKey.export({ format: 'jwk' })] },
        audience: 'https://hooks.example.com/google',
        serviceAccount: 'push@norvel.iam.gserviceaccount.com',
      },
    ],
  ]);
  return platforms.map((platform) => ({
    platform,
    secrets: secrets.get(platform.name) ?? { secrets: ['a-secret-of-this-test'], verifyToken: 'a-token-of-this-test' },
    covers: coverOf(platform),
  }));
}

function coverOf({ name }: Platform): Signer['covers'] {
  // What Twilio signs is the fields: their bytes on the wire may be spelt differently (`%c3`, `%C3`).
  if (name === 'twilio') return 'fields';
  return name === 'google-business' || name === 'telegram' || name === 'trustpilot' ? 'headers' : 'body';
}
