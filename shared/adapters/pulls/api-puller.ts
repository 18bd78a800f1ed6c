import type { AccountId, MessagePuller, PullResult, Span } from '../../ports.ts';
import type { ApiTokens } from '../words/api-tokens.ts';
import type { PlatformPull } from './platform-pull.ts';

/** Asks the API of each account's platform, with the tokens of the moment. */
export class ApiPuller implements MessagePuller {
  readonly #pulls: readonly PlatformPull[];
  readonly #tokens: () => Promise<ApiTokens>;

  constructor(options: { readonly pulls: readonly PlatformPull[]; readonly tokens: () => Promise<ApiTokens> }) {
    this.#pulls = options.pulls;
    this.#tokens = options.tokens;
  }

  async accessible(accounts: readonly AccountId[]): Promise<readonly AccountId[]> {
    const tokens = await this.#tokens();
    return accounts.filter((account) => this.#pulls.some(({ hasAccess }) => hasAccess(account, tokens)));
  }

  async pull(account: AccountId, span: Span, calls: number): Promise<PullResult> {
    let tokens: ApiTokens;
    try {
      tokens = await this.#tokens();
    } catch {
      return { kind: 'later', because: 'the tokens cannot be read' };
    }
    const pull = this.#pulls.find(({ hasAccess }) => hasAccess(account, tokens));
    if (pull === undefined) return { kind: 'refused', because: 'no token' };
    const result = await pull.pull(account, span, { tokens, calls });
    if (result.kind !== 'read') return result;
    const isNew = ({ postedAt }: { readonly postedAt?: string | undefined }) =>
      postedAt !== undefined && postedAt > span.since && postedAt <= span.until;
    const undated = result.events.filter(({ postedAt }) => postedAt === undefined).length;
    return { ...result, events: result.events.filter(isNew), ...(undated === 0 ? {} : { undated }) };
  }
}
