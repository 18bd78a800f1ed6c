import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyEvent } from '../../shared/domain/apply-event.ts';
import type { Case, CaseEvent, Effect } from '../../shared/domain/case.ts';
import { nextDue } from '../../shared/domain/case-clocks.ts';
import { parseCaseId } from '../../shared/domain/case-ids.ts';
import { verdictOf } from '../../shared/domain/clocks.ts';
import {
  caseOf,
  conversationWith,
  deleted,
  edited,
  noise,
  noonPlus,
  outcomeOf,
  received,
  replied,
  routine,
  sensitive,
} from '../support/samples.ts';

const conversation = conversationWith('claire');

function fold(before: Case | undefined, event: CaseEvent) {
  const transition = applyEvent(before, event, conversation);
  if (transition.kind === 'refused') throw new Error(transition.reason);
  return transition;
}

function refusal(before: Case | undefined, event: CaseEvent) {
  const transition = applyEvent(before, event, conversation);
  return transition.kind === 'refused' ? transition.reason : 'changed';
}

function fired(subject: Case): CaseEvent {
  const due = nextDue(subject);
  if (due === undefined) throw new Error('nothing is due');
  return { type: 'timer_fired', id: `timer:${due.dueAt}`, at: due.dueAt, recordedAt: due.dueAt, ...due };
}

function kinds(effects: readonly Effect[]): string[] {
  return effects.map((effect) => `${effect.kind}${effect.kind === 'escalate' ? '' : ` ${effect.desk} ${effect.lane}`}`);
}

describe('a first message', () => {
  test('opens a case, offers it and starts both clocks', () => {
    const { case: opened, effects } = fold(undefined, received('m1', 0));
    expect(opened).toMatchObject({
      number: 1,
      version: 1,
      state: 'open',
      route: 'vendor',
      desk: 'vendor_atlas',
      fence: 1,
    });
    expect(kinds(effects)).toEqual(['offer vendor_atlas standard']);
    expect(opened.clocks.first_reply?.dueAt).toBe(noonPlus(60));
    expect(opened.clocks.resolution?.dueAt).toBe(noonPlus(1440));
    expect(nextDue(opened)).toEqual({ clock: 'first_reply', dueAt: noonPlus(60) });
  });

  test('set aside is kept, offered to nobody and promised nothing', () => {
    const { case: kept, effects } = fold(undefined, received('m1', 0, noise));
    expect(kept).toMatchObject({ state: 'set_aside', clocks: {} });
    expect(effects).toEqual([]);
    expect(nextDue(kept)).toBeUndefined();
  });

  test('urgent goes to the urgent lane', () => {
    expect(kinds(fold(undefined, received('m1', 0, sensitive)).effects)).toEqual(['offer in_house urgent']);
  });
});

describe('more of a conversation', () => {
  test('a second routine message updates the same offer', () => {
    const { case: subject, effects } = fold(caseOf([received('m1', 0)]), received('m2', 5));
    expect(kinds(effects)).toEqual(['update vendor_atlas standard']);
    expect(subject.messages).toMatchObject({ count: 2, firstAt: noonPlus(0), lastAt: noonPlus(5) });
    expect(subject.clocks.first_reply?.dueAt).toBe(noonPlus(60));
  });

  test('rising risk recalls the vendor and offers in-house under a new fence', () => {
    const { case: subject, effects } = fold(caseOf([received('m1', 0)]), received('m2', 5, sensitive));
    expect(kinds(effects)).toEqual(['recall vendor_atlas standard', 'offer in_house urgent']);
    expect(subject).toMatchObject({ desk: 'in_house', fence: 2, reasons: ['safety'], priority: 'urgent' });
    expect(subject.clocks.first_reply?.dueAt).toBe(noonPlus(20));
  });

  test('a soothing message does not take a case out of the house', () => {
    const { case: subject, effects } = fold(caseOf([received('m1', 0, sensitive)]), received('m2', 5, routine));
    expect(subject).toMatchObject({ desk: 'in_house', reasons: ['safety'] });
    expect(kinds(effects)).toEqual(['update in_house urgent']);
  });

  test('an edit can raise the risk', () => {
    const { effects } = fold(caseOf([received('m1', 0)]), edited('m1', 3, sensitive));
    expect(kinds(effects)).toEqual(['recall vendor_atlas standard', 'offer in_house urgent']);
  });

  test('when the author has deleted everything the offer is withdrawn and the clocks are still', () => {
    const before = caseOf([received('m1', 0), received('m2', 1), deleted('m1', 2)]);
    expect(before.state).toBe('open');
    const { case: subject, effects } = fold(before, deleted('m2', 3));
    expect(subject.state).toBe('withdrawn');
    expect(kinds(effects)).toEqual(['erase vendor_atlas standard', 'recall vendor_atlas standard']);
    expect(nextDue(subject)).toBeUndefined();
    expect(subject.messages.recent).toEqual([]);
  });
});

