import * as z from 'zod';

/** A lower-case word: the network a message came by. Open, so that the generic inbound can name its own. */
export const channelSchema = z.string().regex(/^[a-z][a-z0-9_]{0,31}$/);
export type Channel = z.infer<typeof channelSchema>;

export const inboundEventTypeSchema = z.enum([
  'message_received',
  'message_edited',
  'message_deleted',
  'own_reply',
  'fetch_needed',
]);

/** What the platform says of a person; every field may be missing (Facebook without permission, Threads, LinkedIn). */
export const authorSchema = z.object({
  id: z.string().optional(),
  name: z.string().optional(),
  verified: z.boolean().optional(),
  followers: z.number().int().nonnegative().optional(),
  /** Other cases of theirs on this account, as far as they are remembered; counted only where the policy asks. */
  previousCases: z.number().int().nonnegative().optional(),
});

/**
 * One thing that happened on a platform, in our words. This is what an adapter reads out of a POST and what crosses the
 * intake queue. Ids are the platform's own, always text: several exceed 2^53.
 */
export const inboundEventSchema = z.object({
  type: inboundEventTypeSchema,
  /** Name of the adapter that read it (`meta`, `x`, …). */
  platform: z.string(),
  channel: channelSchema,
  /** The brand's page, handle or number, or `unknown` where neither the payload nor the path names it. */
  accountId: z.string().min(1),
  /** The platform's own id of what was delivered; two deliveries of one thing carry the same. */
  messageId: z.string().min(1),
  /** What later edits, deletes and replies call this message, where that is not `messageId` (Telegram, LinkedIn). */
  messageKey: z.string().min(1).optional(),
  /**
   * The exchange on the account that a message, its edits and deletes and the brand's replies to it share, as far as each
   * payload tells: the customer's id for private messages, the root comment for public comments.
   */
  thread: z.string().min(1),
  author: authorSchema,
  public: z.boolean(),
  /** As the customer wrote it, unescaped, never trimmed; empty for a picture or a sticker alone. */
  text: z.string(),
  /** On `message_edited`: the new words are not in the payload and must be fetched before it means anything. */
  unread: z.literal(true).optional(),
  /** ISO 8601 UTC; absent where the platform gives no time (Twilio): then the time of receipt counts. */
  postedAt: z.iso.datetime().optional(),
  /** ISO 639-1 as stated by the platform for the text itself, never the client's or the account's language. */
  language: z.string().optional(),
  /** Kinds only (`image`, `audio`, …): links expire and belong to the platform. */
  attachments: z.array(z.string()).optional(),
  permalink: z.string().optional(),
  /** `messageKey ?? messageId` of the message this one answers. */
  inReplyTo: z.string().optional(),
  /** On `own_reply`: the customer who is answered, where the platform says so. */
  toAuthorId: z.string().optional(),
  /** Messages that its open case held when it was triaged. */
  earlierMessages: z.number().int().nonnegative().optional(),
  /** Stars of a review, 1 to 5. */
  rating: z.number().min(1).max(5).optional(),
});
export type InboundEvent = z.infer<typeof inboundEventSchema>;

/** The name under which edits, deletes and replies find a message. */
export function messageKeyOf(event: Pick<InboundEvent, 'messageId' | 'messageKey'>): string {
  return event.messageKey ?? event.messageId;
}
