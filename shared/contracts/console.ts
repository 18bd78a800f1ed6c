import * as z from 'zod';
import { assessmentSchema, reasonSchema, signalSchema } from '../domain/assessment.ts';
import type { Case } from '../domain/case.ts';
import { clockNameSchema, clockSchema } from '../domain/clocks.ts';
import { decisionSchema, prioritySchema, routeSchema } from '../domain/decision.ts';
import { channelSchema } from '../domain/inbound-event.ts';

/** The states of a case, repeated for the page: the schema in `domain/case.ts` brings along what no browser has. */
export const caseStates = [
  'quiet',
  'open',
  'answered',
  'waiting',
  'resolved',
  'set_aside',
  'withdrawn',
] as const satisfies readonly Case['state'][];
export const caseStateSchema = z.enum(caseStates);

const instant = z.iso.datetime();
const laneSchema = z.enum(['urgent', 'standard']);

/** One case in a list: what it is, where it is, what is promised; never the customer's words. */
export const caseLineSchema = z.object({
  id: z.string(),
  state: caseStateSchema,
  route: routeSchema,
  desk: z.string().optional(),
  priority: prioritySchema,
  reasons: z.array(reasonSchema),
  doubts: z.array(z.string()),
  rule: z.string(),
  channel: channelSchema,
  account: z.string(),
  language: z.string(),
  public: z.boolean(),
  claimed: z.boolean(),
  messages: z.number().int().nonnegative(),
  heardAt: instant.optional(),
  clocks: z.partialRecord(clockNameSchema, clockSchema),
  /** The next deadline that can still be missed. */
  next: z.object({ clock: clockNameSchema, dueAt: instant }).optional(),
  /** Deadlines that were missed. */
  breached: z.array(clockNameSchema),
});
export type CaseLine = z.infer<typeof caseLineSchema>;

/** What waits on a queue and what is being worked on, as SQS estimates it; `undefined` when the queue could not be asked. */
const depthSchema = z.object({ waiting: z.number().int(), inFlight: z.number().int() }).optional();
export type Depth = z.infer<typeof depthSchema>;

const deskSchema = z.object({
  id: z.string(),
  title: z.string(),
  kind: z.enum(['in_house', 'outsourced', 'product_ideas']),
});

/** The page "Now". */
export const nowSchema = z.object({
  at: instant,
  /** The latest cases, on which all counts are made; `complete` when no case of the last 24 hours is left out. */
  sample: z.object({ cases: z.number().int(), since: instant, complete: z.boolean() }),
  setAside: z.number().int(),
  desks: z.array(
    deskSchema.extend({
      received: z.number().int(),
      active: z.number().int(),
      unanswered: z.number().int(),
      breached: z.number().int(),
      /** Active cases whose next deadline comes within the hour; absent where the function is older than the page. */
      soon: z.number().int().optional(),
      nextDueAt: instant.optional(),
      queues: z.object({ urgent: depthSchema, standard: depthSchema }),
    }),
  ),
  stages: z.object({ intake: depthSchema, timer: depthSchema, outcome: depthSchema, parked: depthSchema }),
  /** Active cases past a deadline. */
  late: z.number().int(),
  deadlines: z.array(caseLineSchema),
  breaches: z.array(caseLineSchema),
});
export type Now = z.infer<typeof nowSchema>;

/** The ways of a message in their order: to us, through triage to a desk's queue, to whoever takes it, to the answer. */
export const stageNames = ['delivered', 'triaged', 'claimed', 'replied'] as const;