describe('the first-reply clock', () => {
  test('ends with the brand’s own reply, judged by when it was sent', () => {
    const subject = caseOf([received('m1', 0), replied(59)]);
    expect(subject.state).toBe('answered');
    expect(subject.clocks.first_reply).toMatchObject({ fulfilledAt: noonPlus(59) });
    expect(nextDue(subject)?.clock).toBe('resolution');
  });

  test('a reply that is learnt of after the breach still counts when it was sent', () => {
    const late = caseOf([received('m1', 0)]);
    const breached = fold(late, fired(late)).case;
    const clock = fold(breached, replied(30)).case.clocks.first_reply;
    expect(clock === undefined ? undefined : verdictOf(clock)).toBe('met');
  });

  test('a reply from before the message does not count', () => {
    expect(caseOf([replied(-10), received('m1', 0)]).clocks.first_reply?.fulfilledAt).toBeUndefined();
  });
});

describe('a breach', () => {
  test('of a vendor takes the case in-house, raises its priority and tells people', () => {
    const before = caseOf([received('m1', 0)]);
    const { case: subject, effects } = fold(before, fired(before));
    expect(kinds(effects)).toEqual(['recall vendor_atlas standard', 'offer in_house urgent', 'escalate']);
    expect(subject).toMatchObject({ desk: 'in_house', priority: 'high', fence: 2 });
    expect(refusal(subject, fired(before))).toBe('stale_timer');
  });

  test('in-house raises the priority and tells people', () => {
    const before = caseOf([received('m1', 0, { ...sensitive, priority: 'normal' })]);
    const { case: subject, effects } = fold(before, fired(before));
    expect(subject.priority).toBe('high');
    expect(kinds(effects)).toEqual(['recall in_house standard', 'offer in_house urgent', 'escalate']);
  });

  test('never comes for a promise that was kept, a resolved or a withdrawn case', () => {
    const open = caseOf([received('m1', 0)]);
    const timer = fired(open);
    for (const event of [replied(5), outcomeOf(open, 'resolved', 5), deleted('m1', 5)]) {
      expect(refusal(fold(open, event).case, timer)).toBe('stale_timer');
    }
  });
});

describe('an outcome', () => {
  const open = caseOf([received('m1', 0)]);

  test.each([
    ['claimed', 'open', undefined],
    ['answered', 'answered', noonPlus(10)],
    ['waiting_for_customer', 'waiting', noonPlus(10)],
    ['resolved', 'resolved', noonPlus(10)],
  ] as const)('%s leaves the case %s', (type, state, firstReplyAt) => {
    const subject = fold(open, outcomeOf(open, type, 10)).case;
    expect(subject.state).toBe(state);
    expect(subject.offer?.claimed).toBe(type !== 'claimed' || subject.offer?.claimed);
    expect(subject.clocks.first_reply?.fulfilledAt).toBe(firstReplyAt);
  });

  test('handed back goes in-house', () => {
    const { case: subject, effects } = fold(open, outcomeOf(open, 'handed_back', 10));
    expect(kinds(effects)).toEqual(['recall vendor_atlas standard', 'offer in_house standard']);
    expect(subject).toMatchObject({ desk: 'in_house', route: 'in_house', because: 'handed back: out of scope' });
  });

  test('with an old fence, of another desk, for a closed or unknown case changes nothing', () => {
    const late = outcomeOf(open, 'answered', 20);
    expect(refusal(fold(open, received('m2', 5, sensitive)).case, late)).toBe('stale_fence');
    expect(refusal(open, { ...late, desk: 'vendor_boreal' })).toBe('foreign_desk');
    expect(refusal(fold(open, outcomeOf(open, 'resolved', 5)).case, late)).toBe('case_closed');
    expect(refusal(undefined, late)).toBe('unknown_case');
  });
});

