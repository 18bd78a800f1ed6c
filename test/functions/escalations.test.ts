import { describe, expect, test } from 'vitest';
import { changeCases } from '../../shared/casework.ts';
import type { Calendar } from '../../shared/domain/calendar.ts';
import type { Decision } from '../../shared/domain/decision.ts';
import type { Ladder } from '../../shared/domain/escalation.ts';
import type { InboundEvent } from '../../shared/domain/inbound-event.ts';
import type { Policy } from '../../shared/domain/policy.ts';
import { inboundMessage, noonPlus, routine, sensitive } from '../support/samples.ts';
import { Simulation } from '../support/simulation.ts';
import { deskQueues, World } from '../support/world.ts';

const office: Calendar = {
  id: 'office',
  version: 'c1',
  zone: 'Etc/UTC',
  weeks: [{ days: Array.from({ length: 7 }, (): [number, number][] => [[480, 1080]]) }],
  closed: [],
  special: {},
};
const ladder: Ladder = {
  silenceSeconds: 1800,
  steps: [
    { clock: 'first_reply', seconds: -900, tell: 'lead', do: 'raise_priority' },
    { clock: 'first_reply', seconds: 0, tell: 'manager', do: 'take_in_house' },
    { clock: 'first_reply', seconds: 1200, tell: 'duty', do: 'raise_priority' },
    { clock: 'claim', seconds: 0, tell: 'lead', do: 'other_desk' },
    { clock: 'answer', seconds: 0, tell: 'lead', do: 'other_desk' },
  ],
};
const hour = 3600;
const owed = { firstReplySeconds: 2 * hour, resolutionSeconds: 48 * hour };
const toVendor: Decision = { ...routine, fitting: ['vendor_atlas', 'vendor_boreal'], targets: owed };

function start(decision: Decision = toVendor, at = noonPlus(0)): Simulation {
  const { policy, router, destinations } = new World().dependencies;
  const withLadder: Policy = {
    ...policy,
    desks: { ...policy.desks, vendor_boreal: { kind: 'outsourced', title: 'Boreal', escalatesTo: 'in_house' } },
    sla: {
      in_house: { normal: owed, high: owed },
      vendor_boreal: { normal: { ...owed, claimSeconds: hour / 2, answerSeconds: hour } },
    },
    calendars: { office },
    escalation: {
      ladder,
      levels: {
        lead: { title: 'Team lead', hours: { normal: 'office' } },
        manager: { title: 'Head of care' },
        duty: { title: 'Duty manager' },
      },
    },
  };
  return new Simulation(at, {
    policy: withLadder,
    destinations: {
      ...destinations,
      deskQueues: {
        ...deskQueues,
        vendor_boreal: {
          urgent: 'https://sqs.test/1/boreal-urgent.fifo',
          standard: 'https://sqs.test/1/boreal-standard.fifo',
        },
      },
    },
    router: { ...router, decide: () => decision, sentimentDecides: () => false },
  });
}

const parcel = (postedAt = noonPlus(0), fields: Partial<InboundEvent> = {}) =>
  inboundMessage('m1', 'Where is my parcel', { postedAt, public: true, ...fields });

function told(simulation: Simulation) {
  return simulation.world.escalated().map(({ tell, step, dueAt, priority }) => [tell, step, dueAt, priority]);
}

describe('the ladder', () => {
  test('tells and acts before, at and after the deadline, each step once', async () => {
    const simulation = start();
    await simulation.post(parcel());
    await simulation.pass(6 * 60);
    expect(told(simulation)).toEqual([
      ['lead', -900, noonPlus(105), 'high'],
      ['manager', 0, noonPlus(120), 'urgent'],
      ['duty', 1200, noonPlus(140), 'urgent'],
    ]);
    const path = simulation.world.deskMessages().map(({ queue, message }) => `${queue} ${message.type}`);
    expect(path).toEqual([
      'vendor_atlas-standard.fifo case.offered',
      'vendor_atlas-standard.fifo case.recalled',
      'vendor_atlas-urgent.fifo case.offered',
      'vendor_atlas-urgent.fifo case.recalled',
      'in_house-urgent.fifo case.offered',
      'in_house-urgent.fifo case.updated',
    ]);
    expect(simulation.world.logs.flatMap((entry) => (entry.event === 'timer_fired' ? [entry.lagMs] : []))).toEqual([
      0, 0, 0,
    ]);
  });

  test('says nothing of a promise that was kept', async () => {
    const simulation = start();
    await simulation.post(parcel());
    await simulation.pass(100);
    await simulation.report('claire', 'answered');
    await simulation.pass(6 * 60);
    expect(told(simulation)).toEqual([]);
  });

  test('stops while the desk that has the case shows that it is at it, and goes on after silence', async () => {
    const simulation = start();
    await simulation.post(parcel());
    await simulation.pass(125);
    await simulation.report('claire', 'claimed');
    await simulation.pass(25);
    await simulation.report('claire', 'heartbeat');
    await simulation.pass(29);
    expect(told(simulation).map(([level]) => level)).toEqual(['lead', 'manager']);
    await simulation.pass(60);
    expect(told(simulation).at(-1)).toEqual(['duty', 1200, noonPlus(180), 'urgent']);
    expect(told(simulation)).toHaveLength(3);
  });

  test('stops when a person takes note of it, and goes on after silence', async () => {
    const simulation = start();
    await simulation.post(parcel());
    await simulation.pass(125);
    const subject = await simulation.caseOf('claire');
    if (subject === undefined) throw new Error('no case');
    const noted = {
      type: 'escalation_acknowledged',
      id: 'seen',
      at: simulation.now,
      recordedAt: simulation.now,
    } as const;
    const change = { conversation: subject.conversation, text: '', event: { ...noted, by: 'Ada' } };
    await changeCases(simulation.dependencies, [change]);
    await simulation.pass(29);
    expect(told(simulation).map(([level]) => level)).toEqual(['lead', 'manager']);
    await simulation.pass(60);
    expect(told(simulation).slice(2)).toEqual([['duty', 1200, noonPlus(155), 'urgent']]);
  });

  test('leaves out a warning for which there was no time', async () => {
    const simulation = start({ ...toVendor, targets: { ...owed, firstReplySeconds: 600 } });
    await simulation.post(parcel());
    await simulation.pass(15);
    expect(told(simulation).map(([level]) => level)).toEqual(['manager']);
  });
});

