import * as z from 'zod';
import type { InboundEvent } from '../domain/inbound-event.ts';
import { meta } from './meta.ts';
import { instantSchema, optionalIdSchema, partsSchema, platformIdSchema, textSchema, wordSchema } from './reading.ts';

// What the Graph API says of a page, put into the words of the webhook and read by its reader: what comes both ways is one message.

/** `fields` of `/<page>/feed` (developers.facebook.com/docs/graph-api/reference/page/feed and /object/comments), comments since an instant in seconds. */
export const feedFields = (since: number) =>
  `id,from,message,created_time,permalink_url,is_published,comments.filter(stream).order(reverse_chronological).since(${since}).limit(100){${commentFields}}`;
export const commentFields = 'id,from,message,created_time,parent{id},permalink_url,attachment{type}';
/** `fields` of `/<page>/conversations` (developers.facebook.com/docs/graph-api/reference/page/conversations). */
export const conversationFields =
  'id,updated_time,messages.limit(50){id,created_time,from,to,message,attachments{mime_type}}';
export const instagramCommentFields =
  'id,text,timestamp,username,from,replies.limit(50){id,text,timestamp,username,from}';
/** `fields` of `/<account>/media` (developers.facebook.com/docs/instagram-platform/reference/ig-media/comments). */
export const mediaFields = `id,username,comments.limit(50){${instagramCommentFields}}`;

/** The events in a list, and those of its parts that go on elsewhere, with the time of the oldest part that came. */
export interface Pulled {
  readonly events: readonly InboundEvent[];
  readonly unfinished: readonly {
    readonly id: string;
    readonly after: string;
    readonly oldest: string | undefined;
    /** Name of the account that a medium on Instagram is by. */
    readonly owner?: string | undefined;
  }[];
  /** Where the list itself goes on. */
  readonly after: string | undefined;
  /** The time of its oldest element. */
  readonly oldest: string | undefined;
}

const listSchema = z
  .object({
    data: partsSchema,
    paging: z
      .object({ next: wordSchema, cursors: z.object({ after: wordSchema }).optional().catch(undefined) })
      .optional()
      .catch(undefined),
  })
  .catch({ data: [], paging: undefined });
type List = z.infer<typeof listSchema>;

const fromSchema = z
  .object({ id: optionalIdSchema, name: wordSchema, username: wordSchema })
  .optional()
  .catch(undefined);
const commentSchema = z.object({
  id: platformIdSchema,
  from: fromSchema,
  message: textSchema,
  created_time: instantSchema,
  parent: z.object({ id: platformIdSchema }).optional().catch(undefined),
  permalink_url: wordSchema,
  attachment: z.object({ type: wordSchema }).optional().catch(undefined),
});
const postSchema = z.object({
  id: platformIdSchema,
  from: fromSchema,
  message: textSchema,
  created_time: instantSchema,
  permalink_url: wordSchema,
  is_published: z.boolean().optional().catch(undefined),
  comments: listSchema,
});

/** The visitors' posts of a page and the comments below all of its posts. */
export function readFeed(pageId: string, answer: unknown): Pulled {
  const list = listSchema.parse(answer);
  const posts = elements(list, postSchema);
  return {
    events: posts.flatMap((post) => [
      ...readPost(pageId, post),
      ...readComments(pageId, post.id, post.comments).events,
    ]),
    unfinished: posts.flatMap(({ id, comments }) =>
      restOf(id, comments, elements(comments, commentSchema).map(timeOf)),
    ),
    after: afterOf(list),
    oldest: posts.map(timeOf).at(-1),
  };
}

/** The comments below one post of a page. */
export function readComments(pageId: string, postId: string, answer: unknown): Pulled {
  const list = listSchema.parse(answer);
  const comments = elements(list, commentSchema);
  const events = comments.flatMap((comment) =>
    inWebhooksWords('page', pageId, comment.created_time, {
      changes: [
        {
          field: 'feed',
          value: {
            item: 'comment',
            verb: 'add',
            comment_id: comment.id,
            post_id: postId,
            parent_id: comment.parent?.id ?? postId,
            from: comment.from,
            message: comment.message,
            created_time: comment.created_time,
            post: { permalink_url: comment.permalink_url },
            ...(comment.attachment?.type?.includes('photo') === true ? { photo: comment.attachment } : {}),
            ...(comment.attachment?.type?.includes('video') === true ? { video: comment.attachment } : {}),
          },
        },
      ],
    }),
  );
  return { events, unfinished: [], after: afterOf(list), oldest: comments.map(timeOf).at(-1) };
}

function readPost(pageId: string, post: z.infer<typeof postSchema>): readonly InboundEvent[] {
  const { id, from, message, created_time, permalink_url } = post;
  // A page's token is told every author but the page's own posts' when the page acts through an app.
  if (from?.id === undefined || post.is_published === false) return [];
  return inWebhooksWords('page', pageId, created_time, {
    changes: [
      {
        field: 'feed',
        value: { item: 'post', verb: 'add', post_id: id, from, message, created_time, post: { permalink_url } },
      },
    ],
  });
}

const partiesSchema = z.object({ data: z.array(z.object({ id: platformIdSchema })) }).catch({ data: [] });
const messageSchema = z.object({
  id: platformIdSchema,
  created_time: instantSchema,
  from: z.object({ id: platformIdSchema }),
  to: partiesSchema,
  message: textSchema,
  attachments: listSchema,
});
const conversationSchema = z.object({ id: platformIdSchema, updated_time: instantSchema, messages: listSchema });

