import * as z from 'zod';
import { channelSchema, type InboundEvent } from '../domain/inbound-event.ts';
import { parseJson } from './json.ts';
import type { Platform, ReadResult, WebhookRequest } from './platform.ts';
import { instantSchema, languageSchema, nothingRead, platformIdSchema, present, versionId } from './reading.ts';
import { anySecret, equalText, hmac, isEd25519Signature, withinSeconds } from './signature.ts';

/** Standard Webhooks (github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md) with a body of our own. */
export const standardWebhooks: Platform = {
  name: 'standard-webhooks',
  aliases: ['generic', 'standard'],
  about: {
    title: 'Standard Webhooks (anything else)',
    configure:
      'Send a POST to `/webhooks/standard-webhooks`, or `/webhooks/standard-webhooks/<account>`, signed as [Standard Webhooks](https://www.standardwebhooks.com) says, with the JSON body `{"type", "timestamp", "data"}`. `type` is `message.created`, `message.updated`, `message.deleted` or `reply.created` (what the brand answered); `timestamp` is ISO 8601. In `data`, `id` is required, an id of the message that its updates and its deletion repeat. The rest is optional: `brand` (the account; else the one in the path), `channel` (a lower-case word, else `generic`), `author` (`id`, `name`, `verified`, `followers`), `text`, `lang` (ISO 639-1, of the text), `public` (else false), `thread` (what all messages of one exchange share; else the author), `inReplyTo` (an earlier `id`), `toAuthorId` (on replies: the customer who is answered), `permalink`, `attachments` (words such as `image`) and `rating` (1 to 5).',
    becomesCase: '`message.created`.',
    notSeen: 'Whatever the sender does not send. Other types of events are acknowledged and ignored.',
    secrets:
      '`secrets`: the signing secret (`whsec_…`), or the public key (`whpk_…`) of a sender that signs with Ed25519. The call is verified by `webhook-signature` over `webhook-id`, `webhook-timestamp` and the raw body; calls more than five minutes old or early are refused.',
  },

  verify(request, { secrets }, now) {
    const { id, timestamp, signatures } = signatureHeaders(request);
    if (id === undefined || timestamp === undefined || !withinSeconds(now, timestamp, toleranceSeconds)) return false;
    return anySecret(secrets, (secret) =>
      signatures.some((signature) => isSignature(signature, secret, [id, '.', timestamp, '.', request.body])),
    );
  },

  read(body, { pathAccount }, headers) {
    const json = parseJson(body);
    if (json === undefined) return { kind: 'malformed', code: 'not_json', detail: 'the body is not JSON' };
    const type = typeSchema.safeParse(json);
    // Whoever sends other events too may send them all.
    if (type.success && !Object.hasOwn(eventTypes, type.data.type)) return nothingRead('unsupported_event');
    const parsed = standardWebhookSchema.safeParse(json);
    if (!parsed.success) return malformed(parsed.error);
    const event = toEvent(parsed.data, pathAccount, headers['webhook-id'] ?? headers['svix-id']);
    return { kind: 'events', events: [event], ignored: [] };
  },

  sign(request, { secrets }, now) {
    const id = request.headers['webhook-id'] ?? `msg_${now.getTime()}`;
    const timestamp = String(Math.floor(now.getTime() / 1000));
    const secret = secrets.find((one) => !one.startsWith(publicKeyPrefix)) ?? '';
    const signature = symmetricSignature(secret, [id, '.', timestamp, '.', request.body]);
    return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
  },
};

const toleranceSeconds = 300;
const publicKeyPrefix = 'whpk_';
/** More would only be there to cost us time; senders rotate two. */
const mostSignatures = 16;

/** Svix sends the same under its own names. */
function signatureHeaders({ headers }: WebhookRequest) {
  const named = (name: string) => headers[`webhook-${name}`] ?? headers[`svix-${name}`];
  return {
    id: named('id'),
    timestamp: named('timestamp'),
    signatures: (named('signature') ?? '').split(' ', mostSignatures),
  };
}

type Signed = readonly (string | Uint8Array)[];

