import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { InboundEvent } from '../domain/inbound-event.ts';
import { readJsonBody } from './json-body.ts';
import type { Platform } from './platform.ts';
import {
  instantSchema,
  languageSchema,
  nothingRead,
  optionalIdSchema,
  type Part,
  platformIdSchema,
  present,
  ratingSchema,
  readParts,
  textSchema,
  versionId,
  wordSchema,
} from './reading.ts';
import { anySecret, equalText } from './signature.ts';

/** Service and product reviews (support.trustpilot.com, "How to set up Trustpilot webhooks"). */
export const trustpilot: Platform = {
  name: 'trustpilot',
  aliases: [],
  about: {
    title: 'Trustpilot',
    configure:
      'In Trustpilot Business, under Integrations, add a webhook for each business unit with the URL `https://vigie:<secret>@<host>/webhooks/trustpilot/<account>` (or `…/<account>?token=<secret>`) and choose the created, updated and deleted events of service and product reviews. The payload does not name the business unit: `<account>` in the path does.',
    becomesCase: 'A new review, with its title, text, stars and language.',
    notSeen:
      "The reviewer's e-mail address, and the company's own replies: the first-reply clock of a review is stopped by the desk's outcome only. Updates and deletes change a known case and never open one.",
    secrets:
      '`secrets`: a long random text of your own, part of the webhook URL. Trustpilot signs nothing: whoever learns the URL can invent reviews, so keep it out of logs and change it when people leave.',
  },

  verify(request, { secrets }) {
    const token = URL.parse(request.url)?.searchParams.get('token') ?? undefined;
    const password = passwordIn(request.headers['authorization'] ?? '');
    return anySecret(secrets, (secret) => equalText(token, secret) || equalText(password, secret));
  },

  read: (body, { pathAccount = 'unknown' }) =>
    readJsonBody(body, z.object({ events: z.array(z.unknown()) }), ({ events }) =>
      events.length === 0
        ? nothingRead('nothing_inside')
        : readParts(events, (part) => readReviewEvent(reviewEventSchema.parse(part), pathAccount)),
    ),

  sign: (_request, { secrets: [secret = ''] }) => ({
    authorization: `Basic ${Buffer.from(`vigie:${secret}`).toString('base64')}`,
  }),
};

/** The password of HTTP basic authentication (RFC 7617); user names have no colon, passwords may. */
function passwordIn(authorization: string): string | undefined {
  const [, credentials] = /^Basic ([A-Za-z0-9+/]+=*)$/i.exec(authorization) ?? [];
  if (credentials === undefined) return undefined;
  const decoded = Buffer.from(credentials, 'base64').toString();
  const colon = decoded.indexOf(':');
  return colon < 0 ? undefined : decoded.slice(colon + 1);
}

const reviewSchema = z.object({
  id: platformIdSchema,
  language: languageSchema,
  title: textSchema,
  text: textSchema,
  stars: ratingSchema,
  createdAt: instantSchema,
  link: wordSchema,
  consumer: z.object({ id: optionalIdSchema, name: wordSchema }).optional().catch(undefined),
});
type Review = z.infer<typeof reviewSchema>;

const reviewEventSchema = z.object({ eventName: z.string(), eventData: z.unknown() });

function readReviewEvent({ eventName, eventData }: z.infer<typeof reviewEventSchema>, accountId: string): Part {
  const [, action] = /^(?:service|product)-review-(created|updated|deleted)$/.exec(eventName) ?? [];
  if (action === undefined) return 'unsupported_event';
  const review = reviewSchema.parse(eventData);
  const event = {
    platform: trustpilot.name,
    channel: 'trustpilot',
    accountId,
    messageId: review.id,
    thread: review.id,
    author: present({ id: review.consumer?.id, name: review.consumer?.name }),
    public: true,
    permalink: review.link,
  };
  if (action === 'deleted') return present<InboundEvent>({ ...event, type: 'message_deleted', text: '' });
  const said = {
    ...event,
    text: [review.title, review.text].filter((part) => part !== '').join('\n'),
    language: review.language,
    rating: review.stars,
  };
  if (action === 'created') {
    return present<InboundEvent>({ ...said, type: 'message_received', postedAt: review.createdAt });
  }
  // Every update repeats the review's id and its time of creation: what it says tells one update from the next.
  const messageId = versionId(review.id, digestOf(review));
  return present<InboundEvent>({ ...said, type: 'message_edited', messageId, messageKey: review.id });
}

function digestOf({ title, text, stars }: Review): string {
  return createHash('sha256')
    .update(JSON.stringify([title, text, stars]))
    .digest('hex')
    .slice(0, 16);
}
