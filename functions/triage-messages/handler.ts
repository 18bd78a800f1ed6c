import { createHash } from 'node:crypto';
import { type Casework, type Change, type ChangeResult, changeCases } from '../../shared/casework.ts';
import { type IntakeRecord, intakeRecordSchema } from '../../shared/contracts/intake.ts';
import type { Assessment, Finding, Sentiment } from '../../shared/domain/assessment.ts';
import { type Case, type CaseEvent, type Conversation, isActive } from '../../shared/domain/case.ts';
import { shortKeyOf } from '../../shared/domain/case-ids.ts';
import type { Decision } from '../../shared/domain/decision.ts';
import { type InboundEvent, messageKeyOf } from '../../shared/domain/inbound-event.ts';
import type { Router } from '../../shared/domain/routing.ts';
import {
  asksForClass,
  asksForPersonalData,
  asksForTone,
  atLeastAsCareful,
  withClass,
  withTone,
} from '../../shared/domain/second-opinion.ts';
import { termsOf } from '../../shared/domain/terms.ts';
import {
  type Answer,
  type MessageFetcher,
  type Reading,
  type StoredEvent,
  StoreUnavailableError,
  type TextAnalyser,
} from '../../shared/ports.ts';
import {
  type BatchAnswer,
  type BatchEdges,
  combineResults,
  type QueueRecord,
  type RecordResult,
  settleBatch,
} from '../../shared/runtime/sqs-batch.ts';
import { type Arrival, fetchWords } from './fetch-words.ts';

export interface Dependencies extends Casework, BatchEdges {
  readonly assess: (message: InboundEvent) => Assessment;
  readonly router: Router;
  readonly analyser: TextAnalyser;
  readonly fetcher: MessageFetcher;
}

/** So long a message waits for an analyser that is down or throttled; then it is decided without, and stays in-house. */
const waitForAnalyserSeconds = 60;

/**
 * Triages a batch of the intake queue: messages are assessed, decided and folded into their cases first, then whatever is about a
 * message (edits, deletes, replies), whether it came in this batch or has waited for its message.
 */
export function triageMessages(batch: unknown, edges: Dependencies): Promise<BatchAnswer> {
  return settleBatch(batch, intakeRecordSchema, edges, async (records, log) => {
    const dependencies = { ...edges, log };
    const arrivals = records.flatMap(({ body }) =>
      body.events.map((event) => ({ receivedAt: body.receivedAt, event, reconciled: body.reconciled })),
    );
    const results = await triage(arrivals, dependencies);
    return resultsByRecord(records, results);
  });
}

async function triage(arrivals: readonly Arrival[], given: Dependencies): Promise<RecordResult[]> {
  try {
    await given.standings.refresh(given.policy);
    const dependencies = { ...given, router: informed(given) };
    const results = new Map<Arrival, RecordResult>();
    const messages = arrivals.filter(({ event }) => event.type === 'message_received' || event.type === 'fetch_needed');
    for (const [arrival, result] of await receiveMessages(messages, dependencies)) results.set(arrival, result);
    const followUps = arrivals.filter((arrival) => !messages.includes(arrival));
    const released = await releaseWaiting(messages, results, dependencies);
    const applied = await applyFollowUps([...followUps, ...released.keys()], dependencies);
    for (const arrival of followUps) results.set(arrival, applied.get(arrival) ?? notReached);
    await forgetWaiting(released, applied, results, dependencies);
    return arrivals.map((arrival) => results.get(arrival) ?? notReached);
  } catch (error) {
    if (!(error instanceof StoreUnavailableError)) throw error;
    return arrivals.map(() => ({ kind: 'retry', because: error.message }));
  }
}

/** The router, told how the desks stand: what it gives out counts at once. */
function informed({ router, standings }: Dependencies): Router {
  return {
    ...router,
    decide: (message, assessment, at) => {
      const decision = router.decide(message, assessment, at, standings.known);
      standings.gave(decision.desk);
      return decision;
    },
    sentimentDecides: (message, assessment, at) => router.sentimentDecides(message, assessment, at, standings.known),
  };
}

