import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { AwsCall } from '../../local/aws-call.ts';
import { manualClock } from '../../local/clock.ts';
import type { Fault } from '../../local/faults.ts';
import { localSecrets, readPlatformSecrets } from '../../local/platform-secrets.ts';
import { type EmbeddedRun, type EmbeddedRunOptions, readRunUrl, startEmbeddedRun } from '../../local/run.ts';

// The stacks as they are, with made-up functions in the place of ours: what is tried here is the run, not what runs.

let directory: string;
const started: EmbeddedRun[] = [];
/** One run for all that does not need its own; `nextFaults` are what its functions' coming calls meet, by operation. */
let shared: EmbeddedRun;
const nextFaults = new Map<string, Fault>();

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'vigie-run-'));
  const before = ({ caller, operation }: AwsCall): Fault | undefined => {
    const fault = caller === undefined ? undefined : nextFaults.get(operation);
    nextFaults.delete(operation);
    return fault;
  };
  shared = await start('shared', { faults: { before } });
  started.splice(0);
});
afterEach(async () => {
  nextFaults.clear();
  for (const run of started.splice(0)) await run.stop();
});
afterAll(async () => {
  await shared.stop();
  rmSync(directory, { recursive: true, force: true });
});

async function start(name: string, changes: Partial<EmbeddedRunOptions> = {}): Promise<EmbeddedRun> {
  const run = await startEmbeddedRun({
    dataDir: join(directory, name),
    functionsDir: join(import.meta.dirname, 'support/functions'),
    sentiment: (text) => ({ label: text.includes('bad') ? 'negative' : 'neutral', confidence: 0.9 }),
    ...changes,
  });
  started.push(run);
  return run;
}

const post = (run: EmbeddedRun, body: string): Promise<Response> =>
  fetch(`${run.url}/webhooks/meta`, { method: 'POST', body, headers: { 'content-type': 'application/json' } });

const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };

async function received(run: EmbeddedRun, queue: string): Promise<string[]> {
  const sqs = new SQSClient({ endpoint: run.sqsEndpoint, region: 'eu-west-1', credentials });
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl: run.queueUrl(queue), MaxNumberOfMessages: 10, WaitTimeSeconds: 0 }),
  );
  return Messages.map(({ Body = '' }) => Body);
}

/** The table's item for a message of the made-up triage. */
async function sentimentOf(run: EmbeddedRun, body: string): Promise<string | undefined> {
  const table = new DynamoDBClient({ endpoint: run.url, region: 'eu-west-1', credentials });
  const TableName = run.tableName;
  const { Item } = await table.send(new GetItemCommand({ TableName, Key: { pk: { S: body }, sk: { S: 'seen' } } }));
  return Item?.['sentiment']?.S;
}

describe('an embedded run', () => {
  test('takes a webhook through the queue, Comprehend and the table to a desk, within its permissions', async () => {
    const answer = await post(shared, 'bad-day');
    expect([answer.status, await answer.text()]).toEqual([200, shared.url]);
    expect((await post(shared, 'tell')).status).toBe(200);
    await shared.idle();
    expect((await received(shared, 'in_house-urgent')).sort()).toEqual(['bad-day', 'tell']);
    expect(await sentimentOf(shared, 'bad-day')).toBe('NEGATIVE');
    expect(shared.notices()).toMatchObject([{ subject: 'told', message: 'somebody' }]);
    expect(shared.permissions().denied).toEqual([]);
    const unused = shared.permissions().unusedGrants.filter(({ function: name }) => name.endsWith('receive-webhook'));
    expect(unused.map(({ action }) => action)).toEqual(['secretsmanager:GetSecretValue']);
    expect(shared.meters.billed()).toMatchObject({ httpRequests: 2, comprehendDocuments: 2, comprehendUnits: 6 });
    expect(shared.meters.billed().dynamoWriteUnits).toBeGreaterThan(0);
  });

  test('hands functions their secrets, and nothing that their role does not name', async () => {
    expect(await (await post(shared, 'secret')).json()).toEqual(localSecrets('meta'));
    expect(readPlatformSecrets(join(directory, 'shared'), 'meta')).toEqual(localSecrets('meta'));
    expect(await (await post(shared, 'forbidden')).text()).toBe('AccessDeniedException');
    expect(shared.permissions().denied).toMatchObject([{ action: 'secretsmanager:GetSecretValue', calls: 1 }]);
  });

  test('answers 503 when the function fails or ends, 404 where there is no route, and goes on', async () => {
    expect((await post(shared, 'fail')).status).toBe(503);
    expect((await post(shared, 'exit')).status).toBe(503);
    expect((await fetch(`${shared.url}/webhooks/meta`, { method: 'PUT' })).status).toBe(404);
    expect((await fetch(`${shared.url}/elsewhere`)).status).toBe(404);
    expect((await post(shared, 'time')).status).toBe(200);
    expect(readFileSync(join(directory, 'shared/logs/vigie-dev-receive-webhook.log'), 'utf8')).toContain('as asked');
  });

  test('keeps what was stored when everything is killed, and goes on from there', async () => {
    const clock = manualClock(Date.now());
    const held = await start('restart', {
      clock,
      faults: { before: ({ service }) => (service === 'comprehend' ? 'kill-caller' : undefined) },
    });
    expect((await post(held, 'kept')).status).toBe(200);
    await held.kill();
    // Long enough for what the killed function held to become visible again.
    clock.advance(600_000);
    const run = await start('restart', { clock });
    await untilReceived(run, 'kept', () => clock.advance(1_000));
    expect(await sentimentOf(run, 'kept')).toBe('NEUTRAL');
  });

  test('keeps a reported message on the queue until it goes to the dead letters', async () => {
    const clock = manualClock(Date.now());
    const run = await start('poison', { clock });
    await post(run, 'poison');
    for (;;) {
      const dead = (await run.queueStatus()).find(({ name }) => name === 'vigie-dev-intake-dlq');
      if (dead?.visible === 1) break;
      clock.advance(10_000);
      await turn();
    }
    expect(await received(run, 'intake-dlq')).toEqual(['poison']);
  });

  test("tells functions the run's time and runs the schedule by it", async () => {
    const clock = manualClock(Date.parse('2040-05-06T07:08:09Z'));
    const run = await start('time', { clock });
    expect(await (await post(run, 'time')).text()).toMatch(/^2040-05-06T07:08:\d\d/);
    await run.idle();
    clock.advance(60_000);
    await run.idle();
    const swept = (): number => run.journal.after(0).filter(({ event }) => event === 'swept').length;
    // A line reaches the journal through a pipe, possibly after the function's answer.
    while (swept() < 2) await turn();
    expect(swept()).toBe(2);
  });
});

