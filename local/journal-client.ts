import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import * as z from 'zod';
import { reasonSchema } from '../shared/domain/assessment.ts';
import { clockNameSchema } from '../shared/domain/clocks.ts';
import { decisionSchema } from '../shared/domain/decision.ts';

const signalSchema = z.object({ reason: reasonSchema, confidence: z.number() });

const common = { n: z.number(), at: z.string(), function: z.string() };

/** The journal entries that are told to people; the functions' logs have more. */
const entrySchema = z.discriminatedUnion('event', [
  z.object({
    ...common,
    event: z.literal('webhook_received'),
    platform: z.string(),
    events: z.number(),
    ignored: z.record(z.string(), z.number()),
  }),
  z.object({
    ...common,
    event: z.literal('webhook_refused'),
    platform: z.string(),
    status: z.number(),
    code: z.string(),
  }),
  z.object({
    ...common,
    event: z.literal('message_triaged'),
    type: z.string(),
    channel: z.string(),
    accountId: z.string(),
    messageId: z.string(),
    language: z.string(),
    sentiment: z.string().optional(),
    signals: z.array(signalSchema),
    topics: z.array(z.string()),
    missing: z.array(z.string()),
    noise: z.string().optional(),
    decision: decisionSchema,
  }),
  z.object({
    ...common,
    event: z.literal('case_changed'),
    caseId: z.string(),
    by: z.string(),
    eventId: z.string(),
    state: z.string(),
    desk: z.string().optional(),
    priority: z.string(),
    clocks: z.partialRecord(clockNameSchema, z.string()),
  }),
  z.object({ ...common, event: z.literal('event_known'), caseId: z.string(), by: z.string(), eventId: z.string() }),
  z.object({
    ...common,
    event: z.literal('effect_sent'),
    caseId: z.string(),
    kind: z.string(),
    desk: z.string(),
    lane: z.string().optional(),
    fence: z.number().optional(),
    again: z.boolean(),
  }),
  z.object({ ...common, event: z.literal('event_waits'), type: z.string(), messageId: z.string() }),
  z.object({
    ...common,
    event: z.literal('timer_fired'),
    caseId: z.string(),
    clock: clockNameSchema,
    dueAt: z.string(),
    lagMs: z.number(),
  }),
  z.object({
    ...common,
    event: z.literal('outcome_refused'),
    caseId: z.string(),
    desk: z.string(),
    because: z.string(),
  }),
  z.object({ ...common, event: z.literal('record_parked'), reason: z.string() }),
  z.object({ ...common, event: z.literal('record_retried'), because: z.string() }),
  z.object({ ...common, event: z.literal('policy_in_force'), version: z.string(), before: z.string().optional() }),
  z.object({ ...common, event: z.literal('policy_refused'), because: z.string() }),
  z.object({ ...common, event: z.literal('analyser_degraded'), service: z.string(), because: z.string() }),
]);
export type ToldEntry = z.infer<typeof entrySchema>;

/** Number of the last entry in the journal of the run at `url`; 0 when it is empty. */
export async function lastEntry(url: string): Promise<number> {
  let last = 0;
  for await (const line of lines(`${url}/_vigie/journal?follow=0`)) {
    last = z.object({ n: z.number() }).parse(JSON.parse(line)).n;
  }
  return last;
}

/** Entries after the given one as they come, for as long as the run is up; ends when it ends or `signal` says so. */
export async function* entriesAfter(url: string, after: number, signal?: AbortSignal): AsyncGenerator<ToldEntry> {
  try {
    for await (const line of lines(`${url}/_vigie/journal?after=${after}`, signal)) {
      const entry = entrySchema.safeParse(JSON.parse(line));
      if (entry.success) yield entry.data;
    }
  } catch (error) {
    if (signal?.aborted !== true) throw error;
  }
}

async function* lines(url: string, signal?: AbortSignal): AsyncGenerator<string> {
  const answer = await fetch(url, signal === undefined ? {} : { signal });
  if (answer.body === null) return;
  yield* createInterface({ input: Readable.from(answer.body), crlfDelay: Number.POSITIVE_INFINITY });
}
