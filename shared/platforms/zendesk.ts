import * as z from 'zod';
import type { InboundEvent } from '../domain/inbound-event.ts';
import { readJsonBody } from './json-body.ts';
import type { Platform } from './platform.ts';
import {
  flagSchema,
  instantSchema,
  optionalIdSchema,
  type Part,
  platformIdSchema,
  present,
  readParts,
  textSchema,
  wordSchema,
} from './reading.ts';
import { anySecret, equalText, hmac, withinSeconds } from './signature.ts';

/** Event subscriptions (developer.zendesk.com/api-reference/webhooks/event-types and /documentation/webhooks/verifying). */
export const zendesk: Platform = {
  name: 'zendesk',
  aliases: [],
  about: {
    title: 'Zendesk',
    configure:
      'In the Admin Center, create a webhook to `/webhooks/zendesk` of the kind "Zendesk events" and subscribe it to the ticket event "comment added" and the messaging event "message added".',
    becomesCase:
      'Public comments and messages by people who are not staff; all of one ticket are one conversation. Public comments and messages by staff stop the first-reply clock.',
    notSeen:
      'Webhooks that a trigger or automation calls: their body is whatever the account wrote, and is refused. Private comments, what bots say, redactions and all other changes of tickets, users and organisations are ignored.',
    secrets:
      '`secrets`: the signing secret of the webhook, as it is shown (not decoded). The call is verified by `X-Zendesk-Webhook-Signature`, an HMAC-SHA256 over the time stamp and the raw body; calls more than five minutes old are refused.',
  },

  verify(request, { secrets }, now) {
    const timestamp = request.headers['x-zendesk-webhook-signature-timestamp'];
    if (timestamp === undefined || !withinSeconds(now, timestamp, toleranceSeconds)) return false;
    const signature = request.headers['x-zendesk-webhook-signature'];
    return anySecret(secrets, (secret) => equalText(signature, signatureOf(timestamp, request.body, secret)));
  },

  read: (body) => readJsonBody(body, envelopeSchema, (envelope) => readParts([envelope], readEvent)),

  sign(request, { secrets: [secret = ''] }, now) {
    const timestamp = `${now.toISOString().slice(0, 19)}Z`;
    return {
      'x-zendesk-webhook-signature-timestamp': timestamp,
      'x-zendesk-webhook-signature': signatureOf(timestamp, request.body, secret),
    };
  },
};

const toleranceSeconds = 300;

function signatureOf(timestamp: string, body: Uint8Array, secret: string): string {
  return hmac('sha256', secret, timestamp, body).toString('base64');
}

const envelopeSchema = z.object({
  type: z.string().startsWith('zen:event-type:'),
  account_id: platformIdSchema,
  time: instantSchema,
  detail: z.object({ id: optionalIdSchema, requester_id: optionalIdSchema }).optional().catch(undefined),
  event: z.unknown().optional(),
});
type Envelope = z.infer<typeof envelopeSchema>;

const messageAddedSchema = z.object({
  actor: z.object({ id: optionalIdSchema, name: wordSchema, type: wordSchema }),
  conversation_id: optionalIdSchema,
  message: z.object({ id: platformIdSchema, body: textSchema }),
});

const commentAddedSchema = z.object({
  comment: z.object({
    id: platformIdSchema,
    body: textSchema,
    is_public: flagSchema,
    author: z.object({ id: optionalIdSchema, name: wordSchema, is_staff: flagSchema }),
  }),
});

function readEvent(envelope: Envelope): Part {
  switch (envelope.type) {
    case 'zen:event-type:messaging_ticket.message_added':
      return readMessage(envelope, messageAddedSchema.parse(envelope.event));
    case 'zen:event-type:ticket.comment_added':
      return readComment(envelope, commentAddedSchema.parse(envelope.event));
    case 'zen:event-type:ticket.comment_made_private':
    case 'zen:event-type:ticket.comment_redacted':
      return 'moderation';
    default:
      return 'service_event';
  }
}

function readMessage(
  envelope: Envelope,
  { actor, conversation_id, message }: z.infer<typeof messageAddedSchema>,
): Part {
  const type = typeOfActor(actor.type);
  return type === undefined ? 'bot' : toEvent(type, envelope, { ...message, author: actor, exchange: conversation_id });
}

function typeOfActor(actorType: string | undefined): 'message_received' | 'own_reply' | undefined {
  if (actorType === 'end_user') return 'message_received';
  return actorType === 'agent' || actorType === 'admin' ? 'own_reply' : undefined;
}

function readComment(envelope: Envelope, { comment }: z.infer<typeof commentAddedSchema>): Part {
  const isStaff = comment.author.is_staff === true;
  // Internal: neither the customer's words nor an answer to them.
  if (comment.is_public === false || (isStaff && comment.is_public === undefined)) return 'service_event';
  return toEvent(isStaff ? 'own_reply' : 'message_received', envelope, comment);
}

interface Said {
  readonly id: string;
  readonly body: string;
  readonly author: { readonly id?: string | undefined; readonly name?: string | undefined };
  readonly exchange?: string | undefined;
}

function toEvent(type: 'message_received' | 'own_reply', envelope: Envelope, said: Said): InboundEvent {
  const ticket = envelope.detail?.id;
  return present<InboundEvent>({
    type,
    platform: zendesk.name,
    channel: 'zendesk',
    accountId: envelope.account_id,
    messageId: said.id,
    // Messaging and comments of one ticket meet under the ticket.
    thread: ticket === undefined ? `conversation:${said.exchange ?? said.id}` : `ticket:${ticket}`,
    author: present({ id: said.author.id, name: said.author.name }),
    public: false,
    text: said.body,
    postedAt: envelope.time,
    toAuthorId: type === 'own_reply' ? envelope.detail?.requester_id : undefined,
  });
}
