import * as z from 'zod';
import type { InboundEvent } from '../domain/inbound-event.ts';
import { unescapeEntities } from './html-text.ts';
import { parseJson } from './json.ts';
import { readJsonBody } from './json-body.ts';
import { kindOfMediaType } from './media-kind.ts';
import type { Platform, ReadContext, ReadResult, WebhookRequest } from './platform.ts';
import {
  instantSchema,
  nothingRead,
  type Part,
  partsSchema,
  present,
  readParts,
  textSchema,
  toInstant,
  wordSchema,
} from './reading.ts';
import { anySecret, equalText, hmac, withinSeconds } from './signature.ts';

/** The Events API (docs.slack.dev/apis/events-api, /authentication/verifying-requests-from-slack, /reference/events/message). */
export const slack: Platform = {
  name: 'slack',
  aliases: [],
  about: {
    title: 'Slack',
    configure:
      'Create a Slack app, enter `/webhooks/slack` as the request URL of its event subscriptions (Slack sends a challenge at once), subscribe the bot to `message.im`, `message.channels` and `message.groups` as needed, and invite it to the channels in question.',
    becomesCase: 'Messages, replies in threads and files in the conversations the app is a member of.',
    notSeen:
      "Which members are staff: what an employee writes in a watched channel looks like a customer's message, so watch only channels in which customers write. Everything that comes from a bot, the brand's own included, is ignored, and so are reactions, joins and other notices.",
    secrets:
      '`secrets`: the signing secret of the app. The call is verified by `X-Slack-Signature`, an HMAC-SHA256 over the time stamp and the raw body; calls older than five minutes are refused.',
  },

  challenge(request, { secrets }) {
    // An old handshake gives nothing away: its age is not judged.
    if (request.method !== 'POST' || !isSigned(request, secrets)) return undefined;
    const handshake = handshakeSchema.safeParse(parseJson(request.body));
    return handshake.success ? { status: 200, contentType: 'text/plain', body: handshake.data.challenge } : undefined;
  },

  verify: (request, { secrets }, now) =>
    withinSeconds(now, request.headers['x-slack-request-timestamp'], toleranceSeconds) && isSigned(request, secrets),

  read: (body, context) => readJsonBody(body, envelopeSchema, (envelope) => readEnvelope(envelope, context)),

  sign(request, { secrets: [secret = ''] }, now) {
    const timestamp = String(Math.floor(now.getTime() / 1000));
    return {
      'x-slack-request-timestamp': timestamp,
      'x-slack-signature': signatureOf(timestamp, request.body, secret),
    };
  },
};

const toleranceSeconds = 300;

function signatureOf(timestamp: string, body: Uint8Array, secret: string): string {
  return `v0=${hmac('sha256', secret, 'v0:', timestamp, ':', body).toString('hex')}`;
}

function isSigned({ headers, body }: WebhookRequest, secrets: readonly string[]): boolean {
  const timestamp = headers['x-slack-request-timestamp'];
  if (timestamp === undefined) return false;
  return anySecret(secrets, (secret) => equalText(headers['x-slack-signature'], signatureOf(timestamp, body, secret)));
}

const handshakeSchema = z.object({ type: z.literal('url_verification'), challenge: z.string() });

const envelopeSchema = z.object({
  type: z.string(),
  team_id: wordSchema,
  event_id: wordSchema,
  event_time: instantSchema,
  event: z.unknown().optional(),
});
type Envelope = z.infer<typeof envelopeSchema>;

const messageSchema = z.object({
  ts: wordSchema,
  thread_ts: wordSchema,
  user: wordSchema,
  bot_id: wordSchema,
  subtype: wordSchema,
  text: textSchema,
  files: partsSchema,
  edited: z.object({ ts: wordSchema }).optional().catch(undefined),
});

const eventSchema = messageSchema.extend({
  type: z.string(),
  channel: wordSchema,
  channel_type: wordSchema,
  deleted_ts: wordSchema,
  message: messageSchema.optional().catch(undefined),
  previous_message: messageSchema.optional().catch(undefined),
});
type SlackEvent = z.infer<typeof eventSchema>;

function readEnvelope(envelope: Envelope, context: ReadContext): ReadResult {
  switch (envelope.type) {
    case 'event_callback':
      return readParts([envelope.event], (part) => readEvent(eventSchema.parse(part), envelope, context));
    case 'url_verification':
      return nothingRead('handshake');
    case 'app_rate_limited':
      return nothingRead('platform_warning');
    default:
      return nothingRead('unsupported_event');
  }
}

