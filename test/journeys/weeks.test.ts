import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { compilePolicy, formatProblems } from '../../infra/compile-policy.ts';
import { changePromises } from '../../local/commands/promises.ts';
import type { Decision, Priority } from '../../shared/domain/decision.ts';
import type { InboundEvent } from '../../shared/domain/inbound-event.ts';
import type { Policy } from '../../shared/domain/policy.ts';
import { createRouter } from '../../shared/domain/routing.ts';
import { inboundMessage, routine, sensitive } from '../support/samples.ts';
import { Simulation } from '../support/simulation.ts';
import { url, World } from '../support/world.ts';

const compiled = compilePolicy(fileURLToPath(new URL('../../policy', import.meta.url)));
if (!compiled.ok) throw new Error(formatProblems(compiled.problems));
const shipped = compiled.policy;

/** What each message is promised by a policy: words of law go in-house, the rest where the journey plays. */
function routerOf(policy: Policy, desk: 'in_house' | 'vendor_atlas', priority: Priority = 'normal') {
  const decide = ({ text }: InboundEvent): Decision => {
    const base = text.includes('lawyer')
      ? { ...sensitive, reasons: ['legal' as const], priority: 'high' as const }
      : routine;
    const to = text.includes('lawyer') ? 'in_house' : desk;
    const route = to === 'in_house' ? 'in_house' : 'vendor';
    const own = text.includes('lawyer') ? base.priority : priority;
    const { targets: _, ...rest } = base;
    const targets = policy.sla[to]?.[own];
    return {
      ...rest,
      route,
      desk: to,
      priority: own,
      policyVersion: policy.version,
      ...(targets === undefined ? {} : { targets }),
    };
  };
  return { ...new World().dependencies.router, decide, sentimentDecides: () => false };
}

function start(at: string, desk: 'in_house' | 'vendor_atlas', priority?: Priority): Simulation {
  return new Simulation(at, { policy: shipped, router: routerOf(shipped, desk, priority) });
}

function says(simulation: Simulation, id: string, text: string): Promise<void> {
  return simulation.post(inboundMessage(id, text, { postedAt: simulation.now, public: true }));
}

function broken(simulation: Simulation) {
  return simulation.world
    .escalated()
    .flatMap(({ step, clock, dueAt, desk }) => (step === 0 ? [[clock, dueAt, desk]] : []));
}

