import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FunctionConfig, LambdaRuntime } from '../../local/lambda-runtime.ts';

let directory: string;
let runtime: LambdaRuntime;
let lines: string[];
let ahead: number | undefined;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'vigie-lambda-'));
  lines = [];
  ahead = undefined;
  runtime = await LambdaRuntime.start({
    region: 'eu-west-1',
    gatewayUrl: 'http://127.0.0.1:1',
    onLine: (_, line) => lines.push(line),
    clockAhead: () => ahead,
  });
});

afterEach(async () => {
  await runtime.stop();
  rmSync(directory, { recursive: true });
});

/** Defines the function `f` from the source of its module. */
function define(source: string, changes: Partial<FunctionConfig> = {}): void {
  writeFileSync(join(directory, 'index.mjs'), source);
  runtime.define({
    name: 'f',
    arn: 'arn:aws:lambda:eu-west-1:000000000000:function:f',
    directory,
    handler: 'index.handler',
    environment: { GREETING: 'hello' },
    timeoutSeconds: 30,
    memoryMb: 256,
    concurrency: 1,
    ...changes,
  });
}

describe('a function', () => {
  test('gets its event, its environment and its context, and runs beside its bundle', async () => {
    define(`export const handler = async (event, context) => ({
      event, greeting: process.env.GREETING, region: process.env.AWS_REGION, cwd: process.cwd(), home: process.env.HOME,
      arn: context.invokedFunctionArn, memory: context.memoryLimitInMB, left: context.getRemainingTimeInMillis() > 20_000,
    });`);
    expect(await runtime.invoke('f', { a: 'é' })).toEqual({
      ok: true,
      payload: {
        event: { a: 'é' },
        greeting: 'hello',
        region: 'eu-west-1',
        cwd: directory,
        arn: 'arn:aws:lambda:eu-west-1:000000000000:function:f',
        memory: '256',
        left: true,
      },
    });
  });

  test('answers null when its handler returns nothing', async () => {
    define('export const handler = async () => {};');
    expect(await runtime.invoke('f', {})).toEqual({ ok: true, payload: null });
  });

  test('fails with its error and lives on', async () => {
    define(`let calls = 0;
      export const handler = async () => { calls += 1; if (calls === 1) throw new TypeError('once'); return calls; };`);
    expect(await runtime.invoke('f', {})).toEqual({ ok: false, errorType: 'TypeError', errorMessage: 'once' });
    expect(await runtime.invoke('f', {})).toEqual({ ok: true, payload: 2 });
  });

  test('is killed at its timeout and replaced', async () => {
    define(
      'export const handler = (event) => (event.hang ? new Promise((r) => setTimeout(r, 60_000)) : process.pid);',
      {
        timeoutSeconds: 1.5,
      },
    );
    const before = await runtime.invoke('f', {});
    expect(await runtime.invoke('f', { hang: true })).toMatchObject({ ok: false, errorType: 'Sandbox.Timedout' });
    const after = await runtime.invoke('f', {});
    expect(after).toMatchObject({ ok: true });
    expect(after).not.toEqual(before);
  });

  test('is replaced after its process ended', async () => {
    define('export const handler = (event) => (event.exit ? process.exit(7) : 1);');
    expect(await runtime.invoke('f', { exit: true })).toMatchObject({
      ok: false,
      errorType: 'Runtime.ExitError',
      errorMessage: 'Runtime exited with status 7',
    });
    expect(await runtime.invoke('f', {})).toEqual({ ok: true, payload: 1 });
    expect(runtime.status()).toMatchObject([{ name: 'f', invocations: 2, errors: 1, crashes: 1 }]);
  });

  test('whose module cannot be loaded fails each invocation with the reason', async () => {
    define(`throw new RangeError('no such thing');`);
    const failure = { ok: false, errorType: 'RangeError', errorMessage: 'no such thing' };
    expect(await runtime.invoke('f', {})).toEqual(failure);
    expect(await runtime.invoke('f', {})).toEqual(failure);
  });

  test('takes one invocation at a time per process', async () => {
    define(
      `let running = 0;
      export const handler = async () => {
        running += 1;
        await new Promise((resolve) => setImmediate(resolve));
        const seen = running;
        running -= 1;
        return { seen, pid: process.pid };
      };`,
      { concurrency: 2 },
    );
    const results = await Promise.all(Array.from({ length: 20 }, () => runtime.invoke('f', {})));
    const payloads = results.map((result) => (result.ok ? result.payload : result));
    expect(payloads).toEqual(payloads.map(() => expect.objectContaining({ seen: 1 })));
    expect(runtime.status()[0]?.processes).toBeLessThanOrEqual(2);
  });

  test('sees the time of the run where it is not that of the machine', async () => {
    define(`export const handler = async () => [
      Date.now(), new Date().getTime(), new Date(0).toISOString(), new Date() instanceof Date, Date.UTC(1970, 0),
    ];`);
    ahead = Date.parse('2040-01-01T00:00:00Z') - Date.now();
    const result = await runtime.invoke('f', {});
    expect(result).toMatchObject({
      ok: true,
      payload: [expect.any(Number), expect.any(Number), '1970-01-01T00:00:00.000Z', true, 0],
    });
    const [now, made] = result.ok && Array.isArray(result.payload) ? result.payload : [];
    expect(new Date(now).getUTCFullYear()).toBe(2040);
    expect(new Date(made).getUTCFullYear()).toBe(2040);
  });

  test('has every line it writes passed on', async () => {
    define(`export const handler = async () => { console.log('{"event":"one"}'); console.error('two'); };`);
    await runtime.invoke('f', {});
    await runtime.stop();
    expect(lines.sort()).toEqual(['two', '{"event":"one"}']);
  });

  test('that is restarted fails what it was doing', async () => {
    define(`export const handler = async (event) => {
      if (event.hang) { console.log('hanging'); await new Promise((resolve) => setTimeout(resolve, 60_000)); }
      return 1;
    };`);
    await runtime.invoke('f', {});
    const hanging = runtime.invoke('f', { hang: true });
    while (!lines.includes('hanging')) await new Promise((resolve) => setImmediate(resolve));
    await runtime.restart('f');
    expect(await hanging).toMatchObject({ ok: false, errorType: 'Runtime.ExitError' });
    expect(await runtime.invoke('f', {})).toEqual({ ok: true, payload: 1 });
  });
});

test('an unknown function is refused', async () => {
  await expect(runtime.invoke('nobody', {})).rejects.toThrow('There is no function nobody.');
});
