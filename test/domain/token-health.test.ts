import { expect, test } from 'vitest';
import { daysLeft, isToBeAsked } from '../../shared/domain/token-health.ts';

const now = '2026-11-22T10:00:00.000Z';
const known = { fingerprint: 'a', askedAt: '2026-11-22T09:00:00.000Z', isValid: true };

test.each([
  ['one without an end', {}, undefined],
  ['one that has ended', { isValid: false }, 0],
  ['one that ended since it was asked about', { endsAt: '2026-11-22T10:00:00.000Z' }, 0],
  ['one that ends tonight', { endsAt: '2026-11-22T22:00:00.000Z' }, 1],
  ['one that ends in a fortnight', { endsAt: '2026-12-06T10:00:00.000Z' }, 14],
  ['one that ends later', { endsAt: '2026-12-06T10:00:00.001Z' }, undefined],
])('of a token, %s, %o: %s days are told', (_, told, days) => {
  expect(daysLeft({ ...known, ...told }, now)).toBe(days);
});

test('a token is asked about when it is new, when it is another one, and once a day', () => {
  expect([
    isToBeAsked(undefined, 'a', now),
    isToBeAsked(known, 'b', now),
    isToBeAsked(known, 'a', now),
    isToBeAsked(known, 'a', '2026-11-23T08:59:59.999Z'),
    isToBeAsked(known, 'a', '2026-11-23T09:00:00.000Z'),
  ]).toEqual([true, true, false, false, true]);
});