/** How things go: read more seldom than the page "Now", for it costs more. */
export const healthSchema = z.object({
  at: instant,
  /** The latest cases that are looked at. */
  looked: z.number().int(),
  stages: z.array(
    z.object({
      stage: z.enum(stageNames),
      /** Cases that have come through this stage. */
      cases: z.number().int(),
      /** Half of them took no longer, and nine in ten. */
      medianSeconds: z.number().optional(),
      slowSeconds: z.number().optional(),
    }),
  ),
  /** Tokens of platforms' APIs that have ended or end soon. */
  tokens: z.array(
    z.object({
      platform: z.string(),
      /** Of the accounts that it is for; absent where it is for all that have none of their own. */
      title: z.string().optional(),
      /** That it still holds, the one it ends on among them; 0 when it has ended. */
      days: z.number().int(),
    }),
  ),
  accounts: z.array(
    z.object({
      channel: channelSchema,
      title: z.string(),
      /** Watched since. */
      since: instant,
      /** When its last message was written. */
      heardAt: instant.optional(),
      /** Whether chance no longer explains that nobody writes; then also how many conversations were to be expected since. */
      silent: z.boolean(),
      expected: z.number().int().optional(),
    }),
  ),
});
export type Health = z.infer<typeof healthSchema>;

/** A part of a text, by UTF-16 offsets, and what it is a sign of. */
export const markSchema = z.object({ start: z.number().int(), end: z.number().int(), reason: reasonSchema });
export type Mark = z.infer<typeof markSchema>;

const storyBase = { at: instant };

/** One thing that, had it been otherwise, would have put a message elsewhere. */
export const alternativeSchema = z.object({
  kind: z.enum(['without_reason', 'without_doubt', 'without_any', 'public', 'private', 'mood']),
  /** The reason, doubt or mood. */
  what: z.string(),
  route: routeSchema,
  desk: z.string().optional(),
  priority: prioritySchema,
});
export type Alternative = z.infer<typeof alternativeSchema>;

/** What happened to a case, in the order in which it became known. */
export const storyEntrySchema = z.discriminatedUnion('type', [
  z.object({
    type: z.enum(['message_received', 'message_edited']),
    ...storyBase,
    author: z.string().optional(),
    /** Empty once it was erased. */
    text: z.string(),
    attachments: z.array(z.string()),
    rating: z.number().optional(),
    permalink: z.string().optional(),
    language: z.string(),
    marks: z.array(markSchema),
    signals: z.array(signalSchema),
    /** Abusive wording: shown only on demand. */
    abusive: z.boolean(),
    decision: decisionSchema,
    alternatives: z.array(alternativeSchema),
  }),
  z.object({ type: z.enum(['message_deleted', 'own_reply']), ...storyBase }),
  z.object({
    type: z.enum(['claimed', 'heartbeat', 'answered', 'waiting_for_customer', 'resolved']),
    ...storyBase,
    desk: z.string(),
    /** Who did it at the console; absent for what a desk's own system reports. */
    by: z.string().optional(),
  }),
  z.object({ type: z.literal('handed_back'), ...storyBase, desk: z.string(), code: z.string(), reason: z.string() }),
  z.object({ type: z.literal('rerouted'), ...storyBase, desk: z.string(), reason: z.string(), by: z.string() }),
  z.object({ type: z.literal('marked_misrouted'), ...storyBase, reason: z.string(), by: z.string() }),
  z.object({ type: z.literal('escalation_acknowledged'), ...storyBase, by: z.string() }),
  z.object({ type: z.literal('terms_changed'), ...storyBase, policyVersion: z.string() }),
  z.object({ type: z.literal('timer_fired'), ...storyBase, clock: clockNameSchema }),
  z.object({
    type: z.enum(['offered', 'recalled']),
    ...storyBase,
    desk: z.string(),
    lane: laneSchema,
    fence: z.number().int(),
    because: z.string().optional(),
  }),
  z.object({ type: z.literal('escalated'), ...storyBase, clock: clockNameSchema, desk: z.string() }),
]);
export type StoryEntry = z.infer<typeof storyEntrySchema>;

/** What a person can do with a case at the console. */
export const actNames = [
  'claim',
  'answer',
  'wait',
  'resolve',
  'recall',
  'hand_over',
  'reroute',
  'mark_misrouted',
  'acknowledge',
] as const;
export const actNameSchema = z.enum(actNames);
export type ActName = z.infer<typeof actNameSchema>;

