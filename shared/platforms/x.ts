import * as z from 'zod';
import type { InboundEvent } from '../domain/inbound-event.ts';
import { unescapeEntities } from './html-text.ts';
import { readJsonBody } from './json-body.ts';
import type { IgnoredReason, Platform, ReadContext, ReadResult } from './platform.ts';
import {
  countSchema,
  flagSchema,
  languageSchema,
  nothingRead,
  optionalIdSchema,
  type Part,
  partsOf,
  partsSchema,
  platformIdSchema,
  present,
  readParts,
  textSchema,
  toInstant,
  wordSchema,
} from './reading.ts';
import { anySecret, equalText, hmac } from './signature.ts';

/** Account Activity, X Activity and filtered-stream webhooks, which share CRC and signature (docs.x.com/x-api/webhooks). */
export const x: Platform = {
  name: 'x',
  aliases: ['twitter'],
  about: {
    title: 'X',
    configure:
      'Register `/webhooks/x` as a webhook of your developer app and subscribe each account to the X Activity events `post.create`, `post.mention.create`, `post.reply.create`, `post.quote.create`, `post.delete`, `dm.received` and `dm.sent` (or to the older Account Activity API). X checks the URL by a CRC now and then; when one fails, it sends nothing until the webhook is validated again. A filtered-stream webhook does not name the account: give it `/webhooks/x/<account>`.',
    becomesCase:
      'Posts, replies and quotes by others that reach the account, and direct messages. All public posts of one person to the account are one conversation. An edited post updates the message it was.',
    notSeen:
      "Replies further down a thread that do not name the brand, protected accounts, and (with X Activity) customers' deletions are never sent. End-to-end encrypted chats hold no text that could be read. Reposts without words of their own, likes, follows, typing and read notices are ignored.",
    secrets:
      '`secrets`: the consumer secret (API key secret) of the app. The call is verified by `x-twitter-webhooks-signature`, an HMAC-SHA256 over the raw body in base64; there is no time stamp, so a captured call can be repeated and only deduplication guards against it. One app secret covers all subscribed accounts.',
  },

  challenge(request, { secrets: [secret] }) {
    if (request.method !== 'GET' || secret === undefined) return undefined;
    const token = URL.parse(request.url)?.searchParams.get('crc_token');
    // Never anything that could be a body: the same secret signs those, and this answers whoever asks.
    if (!token || token.length > 512 || /^[{["]/.test(token.trimStart())) return undefined;
    return {
      status: 200,
      contentType: 'application/json',
      body: JSON.stringify({ response_token: signatureOf(token, secret) }),
    };
  },

  verify(request, { secrets }) {
    const signature = request.headers['x-twitter-webhooks-signature'];
    return anySecret(secrets, (secret) => equalText(signature, signatureOf(request.body, secret)));
  },

  read: (body, context) => readJsonBody(body, z.looseObject({}), (envelope) => readEnvelope(envelope, context)),

  sign: (request, { secrets: [secret = ''] }) => ({
    'x-twitter-webhooks-signature': signatureOf(request.body, secret),
  }),
};

function signatureOf(signed: Uint8Array | string, secret: string): string {
  return `sha256=${hmac('sha256', secret, signed).toString('base64')}`;
}

function readEnvelope(envelope: Readonly<Record<string, unknown>>, context: ReadContext): ReadResult {
  const activity = activitySchema.safeParse(envelope['data']);
  if (activity.success) return readParts([activity.data], (one) => readActivity(one, context));
  if ('matching_rules' in envelope) return readParts([streamSchema.parse(envelope)], (one) => readStream(one, context));
  if ('data' in envelope) return nothingRead('unsupported_event');
  return readAccountActivity(accountActivitySchema.parse(envelope), context);
}

// --- Account Activity API: one object, one list per kind of event -------------------------------------------------------------

const accountActivitySchema = z.looseObject({
  for_user_id: optionalIdSchema,
  tweet_create_events: partsSchema,
  tweet_delete_events: partsSchema,
  direct_message_events: partsSchema,
  users: z.unknown().optional(),
});

const ignoredLists: Readonly<Record<string, IgnoredReason>> = {
  favorite_events: 'reaction',
  follow_events: 'service_event',
  block_events: 'service_event',
  mute_events: 'service_event',
  user_event: 'platform_warning',
  replay_job_status: 'service_event',
  direct_message_indicate_typing_events: 'receipt',
  direct_message_mark_read_events: 'receipt',
};

function readAccountActivity(body: z.infer<typeof accountActivitySchema>, { pathAccount }: ReadContext): ReadResult {
  const account = body.for_user_id ?? pathAccount;
  const users = usersIn(body.users);
  const parts = [
    ...partsOf(body.tweet_create_events, (post) => readOldPost(oldPostSchema.parse(post), account)),
    ...partsOf(body.tweet_delete_events, (deletion) => readOldDeletion(oldDeletionSchema.parse(deletion), account)),
    ...partsOf(body.direct_message_events, (message) => readDirectMessage(message, body.for_user_id, users)),
    ...Object.entries(ignoredLists).flatMap(([name, reason]) => (name in body ? [reason] : [])),
  ];
  if (parts.length > 0) return readParts(parts, (part) => part);
  return nothingRead(Object.keys(body).some((key) => key.endsWith('_events')) ? 'unsupported_event' : 'nothing_inside');
}

const oldUserSchema = z.object({
  id_str: wordSchema,
  id: optionalIdSchema,
  name: wordSchema,
  verified: flagSchema,
  followers_count: countSchema,
});

const oldPostSchema = z.object({
  // The numbers beside the texts have been rounded by others on their way.
  id_str: wordSchema,
  id: optionalIdSchema,
  text: textSchema,
  full_text: wordSchema,
  extended_tweet: z.object({ full_text: wordSchema }).optional().catch(undefined),
  note_tweet: z.object({ text: wordSchema }).optional().catch(undefined),
  user: oldUserSchema,
  in_reply_to_status_id_str: wordSchema,
  in_reply_to_user_id_str: wordSchema,
  retweeted_status: z.unknown().optional(),
  lang: languageSchema,
  timestamp_ms: z.unknown().optional(),
  created_at: wordSchema,
  extended_entities: z.object({ media: partsSchema }).optional().catch(undefined),
});

function readOldPost(post: z.infer<typeof oldPostSchema>, account: string | undefined): Part {
  const { user, retweeted_status } = post;
  return readPost(
    {
      id: post.id_str ?? platformIdSchema.parse(post.id),
      authorId: user.id_str ?? platformIdSchema.parse(user.id),
      author: { name: user.name, verified: user.verified, followers: user.followers_count },
      text: post.extended_tweet?.full_text ?? post.note_tweet?.text ?? post.full_text ?? post.text,
      isRepost: retweeted_status !== undefined && retweeted_status !== null,
      inReplyTo: post.in_reply_to_status_id_str,
      toAuthorId: post.in_reply_to_user_id_str,
      language: post.lang,
      postedAt: toInstant(post.timestamp_ms) ?? fromOldNotation(post.created_at),
      attachments: post.extended_entities?.media.map(kindOfMedia),
    },
    account,
  );
}

/** `Mon Mar 26 16:33:26 +0000 2018`. */
function fromOldNotation(createdAt: string | undefined): string | undefined {
  const match = /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) (\d{2}) (\d{2}:\d{2}:\d{2}) \+0000 (\d{4})$/.exec(createdAt ?? '');
  if (match === null) return undefined;
  const [, month = '', day = '', time = '', year = ''] = match;
  return toInstant(Date.parse(`${day} ${month} ${year} ${time} GMT`));
}

const oldDeletionSchema = z.object({
  status: z.object({ id: platformIdSchema, user_id: platformIdSchema }),
  timestamp_ms: z.unknown().optional(),
});

function readOldDeletion({ status, timestamp_ms }: z.infer<typeof oldDeletionSchema>, account: string | undefined) {
  return toDeleted(status.id, status.user_id, account ?? 'unknown', toInstant(timestamp_ms));
}

// --- X Activity API: one event per POST ---------------------------------------------------------------------------------------

const activitySchema = z.object({
  filter: z.object({ user_id: optionalIdSchema }).catch({ user_id: undefined }),
  event_type: z.string(),
  payload: z.unknown(),
  includes: z.object({ users: partsSchema }).catch({ users: [] }),
});

function readActivity(
  { filter, event_type, payload, includes }: z.infer<typeof activitySchema>,
  { pathAccount }: ReadContext,
): Part | readonly Part[] {
  // A subscription by keyword names no account.
  const account = filter.user_id ?? pathAccount;
  switch (event_type) {
    case 'post.create':
    case 'post.mention.create':
    case 'post.reply.create':
    case 'post.quote.create':
    case 'post.repost.create':
      return readNewPost(newPostSchema.parse(payload), includes.users, account);
    case 'post.delete': {
      const { id, author_id } = newPostSchema.parse(payload);
      return toDeleted(id, author_id, account ?? 'unknown', undefined);
    }
    case 'dm.received':
    case 'dm.sent': {
      const { direct_message_events, users } = accountActivitySchema.parse(payload);
      return partsOf(direct_message_events, (message) =>
        readDirectMessage(message, account, usersIn(users), event_type === 'dm.sent'),
      );
    }
    case 'dm.read':
    case 'dm.indicate_typing':
      return 'receipt';
    default:
      if (event_type.startsWith('like.')) return 'reaction';
      return /^(follow|profile|mute|block)\./.test(event_type) ? 'service_event' : 'unsupported_event';
  }
}

const newPostSchema = z.object({
  id: platformIdSchema,
  /** A field that the rules of a stream may leave out. */
  author_id: optionalIdSchema,
  text: textSchema,
  note_tweet: z.object({ text: wordSchema }).optional().catch(undefined),
  in_reply_to_tweet_id: optionalIdSchema,
  in_reply_to_user_id: optionalIdSchema,
  referenced_tweets: z
    .array(z.object({ type: z.string(), id: platformIdSchema }))
    .optional()
    .catch(undefined),
  edit_history_tweet_ids: z.array(platformIdSchema).optional().catch(undefined),
  lang: languageSchema,
  created_at: z.unknown().optional(),
  attachments: z.object({ media_keys: partsSchema }).optional().catch(undefined),
});

function readNewPost(
  post: z.infer<typeof newPostSchema>,
  users: readonly unknown[],
  account: string | undefined,
): Part {
  const { referenced_tweets: referenced = [], edit_history_tweet_ids: [first = post.id] = [] } = post;
  const media = post.attachments?.media_keys ?? [];
  return readPost(
    {
      id: post.id,
      originalId: first,
      authorId: post.author_id,
      author: users.map(toPerson).find(({ id }) => id !== undefined && id === post.author_id) ?? {},
      text: post.note_tweet?.text ?? post.text,
      isRepost: referenced.some(({ type }) => type === 'retweeted'),
      inReplyTo: post.in_reply_to_tweet_id ?? referenced.find(({ type }) => type === 'replied_to')?.id,
      toAuthorId: post.in_reply_to_user_id,
      language: post.lang,
      postedAt: toInstant(post.created_at),
      attachments: media.length === 0 ? undefined : media.map(() => 'media'),
    },
    account,
  );
}

// --- Filtered stream: a post and the rules that it matched --------------------------------------------------------------------

const streamSchema = z.object({
  data: newPostSchema.optional().catch(undefined),
  includes: z.object({ users: partsSchema }).catch({ users: [] }),
});

function readStream({ data, includes }: z.infer<typeof streamSchema>, { pathAccount }: ReadContext): Part {
  return data === undefined ? 'unreadable_part' : readNewPost(data, includes.users, pathAccount);
}

// --- What all of them come to ------------------------------------------------------------------------------------------------

interface Post {
  readonly id: string;
  /** An edited post has an id of its own; this is the one it began with. */
  readonly originalId?: string;
  readonly authorId: string | undefined;
  readonly author: Person;
  readonly text: string;
  readonly isRepost: boolean;
  readonly inReplyTo: string | undefined;
  readonly toAuthorId: string | undefined;
  readonly language: string | undefined;
  readonly postedAt: string | undefined;
  readonly attachments: string[] | undefined;
}

function readPost(post: Post, account: string | undefined): Part {
  const { id, originalId = id, authorId, inReplyTo, toAuthorId } = post;
  const isOwn = authorId !== undefined && authorId === account;
  // A post of the brand to nobody, or to itself, answers no customer.
  if (isOwn && (toAuthorId === undefined || toAuthorId === account || post.isRepost)) return 'own_post';
  if (post.isRepost) return 'share_without_text';
  const isEdit = originalId !== id;
  if (isOwn && isEdit) return 'own_post';
  const type = isEdit ? 'message_edited' : 'message_received';
  return present<InboundEvent>({
    type: isOwn ? 'own_reply' : type,
    ...publicEventOf(id, (isOwn ? toAuthorId : undefined) ?? authorId ?? originalId, account ?? 'unknown'),
    messageKey: isEdit ? originalId : undefined,
    author: present({ ...post.author, id: authorId }),
    text: unescapeEntities(post.text),
    postedAt: post.postedAt,
    language: post.language,
    attachments: post.attachments,
    permalink: `https://x.com/i/status/${id}`,
    inReplyTo,
    toAuthorId: isOwn ? toAuthorId : undefined,
  });
}

function toDeleted(
  id: string,
  authorId: string | undefined,
  account: string,
  deletedAt: string | undefined,
): InboundEvent {
  return present<InboundEvent>({
    type: 'message_deleted',
    ...publicEventOf(id, authorId ?? id, account),
    author: present({ id: authorId }),
    text: '',
    postedAt: deletedAt,
  });
}

/** A deletion names the author and nothing of the thread, so what they share is the customer. */
function publicEventOf(messageId: string, customerId: string, accountId: string) {
  return { platform: 'x', channel: 'x', accountId, messageId, thread: `public:${customerId}`, public: true };
}

const directMessageSchema = z.object({
  type: z.string(),
  id: platformIdSchema,
  created_timestamp: z.unknown().optional(),
  message_create: z
    .object({
      sender_id: platformIdSchema,
      target: z.object({ recipient_id: platformIdSchema }),
      message_data: z.object({
        text: textSchema,
        attachment: z
          .object({ type: wordSchema, media: z.object({ type: wordSchema }).optional().catch(undefined) })
          .optional()
          .catch(undefined),
      }),
    })
    .optional(),
});

function readDirectMessage(
  part: unknown,
  account: string | undefined,
  users: ReadonlyMap<string, Person>,
  wasSent = false,
): Part {
  const { type, id, created_timestamp, message_create } = directMessageSchema.parse(part);
  if (type !== 'message_create' || message_create === undefined) return 'service_event';
  const {
    sender_id,
    target: { recipient_id },
    message_data: { text, attachment },
  } = message_create;
  const accountId = account ?? (wasSent ? sender_id : recipient_id);
  const isOwn = wasSent || sender_id === accountId;
  const customer = isOwn ? recipient_id : sender_id;
  return present<InboundEvent>({
    type: isOwn ? 'own_reply' : 'message_received',
    platform: 'x',
    channel: 'x',
    accountId,
    messageId: id,
    thread: `dm:${customer}`,
    author: present({ ...users.get(sender_id), id: sender_id }),
    public: false,
    text: unescapeEntities(text),
    postedAt: toInstant(created_timestamp),
    attachments: attachment === undefined ? undefined : [attachment.media?.type ?? attachment.type ?? 'media'],
    toAuthorId: isOwn ? customer : undefined,
  });
}

interface Person {
  readonly id?: string | undefined;
  readonly name?: string | undefined;
  readonly verified?: boolean | undefined;
  readonly followers?: number | undefined;
}

const newUserSchema = z.object({
  id: optionalIdSchema,
  name: wordSchema,
  verified: flagSchema,
  followers_count: countSchema,
  public_metrics: z.object({ followers_count: countSchema }).optional().catch(undefined),
});
/** Some samples wrap each user once more. */
const userSchema = z.union([z.object({ data: newUserSchema }).transform(({ data }) => data), newUserSchema]).catch({
  id: undefined,
  name: undefined,
  verified: undefined,
  followers_count: undefined,
  public_metrics: undefined,
});

function toPerson(user: unknown): Person {
  const { id, name, verified, followers_count, public_metrics } = userSchema.parse(user);
  return { id, name, verified, followers: followers_count ?? public_metrics?.followers_count };
}

/** `users` of direct messages, an object by id. */
function usersIn(users: unknown): ReadonlyMap<string, Person> {
  if (typeof users !== 'object' || users === null) return new Map();
  return new Map(Object.entries(users).map(([id, user]) => [id, toPerson(user)]));
}

const mediaSchema = z.object({ type: wordSchema }).catch({ type: undefined });

function kindOfMedia(media: unknown): string {
  return mediaSchema.parse(media).type ?? 'media';
}
