import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { BatchWriteItemCommand, DynamoDBClient, type WriteRequest } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';
import { fireTimers } from '../../functions/fire-timers/handler.ts';
import { type EmbeddedRun, startEmbeddedRun } from '../../local/run.ts';
import { currentKey, dueKeys, eventKey } from '../../shared/adapters/case-keys.ts';
import { DynamoCaseStore } from '../../shared/adapters/dynamo-case-store.ts';
import { packJson } from '../../shared/adapters/packed-json.ts';
import { applyEvent } from '../../shared/domain/apply-event.ts';
import { DeskStandings } from '../../shared/standings.ts';
import { startRecord } from '../proofs/run-record.ts';
import { canary, loggedLines, requireNoLeak, secretsOf } from '../support/canaries.ts';
import { dynamoEngines, startEngine } from '../support/dynamodb-engines.ts';
import { conversationWith, noonPlus, received, routine } from '../support/samples.ts';
import { batchOf, World } from '../support/world.ts';
import { median, quantile, rounded } from './statistics.ts';

// `npm run bench:timers -- [--timers 10000] [--open 0,100000,1000000]`: how late timers fire that fall due in one minute, and what a sweep costs beside
// many open cases, on the embedded run. Apart from `npm run bench`, because filling the table takes minutes.

const promisedSeconds = 3600;
const itemsPerCall = 25;
const parallelCalls = 8;
/** Longer than a notice is left to whoever kept it: the next sweep tells what a storm left, and those after it have nothing to tell. */
const untilToldMs = 15_000;

const { values } = parseArgs({
  options: { timers: { type: 'string', default: '10000' }, open: { type: 'string', default: '0,100000,1000000' } },
});
const count = z.coerce.number().int().nonnegative().parse(values.timers);
const sizes = values.open.split(',').map((size) => z.coerce.number().int().nonnegative().parse(size));
const firedSchema = z.object({ event: z.literal('timer_fired'), lagMs: z.number() });

const finish = startRecord('timers');
const lagRows: (string | number)[][] = [];
const costRows: (string | number)[][] = [];
const sweepRows: (string | number)[][] = [];
const scratch = mkdtempSync(join(tmpdir(), 'vigie-timers-'));
const run = await startEmbeddedRun({ dataDir: scratch });
const client = new DynamoDBClient({
  endpoint: run.url,
  region: 'eu-west-1',
  credentials: { accessKeyId: 'bench', secretAccessKey: 'local' },
});
try {
  await measureCost();
  if (count > 0) await measureLag(run);
  let open = 0;
  for (const size of sizes) {
    await openCases(size - open, `open-${open}`, () => Date.now() + 30 * 86_400_000);
    open = size;
    await measureSweep(run, open);
  }
  requireNoLeak(loggedLines(scratch), [canary, ...secretsOf(scratch)]);
} finally {
  client.destroy();
  await run.stop();
  rmSync(scratch, { recursive: true, force: true });
}
finish({
  title: 'On time: thousands of timers in one minute',
  command: `npm run bench:timers -- --timers ${count} --open ${sizes.join()}`,
  tables: [
    {
      says: 'Cases whose first reply falls due evenly over one minute. Each timer writes its case, recalls the offer, makes another in-house and tells people; its lag is from the moment due until all that is done.',
      columns: ['timers', 'fired', 'lag p50 ms', 'lag p99 ms', 'lag max ms', 'last fired, s after the minute'],
      rows: lagRows,
    },
    {
      says: 'What a timer costs fire-timers itself: processor time in process, batches of ten against the local DynamoDB, queues and topic in memory.',
      columns: ['timer', 'ms of processor'],
      rows: costRows,
    },
    {
      says: 'One sweep beside so many open cases of which none falls due: medians of seven.',
      columns: ['open cases', 'ms', 'read units'],
      rows: sweepRows,
    },
  ],
});

/** Opens cases whose first reply falls due evenly over one minute, far enough ahead for all to be stored by then, and waits until all have fired. */
async function measureLag({ journal }: EmbeddedRun): Promise<void> {
  const started = Date.now();
  const minute = Math.ceil((started + 120_000 + count * 4) / 60_000) * 60_000;
  const lags: number[] = [];
  const stopFollowing = journal.follow((entry) => {
    const fired = firedSchema.safeParse(entry);
    if (fired.success) lags.push(fired.data.lagMs);
  });
  await openCases(count, 'timer', (index) => minute + Math.floor((index / count) * 60_000));
  const ready = Date.now();
  console.log(
    `${count} cases stored in ${rounded((ready - started) / 1000)} s, ${rounded((minute - ready) / 1000)} s before the first is due`,
  );
  const giveUpAt = minute + 60_000 + 900_000;
  while (lags.length < count && Date.now() < giveUpAt) await setTimeout(200);
  const after = rounded((Date.now() - minute - 60_000) / 1000);
  stopFollowing();
  await setTimeout(untilToldMs);
  const [p50, p99, max] = [quantile(lags, 0.5), quantile(lags, 0.99), quantile(lags, 1)];
  console.log(`timers fired: ${lags.length} of ${count} that fell due within a minute, the last ${after} s after it`);
  console.log(`fire lag: p50 ${p50} ms, p99 ${p99} ms, max ${max} ms`);
  lagRows.push([count, lags.length, p50, p99, max, after]);
}

