import { eld } from 'eld/extrasmall';
import type { LanguageDetector } from '../domain/prequalify.ts';

/** Links, handles, tags and numbers have no language. */
const languageless = /(?:https?:\/\/|www\.)\S+|[@#][\p{L}\p{N}_]+|\p{N}+/gu;
const minWords = 3;

/** Language by n-grams of letters, without any call; under three words it is `und` unless the detector calls itself sure. */
export function eldLanguageDetector(): LanguageDetector {
  return {
    detect(text) {
      const words = text.slice(0, 2_000).replace(languageless, ' ').trim();
      const count = words.match(/\p{L}+/gu)?.length ?? 0;
      if (count === 0) return { code: 'und', confidence: 0 };
      const result = eld.detect(words);
      if (result.language === '') return { code: 'und', confidence: 0 };
      const confidence = result.getScores()[result.language] ?? 0;
      if (count < minWords) return { code: 'und', confidence: 0 };
      return { code: result.language, confidence: result.isReliable() ? Math.max(confidence, 0.8) : confidence * 0.6 };
    },
  };
}