const notReached: RecordResult = { kind: 'retry', because: 'not reached' };

function resultsByRecord(
  records: readonly QueueRecord<IntakeRecord>[],
  results: readonly RecordResult[],
): ReadonlyMap<string, RecordResult> {
  let start = 0;
  return new Map(
    records.map(({ id, body }) => {
      const own = results.slice(start, start + body.events.length);
      start += body.events.length;
      return [id, combineResults(own)];
    }),
  );
}

async function receiveMessages(
  arrivals: readonly Arrival[],
  dependencies: Dependencies,
): Promise<ReadonlyMap<Arrival, RecordResult>> {
  const found = await dependencies.store.look(
    arrivals.map(({ event }) => ({ conversation: conversationOf(event), eventId: receivedId(event) })),
  );
  const fresh = arrivals.filter((_, index) => found[index]?.known === undefined);
  const fetched = await fetchWords(fresh, dependencies);
  const readable = new Map<Arrival, Arrival>();
  const results = new Map<Arrival, RecordResult>();
  for (const arrival of fresh) {
    const outcome = fetched.get(arrival) ?? arrival;
    if ('kind' in outcome) results.set(arrival, outcome);
    else readable.set(arrival, outcome);
  }
  const currents = new Map(arrivals.map((arrival, index) => [arrival, found[index]?.current]));
  const counted = await previousCases(readable, currents, dependencies);
  for (const [arrival, { receivedAt, event }] of readable) {
    const current = currents.get(arrival);
    const previous = counted.get(arrival);
    const author = previous === undefined ? event.author : { ...event.author, previousCases: previous };
    const earlierMessages = current !== undefined && isActive(current) ? current.messages.count : 0;
    readable.set(arrival, { receivedAt, event: { ...event, author, earlierMessages } });
  }
  const judged = await judgeAll([...readable.values()], dependencies);
  const changes = new Map<Arrival, Change>();
  arrivals.forEach((arrival, index) => {
    const { current, known } = found[index] ?? {};
    if (known !== undefined) {
      // Decided before; its effects may still be owed. Its author may be known only since its words were fetched.
      changes.set(arrival, {
        conversation: known.conversation,
        event: known.event,
        text: known.text,
        stored: known,
      });
      return;
    }
    const message = readable.get(arrival);
    if (message === undefined) return;
    const judgement = judged.get(message);
    if (judgement === undefined) results.set(arrival, { kind: 'retry', because: 'the analyser is not available' });
    else
      changes.set(arrival, {
        ...messageChange('message_received', message, judgement, dependencies),
        ...(message.event.author.id === arrival.event.author.id ? { known: { current } } : {}),
      });
  });
  const changed = await changeCases(dependencies, [...changes.values()]);
  [...changes.keys()].forEach((arrival, index) => {
    results.set(arrival, toRecordResult(changed[index], arrival));
    if (arrival.reconciled === true) countRepaired(arrival.event, changed[index], dependencies);
  });
  return results;
}

/** How many other cases the author of each message has on the account, where the policy asks and the platform names authors. */
async function previousCases(
  readable: ReadonlyMap<Arrival, Arrival>,
  currents: ReadonlyMap<Arrival, Case | undefined>,
  { router, store }: Dependencies,
): Promise<ReadonlyMap<Arrival, number>> {
  if (!router.asksPreviousCases) return new Map();
  const asked = [...readable].filter(([, { event }]) => event.author.id !== undefined);
  const noted = await store.casesOfPersons(asked.map(([, { event }]) => conversationOf(event)));
  return new Map(
    asked.map(([arrival], index) => {
      const current = currents.get(arrival)?.id;
      return [arrival, (noted[index] ?? []).filter(({ caseId }) => caseId !== current).length];
    }),
  );
}

/** A message that a poll found and nothing had stored: its webhook was lost. Counted once, for it is known from now on. */
function countRepaired(event: InboundEvent, result: ChangeResult | undefined, { log }: Dependencies): void {
  if (result?.kind !== 'done' || result.again) return;
  const { channel, accountId } = event;
  log({ event: 'message_repaired', channel, accountId, messageId: messageKeyOf(event) });
}

