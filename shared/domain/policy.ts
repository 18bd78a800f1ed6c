import * as z from 'zod';
import { assessmentSchema, orderData, reasonSchema, topicSchema } from './assessment.ts';
import { calendarSchema } from './calendar.ts';
import { prioritySchema, targetsSchema } from './decision.ts';
import { ladderSchema } from './escalation.ts';
import { channelSchema } from './inbound-event.ts';
import { learntSchema } from './learnt.ts';
import { onChangeSchema } from './promises.ts';

/** An object of exactly these keys; an unknown one is refused with the names that are allowed. */
export function closedObject<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `unknown name ${issue['keys']}; allowed: ${Object.keys(shape).join(', ')}`
        : undefined,
  });
}

/** Points of the risk score: sums stay numbers that can be written and read again. */
const points = z.number().min(-100, 'write at least -100').max(100, 'write at most 100');

/** A team that consumes queues. Only an outsourced desk is outside the brand's walls. */
export const deskSchema = z.object({
  kind: z.enum(['in_house', 'outsourced', 'product_ideas']),
  title: z.string(),
  /** Desk that gets a case whose promise was broken; absent on the in-house desk, whose breaches are told to people. */
  escalatesTo: z.string().optional(),
  /** What an outsourced desk takes; absent: all there is. Languages are ISO 639-1, `hours` is the id of a calendar. */
  languages: z.array(z.string()).optional(),
  topics: z.array(topicSchema).optional(),
  channels: z.array(channelSchema).optional(),
  hours: z.string().optional(),
  /** Its share among the outsourced desks that fit; 1 when absent. */
  weight: z.number().positive().optional(),
  /** So many open cases are agreed; while it has them, it gets no more. Absent: any number. */
  backlog: z.number().int().positive().optional(),
  /** What of an order an outsourced desk must not see either. */
  masks: z.array(z.enum(orderData)).optional(),
});
export type Desk = z.infer<typeof deskSchema>;

export const purposeSchema = z.enum(['corporate', 'after_sales', 'store', 'recruitment', 'press']);

/** What holds for an account instead of what the rules say to all: each can only make a decision more careful. */
export const overridesSchema = closedObject({
  /** The only outsourced desks that may have its cases; none of them: all stay in the house. */
  desks: z.array(z.string()).optional(),
  /** Points that each of its messages has more. */
  risk: points.positive().optional(),
  /** Rules that do not hold here; never one that leads in-house. */
  skip: z.array(z.string()).min(1).optional(),
});

/** A brand's page, handle or number, with what its group, country and store gave it. */
export const accountSchema = z.object({
  channel: channelSchema,
  /** The platform's own id, or `*` for whatever is not listed on this channel: its languages help, the doubt stays. */
  id: z.string(),
  title: z.string(),
  purpose: purposeSchema,
  country: z.string().optional(),
  store: z.string().optional(),
  /** ISO 639-1, most used first. */
  languages: z.array(z.string()),
  /** What the brand is called, in names and handles: a message that begins with somebody else's is talk with them. */
  names: z.array(z.string()).optional(),
  /** Words that rules may ask for; those of its groups are among them. */
  tags: z.array(z.string()).optional(),
  overrides: overridesSchema.optional(),
  /** So long without a message is told as silence at the latest, whatever the account is used to. */
  silentAfterHours: z.number().int().positive().optional(),
});
export type Account = z.infer<typeof accountSchema>;

const sentimentLabels = z.enum(['positive', 'negative', 'neutral', 'mixed']);

const partConditions = {
  /** A reason that holds. */
  reasons: z.array(reasonSchema).min(1).optional(),
  topics: z.array(topicSchema).min(1).optional(),
  /** How sure the topic must be, 0 to 1. */
  topic_confidence: z.number().min(0).max(1).optional(),
  /** The main matter is one of these. */
  main_topics: z.array(topicSchema).min(1).optional(),
  /** `true`: it is no noise, and no matter of service, praise or wish was recognised (with `topic_confidence` or more). */
  unrecognised: z.boolean().optional(),
  sentiment: z.array(sentimentLabels).min(1).optional(),
  channels: z.array(channelSchema).min(1).optional(),
  accounts: z.array(z.string()).min(1).optional(),
  purposes: z.array(purposeSchema).min(1).optional(),
  countries: z.array(z.string()).min(1).optional(),
  stores: z.array(z.string()).min(1).optional(),
  /** Tags of the account, its own or its groups'. */
  tags: z.array(z.string()).min(1).optional(),
  languages: z.array(z.string()).min(1).optional(),
  noise: z.array(assessmentSchema.shape.noise.unwrap()).min(1).optional(),
  public: z.boolean().optional(),
  abusive: z.boolean().optional(),
  verified: z.boolean().optional(),
  /** At least so many followers. */
  followers: z.number().int().positive().optional(),
  /** The author had at least so many other cases on this account in the last 90 days; 50 are counted. */
  previous_cases: z.number().int().positive().max(50).optional(),
  /** The open case that it belongs to held at least so many messages before it. */
  earlier_messages: z.number().int().positive().optional(),
  /** A text of at least so many words; links, handles and hashtags are none. */
  words: z.number().int().positive().optional(),
  /** A review of at most so many stars. */
  stars: z.number().int().min(1).max(5).optional(),
};

