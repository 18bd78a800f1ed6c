import { describe, expect, test } from 'vitest';
import type { InboundEvent } from '../../shared/domain/inbound-event.ts';
import { platformNamed, platforms } from '../../shared/platforms/registry.ts';

/** What differs between the payloads of a platform; each is put in as JSON, the time left out where there is none. */
interface Fill {
  readonly text: string;
  readonly id: string;
  readonly time: string | undefined;
}

/** One message of a platform or network, its time as the only one in the payload. */
interface Template {
  readonly platform: string;
  readonly network?: string;
  readonly body: (fill: Fill) => string;
  /** Where the message's own time is not one of its fields: part of its id (Slack), or nowhere (Twilio). */
  readonly withoutTime?: true;
  /** Where the id is text by nature (Slack's event id) or comes from elsewhere. */
  readonly withoutId?: true;
  /** The words as the payload carries them (HTML, JSON within JSON), and what the reader adds (a title). */
  readonly written?: (text: string) => string;
}

const time = (name: string, { time: value }: Fill) => (value === undefined ? '' : `,"${name}":${value}`);
const html = (text: string) => `<p>${text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</p>`;

const templates: readonly Template[] = [
  {
    platform: 'meta',
    network: 'facebook',
    body: (fill) =>
      `{"object":"page","entry":[{"id":"1","changes":[{"field":"feed","value":{"item":"comment","verb":"add","comment_id":${fill.id},"from":{"id":"2"},"message":${fill.text}${time('created_time', fill)}}}]}]}`,
  },
  {
    platform: 'meta',
    network: 'messenger',
    body: (fill) =>
      `{"object":"page","entry":[{"id":"1","messaging":[{"sender":{"id":"2"},"recipient":{"id":"1"},"message":{"mid":${fill.id},"text":${fill.text}}${time('timestamp', fill)}}]}]}`,
  },
  {
    platform: 'meta',
    network: 'instagram',
    body: (fill) =>
      `{"object":"instagram","entry":[{"id":"1","changes":[{"field":"comments","value":{"id":${fill.id},"from":{"id":"2"},"text":${fill.text}}}]${time('time', fill)}}]}`,
  },
  {
    platform: 'meta',
    network: 'threads',
    body: (fill) =>
      `{"target_id":"1","values":{"field":"replies","value":{"id":${fill.id},"username":"u","text":${fill.text}${time('timestamp', fill)}}}}`,
  },
  {
    platform: 'meta',
    network: 'whatsapp',
    body: (fill) =>
      `{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{"metadata":{"phone_number_id":"3"},"messages":[{"from":"2","id":${fill.id},"type":"text","text":{"body":${fill.text}}${time('timestamp', fill)}}]}}]}]}`,
  },
  {
    platform: 'x',
    network: 'posts',
    body: (fill) =>
      `{"data":{"filter":{"user_id":"1"},"event_type":"post.mention.create","payload":{"id":${fill.id},"author_id":"2","text":${fill.text}${time('created_at', fill)}}}}`,
  },
  {
    platform: 'x',
    network: 'older posts',
    body: (fill) =>
      `{"for_user_id":"1","tweet_create_events":[{"id":${fill.id},"user":{"id_str":"2"},"text":${fill.text}${time('timestamp_ms', fill)}}]}`,
  },
  {
    platform: 'x',
    network: 'direct messages',
    body: (fill) =>
      `{"for_user_id":"1","direct_message_events":[{"type":"message_create","id":${fill.id},"message_create":{"sender_id":"2","target":{"recipient_id":"1"},"message_data":{"text":${fill.text}}}${time('created_timestamp', fill)}}]}`,
  },
  {
    platform: 'twilio',
    body: ({ text, id }) =>
      new URLSearchParams({
        MessageSid: String(id).replaceAll('"', ''),
        From: '+1',
        To: '+2',
        Body: JSON.parse(text),
      }).toString(),
    withoutTime: true,
  },
  {
    platform: 'telegram',
    body: (fill) =>
      `{"update_id":${fill.id},"message":{"message_id":${fill.id},"chat":{"id":2,"type":"private"},"from":{"id":2},"text":${fill.text}${time('date', fill)}}}`,
  },
  {
    platform: 'linkedin',
    body: (fill) =>
      `{"notifications":[{"notificationId":${fill.id},"organizationalEntity":"urn:li:organization:1","action":"COMMENT","generatedActivity":"urn:li:comment:(activity:1,2)","decoratedGeneratedActivity":{"comment":{"owner":"urn:li:person:a","text":${fill.text}}}${time('lastModifiedAt', fill)}}]}`,
  },
  {
    platform: 'tiktok',
    network: 'comments',
    body: (fill) =>
      JSON.stringify({
        event: 'comment.update',
        user_openid: 'biz',
        content: `{"comment_id":${fill.id},"comment_action":"insert","unique_identifier":"u","text":${fill.text}${time('timestamp', fill)}}`,
      }),
  },
  {
    platform: 'tiktok',
    network: 'direct messages',
    body: (fill) =>
      JSON.stringify({
        event: 'im_receive_msg',
        user_openid: 'biz',
        content: `{"message_id":${fill.id},"conversation_id":"c","type":"text","text":{"body":${fill.text}}${time('timestamp', fill)}}`,
      }),
  },
  {
    platform: 'trustpilot',
    body: (fill) =>
      `{"events":[{"eventName":"service-review-created","eventData":{"id":${fill.id},"text":${fill.text}${time('createdAt', fill)}}}]}`,
  },
  {
    platform: 'slack',
    body: ({ text }) =>
      `{"type":"event_callback","event_id":"Ev1","event":{"type":"message","channel":"C1","ts":"1795341600.000100","user":"U","text":${text}}}`,
    written: (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
    withoutTime: true,
    withoutId: true,
  },
  {
    platform: 'discord',
    body: (fill) =>
      `{"application_id":"1","type":1,"event":{"type":"LOBBY_MESSAGE_CREATE","data":{"id":${fill.id},"lobby_id":"9","content":${fill.text},"author":{"id":"2"}${time('timestamp', fill)}}}}`,
  },
  {
    platform: 'intercom',
    body: (fill) =>
      `{"topic":"conversation.user.replied","app_id":"a","data":{"item":{"id":"9","conversation_parts":{"conversation_parts":[{"id":${fill.id},"part_type":"comment","author":{"type":"user","id":"2"},"body":${fill.text}${time('created_at', fill)}}]}}}}`,
    written: html,
  },
  {
    platform: 'zendesk',
    body: (fill) =>
      `{"type":"zen:event-type:ticket.comment_added","account_id":1,"detail":{"id":"9"},"event":{"comment":{"id":${fill.id},"body":${fill.text},"is_public":true,"author":{"id":"2","is_staff":false}}}${time('time', fill)}}`,
  },
  {
    platform: 'chatwoot',
    body: (fill) =>
      `{"event":"message_created","id":${fill.id},"content":${fill.text},"message_type":"incoming","account":{"id":1},"conversation":{"id":9},"sender":{"id":2,"type":"contact"}${time('created_at', fill)}}`,
  },
  {
    platform: 'freshchat',
    body: (fill) =>
      `{"action":"message_create","actor":{"actor_type":"user","actor_id":"2"},"data":{"message":{"id":${fill.id},"app_id":"a","conversation_id":"c","message_parts":[{"text":{"content":${fill.text}}}]${time('created_time', fill)}}}}`,
  },
  {
    platform: 'mastodon',
    body: (fill) =>
      `{"event":"status.created","object":{"id":${fill.id},"content":${fill.text},"account":{"id":"2","username":"u"}${time('created_at', fill)}}}`,
    written: html,
  },
  {
    platform: 'standard-webhooks',
    body: (fill) =>
      `{"type":"message.created","data":{"id":${fill.id},"author":{"id":"2"},"text":${fill.text}}${time('timestamp', fill)}}`,
  },
];

const words: readonly (readonly [string, string])[] = [
  ['emoji of several code points', 'où ? 👩‍👩‍👧‍👦 🇫🇷 👍🏽'],
  ['right-to-left text', 'أين طلبي؟ \u200f№ 123 \u202eabc'],
  ['ten thousand characters', 'Warum? '.repeat(1_500)],
  ['a null character', 'before\u0000after'],
  ['a lone surrogate', 'cut \ud83d here'],
  ['markup, quotes and escapes', `<b>"5 > 3" & 'so on'</b> \\u0041 100 %`],
  ['space at both ends', '   untrimmed \t'],
];

const times: readonly (readonly [string, string | undefined, string | undefined])[] = [
  ['seconds', '1795341600', '2026-11-22T10:00:00.000Z'],
  ['milliseconds', '1795341600123', '2026-11-22T10:00:00.123Z'],
  ['seconds in text', '"1795341600"', '2026-11-22T10:00:00.000Z'],
  ['milliseconds in text', '"1795341600123"', '2026-11-22T10:00:00.123Z'],
  ['ISO 8601 in UTC', '"2026-11-22T10:00:00Z"', '2026-11-22T10:00:00.000Z'],
  ['ISO 8601 with nanoseconds', '"2026-11-22T10:00:00.123456789Z"', '2026-11-22T10:00:00.123Z'],
  ['ISO 8601 in another zone', '"2026-11-22T11:30:00+0130"', '2026-11-22T10:00:00.000Z'],
  ['no time', undefined, undefined],
  ['null', 'null', undefined],
];

const fill: Fill = { text: '"Hello"', id: '"m1"', time: undefined };

function messagesIn({ platform, body }: Template, given: Partial<Fill>): readonly InboundEvent[] {
  const result = platformNamed(platform)?.read(Buffer.from(body({ ...fill, ...given })), { pathAccount: 'one' }, {});
  return result?.kind === 'events' ? result.events : [];
}

describe.each(templates.map((template) => [`${template.platform} ${template.network ?? ''}`, template] as const))(
  '%s',
  (_, template) => {
    test.each(words)('keeps %s as written', (_words, text) => {
      const sent = template.written?.(text) ?? text;
      // A form has no notation for half a character.
      const expected = template.platform === 'twilio' ? text.toWellFormed() : text;
      expect(messagesIn(template, { text: JSON.stringify(sent) })).toMatchObject([
        { type: 'message_received', text: expected },
      ]);
    });

    test.skipIf(template.withoutId)('keeps every digit of an id beyond 2^53, as number and as text', () => {
      for (const digits of ['9007199254740993', '7247303576418566913', '18446744073709551615123']) {
        for (const id of [digits, `"${digits}"`]) {
          expect(messagesIn(template, { id }).map(({ messageId }) => messageId)).toEqual([digits]);
        }
      }
    });

    test.skipIf(template.withoutTime).each(times)('reads a time given as %s', (_time, given, expected) => {
      expect(messagesIn(template, { time: given }).map(({ postedAt }) => postedAt)).toEqual([expected]);
    });
  },
);

test('every platform that carries words is in the table', () => {
  const wordless = ['google-business', 'youtube'];
  const covered = new Set([...templates.map(({ platform }) => platform), ...wordless]);
  expect(platforms.map(({ name }) => name).filter((name) => !covered.has(name))).toEqual([]);
});

test.each(words)('Google and YouTube survive %s, though they carry no words of customers', (_, text) => {
  const data = Buffer.from(JSON.stringify({ notificationType: 'NEW_REVIEW', reviewName: `${text}/reviews/1` }));
  const push = JSON.stringify({ message: { data: data.toString('base64'), messageId: '9007199254740993' } });
  expect(platformNamed('google')?.read(Buffer.from(push), { pathAccount: undefined }, {})).toMatchObject({
    events: [{ type: 'fetch_needed', messageId: '9007199254740993', messageKey: `${text}/reviews/1` }],
  });
  const feed = `<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>${html(text)}</title></entry></feed>`;
  expect(platformNamed('youtube')?.read(Buffer.from(feed), { pathAccount: undefined }, {})).toMatchObject({
    ignored: [{ reason: 'own_post' }],
  });
});
