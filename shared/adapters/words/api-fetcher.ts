import type { InboundEvent } from '../../domain/inbound-event.ts';
import type { FetchResult, MessageFetcher } from '../../ports.ts';
import type { ApiTokens } from './api-tokens.ts';
import type { PlatformApi } from './platform-api.ts';

/**
 * Asks the API that answers for a message's platform, with the tokens of the moment, and leaves an API alone for as long as it asked to be.
 * A platform without an API here counts as one without a token.
 */
export class ApiFetcher implements MessageFetcher {
  readonly #apis: readonly PlatformApi[];
  readonly #tokens: () => Promise<ApiTokens>;
  readonly #now: () => number;
  readonly #pausedUntil = new Map<PlatformApi, number>();

  constructor(options: {
    readonly apis: readonly PlatformApi[];
    readonly tokens: () => Promise<ApiTokens>;
    readonly now: () => number;
  }) {
    this.#apis = options.apis;
    this.#tokens = options.tokens;
    this.#now = options.now;
  }

  async fetch(event: InboundEvent): Promise<FetchResult> {
    const api = this.#apis.find((one) => one.answersFor(event));
    if (api === undefined) return { kind: 'no_access' };
    if (this.#now() < (this.#pausedUntil.get(api) ?? 0)) return { kind: 'later', because: 'the API asked for a pause' };
    let tokens: ApiTokens;
    try {
      tokens = await this.#tokens();
    } catch {
      return { kind: 'later', because: 'the tokens cannot be read' };
    }
    const { result, pauseSeconds } = await api.ask(event, tokens);
    if (pauseSeconds !== undefined) this.#pausedUntil.set(api, this.#now() + pauseSeconds * 1000);
    return result;
  }
}
