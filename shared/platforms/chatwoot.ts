import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { InboundEvent } from '../domain/inbound-event.ts';
import { readJsonBody } from './json-body.ts';
import type { Platform, ReadContext } from './platform.ts';
import {
  flagSchema,
  instantSchema,
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
import { anySecret, equalText, hmac, withinSeconds } from './signature.ts';

/** Account webhooks (chatwoot.com/hc/user-guide/articles/1677693021 and chatwoot/chatwoot issue 13809). */
export const chatwoot: Platform = {
  name: 'chatwoot',
  aliases: [],
  about: {
    title: 'Chatwoot',
    configure:
      'Under Settings, Integrations, Webhooks, add `/webhooks/chatwoot` and subscribe to `message_created` and `message_updated`. The version must sign its webhooks; older ones are refused. Chatwoot does not retry by default.',
    becomesCase:
      'Incoming messages by contacts, whatever network they came by; all of one conversation belong together. Replies by agents stop the first-reply clock.',
    notSeen:
      'Private notes, activity lines, templates and what bots send. The inbox is not an account of its own: all inboxes of one Chatwoot account share its number.',
    secrets:
      '`secrets`: the secret of the webhook (callbacks of API channels have another). The call is verified by `X-Chatwoot-Signature`, an HMAC-SHA256 over the time stamp and the raw body; calls more than five minutes old are refused.',
  },

  verify(request, { secrets }, now) {
    const timestamp = request.headers['x-chatwoot-timestamp'];
    if (timestamp === undefined || !withinSeconds(now, timestamp, toleranceSeconds)) return false;
    const signature = request.headers['x-chatwoot-signature'];
    return anySecret(secrets, (secret) => equalText(signature, signatureOf(timestamp, request.body, secret)));
  },

  read: (body, context) =>
    readJsonBody(body, envelopeSchema, (envelope) => readParts([envelope], (part) => readEvent(part, context))),

  sign(request, { secrets: [secret = ''] }, now) {
    const timestamp = String(Math.floor(now.getTime() / 1000));
    return { 'x-chatwoot-timestamp': timestamp, 'x-chatwoot-signature': signatureOf(timestamp, request.body, secret) };
  },
};

const toleranceSeconds = 300;

function signatureOf(timestamp: string, body: Uint8Array, secret: string): string {
  return `sha256=${hmac('sha256', secret, timestamp, '.', body).toString('hex')}`;
}

const envelopeSchema = z.looseObject({ event: z.string() });

const personSchema = z.object({ id: optionalIdSchema, name: wordSchema, type: wordSchema }).optional().catch(undefined);

const messageSchema = z.object({
  id: platformIdSchema,
  content: textSchema,
  created_at: instantSchema,
  updated_at: instantSchema,
  // Words in webhooks, numbers in the forms of the REST interface.
  message_type: z.union([z.string(), z.number()]),
  private: flagSchema,
  content_attributes: z.object({ deleted: flagSchema }).optional().catch(undefined),
  sender: personSchema,
  attachments: partsSchema,
  account: z.object({ id: optionalIdSchema }).optional().catch(undefined),
  conversation: z.object({
    id: platformIdSchema,
    meta: z.object({ sender: personSchema }).optional().catch(undefined),
    contact_inbox: z.object({ contact_id: optionalIdSchema }).optional().catch(undefined),
  }),
});
type Message = z.infer<typeof messageSchema>;

const attachmentSchema = z.object({ file_type: z.string() }).catch({ file_type: 'file' });

function readEvent(envelope: z.infer<typeof envelopeSchema>, context: ReadContext): Part {
  const updated = envelope.event === 'message_updated';
  if (!updated && envelope.event !== 'message_created') return 'service_event';
  const message = messageSchema.parse(envelope);
  const accountId = message.account?.id ?? context.pathAccount ?? 'unknown';
  if (message.private === true) return 'service_event';
  switch (message.message_type) {
    case 'incoming':
    case 0:
      if (message.sender?.type === 'agent_bot') return 'bot';
      // What an agent enters in a contact's name.
      if (message.sender?.type === 'user') return 'own_post';
      return updated ? toUpdate(message, accountId) : toEvent('message_received', message, accountId);
    case 'outgoing':
    case 1:
      if (message.sender?.type !== 'user') return 'bot';
      return updated ? 'own_post' : toEvent('own_reply', message, accountId);
    case 'template':
    case 3:
      return 'bot';
    default:
      return 'service_event';
  }
}

/**
 * An update repeats the message's id, also when only its state of delivery changed: the words tell one version from the next. A
 * deleted message comes as an update that says so.
 */
function toUpdate(message: Message, accountId: string): InboundEvent {
  const postedAt = message.updated_at;
  if (message.content_attributes?.deleted === true) {
    return present({ ...toEvent('message_deleted', message, accountId), text: '', postedAt });
  }
  const digest = createHash('sha256').update(message.content).digest('hex').slice(0, 16);
  return present({
    ...toEvent('message_edited', message, accountId),
    messageId: versionId(message.id, digest),
    messageKey: message.id,
    postedAt,
  });
}

function toEvent(type: InboundEvent['type'], message: Message, accountId: string): InboundEvent {
  const { sender, conversation, attachments } = message;
  return present<InboundEvent>({
    type,
    platform: chatwoot.name,
    channel: 'chatwoot',
    accountId,
    messageId: message.id,
    thread: `conversation:${conversation.id}`,
    author: present({ id: sender?.id, name: sender?.name }),
    public: false,
    text: message.content,
    postedAt: message.created_at,
    attachments:
      attachments.length === 0 ? undefined : attachments.map((each) => attachmentSchema.parse(each).file_type),
    toAuthorId:
      type === 'own_reply' ? (conversation.meta?.sender?.id ?? conversation.contact_inbox?.contact_id) : undefined,
  });
}
