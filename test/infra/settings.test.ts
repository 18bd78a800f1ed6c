import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigurationError, parseSettings, readSettings } from '../../infra/settings.ts';

const dir = join(import.meta.dirname, '..', '..', 'infra', 'settings');
const complete = ['alarmEmails: []', 'escalationEmails: []', 'logRetentionDays: 30', 'retainData: true'];

function problemOf(text: string): string {
  try {
    parseSettings(text, 'prod.yaml');
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
    throw error;
  }
  return 'none';
}

describe('settings', () => {
  it.each(readdirSync(dir))('%s is complete', (file) => {
    expect(() => readSettings(file.replace('.yaml', ''), dir)).not.toThrow();
  });

  it('fill in what most stages leave out', () => {
    const settings = parseSettings(complete.join('\n'), 'prod.yaml');
    expect(settings.vendors).toEqual({});
    expect(settings.webhookThrottle).toEqual({ perSecond: 500, burst: 1000 });
    expect(settings.concurrency).toEqual({ triage: 10, timers: 5, outcomes: 5 });
  });

  const vendor = (account: string, role: string) =>
    `vendors:\n  north:\n    account: '${account}'\n    role: arn:aws:iam::${role}:role/consumer`;

  it.each([
    ['a missing setting', complete.slice(1), 'prod.yaml: alarmEmails: write a list of e-mail addresses; [] for none'],
    [
      'a wrong address',
      ['alarmEmails: [ops]', ...complete.slice(1)],
      'prod.yaml:1: alarmEmails.0: write an e-mail address',
    ],
    [
      'an unknown setting',
      [...complete, 'alarmMail: x'],
      'prod.yaml:5: alarmMail: is not a setting: remove it or correct its name',
    ],
    [
      'an account that YAML read as a number',
      [...complete, 'account: 111111111111'],
      'prod.yaml:5: account: write the 12 digits',
    ],
    [
      'a region without Comprehend',
      [...complete, 'region: eu-north-1'],
      'prod.yaml:5: region: write a region that has',
    ],
    [
      'a retention that CloudWatch does not know',
      [...complete.slice(0, 2), 'logRetentionDays: 31', 'retainData: true'],
      'prod.yaml:3: logRetentionDays: write one of 1, 3',
    ],
    [
      'a slash at the end',
      [...complete, 'publicBaseUrl: https://hooks.example.com/'],
      'prod.yaml:5: publicBaseUrl: leave the slash',
    ],
    [
      'a nested value',
      [...complete, 'concurrency:', '  triage: 1'],
      'prod.yaml:6: concurrency.triage: write a whole number from 2 to 1000',
    ],
    [
      'a part that is left out',
      [...complete, 'chat: { slack: { workspaceId: T0123 } }'],
      'prod.yaml:5: chat.slack.channelId: write the id of the channel, like C012ABCDEFG',
    ],
    [
      'one value where several belong',
      [...complete, 'webhookThrottle: 5'],
      'prod.yaml:5: webhookThrottle: write perSecond and burst',
    ],
    [
      'a role without its account',
      [...complete, "vendors: { north: { account: '222222222222', role: consumer } }"],
      'prod.yaml:5: vendors.north.role: write the ARN of an IAM role',
    ],
    [
      'a role of another account',
      [...complete, vendor('222222222222', '333333333333')],
      'prod.yaml:8: vendors.north.role: write a role of the account above',
    ],
    [
      'a budget of nothing',
      [...complete, 'monthlyBudgetUsd: 0'],
      'prod.yaml:5: monthlyBudgetUsd: write dollars a month',
    ],
    [
      'a chat channel by its name',
      [...complete, 'chat: { slack: { workspaceId: T0123, channelId: "#alarms" } }'],
      'prod.yaml:5: chat.slack.channelId: write the id of the channel',
    ],
    [
      'a classifier that is no endpoint',
      [...complete, 'classifierEndpoint: matters'],
      'prod.yaml:5: classifierEndpoint: write the ARN of an endpoint',
    ],
    ['an empty file', [], 'prod.yaml: alarmEmails: write a list'],
    ['text that is no YAML', ['a: [', 'b'], 'prod.yaml:'],
  ])('name the line and what to write for %s', (_, lines, expected) => {
    expect(problemOf(lines.join('\n'))).toContain(expected);
  });

  it('never answer in the words of a program', () => {
    const settings = ['account', 'region', 'publicBaseUrl', 'alarmEmails', 'escalationEmails', 'logRetentionDays'];
    settings.push('retainData', 'vendors', 'console', 'chat', 'monthlyBudgetUsd', 'silenceAlarmHours');
    settings.push('classifierEndpoint', 'policyRollout', 'webhookThrottle', 'concurrency');
    const nested = [
      'vendors: { north: {} }',
      'console: {}',
      'console: { issuer: 1, clientId: 1, rolesClaim: 1, hosts: 1 }',
      'chat: { slack: {}, teams: {} }',
      'policyRollout: {}',
      'webhookThrottle: {}',
      'concurrency: { triage: x, timers: 1.5, outcomes: [], webhooks: 0 }',
    ];
    for (const lines of [
      ...settings.map((name) => `${name}: !!str 0x`),
      ...settings.map((name) => `${name}: 0`),
      ...nested,
    ]) {
      const problems = problemOf(lines).split('\n');
      expect(problems.filter((problem) => !/: write |: leave /.test(problem))).toEqual([]);
    }
  });

  it('name every mistake at once, one a line', () => {
    expect(problemOf('retainData: maybe').split('\n')).toHaveLength(4);
  });

  it.each([
    ['nowhere', 'stage "nowhere" has no settings: write '],
    ['../dev', 'stage "../dev": write up to 15 lower-case letters'],
    ['Prod', 'stage "Prod": write up to 15'],
  ])('say of stage %s what is wrong with it', (stage, expected) => {
    expect(() => readSettings(stage, dir)).toThrow(expected);
  });
});
