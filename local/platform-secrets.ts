import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { PlatformSecrets } from '../shared/platforms/platform.ts';

export const secretsFile = 'secrets.json';

/** What goes before the 32 bytes of an Ed25519 private key in PKCS #8 (RFC 8410, section 10.3). */
const ed25519Prefix = Buffer.from('302e020100300506032b657004220420', 'hex');

/**
 * The secrets of a platform on a laptop: nothing a platform would ever issue, and known, so that the local sender can sign as the
 * platform does. Where platforms sign with a private key, that key stands here, for both sides.
 */
export function localSecrets(platform: string): PlatformSecrets {
  const word = `local-${platform}-secret`;
  switch (platform) {
    case 'standard':
    case 'standard-webhooks':
      return { secrets: [`whsec_${digest(word).toString('base64')}`] };
    case 'discord': {
      const key = { key: Buffer.concat([ed25519Prefix, digest(word)]), format: 'der', type: 'pkcs8' } as const;
      return { secrets: [createPrivateKey(key).export({ format: 'pem', type: 'pkcs8' }).toString()] };
    }
    case 'freshchat':
      return { secrets: [rsaKey()] };
    case 'google-business': {
      const key = rsaKey();
      const { n, e } = createPublicKey(key).export({ format: 'jwk' });
      return {
        secrets: [key],
        audience: 'vigie-local',
        serviceAccount: 'push@vigie-local.iam.gserviceaccount.com',
        jwks: { keys: [{ kty: 'RSA', alg: 'RS256', use: 'sig', kid: 'local', n, e }] },
      };
    }
    default:
      return { secrets: [word], verifyToken: `local-${platform}-verify-token` };
  }
}

const keptSchema = z.record(z.string(), z.string());
const platformSecretsSchema = z.object({
  secrets: z.array(z.string()),
  verifyToken: z.string().optional(),
  audience: z.string().optional(),
  serviceAccount: z.string().optional(),
  jwks: z.object({ keys: z.array(z.record(z.string(), z.unknown())) }).optional(),
});

/** The secrets that a run over `dataDir` verifies a platform's calls with, or `undefined` when it never knew the platform. */
export function readPlatformSecrets(dataDir: string, platform: string): PlatformSecrets | undefined {
  const file = join(dataDir, secretsFile);
  if (!existsSync(file)) return undefined;
  const kept = Object.entries(keptSchema.parse(JSON.parse(readFileSync(file, 'utf8'))));
  const value = kept.find(([name]) => name.endsWith(`/${platform}`))?.[1];
  if (value === undefined) return undefined;
  const { secrets, verifyToken, audience, serviceAccount, jwks } = platformSecretsSchema.parse(JSON.parse(value));
  return {
    secrets,
    ...(verifyToken === undefined ? {} : { verifyToken }),
    ...(audience === undefined ? {} : { audience }),
    ...(serviceAccount === undefined ? {} : { serviceAccount }),
    ...(jwks === undefined ? {} : { jwks }),
  };
}

function rsaKey(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
}

function digest(word: string): Buffer {
  return createHash('sha256').update(word).digest();
}
