import { AppConfigDataClient } from '@aws-sdk/client-appconfigdata';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppConfigPolicies } from '../../shared/adapters/app-config-policies.ts';
import type { Policy } from '../../shared/domain/policy.ts';
import type { LogEntry } from '../../shared/runtime/log.ts';
import { type AwsReply, type AwsRequest, startAwsServer } from '../support/aws-server.ts';

const policyOf = (version: string, desks: readonly string[] = ['in_house']): Policy => ({
  version,
  desks: Object.fromEntries(desks.map((desk) => [desk, { kind: 'in_house', title: desk }])),
  accounts: [],
  routing: { rules: [], default: { to: 'in_house', priority: 'normal', because: 'default' } },
  score: { holds: { default: 0.5 }, reasons: {}, parts: [] },
  sla: {},
  lexicons: [],
});

describe('the policy that functions decide by', () => {
  let server: Awaited<ReturnType<typeof startAwsServer>>;
  let policies: AppConfigPolicies;
  let asked: string[];
  let logs: LogEntry[];
  let now: number;
  /** What AppConfig holds; a session is told of it once. */
  let content: string;
  let broken: AwsReply | undefined;
  let turn: number;

  const answer = ({ method, path, input }: AwsRequest): AwsReply => {
    asked.push(`${method} ${path}`);
    if (broken !== undefined) return broken;
    if (method === 'POST') {
      expect(input).toEqual({
        ApplicationIdentifier: 'app',
        EnvironmentIdentifier: 'env',
        ConfigurationProfileIdentifier: 'profile',
      });
      return { status: 201, body: JSON.stringify({ InitialConfigurationToken: 'first:' }) };
    }
    const token = new URL(path, 'http://aws').searchParams.get('configuration_token') ?? '';
    const told = token.slice(token.indexOf(':') + 1);
    turn += 1;
    return {
      status: 200,
      headers: { 'next-poll-configuration-token': `t${turn}:${content}`, 'next-poll-interval-in-seconds': '60' },
      body: told === content ? '' : content,
    };
  };

  beforeEach(async () => {
    [asked, logs, now, turn, broken] = [[], [], 0, 0, undefined];
    content = JSON.stringify(policyOf('p1'));
    server = await startAwsServer(answer);
    policies = new AppConfigPolicies(new AppConfigDataClient(server.config), {
      place: { application: 'app', environment: 'env', profile: 'profile' },
      desks: ['in_house', 'vendor_atlas'],
      now: () => now,
      log: (entry) => logs.push(entry),
    });
  });
  afterEach(() => server.close());

  const current = async () => (await policies.current()).version;

  it('is read once and then asked for no more often than AppConfig says', async () => {
    const first = await policies.current();
    now = 59_999;
    expect(await policies.current()).toBe(first);
    expect(asked).toHaveLength(2);
    now = 60_000;
    expect(await policies.current()).toBe(first);
    expect(asked).toHaveLength(3);
    expect(logs).toEqual([{ event: 'policy_in_force', version: 'p1' }]);
  });

  it('changes with AppConfig, and the log says which version decides from now on', async () => {
    await current();
    content = JSON.stringify(policyOf('p2', ['in_house', 'vendor_atlas']));
    now = 60_000;
    expect(await current()).toBe('p2');
    expect(logs.at(-1)).toEqual({ event: 'policy_in_force', version: 'p2', before: 'p1' });
  });

  it.each<[string, string, string]>([
    ['is no JSON', '{', 'not JSON'],
    ['is no policy', JSON.stringify({ ...policyOf('p2'), score: 7 }), 'wrong at score: Invalid input'],
    [
      'names desks without queues',
      JSON.stringify(policyOf('p2', ['in_house', 'vendor_new'])),
      'no queues for vendor_new',
    ],
  ])('stays what it was when the next one %s', async (_, next, because) => {
    await current();
    const good = content;
    content = next;
    now = 60_000;
    expect(await current()).toBe('p1');
    expect(logs.at(-1)).toEqual({
      event: 'policy_refused',
      because: expect.stringContaining(because),
      inForce: 'p1',
    });
    content = good;
    now = 120_000;
    expect(await current()).toBe('p1');
    expect(logs).toHaveLength(2);
  });

  it('stays what it was while AppConfig cannot be reached, and is asked for in a new session soon after', async () => {
    await current();
    broken = { status: 500, body: '{}' };
    now = 60_000;
    expect(await current()).toBe('p1');
    expect(logs.at(-1)).toMatchObject({ event: 'policy_unreachable', inForce: 'p1' });
    broken = undefined;
    content = JSON.stringify(policyOf('p2'));
    now = 74_999;
    expect(await current()).toBe('p1');
    now = 75_000;
    expect(await current()).toBe('p2');
    expect(asked.filter((call) => call.startsWith('POST'))).toHaveLength(2);
  });

  it('does not exist before there was a usable one: the batch fails and comes again', async () => {
    broken = { status: 500, body: '{}' };
    await expect(current()).rejects.toThrow('no usable policy');
    broken = undefined;
    expect(await current()).toBe('p1');
  });
});
