import { fileURLToPath } from 'node:url';
import { compilePolicy } from '../infra/compile-policy.ts';
import type { Sentiment } from '../shared/domain/assessment.ts';
import { sentimentOfText } from '../shared/domain/sentiment.ts';

let standIn: ReturnType<typeof sentimentOfText> | undefined;

/** The verdict of the local stand-in for Comprehend, read with the lists of the project's own policy. */
export function standInSentiment(text: string, language: string): Sentiment {
  if (standIn === undefined) {
    const compiled = compilePolicy(fileURLToPath(new URL('../policy', import.meta.url)));
    standIn = sentimentOfText(compiled.ok ? compiled.policy.lexicons : []);
  }
  return standIn(text, language);
}
