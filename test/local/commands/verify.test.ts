import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { run } from '../../../local/commands/verify.ts';
import { hmac } from '../../../shared/platforms/signature.ts';

describe('vigie verify', () => {
  const out: string[] = [];
  const problems: string[] = [];
  let folder: string;
  beforeEach(() => {
    out.length = 0;
    problems.length = 0;
    folder = mkdtempSync(join(tmpdir(), 'vigie-verify-'));
    vi.spyOn(console, 'log').mockImplementation((line) => out.push(line));
    vi.spyOn(console, 'error').mockImplementation((line) => problems.push(line));
  });
  afterEach(() => {
    vi.restoreAllMocks();
    rmSync(folder, { recursive: true });
  });

  function verify(...vectors: readonly unknown[]): Promise<number> {
    const file = join(folder, 'vectors.json');
    writeFileSync(file, JSON.stringify({ vectors }));
    return run([file]);
  }

  const url = 'https://hooks.example.com/webhooks/meta';
  const signed = (body: string) => ({ 'X-Hub-Signature-256': `sha256=${hmac('sha256', 's', body).toString('hex')}` });
  const good = {
    name: 'good',
    platform: 'meta-facebook',
    secret: 's',
    expect: 'valid',
    request: { method: 'POST', url, headers: signed('{}'), body: '{}' },
  };

  test('prints what was expected and what came out, one line each', async () => {
    const bad = { ...good, name: 'bad', expect: 'invalid', request: { ...good.request, body: '{ }' } };
    expect(await verify(good, bad)).toBe(0);
    expect(out.map((line) => JSON.parse(line))).toEqual([
      { name: 'good', expected: 'valid', got: 'valid' },
      { name: 'bad', expected: 'invalid', got: 'invalid' },
    ]);
  });

  test('exits with 1 when one does not agree', async () => {
    expect(await verify({ ...good, expect: 'invalid' }, good)).toBe(1);
    expect(out).toHaveLength(2);
  });

  test('reads bodies from files and repeats', async () => {
    writeFileSync(join(folder, 'body.json'), 'aaa');
    const request = { method: 'POST', url, headers: signed('aaa') };
    const fromFile = { ...good, request: { ...request, bodyFile: 'body.json' } };
    expect(await verify(fromFile, { ...good, request: { ...request, bodyRepeat: { char: 'a', times: 3 } } })).toBe(0);
  });

  test('signs a form by its fields where its bytes are not given', async () => {
    const signature = hmac('sha1', 's', 'https://hooks.example.com/', 'A1A2B').toString('base64');
    const request = { headers: { 'X-Twilio-Signature': signature }, params: { B: '', A: ['2', '1', '2'] } };
    expect(await verify({ ...good, platform: 'twilio', request })).toBe(0);
  });

  test('judges a handshake by its answer', async () => {
    const request = { method: 'GET', url: 'https://hooks.example.com/webhooks/x?crc_token=t', headers: {} };
    const token = hmac('sha256', 's', 't').toString('base64');
    const crc = { ...good, platform: 'x', request };
    const body = `{ "response_token": "sha256=${token}" }`;
    expect(await verify({ ...crc, response: { status: 200, body } })).toBe(0);
    expect(await verify({ ...crc, response: { status: 200, body: '{}' }, expect: 'invalid' })).toBe(0);
  });

  test.each([
    ['an unknown platform', { ...good, platform: 'myspace' }, 'unknown platform myspace'],
    ['a missing body file', { ...good, request: { ...good.request, bodyFile: 'none' } }, 'none cannot be opened'],
    ['a missing field', { name: 'x', platform: 'meta', expect: 'valid' }, 'vectors.0: request'],
  ])('names %s', async (_, vector, problem) => {
    expect(await verify(vector)).toBe(1);
    expect(problems).toEqual([expect.stringContaining(problem)]);
  });

  test('says what a file that is none should be', async () => {
    expect(await run([join(folder, 'none.json')])).toBe(1);
    expect(await run([])).toBe(1);
    expect(problems).toEqual([
      expect.stringContaining('cannot be opened'),
      expect.stringContaining('give one file of vectors'),
    ]);
  });
});
