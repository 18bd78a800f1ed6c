import * as z from 'zod';
import type { InboundEvent } from '../domain/inbound-event.ts';
import { htmlToText } from './html-text.ts';
import { parseJson } from './json.ts';
import { readJsonBody } from './json-body.ts';
import { kindOfMediaType } from './media-kind.ts';
import type { IgnoredReason, Platform, ReadContext, ReadResult, WebhookRequest } from './platform.ts';
import {
  instantSchema,
  nothingRead,
  optionalIdSchema,
  type Part,
  partsSchema,
  platformIdSchema,
  present,
  readParts,
  textSchema,
  wordSchema,
} from './reading.ts';
import { anySecret, equalText, hmac } from './signature.ts';

/** Conversations (developers.intercom.com/docs/webhooks and /docs/references, webhook models). */
export const intercom: Platform = {
  name: 'intercom',
  aliases: [],
  about: {
    title: 'Intercom',
    configure:
      'In the developer hub, set `/webhooks/intercom` as the endpoint of the app and subscribe to `conversation.user.created`, `conversation.user.replied`, `conversation.admin.replied` and `conversation.admin.single.created`. Intercom sends a ping when it is saved.',
    becomesCase:
      'What users and leads write in a conversation, with the HTML turned into text. Replies by teammates, also those given while assigning, stop the first-reply clock.',
    notSeen:
      'Notes, assignments without words, tags, closing and snoozing; what bots and workflows say; redacted parts and deleted conversations. Links in a message keep their words and lose their address.',
    secrets:
      '`secrets`: the client secret of the app. The call is verified by `X-Hub-Signature`, an HMAC-SHA1 over the raw body; there is no time stamp, so only deduplication guards against a repeated call.',
  },

  challenge(request, { secrets }) {
    if (request.method !== 'POST' || !isSigned(request, secrets)) return undefined;
    return pingSchema.safeParse(parseJson(request.body)).success ? { status: 200, body: '' } : undefined;
  },

  verify: (request, { secrets }) => isSigned(request, secrets),

  read: (body, context) => readJsonBody(body, notificationSchema, (notification) => readTopic(notification, context)),

  sign: (request, { secrets: [secret = ''] }) => ({ 'x-hub-signature': signatureOf(request.body, secret) }),
};

function signatureOf(body: Uint8Array, secret: string): string {
  return `sha1=${hmac('sha1', secret, body).toString('hex')}`;
}

function isSigned({ headers, body }: WebhookRequest, secrets: readonly string[]): boolean {
  return anySecret(secrets, (secret) => equalText(headers['x-hub-signature'], signatureOf(body, secret)));
}

const pingSchema = z.object({ topic: z.literal('ping') });

const notificationSchema = z.object({
  topic: z.string(),
  app_id: wordSchema,
  created_at: instantSchema,
  data: z.object({ item: z.unknown().optional() }),
});

const personSchema = z.object({ type: wordSchema, id: optionalIdSchema, name: wordSchema }).optional().catch(undefined);

/** One thing said: the message a conversation began with, or a part of it. */
const partSchema = z.object({
  id: platformIdSchema,
  part_type: wordSchema,
  body: textSchema,
  created_at: instantSchema,
  author: personSchema,
  attachments: partsSchema,
});

const conversationSchema = z.object({
  id: platformIdSchema,
  created_at: instantSchema,
  user: personSchema,
  contacts: z
    .object({ contacts: z.array(personSchema) })
    .optional()
    .catch(undefined),
  // The first message, by the version of the API that the app is set to.
  source: z.unknown().optional(),
  conversation_message: z.unknown().optional(),
  conversation_parts: z.object({ conversation_parts: partsSchema }).optional().catch(undefined),
});
type Conversation = z.infer<typeof conversationSchema>;

const attachmentSchema = z.object({ content_type: wordSchema }).catch({ content_type: undefined });

function readTopic(
  { topic, app_id, created_at: toldAt, data }: z.infer<typeof notificationSchema>,
  context: ReadContext,
): ReadResult {
  const accountId = app_id ?? context.pathAccount ?? 'unknown';
  const reason = ignoredTopic(topic);
  if (reason !== undefined) return nothingRead(reason);
  const conversation = conversationSchema.safeParse(data.item);
  if (!conversation.success) return nothingRead('unreadable_part');
  const { source, conversation_message, conversation_parts, created_at } = conversation.data;
  const isFirst = topic.endsWith('.created');
  const parts = isFirst ? [source ?? conversation_message] : (conversation_parts?.conversation_parts ?? []);
  // Of what has no time of its own: a reply is as new as the notice of it.
  const saidAt = isFirst ? (created_at ?? toldAt) : (toldAt ?? created_at);
  if (parts.length === 0) return nothingRead('nothing_inside');
  return readParts(parts, (part) => {
    const said = partSchema.parse(part);
    return readPart({ ...said, created_at: said.created_at ?? saidAt }, conversation.data, accountId);
  });
}

function ignoredTopic(topic: string): IgnoredReason | undefined {
  switch (topic) {
    case 'conversation.user.created':
    case 'conversation.user.replied':
    case 'conversation.admin.replied':
    case 'conversation.admin.single.created':
      return undefined;
    case 'ping':
      return 'handshake';
    case 'conversation_part.redacted':
    case 'conversation.deleted':
      return 'moderation';
    default:
      return topic.startsWith('conversation.operator.') ? 'bot' : 'service_event';
  }
}

function readPart(said: z.infer<typeof partSchema>, conversation: Conversation, accountId: string): Part {
  const type = typeOfAuthor(said.author?.type);
  if (type === undefined) return 'bot';
  if (said.part_type === 'note') return 'service_event';
  const text = htmlToText(said.body);
  const attachments = kindsIn(said);
  // Assigning a conversation is a part as well, with or without words.
  if (type === 'own_reply' && text === '' && attachments.length === 0) return 'service_event';
  return present<InboundEvent>({
    type,
    platform: intercom.name,
    channel: 'intercom',
    accountId,
    messageId: said.id,
    thread: `conversation:${conversation.id}`,
    author: present({ id: said.author?.id, name: said.author?.name }),
    public: false,
    text,
    postedAt: said.created_at,
    attachments: attachments.length === 0 ? undefined : attachments,
    toAuthorId: type === 'own_reply' ? customerOf(conversation) : undefined,
  });
}

function typeOfAuthor(authorType: string | undefined): 'message_received' | 'own_reply' | undefined {
  switch (authorType) {
    case 'user':
    case 'lead':
    case 'contact':
      return 'message_received';
    case 'admin':
    case 'team':
      return 'own_reply';
    default:
      return undefined;
  }
}

function customerOf({ user, contacts }: Conversation): string | undefined {
  return user?.id ?? contacts?.contacts[0]?.id;
}

function kindsIn({ body, attachments }: z.infer<typeof partSchema>): string[] {
  const attached = attachments.map((attachment) => kindOfMediaType(attachmentSchema.parse(attachment).content_type));
  return /<img\b/i.test(body) ? ['image', ...attached] : attached;
}
