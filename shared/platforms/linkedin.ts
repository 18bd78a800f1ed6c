import * as z from 'zod';
import type { InboundEvent } from '../domain/inbound-event.ts';
import { readJsonBody } from './json-body.ts';
import type { Platform } from './platform.ts';
import {
  instantSchema,
  nothingRead,
  type Part,
  platformIdSchema,
  present,
  readParts,
  textSchema,
  wordSchema,
} from './reading.ts';
import { anySecret, equalText, hmac } from './signature.ts';

/** Organization social actions (learn.microsoft.com/linkedin, webhook-validation and organization-social-action-notifications). */
export const linkedin: Platform = {
  name: 'linkedin',
  aliases: [],
  about: {
    title: 'LinkedIn',
    configure:
      'In the developer portal of an app with the community management product, register the webhook URL `/webhooks/linkedin` and subscribe each administrator-approved page to organization social action notifications. LinkedIn repeats its challenge every two hours; three failures in a row block the endpoint.',
    becomesCase:
      "Comments on the page's posts, posts that mention the page, and shares of its posts that carry a text of their own. All comments of one member under one post are one conversation.",
    notSeen:
      "Private messages, posts that are not public, the author's name (LinkedIn gives an identifier only) and the language. Reactions and shares without text are ignored. Comments written as the page count as the brand's own replies. Nothing older than the subscription is delivered.",
    secrets:
      '`secrets`: the client secret of the app. The call is verified by `X-LI-Signature`, an HMAC-SHA256 over the raw body; there is no time stamp, so a captured call can be repeated and only deduplication guards against it. One app secret covers all pages of the app.',
  },

  challenge(request, { secrets }) {
    if (request.method !== 'GET') return undefined;
    const challengeCode = URL.parse(request.url)?.searchParams.get('challengeCode');
    const [secret] = secrets;
    if (!challengeCode || challengeCode.length > 512 || secret === undefined) return undefined;
    // Bodies are signed with the same secret, behind this prefix: what begins so would be signed for whoever asks.
    if (challengeCode.startsWith(signedPrefix)) return undefined;
    const challengeResponse = hmac('sha256', secret, challengeCode).toString('hex');
    return { status: 200, contentType: 'application/json', body: JSON.stringify({ challengeCode, challengeResponse }) };
  },

  verify(request, { secrets }) {
    // Some receivers see the prefix in front of the header value too.
    const signature = request.headers['x-li-signature']?.replace(/^hmacsha256=/, '');
    return anySecret(secrets, (secret) => equalText(signature, signatureOf(request.body, secret)));
  },

  read: (body) =>
    readJsonBody(body, z.object({ notifications: z.array(z.unknown()) }), ({ notifications }) =>
      notifications.length === 0
        ? nothingRead('nothing_inside')
        : readParts(notifications, (part) => readNotification(notificationSchema.parse(part))),
    ),

  sign: (request, { secrets: [secret = ''] }) => ({ 'x-li-signature': signatureOf(request.body, secret) }),
};

/** Belongs to the signed text, not to the header. */
const signedPrefix = 'hmacsha256=';

function signatureOf(body: Uint8Array, secret: string): string {
  return hmac('sha256', secret, signedPrefix, body).toString('hex');
}

const writtenSchema = z.object({ owner: wordSchema, object: wordSchema, text: textSchema });

const notificationSchema = z.object({
  notificationId: platformIdSchema,
  organizationalEntity: z.string().min(1),
  action: z.string(),
  sourcePost: wordSchema,
  generatedActivity: z.string().min(1),
  decoratedGeneratedActivity: z
    .object({ comment: writtenSchema.optional(), share: writtenSchema.optional() })
    .optional()
    .catch(undefined),
  lastModifiedAt: instantSchema,
});
type Notification = z.infer<typeof notificationSchema>;

function readNotification(notification: Notification): Part {
  switch (notification.action) {
    case 'LIKE':
      return 'reaction';
    case 'COMMENT':
      return writtenByPage(notification) ? toEvent(notification, 'own_reply') : toReceived(notification);
    case 'ADMIN_COMMENT':
      return toEvent(notification, 'own_reply');
    case 'COMMENT_EDIT':
      return writtenByPage(notification) ? 'own_post' : toEvent(notification, 'message_edited');
    case 'COMMENT_DELETE':
      return toEvent(notification, 'message_deleted');
    case 'SHARE_MENTION':
      return writtenByPage(notification) ? 'own_post' : toReceived(notification);
    case 'SHARE':
      if (writtenByPage(notification)) return 'own_post';
      return writtenIn(notification)?.text ? toReceived(notification) : 'share_without_text';
    default:
      return 'unsupported_event';
  }
}

function toReceived(notification: Notification): InboundEvent {
  return toEvent(notification, writtenIn(notification) === undefined ? 'fetch_needed' : 'message_received');
}

/**
 * LinkedIn notifies every subscribed administrator, each under its own `notificationId`: the comment's URN is what two deliveries of
 * one comment share.
 */
function toEvent(notification: Notification, type: InboundEvent['type']): InboundEvent {
  const written = writtenIn(notification);
  const comment = commentOf(notification.generatedActivity);
  return present({
    type,
    platform: linkedin.name,
    channel: 'linkedin',
    accountId: notification.organizationalEntity,
    messageId: notification.notificationId,
    messageKey: comment?.urn ?? notification.generatedActivity,
    thread: comment === undefined ? notification.generatedActivity : (notification.sourcePost ?? comment.post),
    author: present({ id: written?.owner }),
    public: true,
    text: written?.text ?? '',
    postedAt: notification.lastModifiedAt,
    inReplyTo: commentOf(written?.object ?? '')?.urn,
  });
}

function writtenIn({ decoratedGeneratedActivity }: Notification): z.infer<typeof writtenSchema> | undefined {
  return decoratedGeneratedActivity?.comment ?? decoratedGeneratedActivity?.share;
}

function writtenByPage(notification: Notification): boolean {
  return writtenIn(notification)?.owner === notification.organizationalEntity;
}

/** One spelling for `urn:li:comment:(activity:A,C)` and `urn:li:comment:(urn:li:activity:A,C)`; both occur in one notification. */
function commentOf(urn: string): { urn: string; post: string } | undefined {
  const match = /^urn:li:comment:\((?:urn:li:)?([A-Za-z]+:\d+),(\d+)\)$/.exec(urn);
  if (match === null) return undefined;
  const [, post = '', id = ''] = match;
  return { urn: `urn:li:comment:(urn:li:${post},${id})`, post: `urn:li:${post}` };
}
