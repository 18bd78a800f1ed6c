import * as z from 'zod';
import { readJsonBody } from './json-body.ts';
import { readInstagramChange } from './meta-instagram.ts';
import { readMessaging } from './meta-messaging.ts';
import { readPageChange } from './meta-page.ts';
import { isThreadsNotice, readThreadsNotice } from './meta-threads.ts';
import { readWhatsAppChange } from './meta-whatsapp.ts';
import type { Platform, ReadResult } from './platform.ts';
import { type Part, partsOf, partsSchema, platformIdSchema, readParts, toInstant } from './reading.ts';
import { anySecret, equalText, hmac } from './signature.ts';

/** Facebook, Messenger, Instagram, Threads and WhatsApp share handshake and signature (developers.facebook.com/docs/graph-api/webhooks). */
export const meta: Platform = {
  name: 'meta',
  aliases: [
    'meta-facebook',
    'meta-messenger',
    'meta-instagram',
    'meta-threads',
    'meta-whatsapp',
    'facebook',
    'messenger',
    'instagram',
    'threads',
    'whatsapp',
  ],
  about: {
    title: 'Meta (Facebook, Messenger, Instagram, Threads, WhatsApp)',
    configure:
      'In the App Dashboard, under Webhooks, enter `/webhooks/meta` as the callback URL and a verify token of your own. Subscribe Page: `feed`, `mention`, `ratings`, `messages`, `message_echoes`, `message_edits`, with "Include values" switched on; Instagram: `comments`, `live_comments`, `mentions`, `messages`; Threads: `replies`, `mentions`; WhatsApp Business Account: `messages`, `smb_message_echoes`. Install the app on every page and number. One URL serves all of them.',
    becomesCase:
      "Comments, visitors' posts, mentions and reviews on Facebook; comments and mentions on Instagram; replies and mentions on Threads; private messages on Messenger, Instagram and WhatsApp. A mention or a comment on a review that comes without its text is fetched first. A private message that names another page than the one it is delivered for goes in-house as one to an unknown account. What the page, account or number itself writes counts as the brand's own reply.",
    notSeen:
      'Reactions, receipts, button presses and system notices are ignored. Comments of private Instagram accounts, edits and deletes of Instagram comments, and edits on Threads are never sent. A Facebook author is missing without the page permission, Threads gives no author id but the user name, and mentions have no author. A notice without values (`changed_fields`) says only that something changed. Meta drops what it cannot deliver for 36 hours (WhatsApp: 7 days); with a token, comments, visitors\' posts and Messenger\'s messages are found by poll (see "What is polled"), WhatsApp and Threads cannot be.',
    secrets:
      "`secrets`: the app secret; `verifyToken`: the verify token of the handshake. The call is verified by `X-Hub-Signature-256`, an HMAC-SHA256 over the raw body (`X-Hub-Signature` with SHA-1 only where the newer one is missing). There is no time stamp, so a captured call can be repeated and only deduplication guards against it. One app secret covers all of the app's pages, accounts and numbers: a valid signature does not prove which of them.",
  },

  challenge(request, { verifyToken }) {
    if (request.method !== 'GET') return undefined;
    const query = URL.parse(request.url)?.searchParams;
    const challenge = query?.get('hub.challenge');
    if (query?.get('hub.mode') !== 'subscribe' || typeof challenge !== 'string') return undefined;
    const isOurs = verifyToken !== undefined && verifyToken !== '';
    if (!isOurs || !equalText(query.get('hub.verify_token') ?? undefined, verifyToken))
      return { status: 403, body: '' };
    return { status: 200, contentType: 'text/plain', body: challenge };
  },

  verify(request, { secrets }) {
    const { 'x-hub-signature-256': signature, 'x-hub-signature': oldSignature } = request.headers;
    return anySecret(secrets, (secret) =>
      signature === undefined
        ? equalText(oldSignature, signatureOf('sha1', request.body, secret))
        : equalText(signature, signatureOf('sha256', request.body, secret)),
    );
  },

  read: (body) =>
    readJsonBody(body, bodySchema, (json) => {
      if (Array.isArray(json)) return readNotices(json);
      const isReadable = isThreadsNotice(json) || noticeSchema.safeParse(json).success;
      return isReadable
        ? readNotices([json])
        : { kind: 'malformed', code: 'wrong_shape', detail: 'object, entry: missing or of another type' };
    }),

  sign: (request, { secrets: [secret = ''] }) => ({
    'x-hub-signature-256': signatureOf('sha256', request.body, secret),
  }),
};

function signatureOf(algorithm: 'sha1' | 'sha256', body: Uint8Array, secret: string): string {
  return `${algorithm}=${hmac(algorithm, secret, body).toString('hex')}`;
}

/** One notice, or a list of them as the Instagram page "Business Login" shows. */
const bodySchema = z.union([z.array(z.unknown()), z.looseObject({})]);

const noticeSchema = z.object({ object: z.string(), entry: z.array(z.unknown()) });

const changeSchema = z.object({ field: z.string(), value: z.unknown() });

const entrySchema = z.object({
  id: platformIdSchema,
  time: z.unknown().optional(),
  changes: partsSchema,
  messaging: partsSchema,
  standby: partsSchema,
  /** The flat form: field and value without `changes`. */
  field: z.string().optional().catch(undefined),
  value: z.unknown().optional(),
  /** Sent instead of `changes` when the subscription lacks "Include values". */
  changed_fields: z.unknown().optional(),
});

/** The page, account or number an entry is about and Meta's sending time. */
export interface MetaEntry {
  readonly object: string;
  readonly id: string;
  readonly sentAt: string | undefined;
}

function readNotices(notices: readonly unknown[]): ReadResult {
  return readParts(notices, (notice) =>
    isThreadsNotice(notice) ? readThreadsNotice(notice) : readNotice(noticeSchema.parse(notice)),
  );
}

function readNotice({ object, entry }: z.infer<typeof noticeSchema>): readonly Part[] {
  const readChange = changeReaders.get(object);
  if (readChange === undefined) return ['unsupported_event'];
  if (entry.length === 0) return ['nothing_inside'];
  return partsOf(entry, (part) => {
    const { id, time, changes, messaging, standby, field, value, changed_fields } = entrySchema.parse(part);
    const about: MetaEntry = { object, id, sentAt: toInstant(time) };
    const allChanges = field === undefined ? changes : [...changes, { field, value }];
    const parts = [
      ...partsOf(allChanges, (change) => {
        const { field: name, value: content } = changeSchema.parse(change);
        return readChange(name, content, about);
      }),
      ...partsOf([...messaging, ...standby], (item) => readMessaging(item, about)),
    ];
    if (parts.length > 0) return parts;
    return changed_fields === undefined ? 'nothing_inside' : 'platform_warning';
  });
}

const changeReaders: ReadonlyMap<string, (field: string, value: unknown, entry: MetaEntry) => Part | readonly Part[]> =
  new Map([
    ['page', readPageChange],
    ['instagram', readInstagramChange],
    ['whatsapp_business_account', readWhatsAppChange],
  ]);
