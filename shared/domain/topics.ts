import { type Assessment, type Topic, toHundredths, topics } from './assessment.ts';
import { type Judged, whetherAbout } from './learnt.ts';
import type { Hit } from './lexicon.ts';

/** A topic less likely than this is not told, unless none is likelier. */
const leastConfidence = 0.3;

/** The topics of a message, the main matter first: by what was learnt, or else by the entries that were found. */
export function topicsOf(hits: readonly Hit[], judged: Judged | undefined): Assessment['topics'] {
  const confidenceOf = (topic: Topic) => judged?.chance(whetherAbout(topic)) ?? evidenceOf(hits, topic);
  const ranked = topics
    .map((topic) => ({ topic, confidence: toHundredths(confidenceOf(topic)) }))
    .sort((a, b) => b.confidence - a.confidence);
  const [main = { topic: 'other' as const, confidence: 0 }] = ranked;
  return main.confidence === 0
    ? [{ topic: 'other', confidence: leastConfidence }]
    : ranked.filter(({ topic, confidence }) => confidence >= leastConfidence || topic === main.topic);
}

function evidenceOf(hits: readonly Hit[], topic: Topic): number {
  const doubt = hits.reduce(
    (left, { means, confidence }) => (means.kind === 'topic' && means.name === topic ? left * (1 - confidence) : left),
    1,
  );
  return 1 - doubt;
}