/** Waits until a desk got the message, letting `pass` time go by meanwhile. */
async function untilReceived(run: EmbeddedRun, body: string, pass: () => void): Promise<void> {
  while (!(await received(run, 'in_house-urgent')).includes(body)) pass();
}

describe('a fault', () => {
  test('is answered as the error it names', async () => {
    nextFaults.set('SendMessage', { error: 'ThrottlingException', status: 400, message: 'slow' });
    const answer = await post(shared, 'throttled');
    expect([answer.status, await answer.text()]).toEqual([503, 'ThrottlingException']);
    expect(shared.meters.calls()).toContainEqual(
      expect.objectContaining({ operation: 'SendMessage', outcome: 'faulted', calls: 1 }),
    );
  });

  test('strikes before or after the call is carried out', async () => {
    nextFaults.set('SendMessage', 'drop-answer');
    expect((await post(shared, 'dropped')).status).toBe(503);
    nextFaults.set('SendMessage', 'kill-caller');
    expect((await post(shared, 'killed-before')).status).toBe(503);
    nextFaults.set('SendMessage', 'kill-caller-after');
    expect((await post(shared, 'killed-after')).status).toBe(503);
    nextFaults.set('SendMessage', { delay: 1 });
    expect((await post(shared, 'delayed')).status).toBe(200);
    await shared.idle();
    expect((await received(shared, 'in_house-urgent')).sort()).toEqual(['delayed', 'dropped', 'killed-after']);
  });
});

describe('the pages about a run', () => {
  const page = (name: string, init?: RequestInit): Promise<Response> => fetch(`${shared.url}/_vigie/${name}`, init);

  test('show status and journal', async () => {
    await post(shared, 'seen');
    while (!shared.journal.after(0).some(({ event }) => event === 'stored')) await turn();
    expect(await (await page('status')).json()).toMatchObject({
      queues: expect.arrayContaining([expect.objectContaining({ name: 'vigie-dev-intake' })]),
      functions: expect.arrayContaining([expect.objectContaining({ name: 'vigie-dev-receive-webhook' })]),
    });
    expect(await (await page('journal?follow=0')).text()).toMatch(/^(?:\{.*\}\n)+$/);
    expect(await (await page('journal?follow=0&after=1')).text()).not.toContain('"n":1}');
  });

  test.each<[string, RequestInit, number]>([
    ['journal?after=x', {}, 400],
    ['status', { method: 'POST' }, 405],
    ['nothing', {}, 404],
    ['toString', {}, 404],
  ])('answer %s %j with %i', async (name, init, status) => {
    expect((await page(name, init)).status).toBe(status);
  });

  test('are shown under the name of this machine only', async () => {
    const status = await new Promise((resolve, reject) => {
      const url = `${shared.url}/_vigie/status`;
      get(url, { headers: { host: 'rebound.example' } }, (answer) => resolve(answer.statusCode)).on('error', reject);
    });
    expect(status).toBe(403);
  });
});

/** One turn of the event loop: what a pipe holds arrives when it arrives. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe('starting', () => {
  test('twice over one directory, or on a taken port, is refused in one line', async () => {
    const run = await start('once');
    expect(readRunUrl(join(directory, 'once'))).toBe(run.url);
    await expect(start('once')).rejects.toThrow(/^Another run uses .*--data DIR$/);
    await expect(start('twice', { port: run.port })).rejects.toThrow(`Port ${run.port} is taken.`);
    await run.stop();
    expect(readRunUrl(join(directory, 'once'))).toBeUndefined();
  });

  test('with a policy that does not exist is refused', async () => {
    await expect(start('nopolicy', { policyDir: join(directory, 'nowhere') })).rejects.toThrow(
      'There is no policy directory',
    );
  });

  test('fresh forgets', async () => {
    const run = await start('fresh');
    await post(run, 'x');
    await run.idle();
    await run.stop();
    const again = await start('fresh', { fresh: true });
    expect(await received(again, 'in_house-urgent')).toEqual([]);
  });
});
