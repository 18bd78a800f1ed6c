import { describe, expect, test } from 'vitest';
import { type ManualClock, manualClock } from '../../local/clock.ts';
import type { InvocationResult } from '../../local/lambda-runtime.ts';
import { type MappingConfig, startMapping } from '../../local/mappings.ts';
import { openSqs } from '../../local/sqs.ts';

const config: MappingConfig = {
  functionName: 'worker',
  queueArn: 'arn:aws:sqs:eu-west-1:000000000000:work',
  queueUrl: 'http://127.0.0.1:1/000000000000/work',
  region: 'eu-west-1',
  batchSize: 10,
  windowSeconds: 0,
  reportsItemFailures: true,
  concurrency: 1,
};

interface Batch {
  readonly bodies: readonly string[];
  readonly ids: readonly string[];
  answer(result: InvocationResult): void;
}

/** A queue of its own, a mapping on it, and the batches the mapping brings, one at a time. */
async function mappingOver(changes: Partial<MappingConfig> = {}) {
  const clock = manualClock(Date.parse('2026-03-01T12:00:00Z'));
  const sqs = openSqs({
    file: ':memory:',
    clock,
    baseUrl: () => 'http://127.0.0.1:1',
    region: 'eu-west-1',
    accountId: '000000000000',
  });
  await sqs.handle('CreateQueue', { QueueName: 'work', Attributes: { VisibilityTimeout: '30' } });
  const send = (...bodies: string[]) =>
    Promise.all(bodies.map((body) => sqs.handle('SendMessage', { QueueUrl: config.queueUrl, MessageBody: body })));
  const left = async (): Promise<[string, string]> => {
    const { body } = await sqs.handle('GetQueueAttributes', { QueueUrl: config.queueUrl, AttributeNames: ['All'] });
    const { Attributes } = JSON.parse(body);
    return [Attributes.ApproximateNumberOfMessages, Attributes.ApproximateNumberOfMessagesNotVisible];
  };

  const brought: Batch[] = [];
  const waiting: ((batch: Batch) => void)[] = [];
  let afterDelete: (() => void) | undefined;
  const start = () =>
    startMapping(
      { ...config, ...changes },
      {
        clock,
        async sqs(operation, input, signal) {
          const answer = await sqs.handle(operation, input, { signal });
          if (operation === 'DeleteMessageBatch') afterDelete?.();
          return answer;
        },
        invoke: (payload) =>
          new Promise((resolve) => {
            const { Records } = JSON.parse(JSON.stringify(payload));
            const batch: Batch = {
              bodies: Records.map(({ body }: { body: string }) => body),
              ids: Records.map(({ messageId }: { messageId: string }) => messageId),
              answer: resolve,
            };
            const next = waiting.shift();
            if (next === undefined) brought.push(batch);
            else next(batch);
          }),
      },
    );
  return {
    clock,
    send,
    left,
    start,
    next: () =>
      new Promise<Batch>((resolve) => {
        const batch = brought.shift();
        if (batch === undefined) waiting.push(resolve);
        else resolve(batch);
      }),
    deleted: () =>
      new Promise<void>((resolve) => {
        afterDelete = resolve;
      }),
  };
}

/** Lets the clock run, half a second at every turn of the event loop, until something has happened. */
async function passTimeUntil<Value>(happened: Promise<Value>, clock: ManualClock): Promise<Value> {
  let over = false;
  happened.finally(() => {
    over = true;
  });
  while (!over) {
    clock.advance(500);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return happened;
}

describe('an event source mapping', () => {
  test('deletes what succeeded and leaves what the function reports', async () => {
    const { send, start, next, left, deleted } = await mappingOver();
    await send('a', 'b', 'c');
    const mapping = start();
    const batch = await next();
    expect([...batch.bodies].sort()).toEqual(['a', 'b', 'c']);
    const done = deleted();
    const bad = batch.ids[batch.bodies.indexOf('b')];
    batch.answer({ ok: true, payload: { batchItemFailures: [{ itemIdentifier: bad }] } });
    await done;
    await mapping.stop();
    expect(await left()).toEqual(['0', '1']);
    expect(mapping.busy).toBe(false);
  });

  test.each<[string, InvocationResult]>([
    ['a failed function', { ok: false, errorType: 'Error', errorMessage: 'x' }],
    ['an unknown id', { ok: true, payload: { batchItemFailures: [{ itemIdentifier: 'nobody' }] } }],
    ['an empty id', { ok: true, payload: { batchItemFailures: [{ itemIdentifier: '' }] } }],
    ['another shape', { ok: true, payload: { batchItemFailures: 'all' } }],
  ])('keeps the whole batch after %s', async (_, result) => {
    const { send, start, next, left } = await mappingOver();
    await send('a', 'b');
    const mapping = start();
    (await next()).answer(result);
    await mapping.stop();
    expect(await left()).toEqual(['0', '2']);
  });

  test.each<[string, unknown]>([
    ['null', null],
    ['no list', {}],
    ['an empty list', { batchItemFailures: [] }],
    ['a null list', { batchItemFailures: null }],
  ])('deletes the whole batch after %s', async (_, payload) => {
    const { send, start, next, left } = await mappingOver();
    await send('a', 'b');
    const mapping = start();
    (await next()).answer({ ok: true, payload });
    await mapping.stop();
    expect(await left()).toEqual(['0', '0']);
  });

  test('ignores the answer of a function that does not report item failures', async () => {
    const { send, start, next, left } = await mappingOver({ reportsItemFailures: false });
    await send('a');
    const mapping = start();
    (await next()).answer({ ok: true, payload: { batchItemFailures: [{ itemIdentifier: 'nobody' }] } });
    await mapping.stop();
    expect(await left()).toEqual(['0', '0']);
  });

  test('brings a failed message again after its visibility timeout', async () => {
    const { clock, send, start, next } = await mappingOver();
    await send('a');
    const mapping = start();
    (await next()).answer({ ok: false, errorType: 'Error', errorMessage: 'x' });
    const again = next();
    const batch = await passTimeUntil(again, clock);
    expect(batch.bodies).toEqual(['a']);
    batch.answer({ ok: true, payload: null });
    await mapping.stop();
  });

  test('waits for a full batch no longer than its window', async () => {
    const { clock, send, start, next } = await mappingOver({ windowSeconds: 5, batchSize: 3 });
    await send('a', 'b', 'c');
    const mapping = start();
    const full = await next();
    expect(full.bodies).toHaveLength(3);
    full.answer({ ok: true, payload: null });
    const partial = next();
    await send('d');
    const batch = await passTimeUntil(partial, clock);
    expect(batch.bodies).toEqual(['d']);
    batch.answer({ ok: true, payload: null });
    await mapping.stop();
  });

  test('fills a batch larger than one receive call', async () => {
    const { send, start, next, left } = await mappingOver({ windowSeconds: 5, batchSize: 25 });
    await send(...Array.from({ length: 25 }, (_, index) => `m${index}`));
    const mapping = start();
    const batch = await next();
    expect(new Set(batch.bodies).size).toBe(25);
    batch.answer({ ok: true, payload: null });
    await mapping.stop();
    expect(await left()).toEqual(['0', '0']);
  });
});