/** One act; sent twice under one id it is done once. */
export const actSchema = z.object({
  id: z.uuid(),
  act: actNameSchema,
  /** Of the hand-over that the person has seen. */
  fence: z.number().int().nonnegative(),
  /** Where to, for `hand_over` and `reroute`. */
  desk: z.string().max(64).optional(),
  /** Why, in the person's words: for `recall`, `hand_over`, `reroute` and `mark_misrouted`. */
  reason: z.string().trim().min(1).max(200).optional(),
});
export type Act = z.infer<typeof actSchema>;

/** The page of one case. */
export const casePageSchema = z.object({
  at: instant,
  case: caseLineSchema,
  fence: z.number().int().nonnegative(),
  /** What whoever asked may do with it now. */
  acts: z.array(actNameSchema),
  /** Desks it may be handed over or re-routed to. */
  reroutes: z.array(z.string()),
  because: z.string(),
  policyVersion: z.string(),
  /** Signals are found again with the policy of now, which may not be the one that decided. */
  signalsPolicyVersion: z.string(),
  closedAt: instant.optional(),
  previous: z.string().optional(),
  /** By clock: the times in which nobody works and it stands still, to about a two-hundredth of its length. */
  closed: z.partialRecord(clockNameSchema, z.array(z.object({ from: instant, to: instant }))),
  story: z.array(storyEntrySchema),
});
export type CasePage = z.infer<typeof casePageSchema>;