describe('after the end', () => {
  const open = caseOf([received('m1', 0)]);
  const resolved = fold(open, outcomeOf(open, 'resolved', 10)).case;

  test('a new message opens a new case that names the old one', () => {
    const { case: next, closes } = applied(resolved, received('m2', 60));
    expect(next).toMatchObject({ number: 2, previous: resolved.id, state: 'open', fence: 1, messages: { count: 1 } });
    expect(closes).toEqual(resolved);
  });

  test.each([
    [
      'reopens it in time, with a new offer',
      60,
      routine,
      { number: 1, state: 'open', fence: 2, messages: { count: 2 } },
    ],
    ['opens the next one later', 75, routine, { number: 2, previous: resolved.id, state: 'open', fence: 1 }],
    ['and of noise opens nothing again', 60, noise, { number: 2, state: 'set_aside' }],
  ])('a new message under a policy that reopens for an hour %s', (_, minutes, decision, expected) => {
    const event = { ...received('m2', minutes, decision), reopenWithinSeconds: 3600 };
    const { case: next, closes, told } = applied(resolved, event);
    expect(next).toMatchObject(expected);
    expect(closes).toEqual(next.number === 1 ? undefined : resolved);
    if (next.number === 1) {
      expect(next.closedAt).toBeUndefined();
      expect(told).toEqual(['recall vendor_atlas standard', 'offer vendor_atlas standard']);
      expect(next.clocks.first_reply).toMatchObject({ startedAt: noonPlus(60), dueAt: noonPlus(120) });
      expect(refusal(next, outcomeOf(open, 'answered', 61))).toBe('stale_fence');
    }
  });

  test('an edit reopens only when it is more serious', () => {
    const harmless = fold(resolved, edited('m1', 20, routine)).case;
    expect(harmless).toMatchObject({ state: 'resolved', clocks: resolved.clocks });
    // Whoever reopens the case is shown the last words.
    expect(harmless.messages.recent.map(({ eventId }) => eventId)).toEqual([
      'message_received:m1',
      'message_edited:m1:20',
    ]);
    const { case: reopened, effects } = fold(resolved, edited('m1', 20, sensitive));
    expect(reopened).toMatchObject({ state: 'open', desk: 'in_house' });
    expect(kinds(effects)).toContain('offer in_house urgent');
  });

  function applied(before: Case, event: CaseEvent) {
    const transition = fold(before, event);
    return { case: transition.case, closes: transition.closes, told: kinds(transition.effects) };
  }
});

describe('in any order of delivery', () => {
  const decisions = [
    routine,
    sensitive,
    noise,
    { ...routine, priority: 'high' as const, rule: 'refund' },
    { ...sensitive, reasons: ['legal' as const], rule: 'legal' },
  ];
  const message = fc
    .tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 600 }), fc.constantFrom(...decisions))
    .map(([key, minutes, decision]): CaseEvent => received(`m${key}`, minutes, decision));
  const reply = fc.integer({ min: -60, max: 900 }).map(replied);
  const events = fc.uniqueArray(fc.oneof({ weight: 3, arbitrary: message }, { weight: 1, arbitrary: reply }), {
    selector: ({ id }) => id,
    minLength: 1,
    maxLength: 7,
  });

  /** What must not depend on the order: all but counters of hand-overs, which tell how often the world was told. */
  const essence = ({ version: _, fence: __, offer, state: ___, ...rest }: Case) => ({
    ...rest,
    offeredTo: offer?.desk,
  });

  test('messages and replies end in the same place, with the same promises and verdicts', () => {
    fc.assert(
      fc.property(
        events.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
        ([all, shuffled]) => {
          expect(essence(caseOf(shuffled))).toEqual(essence(caseOf(all)));
        },
      ),
      { numRuns: 500 },
    );
  });

  test('an offer is live at one desk at most, and every other was recalled', () => {
    fc.assert(
      fc.property(events, (all) => {
        const live = new Set<string>();
        let subject: Case | undefined;
        for (const event of all) {
          const transition = fold(subject, event);
          subject = transition.case;
          for (const effect of transition.effects) {
            if (effect.kind === 'offer') live.add(effect.offerId);
            if (effect.kind === 'recall') live.delete(effect.offerId);
          }
        }
        expect([...live]).toEqual(subject?.offer === undefined ? [] : [subject.offer.id]);
      }),
      { numRuns: 500 },
    );
  });
});

test('a case id is read back into its parts, and nothing else is', () => {
  expect(parseCaseId(caseOf([received('m1', 0)]).id)).toMatchObject({ number: 1 });
  for (const text of [
    '',
    'x',
    '../secrets',
    `${'0'.repeat(20)}-${'0'.repeat(10)}-0`,
    `${'0'.repeat(20)}-${'0'.repeat(10)}-1 `,
  ]) {
    expect(parseCaseId(text)).toBeUndefined();
  }
});
