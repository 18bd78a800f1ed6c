import { type Sentiment, toHundredths } from './assessment.ts';
import { featuresOf } from './features.ts';
import { createJudge } from './learnt.ts';
import type { Policy } from './policy.ts';
import { createReader } from './prequalify.ts';

/** A feeling less likely than this is none. */
const even = 0.5;
const nothingLearnt = { bases: {}, weights: {} };

/** A reader of the feeling of single texts (language: ISO 639-1) by what was learnt, coarser than Comprehend's verdict, for where there is no Comprehend. */
export function sentimentOfText(
  policy: Pick<Policy, 'lexicons' | 'accounts' | 'learnt'>,
): (text: string, language: string, place?: { readonly channel: string; readonly accountId: string }) => Sentiment {
  const readMessage = createReader(policy, { detect: () => ({ code: 'und', confidence: 0 }) });
  const judge = createJudge(policy.learnt ?? nothingLearnt);
  return (text, language, place = { channel: 'generic', accountId: '' }) => {
    const { chance } = judge(featuresOf(readMessage({ ...place, text, language })));
    const felt = (['negative', 'positive'] as const).map((label) => ({ label, confidence: chance(label) ?? 0 }));
    const [strongest] = felt.sort((a, b) => b.confidence - a.confidence);
    return strongest === undefined || strongest.confidence < even
      ? { label: 'neutral', confidence: toHundredths(1 - (strongest?.confidence ?? 0)), source: 'local' }
      : { ...strongest, confidence: toHundredths(strongest.confidence), source: 'local' };
  };
}
