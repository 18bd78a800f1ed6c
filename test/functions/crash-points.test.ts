import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { fireTimers } from '../../functions/fire-timers/handler.ts';
import { pollAccounts } from '../../functions/poll-accounts/handler.ts';
import { receiveWebhook } from '../../functions/receive-webhook/handler.ts';
import { recordOutcomes } from '../../functions/record-outcomes/handler.ts';
import { sweepTimers } from '../../functions/sweep-timers/handler.ts';
import { triageMessages } from '../../functions/triage-messages/handler.ts';
import type { InboundEvent } from '../../shared/domain/inbound-event.ts';
import { tellKept } from '../../shared/notices.ts';
import { meta } from '../../shared/platforms/meta.ts';
import { canary, leaks } from '../support/canaries.ts';
import { conversationWith, inboundMessage, noonPlus } from '../support/samples.ts';
import { batchOf, url, World } from '../support/world.ts';

/** One piece of work of a function, as its queue, schedule or platform hands it over until it is acknowledged. */
interface Work {
  readonly name: string;
  /** What happened before, undisturbed. */
  prepare?(world: World): Promise<unknown>;
  run(world: World): Promise<unknown>;
  /** Fewer would mean that the function no longer does what is to be disturbed. */
  readonly calls: number;
}

const secret = 'the-secret-of-crash-points';

function message(id: string, text: string, fields: Partial<InboundEvent> = {}): InboundEvent {
  return inboundMessage(id, text === '' ? '' : `${text} ${canary}`, fields);
}

const parcel = message('m1', 'Where is my parcel');
const edit = message('m1', 'My son is ill from it', { type: 'message_edited', postedAt: noonPlus(2) });
const deletion = message('m1', '', { type: 'message_deleted', postedAt: noonPlus(3) });
const reply = message('r1', 'We are looking', {
  type: 'own_reply',
  author: { id: '100200300' },
  toAuthorId: 'claire',
  postedAt: noonPlus(30),
});

function intake(...events: readonly InboundEvent[]) {
  return { receivedAt: noonPlus(1), events };
}

/** What may be read by more people than the messages are meant for: logs, what people are told, why records were set apart. */
function written({ logs, notices, queued }: World): string[] {
  return [...logs, ...notices, ...queued.map(({ attributes }) => attributes)].map((one) => JSON.stringify(one ?? {}));
}

function triage(world: World, ...bodies: readonly unknown[]) {
  return triageMessages(batchOf(...bodies), world.dependencies);
}

async function subjectOf(world: World) {
  const subject = await world.memory.current(conversationWith('claire'));
  if (subject?.offer === undefined) throw new Error('no offer');
  return { ...subject, offer: subject.offer };
}

/** Reports made to the first offer of Claire's case, whatever came of it since. */
async function report(world: World, ...fields: readonly object[]) {
  const { id: caseId } = await subjectOf(world);
  const outcome = { caseId, offerId: `${caseId}-1-n`, fence: 1, desk: 'vendor_atlas', at: noonPlus(20) };
  return recordOutcomes(
    batchOf(...fields.map((own, index) => ({ ...outcome, id: `o${index}`, ...own }))),
    world.dependencies,
  );
}

async function open(world: World, minutesLater: number) {
  await triage(world, intake(parcel), intake(message('m9', 'spam')));
  world.now = () => new Date(noonPlus(minutesLater));
}

async function timerOf(world: World, customer: string) {
  const caseId = (await world.memory.current(conversationWith(customer)))?.id;
  return { caseId, clock: 'first_reply', dueAt: noonPlus(60) };
}

function fire(world: World, ...timers: readonly object[]) {
  return fireTimers(batchOf(...timers), { ...world.dependencies, waitUntil: async () => {} });
}

function sweep({ dependencies: { store, queues, escalations, log, now } }: World) {
  return sweepTimers({ store, queues, escalations, timerQueueUrl: url('timers'), now, log });
}

/** How far the accounts of each world are read; whoever held them is gone by the next run. */
const readThrough = new WeakMap<World, string>();

