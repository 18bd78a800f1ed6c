import { describe, expect, test } from 'vitest';
import type { Platform } from '../../shared/platforms/platform.ts';
import { platformNamed } from '../../shared/platforms/registry.ts';

/** What a payload comes to: `type messageId` of each event, then the reasons for the rest. */
function outcome(platform: Platform, payload: unknown): readonly string[] {
  const body = payload instanceof URLSearchParams ? payload.toString() : JSON.stringify(payload);
  const result = platform.read(Buffer.from(body), { pathAccount: 'by-path' }, {});
  if (result.kind === 'malformed') return [`malformed: ${result.detail}`];
  return [
    ...result.events.map((event) => `${event.type} ${event.messageKey ?? event.messageId} "${event.text}"`),
    ...result.ignored.map(({ reason }) => reason),
  ];
}

type Row = readonly [title: string, payload: unknown, ...outcome: string[]];

function table(name: string, rows: readonly Row[]): void {
  describe(name, () => {
    const platform = platformNamed(name);
    test.each(rows)('%s', (_, payload, ...expected) => {
      expect(platform && outcome(platform, payload)).toEqual(expected);
    });
  });
}

const feed = (value: object) => ({
  object: 'page',
  entry: [{ id: '10', time: 1_795_341_600, changes: [{ field: 'feed', value }] }],
});
const page = (field: string, value: object) => ({
  object: 'page',
  entry: [{ id: '10', time: 1_795_341_600, changes: [{ field, value }] }],
});
const visitor = { from: { id: '77', name: 'Léa' }, created_time: 1_795_341_500 };
const ownPage = { from: { id: '10', name: 'Norvel' }, created_time: 1_795_341_500 };

table('meta-facebook', [
  [
    'a post by a visitor',
    feed({ item: 'post', verb: 'add', post_id: '10_1', message: 'a', ...visitor }),
    'message_received 10_1 "a"',
  ],
  [
    'a status by a visitor',
    feed({ item: 'status', verb: 'add', post_id: '10_1', message: 'a', ...visitor }),
    'message_received 10_1 "a"',
  ],
  [
    'a photo by a visitor',
    feed({ item: 'photo', verb: 'add', post_id: '10_1', link: 'u', ...visitor }),
    'message_received 10_1 ""',
  ],
  [
    'a video by a visitor',
    feed({ item: 'video', verb: 'add', post_id: '10_1', message: 'a', ...visitor }),
    'message_received 10_1 "a"',
  ],
  [
    'a share with words',
    feed({ item: 'share', verb: 'add', post_id: '10_1', message: 'a', ...visitor }),
    'message_received 10_1 "a"',
  ],
  ['a share without words', feed({ item: 'share', verb: 'add', post_id: '10_1', ...visitor }), 'share_without_text'],
  [
    'a draft',
    feed({ item: 'status', verb: 'add', post_id: '10_1', message: 'a', published: 0, ...visitor }),
    'own_post',
  ],
  ['an album of the page', feed({ item: 'album', verb: 'add', album_id: '5', ...ownPage }), 'own_post'],
  [
    'an event of the page',
    feed({ item: 'event', verb: 'add', event_id: '5', post_id: '10_5', ...ownPage }),
    'own_post',
  ],
  [
    'a comment without author',
    feed({ item: 'comment', verb: 'add', post_id: '10_1', comment_id: '1_2', parent_id: '10_1', message: 'a' }),
    'message_received 1_2 "a"',
  ],
  [
    'a comment in the old shape, its author a number',
    feed({ item: 'comment', verb: 'add', comment_id: '1_2', sender_id: 77, message: 'a' }),
    'message_received 1_2 "a"',
  ],
  [
    'a sticker as comment',
    feed({ item: 'comment', verb: 'add', comment_id: '1_2', photo: 'u', ...visitor }),
    'message_received 1_2 ""',
  ],
  [
    'a comment that is edited',
    feed({ item: 'comment', verb: 'edited', comment_id: '1_2', message: 'b', ...visitor }),
    'message_edited 1_2 "b"',
  ],
  [
    'a comment that is removed',
    feed({ item: 'comment', verb: 'remove', comment_id: '1_2', ...visitor }),
    'message_deleted 1_2 ""',
  ],
  [
    'a comment that the page hides',
    feed({ item: 'comment', verb: 'hide', comment_id: '1_2', message: 'a', ...ownPage }),
    'moderation',
  ],
  ['an author who is blocked', feed({ item: 'video', verb: 'block', post_id: '10_1', ...ownPage }), 'moderation'],
  ['a like in the old shape', feed({ item: 'like', verb: 'add', comment_id: '1_2', ...visitor }), 'reaction'],
  [
    'a reaction that is taken back',
    feed({ item: 'reaction', verb: 'remove', comment_id: '1_2', ...visitor }),
    'reaction',
  ],
  [
    'a mention in a comment, without words',
    page('mention', { item: 'comment', verb: 'add', post_id: '5_6', comment_id: '6_7' }),
    'fetch_needed 6_7 ""',
  ],
  [
    'a mention in a post',
    page('mention', { item: 'post', verb: 'add', post_id: '5_6', message: 'a' }),
    'message_received 5_6 "a"',
  ],
  [
    'a recommendation without words',
    page('ratings', {
      item: 'rating',
      verb: 'add',
      open_graph_story_id: '9',
      reviewer_id: 77,
      recommendation_type: 'NEGATIVE',
    }),
    'message_received 9 ""',
  ],
  [
    'a review that is removed',
    page('ratings', { item: 'rating', verb: 'remove', open_graph_story_id: '9', reviewer_id: '77' }),
    'message_deleted 9 ""',
  ],
  ['a field that is not subscribed on purpose', page('leadgen', { leadgen_id: '1' }), 'unsupported_event'],
  [
    'a subscription without values',
    { object: 'page', entry: [{ id: '10', time: 1, changed_fields: ['feed'] }] },
    'platform_warning',
  ],
  [
    'a user of the app',
    { object: 'user', entry: [{ id: '1', time: 1, changed_fields: ['email'] }] },
    'unsupported_event',
  ],
]);

