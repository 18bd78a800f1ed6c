import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createLexiconMatcher, parsePhrase } from '../../shared/domain/lexicon.ts';
import { tokenise } from '../../shared/domain/text.ts';

function matcherOf(...phrases: readonly string[]) {
  return createLexiconMatcher([
    {
      language: 'en',
      entries: [{ means: { kind: 'reason', name: 'safety' }, confidence: 0.8, phrases: [...phrases] }],
    },
  ]);
}

function found(phrase: string, text: string): boolean {
  return matcherOf(phrase).match(tokenise(text)).length > 0;
}

describe('a phrase matches', () => {
  test.each([
    ['caught fire', 'The lamp caught fire!', true],
    ['caught fire', 'Fire was caught', false],
    ['burn*', 'burning and burnt', true],
    ['(caught|set) on? fire', 'set fire', true],
    ['(caught|set) on? fire', 'caught on fire', true],
    ['left .. stranded', 'left us all stranded', true],
    ['left .. stranded', 'left one two three four five stranded', false],
    ['^ avoid', 'please avoid it', false],
    ['^ avoid', 'Terrible. Avoid it', true],
    ['<n> weeks', '3 weeks', true],
    ['thats illegal', "But that's illegal", true],
    ['that company', "That company's fault", true],
    ['#shame', 'What a #Shame', true],
    ['@regulator*', 'hey @RegulatorUK', true],
    ['gas leak', 'gas. Leak', false],
  ])('%s in "%s": %s', (phrase, text, matches) => {
    expect(found(phrase, text)).toBe(matches);
  });
});

test.each([
  ['(a|b', '"(" without its ")"'],
  ['a|b', '"|" without its "("'],
  ['fu*ll', '* stands only at a word'],
  ['Word', 'lower case'],
  ['café', 'without accents'],
  ['.. a', 'begins or ends'],
  ['a?', 'may stand for nothing'],
])('what cannot be read is told in words: %s', (phrase, problem) => {
  const parsed = parsePhrase(phrase);
  expect(parsed.ok ? '' : parsed.problem).toContain(problem);
});

test('one automaton finds what each phrase alone finds', () => {
  const word = fc.constantFrom('red', 'green', 'blue', 'red*', '..');
  const phrase = fc
    .array(word, { minLength: 1, maxLength: 4 })
    .map((words) => words.join(' '))
    .filter((text) => parsePhrase(text).ok);
  const text = fc.array(fc.constantFrom('red', 'green', 'blue', 'reddish', 'grey'), { maxLength: 12 });
  fc.assert(
    fc.property(fc.uniqueArray(phrase, { maxLength: 5 }), text, (phrases, words) => {
      const tokens = tokenise(words.join(' '));
      const spans = (hits: readonly { start: number; end: number }[]) =>
        [...new Set(hits.map(({ start, end }) => `${start} ${end}`))].sort();
      const apart = phrases.flatMap((each) => matcherOf(each).match(tokens));
      expect(spans(matcherOf(...phrases).match(tokens))).toEqual(spans(apart));
    }),
  );
});

test('its work per word does not grow with the number of phrases', () => {
  const many = matcherOf(...Array.from({ length: 20_000 }, (_, index) => `word${index} (alpha|beta) .. gamma`));
  const few = matcherOf('word1 (alpha|beta) .. gamma');
  const tokens = tokenise('word1 beta something gamma and then nothing that any list knows '.repeat(40));
  const time = (matcher: ReturnType<typeof matcherOf>) => {
    matcher.match(tokens);
    const runs = Array.from({ length: 15 }, () => {
      const begun = performance.now();
      matcher.match(tokens);
      return performance.now() - begun;
    });
    return Math.min(...runs);
  };
  expect(time(many)).toBeLessThan(time(few) * 5 + 1);
});

test('a hostile text takes time in proportion to its length', () => {
  const matcher = matcherOf('a .. a .. a .. a .. b', '(a|b) (a|b) .. (a|b) c', 'aaa* .. aaa* x');
  const time = (length: number) => {
    const tokens = tokenise('a '.repeat(length));
    matcher.match(tokens);
    return Math.min(
      ...Array.from({ length: 9 }, () => {
        const begun = performance.now();
        matcher.match(tokens);
        return performance.now() - begun;
      }),
    );
  };
  expect(time(4_000)).toBeLessThan(time(500) * 8 * 6 + 2);
});
