import { createPrivateKey, sign } from 'node:crypto';
import { createLocalJWKSet, jwtVerify } from 'jose';
import * as z from 'zod';
import type { InboundEvent } from '../domain/inbound-event.ts';
import { parseJson } from './json.ts';
import { readJsonBody } from './json-body.ts';
import type { Platform, ReadContext } from './platform.ts';
import { instantSchema, type Part, platformIdSchema, present, readParts, wordSchema } from './reading.ts';

/**
 * Reviews by Pub/Sub push (cloud.google.com/pubsub/docs/push and authenticate-push-subscriptions; developers.google.com/my-business,
 * NotificationSetting).
 */
export const googleBusiness: Platform = {
  name: 'google-business',
  aliases: ['google'],
  about: {
    title: 'Google Business Profile',
    configure:
      'Create a Pub/Sub topic, let `mybusiness-api-pubsub@system.gserviceaccount.com` publish to it, and name it in the NotificationSetting of the account with `NEW_REVIEW` and `UPDATED_REVIEW`. Add a push subscription to `/webhooks/google-business` with authentication by a service account of your own and an audience of your choice.',
    becomesCase:
      'A new review. The notification carries names only: the text, stars and author are fetched from the API before anything is judged. So are those of an updated review, which is then judged again; what its owner has answered by then counts as the answer.',
    notSeen:
      "An owner's answer of which Google sends no `UPDATED_REVIEW`: then the desk's outcome alone stops the clock. Deletes have no event. Questions, media and profile changes are ignored. Google publishes no test event; use Pub/Sub's own.",
    secrets:
      '`audience` and `serviceAccount`: those of the push subscription; `jwksUrl`: `https://www.googleapis.com/oauth2/v3/certs`, where Google publishes its signing keys (or `jwks`, the keys themselves); `secrets` is not used. The call is verified by the bearer token (RS256, issuer, audience, e-mail, expiry). Any Google project can get a genuine token, so audience and e-mail are both required. The body itself is not signed: whoever holds a valid token within its hour can send any body.',
  },

  async verify(request, { jwks, audience, serviceAccount }, now) {
    const [, token] = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(request.headers['authorization'] ?? '') ?? [];
    if (token === undefined || !jwks || !audience || !serviceAccount) return false;
    try {
      const { payload } = await jwtVerify(token, createLocalJWKSet(jwksSchema.parse(jwks)), {
        algorithms: ['RS256'],
        issuer: ['https://accounts.google.com', 'accounts.google.com'],
        audience,
        currentDate: now,
        requiredClaims: ['exp'],
      });
      return payload['email_verified'] === true && payload['email'] === serviceAccount;
    } catch {
      return false;
    }
  },

  read: (body, context) =>
    readJsonBody(body, envelopeSchema, ({ message }) =>
      readParts([message], (part) => readNotification(messageSchema.parse(part), context)),
    ),

  /** With a private key (PEM) as the secret; its public half must be the first of `jwks`. */
  sign(_request, { secrets: [secret = ''], jwks, audience, serviceAccount }, now) {
    const seconds = Math.floor(now.getTime() / 1000);
    const claims = { iss: 'https://accounts.google.com', aud: audience, email: serviceAccount, email_verified: true };
    const parts = [
      { alg: 'RS256', typ: 'JWT', kid: jwks?.keys[0]?.['kid'] },
      { ...claims, iat: seconds, exp: seconds + 3600 },
    ].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
    const text = parts.join('.');
    const signature = sign('sha256', Buffer.from(text), createPrivateKey(secret)).toString('base64url');
    return { authorization: `Bearer ${text}.${signature}` };
  },
};

const jwksSchema = z.object({
  keys: z.array(
    z.object({ kty: z.string(), n: z.string(), e: z.string(), kid: wordSchema }).transform((key) => present(key)),
  ),
});

const envelopeSchema = z.object({ message: z.record(z.string(), z.unknown()) });

/** Pub/Sub writes its fields in both spellings, the two references of the notification in one each. */
const messageSchema = z
  .object({ data: z.string(), messageId: platformIdSchema.optional(), message_id: platformIdSchema.optional() })
  .extend({ publishTime: instantSchema, publish_time: instantSchema })
  .transform(({ data, messageId, message_id, publishTime, publish_time }, issues) => {
    const id = messageId ?? message_id;
    if (id !== undefined) return { id, data, publishedAt: publishTime ?? publish_time };
    issues.addIssue('messageId: missing');
    return z.NEVER;
  });

const notificationSchema = z
  .object({ notificationType: wordSchema, locationName: wordSchema, reviewName: wordSchema })
  .extend({ notification_type: wordSchema, location_name: wordSchema, review_name: wordSchema })
  .transform((notification) => ({
    type: notification.notificationType ?? notification.notification_type,
    location: notification.locationName ?? notification.location_name,
    review: notification.reviewName ?? notification.review_name,
  }));

function readNotification(message: z.infer<typeof messageSchema>, context: ReadContext): Part {
  const { type, location, review } = notificationSchema.parse(parseJson(Buffer.from(message.data, 'base64')));
  if (type === undefined) return 'unsupported_event';
  if (type !== 'NEW_REVIEW' && type !== 'UPDATED_REVIEW') return 'service_event';
  if (review === undefined) return 'unreadable_part';
  return present<InboundEvent>({
    // An update does not say what was changed, nor by whom: the same words again change nothing.
    ...(type === 'NEW_REVIEW' ? { type: 'fetch_needed' } : { type: 'message_edited', unread: true }),
    platform: googleBusiness.name,
    channel: 'google_business',
    accountId: location ?? locationIn(review) ?? context.pathAccount ?? 'unknown',
    messageId: message.id,
    // Google may publish one review twice, as two messages.
    messageKey: review,
    thread: review,
    author: {},
    public: true,
    text: '',
    postedAt: message.publishedAt,
  });
}

function locationIn(review: string): string | undefined {
  return /^(.+)\/reviews\/[^/]+$/.exec(review)?.[1];
}
