import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { Calendar } from './calendar.ts';
import { type Clock, dueAfter, earlier, type Pause, ranFor } from './clocks.ts';

const instant = z.iso.datetime();

/** What was promised for a message. `calendar` is a version. */
export const termsSchema = z.object({
  policyVersion: z.string(),
  firstReplySeconds: z.number().int(),
  nextReplySeconds: z.number().int().optional(),
  resolutionSeconds: z.number().int(),
  calendar: z.string().optional(),
});
export type Terms = z.infer<typeof termsSchema>;

/**
 * How new terms meet clocks that run by older ones. `carry`: what has passed counts, as it was counted until then; `restart`: the whole time begins
 * again. Neither makes broken or kept what was so before.
 */
export const onChangeSchema = z.enum(['carry', 'restart']);

const entrySchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('asked'),
    at: instant,
    key: z.string(),
    terms: z.string(),
    /** Only thanks or a goodbye: it waits for no answer. */
    closing: z.literal(true).optional(),
    /** The last moment at which an answer can still be sent on the platform, less the policy's margin. */
    replyBy: instant.optional(),
  }),
  z.object({ kind: z.literal('replied'), at: instant }),
  z.object({ kind: z.literal('waited'), at: instant }),
  z.object({ kind: z.literal('deleted'), at: instant, key: z.string() }),
  /** The promises that were made by the terms `from` count by others from here on. */
  z.object({ kind: z.literal('changed'), at: instant, how: onChangeSchema, from: z.string(), terms: z.string() }),
]);
type Entry = z.infer<typeof entrySchema>;
type Asked = Extract<Entry, { kind: 'asked' }>;
type Changed = Extract<Entry, { kind: 'changed' }>;

/**
 * What the clocks of a case are computed from: who wrote when, oldest first. The clocks are a function of this and of nothing else,
 * which is why the order and the number of deliveries cannot change them.
 */
export const timelineSchema = z.object({
  entries: z.array(entrySchema),
  terms: z.record(z.string(), termsSchema),
});
export type Timeline = z.infer<typeof timelineSchema>;

export const emptyTimeline: Timeline = { entries: [], terms: {} };

/** Longer conversations lose what can no longer change a clock; only a reply that is learnt of later still is judged without it. */
const keptEntries = 32;
const latestEntries = 24;

/** The timeline with one more message, or one more version of it; `at` and `replyBy` are instants. */
export function withAsked(timeline: Timeline, asked: Omit<Asked, 'kind' | 'terms'>, terms: Terms): Timeline {
  const name = nameOfTerms(terms);
  return withEntry(
    { ...timeline, terms: { ...timeline.terms, [name]: terms } },
    { kind: 'asked', ...asked, terms: name },
  );
}

/** The timeline after the terms of a name (of those that messages were promised by) were changed at an instant. */
export function withChange(
  timeline: Timeline,
  { terms, ...change }: Omit<Changed, 'kind' | 'terms'> & { readonly terms: Terms },
): Timeline {
  const name = nameOfTerms(terms);
  return withEntry(
    { ...timeline, terms: { ...timeline.terms, [name]: terms } },
    { kind: 'changed', ...change, terms: name },
  );
}

/** By the name of the terms that messages were promised by: the terms by which these promises count now. */
export function termsInForce({ entries, terms }: Timeline): ReadonlyMap<string, Terms> {
  const names = new Map(entries.flatMap((entry) => (entry.kind === 'asked' ? [[entry.terms, entry.terms]] : [])));
  for (const entry of entries)
    if (entry.kind === 'changed' && names.has(entry.from)) names.set(entry.from, entry.terms);
  return new Map(
    [...names].flatMap(([from, name]) => {
      const own = terms[name];
      return own === undefined ? [] : [[from, own]];
    }),
  );
}

/** The name of terms in a timeline: a hash of what they say. */
export function nameOfTerms(terms: Terms): string {
  return createHash('sha256')
    .update(JSON.stringify(Object.entries(terms).sort()))
    .digest('hex')
    .slice(0, 8);
}

/** The timeline with an answer of the brand; `waited` when it asked the customer something and the next word is theirs. */
export function withReply(timeline: Timeline, kind: 'replied' | 'waited', at: string): Timeline {
  return withEntry(timeline, { kind, at });
}

/** The timeline after the author took a message back. */
export function withDeletion(timeline: Timeline, key: string, at: string): Timeline {
  return withEntry(timeline, { kind: 'deleted', key, at });
}

/** What a next case of the same conversation must know: answers sent since the last one was closed. */
export function afterClosing(timeline: Timeline, closedAt: string): Timeline {
  return {
    entries: timeline.entries.filter(({ kind, at }) => (kind === 'replied' || kind === 'waited') && at > closedAt),
    terms: {},
  };
}