/** What is found in a message and decided for it at an instant (ISO 8601 UTC). */
interface Judgement {
  readonly assessment: Assessment;
  readonly decision: Decision;
  readonly decidedAt: string;
  /** Where the analyser found personal data in a message that leaves the house. */
  readonly personalData: readonly Finding[];
}

/** Assesses and decides messages; absent: try again later. */
async function judgeAll(
  arrivals: readonly Arrival[],
  dependencies: Dependencies,
): Promise<ReadonlyMap<Arrival, Judgement>> {
  const { router, now } = dependencies;
  const assessments = await assessAll(arrivals, dependencies);
  const decidedAt = now().toISOString();
  const judged = new Map<Arrival, Judgement>();
  for (const [arrival, assessment] of assessments) {
    const decision = router.decide(arrival.event, assessment, decidedAt);
    judged.set(arrival, { assessment, decision, decidedAt, personalData: [] });
  }
  for (const [arrival, assessment] of await secondOpinions(judged, dependencies)) {
    const before = judged.get(arrival);
    if (before === undefined) continue;
    const decision = atLeastAsCareful(before.decision, router.decide(arrival.event, assessment, decidedAt));
    judged.set(arrival, { ...before, assessment, decision });
  }
  for (const [arrival, personalData] of await findPersonalData(judged, dependencies)) {
    const judgement = judged.get(arrival);
    if (judgement !== undefined) judged.set(arrival, { ...judgement, personalData });
  }
  return judged;
}

/** Assesses messages locally, and by the analyser where its verdict could change the decision; absent: try again later. */
async function assessAll(
  arrivals: readonly Arrival[],
  { assess, router, analyser: { sentiment }, now }: Dependencies,
): Promise<ReadonlyMap<Arrival, Assessment>> {
  const assessments = new Map(arrivals.map((arrival) => [arrival, assess(arrival.event)]));
  const asking = [...assessments].filter(
    ([{ event }, assessment]) =>
      sentiment.languages.has(assessment.language.code) &&
      router.sentimentDecides(event, assessment, now().toISOString()),
  );
  const verdicts = await sentiment.read(
    asking.map(([{ event }, { language }]) => ({ text: event.text, language: language.code })),
  );
  asking.forEach(([arrival, assessment], index) => {
    const verdict = verdicts[index] ?? 'unavailable';
    const waited = (now().getTime() - Date.parse(arrival.receivedAt)) / 1000;
    if (verdict === 'unavailable' && waited < waitForAnalyserSeconds) assessments.delete(arrival);
    else assessments.set(arrival, withVerdict(assessment, verdict));
  });
  return assessments;
}

function withVerdict(assessment: Assessment, verdict: Answer<Sentiment>): Assessment {
  return typeof verdict === 'object'
    ? { ...assessment, sentiment: verdict }
    : { ...assessment, missing: [...assessment.missing, 'sentiment'] };
}

/** Assessments with what the analyser says of tone and class, where our own lists leave these open. It is never waited for. */
async function secondOpinions(
  judged: ReadonlyMap<Arrival, Judgement>,
  { policy, analyser: { toxicity, classes } }: Dependencies,
): Promise<ReadonlyMap<Arrival, Assessment>> {
  const [tones, kinds] = await Promise.all([
    ask(policy.comprehend?.toxicity === true ? toxicity : undefined, judged, ({ assessment }) =>
      asksForTone(assessment),
    ),
    ask(classes, judged, ({ assessment, decision }) => asksForClass(assessment, decision)),
  ]);
  const opinions = new Map<Arrival, Assessment>();
  for (const arrival of new Set([...tones.keys(), ...kinds.keys()])) {
    const assessment = judged.get(arrival)?.assessment;
    if (assessment === undefined) continue;
    opinions.set(arrival, withClass(withTone(assessment, tones.get(arrival) ?? 0), kinds.get(arrival) ?? []));
  }
  return opinions;
}

