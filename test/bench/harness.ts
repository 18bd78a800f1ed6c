import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { readPlatformSecrets } from '../../local/platform-secrets.ts';
import { type Deployment, readDeployment } from '../../local/provision.ts';
import { type EmbeddedRun, startEmbeddedRun } from '../../local/run.ts';
import { assemblyOf } from '../../local/synthesis.ts';
import { readAssembly } from '../../local/template.ts';
import { meta } from '../../shared/platforms/meta.ts';
import type { PlatformSecrets } from '../../shared/platforms/platform.ts';
import { canary, loggedLines, requireNoLeak, secretsOf } from '../support/canaries.ts';
import { type Load, type LoadResult, loadResultSchema } from './load-worker.ts';
import { median } from './statistics.ts';

export const root = resolve(import.meta.dirname, '..', '..');
export const place = { region: 'eu-west-1', accountId: '000000000000' };
const page = '100200300';

export interface Bench {
  readonly run: EmbeddedRun;
  readonly deployment: Deployment;
  readonly secrets: PlatformSecrets;
  /** A queue that nobody empties. */
  readonly queueUrl: string;
}

export interface Server {
  readonly url: string;
  /** Milliseconds of processor time since its start. */
  cpu(): Promise<number>;
  stop(): void;
}

/** Starts an embedded run with what the measurements need beside it, and ends it after `measure`; throws when words or secrets stand in what its functions logged. */
export async function withBench<Measured>(
  policyDir: string,
  measure: (bench: Bench) => Promise<Measured>,
): Promise<Measured> {
  const dataDir = mkdtempSync(join(tmpdir(), 'vigie-bench-'));
  const run = await startEmbeddedRun({ dataDir, policyDir });
  try {
    const secrets = readPlatformSecrets(dataDir, meta.name);
    if (secrets === undefined) throw new Error('the run has no secret for Meta');
    const measured = await measure({
      run,
      deployment: await deploymentOf(run, policyDir),
      secrets,
      queueUrl: await makeQueue(run),
    });
    requireNoLeak(loggedLines(dataDir), [canary, ...secretsOf(dataDir)]);
    return measured;
  } finally {
    await run.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** Starts `server.ts` with a role; a function's gets its deployed bundle and environment. */
export async function serve(
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

export type Calls = Load['calls'];

/** Sends calls one after the other: milliseconds of processor and of time. */
export async function timed(server: Server, calls: Calls): Promise<{ cpu: number; wall: number }> {
  const before = await server.cpu();
  const sent = await load({ url: server.url, calls, parallel: 1 });
  requireAll(sent, calls.length);
  return { cpu: (await server.cpu()) - before, wall: sent.milliseconds };
}

/** Medians over paired rounds: the machine's other work hits both sides of a pair alike. */
export async function compare(
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
export function posts({ secrets }: Pick<Bench, 'secrets'>, name: string, from: number, count: number): Calls {
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
export function batch(from: number, authorOf: (message: number) => string): Calls[number] {
  const receivedAt = new Date().toISOString();
  const Records = Array.from({ length: 25 }, (_, index) => {
    const name = `batch-${from + index}`;
    // As long as Messenger's.
    const id = `m_${createHash('sha512').update(name).digest('base64url')}`;
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
      text: words(name),
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
export function words(id: string): string {
  return `Bonjour, mon colis devait arriver lundi dernier et le suivi ne bouge plus, pouvez-vous me dire où il est ? Commande ${id}, merci d’avance ${canary}.`;
}

export async function load(workerData: Load): Promise<LoadResult> {
  const worker = new Worker(new URL('./load-worker.ts', import.meta.url), { workerData });
  const [message] = await once(worker, 'message');
  await worker.terminate();
  return loadResultSchema.parse(message);
}

export function requireAll({ statuses }: LoadResult, count: number): void {
  if (statuses['200'] !== count) throw new Error(`not every call was answered with 200: ${JSON.stringify(statuses)}`);
}

async function deploymentOf(run: EmbeddedRun, policyDir: string): Promise<Deployment> {
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

export function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
