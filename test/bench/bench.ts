import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { bundleFunctions } from '../../infra/bundle.ts';
import { compilePolicy } from '../../infra/compile-policy.ts';
import { readPlatformSecrets } from '../../local/platform-secrets.ts';
import { type Deployment, readDeployment } from '../../local/provision.ts';
import { type EmbeddedRun, startEmbeddedRun } from '../../local/run.ts';
import { assemblyOf } from '../../local/synthesis.ts';
import { readAssembly } from '../../local/template.ts';
import { DynamoCaseStore } from '../../shared/adapters/dynamo-case-store.ts';
import { applyEvent } from '../../shared/domain/case.ts';
import type { InboundEvent } from '../../shared/domain/inbound-event.ts';
import type { Policy } from '../../shared/domain/policy.ts';
import { createPrequalifier } from '../../shared/domain/prequalify.ts';
import { createRouter } from '../../shared/domain/routing.ts';
import { meta } from '../../shared/platforms/meta.ts';
import type { PlatformSecrets } from '../../shared/platforms/platform.ts';
import { startRecord } from '../proofs/run-record.ts';
import { conversationWith, inboundMessage, received, routine } from '../support/samples.ts';
import { type Load, type LoadResult, loadResultSchema } from './load-worker.ts';
import { median, quantile, rounded } from './statistics.ts';

// `npm run bench`: what a message costs us, next to the least it could cost on the same machine in the same minute. Ratios, because
// milliseconds of a laptop say little about AWS.

const root = resolve(import.meta.dirname, '..', '..');
const place = { region: 'eu-west-1', accountId: '000000000000' };
/** Where nothing listens: an import must not call anything. */
const nowhere = { ...place, gatewayUrl: 'http://127.0.0.1:9' };
const page = '100200300';

const { values: options } = parseArgs({ options: { policy: { type: 'string' } } });
const policyDir = resolve(options.policy ?? join(root, 'policy'));

interface Result {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly note: string;
}
const scratch = mkdtempSync(join(tmpdir(), 'vigie-bench-'));
const results: Result[] = [];
/** What a message costs while something else grows. */
const curves: { readonly what: string; readonly unit: string; readonly points: readonly Point[] }[] = [];

interface Point {
  readonly at: number;
  readonly costs: number;
}

function add(what: string, value: number, unit: string, note = ''): void {
  const result = { what, value: rounded(value), unit, note };
  results.push(result);
  console.log(`${what.padEnd(52)} ${String(result.value).padStart(9)} ${unit.padEnd(14)} ${note}`);
}

async function measureRun(): Promise<void> {
  const dataDir = join(scratch, 'run');
  const run = await startEmbeddedRun({ dataDir, policyDir });
  try {
    const secrets = readPlatformSecrets(dataDir, meta.name);
    if (secrets === undefined) throw new Error('the run has no secret for Meta');
    const deployment = await deploymentOf(run);
    const queueUrl = await makeQueue(run);
    const bench = { run, deployment, secrets, queueUrl };
    await measureWebhookWork(bench);
    await measureTriageWork(bench);
    await measureThroughput(bench);
    await measureAnswers(bench);
  } finally {
    await run.stop();
  }
}

interface Bench {
  readonly run: EmbeddedRun;
  readonly deployment: Deployment;
  readonly secrets: PlatformSecrets;
  /** A queue that nobody empties. */
  readonly queueUrl: string;
}

async function measureWebhookWork(bench: Bench): Promise<void> {
  const ours = await serve(bench, 'webhook-function', 'receive-webhook', { INTAKE_QUEUE_URL: bench.queueUrl });
  const floor = await serve(bench, 'webhook-floor');
  const { cpu, wall, ourCpu } = await compare(ours, floor, 300, (from) => posts(bench, 'warm', from, 200));
  add(
    'receive-webhook, processor time of a message',
    cpu,
    'x floor',
    `${rounded(ourCpu)} ms; floor: HMAC, parse, send`,
  );
  add('receive-webhook, time of a message', wall, 'x floor');
  ours.stop();
  floor.stop();
}

