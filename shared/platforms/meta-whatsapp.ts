import * as z from 'zod';
import type { InboundEvent } from '../domain/inbound-event.ts';
import type { MetaEntry } from './meta.ts';
import {
  optionalIdSchema,
  type Part,
  partsOf,
  partsSchema,
  platformIdSchema,
  present,
  textSchema,
  toInstant,
  wordSchema,
} from './reading.ts';

const valueSchema = z.object({
  metadata: z.object({ phone_number_id: optionalIdSchema }).optional().catch(undefined),
  contacts: partsSchema,
  messages: partsSchema,
  message_echoes: partsSchema,
  statuses: partsSchema,
  errors: partsSchema,
});

const contactSchema = z
  .object({
    wa_id: optionalIdSchema,
    user_id: optionalIdSchema,
    profile: z.object({ name: wordSchema, username: wordSchema }).optional().catch(undefined),
  })
  .catch({ wa_id: undefined, user_id: undefined, profile: undefined });
type Contact = z.infer<typeof contactSchema>;

const titleSchema = z.object({ title: textSchema }).optional().catch(undefined);
const captionedSchema = z.object({ caption: textSchema }).optional().catch(undefined);

/** What was written, by the type of the message: the same in a message and in an edit of one. */
const contentSchema = z.object({
  type: z.string(),
  text: z.object({ body: textSchema }).optional().catch(undefined),
  image: captionedSchema,
  video: captionedSchema,
  document: captionedSchema,
  button: z.object({ text: textSchema }).optional().catch(undefined),
  interactive: z
    .object({
      button_reply: titleSchema,
      list_reply: titleSchema,
      nfm_reply: z.object({ body: textSchema }).optional().catch(undefined),
    })
    .optional()
    .catch(undefined),
  order: z.object({ text: textSchema }).optional().catch(undefined),
});
type Content = z.infer<typeof contentSchema>;

const messageSchema = contentSchema.extend({
  id: platformIdSchema,
  from: optionalIdSchema,
  from_user_id: optionalIdSchema,
  to: optionalIdSchema,
  to_user_id: optionalIdSchema,
  timestamp: z.unknown().optional(),
  group_id: optionalIdSchema,
  context: z.object({ id: optionalIdSchema }).optional().catch(undefined),
  edit: z.object({ original_message_id: platformIdSchema, message: contentSchema }).optional(),
  revoke: z.object({ original_message_id: platformIdSchema }).optional(),
});
type Message = z.infer<typeof messageSchema>;

/**
 * One change on a WhatsApp Business Account (developers.facebook.com/documentation/business-messaging/whatsapp). The account is the
 * phone number's id, which one WABA has several of.
 */
export function readWhatsAppChange(field: string, value: unknown, _entry: MetaEntry): Part | readonly Part[] {
  if (field === 'account_update' || field === 'account_alerts') return 'platform_warning';
  if (field !== 'messages' && field !== 'smb_message_echoes') return 'service_event';
  const { metadata, contacts, messages, message_echoes, statuses, errors } = valueSchema.parse(value);
  const accountId = metadata?.phone_number_id ?? 'unknown';
  const people = contacts.map((contact) => contactSchema.parse(contact));
  const parts = [
    ...partsOf(messages, (message) => readMessage(messageSchema.parse(message), people, accountId)),
    ...partsOf(message_echoes, (message) => readEcho(messageSchema.parse(message), accountId)),
    // A status carries the id of a message that the brand sent.
    ...statuses.map((): Part => 'receipt'),
  ];
  if (parts.length > 0) return parts;
  // Beside messages they say nothing of their own.
  return errors.length > 0 ? 'platform_warning' : 'nothing_inside';
}

function readMessage(message: Message, people: readonly Contact[], accountId: string): Part {
  if (message.type === 'reaction') return 'reaction';
  // Changes of number or user id; a chat that was opened and nothing written yet.
  if (message.type === 'system' || message.type === 'request_welcome') return 'service_event';
  const writer = writerOf(message, people);
  // Without a sender nobody could be answered; a time that is no time means that the part is damaged.
  if (writer.id === undefined || !hasCredibleTime(message)) return 'unreadable_part';
  const event = { ...eventOf(message, accountId, writer.id), author: present(writer) };
  if (message.type === 'edit') {
    if (message.edit === undefined) return 'unreadable_part';
    const { original_message_id: messageKey, message: content } = message.edit;
    return present<InboundEvent>({ ...event, ...saidIn(content), type: 'message_edited', messageKey });
  }
  if (message.type === 'revoke') {
    if (message.revoke === undefined) return 'unreadable_part';
    const { original_message_id: messageKey } = message.revoke;
    return present<InboundEvent>({ ...event, type: 'message_deleted', messageKey, text: '' });
  }
  return present<InboundEvent>({ ...event, ...saidIn(message), type: 'message_received' });
}

/** What somebody of the brand wrote on the phone itself. */
function readEcho(message: Message, accountId: string): Part {
  if (message.type === 'reaction') return 'reaction';
  if (message.type === 'edit' || message.type === 'revoke') return 'own_post';
  const customer = message.to ?? message.to_user_id;
  if (customer === undefined) return 'unreadable_part';
  return present<InboundEvent>({
    ...eventOf(message, accountId, customer),
    ...saidIn(message),
    type: 'own_reply',
    author: present({ id: message.from }),
    toAuthorId: customer,
  });
}

function eventOf(message: Message, accountId: string, customer: string) {
  return {
    platform: 'meta',
    channel: 'whatsapp',
    accountId,
    messageId: message.id,
    thread: message.group_id === undefined ? `dm:${customer}` : `group:${message.group_id}`,
    public: false,
    postedAt: toInstant(message.timestamp),
    inReplyTo: message.context?.id,
  };
}

/** Since 2026 a customer may have no phone number but a user id of the business's scope, which may also stand in `from`. */
function writerOf(message: Message, people: readonly Contact[]): { id: string | undefined; name: string | undefined } {
  const named = [message.from, message.from_user_id].filter((id) => id !== undefined);
  const [only] = people.length === 1 ? people : [];
  const contact =
    people.find(({ wa_id, user_id }) => named.some((id) => id === wa_id || id === user_id)) ??
    (named.length === 0 ? only : undefined);
  const id = message.from ?? contact?.wa_id ?? message.from_user_id ?? contact?.user_id;
  const profile = (contact ?? only)?.profile;
  return { id, name: profile?.name ?? profile?.username?.replace(/^@/, '') };
}

function hasCredibleTime({ timestamp }: Message): boolean {
  return timestamp === undefined || timestamp === null || toInstant(timestamp) !== undefined;
}

function saidIn(content: Content): { text: string; attachments: string[] | undefined } {
  const { type, text, button, interactive, order } = content;
  const { button_reply, list_reply, nfm_reply } = interactive ?? {};
  const words =
    text?.body ??
    (content.image ?? content.video ?? content.document)?.caption ??
    button?.text ??
    (button_reply ?? list_reply)?.title ??
    nfm_reply?.body ??
    order?.text ??
    '';
  return { text: words, attachments: worded.has(type) ? undefined : [type === 'unknown' ? 'unsupported' : type] };
}

/** Types that are nothing but words; of all others the type says what was attached. */
const worded = new Set(['text', 'button', 'interactive']);
