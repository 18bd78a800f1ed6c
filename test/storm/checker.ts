import type { DeskMessage } from '../../shared/contracts/desk-message.ts';
import type { Case, CaseEvent } from '../../shared/domain/case.ts';
import { leaks } from '../support/canaries.ts';
import type { PlannedMessage } from './plan.ts';

/** All that the checker may look at: what was sent, what came out, and what the audit log says. */
export interface StormRecord {
  /** Messages whose every POST was acknowledged. */
  readonly sent: readonly PlannedMessage[];
  /** POSTs that were never acknowledged, however often they were repeated. */
  readonly unanswered: readonly string[];
  readonly outcomes: readonly ReportedOutcome[];
  /** Bodies put on queues that no function can ever work. */
  readonly poisons: readonly string[];
  /** In the order in which each queue handed them out. */
  readonly delivered: readonly Delivery[];
  readonly stored: readonly StoredWord[];
  readonly cases: readonly Case[];
  readonly notices: readonly { readonly caseId: string; readonly clock: string; readonly dueAt: string }[];
  /** The same as it was published. */
  readonly published: readonly string[];
  /** Bodies that platforms were answered with. */
  readonly answers: readonly string[];
  /** Original bodies of what was set apart. */
  readonly parked: readonly string[];
  /** Messages left on each queue that functions empty, and on each dead-letter queue. */
  readonly left: Readonly<Record<string, number>>;
  /** Desks outside the house. */
  readonly outsourced: readonly string[];
  /** What must stand in no log, notice or answer: a part of the words of every customer, and the platforms' secrets. */
  readonly canaries: readonly string[];
  /** Every line that a function wrote, whatever it wrote it to. */
  readonly logs: readonly string[];
  /** When nothing was left to be done: ISO 8601 by the run's clock. */
  readonly endedAt: string;
}

export interface Delivery {
  readonly desk: string;
  readonly lane: 'urgent' | 'standard';
  readonly message: DeskMessage;
}

export interface StoredWord {
  readonly caseId: string;
  readonly event: CaseEvent;
  readonly text: string;
}

export interface ReportedOutcome {
  readonly id: string;
  readonly desk: string;
  readonly caseId: string;
  /** It does not fit on purpose: an old fence, or another desk's case. */
  readonly wrong: boolean;
}

/** All that is checked. */
export const promises = [
  'every call is answered with 200 in the end',
  'no message is invented',
  'an acknowledged message is in exactly one case',
  'deleted words are erased',
  'the stored words are the customer’s last',
  'a case exists once',
  'every event belongs to a case',
  'a case is the sum of its events',
  'a conversation has at most one open case',
  'desks hear of real cases only',
  'an offer reaches one desk',
  'an offer that is over is recalled',
  'the current offer is not recalled',
  'a recall goes where its offer went',
  'a recall is newer than its offer',
  'the current offer reached its desk',
  'the current offer is with the case’s desk',
  'the desk was shown every message',
  'the desk was shown the last words',
  'nothing sensitive or personal reaches an outsourced desk',
  'image-sensitive words are shown in-house',
  'no timer fires twice',
  'no timer fires early',
  'people are told of every broken promise',
  'people are told of nothing that did not happen',
  'no timer is missed',
  'every outcome is recorded or refused',
  'an outcome is not both recorded and refused',
  'an outcome with an old fence or of another desk is refused',
  'what can never succeed is parked',
  'nothing else is parked',
  'no work is left behind',
  'no words and no secret stand in a log',
  'no words and no secret stand in a notice',
  'no words and no secret stand in an answer',
] as const;

export interface Violation {
  readonly promise: (typeof promises)[number];
  readonly about: string;
}

type Report = (promise: Violation['promise'], about: string) => void;

/** Every broken promise in the record of a storm; none when all were kept. Knows nothing of how the system works inside. */
export function check(record: StormRecord): readonly Violation[] {
  const violations: Violation[] = [];
  const report: Report = (promise, about) => violations.push({ promise, about });
  checkMessages(record, report);
  checkCases(record, report);
  checkOffers(record, report);
  checkVendors(record, report);
  checkAlarms(record, report);
  checkTimers(record, report);
  checkOutcomes(record, report);
  checkLeftovers(record, report);
  checkLeaks(record, report);
  return violations;
}

