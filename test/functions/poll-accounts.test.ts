import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pollAccounts } from '../../functions/poll-accounts/handler.ts';
import { watchAccounts } from '../../functions/poll-accounts/watch-accounts.ts';
import { watchTokens } from '../../functions/poll-accounts/watch-tokens.ts';
import { triageMessages } from '../../functions/triage-messages/handler.ts';
import { intakeRecordSchema } from '../../shared/contracts/intake.ts';
import type { Account } from '../../shared/domain/policy.ts';
import type { AccountId, ApiToken, PollCheckpoints, PullResult, Span, TokenAnswer } from '../../shared/ports.ts';
import { inboundMessage, noonPlus } from '../support/samples.ts';
import { batchOf, url, World } from '../support/world.ts';

const account = (channel: string, id: string): Account => ({
  channel,
  id,
  title: id,
  purpose: 'corporate',
  languages: ['fr'],
});
const keyOf = ({ channel, id }: AccountId) => `${channel} ${id}`;

/** Checkpoints that keep to the port's promises. */
class MemoryCheckpoints implements PollCheckpoints {
  readonly kept = new Map<string, { heldUntil: string; readThrough?: string }>();
  async take(one: AccountId, { at, until }: { at: string; until: string }) {
    const before = this.kept.get(keyOf(one));
    if (before !== undefined && before.heldUntil > at) return undefined;
    this.kept.set(keyOf(one), { ...before, heldUntil: until });
    return before?.readThrough === undefined ? {} : { readThrough: before.readThrough };
  }
  async release(one: AccountId, end: { held: string; readThrough: string | undefined; notBefore: string }) {
    const before = this.kept.get(keyOf(one));
    if (before?.heldUntil !== end.held) return;
    const readThrough = end.readThrough ?? before.readThrough;
    this.kept.set(keyOf(one), { heldUntil: end.notBefore, ...(readThrough === undefined ? {} : { readThrough }) });
  }
}

class Polling {
  readonly world = new World();
  readonly checkpoints = new MemoryCheckpoints();
  readonly pulled: { account: string; span: Span; calls: number }[] = [];
  tokens = (_: AccountId) => true;
  answer: (one: AccountId, span: Span) => PullResult | Promise<PullResult> = () => ({
    kind: 'read',
    events: [],
    cut: false,
  });

  run(minute: number, accounts: readonly Account[] = [account('messenger', '100200300')]) {
    this.world.now = () => new Date(noonPlus(minute));
    return pollAccounts({
      accounts,
      puller: {
        accessible: async (all) => all.filter((one) => this.tokens(one)),
        pull: async (one, span, calls) => {
          this.pulled.push({ account: keyOf(one), span, calls });
          return this.answer(one, span);
        },
      },
      checkpoints: this.checkpoints,
      queues: this.world.queues,
      intakeQueueUrl: url('intake'),
      now: () => this.world.now(),
      log: (entry) => this.world.logs.push(entry),
    });
  }

  intake() {
    return this.world.queued
      .filter(({ queueUrl }) => queueUrl === url('intake'))
      .map(({ body }) => intakeRecordSchema.parse(JSON.parse(body)));
  }

  failures() {
    return this.world.logs.flatMap((entry) => (entry.event === 'poll_failed' ? [entry.because] : []));
  }
}

