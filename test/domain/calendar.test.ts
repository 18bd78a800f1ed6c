import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Calendar,
  calendarSchema,
  deadlineAfter,
  openMsBetween,
  type Slots,
} from '../../shared/domain/calendar.ts';

const minuteMs = 60_000;
const hours = (count: number) => count * 60 * minuteMs;

function calendar(fields: Partial<Calendar> = {}): Calendar {
  const workday: Slots = [
    [540, 780],
    [840, 1080],
  ];
  return calendarSchema.parse({
    id: 'test',
    version: 'v1',
    zone: 'Europe/Paris',
    weeks: [{ days: [workday, workday, workday, workday, workday, [], []] }],
    closed: ['2026-07-14', '2026-12-25'],
    special: { '2026-12-24': [[540, 720]] },
    ...fields,
  });
}

const always = (zone: string) =>
  calendar({ zone, weeks: [{ days: Array(7).fill([[0, 1440]]) }], closed: [], special: {} });

describe('business time', () => {
  test.each([
    ['within a slot', '2026-07-13T07:00:00.000Z', '2026-07-13T08:30:15.500Z', hours(1.5) + 15_500],
    ['over lunch', '2026-07-13T10:30:00.000Z', '2026-07-13T12:30:00.000Z', hours(1)],
    ['a whole day', '2026-07-12T22:00:00.000Z', '2026-07-13T22:00:00.000Z', hours(8)],
    ['a holiday', '2026-07-13T22:00:00.000Z', '2026-07-14T22:00:00.000Z', 0],
    ['from Friday evening to Monday morning', '2026-07-17T15:00:00.000Z', '2026-07-20T08:00:00.000Z', hours(2)],
    ['a special day', '2026-12-23T23:00:00.000Z', '2026-12-24T23:00:00.000Z', hours(3)],
    ['backwards', '2026-07-13T08:00:00.000Z', '2026-07-13T07:00:00.000Z', -hours(1)],
  ])('%s', (_, from, to, expected) => {
    expect(openMsBetween(calendar(), from, to)).toBe(expected);
  });

  test.each([
    ['spring, Paris', 'Europe/Paris', '2026-03-28T23:00:00.000Z', '2026-03-29T22:00:00.000Z', 23],
    ['autumn, Paris', 'Europe/Paris', '2026-10-24T22:00:00.000Z', '2026-10-25T23:00:00.000Z', 25],
    ['spring, New York', 'America/New_York', '2026-03-08T05:00:00.000Z', '2026-03-09T04:00:00.000Z', 23],
    ['half an hour, Lord Howe', 'Australia/Lord_Howe', '2026-04-04T13:00:00.000Z', '2026-04-05T13:30:00.000Z', 24.5],
  ])('the day of a clock change has the hours it has: %s', (_, zone, from, to, expected) => {
    expect(openMsBetween(always(zone), from, to)).toBe(hours(expected));
  });

  test('a slot in the skipped hour is never open, in the repeated hour it is open twice', () => {
    const night = calendar({ weeks: [{ days: Array(7).fill([[135, 165]]) }], closed: [], special: {} });
    expect(openMsBetween(night, '2026-03-28T23:00:00.000Z', '2026-03-29T22:00:00.000Z')).toBe(0);
    expect(openMsBetween(night, '2026-10-24T22:00:00.000Z', '2026-10-25T23:00:00.000Z')).toBe(hours(1));
  });

  test('new hours hold from their first day on', () => {
    const longer: Slots = [[480, 1200]];
    const changed = calendar({
      weeks: [...calendar().weeks, { from: '2026-07-16', days: Array(7).fill(longer) }],
    });
    expect(openMsBetween(changed, '2026-07-14T22:00:00.000Z', '2026-07-15T22:00:00.000Z')).toBe(hours(8));
    expect(openMsBetween(changed, '2026-07-15T22:00:00.000Z', '2026-07-16T22:00:00.000Z')).toBe(hours(12));
  });
});