function checkMessages({ sent, unanswered, stored }: StormRecord, report: Report): void {
  for (const post of unanswered) report('every call is answered with 200 in the end', post);
  const received = Map.groupBy(
    stored.flatMap(({ caseId, text, event }) => (event.type === 'message_received' ? [{ caseId, text, event }] : [])),
    ({ event }) => event.messageKey,
  );
  const edits = Map.groupBy(
    stored.flatMap(({ text, event }) => (event.type === 'message_edited' ? [{ text, event }] : [])),
    ({ event }) => event.messageKey,
  );
  const known = new Set(sent.map(({ key }) => key));
  for (const key of [...received.keys(), ...edits.keys()]) {
    if (!known.has(key)) report('no message is invented', key);
  }
  for (const { key, text, deleted } of sent) {
    const copies = received.get(key) ?? [];
    if (copies.length !== 1) report('an acknowledged message is in exactly one case', `${key}: in ${copies.length}`);
    const versions = [...copies, ...(edits.get(key) ?? [])].sort((a, b) => (a.event.at < b.event.at ? -1 : 1));
    const latest = versions.at(-1);
    if (deleted && versions.some((version) => version.text !== '')) report('deleted words are erased', key);
    if (!deleted && latest !== undefined && latest.text !== text)
      report('the stored words are the customer’s last', key);
  }
}

function checkCases({ stored, cases }: StormRecord, report: Report): void {
  const ids = new Set(cases.map(({ id }) => id));
  if (ids.size !== cases.length) report('a case exists once', 'two heads with one id');
  const byCase = Map.groupBy(stored, ({ caseId }) => caseId);
  for (const caseId of byCase.keys()) if (!ids.has(caseId)) report('every event belongs to a case', caseId);
  const open = new Map<string, string>();
  for (const subject of cases) {
    const events = byCase.get(subject.id) ?? [];
    if (events.length !== subject.version) {
      report('a case is the sum of its events', `${subject.id}: version ${subject.version}, ${events.length} events`);
    }
    if (subject.state === 'resolved') continue;
    const { channel, accountId, thread, author } = subject.conversation;
    const conversation = [channel, accountId, thread, author].join('\n');
    if (open.has(conversation)) report('a conversation has at most one open case', subject.id);
    open.set(conversation, subject.id);
  }
}

