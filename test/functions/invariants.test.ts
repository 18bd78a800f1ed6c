import fc from 'fast-check';
import { expect, test } from 'vitest';
import { changePromises } from '../../local/commands/promises.ts';
import { type Case, isActive } from '../../shared/domain/case.ts';
import { nextDue } from '../../shared/domain/case-clocks.ts';
import { clockNames, isOver, isPending, verdictOf } from '../../shared/domain/clocks.ts';
import { type Decision, targetsSchema } from '../../shared/domain/decision.ts';
import { plainLadder } from '../../shared/domain/escalation.ts';
import { OutsourcingClearance } from '../../shared/domain/gate.ts';
import type { InboundEvent } from '../../shared/domain/inbound-event.ts';
import { isUnanswered } from '../../shared/domain/promises.ts';
import { replay } from '../../shared/domain/replay.ts';
import { inboundMessage, noise, noonPlus, routine, sensitive } from '../support/samples.ts';
import { type OutcomeType, Simulation } from '../support/simulation.ts';
import { World } from '../support/world.ts';

const customers = ['claire', 'omar'];
const targets = {
  firstReplySeconds: 3600,
  nextReplySeconds: 1800,
  resolutionSeconds: 36_000,
  claimSeconds: 600,
  answerSeconds: 2400,
};
const promising = (decision: Decision): Decision => ({ ...decision, targets });

type Delivery =
  | { readonly kind: 'post'; readonly event: InboundEvent }
  | {
      readonly kind: 'outcome';
      readonly customer: string;
      readonly type: OutcomeType;
      readonly id: string;
      readonly back: number;
      readonly desk: string | undefined;
    }
  | { readonly kind: 'minutes'; readonly minutes: number }
  | { readonly kind: 'terms'; readonly how: 'carry' | 'restart'; readonly share: number };

const customer = fc.constantFrom(...customers);
const key = fc.integer({ min: 1, max: 4 });
const minutes = fc.integer({ min: 0, max: 300 });
const post = fc
  .tuple(
    customer,
    fc.constantFrom(
      'message_received',
      'message_received',
      'message_received',
      'message_edited',
      'message_deleted',
      'own_reply',
    ),
    key,
    minutes,
    fc.constantFrom('where is my parcel', 'I am ill', 'spam', 'Merci beaucoup !'),
  )
  .map(([author, type, number, at, text]): Delivery => {
    const fields: Partial<InboundEvent> = {
      type,
      thread: `dm:${author}`,
      author: { id: author },
      postedAt: noonPlus(at),
    };
    const own: Partial<InboundEvent> = { author: {}, toAuthorId: author };
    return {
      kind: 'post',
      event: inboundMessage(`${type === 'own_reply' ? 'r' : 'm'}-${author}-${number}`, text, {
        ...fields,
        ...(type === 'own_reply' ? own : {}),
      }),
    };
  });
const outcome = fc.record({
  kind: fc.constant('outcome' as const),
  customer,
  type: fc.constantFrom<OutcomeType>(
    'claimed',
    'heartbeat',
    'answered',
    'waiting_for_customer',
    'resolved',
    'handed_back',
  ),
  id: fc.integer({ min: 1, max: 9 }).map(String),
  /** How many offers ago: 0 is the live one. */
  back: fc.constantFrom(0, 0, 0, 1, 7),
  desk: fc.constantFrom(undefined, undefined, undefined, 'in_house', 'vendor_atlas'),
});
const passing = fc.integer({ min: 1, max: 90 }).map((minutes): Delivery => ({ kind: 'minutes', minutes }));
const newTerms = fc
  .tuple(fc.constantFrom('carry' as const, 'restart' as const), fc.constantFrom(0.2, 0.9, 3))
  .map(([how, share]): Delivery => ({ kind: 'terms', how, share }));
const deliveries = fc
  .array(
    fc.oneof(
      { weight: 8, arbitrary: post },
      { weight: 6, arbitrary: outcome },
      { weight: 4, arbitrary: passing },
      { weight: 1, arbitrary: newTerms },
    ),
    { minLength: 1, maxLength: 14 },
  )
  // Some things come twice, the second time anywhere later or earlier.
  .chain((once) => fc.tuple(fc.constant(once), fc.shuffledSubarray(once)).map(([all, twice]) => [...all, ...twice]))
  .chain((all) => fc.shuffledSubarray(all, { minLength: all.length }));

function startSimulation(): Simulation {
  const { router, policy } = new World().dependencies;
  return new Simulation(noonPlus(0), {
    policy: {
      ...policy,
      escalation: {
        levels: {},
        ladder: {
          silenceSeconds: 900,
          steps: [
            ...plainLadder.steps,
            { clock: 'first_reply', seconds: -1200, tell: 'lead', do: 'raise_priority' },
            { clock: 'first_reply', seconds: 1200, tell: 'lead', do: 'raise_priority' },
            { clock: 'resolution', seconds: -7200, tell: 'lead', do: 'take_in_house' },
          ],
        },
      },
    },
    router: {
      ...router,
      decide: ({ text }: InboundEvent) =>
        text.includes('ill') ? promising(sensitive) : text.includes('spam') ? noise : promising(routine),
      sentimentDecides: () => false,
    },
  });
}

