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
  order_delivery: { present: 2.3, evidence: 0.5 },
  refund_return: { present: 1, evidence: 1.3 },
  billing: { present: 1.4, evidence: 0.8 },
  product_quality: { present: 1.7, evidence: 1.1 },
  how_to: { present: 0.5, evidence: 1.1 },
  store_info: { present: 0.5, evidence: 1.1 },
  account_access: { present: 0.6, evidence: 1.2 },
  complaint_service: { present: 0.2, evidence: 0.7 },
  praise: { present: 0.7, evidence: 1.2 },
  idea: { present: 2.2, evidence: 1.8 },
  community: { present: 0.7, evidence: 1.1 },
  spam: { present: 0, evidence: 1.3 },
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
const implied: readonly Topic[] = ['community', 'complaint_service'];

export interface TopicContext {
  readonly signals: readonly Signal[];
  readonly feeling: Sentiment['label'];
  /** Whether there is a question mark. */
  readonly asks: boolean;
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

function weightOf(topic: Topic, doubt: number, { signals, feeling, asks }: TopicContext): number {
  const { present, evidence } = weights[topic];
  const own = doubt === 1 ? 0 : present + evidence * Math.min(mostEvidence, -Math.log(doubt));
  const strongest = (reasons: ReadonlySet<Reason>) =>
    signals.reduce((most, { reason, confidence }) => (reasons.has(reason) ? Math.max(most, confidence) : most), 0);
  switch (topic) {
    case 'community':
      return own + 1.6 + 2.3 * strongest(standing) + 1.2 * strongest(grave) + (feeling === 'neutral' ? 0.5 : 0);
    case 'complaint_service':
      return own + 0.9 + (feeling === 'negative' ? 0.2 : 0);
    case 'account_access':
      return own + 1.5 * strongest(privacy);
    case 'praise':
      return own + (feeling === 'positive' ? 0.5 : feeling === 'negative' ? -0.6 : 0);
    case 'how_to':
      return own + (asks ? 0.8 : 0);
    default:
      return own;
  }
}

function toHundredths(value: number): number {
  return Math.round(value * 100) / 100;
}
