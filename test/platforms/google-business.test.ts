import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { googleBusiness } from '../../shared/platforms/google-business.ts';
import { postOf, readFixture } from './fixture.ts';

describe('Google Business Profile', () => {
  test.each([
    ['new-review.json', '880001', 'Ab1'],
    ['new-review-snake-case.json', '880002', 'Ab2'],
  ])('asks for the words of the review in %s', (file, messageId, review) => {
    expect(readFixture(googleBusiness, file).events).toEqual([
      {
        type: 'fetch_needed',
        platform: 'google-business',
        channel: 'google_business',
        accountId: 'accounts/7/locations/70',
        messageId,
        messageKey: `accounts/7/locations/70/reviews/${review}`,
        thread: `accounts/7/locations/70/reviews/${review}`,
        author: {},
        public: true,
        text: '',
        postedAt: '2026-11-24T10:00:00.500Z',
      },
    ]);
  });

  test('asks for the words of an updated review too, under a delivery of its own', () => {
    const { events } = readFixture(googleBusiness, 'updated-review.json');
    expect(events).toMatchObject([{ type: 'message_edited', messageId: '880003', unread: true, text: '' }]);
    expect(events[0]?.messageKey).toBe(events[0]?.thread);
  });

  describe('verification', () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const ours = {
      secrets: [pem],
      jwks: { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k1' }] },
      audience: 'https://hooks.example.com/google',
      serviceAccount: 'push@norvel.iam.gserviceaccount.com',
    };
    const now = new Date('2026-11-24T10:00:00Z');
    const { jwks: _, ...withoutKeys } = ours;

    test.each([
      ['a token for us', ours, ours, now, true],
      ['another audience', { ...ours, audience: 'https://elsewhere.example.com' }, ours, now, false],
      ['another service account', { ...ours, serviceAccount: 'other@evil.iam.gserviceaccount.com' }, ours, now, false],
      ['an expired token', ours, ours, new Date('2026-11-24T11:00:01Z'), false],
      ['our own configuration without keys', ours, withoutKeys, now, false],
      ['our own configuration without a service account', ours, { ...ours, serviceAccount: '' }, now, false],
    ])('judges %s', async (_case, signer, judge, at, expected) => {
      const request = postOf('{}');
      const headers = googleBusiness.sign(request, signer, now);
      expect(await googleBusiness.verify({ ...request, headers }, judge, at)).toBe(expected);
    });
  });
});