/** What a reading answers on those messages that are in its languages and about which it is asked. */
async function ask<Verdict extends number | object>(
  reading: Reading<Verdict> | undefined,
  judged: ReadonlyMap<Arrival, Judgement>,
  isAsked: (judgement: Judgement) => boolean,
): Promise<ReadonlyMap<Arrival, Verdict>> {
  if (reading === undefined) return new Map();
  const asking = [...judged].filter(
    ([, judgement]) => reading.languages.has(judgement.assessment.language.code) && isAsked(judgement),
  );
  const answers = await reading.read(
    asking.map(([{ event }, { assessment }]) => ({ text: event.text, language: assessment.language.code })),
  );
  return new Map(
    asking.flatMap(([arrival], index): [Arrival, Verdict][] => {
      const answer = answers[index];
      return answer === undefined || typeof answer === 'string' ? [] : [[arrival, answer]];
    }),
  );
}

/** What the analyser finds besides our own patterns in messages that a vendor will read. It is never waited for: without it, the patterns mask alone. */
async function findPersonalData(
  judged: ReadonlyMap<Arrival, Judgement>,
  { policy, analyser: { personalData } }: Dependencies,
): Promise<ReadonlyMap<Arrival, readonly Finding[]>> {
  const wanted = policy.comprehend?.personal_data === true ? personalData : undefined;
  return ask(wanted, judged, ({ decision }) => asksForPersonalData(decision));
}

function messageChange(
  type: 'message_received' | 'message_edited',
  { event, receivedAt }: Arrival,
  { assessment, decision, decidedAt, personalData }: Judgement,
  { policy, log }: Dependencies,
  conversation: Conversation = conversationOf(event),
): Change {
  const at = event.postedAt ?? receivedAt;
  const subject = { channel: event.channel, accountId: event.accountId, messageId: messageKeyOf(event) };
  if (decision.doubts.includes('unknown_account')) log({ event: 'account_unknown', ...subject });
  log({
    event: 'message_triaged',
    type: event.type,
    ...subject,
    language: assessment.language.code,
    ...(assessment.sentiment === undefined ? {} : { sentiment: assessment.sentiment.label }),
    signals: assessment.signals,
    ...(assessment.chances === undefined ? {} : { chances: assessment.chances }),
    topics: assessment.topics.map(({ topic }) => topic),
    missing: assessment.missing,
    ...(assessment.noise === undefined ? {} : { noise: assessment.noise }),
    decision,
  });
  return {
    conversation,
    text: event.text,
    event: {
      type,
      id: type === 'message_received' ? receivedId(event) : editedId(event),
      at,
      recordedAt: decidedAt,
      receivedAt,
      messageKey: messageKeyOf(event),
      messageId: event.messageId,
      author: event.author,
      public: event.public,
      language: assessment.language.code,
      decision,
      ...termsOf(event, at, decision, policy),
      ...(event.permalink === undefined ? {} : { permalink: event.permalink }),
      ...(event.inReplyTo === undefined ? {} : { inReplyTo: event.inReplyTo }),
      ...(event.attachments === undefined ? {} : { attachments: event.attachments }),
      ...(event.rating === undefined ? {} : { rating: event.rating }),
      ...(assessment.abusive ? { abusive: true } : {}),
      ...(personalData.length === 0 ? {} : { personalData: [...personalData] }),
    },
  };
}

/** What has waited for the messages that are now stored. */
async function releaseWaiting(
  messages: readonly Arrival[],
  results: ReadonlyMap<Arrival, RecordResult>,
  { store }: Dependencies,
): Promise<ReadonlyMap<Arrival, Arrival>> {
  const stored = messages.filter((arrival) => results.get(arrival)?.kind === 'done');
  const waiting = await store.waiting(
    stored.map(({ event }) => ({ thread: event, messageEventId: receivedId(event) })),
  );
  return new Map(
    stored.flatMap((message, index) => (waiting[index] ?? []).map((arrival): [Arrival, Arrival] => [arrival, message])),
  );
}