async function measureTriageWork(bench: Bench): Promise<void> {
  const ours = await serve(bench, 'batch-function', 'triage-messages');
  const floor = await serve(bench, 'batch-floor');
  const note = 'floor: parse, Comprehend, put, send';
  const batchesFrom = (from: number, batches: number) =>
    Array.from({ length: batches }, (_, index) => batch(from + index * 25, (each) => `triage-${each}`));
  const { cpu, wall, ourCpu } = await compare(ours, floor, 8 * 25, (from) => batchesFrom(from, 8));
  add('triage-messages, processor time of a message', cpu, 'x floor', `${rounded(ourCpu)} ms; ${note}`);
  add('triage-messages, time of a message', wall, 'x floor');
  floor.stop();
  await measureConversation(bench, ours);
  await measureOpenCases(bench, ours);
  ours.stop();
}

function addCurve(what: string, points: readonly Point[], unit: string): void {
  curves.push({ what, unit, points });
  console.log(`${what.padEnd(52)} ${' '.repeat(9)} ${unit.padEnd(14)} ${shown(points)}`);
}

function shown(points: readonly Point[]): string {
  return points.map(({ at, costs }) => `${at}: ${rounded(costs)}`).join(', ');
}

/** How much dearer the last point is than the first. */
function growth(points: readonly Point[]): number {
  return rounded((points.at(-1)?.costs ?? 0) / (points[0]?.costs ?? 1));
}

/** The same 25 customers write again and again. */
async function measureConversation({ run }: Bench, ours: Server): Promise<void> {
  const lengths = [5, 10, 20, 40, 80];
  const rounds: { cpu: number; units: number }[] = [];
  for (let round = 0; round < 80; round += 1) {
    const before = run.meters.billed();
    const call = batch(1_000_000 + round * 25, (each) => `talkative-${each % 25}`);
    const { cpu } = await timed(ours, [call]);
    const after = run.meters.billed();
    const writes = after.dynamoWriteUnits - before.dynamoWriteUnits;
    const reads = after.dynamoReadUnits - before.dynamoReadUnits;
    // In write units: a read unit costs a fifth of one.
    rounds.push({ cpu: cpu / 25, units: (writes + reads / 5) / 25 });
  }
  const around = (length: number, of: (round: { cpu: number; units: number }) => number) => ({
    at: length,
    costs: median(rounds.slice(length - 4, length).map(of)),
  });
  addCurve(
    'message of a conversation of so many, processor',
    lengths.map((length) => around(length, ({ cpu }) => cpu)),
    'ms',
  );
  addCurve(
    'message of a conversation of so many, DynamoDB',
    lengths.map((length) => around(length, ({ units }) => units)),
    'write units',
  );
}

async function measureThroughput(bench: Bench): Promise<void> {
  const { run } = bench;
  const floor = await serve(bench, 'whole-floor');
  const count = 1_500;
  const ratios: number[] = [];
  let best = 0;
  for (let round = 0; round < 3; round += 1) {
    const before = await offered(run);
    const started = performance.now();
    const sent = await load({ url: run.url, calls: posts(bench, `whole-${round}`, 0, count), parallel: 16 });
    requireAll(sent, count);
    while ((await offered(run)) < before + count) await delay(20);
    const ours = count / ((performance.now() - started) / 1000);
    const floorSent = await load({ url: floor.url, calls: posts(bench, `floor-${round}`, 0, count), parallel: 16 });
    requireAll(floorSent, count);
    const theirs = count / (floorSent.milliseconds / 1000);
    best = Math.max(best, ours);
    ratios.push(ours / theirs);
  }
  add('messages, webhook to desk queue', best, 'messages/s', 'one message a POST');
  add('  as a share of the floor', median(ratios), 'x floor', 'floor: HMAC, parse, Comprehend, put, send');
  floor.stop();
}

async function measureAnswers(bench: Bench): Promise<void> {
  const floor = await serve(bench, 'webhook-floor');
  for (const [title, url] of [
    ['webhook answer', bench.run.url],
    ['  the floor answers', floor.url],
  ] as const) {
    const calls = posts(bench, title, 0, 300);
    const { latencies } = await load({ url, calls, parallel: 16, perSecond: 50 });
    add(`${title}, p50`, quantile(latencies, 0.5), 'ms', 'at 50 calls a second');
    add(`${title}, p99`, quantile(latencies, 0.99), 'ms');
  }
  floor.stop();
}

