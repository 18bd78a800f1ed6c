import { applyEvent, type RefusalReason } from './domain/apply-event.ts';
import type { Case, CaseEvent, Conversation } from './domain/case.ts';
import { nextDue } from './domain/case-clocks.ts';
import { partitionOf } from './domain/case-ids.ts';
import { isOver, promiseNames } from './domain/clocks.ts';
import type { Policy } from './domain/policy.ts';
import { recordOf } from './domain/vendors.ts';
import { composeEffect, type Destinations, type Outgoing } from './hand-over.ts';
import { tellPeople } from './notices.ts';
import type { CaseStore, EscalationTopic, QueueEntry, QueueSender, StoredEvent } from './ports.ts';
import { StoreUnavailableError } from './ports.ts';
import { eachOf } from './runtime/groups.ts';
import type { Log } from './runtime/log.ts';
import { type DeskStandings, noteRecords } from './standings.ts';
import { timerEntry } from './timer-entry.ts';

export interface Casework {
  readonly store: CaseStore;
  readonly queues: QueueSender;
  readonly escalations: EscalationTopic;
  readonly policy: Policy;
  readonly standings: DeskStandings;
  readonly destinations: Destinations;
  readonly now: () => Date;
  /** Text that nobody can guess, new each time. */
  readonly nonce: () => string;
  readonly log: Log;
}

/** Something that happened, to be folded into the case of a conversation, with the customer's words if it has any. */
export interface Change {
  readonly conversation: Conversation;
  readonly event: CaseEvent;
  readonly text: string;
  /** Ids of stored events whose words must go with this one; asked for again whenever the case has moved. */
  readonly erases?: () => Promise<readonly string[]>;
  /** Id of an event of the same thread that leaves nothing to this one, once it is stored. */
  readonly endedBy?: string;
  /** The case that this event is about, where it names one: another case of the conversation is left alone. */
  readonly caseId?: string;
  /** What a twin of this change has stored of it. */
  readonly stored?: StoredEvent;
  /** What the caller has read already; it may be stale, the write notices. */
  readonly known?: { readonly current: Case | undefined };
}

/**
 * `done`: stored and told to the world, now or before. `refused`: does not fit the case, nothing changed. `retry`: something was not
 * reached; the same change may be made again and again. `park`: it can never succeed.
 */
export type ChangeResult =
  | { readonly kind: 'done'; readonly case: Case /** Stored before, by a twin. */; readonly again: boolean }
  | { readonly kind: 'refused'; readonly reason: RefusalReason; readonly case: Case | undefined }
  | { readonly kind: 'retry'; readonly because: string }
  | { readonly kind: 'park'; readonly reason: string };

/**
 * A due time this near is armed at once; later ones are found by the sweeper, which looks ahead less far than this, so that
 * no timer falls between the two.
 */
export const armDirectlySeconds = 120;

/** Conversations worked on at a time: enough to hide the store's latency, few enough to keep its connections busy but not queued. */
const parallelConversations = 32;
/** Writers that meet on one case take turns; more turns than this mean that something else is wrong. */
const writeAttempts = 12;

/**
 * The one way to change cases: events in, results in the same order out. Each event is written with its case in one transaction; what
 * the world is to be told goes out after that, in batches. Conversations run side by side, the events of one in their order.
 */
export async function changeCases(casework: Casework, changes: readonly Change[]): Promise<readonly ChangeResult[]> {
  const written = new Map<Change, Written | ChangeResult>();
  const conversations = [...Map.groupBy(changes, conversationKey).values()];
  await eachOf(conversations, parallelConversations, async (conversation) => {
    let current: { current: Case | undefined } | undefined;
    for (const change of conversation) {
      const result = await writeChange(casework, change, current ?? change.known);
      written.set(change, result);
      current = result.kind === 'written' ? { current: result.after } : undefined;
    }
  });
  const writes = [...written.values()].filter((result) => result.kind === 'written');
  const told = await tellTheWorld(casework, writes);
  if (casework.policy.shares === 'earned')
    await noteRecords(casework.store, recordsOf(casework, writes), casework.now());
  return changes.map((change) => {
    const result = written.get(change);
    if (result === undefined) return { kind: 'retry', because: 'not reached' };
    return result.kind === 'written'
      ? (told.get(result) ?? { kind: 'done', case: result.after, again: result.again })
      : result;
  });
}

