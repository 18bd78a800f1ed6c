import * as z from 'zod';
import type { InboundEvent } from '../domain/inbound-event.ts';
import { instantSchema, partsSchema, platformIdSchema, present, textSchema, versionId, wordSchema } from './reading.ts';

const commentSchema = z.object({
  id: platformIdSchema,
  snippet: z.object({
    textOriginal: wordSchema,
    textDisplay: textSchema,
    authorDisplayName: wordSchema,
    authorChannelId: z.object({ value: wordSchema }).optional().catch(undefined),
    publishedAt: instantSchema,
    updatedAt: instantSchema,
    videoId: wordSchema,
    parentId: wordSchema,
  }),
});
type Comment = z.infer<typeof commentSchema>;

const threadSchema = z.object({
  id: platformIdSchema,
  snippet: z.object({ topLevelComment: commentSchema, videoId: wordSchema }),
  replies: z.object({ comments: partsSchema }).catch({ comments: [] }),
});

const answerSchema = z.object({ items: z.array(z.unknown()), nextPageToken: wordSchema });

/** An answer of `commentThreads.list` (developers.google.com/youtube/v3/docs/commentThreads/list); `undefined` for one of another shape. */
export function readCommentThreads(
  channelId: string,
  answer: unknown,
):
  | { readonly events: readonly InboundEvent[]; readonly oldest: string | undefined; readonly next: string | undefined }
  | undefined {
  const { data } = answerSchema.safeParse(answer);
  if (data === undefined) return undefined;
  const threads = data.items.flatMap((item) => threadSchema.safeParse(item).data ?? []);
  return {
    events: threads.flatMap(({ snippet: { topLevelComment, videoId }, replies }) =>
      [topLevelComment, ...replies.comments.flatMap((part) => commentSchema.safeParse(part).data ?? [])].flatMap(
        (comment) => eventsOf(channelId, topLevelComment.id, videoId, comment),
      ),
    ),
    oldest: threads.at(-1)?.snippet.topLevelComment.snippet.publishedAt,
    next: data.nextPageToken,
  };
}

function eventsOf(
  channelId: string,
  root: string,
  video: string | undefined,
  { id, snippet }: Comment,
): InboundEvent[] {
  const author = present({ id: snippet.authorChannelId?.value, name: snippet.authorDisplayName });
  const isOwn = author.id === channelId;
  const videoId = snippet.videoId ?? video;
  const said = present<InboundEvent>({
    type: isOwn ? 'own_reply' : 'message_received',
    platform: 'youtube',
    channel: 'youtube',
    accountId: channelId,
    messageId: id,
    thread: root,
    author,
    public: true,
    text: snippet.textOriginal ?? snippet.textDisplay,
    postedAt: snippet.publishedAt,
    permalink: videoId === undefined ? undefined : `https://www.youtube.com/watch?v=${videoId}&lc=${id}`,
    inReplyTo: id === root ? undefined : (snippet.parentId ?? root),
  });
  const { updatedAt } = snippet;
  if (updatedAt === undefined || updatedAt === snippet.publishedAt) return [said];
  // Its first words are gone: whoever saw it before it was changed is told of the edit, others get it as it is now.
  const edit: InboundEvent = {
    ...said,
    type: 'message_edited',
    messageId: versionId(id, updatedAt),
    messageKey: id,
    postedAt: updatedAt,
  };
  return isOwn ? [said] : [said, edit];
}
