import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AccountHealth,
  accountHealthSchema,
  newHealth,
  silenceOf,
  withHour,
  withMessage,
} from '../../shared/domain/account-health.ts';

const hourMs = 3_600_000;
const start = Date.parse('2026-11-02T00:00:00.000Z');
const at = (hours: number) => new Date(start + hours * hourMs).toISOString();
const week = 168;

/** An account that for so many weeks was written to as `inHour` says of each hour, the last time at the end of the last one. */
function used(weeks: number, inHour: (hour: number) => number): AccountHealth {
  let health = newHealth(at(0));
  for (let hour = 0; hour < weeks * week; hour += 1) {
    const count = inHour(hour);
    if (count === 0) continue;
    health = withMessage(withHour(health, at(hour), count), at(hour + 0.99));
  }
  return withMessage(health, at(weeks * week));
}

/** Hours from the last message until silence is noticed, judged every five minutes. */
function noticedAfter(health: AccountHealth, silentAfterHours?: number, from = 8 * week): number | undefined {
  for (let minutes = 0; minutes <= 14 * 24 * 60; minutes += 5) {
    if (silenceOf(health, silentAfterHours, at(from + minutes / 60)) !== undefined) return minutes / 60;
  }
  return undefined;
}

describe('silence', () => {
  const daytime = (perHour: number) => (hour: number) => (hour % 24 >= 8 && hour % 24 < 20 ? perHour : 0);

  test.each<[string, AccountHealth, number | undefined, number | undefined]>([
    ['a busy account, after a quarter of an hour', used(8, () => 120), undefined, 0.25],
    ['twenty an hour, in an hour and a bit', used(8, () => 20), undefined, 1 + 1 / 6],
    ['one an hour, within a day', used(8, () => 1), undefined, 22.25],
    ['one every two hours, after a day, by half as many', used(8, (hour) => (hour % 2 === 0 ? 1 : 0)), undefined, 24],
    ['one a day, after as many days as it takes', used(8, (hour) => (hour % 24 === 9 ? 1 : 0)), undefined, 273.2],
    ['ten an hour by day, not before the morning brings none', used(8, daytime(10)), undefined, 10 + 1 / 3],
    ['an account that nobody ever wrote to, never', newHealth(at(0)), undefined, undefined],
    ['an account with a limit of its own, then at the latest', used(8, () => 0.01), 12, 12],
    ['a busy one with a limit of its own, sooner', used(8, () => 20), 12, 1 + 1 / 6],
  ])('is noticed on %s', (_, health, limit, hours) => {
    const noticed = noticedAfter(health, limit);
    if (hours === undefined) expect(noticed).toBeUndefined();
    else expect(noticed).toBeCloseTo(hours, 0);
  });

  test('counts from the first day on where nobody has ever written', () => {
    expect(silenceOf(newHealth(at(0)), 48, at(47.9))).toBeUndefined();
    expect(silenceOf(newHealth(at(0)), 48, at(48))).toEqual({ since: at(0), expected: 0 });
  });

  test('is expected less of on a day that is less busy than usual', () => {
    const usual = used(8, () => 20);
    let holiday = usual;
    for (let hour = 8 * week; hour < 8 * week + 12; hour += 1) holiday = withHour(holiday, at(hour), 2);
    holiday = withMessage(holiday, at(8 * week + 12));
    expect(noticedAfter(holiday, undefined, 8 * week + 12)).toBeGreaterThan(2.5);
  });

  test('is not what follows a storm', () => {
    const usual = used(8, () => 5);
    const storm = withMessage(withHour(usual, at(8 * week), 5000), at(8 * week + 0.1));
    expect(noticedAfter(storm, undefined, 8 * week + 0.1)).toBeGreaterThan(2);
  });

  test('is not learnt as what is usual', () => {
    const health = used(8, () => 20);
    const learntAfter = (hours: number) =>
      withHour(health, at(8 * week + hours), 20).hours.filter((usual, slot) => usual !== health.hours[slot]).length;
    expect([learntAfter(0), learntAfter(1), learntAfter(30)]).toEqual([1, 2, 1]);
  });
});

describe('the health of an account', () => {
  const counts = fc.array(
    fc.record({ hour: fc.integer({ min: 0, max: 500 }), heard: fc.integer({ min: 0, max: 90 }) }),
    {
      maxLength: 40,
    },
  );
  const made = (some: readonly { readonly hour: number; readonly heard: number }[]) =>
    some.reduce(
      (health, { hour, heard }) => withMessage(withHour(health, at(hour), heard), at(hour)),
      newHealth(at(0)),
    );

  test('holds what its schema says, and counts an hour once', () => {
    fc.assert(
      fc.property(counts, fc.integer({ min: 0, max: 500 }), (some, hour) => {
        const health = made(some);
        expect(accountHealthSchema.parse(health)).toEqual(health);
        const counted = withHour(health, at(hour), 7);
        expect(withHour(counted, at(hour), 7)).toBe(counted);
      }),
    );
  });

  test('once silent, stays so until somebody writes; then it is not', () => {
    fc.assert(
      fc.property(
        counts,
        fc.double({ min: 0, max: 900, noNaN: true }),
        fc.double({ min: 0, max: 900, noNaN: true }),
        (some, a, b) => {
          const health = made(some);
          const [first, second] = [500 + Math.min(a, b), 500 + Math.max(a, b)];
          if (silenceOf(health, undefined, at(first)) === undefined) return;
          expect(silenceOf(health, undefined, at(second))).toBeDefined();
          expect(silenceOf(withMessage(health, at(second)), undefined, at(second))).toBeUndefined();
        },
      ),
    );
  });

  test('is never silent within a quarter of an hour', () => {
    fc.assert(
      fc.property(counts, fc.integer({ min: 0, max: 899 }), (some, seconds) => {
        const health = withMessage(made(some), at(501));
        expect(silenceOf(health, undefined, at(501 + seconds / 3600))).toBeUndefined();
      }),
    );
  });

  test('knows the latest message, in whatever order they come', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 99 }), { minLength: 1 }), (hours) => {
        const health = hours.reduce((sum, hour) => withMessage(sum, at(hour)), newHealth(at(0)));
        expect(health.heardAt).toBe(at(Math.max(...hours)));
      }),
    );
  });
});
