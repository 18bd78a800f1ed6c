import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { type ManualClock, manualClock } from '../../local/clock.ts';
import { type LocalSqs, openSqs } from '../../local/sqs.ts';
import { account } from './sqs-endpoint.ts';

const start = Date.UTC(2026, 0, 5, 9);

/** What receivers and senders do to one queue; `pick` chooses among the messages in hand. */
const stepArbitrary = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('send' as const),
      group: fc.integer({ min: 0, max: 2 }),
      delay: fc.integer({ min: 0, max: 3 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('receive' as const),
      limit: fc.integer({ min: 1, max: 10 }),
      timeout: fc.integer({ min: 0, max: 4 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), pick: fc.nat() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('hide' as const),
      pick: fc.nat(),
      timeout: fc.integer({ min: 0, max: 4 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait' as const), seconds: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
);
type Step = typeof stepArbitrary extends fc.Arbitrary<infer Value> ? Value : never;
/** Long ones: the size of fast-check's choice is a dozen steps, too few to exhaust a message or lock a group. */
const steps = fc.array(stepArbitrary, { maxLength: 80, size: 'max' });

/** A message as the model knows it. */
interface Known {
  readonly body: string;
  readonly group: number;
  visibleAt: number;
  receives: number;
  /** The latest receipt handle; undefined before the first and after the message was given back. */
  handle: string | undefined;
  held: boolean;
}

const received = z.object({
  Messages: z.array(z.object({ Body: z.string(), ReceiptHandle: z.string() })).default([]),
});

class Bench {
  readonly clock: ManualClock = manualClock(start);
  readonly #file: string;
  #sqs: LocalSqs;

  constructor(directory: string) {
    this.#file = join(mkdtempSync(join(directory, 'run-')), 'queues.db');
    this.#sqs = this.#open();
  }

  #open(): LocalSqs {
    return openSqs({ file: this.#file, clock: this.clock, baseUrl: () => 'http://q', ...account });
  }

  restart(): void {
    this.#sqs.close();
    this.#sqs = this.#open();
  }

  close(): void {
    this.#sqs.close();
  }

  async create(QueueName: string, Attributes: Record<string, string>): Promise<void> {
    await this.call('CreateQueue', { QueueName, Attributes });
  }

  async call(operation: string, input: object): Promise<unknown> {
    const { status, body } = await this.#sqs.handle(operation, input);
    if (status !== 200) throw new Error(body);
    return JSON.parse(body);
  }

  async receive(queue: string, MaxNumberOfMessages = 10, VisibilityTimeout = 43_200) {
    const input = { QueueUrl: urlOf(queue), MaxNumberOfMessages, VisibilityTimeout };
    return received.parse(await this.call('ReceiveMessage', input)).Messages;
  }
}

function urlOf(queue: string): string {
  return `http://q/${account.accountId}/${queue}`;
}

/**
 * Plays the steps on a queue and on the model beside it. `receivable` is the model's say: which messages, in any order or (FIFO) in this
 * order, a receive may give out now.
 */
async function play(
  bench: Bench,
  queue: string,
  script: readonly Step[],
  receivable: (messages: readonly Known[], now: number) => readonly Known[],
): Promise<Known[]> {
  const fifo = queue.endsWith('.fifo');
  let known: Known[] = [];
  for (const [index, step] of script.entries()) {
    const now = bench.clock.now();
    const inHand = known.filter(({ held, visibleAt }) => held && visibleAt > now);
    const picked = 'pick' in step ? inHand[step.pick % inHand.length] : undefined;
    if (step.kind === 'send') {
      const body = `m${index}`;
      const group = { MessageGroupId: `g${step.group}` };
      const rest = fifo ? { MessageDeduplicationId: body } : { DelaySeconds: step.delay };
      await bench.call('SendMessage', { QueueUrl: urlOf(queue), MessageBody: body, ...group, ...rest });
      const visibleAt = now + (fifo ? 0 : 1000 * step.delay);
      known.push({ body, group: step.group, visibleAt, receives: 0, handle: undefined, held: false });
    } else if (step.kind === 'receive') {
      const expected = receivable(known, now);
      const messages = await bench.receive(queue, step.limit, step.timeout);
      expect(messages).toHaveLength(Math.min(step.limit, expected.length));
      if (fifo) expect(messages.map(({ Body }) => Body)).toEqual(expected.slice(0, step.limit).map(({ body }) => body));
      for (const { Body, ReceiptHandle } of messages) {
        const message = expected.find(({ body }) => body === Body);
        if (message === undefined) throw new Error(`${Body} was given out though it may not be.`);
        Object.assign(message, {
          handle: ReceiptHandle,
          held: true,
          receives: message.receives + 1,
          visibleAt: now + 1000 * step.timeout,
        });
      }
    } else if (step.kind === 'delete' && picked !== undefined) {
      await bench.call('DeleteMessage', { QueueUrl: urlOf(queue), ReceiptHandle: picked.handle });
      known = known.filter((message) => message !== picked);
    } else if (step.kind === 'hide' && picked !== undefined) {
      const VisibilityTimeout = step.timeout;
      await bench.call('ChangeMessageVisibility', {
        QueueUrl: urlOf(queue),
        ReceiptHandle: picked.handle,
        VisibilityTimeout,
      });
      picked.visibleAt = now + 1000 * step.timeout;
    } else if (step.kind === 'wait') bench.clock.advance(1000 * step.seconds);
    else if (step.kind === 'restart') bench.restart();
  }
  return known;
}

async function withBench(run: (bench: Bench) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'vigie-sqs-'));
  const bench = new Bench(directory);
  try {
    await run(bench);
  } finally {
    bench.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Everything that is left in a queue, once nothing is hidden any more. */
async function drain(bench: Bench, queue: string): Promise<string[]> {
  const bodies: string[] = [];
  for (let messages = await bench.receive(queue); messages.length > 0; messages = await bench.receive(queue)) {
    for (const { Body, ReceiptHandle } of messages) {
      bodies.push(Body);
      await bench.call('DeleteMessage', { QueueUrl: urlOf(queue), ReceiptHandle });
    }
  }
  return bodies;
}

test('a standard queue gives out exactly what is visible and not yet exhausted, and loses nothing', async () => {
  const most = 3;
  await fc.assert(
    fc.asyncProperty(steps, (script) =>
      withBench(async (bench) => {
        const deadLetterTargetArn = `arn:aws:sqs:${account.region}:${account.accountId}:dead`;
        await bench.create('dead', {});
        await bench.create('intake', { RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: most }) });
        const left = await play(bench, 'intake', script, (messages, now) =>
          messages.filter(({ visibleAt, receives }) => visibleAt <= now && receives < most),
        );
        bench.clock.advance(1000 * 60);
        const alive = await drain(bench, 'intake');
        const dead = await drain(bench, 'dead');
        const bodiesOf = (messages: readonly Known[]) => messages.map(({ body }) => body).sort();
        expect(alive.sort()).toEqual(bodiesOf(left.filter(({ receives }) => receives < most)));
        expect(dead.sort()).toEqual(bodiesOf(left.filter(({ receives }) => receives >= most)));
      }),
    ),
    { numRuns: 60 },
  );
});

test('a FIFO queue gives out each group in order, to one receiver at a time, and loses nothing', async () => {
  await fc.assert(
    fc.asyncProperty(steps, (script) =>
      withBench(async (bench) => {
        await bench.create('desk.fifo', { FifoQueue: 'true' });
        const left = await play(bench, 'desk.fifo', script, (messages, now) => {
          const locked = new Set(messages.filter(({ visibleAt }) => visibleAt > now).map(({ group }) => group));
          return messages.filter(({ group }) => !locked.has(group));
        });
        bench.clock.advance(1000 * 60);
        const drained = await drain(bench, 'desk.fifo');
        for (const group of [0, 1, 2]) {
          const ofGroup = left.filter((message) => message.group === group).map(({ body }) => body);
          expect(drained.filter((body) => ofGroup.includes(body))).toEqual(ofGroup);
        }
        expect(drained).toHaveLength(left.length);
      }),
    ),
    { numRuns: 60 },
  );
});
