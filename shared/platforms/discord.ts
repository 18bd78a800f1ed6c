import { createPrivateKey, createPublicKey } from 'node:crypto';
import * as z from 'zod';
import type { InboundEvent } from '../domain/inbound-event.ts';
import { parseJson } from './json.ts';
import { readJsonBody } from './json-body.ts';
import { kindOfMediaType } from './media-kind.ts';
import type { Platform, WebhookRequest } from './platform.ts';
import {
  flagSchema,
  instantSchema,
  nothingRead,
  optionalIdSchema,
  type Part,
  partsSchema,
  platformIdSchema,
  present,
  readParts,
  textSchema,
  versionId,
  wordSchema,
} from './reading.ts';
import { anySecret, ed25519Signature, isEd25519Signature } from './signature.ts';

/** Webhook events of an application (discord/discord-api-docs, events/webhook-events). */
export const discord: Platform = {
  name: 'discord',
  aliases: [],
  about: {
    title: 'Discord',
    configure:
      'In the developer portal, enter `/webhooks/discord` as the webhook URL of the application (Discord pings it at once, and later probes it with bad signatures) and subscribe to the lobby and game direct message events.',
    becomesCase: 'Messages in lobbies and game direct messages of a game that uses the Social SDK.',
    notSeen:
      "Ordinary messages on a Discord server: those need a bot on the Gateway socket. Messages by bots, installs and purchases are ignored. A player's message to another player looks like one to the brand.",
    secrets:
      '`secrets`: the public key of the application, 64 hexadecimal digits. The call is verified by `X-Signature-Ed25519` over the time stamp and the raw body; its age is not judged, because Discord retries and deduplication guards against repeats.',
  },

  challenge(request, { secrets }) {
    if (request.method !== 'POST' || !isSigned(request, secrets)) return undefined;
    return pingSchema.safeParse(parseJson(request.body)).success ? { status: 204, body: '' } : undefined;
  },

  verify: (request, { secrets }) => isSigned(request, secrets),

  read: (body) =>
    readJsonBody(body, envelopeSchema, (envelope) =>
      envelope.type === 0
        ? nothingRead('handshake')
        : readParts([envelope.event], (part) => readEvent(eventSchema.parse(part), envelope.application_id)),
    ),

  /** With the private key (PEM, PKCS #8) as the secret: Discord gives out the public half only. */
  sign(request, { secrets: [secret = ''] }, now) {
    const timestamp = String(Math.floor(now.getTime() / 1000));
    const { d: seed = '' } = createPrivateKey(secret).export({ format: 'jwk' });
    const signature = ed25519Signature(Buffer.from(seed, 'base64url'), timestamp, request.body);
    return { 'x-signature-timestamp': timestamp, 'x-signature-ed25519': signature.toString('hex') };
  },
};

/** Discord sends badly signed pings on purpose: they must be refused like any other call. */
function isSigned({ headers, body }: WebhookRequest, secrets: readonly string[]): boolean {
  const signatureHex = headers['x-signature-ed25519'] ?? '';
  const timestamp = headers['x-signature-timestamp'];
  if (timestamp === undefined || !/^[0-9a-f]{128}$/.test(signatureHex)) return false;
  const signature = Buffer.from(signatureHex, 'hex');
  return anySecret(secrets, (secret) => {
    const publicKey = toPublicKey(secret);
    return publicKey !== undefined && isEd25519Signature(publicKey, signature, timestamp, body);
  });
}

/** The raw key out of its hexadecimal digits, or out of the PEM of either half, as a laptop keeps it. */
function toPublicKey(secret: string): Buffer | undefined {
  if (/^[0-9a-f]{64}$/i.test(secret)) return Buffer.from(secret, 'hex');
  try {
    return Buffer.from(createPublicKey(secret).export({ format: 'jwk' }).x ?? '', 'base64url');
  } catch {
    return undefined;
  }
}

const pingSchema = z.object({ type: z.literal(0) });

const envelopeSchema = z.object({
  type: z.number(),
  application_id: platformIdSchema,
  event: z.unknown().optional(),
});

const eventSchema = z.object({ type: z.string(), timestamp: instantSchema, data: z.unknown().optional() });

const messageSchema = z.object({
  id: platformIdSchema,
  lobby_id: optionalIdSchema,
  channel_id: optionalIdSchema,
  content: textSchema,
  author: z
    .object({ id: optionalIdSchema, username: wordSchema, global_name: wordSchema, bot: flagSchema })
    .optional()
    .catch(undefined),
  attachments: partsSchema,
  timestamp: instantSchema,
  edited_timestamp: instantSchema,
});

const attachmentSchema = z.object({ content_type: wordSchema }).catch({ content_type: undefined });

function readEvent(event: z.infer<typeof eventSchema>, accountId: string): Part {
  const [, place, action] = /^(LOBBY|GAME_DIRECT)_MESSAGE_(CREATE|UPDATE|DELETE)$/.exec(event.type) ?? [];
  if (action === undefined) return 'service_event';
  const message = messageSchema.parse(event.data);
  const { author, attachments } = message;
  if (author?.bot === true) return 'bot';
  const exchange = place === 'LOBBY' ? message.lobby_id : message.channel_id;
  const common = {
    platform: discord.name,
    channel: 'discord',
    accountId,
    messageId: message.id,
    thread: `${place === 'LOBBY' ? 'lobby' : 'dm'}:${exchange ?? message.id}`,
    author: present({ id: author?.id, name: author?.global_name ?? author?.username }),
    public: false,
  };
  if (action === 'DELETE') {
    return present<InboundEvent>({ ...common, type: 'message_deleted', text: '', postedAt: event.timestamp });
  }
  const said = {
    ...common,
    text: message.content,
    attachments:
      attachments.length === 0
        ? undefined
        : attachments.map((attachment) => kindOfMediaType(attachmentSchema.parse(attachment).content_type)),
  };
  if (action === 'CREATE') {
    const postedAt = message.timestamp ?? event.timestamp;
    return present<InboundEvent>({ ...said, type: 'message_received', postedAt });
  }
  // Every edit repeats the message's id; the time of the edit tells one from the next.
  const editedAt = message.edited_timestamp ?? event.timestamp;
  return present<InboundEvent>({
    ...said,
    type: 'message_edited',
    messageId: versionId(message.id, editedAt ?? ''),
    messageKey: message.id,
    postedAt: editedAt,
  });
}
