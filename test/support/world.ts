import * as z from 'zod';
import type { triageMessages } from '../../functions/triage-messages/handler.ts';
import { deskMessageSchema, escalationNoticeSchema } from '../../shared/contracts/desk-message.ts';
import { type Timer, timerSchema } from '../../shared/contracts/timer.ts';
import type { Assessment, Sentiment } from '../../shared/domain/assessment.ts';
import type { InboundEvent } from '../../shared/domain/inbound-event.ts';
import type { Policy } from '../../shared/domain/policy.ts';
import type { CaseStore, EscalationTopic, QueueEntry, QueueSender, SentimentAnalyser } from '../../shared/ports.ts';
import type { LogEntry } from '../../shared/runtime/log.ts';
import { MemoryCaseStore } from './memory-case-store.ts';
import { noise, noonPlus, routine, sensitive } from './samples.ts';

/** The process died here, as far as the code under test can tell. */
export class Crash extends Error {}

const url = (name: string) => `https://sqs.test/123456789012/${name}`;
export const deskQueues = {
  in_house: { urgent: url('in_house-urgent.fifo'), standard: url('in_house-standard.fifo') },
  vendor_atlas: { urgent: url('vendor_atlas-urgent.fifo'), standard: url('vendor_atlas-standard.fifo') },
};

const policy: Policy = {
  version: 'p1',
  desks: {
    in_house: { kind: 'in_house', title: 'In-house' },
    vendor_atlas: { kind: 'outsourced', title: 'Atlas', escalatesTo: 'in_house' },
  },
  accounts: [],
  routing: { rules: [], default: { to: 'in_house', priority: 'normal', because: 'default' } },
  score: { holds: { default: 0.5 }, reasons: {}, parts: [] },
  sla: {},
  lexicons: [],
};

/**
 * All that stands around the functions, in memory. Every call out of them passes `step`, where a test may let it fail or the process
 * die; queues drop what repeats a deduplication id, as FIFO queues do.
 */
export class World {
  readonly memory = new MemoryCaseStore();
  readonly logs: LogEntry[] = [];
  readonly queued: QueueEntry[] = [];
  readonly notices: string[] = [];
  readonly analysed: string[] = [];
  /** Seconds until each failed record comes again. */
  readonly postponed: number[] = [];
  /** Names each call out of the code under test; throw in it to crash there. */
  step: (call: string) => void = () => {};
  /** Answers for one entry whether the queue takes it. */
  accepts: (entry: QueueEntry) => boolean = () => true;
  verdict: Sentiment | 'unavailable' | 'unanswerable' = { label: 'neutral', confidence: 0.9, source: 'comprehend' };
  now: () => Date = () => new Date(noonPlus(1));
  readonly #deduplicated = new Set<string>();

  readonly store: CaseStore = this.#stepped(this.memory);

  readonly queues: QueueSender = {
    send: async (entries) => {
      if (entries.length > 0) this.step('send');
      const sent = entries.map((entry) => this.accepts(entry) && this.#put(entry));
      if (entries.length > 0) this.step('sent');
      return sent;
    },
  };

  readonly escalations: EscalationTopic = {
    publish: async (notices) => {
      if (notices.length > 0) this.step('publish');
      this.notices.push(...notices.map(({ body }) => body));
      return notices.map(() => true);
    },
  };

  readonly analyser: SentimentAnalyser = {
    languages: new Set(['fr', 'en']),
    analyse: async (documents) => {
      if (documents.length > 0) this.step('analyse');
      this.analysed.push(...documents.map(({ text }) => text));
      return documents.map(() => this.verdict);
    },
  };

  readonly dependencies: Parameters<typeof triageMessages>[1] = {
    store: this.store,
    queues: this.queues,
    escalations: this.escalations,
    analyser: this.analyser,
    policy,
    destinations: { deskQueues, timerQueueUrl: url('timers') },
    deadLetterQueueUrl: url('parked'),
    redelivery: { again: async (messages) => void this.postponed.push(...messages.map(({ seconds }) => seconds)) },
    now: () => this.now(),
    log: (entry) => this.logs.push(entry),
    assess,
    router: {
      decide: (message) => (message.text.includes('ill') ? sensitive : message.text.includes('spam') ? noise : routine),
      sentimentDecides: (message) => message.text.includes('?'),
    },
  };

  /** Messages for desks in the order of their queues, checked against the published schema. */
  deskMessages(queue?: string) {
    return this.queued
      .filter(({ queueUrl }) => queueUrl.endsWith('.fifo') && (queue === undefined || queueUrl === url(queue)))
      .map(({ body, queueUrl }) => ({
        queue: queueUrl.slice(queueUrl.lastIndexOf('/') + 1),
        message: deskMessageSchema.parse(JSON.parse(body)),
      }));
  }

  timers(): Timer[] {
    return this.queued
      .filter(({ queueUrl }) => queueUrl === url('timers'))
      .map(({ body }) => timerSchema.parse(JSON.parse(body)));
  }

  parked(): { reason: string; body: string }[] {
    return this.queued
      .filter(({ queueUrl }) => queueUrl === url('parked'))
      .map(({ body }) => z.object({ reason: z.string(), body: z.string() }).parse(JSON.parse(body)));
  }

  escalated() {
    return this.notices.map((body) => escalationNoticeSchema.parse(JSON.parse(body)));
  }

  #put(entry: QueueEntry): boolean {
    if (entry.deduplicationId !== undefined) {
      const key = `${entry.queueUrl} ${entry.deduplicationId}`;
      if (this.#deduplicated.has(key)) return true;
      this.#deduplicated.add(key);
    }
    this.queued.push(entry);
    return true;
  }

  #stepped(store: MemoryCaseStore): CaseStore {
    const world = this;
    return new Proxy(store, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        return async (...args: unknown[]) => {
          world.step(`before ${String(name)}`);
          const answer: unknown = await Reflect.apply(member, target, args);
          world.step(`after ${String(name)}`);
          return answer;
        };
      },
    });
  }
}

function assess({ text }: InboundEvent): Assessment {
  return {
    language: { code: 'en', confidence: 1, source: 'local' },
    signals: text.includes('ill') ? [{ reason: 'safety', confidence: 0.9, source: 'lexicon', entry: 'ill' }] : [],
    topics: [],
    abusive: false,
    pii: [],
    missing: [],
  };
}

/** A batch as Lambda gets it from SQS. */
export function batchOf(...bodies: readonly unknown[]) {
  return {
    Records: bodies.map((body, index) => ({
      messageId: `r${index}`,
      body: typeof body === 'string' ? body : JSON.stringify(body),
      receiptHandle: `handle-${index}`,
      eventSourceARN: 'arn:aws:sqs:eu-west-1:123456789012:a-queue',
      attributes: { SenderId: 'sender', ApproximateReceiveCount: '2' },
    })),
  };
}

/** Lets the process die at each step in turn, delivers again, and hands the world that results to `check`. */
export async function crashEverywhere(
  work: (world: World) => Promise<unknown>,
  check: (world: World, crashedAt: string) => Promise<void> | void,
): Promise<number> {
  for (let crashAt = 1; ; crashAt += 1) {
    const world = new World();
    let steps = 0;
    let crashedAt = '';
    world.step = (call) => {
      steps += 1;
      if (steps !== crashAt) return;
      crashedAt = `step ${steps}, ${call}`;
      throw new Crash(crashedAt);
    };
    await work(world).catch((error: unknown) => {
      if (!(error instanceof Crash)) throw error;
    });
    if (crashedAt === '') return crashAt - 1;
    world.step = () => {};
    await work(world);
    await check(world, crashedAt);
  }
}