function poll(world: World) {
  const written = Array.from({ length: 60 }, (_, index) => message(`p${index}`, 'Where is my parcel'));
  const { queues, log, now } = world.dependencies;
  return pollAccounts({
    accounts: [{ channel: 'messenger', id: '100200300', title: 'Page', purpose: 'corporate', languages: ['fr'] }],
    puller: {
      accessible: async (accounts) => accounts,
      pull: (_, { since }) =>
        world.call('pull', () => ({ kind: 'read', cut: false, events: since < noonPlus(0) ? written : [] })),
    },
    checkpoints: {
      take: () => world.call('take', () => ({ readThrough: readThrough.get(world) ?? noonPlus(-20) })),
      release: (_, end) =>
        world.call('release', () => {
          if (end.readThrough !== undefined) readThrough.set(world, end.readThrough);
        }),
    },
    queues,
    intakeQueueUrl: url('intake'),
    now,
    log,
  });
}

const works: Readonly<Record<string, readonly Work[]>> = {
  'receive-webhook': [
    {
      name: 'a POST of sixty messages on two pages',
      calls: 4,
      run: (world) => {
        const entry = Array.from({ length: 60 }, (_, index) => ({
          id: `page-${index % 2}`,
          time: 0,
          messaging: [
            {
              sender: { id: `7${index}` },
              recipient: { id: `page-${index % 2}` },
              timestamp: Date.parse(noonPlus(0)),
              message: { mid: `mid.${index}`, text: `Where is my parcel ${canary}` },
            },
          ],
        }));
        const secrets = { secrets: [secret] };
        const unsigned = {
          method: 'POST',
          url: 'https://vigie.test/webhooks/meta',
          headers: {},
          body: Buffer.from(JSON.stringify({ object: 'page', entry })),
          pathAccount: undefined,
        } as const;
        return receiveWebhook(
          'meta',
          { ...unsigned, headers: meta.sign(unsigned, secrets, world.now()) },
          {
            platformNamed: () => meta,
            vault: {
              secretsOf: () => world.call('secretsOf', () => secrets),
              newerSecretsOf: async () => undefined,
            },
            queues: world.queues,
            intakeQueueUrl: url('intake'),
            now: () => world.now(),
            log: world.dependencies.log,
          },
        );
      },
    },
  ],
  'triage-messages': [
    {
      name: 'messages, one of them analysed, an edit, a reply, noise and a broken record',
      calls: 24,
      run: (world) =>
        triage(
          world,
          intake(reply, parcel),
          intake(message('m2', 'My son is ill?', { postedAt: noonPlus(5) }), edit, message('m4', 'spam')),
          '{',
        ),
    },
    {
      name: 'a message that a deletion and a reply have waited for',
      calls: 20,
      prepare: (world) => {
        const { toAuthorId: _, ...publicReply } = { ...reply, inReplyTo: 'm1' };
        return triage(world, intake(deletion, publicReply));
      },
      run: (world) => triage(world, intake(parcel, message('m2', 'Still waiting'))),
    },
    {
      name: 'a deletion that comes before its message',
      calls: 12,
      run: async (world) => {
        await triage(world, intake(deletion));
        await triage(world, intake(parcel));
      },
    },
    {
      name: 'the deletion of an edited message',
      calls: 12,
      prepare: (world) => triage(world, intake(parcel), intake(edit)),
      run: (world) => triage(world, intake(deletion)),
    },
    {
      name: 'a message after the end of its case',
      calls: 8,
      prepare: async (world) => {
        await open(world, 25);
        await report(world, { type: 'resolved' });
      },
      run: (world) => triage(world, intake(message('m5', 'It is broken', { postedAt: noonPlus(24) }))),
    },
    {
      name: 'a promise that falls due at once',
      calls: 6,
      prepare: async (world) => {
        world.now = () => new Date(noonPlus(59));
      },
      run: (world) => triage(world, intake(parcel)),
    },
    {
      name: 'a record that cannot be finished while the analyser is down',
      calls: 6,
      prepare: async (world) => {
        world.verdict = 'unavailable';
      },
      run: async (world) => {
        await triage(world, intake(message('m6', 'Where is it?'), parcel));
        world.verdict = { label: 'neutral', confidence: 1, source: 'comprehend' };
        await triage(world, intake(message('m6', 'Where is it?'), parcel));
      },
    },
  ],
  'sweep-timers': [
    {
      name: 'two promises that fall due',
      calls: 6,
      prepare: async (world) => {
        const other = message('m7', 'Where is it', { thread: 'dm:paul', author: { id: 'paul' } });
        await triage(world, intake(parcel, { ...other, postedAt: noonPlus(1) }));
        world.now = () => new Date(noonPlus(59.75));
      },
      run: sweep,
    },
    {
      name: 'what people are still to be told',
      calls: 14,
      prepare: async (world) => {
        const others = ['paul', 'omar'].map((id) =>
          message(`m-${id}`, 'Where is it', { thread: `dm:${id}`, author: { id } }),
        );
        await triage(world, intake(parcel, ...others));
        for (const [index, customer] of ['claire', 'paul', 'omar'].entries()) {
          world.now = () => new Date(noonPlus(60 + index / 10));
          await fire(world, await timerOf(world, customer));
        }
        world.now = () => new Date(noonPlus(61));
      },
      run: sweep,
    },
  ],
  'poll-accounts': [
    {
      name: 'an account on which sixty messages were written',
      calls: 8,
      prepare: async (world) => {
        world.now = () => new Date(noonPlus(30));
      },
      run: poll,
    },
  ],
  'fire-timers': [
    {
      name: 'a promise that is broken, one that was kept, and one that is not yet due',
      calls: 12,
      prepare: (world) => open(world, 61),
      run: async (world) => {
        const timer = await timerOf(world, 'claire');
        return fire(world, timer, { ...timer, dueAt: noonPlus(50) }, { ...timer, dueAt: noonPlus(90) });
      },
    },
  ],
  'record-outcomes': [
    {
      name: 'a case claimed, answered and resolved, a stale report and one of nobody',
      calls: 14,
      prepare: (world) => open(world, 25),
      run: (world) =>
        report(
          world,
          { type: 'claimed' },
          { type: 'answered' },
          { type: 'resolved' },
          { type: 'resolved', fence: 7 },
          { type: 'claimed', desk: 'nobody' },
        ),
    },
    {
      name: 'a case handed back',
      calls: 8,
      prepare: (world) => open(world, 25),
      run: (world) => report(world, { type: 'handed_back', reason: 'not ours' }),
    },
  ],
};