describe('polling', () => {
  test('begins now, and goes on where it stopped, ten minutes behind where a webhook may still come', async () => {
    const polling = new Polling();
    for (const minute of [0, 5, 10]) await polling.run(minute);
    expect(polling.pulled.map(({ span }) => span)).toEqual([
      { since: noonPlus(-10), until: noonPlus(-10) },
      { since: noonPlus(-10), until: noonPlus(-5) },
      { since: noonPlus(-5), until: noonPlus(0) },
    ]);
  });

  test('waits a minute only where there is no webhook, and says that nothing was lost', async () => {
    const polling = new Polling();
    polling.answer = () => ({ kind: 'read', events: [inboundMessage('y1', 'hello')], cut: false });
    await polling.run(0, [account('youtube', 'UC1')]);
    expect(polling.pulled[0]?.span.until).toBe(noonPlus(-1));
    expect(polling.intake()).toMatchObject([{ events: [{ messageId: 'y1' }] }]);
    expect(polling.intake()[0]).not.toHaveProperty('reconciled');
  });

  test('leaves alone what has no token, no listing or no API', async () => {
    const polling = new Polling();
    polling.tokens = ({ id }) => id !== 'no-token';
    await polling.run(0, [
      account('facebook', 'no-token'),
      account('facebook', '*'),
      account('telegram', 'bot'),
      account('facebook', '1'),
    ]);
    expect(polling.pulled.map((one) => one.account)).toEqual(['facebook 1']);
    expect([...polling.checkpoints.kept.keys()]).toEqual(['facebook 1']);
  });

  test.each<[string, PullResult, string]>([
    ['is refused', { kind: 'refused', because: 'error 190' }, 'refused: error 190'],
    ['is put off', { kind: 'later', because: 'status 503' }, 'later: status 503'],
  ])('that %s stays where it was and says so', async (_, answer, because) => {
    const polling = new Polling();
    await polling.run(0);
    polling.answer = () => answer;
    await polling.run(5);
    polling.answer = () => ({ kind: 'read', events: [], cut: false });
    await polling.run(10);
    expect(polling.failures()).toEqual([because]);
    expect(polling.pulled.at(-1)?.span).toEqual({ since: noonPlus(-10), until: noonPlus(0) });
  });

  test('tells of messages without a time, which it leaves out, and goes on', async () => {
    const polling = new Polling();
    polling.answer = () => ({ kind: 'read', events: [], cut: false, undated: 2 });
    for (const minute of [0, 5]) await polling.run(minute);
    expect(polling.failures()).toEqual(Array(2).fill('left out: 2 messages without a time'));
    expect(polling.pulled.at(-1)?.span.since).toBe(noonPlus(-10));
  });

  test('keeps away for as long as a platform asks', async () => {
    const polling = new Polling();
    polling.answer = () => ({ kind: 'later', because: 'status 429', pauseSeconds: 600 });
    for (const minute of [0, 5, 9, 10]) await polling.run(minute);
    expect(polling.pulled).toHaveLength(2);
  });

  test('reads again what the queue did not take', async () => {
    const polling = new Polling();
    await polling.run(0);
    polling.answer = () => ({ kind: 'read', events: [inboundMessage('m1', 'hello')], cut: false });
    polling.world.accepts = () => false;
    await polling.run(5);
    polling.world.accepts = () => true;
    await polling.run(10);
    expect(polling.pulled.at(-1)?.span.since).toBe(noonPlus(-10));
    expect(polling.intake()).toHaveLength(1);
  });

  test('does not read an account twice at once, and frees one whose run died', async () => {
    const polling = new Polling();
    let second: Promise<void> = Promise.resolve();
    polling.answer = async () => {
      polling.answer = () => ({ kind: 'read', events: [], cut: false });
      second = polling.run(1);
      await second;
      throw new Error('the run dies');
    };
    await polling.run(0);
    expect(polling.pulled).toHaveLength(1);
    await polling.run(5);
    expect(polling.pulled).toHaveLength(1);
    await polling.run(10);
    expect(polling.pulled).toHaveLength(2);
  });

  test('reaches every account in turn, however few a run has time for', async () => {
    const polling = new Polling();
    const accounts = Array.from({ length: 60 }, (_, index) => account('facebook', String(index)));
    for (let minute = 0; minute < 300; minute += 5) {
      let calls = 0;
      polling.answer = () => {
        calls += 1;
        if (calls === 4) polling.world.now = () => new Date(noonPlus(minute + 2));
        return { kind: 'read', events: [], cut: false };
      };
      await polling.run(minute, accounts);
    }
    expect(new Set(polling.pulled.map((one) => one.account)).size).toBe(60);
  });

  test('reads a day back at most, and says that more was left out', async () => {
    const polling = new Polling();
    await polling.run(0);
    await polling.run(3 * 24 * 60);
    expect(polling.pulled.at(-1)?.span.since).toBe(noonPlus(3 * 24 * 60 - 24 * 60 - 10));
    expect(polling.failures()).toEqual(['not read for a day: what was written before is left out']);
  });

  test('stays where it was when more was written than a run reads, and tries again with more calls', async () => {
    const polling = new Polling();
    await polling.run(0);
    const event = inboundMessage('m1', 'hello');
    polling.answer = () => ({ kind: 'read', events: [event], cut: true });
    await polling.run(5);
    expect(polling.intake()).toHaveLength(1);
    polling.answer = () => ({ kind: 'read', events: [event], cut: false });
    for (const minute of [10, 15]) await polling.run(minute);
    expect(polling.pulled.slice(1).map(({ span, calls }) => [span.since, calls])).toEqual([
      [noonPlus(-10), 12],
      [noonPlus(-10), 24],
      [noonPlus(0), 12],
    ]);
    expect(polling.failures()).toEqual(['later: more was written than this run reads']);
  });

  test('goes on, and says that the oldest is left out, where no run can read it all', async () => {
    const polling = new Polling();
    await polling.run(0);
    polling.answer = () => ({ kind: 'read', events: [], cut: true });
    for (const minute of [60, 65]) await polling.run(minute);
    expect(polling.pulled.slice(1).map(({ span, calls }) => [span.since, calls])).toEqual([
      [noonPlus(-10), 30],
      [noonPlus(50), 12],
    ]);
    expect(polling.failures()[0]).toBe('more was written than a run can read: the oldest is left out');
  });

  test('loses nothing to a pause in the middle of an account, however far behind it is', async () => {
    const polling = new Polling();
    await polling.run(0);
    polling.answer = () => ({ kind: 'read', events: [], cut: true, pauseSeconds: 300 });
    for (const minute of [60, 65]) await polling.run(minute);
    expect(polling.pulled.at(-1)?.span.since).toBe(noonPlus(-10));
  });

  test('looks again at the last ten minutes of comments on YouTube, which may have been held for review', async () => {
    const polling = new Polling();
    for (const minute of [0, 5]) await polling.run(minute, [account('youtube', 'UC1')]);
    expect(polling.pulled.map(({ span }) => span)).toEqual([
      { since: noonPlus(-1), until: noonPlus(-1) },
      { since: noonPlus(-11), until: noonPlus(4) },
    ]);
  });
});

