import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { featuresOf } from '../../shared/domain/features.ts';
import { createJudge, type Learnt, speakingFor, whether } from '../../shared/domain/learnt.ts';
import { createReader } from '../../shared/domain/prequalify.ts';

const readMessage = createReader(
  {
    accounts: [
      {
        channel: 'x',
        id: '1',
        title: 'Maison Lune',
        purpose: 'after_sales',
        languages: ['en'],
        names: ['Maison Lune'],
      },
    ],
    lexicons: [
      {
        language: 'en',
        entries: [
          { means: { kind: 'reason', name: 'safety' }, confidence: 0.5, phrases: ['burn*', 'hospital'] },
          { means: { kind: 'reason', name: 'rumour_or_fraud_accusation' }, confidence: 0.8, phrases: ['scam'] },
          { means: { kind: 'cue', name: 'negator' }, confidence: 1, phrases: ['not'] },
          { means: { kind: 'cue', name: 'harmless' }, confidence: 1, phrases: ['to die for'] },
          { means: { kind: 'topic', name: 'refund_return' }, confidence: 0.8, phrases: ['refund*'] },
        ],
      },
    ],
  },
  { detect: () => ({ code: 'en', confidence: 1 }) },
);
const featuresIn = (text: string) => featuresOf(readMessage({ channel: 'x', accountId: '1', text, language: 'en' }));

describe('the features of a text', () => {
  test.each([
    ['I want my refund', ['i', 'want', 'i want', 'refund', 'my refund', 'refun*', 'topic:refund_return']],
    ['burnt, in hospital', ['burnt', 'in hospital', 'hospi*', 'reason:safety']],
    ['@MaisonLune 12 https://example.com/a 😀', ['<brand>', '<n>', '<link>', '😀', 'trait:link', 'trait:brandTagged']],
    ['@somebody WHY?', ['@', 'why', '?', 'trait:asks', 'trait:startsWithOther']],
  ])('of "%s" are its words, pairs, stems and what it shows', (text, expected) => {
    expect([...featuresIn(text).keys()]).toEqual(expect.arrayContaining(expected));
  });

  test('count signs of one reason together, as evidence that adds up', () => {
    expect(featuresIn('burnt and in hospital').get('reason:safety')).toBeCloseTo(0.75);
  });

  test('say as much in all for a very long text as for a long one, and less for a short one', () => {
    const textOf = (words: number) =>
      Array.from({ length: words }, (_, index) => `ab${'cdefghij'[index % 8]}${'klmno'[index % 5]}`).join(' ');
    const sizeOf = (text: string) =>
      [...featuresIn(text)].reduce((sum, [name, value]) => (/^[a-z]+:/.test(name) ? sum : sum + value ** 2), 0);
    expect(sizeOf(textOf(40))).toBeCloseTo(sizeOf(textOf(20)));
    expect(sizeOf(textOf(2))).toBeLessThan(sizeOf(textOf(20)));
  });

  test('leave out words that are not meant: harmless idioms, and accusations that are taken back', () => {
    const names = (text: string) => [...featuresIn(text).keys()].filter((name) => !name.includes(':'));
    expect(names('to die for, thanks')).toEqual(['thanks', 'thank*']);
    expect(names('this is not a scam')).toEqual(['this', 'is', 'this is']);
    expect(names('this is a scam')).toContain('scam');
  });

  test('hold no handle and no number of a customer', () => {
    const names = [...featuresIn('@anna_muster order 4711 please').keys()].join(' ');
    expect(names).not.toMatch(/muster|4711/);
  });
});

const learnt: Learnt = {
  bases: { 'reason:safety': -2, set_aside: -1 },
  weights: { choke: [0, 300], thanks: [0, -100, 1, 50] },
};

describe('a judge of what was learnt', () => {
  const judge = createJudge(learnt);
  const chanceOf = (features: Readonly<Record<string, number>>) =>
    judge(new Map(Object.entries(features))).chance(whether('safety')) ?? Number.NaN;

  test('gives the base where nothing is known of the words', () => {
    expect(chanceOf({ unheard: 1 })).toBeCloseTo(1 / (1 + Math.exp(2)));
  });

  test('adds what each feature weighs, times as much as it shows', () => {
    expect(chanceOf({ choke: 0.5, thanks: 1 })).toBeCloseTo(1 / (1 + Math.exp(2 - 1.5 + 1)));
  });

  test('knows nothing of a question that was never learnt', () => {
    expect(judge(new Map([['choke', 1]])).chance('topic:billing')).toBe(undefined);
  });

  test('gives a chance between 0 and 1, greater the more speaks for it', () => {
    const strength = fc.double({ min: 0, max: 1e3, noNaN: true });
    fc.assert(
      fc.property(strength, strength, (one, other) => {
        const [less, more] = [Math.min(one, other), Math.max(one, other)].map((choke) => chanceOf({ choke }));
        expect(less).toBeGreaterThanOrEqual(0);
        expect(more).toBeLessThanOrEqual(1);
        expect(less).toBeLessThanOrEqual(more ?? 0);
      }),
    );
  });

  test('names what speaks for a yes, the strongest first', () => {
    const features = new Map([
      ['thanks', 1],
      ['choke', 0.5],
    ]);
    expect(speakingFor(learnt, features, whether('safety'))).toEqual([{ feature: 'choke', adds: 1.5 }]);
    expect(speakingFor(learnt, features, 'set_aside')).toEqual([{ feature: 'thanks', adds: 0.5 }]);
  });
});