const messenger = (item: object, list = 'messaging') => ({
  object: 'page',
  entry: [
    {
      id: '10',
      time: 1_795_341_600_000,
      [list]: [{ sender: { id: '77' }, recipient: { id: '10' }, timestamp: 1_795_341_600_000, ...item }],
    },
  ],
});

table('meta-messenger', [
  [
    'a message while another app has the thread',
    messenger({ message: { mid: 'm1', text: 'a' } }, 'standby'),
    'message_received m1 "a"',
  ],
  [
    'a location',
    messenger({ message: { mid: 'm1', attachments: [{ type: 'location', payload: {} }] } }),
    'message_received m1 ""',
  ],
  ['a reply', messenger({ message: { mid: 'm2', text: 'a', reply_to: { mid: 'm1' } } }), 'message_received m2 "a"'],
  [
    'an echo with the page as sender',
    messenger({
      sender: { id: '10' },
      recipient: { id: '77' },
      message: { mid: 'm3', text: 'a', is_echo: true, app_id: 1 },
    }),
    'own_reply m3 "a"',
  ],
  [
    'a template as echo',
    messenger({ message: { mid: 'm3', is_echo: true, attachments: [{ type: 'template' }] } }),
    'own_reply m3 ""',
  ],
  [
    'an edit whose number is text',
    messenger({ message_edit: { mid: 'm1', text: 'b', num_edit: '1' } }),
    'message_edited m1 "b"',
  ],
  ['a message that is taken back', messenger({ message: { mid: 'm1', is_deleted: true } }), 'message_deleted m1 ""'],
  [
    'a postback with words on its button',
    messenger({ postback: { mid: 'm4', title: 'Start', payload: 'GO' } }),
    'service_event',
  ],
  ['a referral', messenger({ referral: { source: 'SHORTLINK', ref: 'x' } }), 'service_event'],
  ['an opt-in', messenger({ optin: { ref: 'x' } }), 'service_event'],
  [
    'a delivery without time',
    {
      object: 'page',
      entry: [{ id: '10', messaging: [{ sender: { id: '77' }, recipient: { id: '10' }, delivery: { mids: ['m1'] } }] }],
    },
    'receipt',
  ],
  [
    'a warning without sender',
    {
      object: 'page',
      entry: [{ id: '10', messaging: [{ recipient: { id: '10' }, 'policy-enforcement': { action: 'warning' } }] }],
    },
    'platform_warning',
  ],
]);

const instagram = (field: string, value: object) => ({
  object: 'instagram',
  entry: [{ id: '17', time: 1_795_341_600, changes: [{ field, value }] }],
});
const igMessage = (item: object) => ({
  object: 'instagram',
  entry: [
    {
      id: '17',
      time: 1_795_341_600_000,
      messaging: [{ sender: { id: '88' }, recipient: { id: '17' }, timestamp: 1_795_341_600_000, ...item }],
    },
  ],
});