describe('a message that comes by poll', () => {
  const message = inboundMessage('m1', 'Where is my parcel');
  const byWebhook = { receivedAt: noonPlus(1), events: [message] };
  const byPoll = { receivedAt: noonPlus(11), reconciled: true, events: [message] };
  const repaired = (world: World) => world.logs.filter(({ event }) => event === 'message_repaired').length;

  test.each<[string, unknown[], number]>([
    ['alone is one case and counted as repaired', [byPoll], 1],
    ['twice is counted once', [byPoll, byPoll], 1],
    ['after its webhook is the same case and not counted', [byWebhook, byPoll], 0],
    ['before its webhook is the same case and counted', [byPoll, byWebhook], 1],
  ])('%s', async (_, bodies, count) => {
    for (const batches of [bodies.map((body) => [body]), [bodies]]) {
      const world = new World();
      for (const batch of batches) await triageMessages(batchOf(...batch), world.dependencies);
      expect(world.deskMessages('vendor_atlas-standard.fifo')).toHaveLength(1);
      expect(repaired(world)).toBe(count);
    }
  });

  test('and its webhook make one case of each message, in whatever order and batches they come', async () => {
    const records = fc
      .uniqueArray(fc.record({ key: fc.integer({ min: 0, max: 3 }), way: fc.constantFrom('webhook', 'poll') }), {
        selector: ({ key, way }) => `${key} ${way}`,
        minLength: 1,
      })
      .chain((some) => fc.tuple(fc.constant(some), fc.array(fc.boolean(), { minLength: 8, maxLength: 8 })));
    await fc.assert(
      fc.asyncProperty(records, async ([some, breaks]) => {
        const world = new World();
        const bodies = some.map(({ key, way }) => ({
          ...(way === 'poll' ? byPoll : byWebhook),
          events: [{ ...message, messageId: `m${key}`, thread: `dm:${key}`, author: { id: `author-${key}` } }],
        }));
        let batch: typeof bodies = [];
        for (const [index, body] of bodies.entries()) {
          batch.push(body);
          if (breaks[index] !== true && index < bodies.length - 1) continue;
          await triageMessages(batchOf(...batch), world.dependencies);
          batch = [];
        }
        const messages = new Set(some.map(({ key }) => key));
        const firstByPoll = [...messages].filter((one) => some.find(({ key }) => key === one)?.way === 'poll');
        const offers = world.deskMessages('vendor_atlas-standard.fifo').map((one) => one.message);
        expect(new Set(offers.map(({ data }) => data.caseId)).size).toBe(messages.size);
        expect(offers).toHaveLength(messages.size);
        expect(repaired(world)).toBe(firstByPoll.length);
      }),
      { numRuns: 60 },
    );
  });
});

