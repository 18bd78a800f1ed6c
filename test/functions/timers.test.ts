import { describe, expect, test } from 'vitest';
import { fireTimers } from '../../functions/fire-timers/handler.ts';
import { sweepTimers } from '../../functions/sweep-timers/handler.ts';
import { triageMessages } from '../../functions/triage-messages/handler.ts';
import { timerSchema } from '../../shared/contracts/timer.ts';
import { nextDue } from '../../shared/domain/case-clocks.ts';
import { conversationWith, inboundMessage, noonPlus } from '../support/samples.ts';
import { batchOf, World } from '../support/world.ts';

const conversation = conversationWith('claire');
const done = { batchItemFailures: [] };

/** Opens a case for each of so many customers, whose first replies are due so far apart from one o'clock on. */
async function openCases(world: World, count: number, apartMs: number): Promise<void> {
  const events = Array.from({ length: count }, (_, index) =>
    inboundMessage(`m${index}`, 'Where is my parcel', {
      thread: `dm:${index}`,
      author: { id: String(index) },
      postedAt: noonPlus((index * apartMs) / 60_000),
    }),
  );
  await triageMessages(batchOf({ receivedAt: noonPlus(1), events }), world.dependencies);
}

/** A world in which Claire's parcel was asked for at noon; its first reply is due at one o'clock. */
async function withOpenCase(world = new World()): Promise<World> {
  const events = [inboundMessage('m1', 'Where is my parcel')];
  await triageMessages(batchOf({ receivedAt: noonPlus(1), events }), world.dependencies);
  return world;
}

function at(world: World, instant: string): void {
  world.now = () => new Date(instant);
}

function sweep(world: World): Promise<void> {
  const { store, queues, escalations, log } = world.dependencies;
  const { timerQueueUrl } = world.dependencies.destinations;
  return sweepTimers({ store, queues, escalations, timerQueueUrl, now: () => world.now(), log });
}

async function fire(world: World, timers: readonly unknown[]) {
  return fireTimers(batchOf(...timers), {
    ...world.dependencies,
    waitUntil: async (instant) => at(world, instant),
  });
}

async function firstReply(world: World) {
  return (await world.memory.current(conversation))?.clocks.first_reply;
}

describe('the sweeper', () => {
  test('sends what falls due soon once, delayed to its second', async () => {
    const world = await withOpenCase();
    for (const minutes of [57, 58, 59, 60]) {
      at(world, noonPlus(minutes + 0.25));
      await sweep(world);
    }
    expect(world.timers()).toMatchObject([{ clock: 'first_reply', dueAt: noonPlus(60) }]);
    const entry = world.queued.find(({ queueUrl }) => queueUrl.endsWith('timers'));
    expect(entry?.delaySeconds).toBe(45);
  });

  test('delays each of many from the moment it is sent: who is sent last does not come late', async () => {
    const world = new World();
    await openCases(world, 200, 10);
    const lates: number[] = [];
    at(world, noonPlus(59));
    world.accepts = ({ body, delaySeconds = 0 }) => {
      at(world, new Date(world.now().getTime() + 20).toISOString());
      lates.push(world.now().getTime() + delaySeconds * 1000 - Date.parse(timerSchema.parse(JSON.parse(body)).dueAt));
      return true;
    };
    await sweep(world);
    expect(lates).toHaveLength(200);
    expect(Math.max(...lates)).toBeLessThan(1000);
    expect(Math.min(...lates)).toBeGreaterThan(-1000);
  });

  test('after an outage of hours sends all that fell due, oldest first', async () => {
    const world = new World();
    await sweep(world);
    for (const minutes of [30, 0, 90, 60]) {
      const event = inboundMessage(`m${minutes}`, 'Where is my parcel', {
        thread: `dm:${minutes}`,
        author: { id: String(minutes) },
        postedAt: noonPlus(minutes),
      });
      await triageMessages(batchOf({ receivedAt: noonPlus(1), events: [event] }), world.dependencies);
    }
    at(world, noonPlus(8 * 60));
    await sweep(world);
    expect(world.timers().map(({ dueAt }) => dueAt)).toEqual([60, 90, 120, 150].map(noonPlus));
  });

  test('sends a timer that nothing fired again after 1, 2, 4, 8 minutes, not with every sweep', async () => {
    const world = await withOpenCase();
    const sentAt: number[] = [];
    for (let minutes = 58; minutes < 80; minutes += 1) {
      at(world, noonPlus(minutes));
      const before = world.timers().length;
      await sweep(world);
      if (world.timers().length > before) sentAt.push(minutes);
    }
    expect(sentAt).toEqual([59, 61, 62, 64, 68, 76]);
  });

  test('does not lose what the timer queue refused', async () => {
    const world = await withOpenCase();
    at(world, noonPlus(59));
    world.accepts = () => false;
    await sweep(world);
    world.accepts = () => true;
    at(world, noonPlus(59.5));
    await sweep(world);
    expect(world.timers()).toHaveLength(1);
  });

  test('looks at few minutes, however long it has been running', async () => {
    const world = await withOpenCase();
    for (let minutes = 2; minutes < 50; minutes += 1) {
      at(world, noonPlus(minutes));
      await sweep(world);
    }
    const sweeps = world.logs.flatMap((entry) => (entry.event === 'timers_swept' ? [entry.minutes] : []));
    expect(Math.max(...sweeps.slice(1))).toBeLessThanOrEqual(6);
  });

  test('leaves behind, aloud, what could not be fired for a day', async () => {
    const world = await withOpenCase();
    at(world, noonPlus(59));
    await sweep(world);
    at(world, noonPlus(60 + 24 * 60 + 5));
    await sweep(world);
    expect(world.logs).toContainEqual({ event: 'timers_left_behind', count: 1, minute: '2026-03-02T13:00' });
  });
});

