import { fireTimers } from '../../functions/fire-timers/handler.ts';
import { recordOutcomes } from '../../functions/record-outcomes/handler.ts';
import { sweepTimers } from '../../functions/sweep-timers/handler.ts';
import { triageMessages } from '../../functions/triage-messages/handler.ts';
import type { Timer } from '../../shared/contracts/timer.ts';
import type { Case } from '../../shared/domain/case.ts';
import type { InboundEvent } from '../../shared/domain/inbound-event.ts';
import { conversationWith } from './samples.ts';
import { batchOf, World } from './world.ts';

type Dependencies = Parameters<typeof triageMessages>[1];
export type OutcomeType = 'claimed' | 'heartbeat' | 'answered' | 'waiting_for_customer' | 'resolved' | 'handed_back';

/** The functions around an in-memory world whose clock a test holds in its hand: weeks pass in a moment, minute by minute. */
export class Simulation {
  readonly world = new World();
  /** What the functions work with; a test may put another policy in while time goes on. */
  readonly dependencies: { -readonly [Name in keyof Dependencies]: Dependencies[Name] };
  #now: number;
  #taken = 0;
  #waiting: Timer[] = [];
  #reports = 0;

  constructor(start: string, own: Partial<Dependencies> = {}) {
    this.#now = Date.parse(start);
    this.world.now = () => new Date(this.#now);
    this.dependencies = { ...this.world.dependencies, ...own };
  }

  get now(): string {
    return new Date(this.#now).toISOString();
  }

  async post(...events: readonly InboundEvent[]): Promise<void> {
    await triageMessages(batchOf({ receivedAt: this.now, events }), this.dependencies);
  }

  /** An outcome on the case's live offer, or with other fields than that has. */
  async report(author: string, type: OutcomeType, fields: object = {}): Promise<void> {
    const subject = await this.caseOf(author);
    if (subject?.offer === undefined) throw new Error(`${author} has no offer`);
    const { id: offerId, fence, desk } = subject.offer;
    this.#reports += 1;
    const id = `report-${this.#reports}`;
    const report = { id, type, caseId: subject.id, offerId, fence, desk, at: this.now, ...fields };
    await recordOutcomes(batchOf(report), this.dependencies);
  }

  /** Lets time pass, sweeping every so many minutes; each timer fires when its moment has come. */
  async passTo(instant: string, everyMinutes = 1): Promise<void> {
    const end = Date.parse(instant);
    const { store, queues, escalations, log, destinations } = this.dependencies;
    while (this.#now < end) {
      const { timerQueueUrl } = destinations;
      await sweepTimers({ store, queues, escalations, timerQueueUrl, now: this.world.now, log });
      const next = Math.min(end, this.#now + everyMinutes * 60_000);
      await this.#fireUntil(next);
      this.#now = next;
    }
  }

  pass(minutes: number, everyMinutes?: number): Promise<void> {
    return this.passTo(new Date(this.#now + minutes * 60_000).toISOString(), everyMinutes);
  }

  async #fireUntil(end: number): Promise<void> {
    for (;;) {
      const fresh = this.world.timers(this.#taken);
      this.#taken = this.world.queued.length;
      this.#waiting = [...this.#waiting, ...fresh].sort((a, b) => (a.dueAt < b.dueAt ? -1 : 1));
      const due = this.#waiting.filter(({ dueAt }) => Date.parse(dueAt) <= end);
      const [first] = due;
      if (first === undefined) return;
      const together = due.filter(({ dueAt }) => dueAt === first.dueAt);
      this.#waiting = this.#waiting.filter((timer) => !together.includes(timer));
      this.#now = Math.max(this.#now, Date.parse(first.dueAt));
      const waitUntil = async () => {};
      await fireTimers(batchOf(...together), { ...this.dependencies, waitUntil });
    }
  }

  caseOf(author: string): Promise<Case | undefined> {
    return this.world.memory.current(conversationWith(author));
  }

  /** The offers that a case's desks still have, from what their queues were told. */
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
