import { describe, expect, test } from 'vitest';
import { type Example, learn } from '../../local/learning.ts';
import { createJudge, whether } from '../../shared/domain/learnt.ts';

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
    expect(chance('parcel', 'topic:order_delivery')).toBeGreaterThan(chance('choked', 'topic:order_delivery'));
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

  test('leaves out what the labels do not say', () => {
    const unlabelled = many(20, () => example('hello there', 'vendor'));
    const judged = createJudge(learn(unlabelled, limits))(new Map([['hello', 1]]));
    expect(judged.chance('positive')).toBeCloseTo(0.5);
    expect(judged.chance('topic:spam')).toBeCloseTo(0.5);
  });
});