describe('over days and weeks, by the shipped policy', () => {
  test('a vendor that never claims loses the case to the house, and a fortnight later nothing of it is left running', async () => {
    const simulation = start('2026-03-02T09:00:00.000Z', 'vendor_atlas');
    await says(simulation, 'm1', 'Where is my parcel');
    await simulation.pass(3 * 60);
    expect(broken(simulation)).toEqual([['claim', '2026-03-02T11:00:00.000Z', 'vendor_atlas']]);
    expect(await simulation.caseOf('claire')).toMatchObject({ desk: 'in_house', because: 'not claimed in time' });
    await simulation.report('claire', 'claimed');
    await simulation.report('claire', 'resolved');
    await simulation.pass(14 * 24 * 60, 30);
    expect(broken(simulation)).toHaveLength(1);
    expect(simulation.world.logs.filter(({ event }) => event === 'timers_left_behind')).toEqual([]);
  });

  test('a customer who writes at 23:59 before a holiday is owed an answer on the first working day', async () => {
    // 14 July 2026, a Tuesday, is a public holiday in France.
    const simulation = start('2026-07-13T21:59:00.000Z', 'in_house');
    await says(simulation, 'm1', 'Where is my parcel');
    const due = '2026-07-15T11:00:00.000Z';
    expect((await simulation.caseOf('claire'))?.clocks.first_reply).toMatchObject({ dueAt: due });
    await simulation.passTo('2026-07-15T10:59:00.000Z');
    expect(broken(simulation).filter(([clock]) => clock === 'first_reply')).toEqual([]);
    await simulation.passTo('2026-07-15T11:01:00.000Z');
    expect(broken(simulation)).toContainEqual(['first_reply', due, 'in_house']);
  });

  test('the night that is an hour longer moves no promise of the day', async () => {
    // Clocks go back on Sunday 25 October 2026; Saturday's hour from 12:00 on and Monday's first three make the four.
    const simulation = start('2026-10-24T10:00:00.000Z', 'in_house');
    await says(simulation, 'm1', 'Where is my parcel');
    const due = '2026-10-26T11:00:00.000Z';
    expect((await simulation.caseOf('claire'))?.clocks.first_reply).toMatchObject({ dueAt: due });
    await simulation.passTo('2026-10-26T11:01:00.000Z');
    expect(broken(simulation)).toContainEqual(['first_reply', due, 'in_house']);
    const lags = simulation.world.logs.flatMap((entry) => (entry.event === 'timer_fired' ? [Number(entry.lagMs)] : []));
    expect(Math.max(...lags)).toBe(0);
  });

  test('a policy that changes on the way holds for what is written from then on', async () => {
    const simulation = start('2026-03-02T09:00:00.000Z', 'vendor_atlas');
    await says(simulation, 'm1', 'Where is my parcel');
    const first = (await simulation.caseOf('claire'))?.clocks.first_reply;
    const hour = { firstReplySeconds: 3600, resolutionSeconds: 86_400 };
    const stricter: Policy = {
      ...shipped,
      version: 'stricter',
      sla: { ...shipped.sla, vendor_atlas: { normal: hour } },
    };
    simulation.dependencies.policy = stricter;
    simulation.dependencies.router = routerOf(stricter, 'vendor_atlas');
    await simulation.pass(10);
    expect((await simulation.caseOf('claire'))?.clocks.first_reply).toEqual(first);
    await says(simulation, 'm2', 'Hello?');
    expect((await simulation.caseOf('claire'))?.clocks.first_reply).toMatchObject({
      startedAt: '2026-03-02T09:00:00.000Z',
      dueAt: '2026-03-02T10:10:00.000Z',
      policyVersion: 'stricter',
    });
  });

  test.each([
    ['keep', undefined, '2026-03-02T13:00:00.000Z'],
    ['carry', 'carry', '2026-03-02T10:00:00.000Z'],
    ['restart', 'restart', '2026-03-02T10:30:00.000Z'],
  ] as const)(
    'a policy that says %s for what runs is brought to open cases by one command',
    async (_, onChange, due) => {
      const simulation = start('2026-03-02T09:00:00.000Z', 'vendor_atlas');
      await says(simulation, 'm1', 'Where is my parcel');
      await simulation.pass(30);
      const hour = {
        firstReplySeconds: 3600,
        resolutionSeconds: 86_400,
        ...(onChange === undefined ? {} : { onChange }),
      };
      simulation.dependencies.policy = {
        ...shipped,
        version: 'stricter',
        sla: { ...shipped.sla, vendor_atlas: { normal: hour } },
      };
      const change = (write: boolean) => changePromises(simulation.dependencies, simulation.world.memory, { write });
      const expected = onChange === undefined ? 0 : 1;
      expect(await change(false)).toEqual({ looked: 1, changed: expected, failed: 0 });
      expect(await change(true)).toEqual({ looked: 1, changed: expected, failed: 0 });
      expect(await change(true)).toEqual({ looked: 1, changed: 0, failed: 0 });
      expect((await simulation.caseOf('claire'))?.clocks.first_reply?.dueAt).toBe(due);
      const updates = simulation.world
        .deskMessages()
        .flatMap(({ message }) => (message.type === 'case.updated' ? [message.data.deadlines['firstReply']] : []));
      expect(updates).toEqual(onChange === undefined ? [] : [due]);
      await simulation.report('claire', 'claimed');
      await simulation.passTo(due);
      expect(broken(simulation).filter(([clock]) => clock === 'first_reply')).toEqual([
        ['first_reply', due, 'vendor_atlas'],
      ]);
    },
  );

  test('a case whose risk rises after the claim is recalled, and what the vendor still reports changes nothing', async () => {
    const simulation = start('2026-03-02T09:00:00.000Z', 'vendor_atlas');
    await says(simulation, 'm1', 'Where is my parcel');
    await simulation.pass(30);
    await simulation.report('claire', 'claimed');
    const claimed = (await simulation.caseOf('claire'))?.offer;
    await says(simulation, 'm2', 'My lawyer will write to you');
    const recalled = simulation.world.deskMessages().filter(({ message }) => message.type === 'case.recalled');
    expect(recalled.map(({ message }) => message.data)).toMatchObject([{ fence: 1, because: 'risk_changed' }]);
    const before = await simulation.caseOf('claire');
    await simulation.report('claire', 'answered', {
      desk: 'vendor_atlas',
      offerId: claimed?.id,
      fence: claimed?.fence,
    });
    expect(await simulation.caseOf('claire')).toEqual(before);
    expect(simulation.world.logs).toContainEqual(
      expect.objectContaining({ event: 'outcome_refused', because: 'stale_fence' }),
    );
    await simulation.pass(7 * 24 * 60, 30);
    expect(simulation.liveOffers(before?.id ?? '')).toHaveLength(1);
    expect((await simulation.caseOf('claire'))?.offer?.desk).toBe('in_house');
  });
});