interface Written {
  readonly kind: 'written';
  readonly stored: StoredEvent;
  /** What the event changed; unknown where a twin changed it. */
  readonly before?: Case | undefined;
  readonly after: Case;
  /** It was stored before: by this record's twin. */
  readonly again: boolean;
}

function conversationKey({ conversation }: Change): string {
  return `${partitionOf(conversation)} ${conversation.author}`;
}

async function writeChange(
  casework: Casework,
  change: Change,
  known: { readonly current: Case | undefined } | undefined,
): Promise<Written | ChangeResult> {
  const { store, log } = casework;
  try {
    if (change.stored !== undefined) return await alreadyKnown(store, log, change.stored);
    let before = known === undefined ? await currentOf(store, change) : known.current;
    for (let attempt = 0; attempt < writeAttempts; attempt += 1) {
      const result = await writeOnce(casework, change, before);
      if (result !== 'moved') return result;
      before = await currentOf(store, change);
    }
    return { kind: 'retry', because: 'the case kept changing' };
  } catch (error) {
    if (error instanceof StoreUnavailableError) return { kind: 'retry', because: error.message };
    throw error;
  }
}

function currentOf(store: CaseStore, { conversation, caseId }: Change): Promise<Case | undefined> {
  return caseId === undefined ? store.current(conversation) : store.find(caseId);
}

async function writeOnce(
  { store, log, nonce }: Casework,
  { event: happened, conversation, text, erases = async () => [], endedBy }: Change,
  before: Case | undefined,
): Promise<Written | ChangeResult | 'moved'> {
  // Read after the case: whatever is stored from here on moves it, and then everything is read again.
  const [end] = endedBy === undefined ? [] : await store.events([{ thread: conversation, eventId: endedBy }]);
  if (end !== undefined) return alreadyKnown(store, log, end);
  const event = { ...happened, nonce: nonce() };
  const transition = applyEvent(before, event, conversation);
  if (transition.kind === 'refused') {
    // A twin of an event that ended the case looks like a stranger to it now: it was no refusal, its effects may still be owed.
    const [twin] = await store.events([{ thread: conversation, eventId: event.id }]);
    if (twin !== undefined) return alreadyKnown(store, log, twin);
    return { kind: 'refused', reason: transition.reason, case: before };
  }
  const { case: after, effects, closes } = transition;
  const stored: StoredEvent = { caseId: after.id, version: after.version, conversation, event, text, effects };
  const result = await store.append({ stored, before, after, closes, erases: await erases() });
  if (result.kind === 'moved') return 'moved';
  if (result.kind === 'known') return alreadyKnown(store, log, result.stored);
  log({
    event: 'case_changed',
    caseId: after.id,
    by: event.type,
    eventId: event.id,
    state: after.state,
    ...(after.desk === undefined ? {} : { desk: after.desk }),
    priority: after.priority,
    version: after.version,
    clocks: openDeadlines(after),
  });
  return { kind: 'written', stored, before, after, again: false };
}

/** What outsourced desks kept and broke by these events. */
function recordsOf({ policy }: Casework, writes: readonly Written[]): NonNullable<ReturnType<typeof recordOf>>[] {
  return writes.flatMap(({ stored, before, after }) => {
    const record = recordOf(before, stored.event, after);
    return record === undefined || policy.desks[record.desk]?.kind !== 'outsourced' ? [] : [record];
  });
}

/** What a repeated event still owes the world: a twin may come because the first one died between its write and its sends. */
async function alreadyKnown(store: CaseStore, log: Log, stored: StoredEvent): Promise<Written | ChangeResult> {
  log({ event: 'event_known', caseId: stored.caseId, by: stored.event.type, eventId: stored.event.id });
  const after = await store.find(stored.caseId);
  if (after === undefined) return { kind: 'park', reason: 'event without its case' };
  return { kind: 'written', stored, after, again: true };
}

function openDeadlines(subject: Case): Record<string, string> {
  return Object.fromEntries(
    promiseNames.flatMap((name) => {
      const clock = subject.clocks[name];
      return clock?.dueAt === undefined || isOver(clock) ? [] : [[name, clock.dueAt]];
    }),
  );
}

