import type { InboundEvent } from '../../domain/inbound-event.ts';
import type { FetchResult } from '../../ports.ts';
import type { ApiTokens } from './api-tokens.ts';

/** A result, and how long to leave the API alone after it. */
export interface Asked {
  readonly result: FetchResult;
  readonly pauseSeconds?: number;
}

/** One API of a platform that can be asked for the words of a message. */
export interface PlatformApi {
  /** Whether it knows this message's platform and channel. */
  readonly answersFor: (event: InboundEvent) => boolean;
  /** Never rejects. */
  readonly ask: (event: InboundEvent, tokens: ApiTokens) => Promise<Asked>;
}