table('meta-instagram', [
  [
    'a comment on an ad',
    instagram('comments', {
      id: '5',
      text: 'a',
      from: { id: '88', username: 'lea' },
      media: { id: '1', ad_id: '2', media_product_type: 'AD' },
    }),
    'message_received 5 "a"',
  ],
  [
    'a reply by the account itself',
    instagram('comments', { id: '6', text: 'a', parent_id: '5', from: { id: '17', self_ig_scoped_id: '99' } }),
    'own_reply 6 "a"',
  ],
  [
    'a comment during a live video',
    instagram('live_comments', { id: '5', text: 'a', from: { id: '88' } }),
    'message_received 5 "a"',
  ],
  ['a mention in a caption', instagram('mentions', { media_id: '900' }), 'fetch_needed 900 ""'],
  ['a mention in a comment', instagram('mentions', { media_id: '900', comment_id: '901' }), 'fetch_needed 901 ""'],
  [
    'a reply to a story',
    igMessage({ message: { mid: 'm1', text: 'a', reply_to: { story: { id: '3', url: 'u' } } } }),
    'message_received m1 "a"',
  ],
  [
    'a shared reel',
    igMessage({ message: { mid: 'm1', attachments: [{ type: 'ig_reel', payload: {} }] } }),
    'message_received m1 ""',
  ],
  ['a heart alone', igMessage({ message: { mid: 'm1', attachments: [{ type: 'like_heart' }] } }), 'reaction'],
  [
    'a heart with words',
    igMessage({ message: { mid: 'm1', text: 'a', attachments: [{ type: 'like_heart' }] } }),
    'message_received m1 "a"',
  ],
  [
    'an icebreaker',
    igMessage({ postback: { mid: 'm1', title: 'Where is my parcel?', payload: 'P' } }),
    'service_event',
  ],
  [
    'a message in changes',
    instagram('messages', {
      sender: { id: '88' },
      recipient: { id: '17' },
      timestamp: '1795341600',
      message: { mid: 'm1', text: 'a' },
    }),
    'message_received m1 "a"',
  ],
]);

const threads = (field: string, value: object, list = false) => {
  const values = { field, value };
  return { app_id: '1', topic: 'moderate', target_id: '20', time: 1_795_341_600, values: list ? [values] : values };
};
const threadsReply = {
  id: '30',
  username: 'lea',
  text: 'a',
  media_type: 'TEXT_POST',
  root_post: { id: '29', owner_id: '20', username: 'norvel' },
};

table('meta-threads', [
  ['a reply', threads('replies', threadsReply), 'message_received 30 "a"'],
  ['a reply in a list', threads('replies', threadsReply, true), 'message_received 30 "a"'],
  ['a reply by the account itself', threads('replies', { ...threadsReply, username: 'norvel' }), 'own_reply 30 "a"'],
  [
    'a mention with a picture alone',
    threads('mentions', { id: '31', username: 'lea', media_type: 'IMAGE' }),
    'message_received 31 ""',
  ],
  [
    'a delete',
    threads('delete', { id: '30', owner: { owner_id: '20' }, deleted_at: '2026-11-24T10:00:00+0000' }),
    'message_deleted 30 ""',
  ],
]);

const whatsapp = (value: object, field = 'messages') => ({
  object: 'whatsapp_business_account',
  entry: [{ id: '40', changes: [{ field, value: { metadata: { phone_number_id: '41' }, ...value } }] }],
});
const waMessage = (message: object) =>
  whatsapp({ messages: [{ from: '33600000001', id: 'wamid.1', timestamp: '1795341600', ...message }] });

