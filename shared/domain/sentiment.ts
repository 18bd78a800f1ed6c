import type { Sentiment } from './assessment.ts';
import type { Hit } from './lexicon.ts';
import type { Token } from './text.ts';

/** Words further back than this do not turn a feeling round. */
const negationReach = 3;
/** Other languages' words count less: they may be others here. */
const foreignWeight = 0.4;
/** Below this sum of weights nothing was felt. */
const leastFeeling = 0.5;

/**
 * The feeling of a text by the policy's lists of feeling words: coarser than Comprehend's verdict, and marked as local. Complaints
 * weigh more than thanks, for sarcasm thanks too; capitals and exclamation marks only make a feeling stronger.
 */
export function sentimentOf(tokens: readonly Token[], hits: readonly Hit[], language: string): Sentiment {
  const negators = new Set(
    hits
      .filter(({ means, language: from }) => means.kind === 'cue' && means.name === 'negator' && from === language)
      .map(({ end }) => end - 1),
  );
  let positive = 0;
  let negative = 0;
  const seen = new Set<string>();
  for (const { means, language: from, confidence, start, end } of hits) {
    const key = `${start} ${means.name}`;
    if (means.kind !== 'sentiment' || seen.has(key)) continue;
    seen.add(key);
    const weight = confidence * (from === language || from === 'any' ? 1 : foreignWeight);
    let turned = false;
    for (let index = start - 1; index >= start - negationReach && index >= 0; index -= 1) {
      turned ||= negators.has(index) && tokens[index]?.clause === tokens[start]?.clause;
    }
    if ((means.name === 'positive') !== turned) positive += weight;
    else if (means.name === 'negative') negative += turned ? weight / 2 : weight * Math.min(2, end - start);
    else negative += weight;
  }
  const stress = tokens.some(({ forms }) => forms[0] === '!') ? 1.2 : 1;
  const strongest = Math.max(positive, negative) * stress;
  const confidence = Math.round((1 - 1 / (1.6 + strongest)) * 100) / 100;
  if (strongest < leastFeeling) return { label: 'neutral', confidence: 0.6, source: 'local' };
  return { label: positive > negative ? 'positive' : 'negative', confidence, source: 'local' };
}
