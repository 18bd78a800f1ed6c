import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import * as z from 'zod';
import type { PlatformSecrets } from '../platforms/platform.ts';
import type { SecretVault } from '../ports.ts';

/** What ops put into a platform's secret; the placeholder of a fresh deployment has no `secrets`. */
const secretSchema = z.object({
  secrets: z.array(z.string().min(1)).max(2).default([]),
  verifyToken: z.string().min(1).optional(),
  audience: z.string().min(1).optional(),
  serviceAccount: z.string().min(1).optional(),
  jwks: z.object({ keys: z.array(z.record(z.string(), z.unknown())) }).optional(),
  /** Where a platform publishes its keys (Google: https://www.googleapis.com/oauth2/v3/certs). */
  jwksUrl: z.url().optional(),
});

const keptForMs = 15 * 60_000;
/** A flood of bad signatures must not become a flood of reads. */
const refreshAtMostEveryMs = 60_000;

/** One secret per platform in Secrets Manager, read at most every 15 minutes, sooner once when a signature fails. */
export class SecretsManagerVault implements SecretVault {
  readonly #client: SecretsManagerClient;
  readonly #prefix: string;
  readonly #now: () => number;
  readonly #kept = new Map<string, { readonly readAt: number; readonly value: Promise<PlatformSecrets> }>();

  constructor(client: SecretsManagerClient, config: { readonly prefix: string; readonly now: () => number }) {
    this.#client = client;
    this.#prefix = config.prefix;
    this.#now = config.now;
  }

  async secretsOf(platform: string): Promise<PlatformSecrets> {
    return this.#kept.has(platform) && this.#age(platform) < keptForMs ? this.#keptOf(platform) : this.#read(platform);
  }

  async newerSecretsOf(platform: string): Promise<PlatformSecrets | undefined> {
    return this.#age(platform) < refreshAtMostEveryMs ? undefined : this.#read(platform);
  }

  #age(platform: string): number {
    return this.#now() - (this.#kept.get(platform)?.readAt ?? Number.NEGATIVE_INFINITY);
  }

  async #keptOf(platform: string): Promise<PlatformSecrets> {
    return this.#kept.get(platform)?.value ?? this.#read(platform);
  }

  #read(platform: string): Promise<PlatformSecrets> {
    const value = this.#fetch(platform);
    this.#kept.set(platform, { readAt: this.#now(), value });
    value.catch(() => this.#kept.delete(platform));
    return value;
  }

  async #fetch(platform: string): Promise<PlatformSecrets> {
    const { SecretString = '{}' } = await this.#client.send(
      new GetSecretValueCommand({ SecretId: `${this.#prefix}${platform}` }),
    );
    const { verifyToken, audience, serviceAccount, jwks, jwksUrl, secrets } = secretSchema.parse(
      JSON.parse(SecretString),
    );
    const keys = jwks ?? (jwksUrl === undefined ? undefined : await fetchKeys(jwksUrl));
    return {
      secrets,
      ...(verifyToken === undefined ? {} : { verifyToken }),
      ...(audience === undefined ? {} : { audience }),
      ...(serviceAccount === undefined ? {} : { serviceAccount }),
      ...(keys === undefined ? {} : { jwks: keys }),
    };
  }
}

async function fetchKeys(url: string): Promise<NonNullable<PlatformSecrets['jwks']>> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) });
  return z.object({ keys: z.array(z.record(z.string(), z.unknown())) }).parse(await answer.json());
}
