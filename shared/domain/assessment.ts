import * as z from 'zod';

/** Why a message may hurt the brand's image. A routine message has none. */
export const reasons = [
  'safety',
  'legal',
  'press_or_influencer',
  'discrimination',
  'boycott',
  'data_privacy',
  'rumour_or_fraud_accusation',
  'abuse_or_threat',
  'strong_public_anger',
  'brand_or_community',
  'vulnerable_person',
] as const;
export const reasonSchema = z.enum(reasons);
export type Reason = z.infer<typeof reasonSchema>;

export const topics = [
  'order_delivery',
  'refund_return',
  'billing',
  'product_quality',
  'how_to',
  'store_info',
  'account_access',
  'complaint_service',
  'praise',
  'idea',
  'community',
  'spam',
  'other',
] as const;
export const topicSchema = z.enum(topics);
export type Topic = z.infer<typeof topicSchema>;

const findingSourceSchema = z.enum(['lexicon', 'pattern', 'local', 'account', 'platform', 'comprehend']);

export const sentimentSchema = z.object({
  label: z.enum(['positive', 'negative', 'neutral', 'mixed']),
  confidence: z.number().min(0).max(1),
  source: findingSourceSchema,
});
export type Sentiment = z.infer<typeof sentimentSchema>;

export const signalSchema = z.object({
  reason: reasonSchema,
  confidence: z.number().min(0).max(1),
  source: findingSourceSchema,
  /** The lexicon entry that matched, never the customer's words: safe to log. */
  entry: z.string(),
});
export type Signal = z.infer<typeof signalSchema>;

/** What prequalification found in one message, every finding with its source and confidence (0 to 1). */
export const assessmentSchema = z.object({
  language: z.object({
    /** ISO 639-1, or `und` when it cannot be told. */
    code: z.string(),
    confidence: z.number().min(0).max(1),
    source: findingSourceSchema,
  }),
  sentiment: sentimentSchema.optional(),
  signals: z.array(signalSchema),
  /** How likely each reason is by all that the text shows and what was learnt, 0 to 1; absent: next to none, or nothing was learnt. */
  chances: z.partialRecord(reasonSchema, z.number().min(0).max(1)).optional(),
  /** The main matter first. */
  topics: z.array(z.object({ topic: topicSchema, confidence: z.number().min(0).max(1) })),
  /**
   * Set when there is nothing for the brand to do: `headline` news or an offer that was passed on, `third_party` talk with somebody
   * else, `brand_voice` an answer that the brand's own people wrote, `fragment` a word or two that say nothing.
   */
  noise: z
    .enum([
      'empty',
      'letterless',
      'tags_only',
      'link_only',
      'headline',
      'third_party',
      'brand_voice',
      'fragment',
      'spam',
      'pure_insult',
    ])
    .optional(),
  /** Abusive wording, judged apart from the matter: a tool may mask it, a priority never falls for it. */
  abusive: z.boolean(),
  /** Kinds of personal data seen (`email`, `phone`, …). */
  pii: z.array(z.string()),
  /** Analyses that were wanted and could not be had; each is a doubt, and doubt stays in-house. */
  missing: z.array(z.enum(['language', 'sentiment', 'toxicity', 'pii', 'text'])),
  /** What else keeps it in-house: a classifier says that it belongs there. */
  doubts: z.array(z.literal('classified_in_house')).optional(),
});
export type Assessment = z.infer<typeof assessmentSchema>;

/** Where in a text something of a kind stands: offsets as JavaScript counts, the end behind it. */
export const findingSchema = z.object({
  kind: z.string(),
  start: z.number().int().nonnegative(),
  end: z.number().int().positive(),
});
export type Finding = z.infer<typeof findingSchema>;

/** What a desk needs to serve the customer, and so sees, unless the policy has it masked. */
export const orderData = ['order_number', 'tracking_number'] as const;
export type OrderData = (typeof orderData)[number];

/** A confidence to two digits: more would only be noise. */
export function toHundredths(confidence: number): number {
  return Math.round(confidence * 100) / 100;
}