table('meta-whatsapp', [
  ['a voice message', waMessage({ type: 'voice', voice: { id: '1' } }), 'message_received wamid.1 ""'],
  [
    'a video with words',
    waMessage({ type: 'video', video: { id: '1', caption: 'a' } }),
    'message_received wamid.1 "a"',
  ],
  ['a sticker', waMessage({ type: 'sticker', sticker: { id: '1' } }), 'message_received wamid.1 ""'],
  [
    'a choice from a list',
    waMessage({ type: 'interactive', interactive: { type: 'list_reply', list_reply: { id: '1', title: 'a' } } }),
    'message_received wamid.1 "a"',
  ],
  [
    'a button of a message',
    waMessage({ type: 'interactive', interactive: { type: 'button_reply', button_reply: { id: '1', title: 'a' } } }),
    'message_received wamid.1 "a"',
  ],
  [
    'a form',
    waMessage({
      type: 'interactive',
      interactive: { type: 'nfm_reply', nfm_reply: { body: 'Sent', response_json: '{}' } },
    }),
    'message_received wamid.1 "Sent"',
  ],
  [
    'an order with words',
    waMessage({ type: 'order', order: { text: 'a', product_items: [] } }),
    'message_received wamid.1 "a"',
  ],
  [
    'what the API cannot show',
    waMessage({ type: 'unsupported', errors: [{ code: 131_051 }] }),
    'message_received wamid.1 ""',
  ],
  [
    'a writer without phone number',
    whatsapp({
      contacts: [{ user_id: 'US.1', profile: { username: 'lea' } }],
      messages: [{ from_user_id: 'US.1', id: 'wamid.1', timestamp: '1795341600', type: 'text', text: { body: 'a' } }],
    }),
    'message_received wamid.1 "a"',
  ],
  [
    'an edit',
    waMessage({
      type: 'edit',
      edit: { original_message_id: 'wamid.0', message: { type: 'text', text: { body: 'b' } } },
    }),
    'message_edited wamid.0 "b"',
  ],
  [
    'a revocation',
    waMessage({ type: 'revoke', revoke: { original_message_id: 'wamid.0' } }),
    'message_deleted wamid.0 ""',
  ],
  [
    'a change of number',
    waMessage({ type: 'system', system: { type: 'user_changed_number', wa_id: '2' } }),
    'service_event',
  ],
  [
    'a status and an error beside a message',
    whatsapp({
      messages: [{ from: '1', id: 'wamid.1', timestamp: '1795341600', type: 'text', text: { body: 'a' } }],
      statuses: [{ id: 'wamid.9', status: 'played' }],
      errors: [{ code: 1 }],
    }),
    'message_received wamid.1 "a"',
    'receipt',
  ],
  [
    'an error beside a message',
    whatsapp({
      messages: [{ from: '1', id: 'wamid.1', timestamp: '1795341600', type: 'text', text: { body: 'a' } }],
      errors: [{ code: 1 }],
    }),
    'message_received wamid.1 "a"',
  ],
  ['an error alone', whatsapp({ errors: [{ code: 1 }, { code: 2 }] }), 'platform_warning'],
  ['an account that was banned', whatsapp({ event: 'DISABLED_UPDATE' }, 'account_update'), 'platform_warning'],
  [
    'what the business wrote on its phone',
    whatsapp(
      {
        message_echoes: [
          { from: '41', to: '33600000001', id: 'wamid.1', timestamp: '1795341600', type: 'text', text: { body: 'a' } },
        ],
      },
      'smb_message_echoes',
    ),
    'own_reply wamid.1 "a"',
  ],
  ['a template that was approved', whatsapp({ event: 'APPROVED' }, 'message_template_status_update'), 'service_event'],
]);

const activity = (event_type: string, payload: object, filter: object = { user_id: '1' }) => ({
  data: { event_uuid: '-1', filter, event_type, tag: 't', payload },
});
const post = { id: '50', author_id: '2', text: 'a &amp; b', created_at: '2026-11-24T10:00:00.000Z', lang: 'und' };
const oldPost = {
  id_str: '50',
  id: 50,
  text: 'a',
  user: { id_str: '2', name: 'Léa' },
  created_at: 'Tue Nov 24 10:00:00 +0000 2026',
};

table('x', [
  ['a mention', activity('post.mention.create', post), 'message_received 50 "a & b"'],
  [
    'a long post',
    activity('post.reply.create', { ...post, note_tweet: { text: 'long' } }),
    'message_received 50 "long"',
  ],
  ['a post found by keyword', activity('post.create', post, { keyword: 'norvel' }), 'message_received 50 "a & b"'],
  ['a post without its author', activity('post.mention.create', { id: '50', text: 'a' }), 'message_received 50 "a"'],
  ['an encrypted message', activity('chat.received', { id: '1' }), 'unsupported_event'],
  ['a follower', activity('follow.follow', {}), 'service_event'],
  ['a profile that changed', activity('profile.update.bio', {}), 'service_event'],
  [
    'a message by an account that is not named',
    activity(
      'dm.sent',
      {
        direct_message_events: [
          {
            type: 'message_create',
            id: '51',
            message_create: { sender_id: '1', target: { recipient_id: '2' }, message_data: { text: 'a' } },
          },
        ],
      },
      {},
    ),
    'own_reply 51 "a"',
  ],
  ['somebody who types', activity('dm.indicate_typing', {}), 'receipt'],
  ['a message that was read', activity('dm.read', {}), 'receipt'],
  [
    'an edited post',
    activity('post.mention.create', { ...post, edit_history_tweet_ids: ['49', '50'] }),
    'message_edited 49 "a & b"',
  ],
  [
    'a repost in the old shape',
    { for_user_id: '1', tweet_create_events: [{ ...oldPost, retweeted_status: {} }] },
    'share_without_text',
  ],
  [
    'a truncated post',
    {
      for_user_id: '1',
      tweet_create_events: [{ ...oldPost, truncated: true, extended_tweet: { full_text: 'in full' } }],
    },
    'message_received 50 "in full"',
  ],
  [
    'a quote by the account itself',
    { for_user_id: '2', tweet_create_events: [{ ...oldPost, is_quote_status: true }] },
    'own_post',
  ],
  [
    'an answer by the account',
    {
      for_user_id: '2',
      tweet_create_events: [{ ...oldPost, in_reply_to_user_id_str: '3', in_reply_to_status_id_str: '49' }],
    },
    'own_reply 50 "a"',
  ],
  ['likes and blocks', { for_user_id: '1', favorite_events: [{}], user_has_blocked: 'false' }, 'reaction'],
  ['an account that left', { user_event: { revoke: { source: { user_id: '1' } } } }, 'platform_warning'],
]);

