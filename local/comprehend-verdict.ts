import { fileURLToPath } from 'node:url';
import { compilePolicy } from '../infra/compile-policy.ts';
import type { Sentiment } from '../shared/domain/assessment.ts';
import { createLexiconMatcher } from '../shared/domain/lexicon.ts';
import type { Lexicon } from '../shared/domain/policy.ts';
import { tokenise } from '../shared/domain/text.ts';

export type SentimentReader = (text: string, language: string) => Sentiment;

/** Words further back than this do not turn a feeling round. */
const negationReach = 3;
/** Other languages' words count less: they may be others here. */
const foreignWeight = 0.4;

/**
 * A sentiment verdict from the policy's lists of feeling words, for where there is no Comprehend: coarser than its, and marked as
 * local. Capitals and exclamation marks only make a feeling stronger.
 */
export function createSentimentReader(lexicons: readonly Lexicon[]): SentimentReader {
  const matcher = createLexiconMatcher(
    lexicons.map(({ language, entries }) => ({
      language,
      entries: entries.filter(
        ({ means }) => means.kind === 'sentiment' || (means.kind === 'cue' && means.name === 'negator'),
      ),
    })),
  );
  return (text, language) => {
    const tokens = tokenise(text);
    const hits = matcher.match(tokens).filter((hit) => hit.means.kind !== 'cue' || hit.language === language);
    const negators = new Set(hits.filter(({ means }) => means.kind === 'cue').map(({ end }) => end - 1));
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
    if (strongest < 0.5) return { label: 'neutral', confidence: 0.6, source: 'local' };
    if (positive >= 0.8 && negative >= 0.8 && Math.min(positive, negative) / Math.max(positive, negative) > 0.6) {
      return { label: 'mixed', confidence, source: 'local' };
    }
    return { label: positive > negative ? 'positive' : 'negative', confidence, source: 'local' };
  };
}

let standIn: SentimentReader | undefined;

/** The verdict of the local stand-in for Comprehend, read with the lists of the project's own policy. */
export function standInSentiment(text: string, language: string): Sentiment {
  if (standIn === undefined) {
    const compiled = compilePolicy(fileURLToPath(new URL('../policy', import.meta.url)));
    standIn = createSentimentReader(compiled.ok ? compiled.policy.lexicons : []);
  }
  return standIn(text, language);
}
