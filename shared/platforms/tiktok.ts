import * as z from 'zod';
import type { InboundEvent } from '../domain/inbound-event.ts';
import { parseJson } from './json.ts';
import { readJsonBody } from './json-body.ts';
import type { Platform, ReadContext } from './platform.ts';
import {
  instantSchema,
  optionalIdSchema,
  type Part,
  platformIdSchema,
  present,
  readParts,
  textSchema,
  wordSchema,
} from './reading.ts';
import { anySecret, equalText, hmac } from './signature.ts';

/** TikTok API for Business (developers.tiktok.com/doc/webhooks-verification, business-api.tiktok.com/portal/docs). */
export const tiktok: Platform = {
  name: 'tiktok',
  aliases: [],
  about: {
    title: 'TikTok',
    configure:
      'In the TikTok API for Business portal, set the webhook URL `/webhooks/tiktok` for the app and subscribe to `comment.update`, brand mentions and the direct message events. Each business account must authorise the app.',
    becomesCase:
      "New comments and replies on the account's videos, and direct messages to it. Mentions of the brand carry identifiers only: their words are fetched first.",
    notSeen:
      "The comment author's name and the language. Comments that are hidden or shown again, read receipts, stickers' content, and changes of authorisation or videos are ignored. A reply through the comment interface counts as the brand's own only when TikTok gives the business as its author. TikTok Shop and Douyin are other products.",
    secrets:
      '`secrets`: the app secret. The call is verified by `TikTok-Signature`, an HMAC-SHA256 over its time stamp and the raw body. A time stamp may be 72 hours old, because TikTok retries for so long, and five minutes ahead: within that, deduplication guards against repeats. One app secret covers all accounts of the app.',
  },

  verify(request, { secrets }, now) {
    const header = request.headers['tiktok-signature'] ?? '';
    const { time, signature } = (timeFirst.exec(header) ?? timeLast.exec(header))?.groups ?? {};
    if (time === undefined) return false;
    const age = now.getTime() / 1000 - Number(time);
    if (age > retriesSeconds + toleranceSeconds || age < -toleranceSeconds) return false;
    return anySecret(secrets, (secret) => equalText(signature, signatureOf(time, request.body, secret)));
  },

  read: (body, context) =>
    readJsonBody(body, envelopeSchema, (envelope) =>
      readParts([envelope], () => readEvent(envelope, accountOf(envelope, context))),
    ),

  sign(request, { secrets: [secret = ''] }, now) {
    const timestamp = String(Math.floor(now.getTime() / 1000));
    return { 'tiktok-signature': `t=${timestamp},s=${signatureOf(timestamp, request.body, secret)}` };
  },
};

/** So long TikTok tries to deliver a notification (developers.tiktok.com/doc/webhooks-overview). */
const retriesSeconds = 72 * 3600;
const toleranceSeconds = 300;

const timeFirst = /^t=(?<time>\d{1,12}),\s?s=(?<signature>[0-9a-f]{64})$/;
const timeLast = /^s=(?<signature>[0-9a-f]{64}),\s?t=(?<time>\d{1,12})$/;

function signatureOf(timestamp: string, body: Uint8Array, secret: string): string {
  return hmac('sha256', secret, timestamp, '.', body).toString('hex');
}

const envelopeSchema = z.object({ event: z.string().min(1), user_openid: wordSchema, content: z.unknown().optional() });
type Envelope = z.infer<typeof envelopeSchema>;

function accountOf(envelope: Envelope, context: ReadContext): string {
  return envelope.user_openid ?? context.pathAccount ?? 'unknown';
}

const commentSchema = z.object({
  comment_id: platformIdSchema,
  parent_comment_id: optionalIdSchema,
  comment_action: z.string(),
  unique_identifier: wordSchema,
  timestamp: instantSchema,
  text: textSchema,
});

const mentionSchema = z
  .object({ comment_id: optionalIdSchema, video_id: optionalIdSchema, timestamp: instantSchema })
  .transform((mention, issues) => {
    const id = mention.comment_id ?? mention.video_id;
    const video = mention.comment_id === undefined ? undefined : mention.video_id;
    if (id !== undefined) return { id, video, timestamp: mention.timestamp };
    issues.addIssue('neither comment_id nor video_id');
    return z.NEVER;
  });

