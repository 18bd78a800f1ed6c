import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Assessment } from '../../shared/domain/assessment.ts';
import type { Calendar } from '../../shared/domain/calendar.ts';
import { applyEvent } from '../../shared/domain/case.ts';
import type { Desk, Policy } from '../../shared/domain/policy.ts';
import { createRouter } from '../../shared/domain/routing.ts';
import { chooseVendor } from '../../shared/domain/vendors.ts';
import { caseOf, conversationWith, inboundMessage, received, routine } from '../support/samples.ts';

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
    expect(choose({ one: vendor(fields) }, '2026-03-02T19:00:00.000Z')).toEqual({
      fitting: [],
      passedOver: [because],
    });
  });
});

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

  test('ends at the same desk in either order when no desk fits both messages', () => {
    const messages = [received('m1', 0, at('boreal', ['boreal'])), received('m2', 5, at('atlas', ['atlas']))];
    expect([caseOf(messages).desk, caseOf(messages.toReversed()).desk]).toEqual(['atlas', 'atlas']);
  });
});