function withEntry(timeline: Timeline, entry: Entry): Timeline {
  const name = nameOf(entry);
  if (timeline.entries.some((known) => nameOf(known) === name)) return timeline;
  const entries = compact([...timeline.entries, entry].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1)));
  const used = new Set(entries.flatMap((known) => ('terms' in known ? [known.terms] : [])));
  return {
    entries,
    terms: Object.fromEntries(
      Object.entries(timeline.terms)
        .filter(([key]) => used.has(key))
        .sort(),
    ),
  };
}

function nameOf(entry: Entry): string {
  const about = 'key' in entry ? entry.key : entry.kind === 'changed' ? `${entry.from} ${entry.how}` : '';
  return [entry.at, entry.kind, about, 'terms' in entry ? entry.terms : ''].join(' ');
}

function compact(entries: readonly Entry[]): Entry[] {
  if (entries.length <= keptEntries) return [...entries];
  const { starts, answers } = factsOf(entries);
  const [firstAnswer = ''] = answers;
  const resumedAt = new Set(pausesOf(entries).map(({ to }) => to));
  const seen = new Set<string>();
  const kept = entries.filter((entry, index) => {
    if (index >= entries.length - latestEntries) return true;
    if (entry.kind !== 'asked') return entry.kind !== 'replied' || entry.at === firstAnswer;
    if (resumedAt.has(starts.get(entry.key))) return true;
    // Of messages that were promised the same, the first is the one that falls due.
    const repeats = seen.has(entry.terms);
    seen.add(entry.terms);
    return !repeats;
  });
  const keys = new Set(kept.flatMap((entry) => (entry.kind === 'asked' ? [entry.key] : [])));
  return kept.filter((entry) => entry.kind !== 'deleted' || keys.has(entry.key));
}

/** A case's promises; of `nextReplies` the last may be running, those before it are over. */
export interface PromiseClocks {
  readonly firstReply: Clock | undefined;
  readonly nextReplies: readonly Clock[];
  readonly resolution: Clock | undefined;
}

/**
 * The clocks of a timeline. `calendars` holds by version what the terms name; `closedAt` is when the case was resolved. What starts, pauses,
 * fulfils and cancels each is written down in `semantics.ts`.
 */
export function clocksOf(
  { entries, terms }: Timeline,
  calendars: Readonly<Record<string, Calendar>>,
  closedAt?: string,
): PromiseClocks {
  const { asked, answers, starts, deletions } = factsOf(entries);
  const changes = entries.filter((entry) => entry.kind === 'changed');
  const calendarOf = ({ calendar }: Terms) => (calendar === undefined ? undefined : calendars[calendar]);
  /** When what one message asks for falls due: by the terms of its own, and from each change of them on by others, unless all is over by then. */
  const course = (
    ask: Asked,
    end: string | undefined,
    secondsOf: (terms: Terms) => number | undefined,
    pauses: readonly Pause[],
  ) => {
    let own = terms[ask.terms];
    let seconds = own === undefined ? undefined : secondsOf(own);
    if (own === undefined || seconds === undefined) return undefined;
    let [startedAt, from, spentMs] = [ask.at, ask.at, 0];
    let dueAt = dueAfter(from, seconds, { calendar: calendarOf(own), pauses });
    for (const change of changes) {
      const next = terms[change.terms];
      const promised = next === undefined ? undefined : secondsOf(next);
      if (change.from !== ask.terms || change.at <= ask.at || next === undefined || promised === undefined) continue;
      if ((end !== undefined && end <= change.at) || (dueAt !== undefined && dueAt <= change.at)) break;
      if (change.how === 'carry') spentMs += ranFor(from, change.at, { calendar: calendarOf(own), pauses });
      else [startedAt, spentMs] = [change.at, 0];
      [own, seconds, from] = [next, promised, change.at];
      // What has passed may be more than is left to pass: then it falls due at once, not before.
      dueAt = dueAfter(from, Math.max(0, seconds - spentMs / 1000), { calendar: calendarOf(own), pauses });
    }
    return { own, seconds, startedAt, dueAt };
  };
  const clock = (
    asks: readonly Asked[],
    answer: string | undefined,
    secondsOf: (terms: Terms) => number | undefined,
    { pauses = [], inWindow = true }: { readonly pauses?: readonly Pause[]; readonly inWindow?: boolean } = {},
  ): Clock | undefined => {
    const over = answer === undefined ? closedAt : earlier(answer, closedAt);
    const promised = asks.flatMap((ask) => {
      const ran = course(ask, over, secondsOf, pauses);
      return ran === undefined ? [] : [{ ask, deletedAt: deletions.get(ask.key), ...ran }];
    });
    // What its author took back in time is owed no answer; when nothing else is left, that is the end of the clock.
    const owed = promised.filter(
      ({ deletedAt, dueAt }) => deletedAt === undefined || (dueAt !== undefined && deletedAt > dueAt),
    );
    const counted = owed.length > 0 ? owed : promised;
    const startedAt = counted[0]?.startedAt;
    const [nearest] = counted.toSorted(
      (a, b) => compare(a.dueAt, b.dueAt) || compare(a.ask.at, b.ask.at) || a.seconds - b.seconds,
    );
    if (nearest === undefined || startedAt === undefined) return undefined;
    // A desk's clock may be behind the platform's: nothing runs on in a closed case.
    const closed = closedAt === undefined ? undefined : latest([closedAt, startedAt]);
    const end = answer === undefined ? closed : earlier(answer, closed);
    const windowEnd = inWindow ? latest(asks.flatMap(({ replyBy }) => replyBy ?? [])) : undefined;
    const bound = windowEnd !== undefined && nearest.dueAt !== undefined && windowEnd < nearest.dueAt;
    const dueAt = bound ? windowEnd : nearest.dueAt;
    const cancelledAt = promised.every(({ deletedAt }) => deletedAt !== undefined)
      ? latest(promised.map(({ deletedAt }) => deletedAt))
      : undefined;
    const cancelled = cancelledAt !== undefined && (end === undefined || cancelledAt < end);
    const paused = pauses.at(-1);
    return {
      startedAt,
      ...(dueAt === undefined ? {} : { dueAt }),
      ...(dueAt === undefined && paused !== undefined && end === undefined ? { pausedAt: paused.from } : {}),
      ...(cancelled ? { cancelledAt } : end === undefined ? {} : { fulfilledAt: end }),
      seconds: nearest.seconds,
      policyVersion: nearest.own.policyVersion,
      ...(nearest.own.calendar === undefined ? {} : { calendar: nearest.own.calendar }),
      ...(bound ? { bound: 'reply_window' } : {}),
    };
  };

  const [firstAnswer] = answers;
  const opening = asked.filter(({ at }) => firstAnswer === undefined || at <= firstAnswer);
  const nextReplies = answers.flatMap((answer, index) => {
    const next = answers[index + 1];
    const inGap = (at: string) => at > answer && (next === undefined || at <= next);
    const waiting = asked.filter(
      ({ key, closing, at }) => closing !== true && inGap(at) && inGap(starts.get(key) ?? ''),
    );
    return clock(waiting, next, (own) => own.nextReplySeconds) ?? [];
  });
  return {
    firstReply: clock(opening, firstAnswer, (own) => own.firstReplySeconds),
    nextReplies,
    resolution: clock(asked, undefined, (own) => own.resolutionSeconds, {
      pauses: pausesOf(entries),
      inWindow: false,
    }),
  };
}

