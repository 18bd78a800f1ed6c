import { Duration, Stack } from 'aws-cdk-lib';
import {
  CfnApplication,
  CfnConfigurationProfile,
  CfnDeploymentStrategy,
  CfnEnvironment,
} from 'aws-cdk-lib/aws-appconfig';
import { Alarm, ComparisonOperator, MathExpression, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import * as z from 'zod';
import { packedPolicySchema } from '../../shared/adapters/packed-policy.ts';
import type { Settings } from '../settings.ts';
import type { Grant } from './vigie-function.ts';

interface PolicyStoreProps {
  readonly stage: string;
  readonly rollout: Settings['policyRollout'];
  /** Names of the functions that decide by the policy, as they are in this stage. */
  readonly deciders: readonly string[];
}

/**
 * Where the functions find the policy: an AppConfig profile that takes nothing but a policy, and an environment that goes back to the version before
 * when the functions fail or refuse what is being rolled out.
 */
export class PolicyStore extends Construct {
  readonly applicationId: string;
  readonly environmentId: string;
  readonly profileId: string;
  readonly strategyId: string;
  readonly grant: Grant;

  constructor(scope: Construct, id: string, { stage, rollout, deciders }: PolicyStoreProps) {
    super(scope, id);
    const application = new CfnApplication(this, 'Application', {
      name: `vigie-${stage}`,
      description: 'What decides about customers’ messages',
    });
    const profile = new CfnConfigurationProfile(this, 'Profile', {
      applicationId: application.ref,
      name: 'policy',
      description: 'The compiled policy: policy/*.yaml as one document',
      locationUri: 'hosted',
      validators: [{ type: 'JSON_SCHEMA', content: policyJsonSchema() }],
    });
    const strategy = new CfnDeploymentStrategy(this, 'Strategy', {
      name: `vigie-${stage}-gradual`,
      description: 'A fifth of the functions’ environments at a time, then watched',
      replicateTo: 'NONE',
      growthType: 'LINEAR',
      growthFactor: 20,
      deploymentDurationInMinutes: rollout.minutes,
      finalBakeTimeInMinutes: rollout.watchedMinutes,
    });
    const alarm = new Alarm(this, 'Harm', {
      alarmName: `vigie-${stage}-policy-harms`,
      alarmDescription:
        'Functions fail or refuse the policy; one that is being rolled out is taken back. Runbook: docs/runbook.md#policy-refused',
      metric: new MathExpression({
        label: 'failures and refusals of the policy',
        expression: ['FILL(refused, 0)', ...deciders.map((_, index) => `FILL(e${index}, 0)`)].join(' + '),
        usingMetrics: {
          refused: policyRefusals(stage),
          ...Object.fromEntries(
            deciders.map((name, index) => [
              `e${index}`,
              new Metric({
                namespace: 'AWS/Lambda',
                metricName: 'Errors',
                dimensionsMap: { FunctionName: name },
                statistic: Stats.SUM,
                period: Duration.minutes(1),
              }),
            ]),
          ),
        },
        period: Duration.minutes(1),
      }),
      threshold: 3,
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    const monitor = new Role(this, 'MonitorRole', {
      assumedBy: new ServicePrincipal('appconfig.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
      inlinePolicies: {
        calls: new PolicyDocument({
          // As AppConfig asks for it (AppConfig user guide, "Create the permission for rollback based on CloudWatch alarms").
          statements: [new PolicyStatement({ actions: ['cloudwatch:DescribeAlarms'], resources: ['*'] })],
        }),
      },
    });
    const environment = new CfnEnvironment(this, 'Environment', {
      applicationId: application.ref,
      name: stage,
      monitors: [{ alarmArn: alarm.alarmArn, alarmRoleArn: monitor.roleArn }],
    });
    this.applicationId = application.ref;
    this.environmentId = environment.ref;
    this.profileId = profile.ref;
    this.strategyId = strategy.ref;
    this.grant = {
      actions: ['appconfig:StartConfigurationSession', 'appconfig:GetLatestConfiguration'],
      resources: [
        Stack.of(this).formatArn({
          service: 'appconfig',
          resource: 'application',
          resourceName: `${application.ref}/environment/${environment.ref}/configuration/${profile.ref}`,
        }),
      ],
    };
  }
}

/** How often functions refused the policy in a minute: what `log-metrics.ts` counts in their logs, by its name. */
export function policyRefusals(stage: string): Metric {
  return new Metric({
    namespace: `Vigie/${stage}`,
    metricName: 'PolicyRefused',
    statistic: Stats.SUM,
    period: Duration.minutes(1),
    label: 'PolicyRefused',
  });
}

/** AppConfig reads draft 4 of JSON Schema (AppConfig user guide, "JSON Schema validators"); the compiler and the functions check all of the rest. */
export function policyJsonSchema(): string {
  return JSON.stringify(z.toJSONSchema(packedPolicySchema, { target: 'draft-4', reused: 'ref' }));
}