/** The function alone: a breach that is told and handed over in-house, and a timer that finds it done. */
async function measureCost(): Promise<void> {
  const [engine] = dynamoEngines;
  if (engine === undefined) throw new Error('there is no local DynamoDB');
  const { client: local, table, stop } = await startEngine(engine);
  const store = new DynamoCaseStore(local, { tableName: table });
  const cases: string[] = [];
  for (let index = 0; index < 1000; index += 1) {
    const conversation = conversationWith(`cost-${index}`);
    const event = received(`cost-${index}`, 0, routine);
    const transition = applyEvent(undefined, event, conversation);
    if (transition.kind === 'refused') throw new Error(`a first message was refused: ${transition.reason}`);
    const { case: after, effects } = transition;
    const stored = { caseId: after.id, version: after.version, conversation, event, text: 'Where is it?', effects };
    await store.append({ stored, before: undefined, after, closes: undefined, erases: [] });
    cases.push(after.id);
  }
  const world = new World();
  world.now = () => new Date(noonPlus(61));
  const standings = new DeskStandings(store, world.now);
  const dependencies = { ...world.dependencies, store, standings, waitUntil: async () => {} };
  const fire = async (some: readonly string[]) => {
    const before = process.cpuUsage();
    for (let next = 0; next < some.length; next += 10) {
      const timers = some
        .slice(next, next + 10)
        .map((caseId) => ({ caseId, clock: 'first_reply', dueAt: noonPlus(60) }));
      await fireTimers(batchOf(...timers), dependencies);
    }
    const { user, system } = process.cpuUsage(before);
    return rounded((user + system) / 1000 / some.length);
  };
  await fire(cases.slice(0, 200));
  const measured = cases.slice(200);
  costRows.push(
    ['a breach, told and handed over', await fire(measured)],
    ['the same again, nothing to do', await fire(measured)],
  );
  await stop();
  console.log(`cost of a timer: ${costRows.map(([what, ms]) => `${what} ${ms} ms`).join('; ')}`);
}

async function measureSweep({ invoke, meters }: EmbeddedRun, open: number): Promise<void> {
  // Tells what is kept since the storm of timers, which is no part of what is measured.
  await invoke('sweep-timers', {});
  const before = meters.billed().dynamoReadUnits;
  const times: number[] = [];
  for (let round = 0; round < 7; round += 1) {
    const started = performance.now();
    const result = await invoke('sweep-timers', {});
    if (!result.ok) throw new Error(`sweep-timers failed: ${result.errorType}`);
    times.push(performance.now() - started);
  }
  const reads = (meters.billed().dynamoReadUnits - before) / times.length;
  sweepRows.push([open, rounded(median(times)), rounded(reads)]);
  console.log(`sweep beside ${open} open cases: ${rounded(median(times))} ms, ${rounded(reads)} read units`);
}

/** Writes cases with their first event as the store does, but in batches and without conditions. */
async function openCases(cases: number, name: string, dueAt: (index: number) => number): Promise<void> {
  const indexes = Array.from({ length: Math.max(0, cases) }, (_, index) => index).values();
  const writer = async (): Promise<void> => {
    for (;;) {
      const some = indexes.take(Math.floor(itemsPerCall / 2)).toArray();
      if (some.length === 0) return;
      let left: WriteRequest[] = some.flatMap((index) => itemsOf(`${name}-${index}`, dueAt(index)));
      while (left.length > 0) {
        const { UnprocessedItems } = await client.send(
          new BatchWriteItemCommand({ RequestItems: { [run.tableName]: left } }),
        );
        left = UnprocessedItems?.[run.tableName] ?? [];
      }
    }
  };
  await Promise.all(Array.from({ length: parallelCalls }, writer));
}

function itemsOf(author: string, dueAt: number): WriteRequest[] {
  const conversation = conversationWith(author);
  const at = new Date(dueAt - promisedSeconds * 1000).toISOString();
  const targets = { firstReplySeconds: promisedSeconds, resolutionSeconds: 400 * 86_400 };
  const event = { ...received(author, 0, { ...routine, targets }), at, recordedAt: at };
  const transition = applyEvent(undefined, event, conversation);
  if (transition.kind === 'refused') throw new Error(`a first message was refused: ${transition.reason}`);
  const { case: after, effects } = transition;
  const due = dueKeys(after);
  if (due === undefined) throw new Error('nothing falls due');
  const put = ({ pk, sk }: { pk: string; sk: string }, rest: NonNullable<WriteRequest['PutRequest']>['Item']) => ({
    PutRequest: { Item: { pk: { S: pk }, sk: { S: sk }, caseId: { S: after.id }, ...rest } },
  });
  const stored = { caseId: after.id, version: after.version, conversation, event, effects };
  return [
    put(eventKey(conversation, event.id), {
      body: { B: packJson(stored) },
      text: { S: `Bonjour, où est mon colis ? ${canary}` },
    }),
    put(currentKey(conversation), {
      body: { B: packJson(after) },
      version: { N: String(after.version) },
      dueBucket: { S: due.dueBucket },
      dueAt: { S: due.dueAt },
    }),
  ];
}
