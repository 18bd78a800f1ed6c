import * as z from 'zod';
import type { InboundEvent } from '../domain/inbound-event.ts';
import { htmlToText } from './html-text.ts';
import { readJsonBody } from './json-body.ts';
import type { Platform, ReadContext, ReadResult } from './platform.ts';
import {
  countSchema,
  flagSchema,
  instantSchema,
  languageSchema,
  nothingRead,
  optionalIdSchema,
  type Part,
  partsSchema,
  platformIdSchema,
  present,
  readParts,
  textSchema,
  versionId,
  wordSchema,
} from './reading.ts';
import { anySecret, equalText, hmac } from './signature.ts';

/** Webhooks of a server of one's own (docs.joinmastodon.org/admin/webhooks). */
export const mastodon: Platform = {
  name: 'mastodon',
  aliases: [],
  about: {
    title: 'Mastodon',
    configure:
      "As administrator of the brand's own server, add a webhook to `/webhooks/mastodon/<account>` with `status.created` and `status.updated` and without a payload template; `<account>` is the brand's user name on that server.",
    becomesCase:
      "Posts that the server sees, with language, followers and content warning; those of one author are one conversation. Posts by `<account>` that answer somebody count as the brand's own replies.",
    notSeen:
      "Anything on other people's servers that does not reach the own one, deletes, boosts, posts by accounts marked as bots, and moderation (`report.*`, `account.*`). A brand on a foreign server gets no webhooks.",
    secrets:
      '`secrets`: the secret of the webhook. The call is verified by `X-Hub-Signature`, an HMAC-SHA256 over the raw body; there is no time stamp, so only deduplication guards against a repeated call.',
  },

  verify(request, { secrets }) {
    const signature = request.headers['x-hub-signature'];
    return anySecret(secrets, (secret) => equalText(signature, signatureOf(request.body, secret)));
  },

  read: (body, context) => readJsonBody(body, envelopeSchema, (envelope) => readEvent(envelope, context)),

  sign: (request, { secrets: [secret = ''] }) => ({ 'x-hub-signature': signatureOf(request.body, secret) }),
};

function signatureOf(body: Uint8Array, secret: string): string {
  return `sha256=${hmac('sha256', secret, body).toString('hex')}`;
}

const envelopeSchema = z.object({ event: z.string(), object: z.unknown().optional() });

const statusSchema = z.object({
  id: platformIdSchema,
  created_at: instantSchema,
  edited_at: instantSchema,
  in_reply_to_id: optionalIdSchema,
  in_reply_to_account_id: optionalIdSchema,
  spoiler_text: textSchema,
  content: textSchema,
  visibility: wordSchema,
  language: languageSchema,
  url: wordSchema,
  reblog: z.unknown().optional(),
  media_attachments: partsSchema,
  account: z.object({
    id: platformIdSchema,
    username: wordSchema,
    acct: wordSchema,
    display_name: wordSchema,
    bot: flagSchema,
    followers_count: countSchema,
  }),
});
type Status = z.infer<typeof statusSchema>;

const mediaSchema = z.object({ type: z.string() }).catch({ type: 'unknown' });

function readEvent({ event, object }: z.infer<typeof envelopeSchema>, { pathAccount }: ReadContext): ReadResult {
  switch (event) {
    case 'status.created':
    case 'status.updated':
      return readParts([object], (part) =>
        readStatus(statusSchema.parse(part), event === 'status.updated', pathAccount),
      );
    default:
      return nothingRead(event.startsWith('report.') ? 'moderation' : 'service_event');
  }
}

function readStatus(status: Status, updated: boolean, brand: string | undefined): Part {
  const { account } = status;
  if (status.reblog !== null && status.reblog !== undefined) return 'share_without_text';
  // `acct` has no server part for the server's own people, and only they can be the brand.
  if (brand !== undefined && (account.acct ?? account.username) === brand) {
    return updated || status.in_reply_to_account_id === undefined ? 'own_post' : toEvent('own_reply', status, brand);
  }
  if (account.bot === true) return 'bot';
  const accountId = brand ?? 'unknown';
  if (!updated) return toEvent('message_received', status, accountId);
  const editedAt = status.edited_at;
  return present({
    ...toEvent('message_edited', status, accountId),
    // Every edit repeats the post's id; the time of the edit tells one from the next.
    messageId: versionId(status.id, editedAt ?? ''),
    messageKey: status.id,
    postedAt: editedAt,
  });
}

function toEvent(type: InboundEvent['type'], status: Status, accountId: string): InboundEvent {
  const { account, media_attachments: media } = status;
  const isPublic = status.visibility !== 'private' && status.visibility !== 'direct';
  // A status names the post it answers, not the one its thread began with: the customer is what both sides' posts have in common.
  const customer = type === 'own_reply' ? status.in_reply_to_account_id : account.id;
  return present<InboundEvent>({
    type,
    platform: mastodon.name,
    channel: 'mastodon',
    accountId,
    messageId: status.id,
    thread: `${isPublic ? 'public' : 'dm'}:${customer ?? account.id}`,
    author: present({ id: account.id, name: account.display_name ?? account.acct, followers: account.followers_count }),
    public: isPublic,
    text: [status.spoiler_text, htmlToText(status.content)].filter((part) => part !== '').join('\n\n'),
    postedAt: status.created_at,
    language: status.language,
    attachments: media.length === 0 ? undefined : media.map((each) => mediaSchema.parse(each).type),
    permalink: status.url,
    inReplyTo: status.in_reply_to_id,
    toAuthorId: type === 'own_reply' ? status.in_reply_to_account_id : undefined,
  });
}