const form = (fields: Record<string, string>) => new URLSearchParams({ AccountSid: 'AC1', ...fields });
const sms = { MessageSid: 'SM1', From: '+331', To: '+332' };

table('twilio', [
  [
    'a message without the field Body',
    form({ ...sms, NumMedia: '1', MediaContentType0: 'image/jpeg' }),
    'message_received SM1 ""',
  ],
  ['a button', form({ ...sms, ButtonText: 'Yes', ButtonPayload: 'Y' }), 'message_received SM1 "Yes"'],
  [
    'an id under its old names',
    form({ SmsMessageSid: 'SM2', From: '+331', To: '12345', Body: 'a' }),
    'message_received SM2 "a"',
  ],
  [
    'a writer without phone number',
    form({ MessageSid: 'SM1', ExternalUserId: 'whatsapp:US.1', To: 'whatsapp:+332', Body: 'a' }),
    'message_received SM1 "a"',
  ],
  ['nobody as writer', form({ MessageSid: 'SM1', To: '+332', Body: 'a' }), 'unreadable_part'],
  ['a delivered message', form({ ...sms, SmsStatus: 'delivered' }), 'receipt'],
  [
    'a message whose state is told under both names',
    form({ ...sms, Body: 'a', SmsStatus: 'received', MessageStatus: 'received' }),
    'message_received SM1 "a"',
  ],
  ['a sent message', form({ ...sms, MessageStatus: 'sent', SmsStatus: 'sent' }), 'receipt'],
  ['START', form({ ...sms, Body: 'START', OptOutType: 'START' }), 'opt_out'],
  ['HELP', form({ ...sms, Body: 'HELP', OptOutType: 'HELP' }), 'opt_out'],
]);

const update = (fields: object) => ({ update_id: 60, ...fields });
const tgMessage = {
  message_id: 5,
  date: 1_795_341_600,
  chat: { id: 8, type: 'private' },
  from: { id: 8, is_bot: false, first_name: 'Léa' },
};

table('telegram', [
  [
    'an audio file with words',
    update({ message: { ...tgMessage, audio: {}, caption: 'a' } }),
    'message_received 8:5 "a"',
  ],
  [
    'a picture of an album',
    update({ message: { ...tgMessage, photo: [{}, {}], media_group_id: '1' } }),
    'message_received 8:5 ""',
  ],
  ['a round video', update({ message: { ...tgMessage, video_note: {} } }), 'message_received 8:5 ""'],
  ['a poll in a chat', update({ message: { ...tgMessage, poll: {} } }), 'message_received 8:5 ""'],
  [
    'a channel that speaks in a group',
    update({
      message: {
        message_id: 5,
        date: 1,
        chat: { id: -100, type: 'supergroup' },
        sender_chat: { id: -200, title: 'Fans' },
        text: 'a',
      },
    }),
    'message_received -100:5 "a"',
  ],
  [
    'an anonymous administrator',
    update({
      message: {
        ...tgMessage,
        from: { id: 1_087_968_824, is_bot: true, username: 'GroupAnonymousBot' },
        sender_chat: { id: -100 },
        text: 'a',
      },
    }),
    'bot',
  ],
  [
    'a post copied from the channel',
    update({ message: { ...tgMessage, is_automatic_forward: true, text: 'a' } }),
    'own_post',
  ],
  ['a pinned message', update({ message: { ...tgMessage, pinned_message: {} } }), 'service_event'],
  ['an edited post of the channel', update({ edited_channel_post: { ...tgMessage, text: 'a' } }), 'own_post'],
  [
    'a business message of the owner',
    update({ business_message: { ...tgMessage, business_connection_id: 'b', from: { id: 9 }, text: 'a' } }),
    'own_reply 8:5 "a"',
  ],
  [
    'two deleted messages, and one that is none',
    update({ deleted_business_messages: { business_connection_id: 'b', chat: { id: 8 }, message_ids: [5, null, 6] } }),
    'message_deleted 8:5 ""',
    'message_deleted 8:6 ""',
    'unreadable_part',
  ],
  ['a pressed button', update({ callback_query: { id: '1', data: 'x' } }), 'service_event'],
  ['a counted reaction', update({ message_reaction_count: {} }), 'reaction'],
  ['a boost', update({ chat_boost: {} }), 'service_event'],
  ['a kind of update that is not known yet', update({ brand_new: {} }), 'unsupported_event'],
]);

