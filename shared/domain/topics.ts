import type { Assessment, Reason, Sentiment, Signal, Topic } from './assessment.ts';
import type { Hit } from './lexicon.ts';

interface Weight {
  /** For being there at all: a specific topic says more about the matter than a general one. */
  readonly present: number;
  /** For each unit of evidence, the negative logarithm of what the entries leave of doubt. */
  readonly evidence: number;
}

/** Measured on labelled messages; how is told in `docs/routing.md`. */
const weights: Readonly<Record<Topic, Weight>> = {
  order_delivery: { present: 2.5, evidence: 0.6 },
  refund_return: { present: 1, evidence: 1.4 },
  billing: { present: 1.9, evidence: 0.9 },
  product_quality: { present: 1.9, evidence: 1.1 },
  how_to: { present: 0.3, evidence: 1.7 },
  store_info: { present: 0.5, evidence: 1.2 },
  account_access: { present: 0.7, evidence: 1.2 },
  complaint_service: { present: 0.4, evidence: 0.7 },
  praise: { present: 1.1, evidence: 1.4 },
  idea: { present: 2, evidence: 2 },
  community: { present: 0.6, evidence: 1 },
  spam: { present: 0.3, evidence: 1.7 },
  other: { present: 0, evidence: 1 },
};
const entriesThatCount = 4;
const mostEvidence = 4;
/** A topic less sure than this is not told. */
const leastConfidence = 0.3;
/** Reasons that are about the brand's standing more than about a service. */
const standing: ReadonlySet<Reason> = new Set([
  'brand_or_community',
  'discrimination',
  'boycott',
  'press_or_influencer',
]);
const grave: ReadonlySet<Reason> = new Set(['safety']);
const privacy: ReadonlySet<Reason> = new Set(['data_privacy']);
/** What a text may be about without a word that says so. */
const implied: readonly Topic[] = ['community', 'complaint_service', 'other'];

export interface TopicContext {
  readonly signals: readonly Signal[];
  readonly feeling: Sentiment['label'];
  /** Whether there is a question mark. */
  readonly asks: boolean;
  /** Whether it begins with a handle. */
  readonly addressed: boolean;
  readonly words: number;
  readonly noise: Assessment['noise'];
}

/** The topics of a message by the entries that were found, the main matter first: it may be one that nothing but the tone tells. */
export function topicsOf(hits: readonly Hit[], context: TopicContext): Assessment['topics'] {
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
      return { topic, confidence: toHundredths(1 - doubt), weight: weightOf(topic, doubt, context) };
    })
    .sort((a, b) => b.weight - a.weight || (a.topic < b.topic ? -1 : 1));
  const [main] = ranked;
  return ranked
    .filter(({ topic, confidence }) => confidence >= leastConfidence || topic === main?.topic)
    .map(({ topic, confidence }) => ({ topic, confidence: Math.max(confidence, leastConfidence) }));
}

function weightOf(
  topic: Topic,
  doubt: number,
  { signals, feeling, asks, addressed, words, noise }: TopicContext,
): number {
  const { present, evidence } = weights[topic];
  const own = doubt === 1 ? 0 : present + evidence * Math.min(mostEvidence, -Math.log(doubt));
  const strongest = (reasons: ReadonlySet<Reason>) =>
    signals.reduce((most, { reason, confidence }) => (reasons.has(reason) ? Math.max(most, confidence) : most), 0);
  switch (topic) {
    case 'community':
      return (
        own +
        (addressed ? 1.1 : 2.2) +
        2.1 * strongest(standing) +
        1.2 * strongest(grave) +
        (feeling === 'neutral' ? 0.5 : 0) +
        (noise === undefined ? 0 : 1.6)
      );
    case 'complaint_service':
      return own + (addressed ? 1.1 : 0.5);
    case 'account_access':
      return own + 1.6 * strongest(privacy);
    case 'praise':
      return own + (feeling === 'negative' ? -0.7 : 0.1);
    case 'how_to':
      return own + (asks ? (feeling === 'negative' ? 0.2 : 0.6) : 0);
    case 'other':
      return own + (words <= 3 ? 1 : 0) + (addressed ? 0.5 : 0.1);
    default:
      return own;
  }
}

function toHundredths(value: number): number {
  return Math.round(value * 100) / 100;
}
