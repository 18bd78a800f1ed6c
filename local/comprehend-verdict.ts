import { fileURLToPath } from 'node:url';
import { compilePolicy } from '../infra/compile-policy.ts';
import type { Sentiment } from '../shared/domain/assessment.ts';
import { createLexiconMatcher } from '../shared/domain/lexicon.ts';
import type { Lexicon } from '../shared/domain/policy.ts';
import { sentimentOf } from '../shared/domain/sentiment.ts';
import { tokenise } from '../shared/domain/text.ts';

export type SentimentReader = (text: string, language: string) => Sentiment;

/** A sentiment verdict from the policy's lists of feeling words, for where there is no Comprehend. */
export function createSentimentReader(lexicons: readonly Lexicon[]): SentimentReader {
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

let standIn: SentimentReader | undefined;

/** The verdict of the local stand-in for Comprehend, read with the lists of the project's own policy. */
export function standInSentiment(text: string, language: string): Sentiment {
  if (standIn === undefined) {
    const compiled = compilePolicy(fileURLToPath(new URL('../policy', import.meta.url)));
    standIn = createSentimentReader(compiled.ok ? compiled.policy.lexicons : []);
  }
  return standIn(text, language);
}