/** The last word of every case: with the desk that has it now, and with no other. */
function checkOffers({ cases, stored, delivered }: StormRecord, report: Report): void {
  const byCase = Map.groupBy(delivered, ({ message }) => message.subject);
  const known = new Set(cases.map(({ id }) => id));
  for (const [caseId, deliveries] of byCase) {
    const aboutCase = deliveries.some(({ message }) => message.type !== 'outcome.refused');
    if (aboutCase && !known.has(caseId)) report('desks hear of real cases only', caseId);
  }
  const words = wordsByCase(stored);
  const keys = new Map(
    stored.flatMap(({ caseId, event }) =>
      'messageKey' in event ? [[`${caseId} ${event.id}`, event.messageKey] as const] : [],
    ),
  );
  for (const subject of cases) {
    const deliveries = byCase.get(subject.id) ?? [];
    const offers = Map.groupBy(
      deliveries.filter(({ message }) => message.type === 'case.offered'),
      offerIdOf,
    );
    const recalls = Map.groupBy(
      deliveries.filter(({ message }) => message.type === 'case.recalled'),
      offerIdOf,
    );
    for (const [offerId, copies] of offers) {
      const places = new Set(copies.map(({ desk, lane }) => `${desk} ${lane}`));
      if (places.size > 1) report('an offer reaches one desk', `${offerId}: ${[...places].join(', ')}`);
      const isCurrent = subject.offer?.id === offerId;
      const recalled = recalls.get(offerId) ?? [];
      if (!isCurrent && recalled.length === 0) report('an offer that is over is recalled', offerId);
      if (isCurrent && recalled.length > 0) report('the current offer is not recalled', offerId);
      for (const recall of recalled) {
        if (!places.has(`${recall.desk} ${recall.lane}`)) report('a recall goes where its offer went', offerId);
        // A late offer may come behind its recall; its version tells the desk that it is the older one.
        if (copies.some((copy) => versionOf(copy) >= versionOf(recall))) {
          report('a recall is newer than its offer', offerId);
        }
      }
    }
    const { offer } = subject;
    if (offer === undefined) continue;
    const current = offers.get(offer.id) ?? [];
    if (current.length === 0) report('the current offer reached its desk', offer.id);
    if (current.some(({ desk }) => desk !== offer.desk)) report('the current offer is with the case’s desk', offer.id);
    const shown = shownIn(deliveries.filter(({ message }) => offerIdOf({ message }) === offer.id));
    for (const { eventId } of subject.messages.recent) {
      const messageKey = keys.get(`${subject.id} ${eventId}`) ?? eventId;
      const wanted = words.get(`${subject.id} ${messageKey}`);
      const got = shown.get(messageKey);
      if (got === undefined) report('the desk was shown every message', `${offer.id}: ${messageKey}`);
      else if (subject.state !== 'resolved' && wanted !== undefined && wanted !== got.text && !got.masked) {
        report('the desk was shown the last words', `${offer.id}: ${messageKey}`);
      }
    }
  }
}

function offerIdOf({ message }: Pick<Delivery, 'message'>): string {
  return message.data.offerId;
}

function versionOf({ message }: Delivery): number {
  return message.type === 'outcome.refused' ? 0 : message.data.version;
}

/** The latest words of each message by case and key. */
function wordsByCase(stored: readonly StoredWord[]): ReadonlyMap<string, string> {
  const words = new Map<string, { at: string; text: string }>();
  for (const { caseId, event, text } of stored) {
    if (event.type !== 'message_received' && event.type !== 'message_edited') continue;
    const key = `${caseId} ${event.messageKey}`;
    const known = words.get(key);
    if (known === undefined || event.at >= known.at) words.set(key, { at: event.at, text });
  }
  return new Map([...words].map(([key, { text }]) => [key, text]));
}

/** What a desk knows of each message after all deliveries of one offer: the highest version counts. */
function shownIn(
  deliveries: readonly Delivery[],
): ReadonlyMap<string, { readonly text: string; readonly masked: boolean }> {
  const shown = new Map<string, { text: string; masked: boolean }>();
  const versions = deliveries
    .flatMap(({ message }) =>
      message.type === 'case.offered' || message.type === 'case.updated' ? [message.data] : [],
    )
    .sort((a, b) => a.version - b.version);
  for (const { messages } of versions) {
    for (const { id, text, masked } of messages) shown.set(id, { text, masked: masked !== undefined });
  }
  return shown;
}

function checkVendors({ sent, delivered, outsourced }: StormRecord, report: Report): void {
  const secretMarks = sent.flatMap(({ key, secretMarks: marks }) => marks.map((mark) => ({ key, mark })));
  const shown = delivered
    .filter(({ desk }) => outsourced.includes(desk))
    .map(({ desk, message }) => ({ desk, body: JSON.stringify(message) }));
  for (const { key, mark } of secretMarks) {
    const leak = shown.find(({ body }) => body.includes(mark));
    if (leak !== undefined)
      report('nothing sensitive or personal reaches an outsourced desk', `${key} at ${leak.desk}`);
  }
}

/** Words that could hurt, unless taken back, are seen by those who must answer them, however late and in whatever state their case is. */
function checkAlarms({ sent, delivered }: StormRecord, report: Report): void {
  const inHouse = delivered.filter(({ desk }) => desk === 'in_house').map(({ message }) => JSON.stringify(message));
  for (const { key, alarming, deleted } of sent) {
    if (alarming === undefined || deleted) continue;
    if (!inHouse.some((body) => body.includes(alarming))) report('image-sensitive words are shown in-house', key);
  }
}

