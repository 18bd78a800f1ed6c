import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { InboundEvent } from '../domain/inbound-event.ts';
import { kindOfMediaType } from './media-kind.ts';
import type { Platform } from './platform.ts';
import { nothingRead, type Part, present, readParts, wordSchema } from './reading.ts';
import { anySecret, equalText, hmac } from './signature.ts';

/** SMS, MMS and WhatsApp by Twilio (twilio.com/docs/messaging/guides/webhook-request, /usage/webhooks/webhooks-security). */
export const twilio: Platform = {
  name: 'twilio',
  aliases: ['sms'],
  about: {
    title: 'Twilio (SMS, MMS, WhatsApp)',
    configure:
      'At each number or messaging service, enter `/webhooks/twilio` as the URL for incoming messages, with HTTP POST. Add `#rc=3&rp=5xx,ct,rt` to it: without such an override Twilio does not retry, and a message that could not be delivered is lost. Leave status callbacks off.',
    becomesCase: 'Every incoming message, with or without pictures.',
    notSeen:
      'What the brand sends by Twilio: the first-reply clock is stopped by the outcome that the desk reports. Status callbacks and opt-out keywords, which Twilio answers itself, are ignored. Twilio gives no time: that of receipt counts.',
    secrets:
      '`secrets`: the auth token of the account (of the sub-account, for its numbers). The call is verified by `X-Twilio-Signature`, an HMAC-SHA1 over the public URL and all fields. It is signed for the URL as entered at Twilio, so `PUBLIC_BASE_URL` must be exactly that.',
  },

  verify(request, { secrets }) {
    const signature = request.headers['x-twilio-signature'];
    const fields = signedFields(request.url, request.body);
    if (signature === undefined || fields === undefined) return false;
    const urls = signableUrls(request.url);
    return anySecret(secrets, (secret) => urls.some((url) => equalText(signature, signatureOf(url, fields, secret))));
  },

  read(body, { pathAccount }) {
    const form = formIn(body);
    if (form.size === 0) return nothingRead('nothing_inside');
    const fields = Object.fromEntries(form);
    if (fields['AccountSid'] === undefined && messageSidIn(fields) === undefined) {
      return { kind: 'malformed', code: 'wrong_shape', detail: 'AccountSid: missing, this is no form of Twilio' };
    }
    return readParts([fields], (part) => readMessage(part, pathAccount));
  },

  sign(request, { secrets: [secret = ''] }) {
    const fields = signedFields(request.url, request.body) ?? '';
    return { 'x-twilio-signature': signatureOf(withoutFragment(request.url), fields, secret) };
  },

  // Words in the answer would be sent to the customer.
  accepted: { status: 200, contentType: 'text/xml', body: '<Response/>' },
};

function signatureOf(url: string, fields: string, secret: string): string {
  return hmac('sha1', secret, url, fields).toString('base64');
}

/**
 * The part of the signed text that comes from the body: names and values of all fields, by name, each value of a name once. With
 * `bodySHA256` in the (signed) URL it is nothing, and `undefined` when the body is not the one that was hashed.
 */
function signedFields(url: string, body: Uint8Array): string | undefined {
  const hash = URL.parse(url)?.searchParams.get('bodySHA256');
  if (typeof hash === 'string') {
    return equalText(hash, createHash('sha256').update(body).digest('hex')) ? '' : undefined;
  }
  const form = formIn(body);
  const names = [...new Set(form.keys())].sort();
  return names.flatMap((name) => [...new Set(form.getAll(name))].sort().map((value) => name + value)).join('');
}

/** The fields of the body; a byte order mark is kept, because nothing may be added to what was signed. */
function formIn(body: Uint8Array): URLSearchParams {
  return new URLSearchParams(new TextDecoder('utf-8', { ignoreBOM: true }).decode(body));
}

/**
 * The forms of the public URL that Twilio may have signed: with and without the port, and with the query encoded anew, as its own
 * libraries try them (github.com/twilio/twilio-node src/webhooks/webhooks.ts). A fragment only steers the connection.
 */
function signableUrls(url: string): readonly string[] {
  const given = withoutFragment(url);
  const reencoded = URL.parse(given)?.href ?? given;
  return [...new Set([given, reencoded].flatMap((one) => [one, ...otherPorts(one)]))];
}

function otherPorts(url: string): readonly string[] {
  const match = /^(https?):\/\/([^/?#]*)(.*)$/s.exec(url);
  if (match === null) return [];
  const [, scheme = '', authority = '', rest = ''] = match;
  const bare = authority.replace(/:\d{1,5}$/, '');
  const standardPort = scheme === 'https' ? 443 : 80;
  return [`${scheme}://${bare}${rest}`, `${scheme}://${bare}:${standardPort}${rest}`];
}

function withoutFragment(url: string): string {
  const fragment = url.indexOf('#');
  return fragment < 0 ? url : url.slice(0, fragment);
}

type Fields = Readonly<Record<string, string>>;

const messageSchema = z.object({
  From: wordSchema,
  ExternalUserId: wordSchema,
  To: wordSchema,
  Body: z.string().optional(),
  ButtonText: z.string().optional(),
  ProfileName: wordSchema,
  OriginalRepliedMessageSid: wordSchema,
});

function messageSidIn({ MessageSid, SmsMessageSid, SmsSid }: Fields): string | undefined {
  return [MessageSid, SmsMessageSid, SmsSid].find((sid) => sid !== undefined && sid !== '');
}

function readMessage(fields: Fields, pathAccount: string | undefined): Part {
  const messageId = messageSidIn(fields);
  // Calls and other products of Twilio.
  if (messageId === undefined) return 'unsupported_event';
  const { SmsStatus = 'received', MessageStatus = SmsStatus, OptOutType } = fields;
  if (MessageStatus !== 'received') return 'receipt';
  if (OptOutType) return 'opt_out';
  const { From, ExternalUserId, To, Body, ButtonText, ProfileName, OriginalRepliedMessageSid } =
    messageSchema.parse(fields);
  // Since 2026 a WhatsApp customer may have no phone number but a user id of the business's scope.
  const customer = From ?? ExternalUserId;
  if (customer === undefined) return 'unreadable_part';
  return present<InboundEvent>({
    type: 'message_received',
    platform: 'twilio',
    channel: channelOf(To ?? customer),
    accountId: To ?? pathAccount ?? 'unknown',
    messageId,
    thread: `dm:${customer}`,
    author: present({ id: customer, name: ProfileName }),
    public: false,
    text: Body ?? ButtonText ?? '',
    attachments: attachmentsOf(fields),
    inReplyTo: OriginalRepliedMessageSid,
  });
}

/** Plain numbers are SMS, other addresses name their network: `whatsapp:+33…`, `messenger:…`, `rcs:…`. */
function channelOf(address: string): string {
  return /^([a-z]{1,20}):/.exec(address)?.[1] ?? 'sms';
}

/** No network of Twilio carries more than ten files in one message. */
const mostMedia = 10;

function attachmentsOf(fields: Fields): string[] | undefined {
  const count = Math.min(Number.parseInt(fields['NumMedia'] ?? '0', 10) || 0, mostMedia);
  const kinds = Array.from({ length: Math.max(count, 0) }, (_, index) =>
    kindOfMediaType(fields[`MediaContentType${index}`]),
  );
  if (fields['Latitude'] !== undefined && fields['Longitude'] !== undefined) kinds.push('location');
  return kinds.length === 0 ? undefined : kinds;
}
