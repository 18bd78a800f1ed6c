import { Duration } from 'aws-cdk-lib';
import { type IMetric, MathExpression, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Priority } from '../shared/domain/decision.ts';
import type { Policy } from '../shared/domain/policy.ts';
import type { WorkQueue } from './constructs/work-queue.ts';
import type { DataStack, DeskQueues } from './data-stack.ts';
import type { LogMetrics } from './log-metrics.ts';
import { functionNames, type PipelineStack } from './pipeline-stack.ts';
import type { Settings } from './settings.ts';

/** A way in which customers or the brand are hurt, and how it shows. */
export interface Watch {
  /** Its section in docs/runbook.md; alarms that are resolved alike share one. */
  readonly section: string;
  /** Which queue, desk or function, where a section has several. */
  readonly subject?: string;
  /** Who is hurt and how, in one sentence. */
  readonly impact: string;
  readonly metric: IMetric;
  /** Wrong at this value and above. */
  readonly atLeast: number;
  /** For so many periods of the metric in a row; one unless said otherwise. */
  readonly periods?: number;
  /** What no data means: nothing wrong, unless said otherwise. */
  readonly missing?: TreatMissingData;
}

const minute = Duration.minutes(1);
const fiveMinutes = Duration.minutes(5);

interface Watched {
  readonly settings: Settings;
  readonly policy: Pick<Policy, 'sla'>;
  readonly data: DataStack;
  readonly pipeline: PipelineStack;
  readonly logged: LogMetrics;
}

/** Everything that somebody is to be told of. */
export function watches({ settings, policy, data, pipeline, logged }: Watched): readonly Watch[] {
  return [
    ...watchIntake(settings, data, pipeline, logged),
    ...watchClocks(pipeline, logged),
    ...watchSpend(settings, logged),
    ...watchFunctions(pipeline),
    watchPolicy(logged),
    watchOutcomes(logged),
    ...watchDeadLetters(data),
    ...[...data.desks].flatMap(([desk, queues]) => watchDesk(desk, queues, policy, settings)),
  ];
}

function watchIntake(settings: Settings, data: DataStack, pipeline: PipelineStack, logged: LogMetrics): Watch[] {
  const silence = settings.silenceAlarmHours;
  return [
    {
      section: 'webhooks-fail',
      impact: 'Platforms get an error instead of a receipt; most send again, some drop what they sent.',
      metric: pipeline.api.metricServerError({ statistic: Stats.SUM, period: fiveMinutes }),
      atLeast: 5,
    },
    {
      section: 'signatures-refused',
      impact:
        'Calls that claim to be a platform are refused: a secret was changed on one side only, or somebody tries the door.',
      metric: logged.signaturesRefused,
      atLeast: 20,
      periods: 2,
    },
    {
      section: 'secret-missing',
      impact: 'A platform posts and nobody filled its secret: every message from it is refused.',
      metric: logged.secretsMissing,
      atLeast: 1,
    },
    {
      section: 'platform-warns',
      impact: 'A platform says that it will tell us less, or nothing, until somebody acts.',
      metric: logged.platformWarnings,
      atLeast: 1,
    },
    {
      section: 'account-unknown',
      impact: 'Messages come to an account that the policy does not list: all of them wait for the in-house desk.',
      metric: logged.unknownAccounts,
      atLeast: 1,
    },
    {
      section: 'messages-wait',
      impact: 'Customers have written and nobody has looked whether it is urgent.',
      metric: oldest(data.intake.queue),
      atLeast: 120,
      periods: 3,
    },
    {
      section: 'analyser-degraded',
      impact: 'Messages are decided without Comprehend: more of them go in-house than need to.',
      metric: logged.analyserDegraded,
      atLeast: 10,
      periods: 2,
    },
    ...logged.messagesRepaired.map(({ channel, repaired }) => ({
      section: 'messages-repaired',
      subject: channel,
      impact: `Messages on ${channel} were found by poll ten minutes after they were written: their webhooks were lost.`,
      // A quiet page that lost its webhook is not silent while it is polled: it shows here or nowhere.
      metric: repaired.with({ period: Duration.hours(6) }),
      atLeast: 3,
    })),
    {
      section: 'polls-fail',
      impact:
        'Accounts cannot be read from their platform: what its webhooks lose, and all comments on YouTube, stay unseen.',
      metric: logged.pollsFailed,
      atLeast: 1,
      periods: 3,
    },
    {
      section: 'token-ends',
      impact: "A token of a platform's API has ended or ends soon: then nothing is fetched or polled with it.",
      metric: logged.tokensEnding,
      atLeast: 1,
    },
    {
      section: 'account-silent',
      impact: 'Nobody writes to an account that is used to more: its subscription or token may have ended.',
      metric: logged.accountsSilent,
      atLeast: 1,
    },
    ...(silence === undefined
      ? []
      : [
          {
            section: 'webhooks-silent',
            impact: `No platform has posted anything for ${silence} hours: a subscription may have ended.`,
            metric: hoursWithout(pipeline.api.metricCount({ statistic: Stats.SUM, period: Duration.hours(1) })),
            atLeast: 1,
            periods: silence,
            missing: TreatMissingData.BREACHING,
          },
        ]),
  ];
}

