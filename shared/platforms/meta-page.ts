import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { InboundEvent } from '../domain/inbound-event.ts';
import type { MetaEntry } from './meta.ts';
import {
  instantSchema,
  optionalIdSchema,
  type Part,
  platformIdSchema,
  present,
  ratingSchema,
  textSchema,
  versionId,
  wordSchema,
} from './reading.ts';

/** Fields of `feed`, `mention` and `ratings`; Meta leaves out whatever does not apply. */
const valueSchema = z.object({
  item: z.string(),
  verb: z.string(),
  post_id: optionalIdSchema,
  comment_id: optionalIdSchema,
  parent_id: optionalIdSchema,
  open_graph_story_id: optionalIdSchema,
  from: z.object({ id: optionalIdSchema, name: wordSchema }).optional().catch(undefined),
  sender_id: optionalIdSchema,
  sender_name: wordSchema,
  reviewer_id: optionalIdSchema,
  reviewer_name: wordSchema,
  message: textSchema,
  review_text: textSchema,
  rating: ratingSchema,
  recommendation_type: wordSchema,
  created_time: instantSchema,
  published: z.union([z.number(), z.boolean()]).optional().catch(undefined),
  photo: z.unknown().optional(),
  photos: z.unknown().optional(),
  photo_id: z.unknown().optional(),
  video: z.unknown().optional(),
  video_id: z.unknown().optional(),
  post: z.object({ permalink_url: wordSchema }).optional().catch(undefined),
});
type Value = z.infer<typeof valueSchema>;

const postItems = new Set(['post', 'status', 'photo', 'video', 'share', 'album', 'event', 'link', 'note', 'offer']);
const moderationVerbs = new Set(['hide', 'unhide', 'block', 'unblock', 'mute', 'unmute']);

/** One change on a Facebook Page (developers.facebook.com/docs/graph-api/webhooks/reference/page). */
export function readPageChange(field: string, value: unknown, entry: MetaEntry): Part {
  if (field !== 'feed' && field !== 'mention' && field !== 'ratings') return 'unsupported_event';
  const said = valueSchema.parse(value);
  // Before anything else: a reaction to a comment carries the comment's id.
  if (said.item === 'reaction' || said.item === 'like') return 'reaction';
  if (moderationVerbs.has(said.verb)) return 'moderation';
  if (field === 'feed') return readFeed(said, entry);
  return field === 'mention' ? readMention(said, entry) : readRatings(said, entry);
}

function readFeed(value: Value, entry: MetaEntry): Part {
  if (value.item === 'comment') return readComment(value, entry);
  if (!postItems.has(value.item)) return 'unsupported_event';
  switch (value.verb) {
    case 'add':
      if (isOwnPost(value, entry) || isDraft(value)) return 'own_post';
      if (value.item === 'share' && value.message === '') return 'share_without_text';
      return toEvent('message_received', value, entry, postOf(value));
    case 'edit':
    case 'edited':
    case 'update':
      return isOwnPost(value, entry) ? 'own_post' : toEdit(value, entry, postOf(value));
    case 'remove':
      return toEvent('message_deleted', value, entry, postOf(value));
    default:
      return 'unsupported_event';
  }
}

/** Pages' posts and drafts say whether they are published, visitors' posts do not: that tells them apart where the author is missing. */
function isOwnPost(value: Value, entry: MetaEntry): boolean {
  const author = authorOf(value);
  return author.id === undefined ? value.published !== undefined || value.item === 'event' : author.id === entry.id;
}

/** Not seen by anybody yet, whoever is named as its author. */
function isDraft({ published }: Value): boolean {
  return published === 0 || published === false;
}

function readComment(value: Value, entry: MetaEntry): Part {
  const subject = commentOf(value);
  const isOwn = authorOf(value).id === entry.id;
  switch (value.verb) {
    case 'add':
      return toEvent(isOwn ? 'own_reply' : 'message_received', value, entry, subject);
    case 'edit':
    case 'edited':
    case 'update':
      return isOwn ? 'own_post' : toEdit(value, entry, subject);
    case 'remove':
      return toEvent('message_deleted', value, entry, subject);
    default:
      return 'unsupported_event';
  }
}

function readMention(value: Value, entry: MetaEntry): Part {
  const subject = value.comment_id === undefined ? postOf(value) : commentOf(value);
  if (value.verb === 'remove') return toEvent('message_deleted', value, entry, subject);
  if (authorOf(value).id === entry.id) return 'own_post';
  if (value.verb === 'add') return toEventOrFetch(value, entry, subject);
  return value.verb === 'edit' || value.verb === 'edited' ? toEdit(value, entry, subject) : 'unsupported_event';
}