async function deliver(simulation: Simulation, delivery: Delivery): Promise<void> {
  switch (delivery.kind) {
    case 'post':
      return simulation.post(delivery.event);
    case 'outcome': {
      const { customer, type, id, back, desk } = delivery;
      const subject = await simulation.caseOf(customer);
      if (subject?.offer === undefined) return;
      const offered = simulation.world
        .deskMessages()
        .flatMap(({ message }) =>
          message.type === 'case.offered' && message.subject === subject.id ? [message.data] : [],
        );
      const { fence, offerId } = offered[Math.max(0, offered.length - 1 - back)] ?? {};
      return simulation.report(customer, type, { id, fence, offerId, ...(desk === undefined ? {} : { desk }) });
    }
    case 'minutes':
      return simulation.pass(delivery.minutes, 15);
    case 'terms': {
      const { policy } = simulation.dependencies;
      const scaled = Object.fromEntries(
        Object.entries(targets).map(([name, seconds]) => [name, Math.round(seconds * delivery.share)]),
      );
      const target = { ...targetsSchema.parse(scaled), onChange: delivery.how };
      const sla = { in_house: { urgent: target, normal: target }, vendor_atlas: { normal: target } };
      const version = `${delivery.how} ${delivery.share}`;
      const casework = { ...simulation.dependencies, policy: { ...policy, version, sla } };
      await changePromises(casework, simulation.world.memory, { write: true });
      return;
    }
  }
}

function checkCase(subject: Case, simulation: Simulation): void {
  const { offer, clocks } = subject;
  const live = simulation.liveOffers(subject.id);
  expect(live.length, 'at most one live offer').toBeLessThanOrEqual(1);
  expect(live, 'the live offer is the case’s own').toEqual(offer === undefined ? [] : [offer.id]);
  if (offer?.desk.startsWith('vendor') === true) {
    expect(
      OutsourcingClearance.for(subject, simulation.world.dependencies.policy),
      'no vendor while risk is not routine',
    ).toBeDefined();
  }
  const all = clockNames.map((name) => (name === 'claim' || name === 'answer' ? offer?.lease[name] : clocks[name]));
  if (!isActive(subject)) {
    expect(nextDue(subject), 'nothing falls due in a closed case').toBeUndefined();
    if (subject.state === 'resolved') {
      for (const clock of all)
        if (clock !== undefined) expect(['met', 'breached', 'cancelled']).toContain(verdictOf(clock));
    }
    return;
  }
  const pending = all.filter((clock) => clock !== undefined && isPending(clock));
  if (pending.length > 0) expect(nextDue(subject), 'no promise is forgotten').toBeDefined();
  // What is broken already may have steps after its deadline; what is over has none.
  const open = all.filter((clock) => clock?.dueAt !== undefined && !isOver(clock));
  if (open.length === 0) expect(nextDue(subject), 'nothing falls due without a clock').toBeUndefined();
  if (isUnanswered(subject.timeline) && offer !== undefined) {
    const replies = [clocks.first_reply, clocks.next_reply].filter((clock) => clock !== undefined && !isOver(clock));
    expect(replies.length, 'an unanswered customer has a promise').toBeGreaterThan(0);
  }
}

test('whatever comes, in any order, twice or late: one live offer, nothing risky outside, no promise forgotten, and a replay ends at the same case', async () => {
  await fc.assert(
    fc.asyncProperty(deliveries, async (all) => {
      const simulation = startSimulation();
      for (const delivery of all) {
        await deliver(simulation, delivery);
        for (const author of customers) {
          const subject = await simulation.caseOf(author);
          if (subject !== undefined) checkCase(subject, simulation);
        }
      }
      const stored = (await Array.fromAsync(simulation.world.memory.threads())).flat();
      const heads = new Map([...replay(stored.toReversed())].map(({ after }) => [after.id, after]));
      for (const [id, head] of heads) expect(await simulation.world.memory.find(id), 'replayed').toEqual(head);
      for (const author of customers) {
        const subject = await simulation.caseOf(author);
        if (subject !== undefined) expect(heads.get(subject.id)).toEqual(subject);
      }
      expect(simulation.world.parked(), 'nothing is parked').toEqual([]);
      const notices = simulation.world.escalated().map(({ id }) => id);
      expect(new Set(notices).size, 'nothing is told twice').toBe(notices.length);
    }),
    { numRuns: 300 },
  );
}, 60_000);

test('a replay refuses events that do not follow from one another', async () => {
  const simulation = startSimulation();
  for (const number of [1, 2, 3]) {
    await deliver(simulation, { kind: 'post', event: inboundMessage(`m${number}`, 'where is my parcel') });
  }
  const stored = (await Array.fromAsync(simulation.world.memory.threads())).flat();
  expect([...replay(stored)]).toHaveLength(3);
  expect(() => [...replay(stored.filter(({ version }) => version !== 2))]).toThrow(/no event that makes its version/);
});