/** Sends all effects and near timers; answers only for those writes of which something did not get out. */
async function tellTheWorld(
  casework: Casework,
  writes: readonly Written[],
): Promise<ReadonlyMap<Written, ChangeResult>> {
  const failed = new Map<Written, ChangeResult>();
  const outgoing: { write: Written; out: Outgoing }[] = [];
  await eachOf(writes, parallelConversations, async (write) => {
    try {
      const composed = await composeAll(casework, write);
      if (composed.kind === 'park') failed.set(write, composed);
      else outgoing.push(...composed.out.map((out) => ({ write, out })));
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      failed.set(write, { kind: 'retry', because: error.message });
    }
  });
  // Composed side by side, sent in the order of the writes: a recall must not overtake its offer.
  const order = new Map(writes.map((write, index) => [write, index]));
  outgoing.sort((a, b) => (order.get(a.write) ?? 0) - (order.get(b.write) ?? 0));
  const messages = outgoing.flatMap(({ write, out }) => (out.kind === 'message' ? [{ write, out }] : []));
  const notices = outgoing.flatMap(({ write, out }) => (out.kind === 'notice' ? [{ write, out }] : []));
  const timers = writes.flatMap((write) => {
    const entry = nearTimer(casework, write);
    return entry === undefined ? [] : [{ write, entry }];
  });
  const [messagesSent, timersSent] = await Promise.all([
    casework.queues.send(messages.map(({ out }) => out.entry)),
    casework.queues.send(timers.map(({ entry }) => entry)),
    notePersons(casework, writes, failed),
  ]);
  const settle = ({ write, out }: { write: Written; out: Outgoing }, sent: boolean | undefined) => {
    const { kind, desk } = out.about;
    if (sent === true) casework.log({ event: 'effect_sent', caseId: write.after.id, ...out.about, again: write.again });
    else {
      casework.log({ event: 'effect_failed', caseId: write.after.id, kind, desk });
      failed.set(write, { kind: 'retry', because: `${kind} for ${desk} was not sent` });
    }
  };
  messages.forEach((message, index) => {
    settle(message, messagesSent[index]);
  });
  timers.forEach(({ write }, index) => {
    if (timersSent[index] !== true) failed.set(write, { kind: 'retry', because: 'timer was not sent' });
  });
  // Last, because what has come this far is told once.
  const untold = notices.filter(({ write }) => !failed.has(write));
  const told = await tellPeople(
    casework,
    untold.map(({ write, out }) => ({ stored: write.stored, again: write.again, notice: out.notice })),
  );
  for (const notice of untold) settle(notice, told);
  return failed;
}

/** Notes new cases under their authors, where the platform names them; a twin notes again, because the first may have died before. */
async function notePersons(
  { store }: Casework,
  writes: readonly Written[],
  failed: Map<Written, ChangeResult>,
): Promise<void> {
  const opening = writes.flatMap((write) => {
    const { stored, after, again } = write;
    if (stored.event.type !== 'message_received' || stored.event.author.id === undefined) return [];
    if (!again && after.messages.count > 1) return [];
    const { id: caseId, conversation, messages } = after;
    return [{ write, noted: { caseId, conversation, at: messages.firstAt ?? stored.event.at, public: after.public } }];
  });
  if (opening.length === 0) return;
  try {
    await store.notePersons(opening.map(({ noted }) => noted));
  } catch (error) {
    if (!(error instanceof StoreUnavailableError)) throw error;
    for (const { write } of opening) failed.set(write, { kind: 'retry', because: error.message });
  }
}

async function composeAll(
  casework: Casework,
  { stored, after }: Written,
): Promise<{ kind: 'composed'; out: readonly Outgoing[] } | Extract<ChangeResult, { kind: 'park' }>> {
  const out: Outgoing[] = [];
  for (const effect of stored.effects) {
    const composed = await composeEffect(casework, effect, stored, after);
    if (composed.kind === 'not_cleared') {
      return { kind: 'park', reason: `desk ${composed.desk} may not see case ${after.id}` };
    }
    if (composed.kind !== 'nothing_left') out.push(composed);
  }
  return { kind: 'composed', out };
}

/** The next timer of a case, if it is near and new: who made one that stands already has sent it, or the sweeper does. */
function nearTimer(
  { now, destinations }: Casework,
  { before, after: subject, again }: Written,
): QueueEntry | undefined {
  const next = nextDue(subject);
  if (next === undefined) return undefined;
  const stood = before === undefined || again || before.id !== subject.id ? undefined : nextDue(before);
  if (stood?.clock === next.clock && stood.dueAt === next.dueAt) return undefined;
  const secondsLeft = (Date.parse(next.dueAt) - now().getTime()) / 1000;
  return secondsLeft < armDirectlySeconds
    ? timerEntry(destinations.timerQueueUrl, { caseId: subject.id, ...next }, secondsLeft)
    : undefined;
}