describe('outside the hours in which a level may be told', () => {
  const evening = '2026-03-02T16:30:00.000Z';

  test('the action is taken at once, and people are told when they are there', async () => {
    const simulation = start(toVendor, evening);
    await simulation.post(parcel(evening));
    await simulation.passTo('2026-03-02T18:20:00.000Z');
    expect(told(simulation)).toEqual([]);
    expect((await simulation.caseOf('claire'))?.priority).toBe('high');
    await simulation.passTo('2026-03-03T09:00:00.000Z');
    expect(told(simulation)).toEqual([
      ['manager', 0, '2026-03-02T18:30:00.000Z', 'urgent'],
      ['duty', 1200, '2026-03-02T18:50:00.000Z', 'urgent'],
      ['lead', -900, '2026-03-02T18:15:00.000Z', 'urgent'],
    ]);
  });

  test('nobody is told in the morning of what was answered in the night', async () => {
    const simulation = start(toVendor, evening);
    await simulation.post(parcel(evening));
    await simulation.passTo('2026-03-02T18:20:00.000Z');
    await simulation.report('claire', 'answered');
    await simulation.passTo('2026-03-03T09:00:00.000Z');
    expect(told(simulation)).toEqual([]);
  });
});

describe('a claim that does not come', () => {
  const owing: Decision = { ...toVendor, targets: { ...owed, claimSeconds: hour / 2, answerSeconds: hour } };

  test('sends the case to another outsourced desk that fits, and from the last one in-house', async () => {
    const simulation = start(owing);
    await simulation.post(parcel());
    await simulation.pass(31);
    expect(await simulation.caseOf('claire')).toMatchObject({ desk: 'vendor_boreal', route: 'vendor', fence: 2 });
    await simulation.pass(31);
    expect(await simulation.caseOf('claire')).toMatchObject({ desk: 'in_house', because: 'not claimed in time' });
    expect(simulation.liveOffers((await simulation.caseOf('claire'))?.id ?? '')).toHaveLength(1);
  });

  test('and one that falls silent is taken back; what it reports then is refused and changes nothing', async () => {
    const simulation = start(owing);
    await simulation.post(parcel());
    await simulation.pass(20);
    await simulation.report('claire', 'claimed');
    const silent = (await simulation.caseOf('claire'))?.offer;
    await simulation.pass(45);
    const taken = await simulation.caseOf('claire');
    expect(taken?.desk).toBe('vendor_boreal');
    await simulation.report('claire', 'resolved', { desk: 'vendor_atlas', offerId: silent?.id, fence: silent?.fence });
    expect(await simulation.caseOf('claire')).toEqual(taken);
    expect(simulation.world.deskMessages('vendor_atlas-standard.fifo').at(-1)?.message).toMatchObject({
      type: 'outcome.refused',
      data: { because: 'stale_fence' },
    });
  });

  test('a heartbeat keeps it', async () => {
    const simulation = start(owing);
    await simulation.post(parcel());
    for (let round = 0; round < 3; round += 1) {
      await simulation.pass(25);
      await simulation.report('claire', 'heartbeat');
    }
    expect(await simulation.caseOf('claire')).toMatchObject({ desk: 'vendor_atlas', fence: 1 });
  });
});

test('a storm of 500 broken promises in a minute is a handful of notices, and every case is told of once', async () => {
  const simulation = start({ ...sensitive, targets: owed });
  const customers = Array.from({ length: 500 }, (_, index) => `customer-${index}`);
  await simulation.post(
    ...customers.map((id, index) => ({
      ...parcel(noonPlus(index / 500), { thread: `dm:${id}`, author: { id } }),
      messageId: `m-${id}`,
    })),
  );
  await simulation.passTo(noonPlus(119));
  const before = simulation.world.notices.length;
  await simulation.passTo(noonPlus(124));
  const broken = simulation.world.escalated().filter(({ step }) => step === 0);
  expect(broken).toHaveLength(500);
  expect(new Set(broken.map(({ caseId }) => caseId)).size).toBe(500);
  expect(simulation.world.notices.length - before).toBeLessThanOrEqual(6);
  const [first] = simulation.world.notices.slice(before);
  expect(first, 'the first is told at once').toContain(noonPlus(120));
});

test('cases that break the same promise together are told of in one notice', async () => {
  const simulation = start({ ...sensitive, targets: owed });
  const customers = Array.from({ length: 7 }, (_, index) => `customer-${index}`);
  await simulation.post(
    ...customers.map((id) => ({
      ...parcel(noonPlus(0), { thread: `dm:${id}`, author: { id } }),
      messageId: `m-${id}`,
    })),
  );
  await simulation.pass(121);
  const cases = simulation.world.escalated().filter(({ step }) => step === 0);
  expect(new Set(cases.map(({ caseId }) => caseId)).size).toBe(7);
  expect(simulation.world.notices).toHaveLength(2);
});