class Death extends Error {}

/** The world after the work was done undisturbed, and the calls that it made, each before and after it was carried out. */
async function undisturbed(work: Work): Promise<{ world: World; calls: string[] }> {
  const world = new World();
  await work.prepare?.(world);
  const calls: string[] = [];
  world.step = (call) => void calls.push(call);
  await work.run(world);
  await sweepLater(world);
  return { world, calls };
}

/** The world after the process died at the `n`th of these moments and the work was handed over again. */
async function disturbed(work: Work, n: number): Promise<World> {
  const world = new World();
  await work.prepare?.(world);
  let moment = 0;
  world.step = () => {
    moment += 1;
    // Dead is dead: what ran beside it makes no further call either.
    if (moment >= n) throw new Death();
  };
  await work.run(world).catch((error: unknown) => {
    if (!(error instanceof Death)) throw error;
  });
  world.step = () => {};
  await work.run(world);
  await sweepLater(world);
  return world;
}

/** The sweeper's next round: what is kept to be told is told by then. */
async function sweepLater(world: World): Promise<void> {
  world.step = () => {};
  const { now } = world;
  world.now = () => new Date(now().getTime() + 60_000);
  await tellKept(world.dependencies);
  world.now = now;
}

/** Whoever dies here has told people and not noted it: the one moment in which they may be told twice. */
const toldButNotNoted = ['after publish', 'before dropNotices'];

describe.each(Object.entries(works))('%s may die before and after any call, and is handed its work again', (_, own) => {
  test.each(own)('$name', async (work) => {
    const { world, calls } = await undisturbed(work);
    expect(calls.length).toBeGreaterThanOrEqual(work.calls);
    const wanted = world.trace();
    for (const [index, call] of calls.entries()) {
      const after = await disturbed(work, index + 1);
      expect(after.trace(), `died ${call} (${index + 1})`).toEqual(wanted);
      expect(leaks(written(after), [canary, secret]), `words or secrets written down, died ${call}`).toEqual([]);
      const told = after.escalated().map(({ id }) => id);
      if (!toldButNotNoted.includes(call)) expect(new Set(told).size, `told once, died ${call}`).toBe(told.length);
    }
  });
});

test('every function of the project is there', () => {
  const functions = readdirSync(new URL('../../functions', import.meta.url)).filter((name) => name !== 'serve-console');
  expect(Object.keys(works).sort()).toEqual(functions.sort());
});
