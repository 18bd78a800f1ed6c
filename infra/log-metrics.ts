import { Duration } from 'aws-cdk-lib';
import { type IMetric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { FilterPattern, type JsonPattern, MetricFilter } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { LogEntry } from '../shared/runtime/log.ts';
import type { FunctionName, PipelineStack } from './pipeline-stack.ts';

/** What CloudWatch counts in the functions' logs, which hold no customer's words; `5 minutes` and `1 minute` sums and maxima. */
export type LogMetrics = ReturnType<typeof countLogs>;

/** Has CloudWatch count log entries as they arrive; each costs as much as one custom metric and nothing per call. */
export function countLogs(scope: Construct, stage: string, functions: PipelineStack['functions']) {
  const filter = (
    name: string,
    watched: { readonly log: FunctionName; readonly event: LogEntry['event']; readonly and?: JsonPattern },
    value: string,
  ) => {
    const isEvent = FilterPattern.stringValue('$.event', '=', watched.event);
    return new MetricFilter(scope, name, {
      logGroup: functions[watched.log].logs,
      filterPattern: watched.and === undefined ? isEvent : FilterPattern.all(isEvent, watched.and),
      metricNamespace: `Vigie/${stage}`,
      metricName: name,
      metricValue: value,
    });
  };
  const count = (...[name, watched]: [string, Parameters<typeof filter>[1]]): IMetric =>
    filter(name, watched, '1').metric({ statistic: Stats.SUM, period: Duration.minutes(5), label: name });
  const highest = (...[name, watched, field]: [string, Parameters<typeof filter>[1], string]): IMetric =>
    filter(name, watched, field).metric({ statistic: Stats.MAXIMUM, period: Duration.minutes(1), label: name });

  return {
    signaturesRefused: count('SignaturesRefused', {
      log: 'receive-webhook',
      event: 'webhook_refused',
      and: FilterPattern.numberValue('$.status', '=', 401),
    }),
    secretsMissing: count('SecretsMissing', { log: 'receive-webhook', event: 'secret_missing' }),
    messagesTriaged: count('MessagesTriaged', { log: 'triage-messages', event: 'message_triaged' }),
    analyserDegraded: count('AnalyserDegraded', { log: 'triage-messages', event: 'analyser_degraded' }),
    timersLeftBehind: count('TimersLeftBehind', { log: 'sweep-timers', event: 'timers_left_behind' }),
    timerLagMs: highest('TimerLagMilliseconds', { log: 'fire-timers', event: 'timer_fired' }, '$.lagMs'),
    escalations: count('Escalations', {
      log: 'fire-timers',
      event: 'effect_sent',
      and: FilterPattern.stringValue('$.kind', '=', 'escalate'),
    }),
    outcomesRefused: count('OutcomesRefused', { log: 'record-outcomes', event: 'outcome_refused' }),
  };
}
