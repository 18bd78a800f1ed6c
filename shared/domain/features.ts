import type { Signal } from './assessment.ts';
import type { Hit } from './lexicon.ts';
import type { Token } from './text.ts';
import type { Traits } from './traits.ts';

/** What is known of a text, by name, as learnt weights count it: what it shows, and the words it is made of. */
export type Features = ReadonlyMap<string, number>;

export interface Reading {
  readonly tokens: readonly Token[];
  readonly hits: readonly Hit[];
  readonly signals: readonly Signal[];
  readonly shown: Traits;
  /** Places of tokens that are not meant as they stand; they tell nothing. */
  readonly unmeant: ReadonlySet<number>;
}

/** Letters of the stems that stand for the forms of longer words. */
const stems = [5, 6];
/** The words of a long text weigh this much together, squared; the few of a short one less. */
const wordWeight = 4;

/**
 * `trait:link`, `reason:safety` and `topic:billing` as strongly as they show, 0 to 1; words as lexicons write them (`refund`, `refun*`, `<brand>`, `<link>`, `<n>`, `@`, `!`) and
 * pairs of neighbours (`my refund`), all alike. Linear in the tokens.
 */
export function featuresOf({ tokens, hits, signals, shown, unmeant }: Reading): Features {
  const features = new Map<string, number>();
  const words = new Set<string>();
  let before: string | undefined;
  for (const [index, token] of tokens.entries()) {
    const word = unmeant.has(index) ? '' : wordOf(token);
    if (word === '') {
      before = undefined;
      continue;
    }
    words.add(word);
    if (before !== undefined) words.add(`${before} ${word}`);
    for (const stem of stemsOf(word)) words.add(stem);
    before = word;
  }
  const weight = Math.min(1, wordWeight / Math.sqrt(words.size));
  for (const word of words) features.set(word, weight);
  for (const [trait, strength] of Object.entries(shown)) {
    if (strength !== 0) features.set(`trait:${trait}`, strength);
  }
  const add = (name: string, confidence: number) =>
    features.set(name, 1 - (1 - (features.get(name) ?? 0)) * (1 - confidence));
  for (const { reason, confidence } of signals) add(`reason:${reason}`, confidence);
  for (const { means, confidence } of hits) {
    if (means.kind === 'topic') add(`topic:${means.name}`, confidence);
  }
  return features;
}

function wordOf({ kind, forms }: Token): string {
  if (forms.includes('<brand>')) return '<brand>';
  const word = forms[0] ?? kind;
  return /^\p{N}/u.test(word) ? '<n>' : word;
}

/** The stems by which the forms of a longer word are known: `refun*` of "refunded". */
export function stemsOf(word: string): string[] {
  return stems
    .filter((letters) => word.length > letters && /^\p{L}/u.test(word))
    .map((letters) => `${word.slice(0, letters)}*`);
}
