import { CfnOutput, Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import { HttpApi, HttpMethod, HttpStage, LogGroupLogDestination } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer, HttpJwtAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { EventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import type * as pollAccounts from '../functions/poll-accounts/env.ts';
import type * as receiveWebhook from '../functions/receive-webhook/env.ts';
import type * as serveConsole from '../functions/serve-console/env.ts';
import type * as sweepTimers from '../functions/sweep-timers/env.ts';
import type * as triageMessages from '../functions/triage-messages/env.ts';
import { accountPartitions } from '../shared/adapters/case-keys.ts';
import type { CaseEnvironment } from '../shared/runtime/case-environment.ts';
import { PolicyStore } from './constructs/policy-store.ts';
import {
  consumes,
  countsOn,
  type Grant,
  publishesTo,
  queriesIndex,
  reads,
  sendsTo,
  usesPartition,
  usesTable,
  VigieFunction,
} from './constructs/vigie-function.ts';
import type { WorkQueue } from './constructs/work-queue.ts';
import type { DataStack } from './data-stack.ts';
import { timings } from './pipeline-timings.ts';
import type { Settings } from './settings.ts';

/** Every variable that a function's schema asks for, as the text it arrives as. */
type Variables<Environment> = { readonly [Name in keyof Environment]: string };

export const functionNames = [
  'receive-webhook',
  'triage-messages',
  'sweep-timers',
  'fire-timers',
  'record-outcomes',
  'serve-console',
  'poll-accounts',
] as const;
export type FunctionName = (typeof functionNames)[number];

/** The functions that decide by the policy. */
export const deciders = [
  'triage-messages',
  'fire-timers',
  'record-outcomes',
] as const satisfies readonly FunctionName[];

interface PipelineStackProps extends StackProps {
  readonly stage: string;
  readonly settings: Settings;
  readonly data: DataStack;
  /** The directory of each function's bundle. */
  readonly code: Readonly<Record<FunctionName, string>>;
}

/** What is replaced with every deployment: the webhook address, the functions, and what sets them going. */
export class PipelineStack extends Stack {
  readonly functions: Readonly<Record<FunctionName, VigieFunction>>;
  readonly api: HttpApi;
  readonly escalations: Topic;
  readonly policies: PolicyStore;

  constructor(scope: Construct, id: string, props: PipelineStackProps) {
    super(scope, id, props);
    const { stage, settings, data } = props;

    this.escalations = new Topic(this, 'Escalations', {
      topicName: `vigie-${stage}-escalations`,
      displayName: `Vigie ${stage}`,
      masterKey: data.key,
      enforceSSL: true,
    });
    for (const email of settings.escalationEmails) this.escalations.addSubscription(new EmailSubscription(email));

    this.api = new HttpApi(this, 'WebhookApi', {
      apiName: `vigie-${stage}-webhooks`,
      createDefaultStage: false,
    });

    this.policies = new PolicyStore(this, 'Policies', {
      stage,
      rollout: settings.policyRollout,
      deciders: deciders.map((name) => `vigie-${stage}-${name}`),
    });

    const desks = [...data.desks.entries()];
    const outcomeQueues = data.outcomeQueues.map(({ queue }) => queue);
    const deskQueues = desks.flatMap(([, { urgent, standard }]) => [urgent.queue, standard.queue]);
    const caseEnvironment: Variables<CaseEnvironment> = {
      CASE_TABLE_NAME: data.table.tableName,
      DESK_QUEUES: this.toJsonString(
        Object.fromEntries(
          desks.map(([desk, { urgent, standard }]) => [
            desk,
            { urgent: urgent.queue.queueUrl, standard: standard.queue.queueUrl },
          ]),
        ),
      ),
      TIMER_QUEUE_URL: data.timers.queue.queueUrl,
      ESCALATION_TOPIC_ARN: this.escalations.topicArn,
      POLICY_APPLICATION: this.policies.applicationId,
      POLICY_ENVIRONMENT: this.policies.environmentId,
      POLICY_PROFILE: this.policies.profileId,
      DEAD_LETTER_QUEUE_URL: data.parked.queueUrl,
    };
    const caseGrants: readonly Grant[] = [
      usesTable(data.table, ['dynamodb:BatchGetItem', 'dynamodb:PutItem']),
      sendsTo(...deskQueues, data.timers.queue, data.parked),
      this.policies.grant,
    ];
    // What outsourced desks keep and break is counted where it shows: in answers, in clocks and in what they report.
    const recordGrant = usesTable(data.table, ['dynamodb:UpdateItem']);
    // What the author takes back is looked up and erased; what comes before its message waits for it.
    const followUpGrant = usesTable(data.table, [
      'dynamodb:Query',
      'dynamodb:DeleteItem',
      'dynamodb:ConditionCheckItem',
    ]);
    const receiveEnvironment: Variables<receiveWebhook.Environment> = {
      INTAKE_QUEUE_URL: data.intake.queue.queueUrl,
      PUBLIC_BASE_URL: settings.publicBaseUrl ?? this.api.apiEndpoint,
      PLATFORM_SECRET_PREFIX: data.secretPrefix,
    };
    const triageEnvironment: Variables<triageMessages.Environment> = {
      API_TOKENS_SECRET: data.apiTokensName,
      ...(settings.classifierEndpoint === undefined ? {} : { CLASSIFIER_ENDPOINT: settings.classifierEndpoint }),
    };
    const sweepEnvironment: Variables<sweepTimers.Environment> = {
      CASE_TABLE_NAME: data.table.tableName,
      TIMER_QUEUE_URL: data.timers.queue.queueUrl,
      ESCALATION_TOPIC_ARN: this.escalations.topicArn,
    };
    const pollEnvironment: Variables<pollAccounts.Environment> = {
      CASE_TABLE_NAME: data.table.tableName,
      INTAKE_QUEUE_URL: data.intake.queue.queueUrl,
      API_TOKENS_SECRET: data.apiTokensName,
      POLICY_APPLICATION: this.policies.applicationId,
      POLICY_ENVIRONMENT: this.policies.environmentId,
      POLICY_PROFILE: this.policies.profileId,
    };

    const consoleEnvironment: Variables<serveConsole.Environment> = {
      ...caseEnvironment,
      INTAKE_QUEUE_URL: data.intake.queue.queueUrl,
      OUTCOME_QUEUE_URL: data.outcomes.queue.queueUrl,
    };

    const common = {
      stage,
      key: data.key,
      logRetention: settings.logRetentionDays,
      retainLogs: settings.retainData,
    };
    const create = (
      id: string,
      name: FunctionName,
      own: Pick<
        ConstructorParameters<typeof VigieFunction>[2],
        'description' | 'timeout' | 'memoryMb' | 'environment' | 'grants' | 'reservedConcurrency'
      >,
    ) => new VigieFunction(this, id, { ...common, name, code: props.code[name], ...own });

    this.functions = {
      'receive-webhook': create('ReceiveWebhook', 'receive-webhook', {
        description: 'Verifies what a platform posts and stores it on the intake queue',
        timeout: Duration.seconds(10),
        memoryMb: 1024,
        environment: receiveEnvironment,
        grants: [sendsTo(data.intake.queue), reads(data.secrets)],
        reservedConcurrency: settings.concurrency.webhooks,
      }),
      'triage-messages': create('TriageMessages', 'triage-messages', {
        description: 'Prequalifies messages and opens or changes their cases',
        timeout: timings.triage.timeout,
        memoryMb: 1769,
        environment: { ...caseEnvironment, ...triageEnvironment },
        grants: [
          consumes(data.intake.queue),
          ...caseGrants,
          recordGrant,
          followUpGrant,
          queriesIndex(data.table, 'backlog'),
          // Each new case is noted under its author.
          usesTable(data.table, ['dynamodb:BatchWriteItem']),
          reads([data.apiTokens]),
          // Comprehend's built-in models are no resources: its actions can be allowed on everything or not at all.
          {
            actions: [
              'comprehend:BatchDetectSentiment',
              'comprehend:ContainsPiiEntities',
              'comprehend:DetectPiiEntities',
              'comprehend:DetectToxicContent',
            ],
            resources: ['*'],
          },
          ...(settings.classifierEndpoint === undefined
            ? []
            : [{ actions: ['comprehend:ClassifyDocument'], resources: [settings.classifierEndpoint] }]),
        ],
      }),
      'sweep-timers': create('SweepTimers', 'sweep-timers', {
        description: 'Puts clocks that run out soon on the timer queue, tells people the rest of storms',
        timeout: Duration.seconds(50),
        memoryMb: 512,
        environment: sweepEnvironment,
        grants: [
          usesTable(data.table, [
            'dynamodb:BatchGetItem',
            'dynamodb:PutItem',
            'dynamodb:Query',
            'dynamodb:BatchWriteItem',
          ]),
          queriesIndex(data.table, 'due'),
          sendsTo(data.timers.queue),
          publishesTo(this.escalations),
        ],
      }),
      'fire-timers': create('FireTimers', 'fire-timers', {
        description: 'Acts on clocks that have run out',
        timeout: timings.timers.timeout,
        memoryMb: 1024,
        environment: caseEnvironment,
        grants: [
          consumes(data.timers.queue),
          ...caseGrants,
          usesTable(data.table, ['dynamodb:BatchWriteItem']),
          recordGrant,
          queriesIndex(data.table, 'backlog'),
          publishesTo(this.escalations),
        ],
      }),
      'record-outcomes': create('RecordOutcomes', 'record-outcomes', {
        description: 'Takes what desks report into their cases',
        timeout: timings.outcomes.timeout,
        memoryMb: 1024,
        environment: caseEnvironment,
        grants: [consumes(...outcomeQueues), ...caseGrants, recordGrant],
      }),
      'serve-console': create('ServeConsole', 'serve-console', {
        description: 'Shows people what is going on and why',
        timeout: Duration.seconds(15),
        memoryMb: 1024,
        environment: consoleEnvironment,
        grants: [
          ...caseGrants,
          usesTable(data.table, ['dynamodb:Query']),
          queriesIndex(data.table, 'heard', 'open'),
          countsOn(...deskQueues, data.intake.queue, data.timers.queue, ...outcomeQueues, data.parked),
          { actions: ['comprehend:BatchDetectSentiment'], resources: ['*'] },
        ],
      }),
      'poll-accounts': create('PollAccounts', 'poll-accounts', {
        description: 'Reads from platforms what their webhooks cannot tell or have lost, notices silent accounts',
        timeout: Duration.seconds(120),
        memoryMb: 512,
        environment: pollEnvironment,
        grants: [
          usesPartition(data.table, accountPartitions.poll, ['dynamodb:UpdateItem']),
          usesPartition(data.table, accountPartitions.health, ['dynamodb:BatchGetItem', 'dynamodb:BatchWriteItem']),
          queriesIndex(data.table, 'heard'),
          reads([data.apiTokens]),
          sendsTo(data.intake.queue),
          this.policies.grant,
        ],
      }),
    };

    this.#routeWebhooks(stage, settings);
    this.#routeConsole(settings);
    this.#empties('triage-messages', 'Source', data.intake, timings.triage.mapping, settings.concurrency.triage);
    this.#empties('fire-timers', 'Source', data.timers, timings.timers.mapping, settings.concurrency.timers);
    const { mapping } = timings.outcomes;
    this.#empties('record-outcomes', 'Source', data.outcomes, mapping, settings.concurrency.outcomes);
    for (const [desk, { outcomes }] of desks) {
      if (outcomes === undefined) continue;
      this.#empties('record-outcomes', `SourceOf-${desk}`, outcomes, mapping, settings.concurrency.outcomes);
    }

    this.#schedule();

    new CfnOutput(this, 'WebhookUrl', {
      description: 'Platforms post to this, followed by their name',
      value: `${receiveEnvironment.PUBLIC_BASE_URL}/webhooks/`,
    });
    new CfnOutput(this, 'ConsoleUrl', { value: `${this.api.apiEndpoint}/` });
    new CfnOutput(this, 'EscalationTopicArn', { value: this.escalations.topicArn });
  }

  /** What is late or fails is made good by the next run: none is tried again. */
  #schedule(): void {
    const runs = [
      { id: 'SweepEveryMinute', name: 'sweep-timers', minutes: 1, description: 'Looks for clocks that run out soon' },
      { id: 'PollEveryFiveMinutes', name: 'poll-accounts', minutes: 5, description: 'Reads what no webhook brought' },
    ] as const;
    const role = new Role(this, 'SchedulerRole', {
      // Without the condition, another account's schedule could borrow the role (Scheduler user guide, "confused deputy").
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': this.account } },
      }),
      inlinePolicies: {
        calls: new PolicyDocument({
          statements: [
            new PolicyStatement({
              actions: ['lambda:InvokeFunction'],
              resources: runs.map(({ name }) => this.functions[name].lambda.functionArn),
            }),
          ],
        }),
      },
    });
    for (const { id, name, minutes, description } of runs) {
      const { lambda } = this.functions[name];
      lambda.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: Duration.minutes(minutes) });
      new CfnSchedule(this, id, {
        description,
        scheduleExpression: minutes === 1 ? 'rate(1 minute)' : `rate(${minutes} minutes)`,
        flexibleTimeWindow: { mode: 'OFF' },
        target: {
          arn: lambda.functionArn,
          roleArn: role.roleArn,
          retryPolicy: { maximumRetryAttempts: 0, maximumEventAgeInSeconds: 60 * minutes },
        },
      });
    }
  }

  #routeWebhooks(stage: string, settings: Settings): void {
    const integration = new HttpLambdaIntegration('Webhook', this.functions['receive-webhook'].lambda);
    for (const path of ['/webhooks/{platform}', '/webhooks/{platform}/{account}']) {
      this.api.addRoutes({ path, methods: [HttpMethod.GET, HttpMethod.POST], integration });
    }
    new HttpStage(this, 'WebhookStage', {
      httpApi: this.api,
      stageName: '$default',
      autoDeploy: true,
      throttle: { rateLimit: settings.webhookThrottle.perSecond, burstLimit: settings.webhookThrottle.burst },
      accessLogSettings: {
        destination: new LogGroupLogDestination(
          new LogGroup(this, 'WebhookAccess', {
            retention: settings.logRetentionDays,
            removalPolicy: settings.retainData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
          }),
        ),
        // No query and no headers: handshakes carry tokens there.
        format: AccessLogFormat.custom(
          JSON.stringify({
            at: '$context.requestTime',
            stage,
            requestId: '$context.requestId',
            route: '$context.routeKey',
            status: '$context.status',
            latencyMs: '$context.responseLatency',
            functionError: '$context.integrationErrorMessage',
          }),
        ),
      },
    });
  }

  /** The page is for everybody, for it holds nothing; everything it shows comes through the API. */
  #routeConsole(settings: Settings): void {
    const integration = new HttpLambdaIntegration('Console', this.functions['serve-console'].lambda);
    for (const path of ['/', '/console/{file}']) {
      this.api.addRoutes({ path, methods: [HttpMethod.GET], integration });
    }
    const signIn = settings.console;
    const authorizer =
      signIn === undefined
        ? new HttpIamAuthorizer()
        : new HttpJwtAuthorizer('SignIn', signIn.issuer, { jwtAudience: [signIn.clientId] });
    this.api.addRoutes({ path: '/api/{call+}', methods: [HttpMethod.GET, HttpMethod.POST], integration, authorizer });
  }

  #empties(
    name: FunctionName,
    id: string,
    from: WorkQueue,
    mapping: { readonly batchSize: number; readonly maxBatchingWindow?: Duration },
    maxConcurrency: number,
  ): void {
    const { lambda } = this.functions[name];
    new EventSourceMapping(this.functions[name], id, {
      target: lambda,
      eventSourceArn: from.queue.queueArn,
      reportBatchItemFailures: true,
      maxConcurrency,
      ...mapping,
    });
  }
}
