import type { AccountId, PullResult, Span } from '../../ports.ts';
import type { ApiTokens } from '../words/api-tokens.ts';

/** One API of a platform that can be asked for everything new on an account. */
export interface PlatformPull {
  /** Whether it knows the account's channel and has a token for it. */
  readonly hasAccess: (account: AccountId, tokens: ApiTokens) => boolean;
  /** Makes so many calls at most; what remains then is told as `cut`. Never rejects. */
  readonly pull: (
    account: AccountId,
    span: Span,
    means: { readonly tokens: ApiTokens; readonly calls: number },
  ) => Promise<PullResult>;
}
