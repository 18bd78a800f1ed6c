import * as z from 'zod';
import type { triageMessages } from '../../functions/triage-messages/handler.ts';
import { deskMessageSchema, escalationNoticeSchema } from '../../shared/contracts/desk-message.ts';
import { type Timer, timerSchema } from '../../shared/contracts/timer.ts';
import type { Assessment, Finding, Sentiment } from '../../shared/domain/assessment.ts';
import { nextDue } from '../../shared/domain/case-clocks.ts';
import type { InboundEvent } from '../../shared/domain/inbound-event.ts';
import type { Policy } from '../../shared/domain/policy.ts';
import type { TextClass } from '../../shared/domain/second-opinion.ts';
import type {
  Answer,
  CaseStore,
  EscalationTopic,
  FetchResult,
  MessageFetcher,
  QueueEntry,
  QueueSender,
  TextAnalyser,
} from '../../shared/ports.ts';
import type { LogEntry } from '../../shared/runtime/log.ts';
import { DeskStandings } from '../../shared/standings.ts';
import { MemoryCaseStore } from './memory-case-store.ts';
import { noise, noonPlus, routine, sensitive } from './samples.ts';

export const url = (name: string) => `https://sqs.test/123456789012/vigie-test-${name}`;
export const deskQueues = {
  in_house: { urgent: url('in_house-urgent.fifo'), standard: url('in_house-standard.fifo') },
  vendor_atlas: { urgent: url('vendor_atlas-urgent.fifo'), standard: url('vendor_atlas-standard.fifo') },
};

