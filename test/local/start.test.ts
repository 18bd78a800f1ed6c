import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'vigie-start-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function npmStart(...args: readonly string[]) {
  const child = spawn(process.execPath, [join(root, 'local/start.ts'), ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk) => {
    said.out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    said.err += chunk;
  });
  return { child, said };
}

async function refusal(...args: readonly string[]): Promise<string> {
  const { child, said } = npmStart(...args);
  const [code] = await once(child, 'close');
  expect(code).toBe(1);
  return said.err;
}

describe('a command line that cannot be followed', () => {
  test.each([
    [['--colour'], "Unknown option '--colour'"],
    [['there'], "Unexpected argument 'there'"],
    [['--port', 'http'], '--port: write a number from 0 to 65535'],
    [['--port', '65536'], '--port: write a number from 0 to 65535'],
    [['--data'], "Option '--data <value>' argument missing"],
  ])('%j is answered with what to write', async (args, reason) => {
    const said = await refusal(...args);
    expect(said).toContain(reason);
    expect(said.trim().split('\n')).toHaveLength(2);
  });

  test('names the port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    const said = await refusal('--port', String(port), '--data', join(directory, 'taken'));
    server.close();
    expect(said).toContain(`Port ${port} is taken.`);
    expect(said.trim().split('\n')).toHaveLength(1);
  });

  test('names a data directory that is a file', async () => {
    const file = join(directory, 'file');
    writeFileSync(file, '');
    expect(await refusal('--port', '0', '--data', file)).toMatch(
      /^.*file cannot be used as a data directory \(\w+\)\./,
    );
  });
});

test('a start says where it is and what to try, takes up an edited policy, and ends quietly when told to', async () => {
  const policy = join(directory, 'policy');
  cpSync(join(root, 'policy'), policy, { recursive: true });
  const { child, said } = npmStart('--port', '0', '--data', join(directory, 'data'), '--policy', policy);
  const ended = once(child, 'close');
  const says = async (words: string) => {
    while (!said.out.includes(words) && child.exitCode === null) {
      await Promise.race([once(child.stdout, 'data'), ended]);
    }
  };
  await says('Ctrl-C');
  expect(said.err).toBe('');
  expect(said.out).toMatch(/^vigie ready http:\/\/127\.0\.0\.1:\d+\n/);
  expect(said.out).toContain('npm run vigie -- watch');
  expect(said.out).toContain('npm run vigie -- demo');
  expect(said.out).toContain('AmazonSQS.ReceiveMessage');
  appendFileSync(join(policy, 'desks.yaml'), 'nonsense: true\n');
  await says('the policy before stays in force');
  expect(said.out).toMatch(/desks\.yaml:\d+/);
  cpSync(join(root, 'policy'), policy, { recursive: true });
  await says('is in force\n');
  child.kill('SIGINT');
  const [code] = await ended;
  expect([code, said.err]).toEqual([0, '']);
});

test('help is help', async () => {
  const { child, said } = npmStart('--help');
  const [code] = await once(child, 'close');
  expect([code, said.out]).toEqual([0, expect.stringContaining('npm start -- [--port N]')]);
});