function checkTimers({ cases, stored, notices, endedAt }: StormRecord, report: Report): void {
  const fired = stored.flatMap(({ caseId, event }) => (event.type === 'timer_fired' ? [{ caseId, event }] : []));
  for (const [timer, copies] of Map.groupBy(
    fired,
    ({ caseId, event }) => `${caseId} ${event.clock} due ${event.dueAt}`,
  )) {
    if (copies.length > 1) report('no timer fires twice', timer);
  }
  for (const { caseId, event } of fired) {
    if (event.at < event.dueAt) report('no timer fires early', `${caseId} ${event.clock}`);
    const told = notices.some(
      (notice) => notice.caseId === caseId && notice.clock === event.clock && notice.dueAt === event.dueAt,
    );
    // Some levels are told later, in their hours.
    if (!told && event.tellAt === undefined)
      report('people are told of every broken promise', `${caseId} ${event.clock}`);
  }
  for (const { caseId, clock, dueAt } of notices) {
    if (!fired.some(({ event, caseId: id }) => id === caseId && event.clock === clock && event.dueAt === dueAt)) {
      report('people are told of nothing that did not happen', `${caseId} ${clock}`);
    }
  }
  for (const { id, state, clocks, offer } of cases) {
    if (state !== 'open' && state !== 'answered' && state !== 'waiting') continue;
    for (const [name, clock] of Object.entries({ ...clocks, ...offer?.lease })) {
      if (clock === undefined) continue;
      const { dueAt, fulfilledAt, cancelledAt, firedAt } = clock;
      if (dueAt === undefined || (fulfilledAt ?? cancelledAt ?? firedAt) !== undefined) continue;
      if (dueAt < endedAt) report('no timer is missed', `${id} ${name} due ${dueAt}`);
    }
  }
}

function checkOutcomes({ outcomes, stored, delivered }: StormRecord, report: Report): void {
  const applied = new Set(stored.map(({ caseId, event }) => `${caseId} ${event.id}`));
  const refusals = new Map<string, Set<string>>();
  for (const { desk, message } of delivered) {
    if (message.type !== 'outcome.refused') continue;
    const { outcomeId, because } = message.data;
    const key = `${desk} ${outcomeId}`;
    refusals.set(key, (refusals.get(key) ?? new Set()).add(because));
  }
  for (const { id, desk, caseId, wrong } of outcomes) {
    const isApplied = applied.has(`${caseId} outcome:${desk}:${id}`);
    const isRefused = refusals.has(`${desk} ${id}`);
    if (!isApplied && !isRefused) report('every outcome is recorded or refused', id);
    // One that comes twice may find the case closed once and open again the other time.
    if (isApplied && isRefused && !refusals.get(`${desk} ${id}`)?.has('case_closed')) {
      report('an outcome is not both recorded and refused', id);
    }
    if (isApplied && wrong) report('an outcome with an old fence or of another desk is refused', id);
  }
}

function checkLeftovers({ parked, poisons, left }: StormRecord, report: Report): void {
  for (const body of poisons) if (!parked.includes(body)) report('what can never succeed is parked', body.slice(0, 60));
  for (const body of parked) if (!poisons.includes(body)) report('nothing else is parked', body.slice(0, 60));
  for (const [queue, count] of Object.entries(left)) {
    if (count > 0) report('no work is left behind', `${queue}: ${count}`);
  }
}

/** People are told by mail and pager, logs are read by many and kept for long: no customer's words and no secret may be in them. */
function checkLeaks({ logs, published, answers, canaries }: StormRecord, report: Report): void {
  for (const line of leaks(logs, canaries)) report('no words and no secret stand in a log', line.slice(0, 200));
  for (const body of leaks(published, canaries)) report('no words and no secret stand in a notice', body.slice(0, 200));
  for (const body of leaks(answers, canaries)) report('no words and no secret stand in an answer', body.slice(0, 200));
}