/** What a sweep and a message cost must depend on what is due, not on what is open. */
async function measureOpenCases({ run }: Bench, triage: Server): Promise<void> {
  const client = new DynamoDBClient({
    endpoint: run.url,
    region: place.region,
    credentials: { accessKeyId: 'bench', secretAccessKey: 'local' },
  });
  const store = new DynamoCaseStore(client, { tableName: run.tableName });
  let open = 0;
  for (let round = 0; round < 5; round += 1) await run.invoke('sweep-timers', {});
  const sweeps: { at: number; costs: number; reads: number }[] = [];
  const messages: { at: number; costs: number }[] = [];
  for (const target of [1, 1_000, 4_000]) {
    const authors = Array.from({ length: target - open }, (_, index) => `open-${open + index}`).values();
    const opener = async (): Promise<void> => {
      for (const author of authors) await openCase(store, author);
    };
    await Promise.all(Array.from({ length: 16 }, opener));
    open = target;
    await run.invoke('sweep-timers', {});
    const before = run.meters.billed().dynamoReadUnits;
    const times: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      const started = performance.now();
      const result = await run.invoke('sweep-timers', {});
      if (!result.ok) throw new Error(`sweep-timers failed: ${result.errorType}`);
      times.push(performance.now() - started);
    }
    const reads = (run.meters.billed().dynamoReadUnits - before) / 5;
    sweeps.push({ at: target, costs: median(times), reads });
    const cpu: number[] = [];
    for (let round = 0; round < 7; round += 1) {
      const from = 2_000_000 + target * 1_000 + round * 25;
      cpu.push((await timed(triage, [batch(from, (each) => `beside-open-${each}`)])).cpu / 25);
    }
    messages.push({ at: target, costs: median(cpu) });
  }
  addCurve('message beside so many open cases, processor', messages, 'ms');
  addCurve('sweep beside so many open cases', sweeps, 'ms');
  addCurve(
    'sweep beside so many open cases, DynamoDB',
    sweeps.map(({ at, reads }) => ({ at, costs: reads })),
    'read units',
  );
  client.destroy();
}

/** Deciding one message under policies of growing size; the rest of the work knows nothing of accounts and rules. */
function measurePolicySize(): void {
  const compiled = compilePolicy(policyDir);
  if (!compiled.ok) throw new Error('the policy does not compile');
  const { policy } = compiled;
  const sizes = [10, 100, 1_000];
  const [account] = policy.accounts;
  if (account === undefined) throw new Error('the policy names no account');
  addCurve(
    'decision under so many more accounts',
    microsecondsToDecide(
      sizes.map((size) => ({
        size,
        policy: {
          ...policy,
          accounts: [
            ...policy.accounts,
            ...Array.from({ length: size }, (_, index) => ({ ...account, id: `another-${index}` })),
          ],
        },
      })),
    ),
    'microseconds',
  );
  addCurve(
    'decision under so many more rules',
    microsecondsToDecide(
      sizes.map((size) => ({
        size,
        policy: {
          ...policy,
          routing: {
            ...policy.routing,
            rules: [
              ...Array.from({ length: size }, (_, index) => ({
                id: `another-${index}`,
                to: 'in_house',
                priority: 'normal' as const,
                because: 'never',
                when: { accounts: [`nowhere-${index}`] },
              })),
              ...policy.routing.rules,
            ],
          },
        },
      })),
    ),
    'microseconds',
  );
}

function microsecondsToDecide(
  variants: readonly { readonly size: number; readonly policy: Policy }[],
): { at: number; costs: number }[] {
  const detector = { detect: () => ({ code: 'fr', confidence: 1 }) };
  const deciders = variants.map(({ size, policy }) => {
    const assess = createPrequalifier(policy, detector);
    const router = createRouter(policy);
    const times: number[] = [];
    return { size, times, decide: (message: InboundEvent) => router.decide(message, assess(message)) };
  });
  // By turns, so that what else the machine does hits all of them alike.
  for (let round = 0; round < 30; round += 1) {
    for (const { decide, times } of deciders) {
      const messages = Array.from({ length: 50 }, (_, index) => {
        const id = `decide-${round}-${index}`;
        return inboundMessage(id, words(id));
      });
      const started = performance.now();
      for (const message of messages) decide(message);
      times.push(((performance.now() - started) / messages.length) * 1_000);
    }
  }
  return deciders.map(({ size, times }) => ({ at: size, costs: median(times.slice(5)) }));
}

async function openCase(store: DynamoCaseStore, author: string): Promise<void> {
  const conversation = conversationWith(author);
  const at = new Date().toISOString();
  const event = { ...received(author, 0, routine), at, recordedAt: at };
  const transition = applyEvent(undefined, event, conversation);
  if (transition.kind === 'refused') throw new Error(`a first message was refused: ${transition.reason}`);
  const { case: after, effects } = transition;
  const stored = {
    caseId: after.id,
    version: after.version,
    conversation,
    event,
    text: 'Bonjour, où est mon colis ?',
    effects,
  };
  await store.append({ stored, before: undefined, after, closes: undefined, erases: [] });
}

