import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { check, promises, type StormRecord, type Violation } from './checker.ts';
import { mutations } from './mutations.ts';
import { runStorm, type StormResult } from './run-storm.ts';

let result: StormResult;
beforeAll(async () => {
  result = await runStorm({ seed: 11, waveSize: 120, milliseconds: 0 });
}, 300_000);

test('a short storm breaks no promise', () => {
  expect(result.violations).toEqual([]);
});

test('a storm does rage', () => {
  const faults = Object.values(result.injected).reduce((sum, count) => sum + count, 0);
  expect(faults).toBeGreaterThan(20);
  expect(result.injected['everything cut off and restarted']).toBe(1);
  expect(result.record.sent.length).toBeGreaterThan(200);
  expect(result.posts).toBeGreaterThan(result.record.sent.length / 4);
});

type Distortion = (record: StormRecord) => StormRecord;

function first<Item>(items: readonly Item[], fits: (item: Item) => boolean): Item {
  const found = items.find(fits);
  if (found === undefined) throw new Error('the storm left nothing to break here; choose another seed');
  return found;
}

function without<Item>(items: readonly Item[], gone: Item): Item[] {
  return items.filter((item) => item !== gone);
}

/** A desk may be handed a message twice: all its copies are gone. */
function withoutCopies(items: StormRecord['delivered'], gone: StormRecord['delivered'][number]) {
  return items.filter(({ message }) => message.id !== gone.message.id);
}

const isOffer = ({ message }: StormRecord['delivered'][number]): boolean => message.type === 'case.offered';

/** An open case's current offer as it was delivered. */
function currentOffer({ cases, delivered }: StormRecord) {
  const open = new Set(
    cases.flatMap(({ state, offer }) => (state === 'open' && offer !== undefined ? [offer.id] : [])),
  );
  return first(delivered, (delivery) => isOffer(delivery) && open.has(delivery.message.data.offerId));
}

function openCase({ cases }: StormRecord) {
  return first(cases, ({ state, offer }) => state === 'open' && offer !== undefined);
}

