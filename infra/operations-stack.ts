import { Annotations, CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import { CfnBudget } from 'aws-cdk-lib/aws-budgets';
import {
  Alarm,
  AlarmStatusWidget,
  ComparisonOperator,
  Dashboard,
  GraphWidget,
  type HorizontalAnnotation,
  type IMetric,
  type IWidget,
  LogQueryVisualizationType,
  LogQueryWidget,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import type { Policy } from '../shared/domain/policy.ts';
import { tellInChat } from './constructs/chat.ts';
import type { DataStack } from './data-stack.ts';
import { countLogs, type LogMetrics } from './log-metrics.ts';
import type { PipelineStack } from './pipeline-stack.ts';
import type { Settings } from './settings.ts';
import { comprehendDollars, depth, oldest, shareOfPromise, shortestPromise, watches } from './watches.ts';

interface OperationsStackProps extends StackProps {
  readonly stage: string;
  readonly settings: Settings;
  readonly policy: Pick<Policy, 'sla'>;
  readonly data: DataStack;
  readonly pipeline: PipelineStack;
}

interface Graphed {
  readonly stage: string;
  readonly policy: Pick<Policy, 'sla'>;
  readonly data: DataStack;
  readonly pipeline: PipelineStack;
  readonly logged: LogMetrics;
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
        principals: [
          new ServicePrincipal('cloudwatch.amazonaws.com'),
          ...(settings.monthlyBudgetUsd === undefined ? [] : [new ServicePrincipal('budgets.amazonaws.com')]),
        ],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': this.account } },
      }),
    );
    const { alarmEmails, chat } = settings;
    if (settings.retainData && alarmEmails.length === 0 && chat.slack === undefined && chat.teams === undefined) {
      Annotations.of(this).addWarningV2(
        'vigie:nobody-is-told',
        `nobody hears an alarm: write alarmEmails or chat into infra/settings/${stage}.yaml`,
      );
    }
    for (const email of alarmEmails) topic.addSubscription(new EmailSubscription(email));
    const tell = new SnsAction(topic);

    tellInChat(this, stage, chat, [topic, pipeline.escalations]);
    if (settings.monthlyBudgetUsd !== undefined) budget(this, stage, settings.monthlyBudgetUsd, topic);

    const logged = countLogs(this, stage, pipeline.functions);
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
        ...graphs({ stage, policy: props.policy, data, pipeline, logged }),
      ],
    });
    new CfnOutput(this, 'AlarmTopicArn', { value: topic.topicArn });
  }
}

/** AWS's own count of what the stage costs, by the tag that every resource carries; it is some hours behind. */
function budget(scope: Construct, stage: string, usd: number, topic: Topic): void {
  new CfnBudget(scope, 'Budget', {
    budget: {
      budgetName: `vigie-${stage}`,
      budgetType: 'COST',
      timeUnit: 'MONTHLY',
      budgetLimit: { amount: usd, unit: 'USD' },
      costFilters: { TagKeyValue: [`user:stage$${stage}`] },
    },
    notificationsWithSubscribers: ['ACTUAL', 'FORECASTED'].map((notificationType) => ({
      notification: {
        notificationType,
        comparisonOperator: 'GREATER_THAN',
        threshold: 100,
        thresholdType: 'PERCENTAGE',
      },
      subscribers: [{ subscriptionType: 'SNS', address: topic.topicArn }],
    })),
  });
}

/** From a message's arrival at the top to what failed at the bottom. */
function graphs({ stage, policy, data, pipeline, logged }: Graphed): IWidget[][] {
  const graph = (title: string, left: IMetric[], leftAnnotations: HorizontalAnnotation[] = []) =>
    new GraphWidget({ title, left, leftAnnotations, width: 8, height: 6 });
  const functions = Object.entries(pipeline.functions);
  const lanes = [...data.desks].flatMap(([, { urgent, standard }]) => [urgent, standard]);
  return [
    [
      graph('Webhook calls and refusals', [
        pipeline.api.metricCount({ statistic: Stats.SUM }),
        pipeline.api.metricServerError({ statistic: Stats.SUM }),
        logged.signaturesRefused,
      ]),
      graph('Messages triaged, and repaired by poll', [
        logged.messagesTriaged,
        ...logged.messagesRepaired.map(({ repaired }) => repaired),
        logged.pollsFailed,
        logged.analyserDegraded,
        logged.outcomesRefused,
      ]),
      graph('Promises: escalations and lag of clocks (ms)', [logged.escalations, logged.timerLagMs]),
    ],
    [
      graph(
        'Oldest message at work (s)',
        [data.intake, data.timers, ...data.outcomeQueues].map(({ queue }) => oldest(queue)),
      ),
      graph(
        'Oldest case not fetched by its desk, % of the shortest promise',
        [...data.desks].flatMap(([desk, queues]) => [
          shareOfPromise(`${desk} urgent`, queues.urgent, shortestPromise(policy, desk, ['urgent', 'high'])),
          shareOfPromise(`${desk} standard`, queues.standard, shortestPromise(policy, desk, ['normal', 'low'])),
        ]),
        [{ value: 100, label: 'promise broken' }],
      ),
      graph(
        'Cases waiting in desk queues',
        lanes.map(({ queue }) => depth(queue)),
      ),
    ],
    [
      graph('Dead letters and parked records', [
        ...[data.intake, data.timers, ...data.outcomeQueues, ...lanes].map(({ deadLetters }) => depth(deadLetters)),
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
    [
      graph('Comprehend: units', [logged.comprehendUnits]),
      graph('Comprehend: dollars a day, at the list price', [comprehendDollars(logged)]),
      new LogQueryWidget({
        title: `Accounts of ${stage} by silence: when each was last heard`,
        logGroupNames: [pipeline.functions['triage-messages'].logs.logGroupName],
        queryLines: [
          'filter event = "message_triaged"',
          'stats max(at) as lastHeard, count(*) as messages by channel, accountId',
          'sort lastHeard asc',
          'limit 50',
        ],
        view: LogQueryVisualizationType.TABLE,
        width: 8,
        height: 6,
      }),
    ],
  ];
}