async function measureFireLag(): Promise<void> {
  const promised = 8;
  const count = 200;
  const shortPolicy = join(scratch, 'policy');
  cpSync(policyDir, shortPolicy, { recursive: true });
  const sla = join(shortPolicy, 'sla.yaml');
  writeFileSync(sla, readFileSync(sla, 'utf8').replaceAll(/first_reply: \w+/g, `first_reply: ${promised}s`));
  const dataDir = join(scratch, 'timers');
  const run = await startEmbeddedRun({ dataDir, policyDir: shortPolicy });
  const lags: number[] = [];
  try {
    const secrets = readPlatformSecrets(dataDir, meta.name);
    if (secrets === undefined) throw new Error('the run has no secret for Meta');
    const stopFollowing = run.journal.follow((entry) => {
      const fired = firedSchema.safeParse(entry);
      if (fired.success) lags.push(fired.data.lagMs);
    });
    const calls = posts({ secrets }, 'timer', 0, count);
    requireAll(await load({ url: run.url, calls, parallel: 8, perSecond: 50 }), count);
    const giveUpAt = Date.now() + (promised + 20) * 1000;
    while (lags.length < count && Date.now() < giveUpAt) await delay(50);
    stopFollowing();
  } finally {
    await run.stop();
  }
  add('timers fired', lags.length, `of ${count}`, 'a promise broken by 200 customers within 4 s');
  add('fire lag, p50', quantile(lags, 0.5), 'ms', 'from due to stored and told');
  add('fire lag, p99', quantile(lags, 0.99), 'ms');
  add('fire lag, worst', Math.max(0, ...lags), 'ms');
}
const firedSchema = z.object({ event: z.literal('timer_fired'), lagMs: z.number() });

/** Import time of each bundle next to a bare one with the same SDK clients, each in a process of its own, by turns. */
async function measureImports(): Promise<void> {
  const directory = await assemblyOf({ stage: 'dev', policyDir, functionsDir: join(root, 'functions') });
  const deployment = readDeployment(readAssembly(directory, nowhere), nowhere, 1);
  const built = await bundleFunctions({
    root,
    functionsDir: join(root, 'functions'),
    outDir: join(scratch, 'bundles'),
  });
  // Inside the project, or the floors would not find the SDK.
  const floorSources = mkdtempSync(join(root, 'build', 'bench-floor-'));
  try {
    for (const { name, inputs } of built) {
      mkdirSync(join(floorSources, name));
      writeFileSync(join(floorSources, name, 'index.ts'), bareSource(Object.keys(inputs)));
    }
    const floors = await bundleFunctions({ root, functionsDir: floorSources, outDir: join(scratch, 'floors') });
    for (const { name, bytes } of built) {
      const floorDir = floors.find((floor) => floor.name === name)?.dir;
      const config = deployment.functions.find((candidate) => candidate.name.endsWith(`-${name}`));
      if (floorDir === undefined || config === undefined) throw new Error(`nothing to compare ${name} with`);
      const [ours, floor]: [number[], number[]] = [[], []];
      for (let round = 0; round < 7; round += 1) {
        ours.push(importMilliseconds(config.directory, config.environment));
        floor.push(importMilliseconds(floorDir, config.environment));
      }
      const ratio = median(ours) / median(floor);
      add(`${name}, import`, ratio, 'x bare SDK', `${rounded(median(ours))} ms, bare ${rounded(median(floor))} ms`);
      const zipped = gzipSync(readFileSync(join(config.directory, 'index.mjs'))).byteLength;
      add(`${name}, bundle`, bytes / 1024, 'KB', `${rounded(zipped / 1024)} KB zipped`);
    }
  } finally {
    rmSync(floorSources, { recursive: true, force: true });
  }
}

