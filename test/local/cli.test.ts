import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type EmbeddedRun, startEmbeddedRun } from '../../local/run.ts';

const cli = join(import.meta.dirname, '../../local/cli.ts');
const directory = mkdtempSync(join(tmpdir(), 'vigie-cli-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function vigie(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [cli, ...args], { cwd: directory }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

describe('a command line', () => {
  test('without a command lists them, and each says its arguments when asked', async () => {
    const { code, out } = await vigie();
    expect(code).toBe(0);
    const names = [...out.matchAll(/^ {2}([a-z-]+) {2,}\S/gm)].map(([, name = '']) => name);
    expect(names).toEqual(expect.arrayContaining(['demo', 'watch', 'send', 'consume', 'explain', 'read', 'verify']));
    const answers = await Promise.all(names.map((name) => vigie(name, '--help')));
    for (const [index, name] of names.entries()) {
      expect(answers[index]).toMatchObject({ code: 0, out: expect.stringContaining(`npm run vigie -- ${name}`) });
    }
  }, 60_000);

  test.each([
    [['sing'], 'There is no command sing.'],
    [['send', 'nothing.json'], 'nothing.json is no file'],
    [['send', 'words.json'], 'which platform sends words.json? add --platform P'],
    [['send', 'words.json', '--platform', 'nope'], 'no platform is called nope; there are: meta, x'],
    [['send', 'words.json', '--platform', 'meta'], 'Nothing runs over .vigie. Start it first: npm start'],
    [['demo', '--pause', 'long'], '--pause: write a number of seconds'],
    [['explain'], 'give one text in quotes'],
    [['consume'], 'whose queues?'],
    [['decide', '--data', 'words.json'], 'words.json:1'],
    [
      ['simulate', '--policy', 'nowhere', '--against', 'messages.jsonl'],
      'desks.yaml:1:1: the file is missing in nowhere',
    ],
    [['watch', '--colour'], "Unknown option '--colour'"],
  ])('%j is answered with what to write, never with a stack trace', async (args, reason) => {
    writeFileSync(join(directory, 'words.json'), 'words');
    writeFileSync(join(directory, 'messages.jsonl'), '{"id":"a","text":"hello"}');
    const { code, err } = await vigie(...args);
    expect(code).toBe(1);
    expect(err).toContain(reason);
    expect(err).not.toMatch(/^\s+at /m);
  });
});

describe('over a run', () => {
  let run: EmbeddedRun;
  beforeAll(async () => {
    run = await startEmbeddedRun({ dataDir: join(directory, 'run') });
  });
  afterAll(() => run.stop());

  test('the demonstration goes as its titles say, and a desk can take its cases', async () => {
    const demo = await vigie('demo', '--data', 'run');
    expect(demo.err).toBe('');
    expect(demo.code).toBe(0);
    expect(demo.out).toContain('the same message received again, nothing changes');
    expect(demo.out).toMatch(/clocks running: first reply by \d\d:\d\d:\d\d/);
    const taken = await vigie('consume', '--desk', 'in_house', '--data', 'run', '--report', 'claimed');
    expect(taken.code).toBe(0);
    expect(taken.out).toMatch(/case\.offered .* fence 2/);
  }, 60_000);
});
