import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Fault } from '../../local/faults.ts';
import { Journey, scratchDirectory } from '../support/embedded.ts';
import { shiftingClock } from '../support/shifting-clock.ts';

let scratch: ReturnType<typeof scratchDirectory>;
beforeEach(() => {
  scratch = scratchDirectory();
});
afterEach(() => scratch.remove());

const body = JSON.stringify({
  object: 'page',
  entry: [
    {
      id: '100200300',
      time: Date.now(),
      messaging: [
        {
          sender: { id: '6001' },
          recipient: { id: '100200300' },
          timestamp: Date.now(),
          message: { mid: 'm_restart', text: 'Bonjour, où est mon colis ?' },
        },
      ],
    },
  ],
});

/** Every call that triage makes for one message, and what can go wrong around it. */
const moments: readonly (readonly [string, Fault])[] = [
  'BatchGetItem',
  'TransactWriteItems',
  'SendMessageBatch',
].flatMap((operation) => [
  [operation, 'kill-caller'] as const,
  [operation, 'kill-caller-after'] as const,
  [operation, 'drop-answer'] as const,
]);

test.each(moments)('a message survives %s with %s, and its desk is told once', async (operation, fault) => {
  let left = 1;
  const clock = shiftingClock();
  const journey = await Journey.start(scratch.dataDir, {
    clock,
    faults: {
      before: (call) => {
        if (call.caller?.includes('triage') !== true || call.operation !== operation || left === 0) return undefined;
        left -= 1;
        return fault;
      },
    },
  });
  try {
    expect(await journey.post('meta', body)).toBe(200);
    await expect.poll(() => left, { timeout: 20_000, interval: 20 }).toBe(0);
    // What was left in its queue comes again when its visibility timeout ends, within the five minutes of the queue's deduplication.
    clock.shift(185_000);
    await expect.poll(() => journey.waitingOn('vendor_atlas-standard'), { timeout: 20_000, interval: 50 }).toBe(1);
    await journey.run.idle();
    expect((await journey.take('vendor_atlas')).map(({ type }) => type)).toEqual(['case.offered']);
  } finally {
    await journey.run.stop();
  }
});

test('a power cut after the platform was answered loses nothing', async () => {
  const first = await Journey.start(scratch.dataDir, {
    faults: {
      before: (call) =>
        call.caller?.includes('triage') === true ? { error: 'ServiceUnavailable', status: 503 } : undefined,
    },
  });
  expect(await first.post('meta', body)).toBe(200);
  await first.run.kill();
  const clock = shiftingClock();
  const second = await Journey.start(scratch.dataDir, { clock });
  try {
    clock.shift(1_000_000);
    await expect.poll(() => second.waitingOn('vendor_atlas-standard'), { timeout: 20_000, interval: 50 }).toBe(1);
  } finally {
    await second.run.stop();
  }
});
