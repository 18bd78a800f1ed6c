import { describe, expect, test } from 'vitest';
import type { InboundEvent } from '../../shared/domain/inbound-event.ts';
import { meta } from '../../shared/platforms/meta.ts';
import { hmac } from '../../shared/platforms/signature.ts';
import { getOf, postOf, readFixture } from './fixture.ts';

const received = 'message_received';

/** What of an event decides where it goes. */
function gist({ type, messageKey, messageId, thread, author, text }: InboundEvent) {
  return [type, messageKey ?? messageId, thread, author.id, text];
}

describe('Facebook pages', () => {
  const { events, reasons } = readFixture(meta, 'facebook.json');

  test('reads every change of every entry by itself', () => {
    expect(events.map(gist)).toEqual([
      [received, '9001_11', '9001_11', '77001', '  Toujours rien reçu… &amp; personne ne répond 😡 '],
      ['own_reply', '9001_12', '9001_11', '501', 'Bonjour Léa, nous regardons.'],
      [received, '9001_13', '9001_11', undefined, 'Merci'],
      ['message_edited', '9001_11', '9001_11', '77001', 'Toujours rien reçu, je porte plainte'],
      // Removed by the page: who wrote it is not told.
      ['message_deleted', '9001_14', '9001_11', undefined, ''],
      [received, '501_9100', '501_9100', '77004', 'Avis aux clients'],
      ['fetch_needed', '9400_1', '9400_1', undefined, ''],
      [received, '9500', '9500', '77006', ''],
      ['own_reply', '9500_2', '9500', '501', ''],
      // Another page's comment is no own reply.
      [received, '1_1', '1_1', '501', 'Hello from the other page'],
    ]);
    expect(reasons).toEqual([
      'moderation',
      'reaction',
      'unreadable_part',
      'moderation', // the post in the trash
      'own_post', // no author, but published
      'share_without_text',
      'unsupported_event',
      'unreadable_part',
      'platform_warning', // no values
      'nothing_inside',
    ]);
  });

  test('keeps what surrounds the words', () => {
    expect(events[0]).toEqual({
      type: 'message_received',
      platform: 'meta',
      channel: 'facebook',
      accountId: '501',
      messageId: '9001_11',
      thread: '9001_11',
      author: { id: '77001', name: 'Léa Mirepoix' },
      public: true,
      text: '  Toujours rien reçu… &amp; personne ne répond 😡 ',
      postedAt: '2026-11-22T10:00:00.000Z',
      attachments: ['image'],
      permalink: 'https://facebook.example.com/9001',
    });
    expect(events[1]).toMatchObject({ inReplyTo: '9001_11' });
    expect(events[7]).toMatchObject({ rating: 1 });
    expect(events[9]).toMatchObject({ accountId: '502' });
  });

  test('gives each edit of a message an id of its own, the same on every delivery', () => {
    const editOf = (message: string, time: number) =>
      idOf({ item: 'comment', verb: 'edited', post_id: '1_1', comment_id: '1_2', from: { id: '7' }, message }, time);
    expect(editOf('a', 1795341600)).toBe(editOf('a', 1795341600));
    expect(new Set([editOf('a', 1795341600), editOf('b', 1795341600), editOf('a', 1795341601)]).size).toBe(3);
  });

  function idOf(value: object, time: number): string | undefined {
    const body = { object: 'page', entry: [{ id: '1', time, changes: [{ field: 'feed', value }] }] };
    const result = meta.read(Buffer.from(JSON.stringify(body)), { pathAccount: undefined }, {});
    return result.kind === 'events' ? result.events[0]?.messageId : undefined;
  }
});

test('Messenger: messages, echoes, edits and deletions share the thread of the customer', () => {
  const { events, reasons } = readFixture(meta, 'messenger.json');
  expect(events.map(gist)).toEqual([
    [received, 'm1', 'dm:p1', 'p1', 'Où est ma commande ?'],
    ['own_reply', 'm2', 'dm:p1', '501', 'Elle arrive demain.'],
    ['message_edited', 'm1', 'dm:p1', 'p1', 'Où est ma commande 12 ?'],
    ['message_deleted', 'm3', 'dm:p1', 'p1', ''],
    [received, 'm5', 'dm:p2', 'p2', ''],
    [received, 'm6', 'dm:p3', 'p3', 'Hello?'],
  ]);
  expect(events[0]).toMatchObject({ inReplyTo: 'm0', attachments: ['fallback'], public: false, channel: 'messenger' });
  expect(events[1]).toMatchObject({ toAuthorId: 'p1' });
  expect(events[4]).toMatchObject({ attachments: ['unsupported'], postedAt: '2026-11-22T10:00:00.500Z' });
  expect(events[5]).toMatchObject({ postedAt: '2026-11-22T10:00:05.000Z' });
  expect(reasons).toEqual(['reaction', 'receipt', 'receipt', 'service_event', 'unsupported_event', 'unreadable_part']);
});

