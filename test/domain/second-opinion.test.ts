import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Assessment } from '../../shared/domain/assessment.ts';
import { comprehendDollars } from '../../shared/domain/comprehend-price.ts';
import { type Decision, priorities, routeSchema } from '../../shared/domain/decision.ts';
import {
  asksForClass,
  asksForTone,
  atLeastAsCareful,
  withClass,
  withTone,
} from '../../shared/domain/second-opinion.ts';
import { routine } from '../support/samples.ts';

const plain: Assessment = {
  language: { code: 'en', confidence: 1, source: 'local' },
  signals: [],
  topics: [],
  abusive: false,
  pii: [],
  missing: [],
};
const heated: Assessment = {
  ...plain,
  signals: [{ reason: 'abuse_or_threat', confidence: 0.3, source: 'lexicon', entry: 'en: x' }],
};

describe('whoever is asked', () => {
  test('of tone, is asked about heated words of which none is a known insult', () => {
    expect(asksForTone(heated)).toBe(true);
    expect(asksForTone(plain)).toBe(false);
    expect(asksForTone({ ...heated, abusive: true })).toBe(false);
    expect(asksForTone({ ...heated, noise: 'spam' })).toBe(false);
  });

  test('of a class, is asked where no reason holds and no topic is sure', () => {
    expect(asksForClass(plain, routine)).toBe(true);
    expect(asksForClass({ ...plain, topics: [{ topic: 'billing', confidence: 0.9 }] }, routine)).toBe(false);
    expect(asksForClass(plain, { ...routine, reasons: ['legal'] })).toBe(false);
    expect(asksForClass({ ...plain, missing: ['text'] }, routine)).toBe(false);
  });
});

describe('what an opinion adds', () => {
  test('a tone marks, and takes no mark away', () => {
    expect(withTone(plain, 0.9).abusive).toBe(true);
    expect(withTone({ ...plain, abusive: true }, 0).abusive).toBe(true);
    expect(withTone(plain, 0.3)).toEqual(plain);
  });

  test.each([
    ['legal', { signals: [{ reason: 'legal', confidence: 0.8, source: 'comprehend', entry: 'classifier' }] }],
    ['billing', { topics: [{ topic: 'billing', confidence: 0.8 }] }],
    ['product_ideas', { topics: [{ topic: 'idea', confidence: 0.8 }] }],
    ['in_house', { doubts: ['classified_in_house'] }],
    ['vendor', {}],
    ['__proto__', {}],
  ])('the class %s', (name, added) => {
    const classes = [
      { name: 'safety', confidence: 0.1 },
      { name, confidence: 0.8 },
    ];
    expect(withClass(plain, classes)).toEqual({ ...plain, ...added });
    expect(withClass(plain, [{ name, confidence: 0.5 }])).toEqual(plain);
  });
});

test('an opinion takes nothing out of the house, sets nothing aside and makes nothing wait', () => {
  const decision = fc
    .record({ route: fc.constantFrom(...routeSchema.options), priority: fc.constantFrom(...priorities) })
    .map((of): Decision => ({ ...routine, ...of }));
  fc.assert(
    fc.property(decision, decision, (without, withOpinion) => {
      const taken = atLeastAsCareful(without, withOpinion);
      if (without.route === 'in_house') expect(taken.route).toBe('in_house');
      if (without.route !== 'set_aside') expect(taken.route).not.toBe('set_aside');
      if (taken.route === without.route) {
        expect(priorities.indexOf(taken.priority)).toBeLessThanOrEqual(priorities.indexOf(without.priority));
      }
      if (withOpinion.route === 'in_house' && without.route !== 'in_house') expect(taken).toBe(withOpinion);
    }),
  );
});

describe('what Comprehend is paid for a message', () => {
  const asked = {
    text: 'a'.repeat(301),
    assessment: plain,
    decision: { route: 'vendor' },
    askedSentiment: false,
  } as const;
  test.each([
    ['nothing for one about which it is not asked', {}, asked, 0],
    ['its sentiment, by units of 100 characters', {}, { ...asked, askedSentiment: true }, 400],
    ['three units at least', {}, { ...asked, text: 'hi', askedSentiment: true }, 300],
    [
      'a check for personal data where a vendor reads it',
      { comprehend: { personal_data: true, toxicity: false } },
      asked,
      8,
    ],
  ])('%s', (_, by, message, dollarsPerMillion) => {
    expect(comprehendDollars(by, message) * 1e6).toBeCloseTo(dollarsPerMillion);
  });
});