describe('an account that is watched', () => {
  const page = account('facebook', '100200300');
  const hours = (many: number) => noonPlus(60 * many);

  class Watching {
    readonly world = new World();
    /** Somebody writes on the page in each of these minutes after noon. */
    async hear(...minutes: readonly number[]) {
      const events = minutes.map((minute) => ({
        ...inboundMessage(`m${minute}`, 'Where is my parcel'),
        channel: page.channel,
        accountId: page.id,
        thread: `t${minute}`,
        author: { id: `author-${minute}` },
        postedAt: noonPlus(minute),
      }));
      await triageMessages(batchOf({ receivedAt: noonPlus(minutes.at(-1) ?? 0), events }), this.world.dependencies);
    }
    async watch(minute: number, one: Account = page) {
      this.world.now = () => new Date(noonPlus(minute));
      const { dependencies, memory: store } = this.world;
      await watchAccounts({
        accounts: [one, account('facebook', '*')],
        store,
        now: dependencies.now,
        log: dependencies.log,
      });
    }
    async kept() {
      const [health] = await this.world.memory.healthOf([page]);
      return health;
    }
    told() {
      return this.world.logs.flatMap((entry) => (entry.event === 'account_silent' ? [entry] : []));
    }
  }

  test('costs a write when it is new and for each hour with messages, once that is over for twenty minutes', async () => {
    const watching = new Watching();
    const writes: number[] = [];
    const { memory } = watching.world;
    const keep = memory.keepHealth.bind(memory);
    memory.keepHealth = async (all) => {
      writes.push(all.length);
      await keep(all);
    };
    await watching.watch(0);
    await watching.hear(5, 10, 59, 61);
    for (const minute of [5, 62, 79, 80, 85, 139, 140, 145, 260]) await watching.watch(minute);
    expect(writes).toEqual([1, 0, 0, 0, 1, 0, 0, 1, 0, 0]);
    const health = await watching.kept();
    expect([health?.since, health?.heardAt, health?.countedTo]).toEqual([noonPlus(0), noonPlus(61), hours(2)]);
    expect(health?.hours.filter((usual) => usual > 0)).toEqual([0.75, 0.25]);
  });

  test('is told of once when it goes silent, again each day, and anew after somebody has written', async () => {
    const watching = new Watching();
    const watched = { ...page, silentAfterHours: 12 };
    for (const minute of [0, 719, 720, 725, 2159, 2160]) await watching.watch(minute, watched);
    await watching.hear(2200);
    for (const minute of [2205, 2245, 2919, 2920]) await watching.watch(minute, watched);
    expect(watching.told()).toEqual([
      { event: 'account_silent', channel: page.channel, accountId: page.id, since: noonPlus(0), expected: 0 },
      { event: 'account_silent', channel: page.channel, accountId: page.id, since: noonPlus(0), expected: 0 },
      { event: 'account_silent', channel: page.channel, accountId: page.id, since: noonPlus(2200), expected: 0.083 },
    ]);
  });

  test('is not taken for silent because no run looked when somebody wrote', async () => {
    const watching = new Watching();
    const watched = { ...page, silentAfterHours: 12 };
    await watching.watch(0, watched);
    await watching.hear(100);
    for (const minute of [720, 819, 820]) await watching.watch(minute, watched);
    expect(watching.told().map(({ since }) => since)).toEqual([noonPlus(100)]);
  });

  test('is heard though nothing of it is kept yet, over midnight and in a storm', async () => {
    const watching = new Watching();
    await watching.watch(0);
    const storm = Array.from({ length: 1200 }, (_, index) => 700 + index / 20);
    await watching.hear(...storm);
    for (const minute of [761, 805, 1440]) await watching.watch(minute);
    expect(watching.told()).toEqual([]);
    expect((await watching.kept())?.hours.filter((usual) => usual > 0)).toEqual([5, 5]);
  });
});

