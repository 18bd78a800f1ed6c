import { createHash } from 'node:crypto';
import * as z from 'zod';
import { toInstant } from '../../platforms/reading.ts';
import type { ApiToken, TokenAnswer, TokenChecker } from '../../ports.ts';
import type { ApiTokens } from '../words/api-tokens.ts';
import { exchange } from '../words/google-reviews.ts';
import { askAboutToken, graphFailure } from '../words/meta-graph.ts';

/** Asks Meta and Google how long their tokens hold; the other platforms' keys have no end that could be asked for. */
export class ApiTokenChecker implements TokenChecker {
  readonly #tokens: () => Promise<ApiTokens>;
  readonly #graphUrl: string;
  readonly #googleTokenUrl: string;
  readonly #now: () => number;

  constructor(options: {
    readonly tokens: () => Promise<ApiTokens>;
    readonly graphUrl: string;
    readonly googleTokenUrl: string;
    readonly now: () => number;
  }) {
    this.#tokens = options.tokens;
    this.#graphUrl = options.graphUrl;
    this.#googleTokenUrl = options.googleTokenUrl;
    this.#now = options.now;
  }

  async entered(): Promise<readonly ApiToken[]> {
    return [...valuesIn(await this.#tokens())].map(([name, value]) => ({
      name,
      fingerprint: createHash('sha256').update(value).digest('hex').slice(0, 12),
    }));
  }

  async ask(name: string): Promise<TokenAnswer> {
    const tokens = await this.#tokens().catch(() => undefined);
    const value = tokens === undefined ? undefined : valuesIn(tokens).get(name);
    if (tokens === undefined || value === undefined) return { kind: 'later' };
    return name === 'google' ? this.#askGoogle(tokens.google) : this.#askMeta(value, tokens.meta);
  }

  async #askMeta(token: string, meta: ApiTokens['meta']): Promise<TokenAnswer> {
    const answer = await askAboutToken(token, { meta, baseUrl: this.#graphUrl });
    const failure = graphFailure(answer);
    if (failure?.kind === 'later') return { kind: 'later' };
    if (failure !== undefined) return { kind: isEnded(failure) ? 'ended' : 'untold' };
    const told = debugSchema.safeParse(answer.kind === 'answered' ? answer.body : undefined).data?.data;
    if (told === undefined) return { kind: 'untold' };
    if (!told.is_valid) return { kind: 'ended' };
    const [endsAt] = [told.expires_at, told.data_access_expires_at].flatMap((end) => toInstant(end) ?? []).sort();
    return { kind: 'valid', endsAt };
  }

  async #askGoogle(google: ApiTokens['google']): Promise<TokenAnswer> {
    if (google === undefined) return { kind: 'later' };
    const exchanged = await exchange(this.#googleTokenUrl, google, this.#now());
    if ('kind' in exchanged) return { kind: exchanged.kind === 'later' ? 'later' : 'ended' };
    return { kind: 'valid', endsAt: toInstant(exchanged.refreshUntil) };
  }
}

/** Every token whose end can be asked for, by platform and account; without an account it is for all that have none of their own. */
function valuesIn({ meta, google }: ApiTokens): ReadonlyMap<string, string> {
  const ofAccounts = Object.entries(meta?.accounts ?? {}).map(([id, token]) => [`meta ${id}`, token] as const);
  return new Map([
    ...(meta?.token === undefined ? [] : [['meta', meta.token] as const]),
    ...ofAccounts,
    ...(google === undefined ? [] : [['google', google.refreshToken] as const]),
  ]);
}

/** 190: the token has ended or was taken back (developers.facebook.com/docs/graph-api/guides/error-handling). */
function isEnded(failure: { readonly kind: string; readonly because?: string }): boolean {
  return failure.because?.split('/')[0] === 'error 190';
}

/** developers.facebook.com/docs/graph-api/reference/debug_token: Unix seconds, 0 for never. */
const debugSchema = z.object({
  data: z.object({
    is_valid: z.boolean(),
    expires_at: z.number().optional().catch(undefined),
    data_access_expires_at: z.number().optional().catch(undefined),
  }),
});
