import { type App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import type { IConstruct } from 'constructs';

/** A finding that is accepted: which rule, where in the construct tree, and why that is sound. */
export interface Acknowledgement {
  readonly rule: string;
  /** Matches the construct path of every resource it holds for, and of nothing else. */
  readonly at: RegExp;
  readonly reason: string;
}

const starReason =
  "Comprehend's built-in models are no resources: BatchDetectSentiment, ContainsPiiEntities, DetectPiiEntities and DetectToxicContent can be allowed on everything or not at all (Service Authorization Reference). They read and change nothing that is stored.";

/** Every finding of the two rule packs that stands, for a security reviewer to judge. One that matches no finding fails the tests. */
export const acknowledgements: readonly Acknowledgement[] = [
  {
    rule: 'AwsSolutions-APIG4',
    at: /^VigiePipeline\/WebhookApi\/(GET|POST)--webhooks--/,
    reason:
      'Platforms cannot obtain AWS credentials or tokens of ours. Each call is authenticated by its platform’s signature over the raw bytes, in receive-webhook, before anything is read or stored; without a valid one it is answered 401.',
  },
  {
    rule: 'AwsSolutions-APIG4',
    at: /^VigiePipeline\/WebhookApi\/GET--(console--|$|\/)/,
    reason:
      'The console’s own files: the same for everybody, with nothing of a customer in them. All they show comes through the routes below /api/, which are authorised.',
  },
  {
    rule: 'AwsSolutions-IAM5[Resource::*]',
    at: /^VigiePipeline\/(TriageMessages|ServeConsole)\/Role\//,
    reason: starReason,
  },
  {
    rule: 'Serverless-LambdaStarPermissions',
    at: /^VigiePipeline\/(TriageMessages|ServeConsole)\/Role\//,
    reason: starReason,
  },
  {
    rule: 'AwsSolutions-IAM5[Resource::*]',
    at: /^VigiePipeline\/Policies\/MonitorRole\//,
    reason:
      'AppConfig lists alarms to learn whether the one it watches rings, and asks for that on all resources (AppConfig user guide, "Create the permission for rollback based on CloudWatch alarms"). It reads the states of alarms and changes nothing.',
  },
  {
    rule: 'AwsSolutions-SMG4',
    at: /^VigieData\/PlatformSecrets\//,
    reason:
      'The values are issued by the platforms, which offer no call by which a rotation function could have new ones made. They are rotated by hand without an interruption: two values are accepted while one replaces the other.',
  },
  {
    rule: 'AwsSolutions-SQS3',
    at: /^VigieData\/Parked\//,
    reason:
      'The end of the line itself: holds records that can never succeed, each with its reason, until a person has looked. No function receives from it, and an alarm rings when it is not empty.',
  },
  {
    rule: 'Serverless-SQSRedrivePolicy',
    at: /^VigieData\/(Parked|.+\/DeadLetters)\//,
    reason:
      'A dead-letter queue: what lies in it is looked at and moved back by people, so there is nowhere further for it to go. An alarm rings when it is not empty.',
  },
  {
    rule: 'Serverless-SNSRedrivePolicy',
    at: /^(VigiePipeline\/Escalations|VigieOperations\/AlarmTopic)\//,
    reason:
      'Mail to people. What it tells is also state that stays: the escalated case waits in an in-house queue that is watched, the alarm stays red on the dashboard. A copy in a queue that nobody reads would add nothing.',
  },
  {
    rule: 'Serverless-LambdaDLQ',
    at: /^VigiePipeline\/\w+\/Function\//,
    reason:
      "A function's own dead-letter queue takes asynchronous calls only. All but two are called synchronously or by SQS, whose queues have dead-letter queues; the sweep and the poll, called asynchronously, hold no record and are made good by the next one.",
  },
  {
    rule: 'Serverless-LambdaAsyncFailureDestination',
    at: /^VigiePipeline\/(SweepTimers|PollAccounts)\//,
    reason:
      'A sweep or a poll carries no data that could be lost: the next one finds the same clocks and goes on from the same checkpoint. Five minutes without a good sweep ring the alarm sweep-not-running, polls that fail ring polls-fail.',
  },
  {
    rule: 'Serverless-LambdaEventSourceMappingDestination',
    at: /^VigiePipeline\/(TriageMessages|FireTimers|RecordOutcomes)\/Source/,
    reason:
      'Event source mappings of SQS have no failure destination (Lambda developer guide); the redrive policy of each queue does this work.',
  },
  {
    rule: 'Serverless-LambdaTracing',
    at: /^VigiePipeline\/\w+\/Function\//,
    reason:
      'Messages cross queues and wait there, so one is followed by its case id and event id in the logs, not by a call trace. X-Ray would need two permissions on all resources in every role, and is paid for by the trace.',
  },
];

/**
 * Has the cdk-nag packs AwsSolutions and Serverless check the app whenever it is synthesized; a finding that is not acknowledged above
 * fails the synth by rule and resource.
 */
export function reviewSecurity(app: App): void {
  acknowledgeFindings(app);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
}

function acknowledgeFindings(construct: IConstruct): void {
  for (const { rule, at, reason } of acknowledgements) {
    if (at.test(construct.node.path)) Validations.of(construct).acknowledge({ id: rule, reason });
  }
  for (const child of construct.node.children) acknowledgeFindings(child);
}