/** A place in the list of cases by last message: an instant, or an entry. */
const placeSchema = z
  .string()
  .max(120)
  .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z(?:#[0-9a-f-]+)?$/, 'write a place that an earlier answer named');

/** What a list of cases may be narrowed to; all that is given must hold. */
export const caseFilterSchema = z.object({
  state: caseStateSchema.optional(),
  desk: z.string().max(64).optional(),
  reason: reasonSchema.optional(),
  priority: prioritySchema.optional(),
  channel: channelSchema.optional(),
  language: z.string().max(8).optional(),
  /** Part of the account's title. */
  account: z.string().max(80).optional(),
  /** All of these in the customer's name or latest messages, whatever their case and accents; or the customer's id on the platform. */
  words: z.string().trim().min(2, 'write two letters or more').max(80).optional(),
  /** The customer of this case. */
  customerOf: z.string().max(60).optional(),
  /** Missed, or within the hour. */
  deadline: z.enum(['missed', 'soon']).optional(),
  /** Where the list goes on, as an earlier answer said. */
  before: placeSchema.optional(),
});
export type CaseFilter = z.infer<typeof caseFilterSchema>;

export const caseListSchema = z.object({
  cases: z.array(caseLineSchema),
  /** How many cases were looked at to find these. */
  looked: z.number().int(),
  /** The earliest moment that was looked at. */
  since: instant,
  /** Where to go on; absent at the end. */
  next: z.string().optional(),
});
export type CaseList = z.infer<typeof caseListSchema>;

export const reportQuerySchema = z.object({
  /** Where an earlier part ended. */
  before: placeSchema.optional(),
  /** The first day to count. */
  until: z.iso.date(),
});
export type ReportQuery = z.infer<typeof reportQuerySchema>;

/** A part of a report, to be put together with the others. */
export const reportPartSchema = z.object({
  rows: z.array(
    z.object({
      /** UTC: of the cases' last messages, and of the verdicts on first replies. */
      day: z.iso.date(),
      /** The desk that has the cases, and that had them at the verdict; or `set_aside`. */
      desk: z.string(),
      cases: z.number().int(),
      /** Of these cases; absent where the function is older than the page. */
      messages: z.number().int().optional(),
      /** First replies in time, and missed. */
      kept: z.number().int(),
      broken: z.number().int(),
      misrouted: z.number().int(),
      reasons: z.partialRecord(reasonSchema, z.number().int()),
    }),
  ),
  looked: z.number().int(),
  /** Where to go on; absent at the end. */
  next: z.string().optional(),
});
export type ReportPart = z.infer<typeof reportPartSchema>;

const ruleSchema = z.object({
  id: z.string(),
  to: z.string(),
  priority: prioritySchema,
  because: z.string(),
});

/** The page "Policy". */
export const policyPageSchema = z.object({
  version: z.string(),
  desks: z.array(
    deskSchema.extend({
      promises: z.array(
        z.object({
          priority: prioritySchema,
          firstReplySeconds: z.number().int(),
          resolutionSeconds: z.number().int(),
          inBusinessHours: z.boolean(),
        }),
      ),
    }),
  ),
  accounts: z.array(
    z.object({ channel: channelSchema, id: z.string(), title: z.string(), languages: z.array(z.string()) }),
  ),
  /** In the order in which they are tried; the last is the default. */
  rules: z.array(ruleSchema),
});
export type PolicyPage = z.infer<typeof policyPageSchema>;

/** A message to try the policy on; it is judged and forgotten. */
export const trialSchema = z.object({
  text: z.string().max(8_000),
  channel: channelSchema,
  accountId: z.string().min(1).max(128),
  public: z.boolean(),
});
export type Trial = z.infer<typeof trialSchema>;

export const verdictSchema = z.object({
  decision: decisionSchema,
  assessment: assessmentSchema,
  marks: z.array(markSchema),
  alternatives: z.array(alternativeSchema),
  /** Whether a sentiment verdict was asked for: in AWS, one Comprehend document. */
  askedSentiment: z.boolean(),
});
export type Verdict = z.infer<typeof verdictSchema>;

const movedSchema = z.object({
  /** Of its case. */
  id: z.string(),
  /** The rules that decide. */
  before: z.string(),
  after: z.string(),
  reasonsBefore: z.array(reasonSchema).readonly(),
});
const volumesSchema = z.object({
  byDesk: z.record(z.string(), z.number().int()).readonly(),
  dollarsPerMillion: z.number(),
});

/** What other rules would make of the latest messages. */
export const comparisonSchema = z.object({
  messages: z.number().int(),
  /** The earliest message; absent when there is none. */
  since: instant.optional(),
  moved: z.number().int(),
  /** At the same desk, but faster or slower. */
  otherPriority: z.number().int(),
  /** Kept in-house by the rules in force, a vendor's by the others. */
  leakRisk: z.array(movedSchema).readonly(),
  lanes: z
    .array(
      z.object({
        from: z.string(),
        to: z.string(),
        messages: z.number().int(),
        examples: z.array(movedSchema).readonly(),
      }),
    )
    .readonly(),
  before: volumesSchema,
  after: volumesSchema,
});
export type Comparison = z.input<typeof comparisonSchema>;

/** The rules in force, as they may be edited and compared: what `routing.yaml` says, as JSON. */
export const rulesInForceSchema = z.object({ rules: z.json(), default: z.json(), score: z.json() });

/** Who looks, and what they may do. */
export const personSchema = z.object({ name: z.string(), role: z.enum(['viewer', 'agent', 'lead']) });

/** What the page must know before anything else: where to sign in, or that nobody needs to. */
export const consoleSettingsSchema = z.object({
  signIn: z
    .object({
      issuer: z.url(),
      clientId: z.string(),
      /** Where else its addresses may be. */
      hosts: z.array(z.url()),
    })
    .optional(),
});
export type ConsoleSettings = z.infer<typeof consoleSettingsSchema>;

/** A call that cannot be answered: why, in one line. */
export const problemSchema = z.object({ message: z.string() });

/** What the page is told as it happens; never a customer's words. */
export const liveEntrySchema = z.discriminatedUnion('event', [
  z.object({
    event: z.literal('message_triaged'),
    at: instant,
    channel: channelSchema,
    decision: decisionSchema.pick({ route: true, desk: true, priority: true, reasons: true }),
  }),
  z.object({
    event: z.literal('case_changed'),
    at: instant,
    caseId: z.string(),
    by: z.string(),
    desk: z.string().optional(),
  }),
  z.object({
    event: z.literal('timer_fired'),
    at: instant,
    caseId: z.string(),
    clock: clockNameSchema,
    lagMs: z.number(),
  }),
  z.object({ event: z.literal('outcome_refused'), at: instant, caseId: z.string(), desk: z.string() }),
  z.object({ event: z.literal('record_parked'), at: instant }),
]);
export type LiveEntry = z.infer<typeof liveEntrySchema>;
