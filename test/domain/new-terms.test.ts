import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Calendar, isOpen } from '../../shared/domain/calendar.ts';
import type { Case, CaseEvent } from '../../shared/domain/case.ts';
import { verdictOf } from '../../shared/domain/clocks.ts';
import type { Targets } from '../../shared/domain/decision.ts';
import { termsChange } from '../../shared/domain/new-terms.ts';
import type { Policy } from '../../shared/domain/policy.ts';
import { caseOf, conversationWith, noonPlus, outcomeOf, received, replied, routine } from '../support/samples.ts';
import { World } from '../support/world.ts';

const calendarNamed = (id: string, zone: string, slots: [number, number][]): Calendar => ({
  id,
  version: `${id}-1`,
  zone,
  weeks: [{ days: Array.from({ length: 7 }, () => slots) }],
  closed: [],
  special: {},
});
const calendars = [
  calendarNamed('morning', 'Europe/Paris', [[540, 780]]),
  calendarNamed('day', 'Etc/UTC', [
    [480, 720],
    [780, 1080],
  ]),
];
const minute = 60;
const targets = (minutes: number, calendar?: string): Targets => ({
  firstReplySeconds: minutes * minute,
  nextReplySeconds: minutes * minute,
  resolutionSeconds: minutes * minute,
  ...(calendar === undefined ? {} : { calendar }),
});

function policyWith(target: Targets, onChange?: 'carry' | 'restart'): Policy {
  const normal = { ...target, ...(onChange === undefined ? {} : { onChange }) };
  return {
    ...new World().dependencies.policy,
    version: 'p2',
    sla: { vendor_atlas: { normal } },
    calendars: Object.fromEntries(calendars.map((one) => [one.id, one])),
  };
}

function writes(key: string, minutes: number, target: Targets): Extract<CaseEvent, { type: 'message_received' }> {
  return { ...received(key, minutes, { ...routine, targets: target }), calendars };
}

/** The case after the policy changed at a minute; fails the test when nothing changes. */
function changed(subject: Case, first: Targets, then: Targets, how: 'carry' | 'restart', minutes: number): Case {
  const change = termsChange(subject, [writes('m1', 0, first)], policyWith(then, how), noonPlus(minutes));
  if (change === undefined) throw new Error('nothing changes');
  return caseOf([change], conversationWith('claire'), subject);
}

/** Minutes from one to another in which a clock runs, counted one by one. */
function minutesRun(
  from: number,
  to: number,
  calendar: Calendar | undefined,
  pause: readonly [number, number],
): number {
  let count = 0;
  for (let at = from; at < to; at += 1) {
    const paused = at >= pause[0] && at < pause[1];
    if (!paused && (calendar === undefined || isOpen(calendar, noonPlus(at)))) count += 1;
  }
  return count;
}

const calendarOf = (id: string | undefined) => calendars.find((one) => one.id === id);
const calendarId = fc.constantFrom(undefined, 'morning', 'day');

