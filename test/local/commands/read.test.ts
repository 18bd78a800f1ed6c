import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { run } from '../../../local/commands/read.ts';

const fixture = (path: string) => fileURLToPath(new URL(`../../fixtures/${path}`, import.meta.url));

describe('vigie read', () => {
  const out: string[] = [];
  const problems: string[] = [];
  beforeEach(() => {
    out.length = 0;
    problems.length = 0;
    vi.spyOn(console, 'log').mockImplementation((line) => out.push(line));
    vi.spyOn(console, 'error').mockImplementation((line) => problems.push(line));
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  test('prints one JSON line per file, by any name of the platform', async () => {
    const files = [fixture('meta/comment.json'), fixture('meta/facebook.json')];
    expect(await run(['--platform', 'meta-facebook', ...files])).toBe(0);
    expect(out.map((line) => JSON.parse(line))).toMatchObject([
      { file: files[0] },
      { file: files[1], verdict: 'mixed' },
    ]);
    expect(JSON.parse(out[0] ?? '')).toEqual({
      file: files[0],
      verdict: 'yes',
      events: [
        {
          type: 'message_received',
          messageId: '9001_31',
          accountId: '501',
          channel: 'facebook',
          authorId: '77031',
          conversation: '9001_31',
          text: 'Encore en retard',
          postedAt: '2026-11-22T10:00:00.000Z',
        },
      ],
      ignored: [],
    });
    expect(problems).toEqual([]);
  });

  test("shows the platform's own id of an edit, and what is not told as null", async () => {
    await run(['--platform', 'standard-webhooks', fixture('standard-webhooks/updated.json')]);
    await run(['--platform', 'twilio', fixture('twilio/mms.form')]);
    expect(out.map((line) => JSON.parse(line).events[0])).toMatchObject([{ messageId: 'm1' }, { postedAt: null }]);
  });

  test.each([
    ['slack', 'slack/handshake.json', 'handshake'],
    ['telegram', 'telegram/command.json', 'no'],
    ['x', 'x/activity-deleted.json', 'no'],
    ['meta', 'twilio/mms.form', 'no'],
  ])('%s %s: %s', async (platform, file, verdict) => {
    expect(await run(['--platform', platform, fixture(file)])).toBe(0);
    expect(out.map((line) => JSON.parse(line).verdict)).toEqual([verdict]);
  });

  test('names the account that the path would', async () => {
    await run(['--platform', 'telegram', '--account', 'norvel_bot', fixture('telegram/edited.json')]);
    expect(JSON.parse(out[0] ?? '').events).toMatchObject([{ accountId: 'norvel_bot' }]);
  });

  test('prints the other files when one cannot be opened', async () => {
    expect(await run(['--platform', 'meta', '/nowhere/a.json', fixture('meta/comment.json')])).toBe(1);
    expect(out).toHaveLength(1);
    expect(problems).toEqual([expect.stringContaining('/nowhere/a.json cannot be opened')]);
  });

  test.each([
    [['--platform', 'myspace', 'a.json'], 'unknown platform myspace; known are meta, x'],
    [['a.json'], 'nothing to read'],
    [['--platform', 'meta'], 'nothing to read'],
    [['--plattform', 'meta', 'a.json'], "'--plattform'"],
  ])('%j says what to do', async (args, problem) => {
    expect(await run(args)).toBe(1);
    expect(problems).toEqual([expect.stringContaining(problem)]);
  });
});
