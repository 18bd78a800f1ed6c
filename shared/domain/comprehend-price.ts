import type { Assessment } from './assessment.ts';
import type { Decision } from './decision.ts';
import type { Policy } from './policy.ts';
import { asksForPersonalData, asksForTone, languagesOf } from './second-opinion.ts';

/** One unit is 100 characters, three at least: https://aws.amazon.com/comprehend/pricing/ */
const charactersPerUnit = 100;
const leastUnits = 3;
const dollarsPerUnit = 0.0001;
/** What the check whether there is personal data costs a unit, as a share of a full analysis. */
export const checkPrice = 0.02;

/** A message once it is decided. */
export interface DecidedText {
  readonly text: string;
  readonly assessment: Assessment;
  readonly decision: Pick<Decision, 'route'>;
  readonly askedSentiment: boolean;
}

/** For how many units Comprehend is paid, for one analysis of a text. */
export function unitsOf(text: string): number {
  return Math.max(leastUnits, Math.ceil([...text].length / charactersPerUnit));
}

/** Dollars for one full analysis of a text, such as its sentiment. */
export function dollarsPerAnalysis(text: string): number {
  return unitsOf(text) * dollarsPerUnit;
}

/** Whether Comprehend is asked if there is personal data in a message. */
export function checksPersonalData(
  { comprehend }: Pick<Policy, 'comprehend'>,
  { assessment, decision }: DecidedText,
): boolean {
  return (
    comprehend?.personal_data === true &&
    languagesOf.personalData.has(assessment.language.code) &&
    asksForPersonalData(decision)
  );
}

/**
 * What Comprehend is paid for a message, in dollars: its sentiment, its tone and the check for personal data, each where it is asked. Not in it:
 * where personal data stands (only asked when a check finds any), and an endpoint of a custom classifier, which costs the same used or not.
 */
export function comprehendDollars(policy: Pick<Policy, 'comprehend'>, decided: DecidedText): number {
  const { text, assessment, askedSentiment } = decided;
  const asksTone =
    policy.comprehend?.toxicity === true &&
    languagesOf.toxicity.has(assessment.language.code) &&
    asksForTone(assessment);
  const analyses = Number(askedSentiment) + Number(asksTone);
  const checks = Number(checksPersonalData(policy, decided));
  return (analyses + checks * checkPrice) * dollarsPerAnalysis(text);
}