describe('a timer', () => {
  test('fires when its moment has come, not before, and tells everybody', async () => {
    const world = await withOpenCase();
    const due = nextDue((await world.memory.current(conversation)) ?? missing());
    const timer = { caseId: (await world.memory.current(conversation))?.id, ...due };
    at(world, noonPlus(60 - 0.9 / 60));
    expect(await fire(world, [timer])).toEqual(done);
    expect(await firstReply(world)).toMatchObject({ firedAt: noonPlus(60) });
    expect(world.escalated()).toMatchObject([{ clock: 'first_reply', desk: 'vendor_atlas', priority: 'high' }]);
    expect(world.logs).toContainEqual(expect.objectContaining({ event: 'timer_fired', lagMs: 0 }));
  });

  test('fires with those due a moment before and after it, none of them early', async () => {
    const world = new World();
    await openCases(world, 10, 6);
    at(world, noonPlus(59));
    await sweep(world);
    at(world, noonPlus(60 - 0.9 / 60));
    const rounds: string[] = [];
    world.step = (call) => {
      if (call === 'before keepNotices') rounds.push(world.now().toISOString());
    };
    expect(await fire(world, world.timers())).toEqual(done);
    expect(rounds).toEqual([noonPlus(60 + 0.054 / 60)]);
    const lags = world.logs.flatMap((entry) => (entry.event === 'timer_fired' ? [entry.lagMs] : []));
    expect(lags).toEqual(Array.from({ length: 10 }, (_, index) => 54 - index * 6));
  });

  test('that comes far too early goes back to the queue', async () => {
    const world = await withOpenCase();
    const subject = (await world.memory.current(conversation)) ?? missing();
    at(world, noonPlus(50));
    await fire(world, [{ caseId: subject.id, clock: 'first_reply', dueAt: noonPlus(60) }]);
    expect(await firstReply(world)).not.toHaveProperty('firedAt');
    expect(world.queued.at(-1)?.delaySeconds).toBe(600);
  });

  test('fires once however often it comes, and not for an unknown case or another promise', async () => {
    const world = await withOpenCase();
    const subject = (await world.memory.current(conversation)) ?? missing();
    at(world, noonPlus(61));
    const timer = { caseId: subject.id, clock: 'first_reply', dueAt: noonPlus(60) };
    const unknown = { ...timer, caseId: subject.id.replace(/1$/, '9') };
    const other = { ...timer, dueAt: noonPlus(59) };
    expect(await fire(world, [timer, timer, unknown, other])).toEqual(done);
    expect(await fire(world, [timer])).toEqual(done);
    expect(await world.memory.current(conversation)).toMatchObject({ version: 2 });
    expect(world.deskMessages()).toHaveLength(3);
  });
});

function missing(): never {
  throw new Error('no case');
}
