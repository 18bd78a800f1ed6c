import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { compilePolicy } from '../../infra/compile-policy.ts';
import type { Assessment } from '../../shared/domain/assessment.ts';
import type { InboundEvent } from '../../shared/domain/inbound-event.ts';
import { accountSchema, type Condition, conditionSchema, type Policy } from '../../shared/domain/policy.ts';
import { createRouter } from '../../shared/domain/routing.ts';
import { inboundMessage } from '../support/samples.ts';

const compiled = compilePolicy(fileURLToPath(new URL('../../policy', import.meta.url)));
if (!compiled.ok) throw new Error('the policy does not compile');
const { policy } = compiled;

function routerWith(when: Condition) {
  const rule = { id: 'tried', when, to: 'in_house', priority: 'high', because: 'it is tried' } as const;
  const rules: Policy['routing']['rules'] = [rule, ...policy.routing.rules];
  return createRouter({ ...policy, routing: { ...policy.routing, rules } });
}

const assessment: Assessment = {
  language: { code: 'fr', confidence: 1, source: 'platform' },
  signals: [],
  topics: [],
  abusive: false,
  pii: [],
  missing: [],
};

test.each<[string, Condition, Partial<InboundEvent>, boolean]>([
  ['an author with enough cases', { previous_cases: 2 }, { author: { id: 'a', previousCases: 2 } }, true],
  ['an author with fewer', { previous_cases: 2 }, { author: { id: 'a', previousCases: 1 } }, false],
  ['an author nobody counted', { previous_cases: 2 }, {}, false],
  ['a case with enough messages', { earlier_messages: 3 }, { earlierMessages: 3 }, true],
  ['a case with fewer', { earlier_messages: 3 }, { earlierMessages: 2 }, false],
  ['a text of enough words', { words: 1 }, { text: 'bonjour @shop https://example.com' }, true],
  ['a text of fewer', { words: 2 }, { text: 'bonjour @shop https://example.com' }, false],
  ['an author with enough followers', { followers: 100 }, { author: { id: 'a', followers: 100 } }, true],
  ['a verified author', { verified: true }, { author: { id: 'a', verified: true } }, true],
  ['an author who is not verified', { verified: true }, {}, false],
])('%s: a rule that asks %j', (_, when, fields, matches) => {
  const { rule } = routerWith(when).decide(inboundMessage('m1', 'bonjour', fields), assessment);
  expect(rule === 'tried').toBe(matches);
});

test('other cases are counted only for a policy that asks', () => {
  expect(createRouter(policy).asksPreviousCases).toBe(false);
  expect(routerWith({ previous_cases: 1 }).asksPreviousCases).toBe(true);
});

describe('how likely a reason is', () => {
  const message = inboundMessage('m1', 'bonjour');
  const signal = (confidence: number) =>
    ({ reason: 'legal', confidence, source: 'lexicon', entry: 'fr: avocat' }) as const;
  const riskOf = (found: Partial<Assessment>) =>
    createRouter(policy).decide(message, { ...assessment, ...found }).score.total;

  test.each<[string, Partial<Assessment>, boolean]>([
    ['a chance of six in ten', { chances: { legal: 0.6 } }, true],
    ['a smaller chance', { chances: { legal: 0.59 } }, false],
    ['signals of as much', { signals: [signal(0.6)], chances: { legal: 0.01 } }, true],
  ])('%s: whether it holds', (_, found, holds) => {
    expect(createRouter(policy).decide(message, { ...assessment, ...found }).reasons).toEqual(holds ? ['legal'] : []);
  });

  test('counts for the risk by its chance, and a sign that lists know is never lost on it', () => {
    expect(riskOf({ chances: { legal: 0.2 } })).toBeCloseTo(1.4);
    expect(riskOf({ signals: [signal(0.5)], chances: {} })).toBeCloseTo(1.05);
    expect(riskOf({ signals: [signal(0.5)], chances: { legal: 0.2 } })).toBeCloseTo(1.4);
    expect(riskOf({ signals: [signal(0.5)] })).toBeCloseTo(3.5);
  });

  test('adds up over reasons', () => {
    expect(riskOf({ chances: { legal: 0.1, safety: 0.1 } })).toBeCloseTo(1.4);
  });
});

describe('rules for other accounts', () => {
  const accounts = z.array(accountSchema).parse(
    [
      { id: '100200300', purpose: 'store', country: 'FR', tags: ['big'] },
      { id: '4', purpose: 'corporate', country: 'DE' },
    ].map((fields) => ({ channel: 'messenger', title: 'Shop', languages: ['fr'], ...fields })),
  );
  const some = <Value>(...values: readonly Value[]) =>
    fc.option(fc.constantFrom(...values), { nil: undefined, freq: 1 });
  const conditions = fc
    .record({
      accounts: some(['100200300'], ['4'], ['4', '100200300'], ['elsewhere']),
      channels: some(['messenger'], ['x']),
      purposes: some(['store'], ['corporate', 'store']),
      countries: some(['FR'], ['DE']),
      tags: some(['big'], ['small']),
      stores: some(['7']),
      languages: some(['fr'], ['de']),
      public: some(true, false),
      routine: some(true),
    })
    .map((asked) => conditionSchema.parse(Object.fromEntries(Object.entries(asked).filter(([, value]) => value))));

  test('change nothing about a decision: it is that of the first rule that would decide alone', () => {
    const places = fc.constantFrom({}, { accountId: '4' }, { accountId: 'unlisted' }, { channel: 'x' });
    fc.assert(
      fc.property(fc.array(conditions, { maxLength: 12 }), places, (asked, place) => {
        const rules = asked.map((when, index) => ({
          id: `rule-${index}`,
          when,
          to: index % 3 === 0 ? 'outsourced' : 'in_house',
          priority: 'high' as const,
          because: 'it is tried',
        }));
        const withRules = (own: typeof rules) =>
          createRouter({ ...policy, accounts, routing: { ...policy.routing, rules: own } });
        const message = inboundMessage('m1', 'bonjour', place);
        const whole = withRules(rules);
        const decided = whole.decide(message, assessment);
        const alone = [...rules.map((rule) => withRules([rule])), withRules([])].map((router) => {
          const decision = router.decide(message, assessment);
          return { decision, over: router.passedOver(message, decision) };
        });
        const first = alone.findIndex(({ decision }, index) => index === rules.length || decision.rule !== 'default');
        expect(decided).toEqual({ ...alone[first]?.decision, notChosen: decided.notChosen });
        // Of what was passed over all is told whoever asks, in the order in which it was tried.
        const told = whole.passedOver(message, decided);
        expect(told).toEqual(alone.slice(0, first + 1).flatMap(({ over }) => over));
      }),
    );
  });

  test('are not written down with it', () => {
    const router = routerWith({ accounts: ['elsewhere'] });
    const message = inboundMessage('m1', 'bonjour');
    const decision = router.decide(message, assessment);
    expect(decision.notChosen.map((passed) => passed.rule)).not.toContain('tried');
    expect(router.passedOver(message, decision)).toContainEqual({ rule: 'tried', because: 'another account' });
  });
});
