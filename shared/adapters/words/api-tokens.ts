import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import * as z from 'zod';

const tokensSchema = z.object({
  /** For every account that has no token of its own (Meta: of a system user). */
  token: z.string().min(1).optional(),
  accounts: z.record(z.string(), z.string().min(1)).default({}),
});

/** Where the API is, if not at the platform itself: a gateway of the brand's own, or a server in a test. */
const apiUrl = z.url().optional();

const apiTokensSchema = z.object({
  meta: tokensSchema
    .extend({ appId: z.string().min(1).optional(), appSecret: z.string().min(1).optional(), apiUrl })
    .optional(),
  google: z
    .object({ clientId: z.string().min(1), clientSecret: z.string().min(1), refreshToken: z.string().min(1) })
    .optional(),
  tiktok: tokensSchema.optional(),
  /** `token` is an API key. */
  youtube: tokensSchema.extend({ apiUrl }).optional(),
});
/** What ops put into the secret `vigie/<stage>/api-tokens`; a platform that is left out is not asked. */
export type ApiTokens = z.infer<typeof apiTokensSchema>;

/** Less than the five minutes between two polls, so that each of them knows a token that was just entered. */
const keptForMs = 4 * 60_000;

/** Reads the tokens from Secrets Manager, at most every four minutes. Rejects when they cannot be read. */
export function apiTokensReader(
  client: SecretsManagerClient,
  { secretId, now }: { readonly secretId: string; readonly now: () => number },
): () => Promise<ApiTokens> {
  let kept: { readonly at: number; readonly tokens: Promise<ApiTokens> } | undefined;
  const read = async () => {
    const { SecretString = '{}' } = await client.send(new GetSecretValueCommand({ SecretId: secretId }));
    return apiTokensSchema.parse(JSON.parse(SecretString));
  };
  return () => {
    if (kept === undefined || now() - kept.at > keptForMs) {
      const tokens = read();
      kept = { at: now(), tokens };
      tokens.catch(() => {
        kept = undefined;
      });
    }
    return kept.tokens;
  };
}
