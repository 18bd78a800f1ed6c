import * as z from 'zod';
import type { InboundEvent } from '../domain/inbound-event.ts';
import type { MetaEntry } from './meta.ts';
import { readMessaging } from './meta-messaging.ts';
import { optionalIdSchema, type Part, platformIdSchema, present, textSchema, wordSchema } from './reading.ts';

const commentSchema = z.object({
  id: platformIdSchema,
  text: textSchema,
  from: z.object({ id: optionalIdSchema, username: wordSchema }).optional().catch(undefined),
  parent_id: optionalIdSchema,
});

const mentionSchema = z.object({ media_id: optionalIdSchema, comment_id: optionalIdSchema });

/** One change on an Instagram account (developers.facebook.com/documentation/instagram-platform/webhooks). */
export function readInstagramChange(field: string, value: unknown, entry: MetaEntry): Part {
  switch (field) {
    case 'comments':
    case 'live_comments':
      return readComment(commentSchema.parse(value), entry);
    case 'mentions':
      return readMention(mentionSchema.parse(value), entry);
    // The dashboard's Test button delivers private messages as changes.
    case 'messages':
      return readMessaging(value, entry);
    case 'message_reactions':
      return 'reaction';
    case 'messaging_seen':
      return 'receipt';
    case 'messaging_postbacks':
    case 'messaging_referral':
    case 'messaging_handover':
    case 'standby':
    case 'story_insights':
      return 'service_event';
    default:
      return 'unsupported_event';
  }
}

function readComment({ id, text, from, parent_id }: z.infer<typeof commentSchema>, entry: MetaEntry): InboundEvent {
  return present<InboundEvent>({
    type: from?.id === entry.id ? 'own_reply' : 'message_received',
    ...eventOf(entry, id),
    // Replies to replies name the first comment too: Instagram has one level of them.
    thread: parent_id ?? id,
    author: present({ id: from?.id, name: from?.username }),
    text,
    inReplyTo: parent_id,
  });
}

/** Where somebody named the brand; neither words nor author are told. */
function readMention({ media_id, comment_id }: z.infer<typeof mentionSchema>, entry: MetaEntry): Part {
  const id = comment_id ?? media_id;
  if (id === undefined) return 'unreadable_part';
  return present<InboundEvent>({
    type: 'fetch_needed',
    ...eventOf(entry, id),
    thread: id,
    author: {},
    text: '',
    inReplyTo: comment_id === undefined ? undefined : media_id,
  });
}

function eventOf(entry: MetaEntry, messageId: string) {
  return {
    platform: 'meta',
    channel: 'instagram',
    accountId: entry.id,
    messageId,
    public: true,
    // A comment has no time of its own.
    postedAt: entry.sentAt,
  };
}