/** 1 for an hour in which nothing was counted, else 0. */
function hoursWithout(counted: IMetric): IMetric {
  return new MathExpression({
    label: 'hours of silence',
    expression: 'IF(FILL(counted, 0) == 0, 1, 0)',
    usingMetrics: { counted },
    period: Duration.hours(1),
  });
}

function watchSpend({ monthlyBudgetUsd }: Settings, logged: LogMetrics): Watch[] {
  if (monthlyBudgetUsd === undefined) return [];
  return [
    {
      section: 'spend-over-budget',
      impact: "Comprehend alone has cost more than the month's budget allows for a day.",
      metric: comprehendDollars(logged),
      atLeast: monthlyBudgetUsd / 30,
    },
  ];
}

/** A unit of sentiment, 100 characters, at the list price without a discount for volume (Amazon Comprehend, "Pricing"). */
const usdPerUnit = 0.0001;

/** Dollars that Comprehend cost in a day. */
export function comprehendDollars({ comprehendUnits }: LogMetrics): IMetric {
  const day = Duration.days(1);
  return new MathExpression({
    label: 'dollars',
    expression: `units * ${usdPerUnit}`,
    usingMetrics: { units: comprehendUnits.with({ period: day }) },
    period: day,
  });
}

function watchClocks(pipeline: PipelineStack, logged: LogMetrics): Watch[] {
  return [
    {
      section: 'sweep-not-running',
      impact: 'No clock is being looked at: broken promises go unnoticed.',
      metric: new MathExpression({
        label: 'minutes without a sweep that ended well',
        expression: 'IF(FILL(runs, 0) - FILL(failures, 0) > 0, 0, 1)',
        usingMetrics: {
          runs: pipeline.functions['sweep-timers'].lambda.metricInvocations({ period: minute }),
          failures: pipeline.functions['sweep-timers'].lambda.metricErrors({ period: minute }),
        },
        period: minute,
      }),
      atLeast: 1,
      periods: 5,
      missing: TreatMissingData.BREACHING,
    },
    {
      section: 'timers-late',
      subject: 'fired',
      impact: 'Escalations go out later than promised.',
      metric: logged.timerLagMs,
      atLeast: 30_000,
      periods: 3,
    },
    {
      section: 'timers-late',
      subject: 'left-behind',
      impact: 'Clocks have run out and are still not acted on.',
      metric: logged.timersLeftBehind,
      atLeast: 1,
      periods: 2,
    },
  ];
}

function watchFunctions(pipeline: PipelineStack): Watch[] {
  return functionNames.flatMap((name) => {
    const { lambda } = pipeline.functions[name];
    return [
      {
        section: 'function-fails',
        subject: name,
        impact: `${lambda.node.scope?.node.id ?? name} crashes: its work waits or is tried again.`,
        metric: lambda.metricErrors({ statistic: Stats.SUM, period: fiveMinutes }),
        atLeast: 3,
        periods: 2,
      },
      {
        section: 'function-throttled',
        subject: name,
        impact: 'The account has no concurrency left for it: work waits, webhooks get an error.',
        metric: lambda.metricThrottles({ statistic: Stats.SUM, period: minute }),
        atLeast: 1,
        periods: 3,
      },
    ];
  });
}

function watchOutcomes(logged: LogMetrics): Watch {
  return {
    section: 'outcomes-refused',
    impact:
      'A desk reports on cases that are no longer its own: its people answer customers whom somebody else answers too.',
    metric: logged.outcomesRefused,
    atLeast: 20,
    periods: 2,
  };
}

function watchPolicy(logged: LogMetrics): Watch {
  return {
    section: 'policy-refused',
    impact:
      'Functions cannot use the policy that was deployed and decide by the one before: what was changed does not hold.',
    metric: logged.policyRefused,
    atLeast: 1,
  };
}

