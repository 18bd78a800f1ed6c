import type { Reason, Topic } from '../shared/domain/assessment.ts';
import type { Route } from '../shared/domain/decision.ts';
import type { Features } from '../shared/domain/features.ts';
import {
  chanceOf,
  type Learnt,
  type Question,
  questionSchema,
  whether,
  whetherAbout,
} from '../shared/domain/learnt.ts';
import { randomFrom } from './random.ts';

/** A labelled message, its text as features. */
export interface Example {
  readonly features: Features;
  readonly route: Route;
  readonly reasons: readonly Reason[];
  readonly topic?: Topic | undefined;
  readonly sentiment?: 'positive' | 'negative' | 'neutral' | 'mixed' | undefined;
  /** How much it counts beside others; 1 is usual. */
  readonly weight: number;
}

/** What keeps weights few and general. */
export interface Limits {
  /** A feature seen in fewer messages is not learnt. */
  readonly messages: number;
  /** So many words and pairs at most may speak for or against one answer. */
  readonly words: number;
}

const epochs = 30;
const rate = 0.2;
/** How strongly weights are held near 0 (L2). */
const decay = 0.01;
const firstSquare = 1e-4;

/** The answer that the label of an example gives; `undefined`: it says nothing of it. */
function answerOf({ route, reasons, topic, sentiment }: Example, question: Question): boolean | undefined {
  if (question === 'set_aside') return route === 'set_aside';
  if (question === 'positive' || question === 'negative')
    return sentiment === undefined ? undefined : sentiment === question;
  if (question.startsWith('reason:')) {
    // A hand-back tells that a message belongs in-house, not why.
    if (route === 'in_house' && reasons.length === 0) return undefined;
    return route === 'in_house' && reasons.some((reason) => whether(reason) === question);
  }
  return topic === undefined ? undefined : whetherAbout(topic) === question;
}

/**
 * Learns each question by logistic regression (AdaGrad, L2): once to find the words that tell most, and again with those alone. Chances are calibrated: what is learnt from either half of
 * the examples is tried on the other. The same examples give the same weights. Linear in the examples.
 */
export function learn(examples: readonly Example[], limits: Limits): Learnt {
  const seen = new Map<string, number>();
  for (const { features } of examples) {
    for (const name of features.keys()) seen.set(name, (seen.get(name) ?? 0) + 1);
  }
  const names = [...seen].flatMap(([name, count]) => (count < limits.messages ? [] : [name]));
  const indexOf = new Map(names.map((name, index) => [name, index]));
  const counts = names.map((name) => seen.get(name) ?? 0);
  const isWord = names.map((name) => !/^(?:trait|reason|topic):/u.test(name));
  const texts = examples.map(({ features, weight }): Text => {
    const known = [...features].flatMap(([name, value]) => {
      const index = indexOf.get(name);
      return index === undefined ? [] : [{ index, value }];
    });
    return { indices: known.map(({ index }) => index), values: known.map(({ value }) => value), weight };
  });

  const fitTelling = (lessons: readonly Lesson[]): Fit => {
    const rough = regress(lessons, new Array<boolean>(names.length).fill(true));
    const tells = (index: number) => Math.abs(rough.weights[index] ?? 0) * Math.sqrt(counts[index] ?? 0);
    const telling = names
      .flatMap((_, index) => (isWord[index] ? [index] : []))
      .sort((a, b) => tells(b) - tells(a) || a - b)
      .slice(0, limits.words);
    const kept = isWord.map((word) => !word);
    for (const index of telling) kept[index] = true;
    return regress(lessons, kept);
  };

  const bases: Learnt['bases'] = {};
  const weights = new Map<string, number[]>();
  for (const question of questionSchema.options) {
    const lessons = shuffled(
      examples.flatMap((example, at): Lesson[] => {
        const answer = answerOf(example, question);
        const text = texts[at];
        return answer === undefined || text === undefined ? [] : [{ text, answer }];
      }),
    );
    if (lessons.length === 0) continue;
    const index = Object.keys(bases).length;
    const halves = [0, 1].map((half) => lessons.filter((_, at) => at % 2 === half));
    const tried = halves.flatMap((half, at) => {
      const other = fitTelling(halves[1 - at] ?? []);
      return half.map(({ text, answer }) => ({
        text: { indices: [0], values: [oddsOf(other, text)], weight: text.weight },
        answer,
      }));
    });
    const {
      base: shift,
      weights: [scale = 1],
    } = regress(tried, [true], 0);
    const whole = fitTelling(lessons);
    // Too few labels may try out the wrong way round: then nothing is known.
    const sure = Math.max(0, scale);
    bases[question] = hundredths(shift + sure * whole.base) / 100;
    for (const [at, name] of names.entries()) {
      const weight = hundredths(sure * (whole.weights[at] ?? 0));
      if (weight === 0) continue;
      const known = weights.get(name) ?? [];
      known.push(index, weight);
      weights.set(name, known);
    }
  }
  return {
    bases,
    weights: Object.fromEntries([...weights].sort(([one], [other]) => (one < other ? -1 : 1))),
  };
}

/** The same order for the same number of items, in which neighbours of a file stand far apart (Fisher and Yates). */
function shuffled<Item>(items: readonly Item[]): Item[] {
  const order = items.map((_, index) => index);
  const random = randomFrom(1);
  for (let last = order.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [order[last], order[other]] = [order[other] ?? 0, order[last] ?? 0];
  }
  return order.flatMap((index) => items.slice(index, index + 1));
}

function hundredths(value: number): number {
  return Math.round(value * 100);
}

interface Text {
  readonly indices: readonly number[];
  readonly values: readonly number[];
  readonly weight: number;
}

interface Lesson {
  readonly text: Text;
  readonly answer: boolean;
}

interface Fit {
  readonly base: number;
  readonly weights: Float64Array;
}

function oddsOf({ base, weights }: Fit, { indices, values }: Text): number {
  let odds = base;
  for (let at = 0; at < indices.length; at += 1) odds += (weights[indices[at] ?? 0] ?? 0) * (values[at] ?? 0);
  return odds;
}

/** Weights for the features that are kept; the others stay 0. */
function regress(lessons: readonly Lesson[], kept: readonly boolean[], hold = decay): Fit {
  const weights = new Float64Array(kept.length);
  const squares = new Float64Array(kept.length).fill(firstSquare);
  let base = 0;
  let baseSquares = firstSquare;
  for (let epoch = 0; epoch < epochs; epoch += 1) {
    for (const { text, answer } of lessons) {
      const { indices, values } = text;
      const error = (chanceOf(oddsOf({ base, weights }, text)) - (answer ? 1 : 0)) * text.weight;
      baseSquares += error * error;
      base -= (rate * error) / Math.sqrt(baseSquares);
      for (let at = 0; at < indices.length; at += 1) {
        const index = indices[at] ?? 0;
        if (kept[index] !== true) continue;
        const weight = weights[index] ?? 0;
        const slope = error * (values[at] ?? 0) + hold * weight;
        const square = (squares[index] ?? 0) + slope * slope;
        squares[index] = square;
        weights[index] = weight - (rate * slope) / Math.sqrt(square);
      }
    }
  }
  return { base, weights };
}