test('Instagram: comments in both forms, mentions to fetch, private messages, and the test button', () => {
  const { events, reasons } = readFixture(meta, 'instagram.json');
  expect(events.map(gist)).toEqual([
    [received, 'c1', 'c1', 'ig1', 'Prix ?'],
    ['own_reply', 'c2', 'c1', '178401', 'Réponse en privé'],
    [received, 'c3', 'c3', undefined, ''],
    ['fetch_needed', 'c4', 'c4', undefined, ''],
    [received, 'c5', 'c5', 'ig2', 'Flat'],
    [received, 'd2', 'dm:ig1', 'ig1', ''],
  ]);
  expect(events.map(({ channel }) => channel)).toEqual(Array(6).fill('instagram'));
  expect(events[4]).toMatchObject({ accountId: '178402' });
  expect(reasons).toEqual(['unreadable_part', 'service_event', 'reaction', 'test_event', 'reaction']);
});

test('Threads: values as an object or a list; the root post is the thread', () => {
  const { events, reasons } = readFixture(meta, 'threads.json');
  expect(events.map(gist)).toEqual([
    [received, 't1', 'root', 'milo.verne', 'Déçu'],
    ['own_reply', 't2', 'root', 'norvel', 'Désolés'],
    [received, 't5', 't5', 'milo.verne', '@norvel ?'],
    ['message_deleted', 't5', 't5', 'milo.verne', ''],
  ]);
  expect(events[1]).toMatchObject({ inReplyTo: 't1', accountId: '3301' });
  expect(reasons).toEqual(['unreadable_part', 'own_post', 'unsupported_event']);
});

test('WhatsApp: every type of message, edits and revocations under the original id, echoes of the phone', () => {
  const { events, reasons } = readFixture(meta, 'whatsapp.json');
  expect(events.map(gist)).toEqual([
    [received, 'w1', 'dm:33600000011', '33600000011', 'Bonjour\n\nmon colis ?'],
    [received, 'w2', 'dm:33600000012', '33600000012', 'Cassé'],
    [received, 'w3', 'dm:33600000012', '33600000012', ''],
    [received, 'w4', 'dm:33600000012', '33600000012', 'Remboursement'],
    ['message_edited', 'w1', 'dm:33600000011', '33600000011', 'Bonjour, mon colis 12 ?'],
    ['message_deleted', 'w2', 'dm:33600000012', '33600000012', ''],
    // Told by the user id alone, and found among the contacts.
    [received, 'w9', 'dm:33600000011', '33600000011', ''],
    [received, 'w12', 'group:g1', '33600000012', 'in a group'],
    ['own_reply', 'w20', 'dm:33600000011', '33100000000', 'Il arrive.'],
  ]);
  expect(events[0]).toMatchObject({ accountId: '20100', author: { name: 'Zoé Arlin' }, inReplyTo: 'w0' });
  expect(events[4]).toMatchObject({ messageId: 'w7' });
  expect(events.map(({ attachments }) => attachments?.[0])).toEqual([
    undefined,
    'image',
    'location',
    ...Array(3).fill(undefined),
    'unsupported',
    undefined,
    undefined,
  ]);
  expect(events[8]).toMatchObject({ toAuthorId: '33600000011' });
  expect(reasons).toEqual([
    'reaction',
    'service_event',
    'unreadable_part',
    'unreadable_part',
    'receipt',
    'platform_warning',
  ]);
});

test('reads a thousand updates of one POST', () => {
  const changes = Array.from({ length: 1000 }, (_, n) => ({
    field: 'feed',
    value: { item: 'comment', verb: 'add', post_id: '1_1', comment_id: `1_${n}`, from: { id: `${n}` }, message: 'Hi' },
  }));
  const body = Buffer.from(JSON.stringify({ object: 'page', entry: [{ id: 'page', time: 1795341600, changes }] }));
  const result = meta.read(body, { pathAccount: undefined }, {});
  expect(result).toMatchObject({ kind: 'events', ignored: [] });
  expect(result.kind === 'events' && new Set(result.events.map(({ messageId }) => messageId)).size).toBe(1000);
});

