import type { InboundEvent } from '../domain/inbound-event.ts';

/** A webhook call as the function sees it, before anything is believed. */
export interface WebhookRequest {
  readonly method: 'GET' | 'POST';
  /**
   * The public URL the platform was given (scheme, host, path and query), not what a gateway shows: Twilio signs it.
   */
  readonly url: string;
  /** Names in lower case; repeated headers joined by a comma, as API Gateway does. */
  readonly headers: Readonly<Record<string, string>>;
  /** The bytes on the wire, after undoing a gateway's base64: every signature is over these. */
  readonly body: Uint8Array;
  /** The `{account}` part of `/webhooks/{platform}/{account}`, for platforms whose payload does not name the account. */
  readonly pathAccount: string | undefined;
}

/**
 * The secret material of one platform. `secrets` holds one value, or two during a rotation: any of them may verify.
 * What a "secret" is differs (app secret, auth token, shared token, public key): each adapter says.
 */
export interface PlatformSecrets {
  readonly secrets: readonly string[];
  /** Meta's `hub.verify_token`. */
  readonly verifyToken?: string;
  /** Google: the audience and service account of the push subscription, and Google's keys. */
  readonly audience?: string;
  readonly serviceAccount?: string;
  readonly jwks?: { readonly keys: readonly Readonly<Record<string, unknown>>[] };
}

export interface WebhookResponse {
  readonly status: number;
  readonly contentType?: string;
  readonly body: string;
}

/** Why a part of a valid POST is no event; a closed list, so that counts by reason mean something. */
export const ignoredReasons = [
  'reaction',
  'receipt',
  'service_event',
  /** Somebody must act, or the platform will tell us less than it could: access that ended, a subscription without values, a block. */
  'platform_warning',
  'handshake',
  'test_event',
  'own_post',
  'moderation',
  'share_without_text',
  'bot',
  'command',
  'opt_out',
  'unsupported_event',
  'nothing_inside',
  'unreadable_part',
] as const;
export type IgnoredReason = (typeof ignoredReasons)[number];

export interface Ignored {
  readonly reason: IgnoredReason;
}

/**
 * What a verified body holds. `malformed` means that no part of it could be read (not JSON, wrong top-level shape); a bad part
 * beside good ones is `ignored` with `unreadable_part`, never a reason to lose its neighbours.
 */
export type ReadResult =
  | { readonly kind: 'events'; readonly events: readonly InboundEvent[]; readonly ignored: readonly Ignored[] }
  | { readonly kind: 'malformed'; readonly code: 'not_json' | 'wrong_shape'; readonly detail: string };

export interface ReadContext {
  readonly pathAccount: string | undefined;
}

/** What docs/platforms.md says of a platform (`local/commands/platforms-doc.ts`): plain sentences in Markdown, no field empty. */
export interface PlatformAbout {
  /** The name as its owner writes it: `LinkedIn`. */
  readonly title: string;
  /** What ops enter on the platform's side: webhook URL, subscriptions, permissions. */
  readonly configure: string;
  /** What opens or extends a case. */
  readonly becomesCase: string;
  /** What Vigie does not get to see, or sees and ignores. */
  readonly notSeen: string;
  /** What each entry of `PlatformSecrets` holds, how the call is verified, and what that does not prove. */
  readonly secrets: string;
}

/** All of a platform that Vigie needs, pure: no clock, no network, no environment. One file each. */
export interface Platform {
  readonly name: string;
  /** Other words for it in fixture folders and on the command line (`meta-facebook` for `meta`). */
  readonly aliases: readonly string[];
  readonly about: PlatformAbout;
  /**
   * Answers a handshake (`GET` challenge, `url_verification`, `PING`), or `undefined` when this call is none. A handshake by `POST` is
   * signed like any other call, and is answered only if one of the secrets vouches for it.
   */
  challenge?(request: WebhookRequest, secrets: PlatformSecrets): WebhookResponse | undefined;
  /** True only if one of the secrets vouches for these bytes at `now`. Never throws on hostile input. */
  verify(request: WebhookRequest, secrets: PlatformSecrets, now: Date): boolean | Promise<boolean>;
  /** Reads every message of a verified body. Never throws. */
  read(body: Uint8Array, context: ReadContext, headers: Readonly<Record<string, string>>): ReadResult;
  /** Signs a body as the platform would, for the local sender and the tests: headers to add. */
  sign(request: WebhookRequest, secrets: PlatformSecrets, now: Date): Record<string, string>;
  /** The 200 answer where an empty one will not do (Twilio's `<Response/>`). */
  readonly accepted?: WebhookResponse;
  /** What a call gets that no secret vouches for, where its protocol asks for another answer than 401. It is stored nowhere all the same. */
  readonly unverified?: WebhookResponse;
}