const distortions: readonly (readonly [promise: Violation['promise'], name: string, mutate: Distortion])[] = [
  [
    'every call is answered with 200 in the end',
    'a call stays unanswered',
    (record) => ({ ...record, unanswered: ['some-call'] }),
  ],
  [
    'an acknowledged message is in exactly one case',
    'a message is lost',
    (record) => ({
      ...record,
      stored: without(
        record.stored,
        first(record.stored, ({ event }) => event.type === 'message_received'),
      ),
    }),
  ],
  [
    'an acknowledged message is in exactly one case',
    'a message is in two cases',
    (record) => {
      const one = first(record.stored, ({ event }) => event.type === 'message_received');
      const other = first(record.cases, ({ id }) => id !== one.caseId);
      return { ...record, stored: [...record.stored, { ...one, caseId: other.id }] };
    },
  ],
  ['no message is invented', 'a message that nobody wrote', (record) => ({ ...record, sent: record.sent.slice(1) })],
  [
    'the stored words are the customer’s last',
    'words are altered',
    (record) => {
      const one = first(
        record.stored,
        ({ event, text }) => event.type === 'message_received' && text !== '' && !isEdited(record, event.messageKey),
      );
      return { ...record, stored: [...without(record.stored, one), { ...one, text: `${one.text}!` }] };
    },
  ],
  [
    'deleted words are erased',
    'deleted words stay',
    (record) => {
      const { key } = first(record.sent, ({ deleted }) => deleted);
      const isIts = ({ event }: StormRecord['stored'][number]) =>
        event.type === 'message_received' && event.messageKey === key;
      return { ...record, stored: record.stored.map((one) => (isIts(one) ? { ...one, text: 'still here' } : one)) };
    },
  ],
  [
    'a case is the sum of its events',
    'the audit log misses an event',
    (record) => ({
      ...record,
      stored: without(
        record.stored,
        first(record.stored, ({ event }) => event.type !== 'message_received'),
      ),
    }),
  ],
  [
    'every event belongs to a case',
    'a case disappears',
    (record) => ({ ...record, cases: without(record.cases, openCase(record)) }),
  ],
  [
    'a case exists once',
    'a case is there twice',
    (record) => ({ ...record, cases: [...record.cases, openCase(record)] }),
  ],
  [
    'a conversation has at most one open case',
    'a second case is opened',
    (record) => {
      const one = openCase(record);
      return { ...record, cases: [...record.cases, { ...one, id: `${one.id}0`, version: 0 }] };
    },
  ],
  [
    'desks hear of real cases only',
    'a desk hears of a case that is none',
    (record) => {
      const one = currentOffer(record);
      const message = { ...one.message, subject: 'nothing' };
      return { ...record, delivered: [...record.delivered, { ...one, message }] };
    },
  ],
  [
    'an offer reaches one desk',
    'an offer is also made to another desk',
    (record) => {
      const one = currentOffer(record);
      const desk = one.desk === 'in_house' ? 'vendor_atlas' : 'in_house';
      return { ...record, delivered: [...record.delivered, { ...one, desk }] };
    },
  ],
  [
    'the current offer reached its desk',
    'an offer is not delivered',
    (record) => ({ ...record, delivered: withoutCopies(record.delivered, currentOffer(record)) }),
  ],
  [
    'the current offer is with the case’s desk',
    'an offer goes to the wrong desk',
    (record) => {
      const one = currentOffer(record);
      const desk = one.desk === 'in_house' ? 'vendor_atlas' : 'in_house';
      return { ...record, delivered: [...without(record.delivered, one), { ...one, desk }] };
    },
  ],
  [
    'an offer that is over is recalled',
    'a recall is lost',
    (record) => {
      const offered = new Set(record.delivered.filter(isOffer).map(({ message }) => message.data.offerId));
      const recall = first(
        record.delivered,
        ({ message }) => message.type === 'case.recalled' && offered.has(message.data.offerId),
      );
      return { ...record, delivered: withoutCopies(record.delivered, recall) };
    },
  ],
  [
    'a recall goes where its offer went',
    'a recall goes to another queue',
    (record) => {
      const offered = new Set(record.delivered.filter(isOffer).map(({ message }) => message.data.offerId));
      const recall = first(
        record.delivered,
        ({ message }) => message.type === 'case.recalled' && offered.has(message.data.offerId),
      );
      const lane = recall.lane === 'urgent' ? 'standard' : 'urgent';
      return { ...record, delivered: [...without(record.delivered, recall), { ...recall, lane }] };
    },
  ],
  [
    'the current offer is not recalled',
    'an offer that stands is recalled',
    (record) => {
      const { desk, lane, message } = currentOffer(record);
      if (message.type !== 'case.offered') return record;
      const { caseId, offerId, fence, version } = message.data;
      const data = { caseId, offerId, fence, version: version + 1, because: 'handed_back' };
      const recall = { desk, lane, message: { ...message, type: 'case.recalled' as const, data } };
      return { ...record, delivered: [...record.delivered, recall] };
    },
  ],
  [
    'a recall is newer than its offer',
    'a recall looks older than its offer',
    (record) => {
      const offered = new Set(record.delivered.filter(isOffer).map(({ message }) => message.data.offerId));
      const older = ({ message, ...place }: StormRecord['delivered'][number]): StormRecord['delivered'][number] =>
        message.type === 'case.recalled' && offered.has(message.data.offerId)
          ? { ...place, message: { ...message, data: { ...message.data, version: 0 } } }
          : { ...place, message };
      return { ...record, delivered: record.delivered.map(older) };
    },
  ],
  ['the desk was shown every message', 'a desk is not shown a message', (record) => withShown(record, () => [])],
  [
    'the desk was shown the last words',
    'a desk is shown other words',
    (record) => withShown(record, (messages) => messages.map((one) => ({ ...one, text: 'something else' }))),
  ],
  [
    'nothing sensitive or personal reaches an outsourced desk',
    'an outsourced desk reads what it must not',
    (record) => {
      const { secretMarks } = first(record.sent, ({ secretMarks: marks }) => marks.length > 0);
      const mark = secretMarks[0] ?? '';
      const vendorSaw = first(
        record.delivered,
        (delivery) => isOffer(delivery) && record.outsourced.includes(delivery.desk),
      );
      const leaked = {
        ...vendorSaw,
        message: { ...vendorSaw.message, subject: `${vendorSaw.message.subject}${mark}` },
      };
      return { ...record, delivered: [...record.delivered, leaked] };
    },
  ],
  [
    'image-sensitive words are shown in-house',
    'nobody in-house sees an alarm',
    (record) => ({ ...record, delivered: record.delivered.filter(({ desk }) => desk !== 'in_house') }),
  ],
  [
    'no timer fires twice',
    'a timer fires twice',
    (record) => {
      const fired = first(record.stored, ({ event }) => event.type === 'timer_fired');
      return { ...record, stored: [...record.stored, fired] };
    },
  ],
  [
    'no timer fires early',
    'a timer fires early',
    (record) => ({
      ...record,
      stored: record.stored.map((one) =>
        one.event.type === 'timer_fired' ? { ...one, event: { ...one.event, at: '2020-01-01T00:00:00.000Z' } } : one,
      ),
    }),
  ],
  [
    'no timer is missed',
    'a timer never fires',
    (record) => ({ ...record, endedAt: '2099-01-01T00:00:00.000Z', cases: record.cases.map(unfired) }),
  ],
  [
    'people are told of every broken promise',
    'a notice is lost',
    (record) => {
      const { caseId } = first(
        record.stored,
        ({ event }) => event.type === 'timer_fired' && event.tellAt === undefined,
      );
      return { ...record, notices: record.notices.filter((notice) => notice.caseId !== caseId) };
    },
  ],
  [
    'people are told of nothing that did not happen',
    'a notice for nothing',
    (record) => ({ ...record, notices: [...record.notices, { caseId: 'none', clock: 'first_reply', dueAt: '' }] }),
  ],
  [
    'every outcome is recorded or refused',
    'an outcome is lost',
    (record) => ({
      ...record,
      outcomes: [...record.outcomes, { id: 'lost', desk: 'in_house', caseId: 'none', wrong: false }],
    }),
  ],
  [
    'an outcome with an old fence or of another desk is refused',
    'an outcome that does not fit is recorded',
    (record) => ({
      ...record,
      outcomes: record.outcomes.map((outcome) => ({ ...outcome, wrong: true })),
    }),
  ],
  [
    'an outcome is not both recorded and refused',
    'an outcome is recorded and refused',
    (record) => {
      const outcome = first(record.outcomes, ({ id, desk, caseId }) =>
        record.stored.some((one) => one.caseId === caseId && one.event.id === `outcome:${desk}:${id}`),
      );
      const { message, ...place } = first(record.delivered, ({ message: { type } }) => type === 'outcome.refused');
      if (message.type !== 'outcome.refused') return record;
      const data = { ...message.data, outcomeId: outcome.id, because: 'stale_fence' };
      return {
        ...record,
        delivered: [...record.delivered, { ...place, desk: outcome.desk, message: { ...message, data } }],
      };
    },
  ],
  [
    'what can never succeed is parked',
    'a poisoned record disappears',
    (record) => ({ ...record, parked: record.parked.slice(1).filter((body) => body !== record.parked[0]) }),
  ],
  [
    'nothing else is parked',
    'a good record is parked',
    (record) => ({ ...record, parked: [...record.parked, '{"good":"record"}'] }),
  ],
  [
    'no work is left behind',
    'a message is left on a dead-letter queue',
    (record) => ({ ...record, left: { ...record.left, 'intake-dlq': 1 } }),
  ],
  [
    'no words and no secret stand in a log',
    'a function logs a message',
    (record) => ({ ...record, logs: [...record.logs, `{"event":"debug","text":"${record.canaries.at(-1)}b"}`] }),
  ],
  [
    'no words and no secret stand in a notice',
    'people are told the words',
    (record) => ({ ...record, published: [...record.published, `{"title":"${record.canaries.at(-1)}b"}`] }),
  ],
  [
    'no words and no secret stand in an answer',
    'an answer shows a secret',
    (record) => ({ ...record, answers: [...record.answers, `expected ${record.canaries[0]}`] }),
  ],
];

