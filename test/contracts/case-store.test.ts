import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DynamoCaseStore } from '../../shared/adapters/dynamo-case-store.ts';
import { hourOf, newHealth, withHour } from '../../shared/domain/account-health.ts';
import { applyEvent } from '../../shared/domain/apply-event.ts';
import type { Case, CaseEvent, Conversation } from '../../shared/domain/case.ts';
import { pressingDeadline } from '../../shared/domain/case-clocks.ts';
import { minuteOf } from '../../shared/domain/due.ts';
import { type CaseArchive, type CaseChange, type CaseStore, placeOf } from '../../shared/ports.ts';
import { dynamoEngines, isInstalled, startEngine } from '../support/dynamodb-engines.ts';
import { MemoryCaseStore } from '../support/memory-case-store.ts';
import {
  conversationWith,
  deleted,
  inboundMessage,
  noonPlus,
  received,
  replied,
  routine,
  sensitive,
} from '../support/samples.ts';

interface Implementation {
  readonly name: string;
  readonly available: boolean;
  start(): Promise<{ store: CaseStore & CaseArchive; stop(): Promise<void> }>;
}

const implementations: readonly Implementation[] = [
  {
    name: 'memory',
    available: true,
    start: async () => ({ store: new MemoryCaseStore(), stop: async () => {} }),
  },
  ...dynamoEngines.map((engine) => ({
    name: `DynamoDB on ${engine.name}`,
    available: isInstalled(engine),
    start: async () => {
      const { client, table, stop } = await startEngine(engine);
      return { store: new DynamoCaseStore(client, { tableName: table }), stop };
    },
  })),
];

function change(
  before: Case | undefined,
  event: CaseEvent,
  conversation: Conversation,
  fields: Partial<CaseChange> & { text?: string } = {},
): CaseChange {
  const transition = applyEvent(before, event, conversation);
  if (transition.kind === 'refused') throw new Error(transition.reason);
  const { case: after, effects, closes } = transition;
  return {
    stored: {
      caseId: after.id,
      version: after.version,
      conversation,
      event,
      text: fields.text ?? 'Où est mon colis ?',
      effects,
    },
    before,
    after,
    closes,
    erases: fields.erases ?? [],
  };
}

