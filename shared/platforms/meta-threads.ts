import * as z from 'zod';
import type { InboundEvent } from '../domain/inbound-event.ts';
import {
  flagSchema,
  instantSchema,
  optionalIdSchema,
  type Part,
  partsOf,
  platformIdSchema,
  present,
  textSchema,
  wordSchema,
} from './reading.ts';

const noticeSchema = z.object({ target_id: optionalIdSchema, time: instantSchema, values: z.unknown() });

const valueSchema = z.object({
  id: platformIdSchema,
  username: wordSchema,
  text: textSchema,
  media_type: wordSchema,
  permalink: wordSchema,
  timestamp: instantSchema,
  deleted_at: instantSchema,
  is_verified: flagSchema,
  replied_to: z.object({ id: optionalIdSchema }).optional().catch(undefined),
  root_post: z
    .object({ id: optionalIdSchema, owner_id: optionalIdSchema, username: wordSchema })
    .optional()
    .catch(undefined),
  owner: z.object({ owner_id: optionalIdSchema }).optional().catch(undefined),
});
type Value = z.infer<typeof valueSchema>;

const changeSchema = z.object({ field: z.string(), value: valueSchema });

export function isThreadsNotice(notice: unknown): boolean {
  return typeof notice === 'object' && notice !== null && 'values' in notice;
}

/**
 * One notice of Threads, which has its own envelope (developers.facebook.com/documentation/threads/webhooks); `values` is documented as
 * an object and has been seen as a list.
 */
export function readThreadsNotice(notice: unknown): readonly Part[] {
  const { target_id, time, values } = noticeSchema.parse(notice);
  return partsOf(Array.isArray(values) ? values : [values], (change) => {
    const { field, value } = changeSchema.parse(change);
    const accountId = target_id ?? value.root_post?.owner_id ?? 'unknown';
    switch (field) {
      case 'replies':
        // The only sign of an own reply; names instead of ids, because there are no author ids.
        return value.username !== undefined && value.username === value.root_post?.username
          ? toEvent('own_reply', value, accountId, time)
          : toEvent('message_received', value, accountId, time);
      case 'mentions':
        return toEvent('message_received', value, accountId, time);
      case 'delete':
        return toEvent('message_deleted', value, accountId, time);
      case 'publish':
        return 'own_post';
      default:
        return 'unsupported_event';
    }
  });
}

function toEvent(
  type: 'message_received' | 'message_deleted' | 'own_reply',
  value: Value,
  accountId: string,
  sentAt: string | undefined,
): InboundEvent {
  const isDelete = type === 'message_deleted';
  return present<InboundEvent>({
    type,
    platform: 'meta',
    channel: 'threads',
    accountId,
    messageId: value.id,
    thread: value.root_post?.id ?? value.id,
    author: present({ id: value.username, name: value.username, verified: value.is_verified }),
    public: true,
    text: isDelete ? '' : value.text,
    postedAt: (isDelete ? value.deleted_at : value.timestamp) ?? sentAt,
    attachments: attachmentsOf(value.media_type),
    permalink: value.permalink,
    inReplyTo: value.replied_to?.id,
  });
}

/** `TEXT_POST`, `IMAGE`, `VIDEO`, `CAROUSEL_ALBUM`, `AUDIO`, `REPOST_FACADE`. */
function attachmentsOf(mediaType: string | undefined): string[] | undefined {
  return mediaType === undefined || mediaType === 'TEXT_POST' ? undefined : [mediaType.toLowerCase()];
}