const policy = {
  version: 'p1',
  reopenWithinSeconds: 1200,
  desks: {
    in_house: { kind: 'in_house', title: 'In-house' },
    vendor_atlas: { kind: 'outsourced', title: 'Atlas', escalatesTo: 'in_house' },
  },
  accounts: [],
  routing: { rules: [], default: { to: 'in_house', priority: 'normal', because: 'default' } },
  score: { holds: { default: 0.5 }, reasons: {}, parts: [] },
  sla: {},
  comprehend: { personal_data: true, toxicity: true },
  lexicons: [],
} satisfies Policy;

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
  /** Names each call out of the code under test, before it is made and after its answer; throw in it to crash there. */
  step: (call: string) => void | Promise<void> = () => {};
  /** Answers for one entry whether the queue takes it. */
  accepts: (entry: QueueEntry) => boolean = () => true;
  verdict: Answer<Sentiment> = { label: 'neutral', confidence: 0.9, source: 'comprehend' };
  /** What the analyser finds in a text that leaves the house. */
  personalData: (text: string) => Answer<readonly Finding[]> = () => [];
  toxicity: Answer<number> = 'unavailable';
  classes: Answer<readonly TextClass[]> = 'unavailable';
  /** What the platforms' APIs say of a message that came without its words. */
  words: (event: InboundEvent) => FetchResult = () => ({ kind: 'no_access' });
  now: () => Date = () => new Date(noonPlus(1));
  nonce = 'n';
  readonly #deduplicated = new Set<string>();

  readonly store: CaseStore = this.#stepped(this.memory);

  readonly queues: QueueSender = {
    send: async (entries) => {
      if (entries.length === 0) return [];
      return this.call('send', () => entries.map((entry) => this.accepts(entry) && this.#put(entry)));
    },
  };

  readonly escalations: EscalationTopic = {
    publish: async (notices) => {
      if (notices.length === 0) return [];
      return this.call('publish', () => {
        this.notices.push(...notices.map(({ body }) => body));
        return notices.map(() => true);
      });
    },
  };

  readonly analyser: TextAnalyser = {
    sentiment: {
      languages: new Set(['fr', 'en']),
      read: async (texts) => {
        if (texts.length === 0) return [];
        return this.call('analyse', () => {
          this.analysed.push(...texts.map(({ text }) => text));
          return texts.map(() => this.verdict);
        });
      },
    },
    personalData: {
      languages: new Set(['en']),
      read: async (texts) => {
        if (texts.length === 0) return [];
        return this.call('find personal data', () => texts.map(({ text }) => this.personalData(text)));
      },
    },
    toxicity: {
      languages: new Set(['en']),
      read: async (texts) => texts.map(() => this.toxicity),
    },
    classes: {
      languages: new Set(['en']),
      read: async (texts) => texts.map(() => this.classes),
    },
  };

  readonly fetcher: MessageFetcher = { fetch: async (event) => this.call('fetch', () => this.words(event)) };

  readonly dependencies: Parameters<typeof triageMessages>[1] = {
    store: this.store,
    standings: new DeskStandings(this.store, () => this.now()),
    queues: this.queues,
    escalations: this.escalations,
    analyser: this.analyser,
    fetcher: this.fetcher,
    policy,
    destinations: { deskQueues, timerQueueUrl: url('timers') },
    deadLetterQueueUrl: url('parked'),
    redelivery: {
      again: async (messages) => {
        if (messages.length === 0) return;
        await this.call('redeliver', () => this.postponed.push(...messages.map(({ seconds }) => seconds)));
      },
    },
    now: () => this.now(),
    nonce: () => this.nonce,
    log: (entry) => this.logs.push(entry),
    assess,
    router: {
      decide: (message) => (message.text.includes('ill') ? sensitive : message.text.includes('spam') ? noise : routine),
      passedOver: (_, { notChosen }) => notChosen,
      asksPreviousCases: true,
      sentimentDecides: (message) => message.text.includes('?'),
    },
  };

  /** Messages for desks in the order of their queues, checked against the published schema. */
  deskMessages(queue?: string) {
    return this.queued
      .filter(({ queueUrl }) => queueUrl.endsWith('.fifo') && (queue === undefined || queueUrl === url(queue)))
      .map(({ body, queueUrl }) => ({
        queue: queueUrl.slice(url('').length),
        message: deskMessageSchema.parse(JSON.parse(body)),
      }));
  }

  /** Timers put on their queue, of the entries of all queues from this one on. */
  timers(from = 0): Timer[] {
    return this.queued
      .slice(from)
      .filter(({ queueUrl }) => queueUrl === url('timers'))
      .map(({ body }) => timerSchema.parse(JSON.parse(body)));
  }

  parked(): { reason: string; body: string }[] {
    return this.queued
      .filter(({ queueUrl }) => queueUrl === url('parked'))
      .map(({ body }) => z.object({ reason: z.string(), body: z.string() }).parse(JSON.parse(body)));
  }

  escalated() {
    return this.notices.flatMap((body) => {
      const { cases, ...same } = escalationNoticeSchema.parse(JSON.parse(body));
      return cases.map((one) => ({ ...same, ...one }));
    });
  }

  /**
   * What is true in the end, whatever happened on the way: the store, what each desk knows of its live offers, and what else was said, without order
   * and repeats.
   */
  trace(): object {
    const { cases, ...stored } = this.memory.contents();
    const running = new Set(cases.map((subject) => JSON.stringify({ caseId: subject.id, ...nextDue(subject) })));
    const live = new Set(cases.map(({ offer }) => offer?.id));
    return {
      ...stored,
      cases,
      offers: this.#known(live),
      recalled: sorted(
        this.deskMessages().flatMap(({ queue, message }) =>
          message.type === 'case.recalled' ? [`${queue} ${message.data.offerId}`] : [],
        ),
      ),
      refused: sorted(
        this.deskMessages().flatMap(({ queue, message }) =>
          message.type === 'outcome.refused' ? [`${queue} ${message.data.outcomeId}`] : [],
        ),
      ),
      // Of the timers that were armed, those that still stand for something.
      timers: sorted(this.timers().map((timer) => JSON.stringify(timer))).filter((timer) => running.has(timer)),
      notices: sorted(this.escalated().map(({ id }) => id)),
      intake: sorted(this.queued.flatMap(({ queueUrl, body }) => (queueUrl === url('intake') ? [body] : []))),
      parked: sorted(this.parked().map(({ reason, body }) => `${reason}: ${body}`)),
    };
  }

  /** What the desks have been shown of these offers when they go by the highest version, and what they were told to erase. */
  #known(live: ReadonlySet<string | undefined>): readonly object[] {
    const about = this.deskMessages().filter(
      ({ message }) => message.type !== 'outcome.refused' && live.has(message.data.offerId),
    );
    return [...Map.groupBy(about, ({ queue, message }) => `${queue} ${message.data.offerId}`)]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([offer, told]) => {
        const shown = told
          .flatMap(({ message }) =>
            message.type === 'case.offered' || message.type === 'case.updated' ? [message.data] : [],
          )
          .sort((a, b) => a.version - b.version);
        const erased = told.flatMap(({ message }) => (message.type === 'case.erased' ? [message.data.messageId] : []));
        return {
          offer,
          wasOffered: told.some(({ message }) => message.type === 'case.offered'),
          last: shown.at(-1),
          erased: sorted(erased),
        };
      });
  }

  /** One call out of the code under test. */
  async call<Answer>(name: string, work: () => Answer): Promise<Answer> {
    await this.step(`before ${name}`);
    const answer = work();
    await this.step(`after ${name}`);
    return answer;
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
          await world.step(`before ${String(name)}`);
          const answer: unknown = await Reflect.apply(member, target, args);
          await world.step(`after ${String(name)}`);
          return answer;
        };
      },
    });
  }
}

function sorted(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort();
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
      eventSourceARN: 'arn:aws:sqs:eu-west-1:123456789012:vigie-test-outcome',
      attributes: { ApproximateReceiveCount: '2' },
    })),
  };
}