/** Forgets what is applied; a message whose followers could not be applied yet comes again, and they with it. */
async function forgetWaiting(
  released: ReadonlyMap<Arrival, Arrival>,
  applied: ReadonlyMap<Arrival, RecordResult>,
  results: Map<Arrival, RecordResult>,
  { store }: Dependencies,
): Promise<void> {
  for (const [message, followers] of Map.groupBy(released.keys(), (arrival) => released.get(arrival))) {
    if (message === undefined) continue;
    const combined = combineResults(followers.map((follower) => applied.get(follower) ?? notReached));
    if (combined.kind !== 'retry') await store.stopWaiting(message.event, receivedId(message.event));
    if (combined.kind !== 'done') results.set(message, combined);
  }
}

async function applyFollowUps(
  arrivals: readonly Arrival[],
  dependencies: Dependencies,
): Promise<ReadonlyMap<Arrival, RecordResult>> {
  const results = new Map<Arrival, RecordResult>();
  const changes: { readonly arrival: Arrival; readonly change: Change }[] = [];
  const targets = await messagesMeant(arrivals, dependencies);
  const fetched = await fetchWords(arrivals, dependencies);
  for (const arrival of arrivals) {
    const outcome = fetched.get(arrival) ?? arrival;
    const prepared = 'kind' in outcome ? outcome : await followUpChange(outcome, targets.get(arrival), dependencies);
    if (prepared.kind !== 'change') results.set(arrival, prepared);
    else {
      const { change } = prepared;
      changes.push({ arrival, change });
      if ('answeredAt' in outcome && outcome.answeredAt !== undefined) {
        changes.push({ arrival, change: answerOf(change, outcome.answeredAt) });
      }
    }
  }
  const changed = await changeCases(
    dependencies,
    changes.map(({ change }) => change),
  );
  const settled = changes.map(({ arrival }, index) => ({ arrival, result: toRecordResult(changed[index], arrival) }));
  for (const [arrival, own] of Map.groupBy(settled, ({ arrival }) => arrival)) {
    results.set(arrival, combineResults(own.map(({ result }) => result)));
  }
  return results;
}

/** The brand's answer to a message of which an edit told it (a review's owner); changing the answer is no other answer. */
function answerOf({ conversation, event }: Change, at: string): Change {
  const messageKey = `${'messageKey' in event ? event.messageKey : event.id}/answer`;
  const { recordedAt } = event;
  return {
    conversation,
    text: '',
    event: { type: 'own_reply', id: `own_reply:${messageKey}`, at, recordedAt, messageKey },
  };
}

/** The stored message that each edit, delete or reply is about, as far as it has arrived. */
async function messagesMeant(
  arrivals: readonly Arrival[],
  { store }: Dependencies,
): Promise<ReadonlyMap<Arrival, StoredEvent>> {
  const asked = arrivals.flatMap((arrival) => {
    const eventId = eventIdMeant(arrival.event);
    return eventId === undefined ? [] : [{ arrival, thread: arrival.event, eventId }];
  });
  const found = await store.events(asked);
  return new Map(
    asked.flatMap(({ arrival }, index): [Arrival, StoredEvent][] => {
      const stored = found[index];
      return stored === undefined ? [] : [[arrival, stored]];
    }),
  );
}

type Prepared = { readonly kind: 'change'; readonly change: Change } | RecordResult;