function isSignature(entry: string, secret: string, signed: Signed): boolean {
  const comma = entry.indexOf(',');
  const [version, signature] = [entry.slice(0, Math.max(comma, 0)), entry.slice(comma + 1)];
  if (secret.startsWith(publicKeyPrefix)) {
    const publicKey = Buffer.from(secret.slice(publicKeyPrefix.length), 'base64');
    return version === 'v1a' && isEd25519Signature(publicKey, Buffer.from(signature, 'base64'), ...signed);
  }
  return version === 'v1' && keyOf(secret).length > 0 && equalText(signature, symmetricSignature(secret, signed));
}

function symmetricSignature(secret: string, signed: Signed): string {
  return hmac('sha256', keyOf(secret), ...signed).toString('base64');
}

function keyOf(secret: string): Buffer {
  return Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
}

const eventTypes = {
  'message.created': 'message_received',
  'message.updated': 'message_edited',
  'message.deleted': 'message_deleted',
  'reply.created': 'own_reply',
} as const;

const typeSchema = z.object({ type: z.string() });

/** The body as `about.configure` describes it. Unlike a platform's, it is held to its word: a wrong field is refused by its name. */
export const standardWebhookSchema = z.object({
  type: z.enum(['message.created', 'message.updated', 'message.deleted', 'reply.created']),
  timestamp: instantSchema,
  data: z.object({
    id: platformIdSchema,
    brand: platformIdSchema.nullish(),
    channel: channelSchema.nullish(),
    author: z
      .object({
        id: platformIdSchema.nullish(),
        name: z.string().nullish(),
        verified: z.boolean().nullish(),
        followers: z.number().int().nonnegative().nullish(),
      })
      .nullish(),
    text: z.string().nullish(),
    lang: languageSchema,
    public: z.boolean().nullish(),
    thread: platformIdSchema.nullish(),
    inReplyTo: platformIdSchema.nullish(),
    toAuthorId: platformIdSchema.nullish(),
    permalink: z.string().nullish(),
    attachments: z.array(z.string()).nullish(),
    rating: z.number().min(1).max(5).nullish(),
  }),
});
type StandardWebhook = z.infer<typeof standardWebhookSchema>;

function toEvent(
  { type, timestamp, data }: StandardWebhook,
  pathAccount: string | undefined,
  deliveryId: string | undefined,
): InboundEvent {
  const isPublic = data.public ?? false;
  const isEdit = type === 'message.updated';
  const partner = (type === 'reply.created' ? data.toAuthorId : data.author?.id) ?? undefined;
  return present<InboundEvent>({
    type: eventTypes[type],
    platform: 'standard-webhooks',
    channel: data.channel ?? 'generic',
    accountId: data.brand ?? pathAccount ?? 'unknown',
    // Every update repeats the message's id; the delivery's id is the same on each retry.
    messageId: isEdit ? versionId(data.id, deliveryId ?? timestamp ?? '') : data.id,
    messageKey: isEdit ? data.id : undefined,
    thread: data.thread ?? (partner === undefined ? data.id : `${isPublic ? 'public' : 'dm'}:${partner}`),
    author: present({
      id: data.author?.id ?? undefined,
      name: data.author?.name ?? undefined,
      verified: data.author?.verified ?? undefined,
      followers: data.author?.followers ?? undefined,
    }),
    public: isPublic,
    text: type === 'message.deleted' ? '' : (data.text ?? ''),
    postedAt: timestamp,
    language: data.lang,
    attachments: data.attachments ?? undefined,
    permalink: data.permalink ?? undefined,
    inReplyTo: data.inReplyTo ?? undefined,
    toAuthorId: type === 'reply.created' ? (data.toAuthorId ?? undefined) : undefined,
    rating: data.rating ?? undefined,
  });
}

function malformed({ issues: [issue] }: z.ZodError): ReadResult {
  const field = issue?.path.join('.') ?? '';
  const detail = field === '' ? 'the body is not a JSON object' : `${field}: missing or of another type`;
  return { kind: 'malformed', code: 'wrong_shape', detail };
}
