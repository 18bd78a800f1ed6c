import type { Platform, ReadResult } from './platform.ts';
import { anySecret, equalText, hmac } from './signature.ts';

/** WebSub notifications of a channel's videos (developers.google.com/youtube/v3/guides/push_notifications, w3.org/TR/websub). */
export const youtube: Platform = {
  name: 'youtube',
  aliases: [],
  about: {
    title: 'YouTube',
    configure:
      'Subscribe at `https://pubsubhubbub.appspot.com/subscribe` to the topic `https://www.youtube.com/xml/feeds/videos.xml?channel_id=<channel>` with the callback `/webhooks/youtube`, a secret, and a verify token. Leases end after some days: subscribe again in time. For comments, list the channel in `policy/accounts.yaml` and put an API key into `vigie/<stage>/api-tokens` (see "What is polled").',
    becomesCase:
      "Comments on the channel's videos, and replies to them: by poll, for the channel's own videos are all that YouTube tells by webhook. The channel's own comments count as its answers; a comment that was changed is judged again.",
    notSeen:
      "Replies beyond the few that YouTube sends with a thread, replies below threads that are no longer among the hundred newest, and deletes. Uploads, changes of title and description, and removals are recognised as the brand's own and ignored.",
    secrets:
      '`secrets`: the `hub.secret` of the subscription; `verifyToken`: its `hub.verify_token`, without which requests to end a subscription are refused. The call is verified by `X-Hub-Signature`, an HMAC-SHA1 (or SHA-256) over the raw body, which the hub sends only when a secret was given; there is no time stamp.',
  },

  challenge(request, { verifyToken }) {
    if (request.method !== 'GET') return undefined;
    const query = URL.parse(request.url)?.searchParams;
    const challenge = query?.get('hub.challenge');
    if (!query || !challenge) return undefined;
    const token = query.get('hub.verify_token') ?? undefined;
    const vouchedFor = equalText(token, verifyToken);
    // Anybody may ask the hub to end our subscription: only who knows the token is confirmed.
    const confirmed = query.get('hub.mode') === 'subscribe' ? vouchedFor || verifyToken === undefined : vouchedFor;
    return confirmed && isVideoFeed(query.get('hub.topic') ?? '')
      ? { status: 200, contentType: 'text/plain', body: challenge }
      : { status: 404, body: '' };
  },

  verify(request, { secrets }) {
    const signature = request.headers['x-hub-signature'];
    // The hub signs with SHA-1; WebSub lets it change to a stronger one on its own (w3.org/TR/websub, section 8.1).
    const algorithm = signature?.startsWith('sha256=') === true ? 'sha256' : 'sha1';
    return anySecret(secrets, (secret) => equalText(signature, signatureOf(algorithm, request.body, secret)));
  },

  // A hub must not learn that a signature was wrong: answered like any other call, and ignored (w3.org/TR/websub, section 8).
  unverified: { status: 202, body: '' },

  read(body) {
    const xml = new TextDecoder().decode(body);
    if (!/<(?:\w+:)?feed[\s>]/.test(xml)) {
      return { kind: 'malformed', code: 'wrong_shape', detail: 'the body is not an Atom feed' };
    }
    const entries = xml.match(/<(?:\w+:)?(?:deleted-)?entry[\s>]/g) ?? [];
    return { kind: 'events', events: [], ignored: reasonsFor(entries.length) };
  },

  sign: (request, { secrets: [secret = ''] }) => ({ 'x-hub-signature': signatureOf('sha1', request.body, secret) }),
};

function signatureOf(algorithm: 'sha1' | 'sha256', body: Uint8Array, secret: string): string {
  return `${algorithm}=${hmac(algorithm, secret, body).toString('hex')}`;
}

function isVideoFeed(topic: string): boolean {
  return /^https:\/\/www\.youtube\.com\/(?:xml\/)?feeds\/videos\.xml\?channel_id=[\w-]+$/.test(topic);
}

function reasonsFor(entries: number): Extract<ReadResult, { kind: 'events' }>['ignored'] {
  if (entries === 0) return [{ reason: 'nothing_inside' }];
  return Array.from({ length: entries }, () => ({ reason: 'own_post' }) as const);
}
