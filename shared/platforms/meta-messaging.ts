import * as z from 'zod';
import type { InboundEvent } from '../domain/inbound-event.ts';
import type { MetaEntry } from './meta.ts';
import {
  flagSchema,
  optionalIdSchema,
  type Part,
  partsSchema,
  platformIdSchema,
  present,
  textSchema,
  toInstant,
  versionId,
  wordSchema,
} from './reading.ts';

const partySchema = z.object({ id: platformIdSchema }).optional().catch(undefined);

const messageSchema = z.object({
  mid: platformIdSchema,
  text: textSchema,
  attachments: partsSchema,
  reply_to: z.object({ mid: optionalIdSchema }).optional().catch(undefined),
  is_echo: flagSchema,
  is_deleted: flagSchema,
  is_unsupported: flagSchema,
});
type Message = z.infer<typeof messageSchema>;

const editSchema = z.object({
  mid: platformIdSchema,
  text: z.string(),
  num_edit: z.union([z.number(), z.string()]).optional(),
});

const itemSchema = z.looseObject({ sender: partySchema, recipient: partySchema, timestamp: z.unknown().optional() });
type Item = z.infer<typeof itemSchema>;

/** Kinds of items without words: button presses, links followed, thread control, warnings. */
const serviceKeys = [
  'postback',
  'referral',
  'optin',
  'pass_thread_control',
  'take_thread_control',
  'request_thread_control',
  'app_roles',
  'account_linking',
  'game_play',
];

/** The page was warned or blocked. */
const warningKeys = ['policy-enforcement', 'policy_enforcement'];

/**
 * One item of `messaging[]` or `standby[]` on Messenger or Instagram
 * (developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks).
 */
export function readMessaging(part: unknown, entry: MetaEntry): Part {
  const item = itemSchema.parse(part);
  if (item['message'] !== undefined) return readMessage(messageSchema.parse(item['message']), item, entry);
  if (item['message_edit'] !== undefined) return readEdit(editSchema.parse(item['message_edit']), item, entry);
  if (item['reaction'] !== undefined) return 'reaction';
  if (item['read'] !== undefined || item['delivery'] !== undefined) return 'receipt';
  if (warningKeys.some((key) => item[key] !== undefined)) return 'platform_warning';
  return serviceKeys.some((key) => item[key] !== undefined) ? 'service_event' : 'unsupported_event';
}

function readMessage(message: Message, item: Item, entry: MetaEntry): Part {
  // The dashboard's Test button; its one fixed id would make all later tests duplicates.
  if (entry.id === '0' || message.mid === 'random_mid') return 'test_event';
  const isOwn = message.is_echo === true || item.sender?.id === entry.id;
  if (message.is_deleted === true) {
    return isOwn ? 'own_post' : toEvent('message_deleted', item, entry, { messageId: message.mid });
  }
  const kinds = message.attachments.map(kindOf);
  if (message.text === '' && kinds.length > 0 && kinds.every((kind) => kind === 'like_heart')) return 'reaction';
  if (kinds.length === 0 && message.is_unsupported === true) kinds.push('unsupported');
  return toEvent(isOwn ? 'own_reply' : 'message_received', item, entry, {
    messageId: message.mid,
    text: message.text,
    attachments: kinds.length === 0 ? undefined : kinds,
    inReplyTo: message.reply_to?.mid,
  });
}

function readEdit({ mid, text, num_edit }: z.infer<typeof editSchema>, item: Item, entry: MetaEntry): Part {
  if (item.sender?.id === entry.id) return 'own_post';
  const version = num_edit ?? toInstant(item.timestamp) ?? '';
  return toEvent('message_edited', item, entry, {
    messageId: versionId(mid, String(version)),
    messageKey: mid,
    text,
  });
}

interface Content {
  readonly messageId: string;
  readonly messageKey?: string;
  readonly text?: string;
  readonly attachments?: string[] | undefined;
  readonly inReplyTo?: string | undefined;
}

function toEvent(type: InboundEvent['type'], item: Item, entry: MetaEntry, content: Content): Part {
  // Whoever is not the page: some echoes have sender and recipient the wrong way round.
  const customer = [item.sender?.id, item.recipient?.id].find((id) => id !== undefined && id !== entry.id);
  if (customer === undefined) return 'unreadable_part';
  // A page that neither wrote nor was written to: whose message this is must not be guessed. Instagram names its accounts by ids of several scopes.
  const isOurs =
    entry.object === 'instagram' ||
    [item.sender?.id, item.recipient?.id].some((id) => id === undefined || id === entry.id);
  return present<InboundEvent>({
    type,
    platform: 'meta',
    channel: entry.object === 'instagram' ? 'instagram' : 'messenger',
    accountId: isOurs ? entry.id : 'unknown',
    text: '',
    ...content,
    thread: `dm:${customer}`,
    author: { id: type === 'own_reply' ? entry.id : customer },
    public: false,
    postedAt: toInstant(item.timestamp) ?? entry.sentAt,
    toAuthorId: type === 'own_reply' ? customer : undefined,
  });
}

const attachmentSchema = z.object({ type: wordSchema }).catch({ type: undefined });

function kindOf(attachment: unknown): string {
  return attachmentSchema.parse(attachment).type ?? 'file';
}