describe.each(implementations)('a case store: $name', ({ available, start }) => {
  let store: CaseStore & CaseArchive;
  let stop: () => Promise<void>;
  let serial = 0;
  /** Each test has a conversation of its own in the shared store. */
  const someone = () => conversationWith(`author-${serial++}`);

  beforeAll(async () => {
    if (available) ({ store, stop } = await start());
  });
  afterAll(async () => {
    if (available) await stop();
  });

  test.skipIf(!available)(
    'remembers the cases of a person, in public and in private, latest first and each once',
    async () => {
      const person = { ...someone(), channel: 'facebook', thread: 'post' };
      const inPrivate = { ...person, channel: 'messenger', thread: `dm:${person.author}` };
      const noted = Array.from({ length: 30 }, (_, index) => ({
        caseId: `case-${index}`,
        at: noonPlus(index),
        public: index % 2 === 0,
      }));
      await store.notePersons(noted.map((one) => ({ ...one, conversation: one.public ? person : inPrivate })));
      // Twins come in one batch, too.
      const again = { caseId: 'case-0', at: noonPlus(0), public: true, conversation: person };
      await store.notePersons([again, again]);
      await expect.poll(() => store.casesOfPersons([inPrivate, someone()])).toEqual([noted.toReversed(), []]);
    },
  );

  test.skipIf(!available)('keeps the health of accounts, of each the last', async () => {
    const accounts = Array.from({ length: 130 }, (_, index) => ({ channel: 'x', id: `${randomUUID()} ${index}` }));
    const busy = withHour(newHealth(noonPlus(0)), hourOf(noonPlus(0)), 12.345);
    await store.keepHealth(accounts.slice(1).map((account) => ({ account, health: newHealth(noonPlus(0)) })));
    await store.keepHealth(accounts.slice(2).map((account) => ({ account, health: busy })));
    await expect
      .poll(() => store.healthOf(accounts))
      .toEqual([undefined, newHealth(noonPlus(0)), ...accounts.slice(2).map(() => busy)]);
  });

  test.skipIf(!available)('keeps what is known of the tokens of APIs, all of it anew', async () => {
    const health = { fingerprint: 'a', askedAt: noonPlus(0), isValid: true, endsAt: noonPlus(9) };
    await store.keepTokenHealth({ meta: health, google: { ...health, isValid: false } });
    await store.keepTokenHealth({ 'meta 1': health });
    await expect.poll(() => store.tokenHealth()).toEqual({ 'meta 1': health });
  });

  test.skipIf(!available)('lists cases by their last message, latest first, page by page', async () => {
    const listed = async (limit: number, before?: string) =>
      (await store.heardOn('2031-01-02', limit, before)).map((entry) => placeOf(entry));
    const at = (second: number) => new Date(Date.UTC(2031, 0, 2, 10, 0, second)).toISOString();
    const cases: Case[] = [];
    for (let second = 0; second < 12; second += 1) {
      const written = change(undefined, { ...received(`listed-${second}`, 0), at: at(second) }, someone());
      await store.append(written);
      cases.push(written.after);
    }
    const expected = cases.map(({ id }, second) => `${at(second)}#${id}`).reverse();
    await expect.poll(() => listed(5)).toEqual(expected.slice(0, 5));
    await expect.poll(() => listed(20, expected[4])).toEqual(expected.slice(5));
    const ids = cases.map(({ id }) => id);
    const found = await store.findAll([...ids, 'none']);
    expect(found.map(({ id }) => id).sort()).toEqual(ids.toSorted());
  });

  test.skipIf(!available)(
    'lists active cases by their most pressing deadline, missed ones first, and no others',
    async () => {
      const [late, soon, done] = [someone(), someone(), someone()];
      const write = async (conversation: Conversation, minutes: number) => {
        const written = change(undefined, received(`open-${conversation.author}`, minutes), conversation);
        await store.append(written);
        return written.after;
      };
      const lateCase = await write(late, -600);
      const soonCase = await write(soon, 0);
      const doneCase = await write(done, 0);
      const { offer } = doneCase;
      if (offer === undefined) throw new Error('no offer');
      const resolved = change(
        doneCase,
        {
          type: 'resolved',
          id: `outcome:${doneCase.id}`,
          at: noonPlus(1),
          recordedAt: noonPlus(1),
          offerId: offer.id,
          fence: offer.fence,
          desk: offer.desk,
        },
        done,
      );
      await store.append(resolved);
      const ours = [lateCase, soonCase, doneCase].map(({ id }) => id);
      await expect
        .poll(async () => (await store.open(500)).filter(({ caseId }) => ours.includes(caseId)))
        .toEqual(
          [lateCase, soonCase].map((one) => ({
            caseId: one.id,
            desk: one.desk,
            state: 'open',
            deadline: pressingDeadline(one),
          })),
        );
    },
  );

  test.skipIf(!available)('gives back what was written', async () => {
    const conversation = someone();
    const first = change(undefined, received('m1', 0), conversation);
    expect(await store.append(first)).toEqual({ kind: 'written' });
    expect(await store.current(conversation)).toEqual(first.after);
    expect(await store.find(first.after.id)).toEqual(first.after);
    const key = { thread: conversation, eventId: 'message_received:m1' };
    expect(await store.events([key])).toEqual([first.stored]);
    expect(await store.knownEvents([key])).toEqual([first.stored]);
    expect(await store.look([{ conversation, eventId: 'message_received:m1' }])).toEqual([
      { current: first.after, known: first.stored },
    ]);
    expect(await store.history(first.after)).toEqual([first.stored]);
  });

  test.skipIf(!available)('gives back all that was ever stored, each thread whole', async () => {
    const thread = `thread-${serial++}`;
    const written: CaseChange[] = [];
    for (const author of ['one', 'two']) {
      const conversation = conversationWith(author, thread);
      const first = change(undefined, received(`${author}-1`, 0), conversation);
      const second = change(first.after, received(`${author}-2`, 1), conversation);
      await store.append(first);
      await store.append(second);
      written.push(first, second);
    }
    const threads = await Array.fromAsync(store.threads());
    const ids = threads.map((events) => new Set(events.map(({ conversation }) => conversation.thread)));
    expect(ids.every(({ size }) => size === 1)).toBe(true);
    const ours = threads.filter(([first]) => first?.conversation.thread === thread);
    expect(ours).toHaveLength(1);
    expect(ours[0]).toEqual(expect.arrayContaining(written.map(({ stored }) => stored)));
    expect(ours[0]).toHaveLength(4);
  });

  test.skipIf(!available)('answers nothing for what it does not have', async () => {
    const conversation = someone();
    expect(await store.current(conversation)).toBeUndefined();
    expect(await store.find('00000000000000000000-0000000000-1')).toBeUndefined();
    expect(await store.find('no case id')).toBeUndefined();
    expect(await store.look([{ conversation, eventId: 'x' }])).toEqual([{ current: undefined, known: undefined }]);
    expect(await store.events([{ thread: conversation, eventId: 'x' }])).toEqual([undefined]);
  });

  test.skipIf(!available)('takes an event once, and tells its twin what was stored', async () => {
    const conversation = someone();
    const first = change(undefined, received('m1', 0), conversation);
    await store.append(first);
    expect(await store.append(first)).toEqual({ kind: 'known', stored: first.stored });
    const onTop = change(first.after, received('m1', 0, sensitive), conversation);
    expect(await store.append(onTop)).toEqual({ kind: 'known', stored: first.stored });
    expect(await store.current(conversation)).toEqual(first.after);
  });

  test.skipIf(!available)('finds the events of a thread by how their ids begin', async () => {
    const conversation = someone();
    let before: Case | undefined;
    for (const id of ['message_received:m1', 'message_edited:m1:b', 'message_edited:m1:a', 'message_edited:m10:c']) {
      const next = change(before, { ...received('m1', 0), id }, conversation, { text: id });
      await store.append(next);
      before = next.after;
    }
    const named = await store.eventsNamed(conversation, 'message_edited:m1:');
    expect(named.map(({ text }) => text).sort()).toEqual(['message_edited:m1:a', 'message_edited:m1:b']);
    expect(await store.eventsNamed(conversation, 'message_edited:m2:')).toEqual([]);
  });

  test.skipIf(!available)('of two writers on one version lets one through', async () => {
    const conversation = someone();
    const first = change(undefined, received('m1', 0), conversation);
    await store.append(first);
    const left = change(first.after, received('m2', 1), conversation);
    const right = change(first.after, received('m3', 2), conversation);
    const results = await Promise.all([store.append(left), store.append(right)]);
    expect(results.map(({ kind }) => kind).sort()).toEqual(['moved', 'written']);
    const winner = results[0]?.kind === 'written' ? left : right;
    const loser = winner === left ? right : left;
    expect(await store.current(conversation)).toEqual(winner.after);
    expect(await store.events([{ thread: conversation, eventId: loser.stored.event.id }])).toEqual([undefined]);
  });

  test.skipIf(!available)('writes what is given to it at once, each for itself', async () => {
    const conversations = Array.from({ length: 23 }, someone);
    const first = conversations.map((conversation) => change(undefined, received('m1', 0), conversation));
    const [twin, late] = [first[3], first[8]];
    if (twin === undefined || late === undefined) throw new Error('too few');
    await store.append(twin);
    await store.append(change(undefined, received('m0', 0), late.stored.conversation));
    const results = await Promise.all(first.map((one) => store.append(one)));
    expect(results).toEqual(
      first.map((one) =>
        one === twin ? { kind: 'known', stored: twin.stored } : one === late ? { kind: 'moved' } : { kind: 'written' },
      ),
    );
    const ids = first.filter((one) => one !== late).map(({ after }) => after.id);
    expect((await store.findAll(ids)).map(({ id }) => id).sort()).toEqual(ids.toSorted());
  });

  test.skipIf(!available)('of two writers that open a conversation lets one through', async () => {
    const conversation = someone();
    const results = await Promise.all(
      ['m1', 'm2'].map((key) => store.append(change(undefined, received(key, 0), conversation))),
    );
    expect(results.map(({ kind }) => kind).sort()).toEqual(['moved', 'written']);
  });

  test.skipIf(!available)('keeps a resolved case findable when the next one opens', async () => {
    const conversation = someone();
    const first = change(undefined, received('m1', 0), conversation);
    await store.append(first);
    const { offer } = first.after;
    if (offer === undefined) throw new Error('no offer');
    const at = noonPlus(10);
    const end = change(
      first.after,
      { type: 'resolved', id: 'o1', at, recordedAt: at, offerId: offer.id, fence: offer.fence, desk: offer.desk },
      conversation,
    );
    await store.append(end);
    const next = change(end.after, received('m2', 20), conversation);
    expect(next.after.number).toBe(2);
    expect(await store.append(next)).toEqual({ kind: 'written' });
    expect(await store.current(conversation)).toEqual(next.after);
    expect(await store.find(first.after.id)).toEqual(end.after);
    expect(await store.find(next.after.id)).toEqual(next.after);
  });

  test.skipIf(!available)("erases a message's words and keeps the rest", async () => {
    const conversation = someone();
    const first = change(undefined, received('m1', 0), conversation, { text: 'secret 😀' });
    await store.append(first);
    const erasing = change(first.after, deleted('m1', 5), conversation, { erases: ['message_received:m1'], text: '' });
    expect(await store.append(erasing)).toEqual({ kind: 'written' });
    expect(await store.events([{ thread: conversation, eventId: 'message_received:m1' }])).toEqual([
      { ...first.stored, text: '' },
    ]);
  });

  test.skipIf(!available)('files a case under its next promise, and nowhere once that is kept', async () => {
    const conversation = someone();
    // A year of its own per implementation and test keeps other tests' timers out.
    const first = change(undefined, { ...received('m1', 0), at: '2031-05-05T10:00:30.000Z' }, conversation);
    await store.append(first);
    const dueAt = first.after.clocks.first_reply?.dueAt ?? '';
    const timer = { caseId: first.after.id, clock: 'first_reply', dueAt };
    await expect.poll(() => store.dueIn(minuteOf(dueAt)), { timeout: 5_000 }).toEqual([timer]);
    const reply = change(first.after, { ...replied(1), at: '2031-05-05T10:01:00.000Z' }, conversation);
    await store.append(reply);
    await expect.poll(() => store.dueIn(minuteOf(dueAt)), { timeout: 5_000 }).toEqual([]);
    const resolution = reply.after.clocks.resolution?.dueAt ?? '';
    await expect
      .poll(() => store.dueIn(minuteOf(resolution)), { timeout: 5_000 })
      .toEqual([{ caseId: first.after.id, clock: 'resolution', dueAt: resolution }]);
  });

  test.skipIf(!available)('counts what waits for a desk with an agreed backlog, up to what is asked', async () => {
    const desk = `vendor_${crypto.randomUUID().slice(0, 8)}`;
    const opened = Array.from({ length: 3 }, () => {
      const conversation = someone();
      const asked = received('m1', 0, { ...routine, desk });
      return { conversation, first: change(undefined, { ...asked, counted: [desk] }, conversation) };
    });
    for (const { first } of opened) await store.append(first);
    await store.append(change(undefined, received('m1', 0, { ...routine, desk }), someone()));
    await expect.poll(() => store.waitingFor(desk, 10), { timeout: 5_000 }).toBe(3);
    expect(await store.waitingFor(desk, 2)).toBe(2);
    for (const { conversation, first } of opened) await store.append(change(first.after, replied(1), conversation));
    await expect.poll(() => store.waitingFor(desk, 10), { timeout: 5_000 }).toBe(0);
  });

  test.skipIf(!available)('adds up what desks kept and broke', async () => {
    const desk = `vendor_${crypto.randomUUID().slice(0, 8)}`;
    await store.addToRecord(desk, '2026-03-01', { kept: 3, broken: 1 });
    await store.addToRecord(desk, '2026-03-02', { kept: 2, broken: 0 });
    await store.addToRecord(desk, '2026-03-02', { kept: -1, broken: 1 });
    expect(await store.records([desk, 'vendor_nobody'], ['2026-03-02', '2026-03-01'])).toEqual({
      [desk]: { kept: 4, broken: 2 },
      vendor_nobody: { kept: 0, broken: 0 },
    });
    expect(await store.records([], ['2026-03-02'])).toEqual({});
  });

  test.skipIf(!available)('keeps notices until they are dropped, each once, oldest first', async () => {
    const notices = ['2026-03-02T12:00:02.000Z', '2026-03-02T12:00:01.000Z'].map((since, index) => {
      const { id } = change(undefined, received('m1', 0), someone()).after;
      const one = { dueAt: since, priority: 'high' as const, reasons: [], channel: 'x', accountId: '1' };
      const cases = [{ id: `n${index}`, caseId: id, ...one }];
      const about = { tell: 'lead', title: 'Lead', clock: 'claim', step: 0, did: 'raise_priority', desk: 'd' } as const;
      return { since, notice: { ...about, cases } };
    });
    await store.keepNotices(notices);
    await store.keepNotices(notices);
    expect(await store.keptNotices()).toEqual(notices.toReversed());
    await store.dropNotices(notices.slice(1));
    expect(await store.keptNotices()).toEqual(notices.slice(0, 1));
    await store.dropNotices(notices);
    expect(await store.keptNotices()).toEqual([]);
  });

  test.skipIf(!available)('says to one caller only that it is the first to speak in a minute', async () => {
    const about = crypto.randomUUID();
    const answers = await Promise.all([1, 2, 3].map(() => store.isFirst(about, '2026-03-02T12:00')));
    expect(answers.filter(Boolean)).toHaveLength(1);
    expect(await store.isFirst(about, '2026-03-02T12:01')).toBe(true);
  });

  test.skipIf(!available)('gives the timers of a minute earliest first, whatever their shard', async () => {
    const seconds = [40, 10, 50, 20, 30, 5, 55, 15, 25, 35, 45, 59];
    for (const second of seconds) {
      const at = `2032-06-06T08:00:${String(second).padStart(2, '0')}.000Z`;
      await store.append(change(undefined, { ...received('m1', 0), at }, someone()));
    }
    await expect
      .poll(async () => (await store.dueIn('2032-06-06T09:00')).map(({ dueAt }) => Number(dueAt.slice(17, 19))), {
        timeout: 5_000,
      })
      .toEqual(seconds.toSorted((a, b) => a - b));
  });

  test.skipIf(!available)('keeps an event until its message is there', async () => {
    const conversation = someone();
    const waiting = { receivedAt: noonPlus(1), event: inboundMessage('m1', '', { type: 'message_deleted' }) };
    const key = { thread: conversation, messageEventId: 'message_received:m1' };
    expect(await store.wait(conversation, key.messageEventId, waiting)).toBe('waiting');
    expect(await store.wait(conversation, key.messageEventId, waiting)).toBe('waiting');
    expect(await store.waiting([key])).toEqual([[waiting]]);
    await store.append(change(undefined, received('m1', 0), conversation));
    expect(await store.wait(conversation, key.messageEventId, waiting)).toBe('arrived');
    await store.stopWaiting(conversation, key.messageEventId);
    expect(await store.waiting([key])).toEqual([[]]);
  });

  test.skipIf(!available)('reads a hundred conversations at once', async () => {
    const conversations = Array.from({ length: 110 }, someone);
    for (const conversation of conversations) {
      await store.append(change(undefined, received('m1', 0), conversation));
    }
    const found = await store.look(
      conversations.map((conversation) => ({ conversation, eventId: 'message_received:m1' })),
    );
    expect(found.map(({ current }) => current?.conversation)).toEqual(conversations);
  });

  test.skipIf(!available)('remembers how far the sweeper came', async () => {
    const checkpoint = { clearedThrough: '2026-03-02T11:59', sentThrough: noonPlus(1) };
    await store.saveCheckpoint(checkpoint);
    expect(await store.checkpoint()).toEqual(checkpoint);
  });

  test.skipIf(!available)('takes ids of any length and any characters', async () => {
    const conversation = { ...conversationWith('🤷'.repeat(600)), thread: 'é#\n'.repeat(700) };
    const event = { ...received('m1', 0), id: `message_received:${'#'.repeat(2000)}` };
    const first = change(undefined, event, conversation);
    expect(await store.append(first)).toEqual({ kind: 'written' });
    expect(await store.append(first)).toEqual({ kind: 'known', stored: first.stored });
  });
});