const personSchema = z.object({ id: optionalIdSchema, role: wordSchema }).optional().catch(undefined);

const directMessageSchema = z.object({
  message_id: platformIdSchema,
  conversation_id: platformIdSchema,
  timestamp: instantSchema,
  type: wordSchema,
  // An SDK's test shows a bare string.
  text: z.union([textSchema, z.object({ body: textSchema }).transform(({ body }) => body)]).catch(''),
  from: wordSchema,
  from_user: personSchema,
  to_user: personSchema,
});

function readEvent({ event, content }: Envelope, accountId: string): Part {
  // The documented content is JSON inside a string, whose int64 ids are bare numbers.
  const inside = typeof content === 'string' ? parseJson(content) : content;
  switch (event) {
    case 'comment.update':
      return readComment(commentSchema.parse(inside), accountId);
    case 'brand_mention.video':
    case 'brand_mention.comment':
      return readMention(mentionSchema.parse(inside), accountId);
    case 'im_receive_msg':
    case 'im_receive_msg_eu':
      return readDirectMessage(directMessageSchema.parse(inside), accountId, false);
    case 'im_send_msg':
    case 'im_send_msg_eu':
      return readDirectMessage(directMessageSchema.parse(inside), accountId, true);
    case 'im_mark_read_msg':
    case 'im_mark_read_msg_eu':
      return 'receipt';
    case 'authorization.removed':
      return 'platform_warning';
    default:
      return /^(authorization|video|portability)\.|^im_referral_msg/.test(event)
        ? 'service_event'
        : 'unsupported_event';
  }
}

function readComment(comment: z.infer<typeof commentSchema>, accountId: string): Part {
  const own = comment.unique_identifier === accountId;
  const type = commentTypes.get(comment.comment_action);
  if (type === undefined) return comment.comment_action.startsWith('set_to_') ? 'moderation' : 'unsupported_event';
  if (own && (type === 'message_deleted' || comment.parent_comment_id === undefined)) return 'own_post';
  return present({
    ...eventOf(own ? 'own_reply' : type, accountId, comment.comment_id, comment.timestamp),
    // TikTok has two levels: a reply's parent is the comment that its thread began with.
    thread: comment.parent_comment_id ?? comment.comment_id,
    author: present({ id: comment.unique_identifier }),
    public: true,
    text: type === 'message_deleted' ? '' : comment.text,
    inReplyTo: comment.parent_comment_id,
  });
}

const commentTypes: ReadonlyMap<string, InboundEvent['type']> = new Map([
  ['insert', 'message_received'],
  ['delete', 'message_deleted'],
]);

function readMention(mention: z.infer<typeof mentionSchema>, accountId: string): InboundEvent {
  return present({
    ...eventOf('fetch_needed', accountId, mention.id, mention.timestamp),
    thread: mention.id,
    author: {},
    public: true,
    text: '',
    inReplyTo: mention.video,
  });
}

function readDirectMessage(
  message: z.infer<typeof directMessageSchema>,
  accountId: string,
  sent: boolean,
): InboundEvent {
  const own = sent || message.from_user?.id === accountId || message.from_user?.role === 'business_account';
  return present({
    ...eventOf(own ? 'own_reply' : 'message_received', accountId, message.message_id, message.timestamp),
    // The name of the conversation, because either side's messages carry it and not every one names both people.
    thread: `dm:${message.conversation_id}`,
    author: present({ id: message.from_user?.id, name: message.from }),
    public: false,
    text: message.text,
    attachments: message.type === undefined || message.type === 'text' ? undefined : [message.type],
    toAuthorId: own ? message.to_user?.id : undefined,
  });
}

function eventOf(type: InboundEvent['type'], accountId: string, messageId: string, postedAt: string | undefined) {
  return { type, platform: tiktok.name, channel: 'tiktok', accountId, messageId, postedAt };
}
