import { type Assessment, type Topic, toHundredths } from './assessment.ts';
import type { Hit } from './lexicon.ts';
import { type Traits, type Weights, weighed } from './traits.ts';

interface Weight {
  /** Before anything is known: some topics are more common than others. */
  readonly base: number;
  /** For being named at all: a specific topic says more about the matter than a general one. */
  readonly present: number;
  /** For each unit of evidence, the negative logarithm of what the entries leave of doubt. */
  readonly evidence: number;
  /** For being noise. */
  readonly noise: number;
  /** For how the text is written. */
  readonly shown: Weights;
}

/** Measured on labelled messages; how is told in `docs/routing.md`. */
const weights: Readonly<Record<Topic, Weight>> = {
  order_delivery: {
    base: 0,
    present: 1.8,
    evidence: 1.1,
    noise: -0.9,
    shown: { price: -0.7, comment: -0.9, negative: 0.7, grave: 0.5, privacy: -0.6 },
  },
  refund_return: {
    base: -0.9,
    present: 1.6,
    evidence: 1.8,
    noise: 0,
    shown: { brandTagged: 0.8, exclaims: -0.8, short: -1.1, article: 0.7 },
  },
  billing: { base: -0.3, present: 1.7, evidence: 1.1, noise: 0, shown: { price: 1.3, news: -0.6, accusing: 1.2 } },
  product_quality: {
    base: 1.3,
    present: 1.2,
    evidence: 0.7,
    noise: -1,
    shown: { startsWithHandle: -0.6, exclaims: -0.6, price: -0.6, one: -0.7, comment: -1, negative: 0.9, grave: 0.6 },
  },
  how_to: { base: -0.1, present: 0.4, evidence: 0.8, noise: 0, shown: { link: -0.5, asks: 1.2 } },
  store_info: {
    base: -0.5,
    present: 1.7,
    evidence: 0.8,
    noise: 1,
    shown: { asks: 1.3, few: -0.8, self: -0.6, negated: -0.5 },
  },
  account_access: {
    base: -1.3,
    present: 1.8,
    evidence: 1.1,
    noise: 0,
    shown: {
      link: 0.7,
      startsWithHandle: 0.6,
      emoji: -0.7,
      short: -0.9,
      long: 0.6,
      addressee: 0.6,
      talk: 0.5,
      positive: -0.7,
      negative: 0.6,
      privacy: 1.1,
    },
  },
  complaint_service: {
    base: 1.2,
    present: 0.8,
    evidence: 0.8,
    noise: -0.7,
    shown: { startsWithOther: 0.8, capitals: -0.6, comment: -1.3, accusing: 0.9 },
  },
  praise: {
    base: -0.5,
    present: 1.2,
    evidence: 0.8,
    noise: 0,
    shown: {
      handles: -0.6,
      asks: -0.9,
      exclaims: 1,
      nameFirst: -0.6,
      few: 0.7,
      comment: 0.8,
      positive: 0.9,
      negative: -0.5,
      standing: -0.8,
      grave: -0.8,
      accusing: -0.7,
    },
  },
  idea: { base: -1.1, present: 1.1, evidence: 1.9, noise: 0, shown: { exclaims: 0.7, emoji: -0.6, comment: 0.7 } },
  community: {
    base: 1.5,
    present: 0.4,
    evidence: 0.4,
    noise: 0.9,
    shown: {
      retweeted: 1,
      link: 0.9,
      handles: 0.7,
      circle: 0.9,
      brandTagged: -1.2,
      capitals: 1.3,
      shouted: 1.1,
      comment: 0.7,
      news: 0.9,
      standing: 2.2,
      grave: 0.8,
      privacy: 0.6,
    },
  },
  spam: {
    base: -0.6,
    present: 0.3,
    evidence: 1,
    noise: 1.4,
    shown: {
      link: 1.3,
      startsWithHandle: -0.7,
      brandTagged: -1,
      brandNamed: 0.6,
      price: 1.8,
      capitals: 1.1,
      negated: -0.8,
    },
  },
  other: {
    base: 1.3,
    present: 0.3,
    evidence: 0.7,
    noise: 0.8,
    shown: { capitals: 0.9, one: 0.6, few: 0.8, article: 1, talk: 0.5, news: 0.6, insult: -0.5, privacy: 1.1 },
  },
};
const entriesThatCount = 4;
const mostEvidence = 4;
/** A topic less sure than this is not told. */
const leastConfidence = 0.3;
/** What a text may be about without a word that says so. */
const implied: readonly Topic[] = ['community', 'complaint_service', 'product_quality', 'praise', 'other'];

/** The topics of a message by the entries that were found, the main matter first: it may be one that nothing but the tone tells. */
export function topicsOf(hits: readonly Hit[], shown: Traits, noise: Assessment['noise']): Assessment['topics'] {
  const found = new Map<Topic, Hit[]>();
  for (const hit of hits.toSorted((a, b) => b.confidence - a.confidence)) {
    if (hit.means.kind !== 'topic') continue;
    const kept = found.get(hit.means.name) ?? [];
    found.set(hit.means.name, kept);
    if (kept.length < entriesThatCount && !kept.some(({ start, end }) => hit.start < end && start < hit.end)) {
      kept.push(hit);
    }
  }
  const ranked = [...new Set([...found.keys(), ...implied])]
    .map((topic) => {
      const doubt = (found.get(topic) ?? []).reduce(
        (left, { confidence }) => left * (1 - Math.min(confidence, 0.99)),
        1,
      );
      return { topic, confidence: toHundredths(1 - doubt), weight: weightOf(topic, doubt, shown, noise) };
    })
    .sort((a, b) => b.weight - a.weight || (a.topic < b.topic ? -1 : 1));
  const [main] = ranked;
  return ranked
    .filter(({ topic, confidence }) => confidence >= leastConfidence || topic === main?.topic)
    .map(({ topic, confidence }) => ({ topic, confidence: Math.max(confidence, leastConfidence) }));
}

function weightOf(topic: Topic, doubt: number, shown: Traits, noise: Assessment['noise']): number {
  const weight = weights[topic];
  return (
    weight.base +
    (doubt === 1 ? 0 : weight.present + weight.evidence * Math.min(mostEvidence, -Math.log(doubt))) +
    (noise === undefined ? 0 : weight.noise) +
    weighed(shown, weight.shown)
  );
}
