import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyEvent } from '../../shared/domain/apply-event.ts';
import type { Assessment } from '../../shared/domain/assessment.ts';
import type { Calendar } from '../../shared/domain/calendar.ts';
import type { Case, CaseEvent } from '../../shared/domain/case.ts';
import type { Ladder } from '../../shared/domain/escalation.ts';
import type { Desk, Policy } from '../../shared/domain/policy.ts';
import { createRouter } from '../../shared/domain/routing.ts';
import { chooseVendor, earnedWeight, recordOf, type Standings } from '../../shared/domain/vendors.ts';
import {
  caseOf,
  conversationWith,
  inboundMessage,
  noonPlus,
  outcomeOf,
  received,
  routine,
} from '../support/samples.ts';

const officeHours: Calendar = {
  id: 'office',
  version: 'c1',
  zone: 'Europe/Paris',
  weeks: [{ days: [...Array.from({ length: 5 }, (): [number, number][] => [[540, 1080]]), [], []] }],
  closed: [],
  special: {},
};
const french: Assessment = {
  language: { code: 'fr', confidence: 1, source: 'local' },
  signals: [],
  topics: [{ topic: 'order_delivery', confidence: 0.9 }],
  abusive: false,
  pii: [],
  missing: [],
};
const message = inboundMessage('m1', 'Où est mon colis ?');
const vendor = (fields: Partial<Desk> = {}): Desk => ({ kind: 'outsourced', title: 'Vendor', ...fields });

function choose(desks: Record<string, Desk>, at?: string, written = message) {
  return chooseVendor(Object.keys(desks), written, french, { desks, calendars: { office: officeHours } }, at);
}

describe('an outsourced desk is passed over, with the reason, when it', () => {
  test.each([
    ['does not read the language', { languages: ['en'] }, 'one does not read fr'],
    ['does not take the topic', { topics: ['billing' as const] }, 'one does not take order_delivery'],
    ['does not answer on the channel', { channels: ['x'] }, 'one does not answer on messenger'],
    ['is closed', { hours: 'office' }, 'one is closed at 2026-03-02T19:00:00.000Z'],
  ])('%s', (_, fields, because) => {
    expect(choose({ one: vendor(fields) }, '2026-03-02T19:00:00.000Z')).toMatchObject({
      fitting: [],
      passedOver: [because],
    });
  });

  test('has its agreed backlog, until one of its cases is answered', () => {
    const desks = { one: vendor({ backlog: 3 }), two: vendor({ languages: ['en'], backlog: 3 }) };
    const chosen = (open: number) => {
      const standings: Standings = { one: { open, kept: 0, broken: 0 } };
      return chooseVendor(['one', 'two'], message, french, { desks }, undefined, standings);
    };
    expect(chosen(2).fitting).toEqual(['one']);
    expect(chosen(3)).toEqual({
      fitting: [],
      away: ['one'],
      passedOver: ['one has its agreed backlog of 3 cases', 'two does not read fr'],
    });
  });
});