describe('a deadline', () => {
  test.each([
    ['within the slot', '2026-07-13T07:00:00.000Z', hours(1), '2026-07-13T08:00:00.000Z'],
    ['at the end of a slot, not the next opening', '2026-07-13T07:00:00.000Z', hours(4), '2026-07-13T11:00:00.000Z'],
    ['over lunch', '2026-07-13T10:30:00.000Z', hours(1), '2026-07-13T12:30:00.000Z'],
    ['asked at 23:59 before a holiday', '2026-07-13T21:59:00.000Z', hours(1), '2026-07-15T08:00:00.000Z'],
    [
      'over Christmas, with its short eve and the weekend',
      '2026-12-24T10:00:00.000Z',
      hours(2),
      '2026-12-28T09:00:00.000Z',
    ],
    ['of no time at all', '2026-07-14T10:00:00.000Z', 0, '2026-07-14T10:00:00.000Z'],
  ])('%s', (_, from, openMs, expected) => {
    expect(deadlineAfter(calendar(), from, openMs)).toBe(expected);
  });

  test('sixty days of business time across years are found at once', () => {
    const from = '2026-01-05T08:00:00.000Z';
    expect(openMsBetween(calendar(), from, deadlineAfter(calendar(), from, hours(8 * 365)))).toBe(hours(8 * 365));
  });
});

/** Asks the wall clock of each minute anew and knows nothing of stretches, offsets or days of different length. */
class MinuteByMinute {
  readonly #calendar: Calendar;
  readonly #wall: Intl.DateTimeFormat;

  constructor(calendar: Calendar) {
    this.#calendar = calendar;
    this.#wall = new Intl.DateTimeFormat('en-GB', {
      timeZone: calendar.zone,
      weekday: 'short',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
  }

