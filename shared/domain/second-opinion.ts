import { type Assessment, reasonSchema, topicSchema } from './assessment.ts';
import { type Decision, priorities } from './decision.ts';

/** A class that a text was put in, and how surely, 0 to 1. */
export interface TextClass {
  readonly name: string;
  readonly confidence: number;
}

/** Below this confidence a topic or an opinion is a guess. */
const sureEnough = 0.6;

/** In what Comprehend reads what (Amazon Comprehend, "Supported languages"). */
export const languagesOf: Readonly<Record<'personalData' | 'toxicity', ReadonlySet<string>>> = {
  personalData: new Set(['en', 'es']),
  toxicity: new Set(['en']),
};

/** Whether a vendor will read the message, and so not what it need not know. */
export function asksForPersonalData({ route }: Pick<Decision, 'route'>): boolean {
  return route === 'vendor';
}

/** Whether heated words, of which none is a known insult, leave open how they are meant. */
export function asksForTone({ abusive, noise, signals }: Assessment): boolean {
  return (
    !abusive &&
    noise === undefined &&
    signals.some(({ reason }) => reason === 'abuse_or_threat' || reason === 'strong_public_anger')
  );
}

/** Whether our own lists leave open what a message is about: no reason holds and no topic is sure. */
export function asksForClass({ noise, missing, topics }: Assessment, { reasons }: Decision): boolean {
  return (
    noise === undefined &&
    !missing.includes('text') &&
    reasons.length === 0 &&
    !topics.some(({ confidence }) => confidence >= sureEnough)
  );
}

/** Marked as abusive where it is toxic (0 to 1); never the other way. */
export function withTone(assessment: Assessment, toxicity: number): Assessment {
  return toxicity >= sureEnough ? { ...assessment, abusive: true } : assessment;
}

/**
 * What a class adds: a reason's name is a sign of it, a topic's name the main matter, `in_house` (as `export labels` writes it) a doubt. Other
 * names, and classes that are not sure, add nothing.
 */
export function withClass(assessment: Assessment, classes: readonly TextClass[]): Assessment {
  const [best] = classes.toSorted((a, b) => b.confidence - a.confidence);
  if (best === undefined || best.confidence < sureEnough) return assessment;
  const { name, confidence } = best;
  if (name === 'in_house') return { ...assessment, doubts: ['classified_in_house'] };
  const reason = reasonSchema.safeParse(name);
  if (reason.success) {
    const signal = { reason: reason.data, confidence, source: 'comprehend', entry: 'classifier' } as const;
    return { ...assessment, signals: [...assessment.signals, signal] };
  }
  const topic = topicSchema.safeParse(name === 'product_ideas' ? 'idea' : name);
  if (!topic.success) return assessment;
  const others = assessment.topics.filter((other) => other.topic !== topic.data);
  return { ...assessment, topics: [{ topic: topic.data, confidence }, ...others] };
}

/** The decision with a second opinion, unless it is less careful than the one without: an opinion takes nothing out of the house, sets nothing aside and makes nothing wait. */
export function atLeastAsCareful(without: Decision, withOpinion: Decision): Decision {
  const leaves = without.route === 'in_house' && withOpinion.route !== 'in_house';
  const dropped = withOpinion.route === 'set_aside' && without.route !== 'set_aside';
  const waits =
    without.route === withOpinion.route &&
    priorities.indexOf(withOpinion.priority) > priorities.indexOf(without.priority);
  return leaves || dropped || waits ? without : withOpinion;
}