/** What a part of the risk score may ask; all that is asked must hold, a list means any of its members. */
export const partConditionSchema = closedObject(partConditions);

/** What a rule may ask; besides, `routine` (no reason holds and nothing is in doubt), `doubt`, and the risk score. */
export const conditionSchema = closedObject({
  ...partConditions,
  routine: z.boolean().optional(),
  doubt: z.boolean().optional(),
  risk: closedObject({ at_least: z.number().optional(), below: z.number().optional() }).optional(),
});
export type Condition = z.infer<typeof conditionSchema>;

/** `to` is a desk's id, `outsourced` (whichever outsourced desk fits) or `set_aside`. */
const targetSchema = z.object({ to: z.string(), priority: prioritySchema, because: z.string() });

const ruleSchema = targetSchema.extend({ id: z.string(), when: conditionSchema });
export type Rule = z.infer<typeof ruleSchema>;

export const routingSchema = z.object({
  /** Tried in this order, the first that matches decides. */
  rules: z.array(ruleSchema),
  default: targetSchema,
});

export const scoreSchema = closedObject({
  /** From this confidence (0 to 1) on, a reason holds by itself. */
  holds: closedObject({
    default: z.number().min(0).max(1),
    reasons: z.partialRecord(reasonSchema, z.number().min(0).max(1)).optional(),
  }),
  /** Points of a reason that is certain; else in proportion to its chance. */
  reasons: z.partialRecord(reasonSchema, points),
  parts: z.array(
    closedObject({
      name: z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, 'write a lower-case word'),
      points,
      when: partConditionSchema,
    }),
  ),
});

/** What Amazon Comprehend is asked besides sentiment where that decides. */
export const comprehendSchema = closedObject({
  /** Personal data that our own patterns leave in a text, before a vendor reads it (English and Spanish). */
  personal_data: z.boolean(),
  /** Whether heated words are abusive (English): marks a message, never moves it out of the house. */
  toxicity: z.boolean(),
});

/** What an entry of a lexicon tells. `cue` is about how something is said, not what. */
export const meaningSchema = z.union([
  z.object({ kind: z.literal('reason'), name: reasonSchema }),
  z.object({ kind: z.literal('topic'), name: topicSchema }),
  z.object({ kind: z.literal('sentiment'), name: z.enum(['positive', 'negative']) }),
  z.object({ kind: z.literal('cue'), name: z.string() }),
]);
export type Meaning = z.infer<typeof meaningSchema>;

export const lexiconEntrySchema = z.object({
  means: meaningSchema,
  confidence: z.number().min(0).max(1),
  /** Patterns of normalised words, in the notation of `lexicon.ts`. */
  phrases: z.array(z.string()),
});

export const lexiconSchema = z.object({
  /** ISO 639-1, or `any` for what is the same everywhere (emoji, hashtags, names). */
  language: z.string(),
  entries: z.array(lexiconEntrySchema),
});
export type Lexicon = z.infer<typeof lexiconSchema>;

const escalationSchema = z.object({
  ladder: ladderSchema,
  /** Who is told. `hours`: by the case's priority, the calendar in which they may be; absent: at any time. */
  levels: z.record(
    z.string(),
    z.object({ title: z.string(), hours: z.partialRecord(prioritySchema, z.string()).optional() }),
  ),
});
export type Escalation = z.infer<typeof escalationSchema>;

/** The compiled policy: one versioned document made from `policy/*.yaml`, the same in AWS and on a laptop. */
export const policySchema = z.object({
  /** Short hash of the content: two equal policies have one version. */
  version: z.string(),
  desks: z.record(z.string(), deskSchema),
  /** `earned`: a desk's weight falls with what it breaks of what it owes; absent: weights stay as they are written. */
  shares: z.literal('earned').optional(),
  accounts: z.array(accountSchema),
  routing: routingSchema,
  score: scoreSchema,
  comprehend: comprehendSchema.optional(),
  /** By desk and priority; `onChange` says what new targets do to promises that run (absent: nothing, they are kept as they were made). */
  sla: z.record(
    z.string(),
    z.partialRecord(prioritySchema, targetsSchema.extend({ onChange: onChangeSchema.optional() })),
  ),
  escalation: escalationSchema.optional(),
  /** By id; named in `sla`. */
  calendars: z.record(z.string(), calendarSchema).optional(),
  /** So long before the platform takes no more answers a private message falls due, whatever else was promised. */
  replyWindowMarginSeconds: z.number().int().optional(),
  /** So long after its end a customer's message reopens a resolved case; later, or when absent, it opens the next one. */
  reopenWithinSeconds: z.number().int().optional(),
  lexicons: z.array(lexiconSchema),
  /** Absent where nothing was learnt. */
  learnt: learntSchema.optional(),
});
export type Policy = z.infer<typeof policySchema>;

/** Finds the account a message came to: listed, or known only by its channel's `*`, or not at all. */
export function accountFinder(policy: Pick<Policy, 'accounts'>) {
  const byKey = new Map(policy.accounts.map((account) => [`${account.channel} ${account.id}`, account]));
  return ({ channel, accountId }: { readonly channel: string; readonly accountId: string }) => {
    const account = accountId === '*' ? undefined : byKey.get(`${channel} ${accountId}`);
    return { account: account ?? byKey.get(`${channel} *`), listed: account !== undefined };
  };
}
