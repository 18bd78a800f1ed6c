import type { Polled, PullResult, Span } from '../../ports.ts';
import type { ApiTokens } from '../words/api-tokens.ts';

/** One API of a platform that can be asked for everything new on an account. */
export interface PlatformPull {
  /** Whether it knows the account's channel and has a token for it. */
  readonly hasAccess: (account: Polled, tokens: ApiTokens) => boolean;
  /** Never rejects. */
  readonly pull: (account: Polled, span: Span, tokens: ApiTokens) => Promise<PullResult>;
}

/** So many calls a run makes for one account; what remains then is told as `cut`. */
export const callsPerAccount = 12;