/** Reviews, and comments below them; legacy since the Graph API lost the reading of recommendations in v22. */
function readRatings(value: Value, entry: MetaEntry): Part {
  const isComment = value.item === 'comment';
  if (!isComment && value.item !== 'rating' && value.item !== 'recommendation') return 'unsupported_event';
  const subject = isComment ? reviewCommentOf(value) : reviewOf(value);
  const isOwn = authorOf(value).id === entry.id;
  switch (value.verb) {
    case 'add':
      if (isOwn) return toEvent('own_reply', value, entry, subject);
      return isComment ? toEventOrFetch(value, entry, subject) : toEvent('message_received', value, entry, subject);
    case 'edit':
    case 'edited':
      return isOwn ? 'own_post' : toEdit(value, entry, subject);
    case 'remove':
      return toEvent('message_deleted', value, entry, subject);
    default:
      return 'unsupported_event';
  }
}

interface Subject {
  readonly id: string;
  readonly thread: string;
  readonly inReplyTo?: string | undefined;
}

function postOf({ post_id }: Value): Subject {
  const id = platformIdSchema.parse(post_id);
  return { id, thread: id };
}

/** A comment on a post opens a thread, a reply belongs to that of the comment it names. */
function commentOf({ comment_id, parent_id, post_id }: Value): Subject {
  const id = platformIdSchema.parse(comment_id);
  const inReplyTo = parent_id === post_id ? undefined : parent_id;
  return { id, thread: inReplyTo ?? id, inReplyTo };
}

function reviewOf({ open_graph_story_id }: Value): Subject {
  const id = platformIdSchema.parse(open_graph_story_id);
  return { id, thread: id };
}

/** `post_id` is `<reviewer>_<review>` here, the review itself goes by its second half. */
function reviewCommentOf(value: Value): Subject {
  const id = platformIdSchema.parse(value.comment_id);
  const review = value.post_id?.split('_').at(-1) ?? value.open_graph_story_id ?? id;
  return { id, thread: review, inReplyTo: review };
}

function toEventOrFetch(value: Value, entry: MetaEntry, subject: Subject): InboundEvent {
  return toEvent(textOf(value) === '' ? 'fetch_needed' : 'message_received', value, entry, subject);
}

/** An edit without words is a post in the trash: what is stored must not be blanked by it. */
function toEdit(value: Value, entry: MetaEntry, subject: Subject): Part {
  const text = textOf(value);
  if (text === '' && attachmentsOf(value) === undefined && ratingOf(value) === undefined) return 'moderation';
  // The id is the message's and `created_time` may be: two edits differ by Meta's sending time or by what they say.
  const said = createHash('sha256').update(JSON.stringify([text, attachmentsOf(value), ratingOf(value)]));
  const version = `${entry.sentAt ?? ''}~${said.digest('hex').slice(0, 8)}`;
  return {
    ...toEvent('message_edited', value, entry, subject),
    messageId: versionId(subject.id, version),
    messageKey: subject.id,
  };
}

function toEvent(
  type: InboundEvent['type'],
  value: Value,
  entry: MetaEntry,
  { id, thread, inReplyTo }: Subject,
): InboundEvent {
  const tellsOwnTime = type !== 'message_edited' && type !== 'message_deleted';
  const author = authorOf(value);
  // A deletion may name who removed the message instead of its author.
  const isRemovedByPage = type === 'message_deleted' && author.id === entry.id;
  return present<InboundEvent>({
    type,
    platform: 'meta',
    channel: 'facebook',
    accountId: entry.id,
    messageId: id,
    thread,
    author: isRemovedByPage ? {} : author,
    public: true,
    text: type === 'message_deleted' ? '' : textOf(value),
    postedAt: (tellsOwnTime ? value.created_time : undefined) ?? entry.sentAt ?? value.created_time,
    attachments: attachmentsOf(value),
    permalink: value.post?.permalink_url,
    inReplyTo,
    rating: ratingOf(value),
  });
}

function authorOf(value: Value): InboundEvent['author'] {
  return present({
    id: value.from?.id ?? value.sender_id ?? value.reviewer_id,
    name: value.from?.name ?? value.sender_name ?? value.reviewer_name,
  });
}

function textOf(value: Value): string {
  return value.message === '' ? value.review_text : value.message;
}

/** Since 2018 reviewers recommend or do not: Facebook then has no stars, and takes the two for the ends of its old scale. */
function ratingOf({ rating, recommendation_type }: Value): number | undefined {
  if (rating !== undefined) return rating;
  if (recommendation_type === 'NEGATIVE') return 1;
  return recommendation_type === 'POSITIVE' ? 5 : undefined;
}

function attachmentsOf({ photo, photos, photo_id, video, video_id }: Value): string[] | undefined {
  const kinds: string[] = [];
  if ([photo, photos, photo_id].some((given) => given !== undefined && given !== null)) kinds.push('image');
  if ([video, video_id].some((given) => given !== undefined && given !== null)) kinds.push('video');
  return kinds.length === 0 ? undefined : kinds;
}