test('keeps ids that come as numbers beyond 2^53 apart', () => {
  const entry = (id: string) => `{"item":"comment","verb":"add","post_id":1,"comment_id":${id},"message":"x"}`;
  const changes = ['90071992547409931', '90071992547409932'].map((id) => `{"field":"feed","value":${entry(id)}}`);
  const body = `{"object":"page","entry":[{"id":1,"changes":[${changes}]}]}`;
  const result = meta.read(Buffer.from(body), { pathAccount: undefined }, {});
  expect(result.kind === 'events' && result.events.map(({ messageId }) => messageId)).toEqual([
    '90071992547409931',
    '90071992547409932',
  ]);
});

test.each([
  ['{', 'not_json'],
  ['"page"', 'wrong_shape'],
  ['{}', 'wrong_shape'],
  ['{"object":"page","entry":{}}', 'wrong_shape'],
])('refuses %s', (body, code) => {
  expect(meta.read(Buffer.from(body), { pathAccount: undefined }, {})).toMatchObject({ kind: 'malformed', code });
});

test.each([
  ['{"object":"page","entry":[]}', 'nothing_inside'],
  ['[]', 'nothing_inside'],
  ['{"object":"user","entry":[{}]}', 'unsupported_event'],
])('takes %s for no message', (body, reason) => {
  expect(meta.read(Buffer.from(body), { pathAccount: undefined }, {})).toEqual({
    kind: 'events',
    events: [],
    ignored: [{ reason }],
  });
});

test.each([
  ['page', '502', 'unknown'],
  ['page', '501', '501'],
  ['instagram', '502', '501'],
])('a private message in the entry of 501 on a %s, written to %s, is one to %s', (object, recipient, accountId) => {
  const item = {
    sender: { id: '88' },
    recipient: { id: recipient },
    timestamp: 1_795_341_600_000,
    message: { mid: 'm_1', text: 'Bonjour' },
  };
  const body = { object, entry: [{ id: '501', time: 1_795_341_600_000, messaging: [item] }] };
  const read = meta.read(Buffer.from(JSON.stringify(body)), { pathAccount: undefined }, {});
  expect(read).toMatchObject({ events: [{ type: received, accountId, author: { id: '88' } }] });
});

describe('handshake', () => {
  const url = (token: string) =>
    `https://hooks.example.com/webhooks/meta?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=${token}`;

  test.each([
    ['the right token', getOf(url('mine%21')), 'mine!', { status: 200, contentType: 'text/plain', body: '1158201444' }],
    ['a wrong token', getOf(url('theirs')), 'mine!', { status: 403, body: '' }],
    ['no token of ours', getOf(url('')), '', { status: 403, body: '' }],
    ['another GET', getOf('https://hooks.example.com/webhooks/meta'), 'mine!', undefined],
    ['a POST', { ...postOf('{}'), url: url('mine%21') }, 'mine!', undefined],
  ])('%s', (_, request, verifyToken, answer) => {
    expect(meta.challenge?.(request, { secrets: ['s'], verifyToken })).toEqual(answer);
  });
});

describe('signature', () => {
  const sha1 = `sha1=${hmac('sha1', 's', '{}').toString('hex')}`;
  const sha256 = `sha256=${hmac('sha256', 's', '{}').toString('hex')}`;

  test.each([
    ['SHA-256', { 'x-hub-signature-256': sha256 }, true],
    ['SHA-1 where nothing better came', { 'x-hub-signature': sha1 }, true],
    ['SHA-1 beside a wrong SHA-256', { 'x-hub-signature': sha1, 'x-hub-signature-256': 'sha256=0' }, false],
    ['SHA-256 in the header of SHA-1', { 'x-hub-signature': sha256 }, false],
    ['without its prefix', { 'x-hub-signature-256': sha256.slice(7) }, false],
  ])('%s', (_, headers, expected) => {
    expect(meta.verify({ ...postOf('{}'), headers }, { secrets: ['next', 's'] }, new Date(0))).toBe(expected);
  });
});