describe('the tokens of APIs', () => {
  class Checking {
    readonly world = new World();
    readonly asked: string[] = [];
    entered: readonly ApiToken[] = [{ name: 'meta', fingerprint: 'a' }];
    answer: (name: string) => TokenAnswer = () => ({ kind: 'valid', endsAt: undefined });

    run(minute: number) {
      this.world.now = () => new Date(noonPlus(minute));
      return watchTokens({
        checker: {
          entered: async () => this.entered,
          ask: async (name) => {
            this.asked.push(name);
            return this.answer(name);
          },
        },
        store: this.world.memory,
        now: () => this.world.now(),
        log: (entry) => this.world.logs.push(entry),
      });
    }
    told() {
      return this.world.logs.flatMap((entry) =>
        entry.event === 'token_ends' ? [[entry.token, entry.days, entry.ended]] : [],
      );
    }
  }
  const day = 24 * 60;

  test('are asked about once a day, and told of each time when they end soon', async () => {
    const checking = new Checking();
    checking.answer = () => ({ kind: 'valid', endsAt: noonPlus(15 * day) });
    for (const minute of [0, 5, day - 5, day, day + 5, 2 * day]) await checking.run(minute);
    expect(checking.asked).toHaveLength(3);
    expect(checking.told()).toEqual([
      ['meta', 14, false],
      ['meta', 13, false],
    ]);
  });

  test('are told of at once when they have ended, and no more once another one is entered', async () => {
    const checking = new Checking();
    checking.answer = () => ({ kind: 'ended' });
    await checking.run(0);
    checking.entered = [{ name: 'meta', fingerprint: 'b' }];
    checking.answer = () => ({ kind: 'valid', endsAt: undefined });
    for (const minute of [5, 10]) await checking.run(minute);
    expect(checking.told()).toEqual([['meta', 0, true]]);
    expect(checking.asked).toHaveLength(2);
  });

  test('are asked about again by the next run when the platform does not answer, and keep what was known', async () => {
    const checking = new Checking();
    checking.answer = () => ({ kind: 'valid', endsAt: noonPlus(20 * day) });
    await checking.run(0);
    const before = await checking.world.memory.tokenHealth();
    checking.answer = () => ({ kind: 'later' });
    await checking.run(day);
    expect(await checking.world.memory.tokenHealth()).toEqual(before);
    checking.answer = () => ({ kind: 'untold' });
    for (const minute of [day + 5, day + 10]) await checking.run(minute);
    expect(checking.asked).toHaveLength(3);
  });

  test('are asked about a few at a time, and forgotten when they are taken away', async () => {
    const checking = new Checking();
    checking.entered = Array.from({ length: 50 }, (_, index) => ({ name: `meta ${index}`, fingerprint: 'a' }));
    const after: number[] = [];
    for (const minute of [0, 5, 10, 15]) {
      await checking.run(minute);
      after.push(checking.asked.length);
    }
    expect(after).toEqual([20, 40, 50, 50]);
    checking.entered = checking.entered.slice(0, 1);
    await checking.run(20);
    expect(Object.keys(await checking.world.memory.tokenHealth())).toEqual(['meta 0']);
  });
});