function readEvent(event: SlackEvent, envelope: Envelope, context: ReadContext): Part {
  if (event.type.startsWith('reaction_')) return 'reaction';
  if (event.type === 'tokens_revoked' || event.type === 'app_uninstalled') return 'platform_warning';
  // A mention is told twice, as itself and as the message it stands in: the message's own key makes them one.
  if (event.type !== 'message' && event.type !== 'app_mention') return 'service_event';
  if (event.channel === undefined || envelope.event_id === undefined) return 'unreadable_part';
  const { channel, message = event, previous_message: previous } = event;
  if (event.bot_id !== undefined || message.bot_id !== undefined || previous?.bot_id !== undefined) return 'bot';
  // Slack's own voice has no bot id.
  if (message.user === 'USLACKBOT') return 'bot';
  const place = {
    accountId: envelope.team_id ?? context.pathAccount ?? 'unknown',
    messageId: envelope.event_id,
    channel,
  };
  switch (event.subtype) {
    case undefined:
    case 'file_share':
    case 'me_message':
    case 'thread_broadcast':
      return toEvent('message_received', event, event, place, event.ts ?? envelope.event_time);
    case 'bot_message':
      return 'bot';
    case 'message_changed':
      // What remains of a deleted message that has replies.
      if (message.subtype === 'tombstone') return toDeleted(event, message.ts, place);
      // Also sent when links are unfurled or a language is recognised; then the words stay the same.
      if (message.edited === undefined || previous?.text === message.text) return 'service_event';
      return toEvent('message_edited', event, message, place, message.edited.ts ?? event.ts);
    case 'message_deleted':
      return toDeleted(event, event.deleted_ts, place);
    default:
      return 'service_event';
  }
}

interface Place {
  readonly accountId: string;
  readonly messageId: string;
  readonly channel: string;
}

function toEvent(
  type: 'message_received' | 'message_edited',
  event: SlackEvent,
  message: z.infer<typeof messageSchema>,
  place: Place,
  postedAt: string | undefined,
): InboundEvent {
  return present<InboundEvent>({
    ...eventOf(type, event, message.ts, message.thread_ts, place),
    author: present({ id: message.user }),
    text: asRead(message.text),
    postedAt: toInstant(postedAt),
    attachments: message.files.length === 0 ? undefined : message.files.map(kindOfFile),
    inReplyTo:
      message.thread_ts === undefined || message.thread_ts === message.ts
        ? undefined
        : keyOf(place.channel, message.thread_ts),
  });
}

function toDeleted(event: SlackEvent, ts: string | undefined, place: Place): Part {
  if (ts === undefined) return 'unreadable_part';
  const { user, thread_ts } = event.previous_message ?? {};
  return present<InboundEvent>({
    ...eventOf('message_deleted', event, ts, thread_ts, place),
    author: present({ id: user }),
    text: '',
    postedAt: toInstant(event.ts),
  });
}

function eventOf(
  type: InboundEvent['type'],
  event: SlackEvent,
  ts: string | undefined,
  threadTs: string | undefined,
  { accountId, messageId, channel }: Place,
) {
  const isDirect = event.channel_type === 'im' || channel.startsWith('D');
  return {
    type,
    platform: slack.name,
    channel: 'slack',
    accountId,
    messageId,
    messageKey: ts === undefined ? undefined : keyOf(channel, ts),
    thread: isDirect ? `dm:${channel}` : keyOf(channel, threadTs ?? ts ?? messageId),
    public: event.channel_type === undefined ? channel.startsWith('C') : event.channel_type === 'channel',
  };
}

/** A message's time stamp is its id within its channel, as text: as a number, neighbours would become equal. */
function keyOf(channel: string, ts: string): string {
  return `${channel}:${ts}`;
}

function kindOfFile(file: unknown): string {
  return kindOfMediaType(fileSchema.parse(file).mimetype);
}

const fileSchema = z.object({ mimetype: wordSchema }).catch({ mimetype: undefined });

/** Slack's markup for links, people and channels as its reader sees them, and its escapes undone. */
function asRead(text: string): string {
  const plain = text.replace(/<([@#!]?)([^<>|]*)(?:\|([^<>]*))?>/g, (_, sign: string, target: string, label = '') =>
    label === '' ? `${sign === '!' ? '@' : sign}${target}` : `${sign === '!' ? '' : sign}${label}`,
  );
  return unescapeEntities(plain);
}