function isEdited({ stored }: StormRecord, messageKey: string): boolean {
  return stored.some(({ event }) => event.type === 'message_edited' && event.messageKey === messageKey);
}

type Shown = Extract<StormRecord['delivered'][number]['message'], { type: 'case.offered' }>['data']['messages'];

/** The record with other messages shown in all that a desk was told about one open case. */
function withShown(record: StormRecord, change: (messages: Shown) => Shown): StormRecord {
  const { offer } = openCase(record);
  return {
    ...record,
    delivered: record.delivered.map((delivery) => {
      const { message } = delivery;
      if (message.type === 'case.offered' && message.data.offerId === offer?.id) {
        const data = { ...message.data, messages: change(message.data.messages) };
        return { ...delivery, message: { ...message, data } };
      }
      if (message.type === 'case.updated' && message.data.offerId === offer?.id) {
        const data = { ...message.data, messages: change(message.data.messages) };
        return { ...delivery, message: { ...message, data } };
      }
      return delivery;
    }),
  };
}

/** An open case whose promises nobody announced. */
function unfired(subject: StormRecord['cases'][number]): StormRecord['cases'][number] {
  const { first_reply: clock } = subject.clocks;
  if (clock === undefined) return subject;
  const { firedAt: _, fulfilledAt: __, ...running } = clock;
  return { ...subject, clocks: { ...subject.clocks, first_reply: running } };
}

test('each mistake that is made on purpose can still be made', () => {
  for (const { name, also = [], ...first } of mutations) {
    for (const { file, find, replace } of [first, ...also]) {
      const source = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
      expect(source.split(find).length - 1, name).toBe(1);
      expect(find, name).not.toBe(replace);
    }
  }
  expect(mutations.length).toBeGreaterThanOrEqual(10);
});

test('each promise is broken on purpose at least once', () => {
  const broken = new Set(distortions.map(([promise]) => promise));
  expect(promises.filter((promise) => !broken.has(promise))).toEqual([]);
});

describe('the checker notices when', () => {
  test.each(distortions.map(([promise, name, mutate]) => ({ name, promise, mutate })))(
    '$name',
    ({ promise, mutate }) => {
      const broken = (record: StormRecord) => check(record).filter((violation) => violation.promise === promise).length;
      expect(broken(mutate(result.record))).toBeGreaterThan(broken(result.record));
    },
  );
});