describe('two vendors that fit the same messages', () => {
  const owed = { firstReplySeconds: 14_400, resolutionSeconds: 259_200, claimSeconds: 1800, answerSeconds: 7200 };
  const { sla, routing } = shipped;
  const policy: Policy = {
    ...shipped,
    version: 'two vendors',
    shares: 'earned',
    accounts: [{ channel: 'messenger', id: '100200300', title: 'Page', purpose: 'after_sales', languages: ['en'] }],
    desks: {
      in_house: { kind: 'in_house', title: 'In-house' },
      vendor_atlas: { kind: 'outsourced', title: 'Atlas', escalatesTo: 'in_house' },
      vendor_boreal: { kind: 'outsourced', title: 'Boreal', escalatesTo: 'in_house' },
    },
    routing: {
      ...routing,
      rules: [{ id: 'routine', when: { routine: true }, to: 'outsourced', priority: 'normal', because: 'routine' }],
    },
    sla: { ...sla, vendor_atlas: { normal: owed }, vendor_boreal: { normal: owed } },
  };

  function startWith(own: Policy): Simulation {
    const { destinations } = new World().dependencies;
    const vendor_boreal = { urgent: url('vendor_boreal-urgent.fifo'), standard: url('vendor_boreal-standard.fifo') };
    return new Simulation('2026-03-02T08:00:00.000Z', {
      policy: own,
      router: createRouter(own),
      destinations: {
        ...destinations,
        deskQueues: { ...destinations.deskQueues, vendor_boreal },
      },
    });
  }

  let written = 0;
  /** So many new customers write; the desk that each of them went to first. */
  async function write(simulation: Simulation, customers: number): Promise<Map<string, string | undefined>> {
    const authors = Array.from({ length: customers }, () => `customer ${++written}`);
    await simulation.post(
      ...authors.map((id) =>
        inboundMessage(`m ${id}`, 'Where is my parcel', {
          thread: `dm:${id}`,
          author: { id },
          postedAt: simulation.now,
        }),
      ),
    );
    const cases = await Promise.all(authors.map((author) => simulation.caseOf(author)));
    return new Map(authors.map((author, index) => [author, cases[index]?.desk]));
  }

  test('one that slips loses its share, and wins it back', async () => {
    const simulation = startWith(policy);
    const shares: number[] = [];
    for (let day = 1; day <= 5; day += 1) {
      // On its bad day Atlas takes nothing up; Boreal answers what it gets, from customers and from Atlas.
      const bad = day === 2;
      let atlas = 0;
      for (let round = 0; round < 6; round += 1) {
        const went = await write(simulation, 10);
        const unanswered = new Set(went.keys());
        atlas += [...went.values()].filter((desk) => desk === 'vendor_atlas').length;
        for (const minutes of [31, 209]) {
          for (const author of unanswered) {
            if (bad && (await simulation.caseOf(author))?.desk === 'vendor_atlas') continue;
            await simulation.report(author, 'resolved');
            unanswered.delete(author);
          }
          await simulation.pass(minutes, 60);
        }
      }
      shares.push(atlas / 60);
    }
    const [first = 0, second = 1, third = 1, fourth = 0, fifth = 0] = shares;
    expect(first).toBeGreaterThan(0.4);
    expect(second).toBeLessThan(first);
    expect(third).toBeLessThan(second);
    expect(Math.max(fourth, fifth)).toBeGreaterThan(0.4);
    const reasons = simulation.world.logs.flatMap((entry) =>
      entry.event === 'message_triaged' ? (entry.decision.notChosen.at(-1)?.because ?? []) : [],
    );
    expect(reasons[150]).toMatch(/vendor_atlas 1, which counts as 0\.\d\d after \d+ clocks kept and \d+ broken lately/);
  });

  test('one that has its agreed backlog is passed over until it has answered', async () => {
    const full: Policy = {
      ...policy,
      desks: {
        ...policy.desks,
        vendor_atlas: { kind: 'outsourced', title: 'Atlas', escalatesTo: 'in_house', backlog: 5 },
      },
    };
    const simulation = startWith(full);
    const desksOf = async (customers: number) => [...(await write(simulation, customers)).entries()];
    const first = await desksOf(30);
    const atAtlas = first.filter(([, desk]) => desk === 'vendor_atlas').map(([author]) => author);
    expect(atAtlas).toHaveLength(5);
    expect(first.filter(([, desk]) => desk === 'vendor_boreal')).toHaveLength(25);
    await simulation.pass(1);
    expect((await desksOf(10)).filter(([, desk]) => desk === 'vendor_atlas')).toEqual([]);
    for (const author of atAtlas.slice(0, 3)) await simulation.report(author, 'answered');
    await simulation.pass(1);
    expect((await desksOf(30)).filter(([, desk]) => desk === 'vendor_atlas')).toHaveLength(3);
  });
});
