import * as z from 'zod';
import type { InboundEvent } from '../domain/inbound-event.ts';
import { readJsonBody } from './json-body.ts';
import type { Platform } from './platform.ts';
import {
  flagSchema,
  instantSchema,
  optionalIdSchema,
  type Part,
  partsOf,
  partsSchema,
  platformIdSchema,
  present,
  readParts,
  textSchema,
  wordSchema,
} from './reading.ts';
import { anySecret, equalText } from './signature.ts';

/** The Bot API (core.telegram.org/bots/api#update); one update per POST. */
export const telegram: Platform = {
  name: 'telegram',
  aliases: [],
  about: {
    title: 'Telegram',
    configure:
      'For each bot, call `setWebhook` with the URL `/webhooks/telegram/<account>`, a `secret_token` of your own, and `allowed_updates` of `message`, `edited_message`, and for Telegram Business `business_message`, `edited_business_message`, `deleted_business_messages`. The payload does not name the bot: `<account>` in the path does. In groups, switch off privacy mode or make the bot an administrator.',
    becomesCase:
      "Messages to the bot, in its groups, and to a connected business account, with their pictures, stickers and voice messages. In a business chat what the owner writes counts as the brand's own reply.",
    notSeen:
      'What the bot itself sends: the first-reply clock is stopped by the outcome that the desk reports. Deletions, except in business chats. Bare commands such as `/start`, service messages, reactions, polls, channel posts, moving live locations and everything written by bots or anonymous administrators are ignored. The language is not told.',
    secrets:
      '`secrets`: the `secret_token` given to `setWebhook`. Telegram signs nothing: the token in `X-Telegram-Bot-Api-Secret-Token` shows that the caller knows it, not that the body is unchanged.',
  },

  verify(request, { secrets }) {
    const token = request.headers['x-telegram-bot-api-secret-token'];
    return anySecret(secrets, (secret) => equalText(token, secret));
  },

  read: (body, { pathAccount }) =>
    readJsonBody(body, updateSchema, (update) => readParts([update], () => readUpdate(update, pathAccount))),

  sign: (_request, { secrets: [secret = ''] }) => ({ 'x-telegram-bot-api-secret-token': secret }),
};

const updateSchema = z.looseObject({ update_id: platformIdSchema });
type Update = z.infer<typeof updateSchema>;

const chatSchema = z.object({ id: platformIdSchema, type: wordSchema, username: wordSchema });

const messageSchema = z.looseObject({
  message_id: platformIdSchema,
  business_connection_id: wordSchema,
  from: z
    .object({ id: optionalIdSchema, is_bot: flagSchema, first_name: wordSchema, last_name: wordSchema })
    .optional()
    .catch(undefined),
  /** Who speaks for a channel or group, where no person is named. */
  sender_chat: z.object({ id: platformIdSchema, title: wordSchema }).optional().catch(undefined),
  chat: chatSchema,
  date: instantSchema,
  edit_date: instantSchema,
  text: wordSchema,
  caption: wordSchema,
  entities: partsSchema,
  message_thread_id: optionalIdSchema,
  /** Plain replies in a group have a `message_thread_id` too, and are no topic of their own. */
  is_topic_message: flagSchema,
  reply_to_message: z.object({ message_id: optionalIdSchema }).optional().catch(undefined),
  is_automatic_forward: flagSchema,
});
type Message = z.infer<typeof messageSchema>;

const deletionSchema = z.object({
  business_connection_id: wordSchema,
  chat: chatSchema,
  message_ids: partsSchema,
});

const serviceUpdates = [
  'my_chat_member',
  'chat_member',
  'chat_join_request',
  'chat_boost',
  'removed_chat_boost',
  'poll',
  'poll_answer',
  'callback_query',
  'inline_query',
  'chosen_inline_result',
  'shipping_query',
  'pre_checkout_query',
  'purchased_paid_media',
  'business_connection',
];

function readUpdate(update: Update, pathAccount: string | undefined): Part | readonly Part[] {
  const given = (...names: string[]) => names.map((name) => update[name]).find((value) => value !== undefined);
  const received = given('message', 'business_message');
  if (received !== undefined) return readMessage(messageSchema.parse(received), update.update_id, pathAccount);
  const edited = given('edited_message', 'edited_business_message');
  if (edited !== undefined) return readEdit(messageSchema.parse(edited), update.update_id, pathAccount);
  const deleted = given('deleted_business_messages');
  if (deleted !== undefined) return readDeletion(deletionSchema.parse(deleted), update.update_id, pathAccount);
  if (given('channel_post', 'edited_channel_post') !== undefined) return 'own_post';
  if (given('message_reaction', 'message_reaction_count') !== undefined) return 'reaction';
  return given(...serviceUpdates) === undefined ? 'unsupported_event' : 'service_event';
}

