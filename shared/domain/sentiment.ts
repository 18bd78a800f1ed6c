import type { Sentiment } from './assessment.ts';
import { createLexiconMatcher, type Hit } from './lexicon.ts';
import type { Lexicon } from './policy.ts';
import { type Token, tokenise } from './text.ts';

/** Words further back than this do not turn a feeling round. */
const negationReach = 3;
/** Other languages' words count less: they may be others here. */
const foreignWeight = 0.4;
/** Who speaks of injury, lawyers or fraud is seldom content; but a stance is praised as often as blamed. */
const matterWeight = 0.7;
const standing: ReadonlySet<string> = new Set(['brand_or_community', 'vulnerable_person', 'press_or_influencer']);
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
  for (const { name, weight, start, end } of feelings(hits, language)) {
    let turned = false;
    for (let index = start - 1; index >= start - negationReach && index >= 0; index -= 1) {
      turned ||= negators.has(index) && tokens[index]?.clause === tokens[start]?.clause;
    }
    if ((name === 'positive') !== turned) positive += weight;
    else if (name === 'negative') negative += turned ? weight / 2 : weight * Math.min(2, end - start);
    else negative += weight;
  }
  const stress = tokens.some(({ forms }) => forms[0] === '!') ? 1.2 : 1;
  const strongest = Math.max(positive, negative) * stress;
  const confidence = Math.round((1 - 1 / (1.6 + strongest)) * 100) / 100;
  if (strongest < leastFeeling) return { label: 'neutral', confidence: 0.6, source: 'local' };
  return { label: positive > negative ? 'positive' : 'negative', confidence, source: 'local' };
}

/** One feeling of each kind per place, the strongest: the same word may stand in the lists of several languages. */
function feelings(hits: readonly Hit[], language: string) {
  const strongest = new Map<string, { name: string; weight: number; start: number; end: number }>();
  for (const { means, language: from, confidence, start, end } of hits) {
    const matter = means.kind === 'reason' && !standing.has(means.name);
    if (means.kind !== 'sentiment' && !matter) continue;
    const name = matter ? 'negative' : means.name;
    const own = from === language || from === 'any';
    const weight = confidence * (own ? 1 : foreignWeight) * (matter ? matterWeight : 1);
    const key = `${name} ${start}`;
    if ((strongest.get(key)?.weight ?? 0) < weight) strongest.set(key, { name, weight, start, end });
  }
  return strongest.values();
}

/** A reader of the feeling of single texts (language: ISO 639-1), for where there is no Comprehend. */
export function sentimentOfText(lexicons: readonly Lexicon[]): (text: string, language: string) => Sentiment {
  const matcher = createLexiconMatcher(
    lexicons.map(({ language, entries }) => ({
      language,
      entries: entries.filter(
        ({ means }) => means.kind !== 'topic' && (means.kind !== 'cue' || means.name === 'negator'),
      ),
    })),
  );
  return (text, language) => {
    const tokens = tokenise(text);
    return sentimentOf(tokens, matcher.match(tokens), language);
  };
}