describe('where shares are earned', () => {
  const counts = fc.record({ kept: fc.nat(2_000), broken: fc.nat(2_000) });

  test('a weight falls with each broken clock, rises with each kept one, and is never above what was agreed nor nothing', () => {
    fc.assert(
      fc.property(counts, fc.double({ min: 0.01, max: 100, noNaN: true }), (standing, weight) => {
        const earned = earnedWeight(weight, standing);
        expect(earned).toBeLessThanOrEqual(weight);
        expect(earned).toBeGreaterThanOrEqual(weight * 0.0999);
        const { kept, broken } = standing;
        expect(earnedWeight(weight, { kept, broken: broken + 1 })).toBeLessThanOrEqual(earned);
        expect(earnedWeight(weight, { kept: kept + 1, broken })).toBeGreaterThanOrEqual(earned);
      }),
    );
    expect(earnedWeight(2, { kept: 500, broken: 0 })).toBe(2);
  });

  test('the decision says what each weight counts for, and why', () => {
    const desks = { one: vendor({ weight: 3 }), two: vendor() };
    const standings: Standings = { one: { open: 0, kept: 60, broken: 20 }, two: { open: 0, kept: 10, broken: 0 } };
    const { fitting, passedOver } = chooseVendor(
      ['one', 'two'],
      message,
      french,
      { desks, shares: 'earned' },
      undefined,
      standings,
    );
    expect(passedOver).toEqual([
      `${fitting[1]} fits too; this conversation is ${fitting[0]}'s by shares one 3, which counts as 1.92 after 60 clocks kept and 20 broken lately, two 1, which counts as 1.00 after 10 clocks kept and 0 broken lately`,
    ]);
    expect(chooseVendor(['one', 'two'], message, french, { desks }, undefined, standings).passedOver[0]).toMatch(
      /by shares one 3, two 1$/,
    );
  });

  test.each<[string, (asked: Case) => readonly CaseEvent[], { kept: number; broken: number } | undefined]>([
    ['a claim in time', (asked) => [outcomeOf(asked, 'claimed', 5)], { kept: 1, broken: 0 }],
    ['a claim too late', (asked) => [outcomeOf(asked, 'claimed', 15)], { kept: 0, broken: 1 }],
    ['an answer in time, never claimed', (asked) => [outcomeOf(asked, 'answered', 9)], { kept: 2, broken: 0 }],
    ['a claim that never comes', () => [timer(11)], { kept: 0, broken: 1 }],
    ['a case handed back', (asked) => [outcomeOf(asked, 'handed_back', 5)], undefined],
  ])('%s counts', (_, events, counted) => {
    const asked = caseOf([received('m1', 0, owing)]);
    const [event] = events(asked);
    if (event === undefined) throw new Error('no event');
    const after = caseOf([event], conversationWith('claire'), asked);
    expect(recordOf(asked, event, after)).toEqual(counted && { desk: 'vendor_atlas', ...counted });
  });
});

const owing = {
  ...routine,
  targets: { firstReplySeconds: 7200, resolutionSeconds: 86_400, claimSeconds: 600, answerSeconds: 3600 },
};

/** The moment at which the claim of an offer made a minute after noon falls due. */
function timer(minutes: number): Extract<CaseEvent, { type: 'timer_fired' }> {
  const at = noonPlus(minutes);
  return { type: 'timer_fired', id: `timer:${minutes}`, at, recordedAt: at, clock: 'claim', dueAt: at };
}

test('a desk that declares all that the message asks for fits, and hours count only where a moment is given', () => {
  const desk = vendor({ languages: ['fr'], topics: ['order_delivery'], channels: ['messenger'], hours: 'office' });
  expect(choose({ one: desk }, '2026-03-02T12:00:00.000Z').fitting).toEqual(['one']);
  expect(choose({ one: desk }).fitting).toEqual(['one']);
});

describe('among several that fit', () => {
  const desks = { one: vendor({ weight: 3 }), two: vendor(), three: vendor({ weight: 0.000_001 }) };
  const of = (author: string) => inboundMessage('m1', 'Bonjour', { thread: author, author: { id: author } });

  test('each gets its share by weight', () => {
    const counts = new Map<string, number>();
    for (let index = 0; index < 4_000; index += 1) {
      const [chosen = 'none'] = choose(desks, undefined, of(`customer ${index}`)).fitting;
      counts.set(chosen, (counts.get(chosen) ?? 0) + 1);
    }
    expect(counts.get('one')).toBeGreaterThan(2_900);
    expect(counts.get('one')).toBeLessThan(3_100);
    expect(counts.get('three') ?? 0).toBeLessThan(5);
  });

  test('a conversation falls to the same desk each time, and only moves when that desk goes', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom('one', 'two', 'three'), (author, leaving) => {
        const [chosen] = choose(desks, undefined, of(author)).fitting;
        const { [leaving]: _, ...rest } = { ...desks };
        const [now] = choose(rest, undefined, of(author)).fitting;
        if (chosen !== leaving) expect(now).toBe(chosen);
      }),
    );
  });

  test('it is said which others fit', () => {
    const { fitting, passedOver } = choose({ one: vendor(), two: vendor() });
    expect(passedOver).toEqual([`${fitting[1]} fits too; this conversation is ${fitting[0]}'s by shares one 1, two 1`]);
  });
});