test('carry: what has passed by the old calendar counts, pauses stay pauses, and nothing falls due before the change', () => {
  fc.assert(
    fc.property(
      fc.record({
        before: fc.record({ minutes: fc.integer({ min: 1, max: 900 }), calendar: calendarId }),
        after: fc.record({ minutes: fc.integer({ min: 1, max: 900 }), calendar: calendarId }),
        pausedAt: fc.integer({ min: 1, max: 400 }),
        pausedFor: fc.integer({ min: 1, max: 400 }),
        changedAt: fc.integer({ min: 1, max: 900 }),
      }),
      ({ before, after, pausedAt, pausedFor, changedAt }) => {
        const [first, then] = [targets(before.minutes, before.calendar), targets(after.minutes, after.calendar)];
        fc.pre(JSON.stringify(first) !== JSON.stringify(then));
        const asked = caseOf([writes('m1', 0, first)]);
        const pause = [pausedAt, pausedAt + pausedFor] as const;
        const story = [
          outcomeOf(asked, 'waiting_for_customer', pause[0]),
          writes('m2', pause[1], pause[1] < changedAt ? first : then),
        ];
        const resumed = caseOf(story, conversationWith('claire'), asked);
        const untouched = resumed.clocks.resolution?.dueAt ?? '';
        const spent = minutesRun(0, changedAt, calendarOf(before.calendar), pause);
        const { dueAt = '' } = changed(resumed, first, then, 'carry', changedAt).clocks.resolution ?? {};
        if (untouched <= noonPlus(changedAt)) {
          expect(dueAt, 'broken stays broken').toBe(untouched);
          return;
        }
        const due = (Date.parse(dueAt) - Date.parse(noonPlus(0))) / 60_000;
        const left = Math.max(0, after.minutes - spent);
        expect(dueAt >= noonPlus(changedAt)).toBe(true);
        // The second message is promised the same from later on: the first one's deadline is the nearer.
        expect(minutesRun(changedAt, due, calendarOf(after.calendar), pause)).toBe(left);
      },
    ),
    { numRuns: 200 },
  );
});

describe('a change of terms', () => {
  const [long, short] = [targets(120), targets(60)];
  const asked = caseOf([writes('m1', 0, long)]);

  test('carried when more has passed than is left falls due at the change', () => {
    expect(changed(asked, long, short, 'carry', 90).clocks.first_reply?.dueAt).toBe(noonPlus(90));
  });

  test('that restarts gives the whole time from the change on', () => {
    expect(changed(asked, long, short, 'restart', 90).clocks.first_reply).toMatchObject({
      startedAt: noonPlus(90),
      dueAt: noonPlus(150),
      policyVersion: 'p2',
    });
  });

  test('leaves what was broken broken, and what was answered in time kept, also when that is learnt of later', () => {
    expect(changed(asked, long, targets(300), 'restart', 130).clocks.first_reply?.dueAt).toBe(noonPlus(120));
    const shortened = changed(asked, long, short, 'carry', 100);
    const late = caseOf([replied(99)], conversationWith('claire'), shortened).clocks.first_reply;
    expect(late?.dueAt).toBe(noonPlus(120));
    expect(late && verdictOf(late)).toBe('met');
  });

  test('a second one starts from the first', () => {
    const once = changed(asked, long, short, 'carry', 30);
    const twice = termsChange(
      once,
      [writes('m1', 0, long)],
      { ...policyWith(long, 'carry'), version: 'p3' },
      noonPlus(40),
    );
    if (twice === undefined) throw new Error('nothing changes');
    expect(caseOf([twice], conversationWith('claire'), once).clocks.first_reply?.dueAt).toBe(noonPlus(120));
  });

  test.each([
    ['keeps', termsChange(asked, [writes('m1', 0, long)], policyWith(short), noonPlus(5))],
    ['promises the same', termsChange(asked, [writes('m1', 0, long)], policyWith(long, 'restart'), noonPlus(5))],
    [
      'is made already',
      termsChange(
        changed(asked, long, short, 'carry', 5),
        [writes('m1', 0, long)],
        policyWith(short, 'restart'),
        noonPlus(6),
      ),
    ],
  ])('that %s is no event', (_, change) => {
    expect(change).toBeUndefined();
  });

  test('moves what the desk owes, as far as a heartbeat has moved it', () => {
    const owing = { ...long, claimSeconds: 10 * minute, answerSeconds: 60 * minute };
    const offered = caseOf([writes('m1', 0, owing)]);
    const beating = caseOf([outcomeOf(offered, 'heartbeat', 31)], conversationWith('claire'), offered);
    const halved = { ...owing, answerSeconds: 30 * minute };
    const { answer, claim } = changed(beating, owing, halved, 'carry', 41).offer?.lease ?? {};
    expect(answer).toMatchObject({ dueAt: noonPlus(61), seconds: 1800, policyVersion: 'p2' });
    expect(claim).toEqual(beating.offer?.lease.claim);
  });
});
