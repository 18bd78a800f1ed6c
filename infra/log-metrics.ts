import { Duration } from 'aws-cdk-lib';
import { type IMetric, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { FilterPattern, type JsonPattern, MetricFilter } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { LogEntry } from '../shared/runtime/log.ts';
import { deciders, type FunctionName, type PipelineStack } from './pipeline-stack.ts';

/** The functions that ask Comprehend. */
const comprehendUsers = ['triage-messages', 'serve-console'] as const satisfies readonly FunctionName[];

interface Watched {
  readonly log: FunctionName | readonly FunctionName[];
  readonly event: LogEntry['event'];
  readonly and?: JsonPattern;
}

/** What CloudWatch counts in the functions' logs, which hold no customer's words; `5 minutes` and `1 minute` sums and maxima. */
export type LogMetrics = ReturnType<typeof countLogs>;

/** Has CloudWatch count log entries as they arrive; each costs as much as one custom metric and nothing per call. */
export function countLogs(scope: Construct, stage: string, functions: PipelineStack['functions']) {
  const filter = (
    name: string,
    watched: Watched,
    value: string,
  ): { readonly namespace: string; readonly metricName: string } => {
    const isEvent = FilterPattern.stringValue('$.event', '=', watched.event);
    const logs = typeof watched.log === 'string' ? [watched.log] : watched.log;
    const metric = { metricNamespace: `Vigie/${stage}`, metricName: name };
    for (const [index, log] of logs.entries()) {
      new MetricFilter(scope, index === 0 ? name : `${name}-${log}`, {
        logGroup: functions[log].logs,
        filterPattern: watched.and === undefined ? isEvent : FilterPattern.all(isEvent, watched.and),
        metricValue: value,
        ...metric,
      });
    }
    return { namespace: metric.metricNamespace, metricName: name };
  };
  const count = (name: string, watched: Watched, period = Duration.minutes(5)): Metric =>
    new Metric({
      ...filter(name, watched, '1'),
      statistic: Stats.SUM,
      period,
      label: name,
    });
  const highest = (name: string, watched: Watched, field: string): IMetric =>
    new Metric({
      ...filter(name, watched, field),
      statistic: Stats.MAXIMUM,
      period: Duration.minutes(1),
      label: name,
    });

  return {
    signaturesRefused: count('SignaturesRefused', {
      log: 'receive-webhook',
      event: 'webhook_refused',
      and: FilterPattern.stringValue('$.code', '=', 'not_verified'),
    }),
    secretsMissing: count('SecretsMissing', { log: 'receive-webhook', event: 'secret_missing' }),
    platformWarnings: count('PlatformWarnings', { log: 'receive-webhook', event: 'platform_warns' }),
    unknownAccounts: count('UnknownAccounts', { log: 'triage-messages', event: 'account_unknown' }),
    messagesTriaged: count('MessagesTriaged', { log: 'triage-messages', event: 'message_triaged' }),
    /** Messages of which a poll learnt before any webhook told them, by channel. */
    messagesRepaired: (['facebook', 'messenger', 'instagram'] as const).map((channel) => ({
      channel,
      repaired: count(
        `MessagesRepaired_${channel}`,
        {
          log: 'triage-messages',
          event: 'message_repaired',
          and: FilterPattern.stringValue('$.channel', '=', channel),
        },
        Duration.hours(1),
      ),
    })),
    accountsSilent: count('AccountsSilent', { log: 'poll-accounts', event: 'account_silent' }),
    tokensEnding: count('TokensEnding', { log: 'poll-accounts', event: 'token_ends' }),
    pollsFailed: count('PollsFailed', { log: 'poll-accounts', event: 'poll_failed' }),
    analyserDegraded: count('AnalyserDegraded', { log: 'triage-messages', event: 'analyser_degraded' }),
    comprehendUnits: new Metric({
      ...filter('ComprehendUnits', { log: comprehendUsers, event: 'analyser_used' }, '$.units'),
      statistic: Stats.SUM,
      period: Duration.minutes(5),
      label: 'ComprehendUnits',
    }),
    timersLeftBehind: count('TimersLeftBehind', { log: 'sweep-timers', event: 'timers_left_behind' }),
    timerLagMs: highest('TimerLagMilliseconds', { log: 'fire-timers', event: 'timer_fired' }, '$.lagMs'),
    escalations: count('Escalations', {
      log: 'fire-timers',
      event: 'effect_sent',
      and: FilterPattern.stringValue('$.kind', '=', 'escalate'),
    }),
    policyRefused: count('PolicyRefused', { log: deciders, event: 'policy_refused' }),
    outcomesRefused: count('OutcomesRefused', { log: 'record-outcomes', event: 'outcome_refused' }),
  };
}
