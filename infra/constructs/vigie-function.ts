import { type Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';

/** Calls a function may make, and what each of them makes AWS ask of the key on its behalf. */
export interface Grant {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  /** Of a table only these partitions. */
  readonly partitions?: readonly string[];
  readonly key?: { readonly service: string; readonly actions: readonly string[] };
}

/** What Lambda's poller does in the function's name (Lambda developer guide, "Using Lambda with SQS": execution role). */
export function consumes(...queues: readonly IQueue[]): Grant {
  return {
    actions: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ChangeMessageVisibility'],
    resources: queues.map((queue) => queue.queueArn),
    key: { service: 'sqs', actions: ['kms:Decrypt'] },
  };
}

/** Sees how full queues are, not what is on them. */
export function countsOn(...queues: readonly IQueue[]): Grant {
  return { actions: ['sqs:GetQueueAttributes'], resources: queues.map((queue) => queue.queueArn) };
}

export function sendsTo(...queues: readonly IQueue[]): Grant {
  return {
    actions: ['sqs:SendMessage'],
    resources: queues.map((queue) => queue.queueArn),
    key: { service: 'sqs', actions: ['kms:GenerateDataKey', 'kms:Decrypt'] },
  };
}

export function publishesTo(topic: ITopic): Grant {
  return {
    actions: ['sns:Publish'],
    resources: [topic.topicArn],
    key: { service: 'sns', actions: ['kms:GenerateDataKey', 'kms:Decrypt'] },
  };
}

export function reads(secrets: readonly Secret[]): Grant {
  return {
    actions: ['secretsmanager:GetSecretValue'],
    resources: secrets.map((secret) => secret.secretArn),
    key: { service: 'secretsmanager', actions: ['kms:Decrypt'] },
  };
}

export function usesTable(table: Table, actions: readonly `dynamodb:${string}`[]): Grant {
  return { actions, resources: [table.tableArn], key: { service: 'dynamodb', actions: tableKeyActions } };
}

/** As `usesTable`, and no items but those of some partitions (DynamoDB developer guide, "Using IAM policy conditions for fine-grained access control"). */
export function usesPartition(table: Table, partition: string, actions: readonly `dynamodb:${string}`[]): Grant {
  return { ...usesTable(table, actions), partitions: [partition] };
}

export function queriesIndex(table: Table, ...indexes: readonly string[]): Grant {
  return {
    actions: ['dynamodb:Query'],
    resources: indexes.map((index) => `${table.tableArn}/index/${index}`),
    key: { service: 'dynamodb', actions: tableKeyActions },
  };
}

/** DynamoDB asks the key in its caller's name (DynamoDB developer guide, "Encryption at rest": use of a customer managed key). */
const tableKeyActions = [
  'kms:Decrypt',
  'kms:DescribeKey',
  'kms:Encrypt',
  'kms:GenerateDataKey',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
] as const;

interface VigieFunctionProps {
  /** The name of its folder in `functions/`. */
  readonly name: string;
  readonly stage: string;
  readonly description: string;
  readonly code: string;
  readonly timeout: Duration;
  /** 1,769 MB are one whole processor. */
  readonly memoryMb: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly grants: readonly Grant[];
  readonly key: IKey;
  readonly logRetention: RetentionDays;
  readonly retainLogs: boolean;
  readonly reservedConcurrency?: number | undefined;
}

/** A function with a role that can do what its grants say and write its own log, nothing else. */
export class VigieFunction extends Construct {
  readonly lambda: lambda.Function;
  readonly logs: LogGroup;

  constructor(scope: Construct, id: string, props: VigieFunctionProps) {
    super(scope, id);
    this.logs = new LogGroup(this, 'Logs', {
      retention: props.logRetention,
      removalPolicy: props.retainLogs ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    const { region } = Stack.of(this);
    const keyUse = props.grants.flatMap((grant) => grant.key ?? []);
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      // Inside the role, not beside it: the role never exists without its permissions, and one resource shows all of them.
      inlinePolicies: {
        calls: new PolicyDocument({
          statements: [
            new PolicyStatement({
              actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
              resources: [this.logs.logGroupArn],
            }),
            ...props.grants.map(
              ({ actions, resources, partitions }) =>
                new PolicyStatement({
                  actions: [...actions],
                  resources: [...resources],
                  ...(partitions === undefined
                    ? {}
                    : { conditions: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': partitions } } }),
                }),
            ),
            ...(keyUse.length === 0
              ? []
              : [
                  new PolicyStatement({
                    actions: [...new Set(keyUse.flatMap(({ actions }) => actions))],
                    resources: [props.key.keyArn],
                    conditions: {
                      StringEquals: {
                        'kms:ViaService': [
                          ...new Set(keyUse.map(({ service }) => `${service}.${region}.amazonaws.com`)),
                        ],
                      },
                    },
                  }),
                ]),
          ],
        }),
      },
    });
    this.lambda = new lambda.Function(this, 'Function', {
      functionName: `vigie-${props.stage}-${props.name}`,
      description: props.description,
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      handler: 'index.handler',
      code: lambda.Code.fromAsset(props.code),
      timeout: props.timeout,
      memorySize: props.memoryMb,
      environment: { ...props.environment },
      role,
      logGroup: this.logs,
      loggingFormat: lambda.LoggingFormat.JSON,
      systemLogLevelV2: lambda.SystemLogLevel.WARN,
      ...(props.reservedConcurrency === undefined ? {} : { reservedConcurrentExecutions: props.reservedConcurrency }),
    });
  }
}
