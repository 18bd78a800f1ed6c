import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fireTimers } from '../../functions/fire-timers/handler.ts';
import { recordOutcomes } from '../../functions/record-outcomes/handler.ts';
import { sweepTimers } from '../../functions/sweep-timers/handler.ts';
import { triageMessages } from '../../functions/triage-messages/handler.ts';
import { type Case, isActive, nextDue } from '../../shared/domain/case.ts';
import { clockNames, isOver, isPending, verdictOf } from '../../shared/domain/clocks.ts';
import type { Decision } from '../../shared/domain/decision.ts';
import { OutsourcingClearance } from '../../shared/domain/gate.ts';
import type { InboundEvent } from '../../shared/domain/inbound-event.ts';
import { isUnanswered } from '../../shared/domain/promises.ts';
import { replay } from '../../shared/domain/replay.ts';
import { conversationWith, inboundMessage, noise, noonPlus, routine, sensitive } from '../support/samples.ts';
import { batchOf, World } from '../support/world.ts';

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
      readonly type: string;
      readonly id: string;
      readonly back: number;
      readonly desk: string | undefined;
    }
  | { readonly kind: 'minutes'; readonly minutes: number };

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
  type: fc.constantFrom('claimed', 'heartbeat', 'answered', 'waiting_for_customer', 'resolved', 'handed_back'),
  id: fc.integer({ min: 1, max: 9 }).map(String),
  /** How many offers ago: 0 is the live one. */
  back: fc.constantFrom(0, 0, 0, 1, 7),
  desk: fc.constantFrom(undefined, undefined, undefined, 'in_house', 'vendor_atlas'),
});
const passing = fc.integer({ min: 1, max: 90 }).map((minutes): Delivery => ({ kind: 'minutes', minutes }));
const deliveries = fc
  .array(
    fc.oneof({ weight: 4, arbitrary: post }, { weight: 3, arbitrary: outcome }, { weight: 2, arbitrary: passing }),
    { minLength: 1, maxLength: 14 },
  )
  // Some things come twice, the second time anywhere later or earlier.
  .chain((once) => fc.tuple(fc.constant(once), fc.shuffledSubarray(once)).map(([all, twice]) => [...all, ...twice]))
  .chain((all) => fc.shuffledSubarray(all, { minLength: all.length }));

class Afternoon {
  readonly world = new World();
  #now = Date.parse(noonPlus(0));
  #timersSeen = 0;

  constructor() {
    this.world.now = () => new Date(this.#now);
  }

  readonly dependencies = {
    ...this.world.dependencies,
    router: {
      ...this.world.dependencies.router,
      decide: ({ text }: InboundEvent) =>
        text.includes('ill') ? promising(sensitive) : text.includes('spam') ? noise : promising(routine),
      sentimentDecides: () => false,
    },
    waitUntil: async (instant: string) => {
      this.#now = Date.parse(instant);
    },
  };

  async deliver(delivery: Delivery): Promise<void> {
    switch (delivery.kind) {
      case 'post':
        await triageMessages(
          batchOf({ receivedAt: this.world.now().toISOString(), events: [delivery.event] }),
          this.dependencies,
        );
        return;
      case 'outcome': {
        const subject = await this.caseOf(delivery.customer);
        if (subject?.offer === undefined) return;
        const fence = Math.max(1, subject.offer.fence - delivery.back);
        const { type, id, desk = subject.offer.desk } = delivery;
        const report = {
          id,
          type,
          caseId: subject.id,
          offerId: `${subject.id}-${fence}`,
          fence,
          desk,
          at: this.world.now().toISOString(),
        };
        await recordOutcomes(batchOf(report), this.dependencies);
        return;
      }
      case 'minutes':
        for (let minute = 0; minute < delivery.minutes; minute += 30) await this.#pass(30);
    }
  }

  async #pass(minutes: number): Promise<void> {
    this.#now += minutes * 60_000;
    const { store, queues, log, destinations } = this.dependencies;
    await sweepTimers({ store, queues, timerQueueUrl: destinations.timerQueueUrl, now: this.world.now, log });
    const due = this.world
      .timers()
      .slice(this.#timersSeen)
      .filter(({ dueAt }) => Date.parse(dueAt) <= this.#now);
    if (due.length > 0) await fireTimers(batchOf(...due), this.dependencies);
  }

  caseOf(author: string): Promise<Case | undefined> {
    return this.world.memory.current(conversationWith(author));
  }

  /** The offers that a case's desks still have on their desks, from what their queues were told. */
  liveOffers(caseId: string): string[] {
    const live = new Set<string>();
    for (const { message } of this.world.deskMessages()) {
      if (message.subject !== caseId) continue;
      if (message.type === 'case.offered') live.add(message.data.offerId);
      if (message.type === 'case.recalled') live.delete(message.data.offerId);
    }
    return [...live];
  }
}

function checkCase(subject: Case, afternoon: Afternoon): void {
  const { offer, clocks } = subject;
  const live = afternoon.liveOffers(subject.id);
  expect(live.length, 'at most one live offer').toBeLessThanOrEqual(1);
  expect(live, 'the live offer is the case’s own').toEqual(offer === undefined ? [] : [offer.id]);
  if (offer?.desk.startsWith('vendor') === true) {
    expect(
      OutsourcingClearance.for(subject, afternoon.world.dependencies.policy),
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
  expect(nextDue(subject) === undefined, 'no promise is forgotten').toBe(pending.length === 0);
  if (isUnanswered(subject.timeline) && offer !== undefined) {
    const replies = [clocks.first_reply, clocks.next_reply].filter((clock) => clock !== undefined && !isOver(clock));
    expect(replies.length, 'an unanswered customer has a promise').toBeGreaterThan(0);
  }
}

test('whatever comes, in any order, twice or late: one live offer, nothing risky outside, no promise forgotten, and a replay ends at the same case', async () => {
  await fc.assert(
    fc.asyncProperty(deliveries, async (all) => {
      const afternoon = new Afternoon();
      for (const delivery of all) {
        await afternoon.deliver(delivery);
        for (const author of customers) {
          const subject = await afternoon.caseOf(author);
          if (subject !== undefined) checkCase(subject, afternoon);
        }
      }
      const stored = (await Array.fromAsync(afternoon.world.memory.threads())).flat();
      const heads = new Map([...replay(stored.toReversed())].map(({ after }) => [after.id, after]));
      for (const [id, head] of heads) expect(await afternoon.world.memory.find(id), 'replayed').toEqual(head);
      for (const author of customers) {
        const subject = await afternoon.caseOf(author);
        if (subject !== undefined) expect(heads.get(subject.id)).toEqual(subject);
      }
      expect(afternoon.world.parked(), 'nothing is parked').toEqual([]);
    }),
    { numRuns: 300 },
  );
}, 60_000);

test('a replay refuses events that do not follow from one another', async () => {
  const afternoon = new Afternoon();
  for (const number of [1, 2, 3]) {
    await afternoon.deliver({ kind: 'post', event: inboundMessage(`m${number}`, 'where is my parcel') });
  }
  const stored = (await Array.fromAsync(afternoon.world.memory.threads())).flat();
  expect([...replay(stored)]).toHaveLength(3);
  expect(() => [...replay(stored.filter(({ version }) => version !== 2))]).toThrow(/no event that makes its version/);
});