async function followUpChange(
  arrival: Arrival,
  meant: StoredEvent | undefined,
  dependencies: Dependencies,
): Promise<Prepared> {
  const { event, receivedAt } = arrival;
  const { store, log, now } = dependencies;
  const at = event.postedAt ?? receivedAt;
  const recordedAt = now().toISOString();
  if (event.type === 'own_reply' && event.toAuthorId !== undefined) {
    const conversation = { ...threadOf(event), author: event.toAuthorId };
    return { kind: 'change', change: { conversation, event: ownReply(event, at, recordedAt), text: event.text } };
  }
  const eventId = eventIdMeant(event);
  if (eventId === undefined) {
    // The brand spoke to nobody in particular: no customer was answered.
    log({ event: 'event_without_case', type: event.type, messageId: event.messageId });
    return { kind: 'done' };
  }
  if (meant === undefined && event.type === 'message_edited' && event.author.id !== undefined) {
    // An edit holds the whole message. Its first version may come later, or never (an edit that only now names the brand).
    return editChange(arrival, conversationOf(event), dependencies);
  }
  if (meant === undefined) {
    if ((await store.wait(event, eventId, arrival)) === 'waiting') {
      log({ event: 'event_waits', type: event.type, messageId: event.messageId });
      return { kind: 'done' };
    }
    const [arrived] = await store.events([{ thread: event, eventId }]);
    return arrived === undefined ? notReached : followUpChange(arrival, arrived, dependencies);
  }
  const { conversation } = meant;
  switch (event.type) {
    case 'own_reply':
      return { kind: 'change', change: { conversation, event: ownReply(event, at, recordedAt), text: event.text } };
    case 'message_deleted':
      return {
        kind: 'change',
        change: {
          conversation,
          event: { type: 'message_deleted', id: deletedId(event), at, recordedAt, messageKey: messageKeyOf(event) },
          text: '',
          erases: async () => [
            meant.event.id,
            ...(await store.eventsNamed(event, editsOf(event))).map((edit) => edit.event.id),
          ],
        },
      };
    default:
      return editChange(arrival, conversation, dependencies);
  }
}

async function editChange(arrival: Arrival, conversation: Conversation, dependencies: Dependencies): Promise<Prepared> {
  const judgement = (await judgeAll([arrival], dependencies)).get(arrival);
  if (judgement === undefined) return { kind: 'retry', because: 'the analyser is not available' };
  const change = messageChange('message_edited', arrival, judgement, dependencies, conversation);
  // What its author has taken back, an edit that is late must not bring back.
  return { kind: 'change', change: { ...change, endedBy: deletedId(arrival.event) } };
}

function ownReply(event: InboundEvent, at: string, recordedAt: string): CaseEvent {
  return { type: 'own_reply', id: `own_reply:${event.messageId}`, at, recordedAt, messageKey: messageKeyOf(event) };
}

function toRecordResult(result: ChangeResult | undefined, { event, receivedAt }: Arrival): RecordResult {
  if (result === undefined) return notReached;
  switch (result.kind) {
    case 'done':
      return { kind: 'done' };
    case 'retry':
      return result;
    case 'refused':
    case 'park':
      return {
        kind: 'park',
        parts: [{ reason: result.reason, body: JSON.stringify({ receivedAt, events: [event] }) }],
      };
  }
}

function threadOf({ channel, accountId, thread }: InboundEvent) {
  return { channel, accountId, thread };
}

/** Where the platform names no author each message stands for itself. */
function conversationOf(event: InboundEvent): Conversation {
  return { ...threadOf(event), author: event.author.id ?? messageKeyOf(event) };
}

function receivedId(event: InboundEvent): string {
  return receivedIdOf(messageKeyOf(event));
}

function receivedIdOf(messageKey: string): string {
  return `message_received:${shortKeyOf(messageKey)}`;
}

function deletedId(event: InboundEvent): string {
  return `message_deleted:${shortKeyOf(messageKeyOf(event))}`;
}

function editedId(event: InboundEvent): string {
  const version = createHash('sha256').update([event.messageId, event.postedAt ?? '', event.text].join('\n'));
  return `${editsOf(event)}${version.digest('hex').slice(0, 16)}`;
}

/** How the ids of all edits of a message begin: by this a delete finds the words that must go. */
function editsOf(event: InboundEvent): string {
  return `message_edited:${shortKeyOf(messageKeyOf(event))}:`;
}

/** Id of the event that stored the message which this edit, delete or reply is about. */
function eventIdMeant(event: InboundEvent): string | undefined {
  const key = event.type === 'own_reply' ? event.inReplyTo : messageKeyOf(event);
  return key === undefined ? undefined : receivedIdOf(key);
}
