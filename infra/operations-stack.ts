import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import {
  Alarm,
  AlarmStatusWidget,
  ComparisonOperator,
  Dashboard,
  GraphWidget,
  type IMetric,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import type { Policy } from '../shared/domain/policy.ts';
import type { DataStack } from './data-stack.ts';
import { countLogs, type LogMetrics } from './log-metrics.ts';
import type { PipelineStack } from './pipeline-stack.ts';
import type { Settings } from './settings.ts';
import { depth, oldest, watches } from './watches.ts';

interface OperationsStackProps extends StackProps {
  readonly stage: string;
  readonly settings: Settings;
  readonly policy: Pick<Policy, 'sla' | 'accounts'>;
  readonly data: DataStack;
  readonly pipeline: PipelineStack;
}

/** What tells people that something is wrong, and shows them what. Holds no data: it can be destroyed and made again. */
export class OperationsStack extends Stack {
  constructor(scope: Construct, id: string, props: OperationsStackProps) {
    super(scope, id, props);
    const { stage, settings, data, pipeline } = props;

    const topic = new Topic(this, 'AlarmTopic', {
      topicName: `vigie-${stage}-alarms`,
      displayName: `Vigie ${stage} alarms`,
      masterKey: data.key,
      enforceSSL: true,
    });
    // A topic's own policy replaces the one by which alarms of the account are let in.
    topic.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': this.account } },
      }),
    );
    for (const email of settings.alarmEmails) topic.addSubscription(new EmailSubscription(email));
    const tell = new SnsAction(topic);

    const logged = countLogs(this, stage, { functions: pipeline.functions, accounts: props.policy.accounts });
    const alarms = watches({ ...props, logged }).map((watch) => {
      const name = watch.subject === undefined ? watch.section : `${watch.section}-${watch.subject}`;
      const alarm = new Alarm(this, name, {
        alarmName: `vigie-${stage}-${name}`,
        alarmDescription: `${watch.impact} Runbook: docs/runbook.md#${watch.section}`,
        metric: watch.metric,
        threshold: watch.atLeast,
        comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        evaluationPeriods: watch.periods ?? 1,
        treatMissingData: watch.missing ?? TreatMissingData.NOT_BREACHING,
      });
      alarm.addAlarmAction(tell);
      alarm.addOkAction(tell);
      return alarm;
    });

    new Dashboard(this, 'Dashboard', {
      dashboardName: `vigie-${stage}`,
      widgets: [
        [new AlarmStatusWidget({ title: 'Alarms', alarms, width: 24, height: 6 })],
        ...graphs(data, pipeline, logged),
      ],
    });
    new CfnOutput(this, 'AlarmTopicArn', { value: topic.topicArn });
  }
}

/** From a message's arrival at the top to what failed at the bottom. */
function graphs(data: DataStack, pipeline: PipelineStack, logged: LogMetrics): GraphWidget[][] {
  const graph = (title: string, left: IMetric[]) => new GraphWidget({ title, left, width: 8, height: 6 });
  const functions = Object.entries(pipeline.functions);
  const lanes = [...data.desks].flatMap(([, { urgent, standard }]) => [urgent, standard]);
  return [
    [
      graph('Webhook calls and refusals', [
        pipeline.api.metricCount({ statistic: Stats.SUM }),
        pipeline.api.metricServerError({ statistic: Stats.SUM }),
        logged.signaturesRefused,
      ]),
      graph('Messages triaged', [logged.messagesTriaged, logged.analyserDegraded]),
      graph('Promises: escalations and lag of clocks (ms)', [logged.escalations, logged.timerLagMs]),
    ],
    [
      graph(
        'Oldest message at work (s)',
        [data.intake, data.timers, data.outcomes].map(({ queue }) => oldest(queue)),
      ),
      graph(
        'Oldest case not fetched by its desk (s)',
        lanes.map(({ queue }) => oldest(queue)),
      ),
      graph(
        'Cases waiting in desk queues',
        lanes.map(({ queue }) => depth(queue)),
      ),
    ],
    [
      graph('Dead letters and parked records', [
        ...[data.intake, data.timers, data.outcomes, ...lanes].map(({ deadLetters }) => depth(deadLetters)),
        depth(data.parked),
      ]),
      graph(
        'Function errors',
        functions.map(([name, { lambda }]) => lambda.metricErrors({ label: name })),
      ),
      graph(
        'Function duration, slowest of 100 (ms)',
        functions.map(([name, { lambda }]) => lambda.metricDuration({ label: name, statistic: Stats.percentile(99) })),
      ),
    ],
  ];
}
