import { describe, expect, test } from 'vitest';
import { youtube } from '../../shared/platforms/youtube.ts';
import { getOf, readFixture } from './fixture.ts';

const topic = 'https://www.youtube.com/xml/feeds/videos.xml?channel_id=UCnorvel';

describe('YouTube', () => {
  test("ignores the channel's own videos, one reason for each", () => {
    expect(readFixture(youtube, 'two-entries.xml')).toEqual({ events: [], reasons: ['own_post', 'own_post'] });
  });

  test('refuses what is no feed', () => {
    expect(youtube.read(Buffer.from('{"feed":1}'), { pathAccount: undefined }, {})).toMatchObject({
      kind: 'malformed',
    });
  });

  test.each([
    ['a subscription without a token where none is set', undefined, { 'hub.mode': 'subscribe' }, 200],
    ['a subscription with our token', 'tok', { 'hub.mode': 'subscribe', 'hub.verify_token': 'tok' }, 200],
    ['a subscription without our token', 'tok', { 'hub.mode': 'subscribe' }, 404],
    ['a stranger who ends the subscription', undefined, { 'hub.mode': 'unsubscribe' }, 404],
    ['an end of the subscription with our token', 'tok', { 'hub.mode': 'unsubscribe', 'hub.verify_token': 'tok' }, 200],
    ['another topic', undefined, { 'hub.mode': 'subscribe', 'hub.topic': 'https://example.com/feed' }, 404],
  ])('answers %s', (_, verifyToken, changes, status) => {
    const query = new URLSearchParams({ 'hub.topic': topic, 'hub.challenge': '4711', ...changes });
    const secrets = verifyToken === undefined ? { secrets: ['s'] } : { secrets: ['s'], verifyToken };
    const answer = youtube.challenge?.(getOf(`https://hooks.example.com/webhooks/youtube?${query}`), secrets);
    expect([answer?.status, answer?.body]).toEqual([status, status === 200 ? '4711' : '']);
  });
});