const notification = (action: string, fields: object = {}) => ({
  type: 'ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS',
  notifications: [
    {
      notificationId: 70,
      organizationalEntity: 'urn:li:organization:1',
      action,
      sourcePost: 'urn:li:share:2',
      generatedActivity: 'urn:li:comment:(activity:3,4)',
      lastModifiedAt: 1_795_341_600_000,
      ...fields,
    },
  ],
});
const commented = { decoratedGeneratedActivity: { comment: { owner: 'urn:li:person:a', text: 'a' } } };
const comment34 = 'urn:li:comment:(urn:li:activity:3,4)';

table('linkedin', [
  ['a comment', notification('COMMENT', commented), `message_received ${comment34} "a"`],
  ['a comment of which nothing is told', notification('COMMENT'), `fetch_needed ${comment34} ""`],
  ['a comment by the page', notification('ADMIN_COMMENT', commented), `own_reply ${comment34} "a"`],
  [
    'a mention',
    notification('SHARE_MENTION', {
      generatedActivity: 'urn:li:share:9',
      decoratedGeneratedActivity: { share: { owner: 'urn:li:person:a', text: 'a' } },
    }),
    'message_received urn:li:share:9 "a"',
  ],
  ['a share without words', notification('SHARE', { generatedActivity: 'urn:li:share:9' }), 'share_without_text'],
  ['an edit', notification('COMMENT_EDIT', commented), `message_edited ${comment34} "a"`],
  ['a delete', notification('COMMENT_DELETE'), `message_deleted ${comment34} ""`],
  ['a like', notification('LIKE'), 'reaction'],
]);

const tiktok = (event: string, content: string) => ({
  client_key: 'k',
  event,
  create_time: 1_795_341_600,
  user_openid: 'biz',
  content,
});
const ttComment = (action: string) =>
  tiktok(
    'comment.update',
    `{"comment_id":7247303576418566914,"video_id":1,"comment_action":"${action}","unique_identifier":"u","timestamp":1795341600000,"text":"a"}`,
  );

table('tiktok', [
  ['a comment', ttComment('insert'), 'message_received 7247303576418566914 "a"'],
  ['a comment that is removed', ttComment('delete'), 'message_deleted 7247303576418566914 ""'],
  ['a comment for friends only', ttComment('set_to_friends_only'), 'moderation'],
  [
    'a message in Europe',
    tiktok(
      'im_receive_msg_eu',
      '{"message_id":"m","conversation_id":"c","type":"text","text":{"body":"a"},"from_user":{"id":"u"}}',
    ),
    'message_received m "a"',
  ],
  [
    'a message by the business',
    tiktok(
      'im_receive_msg',
      '{"message_id":"m","conversation_id":"c","type":"text","text":{"body":"a"},"from_user":{"id":"b","role":"business_account"}}',
    ),
    'own_reply m "a"',
  ],
  [
    'a picture',
    tiktok('im_receive_msg', '{"message_id":"m","conversation_id":"c","type":"image","image":{"media_id":"1"}}'),
    'message_received m ""',
  ],
  [
    'a mention in a video',
    tiktok('brand_mention.video', '{"video_id":7247303576418566999}'),
    'fetch_needed 7247303576418566999 ""',
  ],
  ['a mention of which nothing is told', tiktok('brand_mention.video', '{}'), 'unreadable_part'],
  ['a referral', tiktok('im_referral_msg', '{}'), 'service_event'],
  ['an account that left', tiktok('authorization.removed', '{"reason":1}'), 'platform_warning'],
  ['a published video', tiktok('video.publish.completed', '{"share_id":"1"}'), 'service_event'],
]);

const trustpilot = (eventName: string, eventData: object = { id: 'r', title: 'T', text: 'a', stars: 1 }) => ({
  events: [{ eventName, eventData, version: '1' }],
});

table('trustpilot', [
  ['a review of a product', trustpilot('product-review-created'), 'message_received r "T\na"'],
  [
    'a review without title',
    trustpilot('service-review-created', { id: 'r', title: null, text: 'a', stars: 9 }),
    'message_received r "a"',
  ],
  ['an update', trustpilot('service-review-updated'), 'message_edited r "T\na"'],
  ['a delete', trustpilot('product-review-deleted', { id: 'r' }), 'message_deleted r ""'],
  ['another event', trustpilot('service-review-invited'), 'unsupported_event'],
]);

