import * as z from 'zod';
import { type Reason, reasons, type Topic, topics } from './assessment.ts';
import type { Features } from './features.ts';

const reasonQuestions = reasons.map((reason) => `reason:${reason}` as const);
const topicQuestions = topics.map((topic) => `topic:${topic}` as const);
/** What is judged of each text: whether a reason holds, whether there is nothing for the brand to do, whether it is mainly about a topic, and its feeling. */
export const questionSchema = z.enum([...reasonQuestions, 'set_aside', ...topicQuestions, 'positive', 'negative']);
export type Question = z.infer<typeof questionSchema>;

/**
 * What `vigie learn` has found in labelled messages. The odds of a yes, as a logarithm, are the base of the question and the weights of all that shows in the text, each times as much as it shows.
 */
export const learntSchema = z
  .object({
    bases: z.partialRecord(questionSchema, z.number()),
    /** By feature pairs of numbers: a question, counted in the order of `bases`, and the weight in hundredths. */
    weights: z.record(z.string(), z.array(z.number().int())),
  })
  .refine(
    ({ bases, weights }) => {
      const questions = Object.keys(bases).length;
      return Object.values(weights).every(
        (pairs) =>
          pairs.length % 2 === 0 && pairs.every((asked, at) => at % 2 === 1 || (asked >= 0 && asked < questions)),
      );
    },
    { path: ['weights'], error: 'not pairs of a question and a weight' },
  );
export type Learnt = z.infer<typeof learntSchema>;

/** What a text is judged to be. */
export interface Judged {
  /** How likely the answer is yes, 0 to 1; `undefined` for what was never learnt. */
  chance(question: Question): number | undefined;
}

/** A judge of texts by what was learnt. Its work grows with the features of the text, not with what was learnt. */
export function createJudge({ bases, weights }: Learnt): (features: Features) => Judged {
  const questions = new Map(Object.keys(bases).map((question, index) => [question, index]));
  const weightsOf = new Map(Object.entries(weights));
  const start = Object.values(bases);
  return (features) => {
    const odds = Float64Array.from(start);
    for (const [feature, value] of features) {
      const pairs = weightsOf.get(feature) ?? [];
      for (let at = 0; at < pairs.length; at += 2) {
        const index = pairs[at] ?? 0;
        odds[index] = (odds[index] ?? 0) + ((pairs[at + 1] ?? 0) / 100) * value;
      }
    }
    return {
      chance(question) {
        const index = questions.get(question);
        return index === undefined ? undefined : chanceOf(odds[index] ?? 0);
      },
    };
  };
}

/** The chance, 0 to 1, of what has these odds, a logarithm. */
export function chanceOf(odds: number): number {
  return 1 / (1 + Math.exp(-odds));
}

/** What of a text speaks for a yes, the strongest first, with how much it adds to the logarithm of the odds. */
export function speakingFor(
  { bases, weights }: Learnt,
  features: Features,
  question: Question,
): { feature: string; adds: number }[] {
  const asked = Object.keys(bases).indexOf(question);
  return [...features]
    .flatMap(([feature, value]) => {
      const pairs = Object.hasOwn(weights, feature) ? (weights[feature] ?? []) : [];
      return pairs.flatMap((index, at) =>
        at % 2 === 0 && index === asked ? [{ feature, adds: ((pairs[at + 1] ?? 0) / 100) * value }] : [],
      );
    })
    .filter(({ adds }) => adds > 0)
    .sort((a, b) => b.adds - a.adds || (a.feature < b.feature ? -1 : 1));
}

/** The question whether a reason holds. */
export function whether(reason: Reason): Question {
  return `reason:${reason}`;
}

/** The question whether a text is mainly about a topic. */
export function whetherAbout(topic: Topic): Question {
  return `topic:${topic}`;
}
