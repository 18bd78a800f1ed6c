import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { compilePolicy } from '../../infra/compile-policy.ts';
import type { Assessment } from '../../shared/domain/assessment.ts';
import type { InboundEvent } from '../../shared/domain/inbound-event.ts';
import type { Condition, Policy } from '../../shared/domain/policy.ts';
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