const pubSub = (data: object) => ({
  message: { data: Buffer.from(JSON.stringify(data)).toString('base64'), message_id: '80' },
  subscription: 's',
});

table('google-business', [
  [
    'a review',
    pubSub({ notificationType: 'NEW_REVIEW', reviewName: 'accounts/1/locations/2/reviews/3' }),
    'fetch_needed accounts/1/locations/2/reviews/3 ""',
  ],
  ['a question', pubSub({ notification_type: 'NEW_QUESTION' }), 'service_event'],
  ['an update of a review', pubSub({ notificationType: 'UPDATED_REVIEW', reviewName: 'r' }), 'message_edited r ""'],
  ['an update of nothing', pubSub({ notificationType: 'UPDATED_REVIEW' }), 'unreadable_part'],
  ['nothing inside', { message: { data: '', messageId: '80' } }, 'unreadable_part'],
]);

const slack = (event: object) => ({
  type: 'event_callback',
  team_id: 'T',
  event_id: 'Ev',
  event_time: 1_795_341_600,
  event: { type: 'message', channel: 'C1', ts: '1795341600.000100', ...event },
});

table('slack', [
  [
    'a message',
    slack({ user: 'U', text: 'a &lt;b&gt; <@U2|lea> <https://e.example|here>' }),
    'message_received C1:1795341600.000100 "a <b> @lea here"',
  ],
  [
    'a message shown in the channel too',
    slack({ user: 'U', text: 'a', subtype: 'thread_broadcast', thread_ts: '1.0' }),
    'message_received C1:1795341600.000100 "a"',
  ],
  ['a bot without subtype', slack({ user: 'U', text: 'a', bot_id: 'B' }), 'bot'],
  ['the voice of Slack', slack({ user: 'USLACKBOT', text: 'a' }), 'bot'],
  [
    'an edit',
    slack({
      subtype: 'message_changed',
      ts: '9.0',
      message: { user: 'U', ts: '1.0', text: 'b', edited: { ts: '9.0' } },
      previous_message: { text: 'a' },
    }),
    'message_edited C1:1.0 "b"',
  ],
  [
    'a preview that was added',
    slack({ subtype: 'message_changed', message: { user: 'U', ts: '1.0', text: 'a' } }),
    'service_event',
  ],
  ['a delete', slack({ subtype: 'message_deleted', deleted_ts: '1.0' }), 'message_deleted C1:1.0 ""'],
  ['somebody who joins', slack({ subtype: 'channel_join', user: 'U' }), 'service_event'],
  ['a limit that was reached', { type: 'app_rate_limited', team_id: 'T' }, 'platform_warning'],
  ['an app that was removed', slack({ type: 'app_uninstalled' }), 'platform_warning'],
]);

const discord = (type: string, data: object) => ({
  version: 1,
  application_id: '90',
  type: 1,
  event: { type, timestamp: '2026-11-24T10:00:00.000', data },
});

table('discord', [
  [
    'a message in a lobby',
    discord('LOBBY_MESSAGE_CREATE', { id: '91', lobby_id: '9', content: 'a', author: { id: '2', username: 'lea' } }),
    'message_received 91 "a"',
  ],
  [
    'an edit',
    discord('LOBBY_MESSAGE_UPDATE', { id: '91', lobby_id: '9', content: 'b', edited_timestamp: '2026-11-24T10:01:00' }),
    'message_edited 91 "b"',
  ],
  [
    'a direct message that is removed',
    discord('GAME_DIRECT_MESSAGE_DELETE', { id: '91', channel_id: '9' }),
    'message_deleted 91 ""',
  ],
  ['a purchase', discord('ENTITLEMENT_CREATE', { id: '1' }), 'service_event'],
]);

const intercom = (topic: string, parts: object[], source?: object) => ({
  type: 'notification_event',
  id: 'notif_1',
  app_id: 'app',
  topic,
  data: { item: { type: 'conversation', id: '100', source, conversation_parts: { conversation_parts: parts } } },
});
const lead = { type: 'lead', id: 'l' };

table('intercom', [
  [
    'the first message',
    intercom('conversation.user.created', [], { id: '101', body: '<p>a</p>', author: lead }),
    'message_received 101 "a"',
  ],
  [
    'a reply',
    intercom('conversation.user.replied', [{ id: '102', part_type: 'comment', body: '<p>a<br>b</p>', author: lead }]),
    'message_received 102 "a\nb"',
  ],
  [
    'words with an assignment',
    intercom('conversation.admin.replied', [
      { id: '103', part_type: 'assignment', body: 'a', author: { type: 'admin', id: '1' } },
    ]),
    'own_reply 103 "a"',
  ],
  [
    'a note',
    intercom('conversation.admin.replied', [
      { id: '103', part_type: 'note', body: 'a', author: { type: 'admin', id: '1' } },
    ]),
    'service_event',
  ],
  ['a bot', intercom('conversation.operator.replied', []), 'bot'],
  ['a tag', intercom('conversation_part.tag.created', []), 'service_event'],
]);