/** The private messages of a page's conversations. */
export function readConversations(pageId: string, answer: unknown): Pulled {
  const list = listSchema.parse(answer);
  const conversations = elements(list, conversationSchema);
  return {
    events: conversations.flatMap(({ messages }) => readMessages(pageId, messages).events),
    unfinished: conversations.flatMap(({ id, messages }) =>
      restOf(id, messages, elements(messages, messageSchema).map(timeOf)),
    ),
    after: afterOf(list),
    oldest: conversations.map(({ updated_time }) => updated_time).at(-1),
  };
}

/** The private messages of one conversation. */
export function readMessages(pageId: string, answer: unknown): Pulled {
  const list = listSchema.parse(answer);
  const messages = elements(list, messageSchema);
  const events = messages.flatMap(({ id, created_time, from, to, message, attachments }) =>
    inWebhooksWords('page', pageId, created_time, {
      messaging: [
        {
          sender: from,
          recipient: from.id === pageId ? to.data[0] : { id: pageId },
          timestamp: created_time,
          message: {
            mid: id,
            text: message,
            attachments: elements(attachments, attachmentSchema).map(({ mime_type }) => ({ type: kindOf(mime_type) })),
          },
        },
      ],
    }),
  );
  return { events, unfinished: [], after: afterOf(list), oldest: messages.map(timeOf).at(-1) };
}

const attachmentSchema = z.object({ mime_type: wordSchema });

function kindOf(mimeType: string | undefined): string {
  const [kind = ''] = mimeType?.split('/', 1) ?? [];
  return ['image', 'video', 'audio'].includes(kind) ? kind : 'file';
}

const instagramCommentSchema = z.object({
  id: platformIdSchema,
  text: textSchema,
  timestamp: instantSchema,
  username: wordSchema,
  from: fromSchema,
  replies: listSchema,
});
const mediaSchema = z.object({ id: platformIdSchema, username: wordSchema, comments: listSchema });

/** The comments below an Instagram account's media, and the replies to them. */
export function readMedia(accountId: string, answer: unknown): Pulled {
  const list = listSchema.parse(answer);
  const media = elements(list, mediaSchema).map(({ id, username, comments }) => ({
    events: eventsBelow(accountId, username, comments),
    unfinished: restOf(id, comments, elements(comments, instagramCommentSchema).map(writtenAt)).map((rest) => ({
      ...rest,
      owner: username,
    })),
  }));
  return {
    events: media.flatMap(({ events }) => events),
    unfinished: media.flatMap(({ unfinished }) => unfinished),
    after: undefined,
    oldest: undefined,
  };
}

/** The comments below one medium by an owner, and the replies to them. */
export function readInstagramComments(accountId: string, owner: string | undefined, answer: unknown): Pulled {
  const list = listSchema.parse(answer);
  return {
    events: eventsBelow(accountId, owner, list),
    unfinished: [],
    after: afterOf(list),
    oldest: elements(list, instagramCommentSchema).map(writtenAt).at(-1),
  };
}

function eventsBelow(accountId: string, owner: string | undefined, comments: List): readonly InboundEvent[] {
  return elements(comments, instagramCommentSchema).flatMap((comment) => [
    ...readInstagramComment(accountId, owner, comment, undefined),
    ...elements(comment.replies, instagramCommentSchema).flatMap((reply) =>
      readInstagramComment(accountId, owner, reply, comment.id),
    ),
  ]);
}

function writtenAt({ timestamp }: { readonly timestamp: string | undefined }): string | undefined {
  return timestamp;
}

function readInstagramComment(
  accountId: string,
  owner: string | undefined,
  { id, text, timestamp, username, from }: z.infer<typeof instagramCommentSchema>,
  parent: string | undefined,
): readonly InboundEvent[] {
  const name = from?.username ?? username;
  const isOwn = name !== undefined && name === owner;
  const author = { id: isOwn ? accountId : from?.id, username: name };
  return inWebhooksWords('instagram', accountId, timestamp, {
    changes: [{ field: 'comments', value: { id, text, from: author, parent_id: parent } }],
  });
}

function inWebhooksWords(
  object: string,
  id: string,
  time: string | undefined,
  said: { readonly changes: readonly unknown[] } | { readonly messaging: readonly unknown[] },
): readonly InboundEvent[] {
  const body = Buffer.from(JSON.stringify({ object, entry: [{ id, time, ...said }] }));
  const read = meta.read(body, { pathAccount: undefined }, {});
  return read.kind === 'events' ? read.events : [];
}

/** Its elements that can be read, each by itself. */
function elements<T>({ data }: List, schema: z.ZodType<T>): readonly T[] {
  return data.flatMap((part) => schema.safeParse(part).data ?? []);
}

function timeOf({ created_time }: { readonly created_time: string | undefined }): string | undefined {
  return created_time;
}

function afterOf({ paging }: List): string | undefined {
  return paging?.next === undefined ? undefined : paging.cursors?.after;
}

function restOf(id: string, list: List, times: readonly (string | undefined)[]): Pulled['unfinished'] {
  const after = afterOf(list);
  return after === undefined ? [] : [{ id, after, oldest: times.at(-1) }];
}