/** The SDK clients whose code is in a bundle, with the commands that our adapters send. */
function bareSource(inputs: readonly string[]): string {
  const used = Object.entries(sdk).filter(([name]) => inputs.some((input) => input.includes(`/@aws-sdk/${name}/`)));
  const imports = used.map(([name, names]) => `import { ${names.join(', ')} } from '@aws-sdk/${name}';`);
  const clients = used.map(([, [client]]) => `new ${client}({})`);
  const commands = used.flatMap(([, [, ...names]]) => names);
  return `${imports.join('\n')}\nexport const clients = [${clients}];\nexport const handler = async () => [${commands}].length;\n`;
}
const sdk: Readonly<Record<string, readonly [string, ...string[]]>> = {
  'client-appconfigdata': ['AppConfigDataClient', 'GetLatestConfigurationCommand', 'StartConfigurationSessionCommand'],
  'client-comprehend': ['ComprehendClient', 'BatchDetectSentimentCommand'],
  'client-dynamodb': [
    'DynamoDBClient',
    'BatchGetItemCommand',
    'DeleteItemCommand',
    'PutItemCommand',
    'QueryCommand',
    'TransactWriteItemsCommand',
  ],
  'client-secrets-manager': ['SecretsManagerClient', 'GetSecretValueCommand'],
  'client-sns': ['SNSClient', 'PublishBatchCommand'],
  'client-sqs': ['SQSClient', 'SendMessageBatchCommand'],
};

function importMilliseconds(directory: string, environment: Readonly<Record<string, string>>): number {
  const script = `const t = performance.now(); await import(process.argv[1]); console.log(performance.now() - t)`;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script, join(directory, 'index.mjs')], {
    cwd: directory,
    encoding: 'utf8',
    env: { ...environment, AWS_REGION: place.region, AWS_ACCESS_KEY_ID: 'bench', AWS_SECRET_ACCESS_KEY: 'local' },
  });
  return z.coerce.number().positive().parse(output.trim());
}

interface Server {
  readonly url: string;
  /** Milliseconds of processor time since its start. */
  cpu(): Promise<number>;
  stop(): void;
}

/** Starts `server.ts` with a role; a function's gets its deployed bundle and environment. */
async function serve(
  { run, deployment, secrets, queueUrl }: Bench,
  role: string,
  functionName?: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<Server> {
  const config = deployment.functions.find(({ name }) => functionName !== undefined && name.endsWith(functionName));
  const child = fork(join(import.meta.dirname, 'server.ts'), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: {
      ...config?.environment,
      ...environment,
      BENCH_ROLE: role,
      BENCH_BUNDLE: config?.directory ?? '',
      BENCH_SECRET: secrets.secrets[0] ?? '',
      BENCH_QUEUE_URL: queueUrl,
      BENCH_TABLE: run.tableName,
      AWS_REGION: place.region,
      AWS_ACCESS_KEY_ID: 'bench',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_ENDPOINT_URL: run.url,
      TZ: 'UTC',
    },
  });
  const [message] = await once(child, 'message');
  const { port } = z.object({ port: z.number().positive() }).parse(message);
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    async cpu() {
      const { cpuMicroseconds } = cpuSchema.parse(await (await fetch(url)).json());
      return cpuMicroseconds / 1000;
    },
    stop: () => child.disconnect(),
  };
}
const cpuSchema = z.object({ cpuMicroseconds: z.number() });

type Calls = Load['calls'];

/** Sends calls one after the other: milliseconds of processor and of time. */
async function timed(server: Server, calls: Calls): Promise<{ cpu: number; wall: number }> {
  const before = await server.cpu();
  const sent = await load({ url: server.url, calls, parallel: 1 });
  requireAll(sent, calls.length);
  return { cpu: (await server.cpu()) - before, wall: sent.milliseconds };
}

/** Medians over paired rounds: the machine's other work hits both sides of a pair alike. */
async function compare(
  ours: Server,
  floor: Server,
  messagesPerRound: number,
  callsFrom: (from: number) => Calls,
): Promise<{ cpu: number; wall: number; ourCpu: number }> {
  const rounds: { cpu: number; wall: number; ourCpu: number }[] = [];
  for (let round = 0; round < 8; round += 1) {
    const calls = callsFrom(round * messagesPerRound);
    const [first, second] = round % 2 === 0 ? [ours, floor] : [floor, ours];
    const [a, b] = [await timed(first, calls), await timed(second, calls)];
    const [mine, theirs] = round % 2 === 0 ? [a, b] : [b, a];
    rounds.push({ cpu: mine.cpu / theirs.cpu, wall: mine.wall / theirs.wall, ourCpu: mine.cpu / messagesPerRound });
  }
  // The first rounds warm both sides up.
  const warm = rounds.slice(2);
  return {
    cpu: median(warm.map(({ cpu }) => cpu)),
    wall: median(warm.map(({ wall }) => wall)),
    ourCpu: median(warm.map(({ ourCpu }) => ourCpu)),
  };
}