const zendesk = (type: string, event: object) => ({
  type: `zen:event-type:${type}`,
  account_id: 110,
  id: '01J',
  time: '2026-11-24T10:00:00.123456789Z',
  detail: { id: '111', requester_id: '5' },
  event,
});

table('zendesk', [
  [
    'a public comment by the customer',
    zendesk('ticket.comment_added', {
      comment: { id: '112', body: 'a', is_public: true, author: { id: '5', is_staff: false } },
    }),
    'message_received 112 "a"',
  ],
  [
    'a comment that is not public',
    zendesk('ticket.comment_added', {
      comment: { id: '112', body: 'a', is_public: false, author: { id: '5', is_staff: false } },
    }),
    'service_event',
  ],
  [
    'a message by an agent',
    zendesk('messaging_ticket.message_added', { actor: { id: '6', type: 'agent' }, message: { id: '113', body: 'a' } }),
    'own_reply 113 "a"',
  ],
  ['a ticket that was solved', zendesk('ticket.status_changed', { current: 'SOLVED' }), 'service_event'],
  ['an organisation', zendesk('organization.created', {}), 'service_event'],
]);

const chatwoot = (event: string, fields: object) => ({
  event,
  id: 120,
  content: 'a',
  message_type: 'incoming',
  account: { id: 1 },
  conversation: { id: 9 },
  sender: { id: 5, type: 'contact' },
  ...fields,
});

table('chatwoot', [
  ['a message by a contact', chatwoot('message_created', {}), 'message_received 120 "a"'],
  [
    'a message without words',
    chatwoot('message_created', { content: null, attachments: [{ file_type: 'image' }] }),
    'message_received 120 ""',
  ],
  ['what an agent entered as incoming', chatwoot('message_created', { sender: { id: 1, type: 'user' } }), 'own_post'],
  [
    'an answer',
    chatwoot('message_created', { message_type: 'outgoing', sender: { id: 1, type: 'user' } }),
    'own_reply 120 "a"',
  ],
  ['an activity', chatwoot('message_created', { message_type: 'activity' }), 'service_event'],
  [
    'a conversation that was resolved',
    { event: 'conversation_status_changed', id: 9, status: 'resolved' },
    'service_event',
  ],
]);

const freshchat = (actor_type: string, fields: object = {}) => ({
  actor: { actor_type, actor_id: 'p' },
  action: 'message_create',
  action_time: '2026-11-24T10:00:00Z',
  data: {
    message: { id: '130', conversation_id: 'c', app_id: 'app', message_parts: [{ text: { content: 'a' } }], ...fields },
  },
});

table('freshchat', [
  ['a user', freshchat('user'), 'message_received 130 "a"'],
  [
    'a picture and a part that is none',
    freshchat('user', { message_parts: [{ image: { url: 'u' } }, 7, { text: { content: 'a' } }] }),
    'message_received 130 "a"',
  ],
  ['an agent', freshchat('agent'), 'own_reply 130 "a"'],
  ['a private note', freshchat('agent', { message_type: 'private' }), 'service_event'],
  ['the system', freshchat('system'), 'bot'],
]);

const status = {
  id: '140',
  created_at: '2026-11-24T10:00:00.000Z',
  content: '<p>a &amp; <a href="u">b</a></p>',
  account: { id: '2', username: 'lea', acct: 'lea@e.example' },
};

table('mastodon', [
  ['a post', { event: 'status.created', object: status }, 'message_received 140 "a & b"'],
  [
    'an edit',
    { event: 'status.updated', object: { ...status, edited_at: '2026-11-24T10:01:00.000Z' } },
    'message_edited 140 "a & b"',
  ],
  [
    'an answer by the brand',
    {
      event: 'status.created',
      object: { ...status, account: { id: '1', acct: 'by-path' }, in_reply_to_id: '139', in_reply_to_account_id: '2' },
    },
    'own_reply 140 "a & b"',
  ],
  [
    'somebody of the same name elsewhere',
    {
      event: 'status.created',
      object: { ...status, account: { id: '3', username: 'by-path', acct: 'by-path@e.example' } },
    },
    'message_received 140 "a & b"',
  ],
  ['a new account', { event: 'account.created', object: {} }, 'service_event'],
]);