function watchDeadLetters(data: DataStack): Watch[] {
  const reports = 'could not be taken down: cases look unanswered that are not.';
  const queues: [string, WorkQueue, string][] = [
    ['intake', data.intake, 'Messages of customers could not be triaged; nobody will answer them.'],
    ['timer', data.timers, 'Clocks ran out and could not be acted on; the next sweep finds what still stands.'],
    ['outcome', data.outcomes, `What desks of the brand reported ${reports}`],
    ...[...data.desks].flatMap(([desk, { outcomes }]): [string, WorkQueue, string][] =>
      outcomes === undefined ? [] : [[`outcome-${desk}`, outcomes, `What ${desk} reported ${reports}`]],
    ),
  ];
  return [
    ...queues.map(([subject, { deadLetters }, impact]) => ({
      section: 'dead-letters',
      subject,
      impact,
      metric: depth(deadLetters),
      atLeast: 1,
    })),
    {
      section: 'records-parked',
      impact: 'Records were set apart because they can never be worked as they are; a customer may stand behind each.',
      metric: depth(data.parked),
      atLeast: 1,
    },
  ];
}

/**
 * Empty receives of one desk's two queues in an hour above which a vendor's polling costs us more than some $10 a month. One thread
 * that polls patiently makes 360.
 */
const emptyReceivesPerHour = 36_000;

function watchDesk(desk: string, queues: DeskQueues, policy: Pick<Policy, 'sla'>, settings: Settings): Watch[] {
  const lanes = [queues.urgent, queues.standard];
  /** What is not even fetched after half of its promise is hardly answered in time. */
  const patience = (priorities: readonly Priority[]) => Math.max(60, shortestPromise(policy, desk, priorities) / 2);
  const waits = (subject: string, lane: WorkQueue, atLeast: number): Watch => ({
    section: 'desk-not-fetching',
    subject: `${desk}-${subject}`,
    impact: `${desk} has not fetched a case for half the time in which the customer is to have an answer.`,
    metric: oldest(lane.queue),
    atLeast,
    periods: 2,
  });
  return [
    waits('urgent', queues.urgent, patience(['urgent', 'high'])),
    waits('standard', queues.standard, patience(['normal', 'low'])),
    {
      section: 'desk-dead-letters',
      subject: desk,
      impact: `${desk} fetched cases and could not take them in; their customers wait.`,
      metric: sum(lanes.map(({ deadLetters }) => depth(deadLetters))),
      atLeast: 1,
    },
    ...(settings.vendors[desk] === undefined
      ? []
      : [
          {
            section: 'vendor-polls-too-much',
            subject: desk,
            impact: `We pay for ${desk} asking its queues for nothing, over and over.`,
            metric: sum(
              lanes.map(({ queue }) =>
                queue.metricNumberOfEmptyReceives({ statistic: Stats.SUM, period: Duration.hours(1) }),
              ),
              Duration.hours(1),
            ),
            atLeast: emptyReceivesPerHour,
            periods: 3,
          },
        ]),
  ];
}

/** The shortest time, in seconds, in which a desk promises a first reply to cases of these priorities; a day where it promises none. */
export function shortestPromise(policy: Pick<Policy, 'sla'>, desk: string, priorities: readonly Priority[]): number {
  const targets = policy.sla[desk] ?? {};
  return Math.min(24 * 3600, ...priorities.flatMap((priority) => targets[priority]?.firstReplySeconds ?? []));
}

/** How much of a lane's shortest promise its oldest case has waited to be fetched, in percent. */
export function shareOfPromise(label: string, lane: WorkQueue, promiseSeconds: number): IMetric {
  // Metrics of one graph are told apart by their ids.
  const age = `age_${label.replaceAll(/\W/g, '_')}`;
  return new MathExpression({
    label,
    expression: `${age} / ${promiseSeconds} * 100`,
    usingMetrics: { [age]: oldest(lane.queue) },
    period: minute,
  });
}

/**
 * Age of a queue's oldest message in seconds. SQS leaves out what was received three times or more (SQS developer guide, "Available
 * CloudWatch metrics"): that shows as dead letters.
 */
export function oldest(queue: Queue): IMetric {
  return queue.metricApproximateAgeOfOldestMessage({ statistic: Stats.MAXIMUM, period: minute });
}

export function depth(queue: Queue): IMetric {
  return queue.metricApproximateNumberOfMessagesVisible({ statistic: Stats.MAXIMUM, period: minute });
}

function sum(metrics: readonly IMetric[], period = minute): IMetric {
  const usingMetrics = Object.fromEntries(metrics.map((metric, index) => [`m${index}`, metric]));
  return new MathExpression({ expression: Object.keys(usingMetrics).join(' + '), usingMetrics, period });
}