describe('a rule that leads to any outsourced desk', () => {
  const policy: Policy = {
    version: 'p1',
    desks: {
      in_house: { kind: 'in_house', title: 'In-house' },
      day: vendor({ hours: 'office' }),
      english: vendor({ languages: ['en'] }),
    },
    accounts: [{ channel: 'messenger', id: '100200300', title: 'Page', purpose: 'after_sales', languages: ['fr'] }],
    routing: {
      rules: [{ id: 'routine', when: { routine: true }, to: 'outsourced', priority: 'normal', because: 'routine' }],
      default: { to: 'in_house', priority: 'normal', because: 'default' },
    },
    score: { holds: { default: 0.5 }, reasons: {}, parts: [] },
    sla: { day: { normal: { firstReplySeconds: 60, resolutionSeconds: 600 } } },
    calendars: { office: officeHours },
    lexicons: [],
  };
  const { decide } = createRouter(policy);

  test('gives the case to one that fits, with that desk’s promises', () => {
    expect(decide(message, french, '2026-03-02T12:00:00.000Z')).toMatchObject({
      route: 'vendor',
      desk: 'day',
      fitting: ['day'],
      targets: { firstReplySeconds: 60 },
      notChosen: [{ rule: 'routine', because: 'english does not read fr' }],
    });
  });

  test('keeps the case in-house when none fits, and says why', () => {
    expect(decide(message, french, '2026-03-02T23:00:00.000Z')).toMatchObject({
      route: 'in_house',
      rule: 'default',
      notChosen: [
        { rule: 'routine', because: 'day is closed at 2026-03-02T23:00:00.000Z' },
        { rule: 'routine', because: 'english does not read fr' },
      ],
    });
  });

  test('does not lead around the gate', () => {
    const signals = [{ reason: 'legal', confidence: 0.9, source: 'lexicon', entry: 'lawyer' }] as const;
    const rule = { id: 'all', when: {}, to: 'outsourced', priority: 'normal', because: 'all' } as const;
    const router = createRouter({ ...policy, routing: { ...policy.routing, rules: [rule] } });
    expect(router.decide(message, { ...french, signals: [...signals] })).toMatchObject({
      route: 'in_house',
      notChosen: [{ because: 'not cleared: legal' }],
    });
  });
});

describe('a case at an outsourced desk', () => {
  const conversation = conversationWith('claire');
  const at = (desk: string, fitting: string[]) => ({ ...routine, desk, fitting });

  test('stays there when the next message was another’s only by share or hours', () => {
    const before = caseOf([received('m1', 0, at('boreal', ['boreal']))]);
    const after = applyEvent(before, received('m2', 5, at('atlas', ['atlas', 'boreal'])), conversation);
    expect(after).toMatchObject({ case: { desk: 'boreal', fence: 1 }, effects: [{ kind: 'update', desk: 'boreal' }] });
  });

  test.each([
    ['closed', { ...at('boreal', ['boreal']), away: ['atlas'] }],
    ['full, and no other fits', { ...routine, route: 'in_house' as const, desk: 'in_house', away: ['atlas'] }],
  ])('stays there when the desk is %s by the next message', (_, decision) => {
    const before = caseOf([received('m1', 0, at('atlas', ['atlas']))]);
    const after = applyEvent(before, received('m2', 5, decision), conversation);
    expect(after).toMatchObject({ case: { route: 'vendor', desk: 'atlas', fence: 1 }, effects: [{ kind: 'update' }] });
  });

  test('that misses its claim moves to another that fits, not to one that takes nothing new', () => {
    const ladder: Ladder = {
      silenceSeconds: 0,
      steps: [{ clock: 'claim', seconds: 0, tell: 'lead', do: 'other_desk' }],
    };
    const asked = { ...received('m1', 0, { ...owing, fitting: ['vendor_atlas', 'boreal'] }), ladder };
    const moved = (away: string[]) => caseOf([asked, { ...timer(11), away }]).desk;
    expect([moved([]), moved(['boreal'])]).toEqual(['boreal', 'in_house']);
  });

  test('ends at the same desk in either order when no desk fits both messages', () => {
    const messages = [received('m1', 0, at('boreal', ['boreal'])), received('m2', 5, at('atlas', ['atlas']))];
    expect([caseOf(messages).desk, caseOf(messages.toReversed()).desk]).toEqual(['atlas', 'atlas']);
  });
});
