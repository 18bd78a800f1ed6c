import { fileURLToPath } from 'node:url';
import { compilePolicy } from '../infra/compile-policy.ts';
import type { Sentiment } from '../shared/domain/assessment.ts';
import { sentimentOfText } from '../shared/domain/sentiment.ts';

let standIn: ReturnType<typeof sentimentOfText> | undefined;

/** The verdict of the local stand-in for Comprehend, read with the lists of the project's own policy. */
export function standInSentiment(text: string, language: string): Sentiment {
  if (standIn === undefined) {
    const compiled = compilePolicy(fileURLToPath(new URL('../policy', import.meta.url)));
    standIn = sentimentOfText(compiled.ok ? compiled.policy : { lexicons: [], accounts: [] });
  }
  return standIn(text, language);
}

/** A name where somebody says who is writing, in words that our own patterns do not know. */
const presented = /(?:this is|soy) (?<name>\p{Lu}\p{Ll}+ \p{Lu}\p{Ll}+)/giu;

/** What the local stand-in for Comprehend finds of personal data: less than Comprehend, but something that our own patterns leave. */
export function standInPersonalData(text: string): { type: string; start: number; end: number }[] {
  return [...text.matchAll(presented)].map(({ 0: whole, index, groups }) => {
    const end = index + whole.length;
    return { type: 'NAME', start: end - (groups?.['name'] ?? '').length, end };
  });
}

/** What the stand-in for a custom classifier says: that whoever is unhappy belongs in-house. */
export function standInClass(text: string): { name: string; confidence: number } {
  const { label, confidence } = standInSentiment(text, 'en');
  return { name: label === 'negative' ? 'in_house' : 'vendor', confidence };
}