/** Signed POSTs of one Messenger message each, every one of another customer. */
function posts({ secrets }: Pick<Bench, 'secrets'>, name: string, from: number, count: number): Calls {
  return Array.from({ length: count }, (_, index) => {
    const id = `${name}-${from + index}`;
    const at = Date.now();
    const body = JSON.stringify({
      object: 'page',
      entry: [
        {
          id: page,
          time: at,
          messaging: [
            { sender: { id }, recipient: { id: page }, timestamp: at, message: { mid: id, text: words(id) } },
          ],
        },
      ],
    });
    const path = `/webhooks/${meta.name}`;
    const headers = { 'content-type': 'application/json' };
    const request = { method: 'POST', url: path, headers, body: Buffer.from(body), pathAccount: undefined } as const;
    return { path, headers: { ...headers, ...meta.sign(request, secrets, new Date()) }, body };
  });
}

/** An SQS event of 25 intake records, one message each. */
function batch(from: number, authorOf: (message: number) => string): Calls[number] {
  const receivedAt = new Date().toISOString();
  const Records = Array.from({ length: 25 }, (_, index) => {
    const id = `batch-${from + index}`;
    const author = authorOf(from + index);
    const event = {
      type: 'message_received',
      platform: meta.name,
      channel: 'messenger',
      accountId: page,
      messageId: id,
      thread: `dm:${author}`,
      author: { id: author },
      public: false,
      text: words(id),
      postedAt: receivedAt,
    };
    return {
      messageId: id,
      receiptHandle: id,
      eventSourceARN: `arn:aws:sqs:${place.region}:${place.accountId}:bench`,
      attributes: { ApproximateReceiveCount: '1' },
      body: JSON.stringify({ receivedAt, events: [event] }),
    };
  });
  return { path: '/', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ Records }) };
}

/** Some 140 characters, different in each message, so that nothing is answered from memory. */
function words(id: string): string {
  return `Bonjour, mon colis devait arriver lundi dernier et le suivi ne bouge plus, pouvez-vous me dire où il est ? Commande ${id}, merci d’avance.`;
}

async function load(workerData: Load): Promise<LoadResult> {
  const worker = new Worker(new URL('./load-worker.ts', import.meta.url), { workerData });
  const [message] = await once(worker, 'message');
  await worker.terminate();
  return loadResultSchema.parse(message);
}

function requireAll({ statuses }: LoadResult, count: number): void {
  if (statuses['200'] !== count) throw new Error(`not every call was answered with 200: ${JSON.stringify(statuses)}`);
}

async function offered(run: EmbeddedRun): Promise<number> {
  const desks = (await run.queueStatus()).filter(({ name }) => /-(?:urgent|standard)\.fifo$/.test(name));
  return desks.reduce((sum, { visible }) => sum + visible, 0);
}

async function deploymentOf(run: EmbeddedRun): Promise<Deployment> {
  const directory = await assemblyOf({ stage: 'dev', policyDir, functionsDir: join(root, 'functions') });
  const there = { ...place, gatewayUrl: run.url };
  return readDeployment(readAssembly(directory, there), there, 1);
}

async function makeQueue(run: EmbeddedRun): Promise<string> {
  const credentials = { accessKeyId: 'bench', secretAccessKey: 'local' };
  const client = new SQSClient({ endpoint: run.sqsEndpoint, region: place.region, credentials });
  const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: 'bench' }));
  client.destroy();
  if (QueueUrl === undefined) throw new Error('the queue for the bench was not made');
  return QueueUrl;
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

async function main(): Promise<void> {
  const startedAt = Date.now();
  const finish = startRecord('bench');
  try {
    await measureRun();
    measurePolicySize();
    await measureImports();
    await measureFireLag();
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  finish({
    title: 'Fast: what a message costs us, next to the least it could cost',
    command: 'npm run bench',
    tables: [
      {
        says: 'Ratios are medians of paired rounds. A warm function and its floor get the same calls by turns.',
        columns: ['what', 'value', 'unit', 'note'],
        rows: results.map(({ what, value, unit, note }) => [what.trim(), value, unit, note]),
      },
      {
        says: 'What must stay flat while something else grows. The last column is the last point as a multiple of the first.',
        columns: ['while this grows', 'unit', 'points', 'growth'],
        rows: curves.map(({ what, unit, points }) => [what, unit, shown(points), growth(points)]),
      },
    ],
  });
  console.log(`\nTook ${rounded((Date.now() - startedAt) / 1000)} s; build/runs/bench.json holds the same.`);
}

await main();