function readMessage(message: Message, updateId: string, pathAccount: string | undefined): Part {
  // Channel posts that Telegram copies into the discussion group.
  if (message.is_automatic_forward === true) return 'own_post';
  if (message.from?.is_bot === true) return 'bot';
  const attachments = attachmentsOf(message);
  const text = message.text ?? message.caption;
  // Members who come and go, pinned messages, groups that move.
  if (text === undefined && attachments.length === 0) return 'service_event';
  if (isBareCommand(message)) return 'command';
  return toEvent(isWrittenByOwner(message) ? 'own_reply' : 'message_received', message, updateId, pathAccount);
}

function readEdit(message: Message, updateId: string, pathAccount: string | undefined): Part {
  if (message.from?.is_bot === true) return 'bot';
  if (isWrittenByOwner(message)) return 'own_post';
  // While a live location is shared, one comes every few seconds.
  if (message['location'] !== undefined) return 'service_event';
  return toEvent('message_edited', message, updateId, pathAccount);
}

function readDeletion(
  { chat, message_ids, business_connection_id }: z.infer<typeof deletionSchema>,
  updateId: string,
  pathAccount: string | undefined,
): readonly Part[] {
  return partsOf(message_ids, (part) => {
    const messageId = platformIdSchema.parse(part);
    return {
      type: 'message_deleted',
      platform: 'telegram',
      channel: 'telegram',
      accountId: business_connection_id ?? pathAccount ?? 'unknown',
      messageId: updateId,
      messageKey: keyOf(chat.id, messageId),
      thread: `dm:${chat.id}`,
      author: { id: chat.id },
      public: false,
      text: '',
    };
  });
}

/** In a business chat there are two: the customer, whose id is the chat's, and the owner. */
function isWrittenByOwner({ business_connection_id, from, chat }: Message): boolean {
  return business_connection_id !== undefined && from?.id !== undefined && from.id !== chat.id;
}

const commandSchema = z.object({ type: z.literal('bot_command'), offset: z.literal(0) });

/** A command alone, at most with one word behind it (`/start <payload>` of a link); words to the brand may follow one as well. */
function isBareCommand({ text, entities }: Message): boolean {
  return (
    entities.some((entity) => commandSchema.safeParse(entity).success) &&
    /^\/\w{1,64}(@\w{1,64})?(\s+\S+)?\s*$/.test(text ?? '')
  );
}

function toEvent(
  type: 'message_received' | 'message_edited' | 'own_reply',
  message: Message,
  updateId: string,
  pathAccount: string | undefined,
): InboundEvent {
  const { chat, from, sender_chat, reply_to_message } = message;
  const topic = message.is_topic_message === true ? message.message_thread_id : undefined;
  const isPrivate = chat.type === 'private';
  const attachments = attachmentsOf(message);
  const repliedTo = reply_to_message?.message_id;
  const nameParts = [from?.first_name, from?.last_name, from === undefined ? sender_chat?.title : undefined].filter(
    (part) => part !== undefined,
  );
  return present<InboundEvent>({
    type,
    platform: 'telegram',
    channel: 'telegram',
    accountId: message.business_connection_id ?? pathAccount ?? 'unknown',
    messageId: updateId,
    messageKey: keyOf(chat.id, message.message_id),
    thread: isPrivate ? `dm:${chat.id}` : [`group:${chat.id}`, topic].filter((part) => part !== undefined).join(':'),
    author: present({
      id: from?.id ?? sender_chat?.id,
      name: nameParts.length === 0 ? undefined : nameParts.join(' '),
    }),
    public: !isPrivate,
    text: textSchema.parse(message.text ?? message.caption),
    postedAt: (type === 'message_edited' ? message.edit_date : undefined) ?? message.date,
    attachments: attachments.length === 0 ? undefined : attachments,
    permalink:
      chat.username === undefined || isPrivate ? undefined : `https://t.me/${chat.username}/${message.message_id}`,
    inReplyTo: repliedTo === undefined ? undefined : keyOf(chat.id, repliedTo),
    toAuthorId: type === 'own_reply' ? chat.id : undefined,
  });
}

/** `message_id` alone repeats between chats. */
function keyOf(chatId: string, messageId: string): string {
  return `${chatId}:${messageId}`;
}

const contentKinds: ReadonlyMap<string, string> = new Map([
  ['photo', 'image'],
  ['voice', 'audio'],
  ['audio', 'audio'],
  ['video', 'video'],
  ['video_note', 'video'],
  ['animation', 'animation'],
  ['document', 'document'],
  ['sticker', 'sticker'],
  ['contact', 'contact'],
  ['location', 'location'],
  ['venue', 'location'],
  ['poll', 'poll'],
  ['dice', 'dice'],
  ['game', 'game'],
  ['story', 'story'],
  ['paid_media', 'media'],
  ['checklist', 'checklist'],
]);

function attachmentsOf(message: Message): string[] {
  const kinds = [...contentKinds].flatMap(([field, kind]) => (message[field] === undefined ? [] : [kind]));
  // An animation comes as a document too, a venue as a location.
  return [...new Set(kinds)].filter((kind) => kind !== 'document' || !kinds.includes('animation'));
}