  isOpen(instant: number): boolean {
    const part = Object.fromEntries(this.#wall.formatToParts(instant).map(({ type, value }) => [type, value]));
    const date = `${part['year']}-${part['month']}-${part['day']}`;
    const minute = Number(part['hour']) * 60 + Number(part['minute']);
    const weekday = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'].indexOf(part['weekday'] ?? '');
    const { closed, special, weeks } = this.#calendar;
    let slots = weeks.filter(({ from }) => from === undefined || from <= date).at(-1)?.days[weekday] ?? [];
    if (closed.includes(date)) slots = [];
    slots = special[date] ?? slots;
    return slots.some(([start, end]) => minute >= start && minute < end);
  }

  /** Both instants on whole minutes. */
  openMsBetween(from: number, to: number): number {
    let open = 0;
    for (let at = from; at < to; at += minuteMs) if (this.isOpen(at)) open += minuteMs;
    return open;
  }
}

describe('against a count of the minutes, in seven zones, around clock changes', () => {
  /** A day in spring and one in autumn on which each zone's clocks change, or nothing does. */
  const nights = [
    ['Europe/Paris', '2026-03-29', '2026-10-25'],
    ['Europe/Lisbon', '2026-03-29', '2026-10-25'],
    ['America/New_York', '2026-03-08', '2026-11-01'],
    ['America/Sao_Paulo', '2018-02-18', '2018-11-04'],
    ['Australia/Lord_Howe', '2026-04-05', '2026-10-04'],
    ['Africa/Casablanca', '2026-02-15', '2026-03-22'],
    ['Asia/Kolkata', '2026-05-01', '2026-05-02'],
  ] as const;

  const slots = fc
    .uniqueArray(fc.integer({ min: 0, max: 96 }), { minLength: 2, maxLength: 6 })
    .map((quarters): Slots => {
      const bounds = quarters.toSorted((a, b) => a - b).map((quarter) => quarter * 15);
      return bounds.flatMap((start, index): Slots => {
        const end = bounds[index + 1];
        return index % 2 === 1 || end === undefined ? [] : [[start, end]];
      });
    });
  const week = fc.array(fc.oneof(slots, fc.constant<Slots>([])), { minLength: 7, maxLength: 7 });
  const openWeek = fc.tuple(week, fc.nat(6), slots).map(([days, open, own]) => days.with(open, own));

  const cases = fc.constantFrom(...nights).chain(([zone, spring, autumn]) =>
    fc.record({
      zone: fc.constant(zone),
      night: fc.constantFrom(spring, autumn),
      first: openWeek,
      later: openWeek,
      laterFrom: fc.integer({ min: -2, max: 2 }),
      closed: fc.array(fc.integer({ min: -2, max: 3 }), { maxLength: 2 }),
      special: fc.array(fc.tuple(fc.integer({ min: -2, max: 3 }), slots), { maxLength: 2 }),
      startMinute: fc.integer({ min: -2 * 1440, max: 1440 }),
      minutes: fc.integer({ min: 0, max: 3 * 1440 }),
      ms: fc.integer({ min: 0, max: 40 * 3600_000 }),
    }),
  );
  type Sample = typeof cases extends fc.Arbitrary<infer Value> ? Value : never;

  function calendarOf({ zone, night, first, later, laterFrom, closed, special }: Sample): Calendar {
    const date = (days: number) => new Date(Date.parse(night) + days * 86_400_000).toISOString().slice(0, 10);
    return calendar({
      zone,
      weeks: [{ days: first }, { from: date(laterFrom), days: later }],
      closed: closed.map(date),
      special: Object.fromEntries(special.map(([days, own]) => [date(days), own])),
    });
  }

  test('elapsed time is the same, to the millisecond where the ends lie within a minute', () => {
    fc.assert(
      fc.property(cases, fc.nat(59_999), fc.nat(59_999), (sample, head, tail) => {
        const tested = calendarOf(sample);
        const oracle = new MinuteByMinute(tested);
        const from = Date.parse(sample.night) + sample.startMinute * minuteMs;
        const to = from + (sample.minutes + 1) * minuteMs;
        const expected =
          oracle.openMsBetween(from, to) - (oracle.isOpen(from) ? head : 0) + (oracle.isOpen(to) ? tail : 0);
        expect(openMsBetween(tested, iso(from + head), iso(to + tail))).toBe(expected);
      }),
      { numRuns: 150 },
    );
  });

  test('a deadline is the first minute at which the count is reached', () => {
    fc.assert(
      fc.property(cases, fc.integer({ min: 1, max: 600 }), (sample, target) => {
        const tested = calendarOf(sample);
        const oracle = new MinuteByMinute(tested);
        const from = Date.parse(sample.night) + sample.startMinute * minuteMs;
        let at = from;
        for (let left = target; left > 0; at += minuteMs) if (oracle.isOpen(at)) left -= 1;
        expect(deadlineAfter(tested, iso(from), target * minuteMs)).toBe(iso(at));
      }),
      { numRuns: 100 },
    );
  });

  test('deadline and elapsed time undo each other', () => {
    fc.assert(
      fc.property(cases, (sample) => {
        const tested = calendarOf(sample);
        const from = iso(Date.parse(sample.night) + sample.startMinute * minuteMs + (sample.ms % 60_000));
        const deadline = deadlineAfter(tested, from, sample.ms);
        expect(openMsBetween(tested, from, deadline)).toBe(sample.ms);
        const to = iso(Date.parse(from) + sample.minutes * minuteMs);
        const back = deadlineAfter(tested, from, openMsBetween(tested, from, to));
        expect(back <= to).toBe(true);
        expect(openMsBetween(tested, back, to)).toBe(0);
      }),
      { numRuns: 1000 },
    );
  });

  test('time adds up', () => {
    fc.assert(
      fc.property(cases, (sample) => {
        const tested = calendarOf(sample);
        const from = iso(Date.parse(sample.night) + sample.startMinute * minuteMs);
        const middle = iso(Date.parse(from) + sample.ms);
        const to = iso(Date.parse(from) + sample.ms + sample.minutes * minuteMs);
        expect(openMsBetween(tested, from, middle) + openMsBetween(tested, middle, to)).toBe(
          openMsBetween(tested, from, to),
        );
      }),
      { numRuns: 500 },
    );
  });

  function iso(instant: number): string {
    return new Date(instant).toISOString();
  }
});

test.each([
  ['an unknown zone', { zone: 'Europe/Atlantis' }],
  ['a week without an open slot', { weeks: [{ days: Array(7).fill([]) }] }],
  [
    'overlapping slots',
    {
      special: {
        '2026-01-02': [
          [540, 720],
          [700, 800],
        ],
      },
    },
  ],
  ['a slot that ends before it starts', { special: { '2026-01-02': [[720, 540]] } }],
  ['a day that does not exist', { closed: ['2026-02-30'] }],
  [
    'weeks out of order',
    { weeks: [{ from: '2026-02-01', days: Array(7).fill([[0, 60]]) }, { days: Array(7).fill([[0, 60]]) }] },
  ],
])('%s is no calendar', (_, fields) => {
  expect(calendarSchema.safeParse({ ...calendar(), ...fields }).success).toBe(false);
});
