import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import * as z from 'zod';
import type { InboundEvent } from '../domain/inbound-event.ts';
import { readJsonBody } from './json-body.ts';
import type { Platform, ReadContext } from './platform.ts';
import {
  instantSchema,
  optionalIdSchema,
  type Part,
  partsSchema,
  platformIdSchema,
  present,
  readParts,
  textSchema,
  wordSchema,
} from './reading.ts';
import { anySecret } from './signature.ts';

/** Message webhooks, as Freshchat's receivers in public code read them (nyaruka/courier, handlers/freshchat). */
export const freshchat: Platform = {
  name: 'freshchat',
  aliases: [],
  about: {
    title: 'Freshchat',
    configure:
      'Under Admin, Configure, Webhooks, enter `/webhooks/freshchat`, and copy the public key that is shown there.',
    becomesCase:
      'Messages by users; all of one conversation belong together. Messages by agents stop the first-reply clock.',
    notSeen:
      "Private notes, what bots and the system write, assignments, resolving and reopening. The user's name is not in the payload.",
    secrets:
      '`secrets`: the public key of the account (PEM). The call is verified by `X-Freshchat-Signature`, an RSA-SHA256 signature over the raw body; there is no time stamp, so only deduplication guards against a repeated call.',
  },

  verify(request, { secrets }) {
    const header = request.headers['x-freshchat-signature'];
    const signature = Buffer.from(header ?? '', 'base64');
    // Base64 has several spellings of the same bytes; the platform uses one.
    if (signature.toString('base64') !== header) return false;
    return anySecret(secrets, (secret) => {
      const key = toPublicKey(secret);
      return key !== undefined && verify('sha256', request.body, key, signature);
    });
  },

  read: (body, context) =>
    readJsonBody(body, envelopeSchema, (envelope) => readParts([envelope], (part) => readAction(part, context))),

  /** With the private key (PEM) as the secret: Freshchat gives out the public half only. */
  sign: (request, { secrets: [secret = ''] }) => ({
    'x-freshchat-signature': sign('sha256', request.body, createPrivateKey(secret)).toString('base64'),
  }),
};

/**
 * The account's key comes labelled `RSA PUBLIC KEY` (PKCS #1) though it is SPKI, and may lose its line ends on its way through a form or a
 * JSON document: neither label nor line ends count, only the base64 in between. A laptop keeps the private half.
 */
function toPublicKey(secret: string): KeyObject | undefined {
  const [, base64 = ''] = /-----BEGIN [A-Z ]+-----([A-Za-z0-9+/=\s]+)-----END [A-Z ]+-----/.exec(secret) ?? [];
  const der = Buffer.from(base64, 'base64');
  for (const type of ['spki', 'pkcs1', 'pkcs8'] as const) {
    try {
      const key =
        type === 'pkcs8'
          ? createPublicKey(createPrivateKey({ key: der, format: 'der', type }))
          : createPublicKey({ key: der, format: 'der', type });
      if (key.asymmetricKeyType === 'rsa') return key;
    } catch {
      // Another encoding may fit.
    }
  }
  return undefined;
}

const envelopeSchema = z.object({
  action: z.string(),
  actor: z.object({ actor_type: wordSchema, actor_id: optionalIdSchema }).optional().catch(undefined),
  action_time: instantSchema,
  data: z.object({ message: z.unknown().optional() }).optional().catch(undefined),
});

const messageSchema = z.object({
  id: platformIdSchema,
  app_id: wordSchema,
  conversation_id: platformIdSchema,
  message_type: wordSchema,
  message_parts: partsSchema,
  actor_type: wordSchema,
  actor_id: optionalIdSchema,
  user_id: optionalIdSchema,
  created_time: instantSchema,
});

const messagePartSchema = z.record(z.string(), z.unknown()).catch({});
const textPartSchema = z.object({ content: textSchema }).catch({ content: '' });

function readAction(envelope: z.infer<typeof envelopeSchema>, context: ReadContext): Part {
  if (envelope.action !== 'message_create') return 'service_event';
  const message = messageSchema.parse(envelope.data?.message);
  const type = typeOfActor(envelope.actor?.actor_type ?? message.actor_type);
  if (type === undefined) return 'bot';
  if (message.message_type === 'private') return 'service_event';
  const parts = message.message_parts.map((part) => messagePartSchema.parse(part));
  const attachments = parts.flatMap((part) => Object.keys(part).filter((kind) => kind !== 'text'));
  return present<InboundEvent>({
    type,
    platform: freshchat.name,
    channel: 'freshchat',
    accountId: message.app_id ?? context.pathAccount ?? 'unknown',
    messageId: message.id,
    thread: `conversation:${message.conversation_id}`,
    author: present({ id: message.actor_id ?? envelope.actor?.actor_id }),
    public: false,
    text: parts
      .filter((part) => part['text'] !== undefined)
      .map((part) => textPartSchema.parse(part['text']).content)
      .filter((words) => words !== '')
      .join('\n'),
    postedAt: message.created_time ?? envelope.action_time,
    attachments: attachments.length === 0 ? undefined : attachments,
    toAuthorId: type === 'own_reply' ? message.user_id : undefined,
  });
}

function typeOfActor(actorType: string | undefined): 'message_received' | 'own_reply' | undefined {
  if (actorType === 'user') return 'message_received';
  return actorType === 'agent' ? 'own_reply' : undefined;
}