/** Whether the customer has written something since the brand's last answer that waits for one. */
export function isUnanswered({ entries }: Timeline): boolean {
  const { asked, answers, starts, deletions } = factsOf(entries);
  const last = answers.at(-1);
  if (last === undefined) return asked.some(({ key }) => !deletions.has(key));
  return [...starts].some(([key, at]) => at > last && !deletions.has(key));
}

interface Facts {
  readonly asked: readonly Asked[];
  /** When the brand answered, from the first message on. */
  readonly answers: readonly string[];
  /** By message: when it first asked for something; what only thanks is not in it. */
  readonly starts: ReadonlyMap<string, string>;
  readonly deletions: ReadonlyMap<string, string>;
}

function factsOf(entries: readonly Entry[]): Facts {
  const asked = entries.filter((entry) => entry.kind === 'asked');
  const from = asked[0]?.at ?? '';
  const answers = entries.flatMap(({ kind, at }) =>
    (kind === 'replied' || kind === 'waited') && at >= from ? [at] : [],
  );
  const starts = new Map<string, string>();
  for (const { key, at, closing } of asked) {
    if (closing !== true && !starts.has(key)) starts.set(key, at);
  }
  const deletions = new Map<string, string>();
  for (const entry of entries) {
    if (entry.kind === 'deleted' && !deletions.has(entry.key)) deletions.set(entry.key, entry.at);
  }
  return { asked, answers: [...new Set(answers)], starts, deletions };
}

/** From each question to the customer to the next message that is more than thanks. */
function pausesOf(entries: readonly Entry[]): Pause[] {
  const starts = [...factsOf(entries).starts.values()].sort();
  const pauses: Pause[] = [];
  for (const { kind, at } of entries) {
    if (kind !== 'waited') continue;
    const before = pauses.at(-1);
    if (before !== undefined && (before.to === undefined || before.to > at)) continue;
    pauses.push({ from: at, to: starts.find((start) => start > at) });
  }
  return pauses;
}

/** Text order; what has no time comes last. */
function compare(a: string | undefined, b: string | undefined): number {
  if (a === b) return 0;
  if (a === undefined) return 1;
  return b === undefined || a < b ? -1 : 1;
}

function latest(times: readonly (string | undefined)[]): string | undefined {
  return times
    .filter((at) => at !== undefined)
    .sort()
    .at(-1);
}
