import { describe, expect, test } from 'vitest';
import { type Example, learn } from '../../local/learning.ts';
import { createJudge, speakingFor, whether } from '../../shared/domain/learnt.ts';

const limits = { messages: 5, words: 50 };
const example = (words: string, route: Example['route'], extra: Partial<Example> = {}): Example => ({
  features: new Map(words.split(' ').map((word) => [word, 1])),
  route,
  reasons: route === 'in_house' ? ['safety'] : [],
  weight: 1,
  ...extra,
});
const many = (count: number, made: (index: number) => Example) =>
  Array.from({ length: count }, (_, index) => made(index));
const examples = [
  ...many(40, (index) => example(`my son nearly choked on item${index}`, 'in_house', { topic: 'product_quality' })),
  ...many(160, (index) => example(`where is my parcel item${index}`, 'vendor', { topic: 'order_delivery' })),
  ...many(40, (index) => example(`win a phone here item${index}`, 'set_aside', { topic: 'spam' })),
];

describe('what is learnt from labelled messages', () => {
  const learnt = learn(examples, limits);
  const chance = (words: string, question = whether('safety')) =>
    createJudge(learnt)(new Map(words.split(' ').map((word) => [word, 1]))).chance(question);

  test('tells messages of one kind from those of another, also in words that were put otherwise', () => {
    expect(chance('our son has choked on it')).toBeGreaterThan(0.5);
    expect(chance('is the parcel there')).toBeLessThan(0.1);
    expect(chance('win here', 'set_aside')).toBeGreaterThan(0.5);
    expect(chance('parcel', 'topic:order_delivery')).toBeGreaterThan(0.5);
    expect(chance('choked', 'topic:order_delivery')).toBeLessThan(0.5);
  });

  test('is as sure as it is right: among words that mean one thing as often as the other, an even chance', () => {
    const torn = many(200, (index) => example(`burning smell item${index}`, index % 2 === 0 ? 'in_house' : 'vendor'));
    const judged = createJudge(learn(torn, limits))(new Map([['burning', 1]]));
    expect(judged.chance(whether('safety'))).toBeCloseTo(0.5, 1);
  });

  test('holds no word that only a few messages have', () => {
    expect(Object.keys(learnt.weights).filter((word) => word.startsWith('item'))).toEqual([]);
  });

  test('holds no more words for a question than it may', () => {
    const [few] = [learn(examples, { ...limits, words: 2 })];
    const asked = Object.keys(few.bases).indexOf(whether('safety'));
    expect(
      Object.values(few.weights).filter((pairs) => pairs.some((at, i) => i % 2 === 0 && at === asked)),
    ).toHaveLength(2);
  });

  test('is the same from the same messages', () => {
    expect(learn(examples, limits)).toEqual(learnt);
  });

  test('leaves out what the labels do not say: topic and feeling, and why a hand-back belongs in-house', () => {
    const handedBack = many(20, () => example('hello there', 'in_house', { reasons: [] }));
    const judged = createJudge(learn(handedBack, limits))(new Map([['hello', 1]]));
    expect(judged.chance('positive')).toBe(undefined);
    expect(judged.chance('topic:spam')).toBe(undefined);
    expect(judged.chance(whether('legal'))).toBe(undefined);
    expect(judged.chance('set_aside')).toBeLessThan(0.5);
  });

  test('never says the opposite of what it read, however few labels there are', () => {
    const few = [example('fire smoke', 'in_house'), example('parcel late', 'vendor')].flatMap((one) => [one, one, one]);
    const judged = createJudge(learn(few, { messages: 1, words: 10 }));
    const chanceOf = (word: string) => judged(new Map([[word, 1]])).chance(whether('safety')) ?? 0;
    expect(chanceOf('fire')).toBeGreaterThanOrEqual(chanceOf('parcel'));
  });

  test('takes every word for a word, "constructor" too', () => {
    const odd = many(20, (index) => example('constructor toString', index < 10 ? 'in_house' : 'vendor'));
    const weights = learn(odd, limits);
    expect(speakingFor(weights, new Map([['constructor', 1]]), 'set_aside')).toEqual([]);
    expect(speakingFor(learnt, new Map([['constructor', 1]]), whether('safety'))).toEqual([]);
  });
});
