import * as z from 'zod';
import type { AwsAnswer } from './aws-call.ts';
import type { Route } from './http-api.ts';
import type { FunctionConfig } from './lambda-runtime.ts';
import type { MappingConfig } from './mappings.ts';
import type { ScheduleConfig } from './schedule.ts';
import type { Assembly, Place } from './template.ts';

export interface QueueConfig {
  readonly name: string;
  readonly arn: string;
  readonly url: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** ARN of the queue for what could not be worked. */
  readonly deadLetterArn: string | undefined;
}

/** What the template asks for, in the words of the endpoints that stand in for AWS. */
export interface Deployment {
  readonly tables: readonly { readonly name: string; readonly createTable: Readonly<Record<string, unknown>> }[];
  readonly queues: readonly QueueConfig[];
  readonly topics: readonly { readonly name: string; readonly arn: string }[];
  readonly secrets: readonly { readonly name: string; readonly arn: string }[];
  readonly functions: readonly (FunctionConfig & { readonly logGroup: string })[];
  readonly mappings: readonly MappingConfig[];
  readonly schedules: readonly (ScheduleConfig & { readonly roleArn: string; readonly functionArn: string })[];
  readonly routes: readonly Route[];
}

/** The endpoints that resources are created at. */
export interface Endpoints {
  dynamo(operation: string, input: unknown): Promise<AwsAnswer>;
  sqs(operation: string, input: unknown): Promise<AwsAnswer>;
  createTopic(name: string): Promise<AwsAnswer>;
  defineSecret(secret: { readonly name: string; readonly arn: string }): void;
}

const tableSchema = z.object({
  AttributeDefinitions: z.array(z.object({ AttributeName: z.string(), AttributeType: z.string() })),
  KeySchema: z.array(z.object({ AttributeName: z.string(), KeyType: z.string() })),
  BillingMode: z.literal('PAY_PER_REQUEST'),
  GlobalSecondaryIndexes: z.array(z.looseObject({ IndexName: z.string() })).optional(),
  StreamSpecification: z.looseObject({}).optional(),
});

/** Attributes that CloudFormation and the SQS API know under the same name. */
const queueAttributes = [
  'VisibilityTimeout',
  'MessageRetentionPeriod',
  'DelaySeconds',
  'MaximumMessageSize',
  'ReceiveMessageWaitTimeSeconds',
  'FifoQueue',
  'ContentBasedDeduplication',
  'DeduplicationScope',
  'FifoThroughputLimit',
] as const;
const redriveSchema = z.object({ deadLetterTargetArn: z.string(), maxReceiveCount: z.coerce.number() });

const functionSchema = z.object({
  Code: z.object({ S3Key: z.string() }),
  Handler: z.string(),
  Timeout: z.number().default(3),
  MemorySize: z.number().default(128),
  Environment: z.object({ Variables: z.record(z.string(), z.coerce.string()) }).optional(),
  LoggingConfig: z.object({ LogGroup: z.string().optional() }).optional(),
});

const mappingSchema = z.object({
  EventSourceArn: z.string(),
  FunctionName: z.string(),
  Enabled: z.boolean().default(true),
  BatchSize: z.number().default(10),
  MaximumBatchingWindowInSeconds: z.number().default(0),
  FunctionResponseTypes: z.array(z.string()).default([]),
  ScalingConfig: z.object({ MaximumConcurrency: z.number().optional() }).default({}),
  FilterCriteria: z.undefined('filters are not understood by the local run').optional(),
});

const scheduleSchema = z.object({
  ScheduleExpression: z.string(),
  State: z.enum(['ENABLED', 'DISABLED']).default('ENABLED'),
  Target: z.object({ Arn: z.string(), RoleArn: z.string(), Input: z.string().optional() }),
});

const routeSchema = z.object({
  RouteKey: z.string(),
  Target: z.string(),
  AuthorizationType: z.enum(['NONE', 'JWT', 'AWS_IAM']).default('NONE'),
});
const integrationSchema = z.object({ IntegrationUri: z.string(), PayloadFormatVersion: z.literal('2.0') });
const permissionSchema = z.object({ FunctionName: z.string(), Principal: z.string(), SourceArn: z.string() });

/**
 * Everything the local run needs of the synthesized stacks. Throws where the template holds something that would work differently
 * here; `processesPerFunction` limits each function's execution environments.
 */
export function readDeployment(assembly: Assembly, place: Place, processesPerFunction: number): Deployment {
  const queues = assembly.resources('AWS::SQS::Queue').map(({ name, arn, properties }) => {
    const redrive = properties['RedrivePolicy'];
    const attributes = Object.fromEntries(
      queueAttributes.flatMap((key) => (properties[key] === undefined ? [] : [[key, String(properties[key])]])),
    );
    return {
      name,
      arn,
      url: `${place.gatewayUrl}/${place.accountId}/${name}`,
      attributes: { ...attributes, ...(redrive === undefined ? {} : { RedrivePolicy: JSON.stringify(redrive) }) },
      deadLetterArn: redrive === undefined ? undefined : redriveSchema.parse(redrive).deadLetterTargetArn,
    };
  });

  const functions = assembly.resources('AWS::Lambda::Function').map(({ name, arn, properties }) => {
    const { Code, Handler, Timeout, MemorySize, Environment, LoggingConfig } = functionSchema.parse(properties);
    return {
      name,
      arn,
      directory: assembly.assetDirectory(Code.S3Key),
      handler: Handler,
      environment: Environment?.Variables ?? {},
      timeoutSeconds: Timeout,
      memoryMb: MemorySize,
      concurrency: processesPerFunction,
      logGroup: LoggingConfig?.LogGroup ?? `/aws/lambda/${name}`,
    };
  });
  const functionBy = (nameOrArn: string): FunctionConfig => {
    const found = functions.find(({ name, arn }) => nameOrArn === name || nameOrArn === arn);
    if (found === undefined) throw new Error(`the template has no function ${nameOrArn}`);
    return found;
  };

  const mappings = assembly.resources('AWS::Lambda::EventSourceMapping').flatMap(({ properties }) => {
    const mapping = mappingSchema.parse(properties);
    const queue = queues.find(({ arn }) => arn === mapping.EventSourceArn);
    if (queue === undefined) throw new Error(`the template has no queue ${mapping.EventSourceArn}`);
    if (!mapping.Enabled) return [];
    return {
      functionName: functionBy(mapping.FunctionName).name,
      queueArn: queue.arn,
      queueUrl: queue.url,
      region: place.region,
      batchSize: mapping.BatchSize,
      windowSeconds: mapping.MaximumBatchingWindowInSeconds,
      reportsItemFailures: mapping.FunctionResponseTypes.includes('ReportBatchItemFailures'),
      concurrency: Math.min(processesPerFunction, mapping.ScalingConfig.MaximumConcurrency ?? processesPerFunction),
    };
  });

  const schedules = assembly.resources('AWS::Scheduler::Schedule').flatMap(({ name, properties }) => {
    const { ScheduleExpression, State, Target } = scheduleSchema.parse(properties);
    if (State === 'DISABLED') return [];
    const { name: functionName, arn: functionArn } = functionBy(Target.Arn);
    return {
      name,
      expression: ScheduleExpression,
      functionName,
      functionArn,
      roleArn: Target.RoleArn,
      input: Target.Input,
    };
  });

  return {
    tables: assembly
      .resources('AWS::DynamoDB::Table')
      .map(({ name, properties }) => ({ name, createTable: { TableName: name, ...createTableInput(properties) } })),
    // Dead-letter queues first: a queue cannot name one that does not exist.
    queues: queues.toSorted((a, b) => Number(a.deadLetterArn !== undefined) - Number(b.deadLetterArn !== undefined)),
    topics: assembly.resources('AWS::SNS::Topic').map(({ name, arn }) => ({ name, arn })),
    secrets: assembly.resources('AWS::SecretsManager::Secret').map(({ name, arn }) => ({ name, arn })),
    functions,
    mappings,
    schedules,
    routes: readRoutes(assembly, functionBy),
  };
}

function createTableInput(properties: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { StreamSpecification, ...table } = tableSchema.parse(properties);
  return {
    ...table,
    // CloudFormation leaves the switch out that the API asks for.
    ...(StreamSpecification === undefined
      ? {}
      : { StreamSpecification: { ...StreamSpecification, StreamEnabled: true } }),
  };
}

function readRoutes(assembly: Assembly, functionBy: (nameOrArn: string) => FunctionConfig): Route[] {
  const integrations = new Map(
    assembly
      .resources('AWS::ApiGatewayV2::Integration')
      .map(({ name, properties }) => [`integrations/${name}`, integrationSchema.parse(properties)]),
  );
  const permissions = assembly
    .resources('AWS::Lambda::Permission')
    .map(({ properties }) => permissionSchema.safeParse(properties).data)
    .filter((permission) => permission?.Principal === 'apigateway.amazonaws.com');
  return assembly.resources('AWS::ApiGatewayV2::Route').map(({ properties }) => {
    const { RouteKey, Target, AuthorizationType } = routeSchema.parse(properties);
    const uri = integrations.get(Target)?.IntegrationUri;
    if (uri === undefined) throw new Error(`route ${RouteKey} has no integration ${Target}`);
    const target = functionBy(uri);
    const path = RouteKey.split(' ')[1] ?? '';
    const permitted = permissions.some(
      (permission) => functionBy(permission?.FunctionName ?? '') === target && permission?.SourceArn.endsWith(path),
    );
    if (!permitted) throw new Error(`route ${RouteKey}: API Gateway may not invoke ${target.name}`);
    return { key: RouteKey, functionName: target.name, guarded: AuthorizationType !== 'NONE' };
  });
}

/** Creates what does not exist yet. Throws when existing data has another shape than the template asks for. */
export async function provision(deployment: Deployment, endpoints: Endpoints): Promise<void> {
  for (const { name, createTable } of deployment.tables) {
    const created = await endpoints.dynamo('CreateTable', createTable);
    if (isCode(created, 'ResourceInUseException')) await requireSameTable(endpoints, name, createTable);
    else requireSuccess(created, `table ${name}`);
  }
  for (const { name, url, attributes } of deployment.queues) {
    const created = await endpoints.sqs('CreateQueue', { QueueName: name, Attributes: attributes });
    if (created.status < 400) continue;
    const { FifoQueue, ...changeable } = attributes;
    requireSuccess(
      await endpoints.sqs('SetQueueAttributes', { QueueUrl: url, Attributes: changeable }),
      `queue ${name}`,
    );
  }
  for (const { name } of deployment.topics) requireSuccess(await endpoints.createTopic(name), `topic ${name}`);
  for (const secret of deployment.secrets) endpoints.defineSecret(secret);
}

const describedSchema = z.object({ Table: tableSchema.pick({ KeySchema: true, GlobalSecondaryIndexes: true }) });

async function requireSameTable(endpoints: Endpoints, name: string, wanted: unknown): Promise<void> {
  const described = await endpoints.dynamo('DescribeTable', { TableName: name });
  const shapeOf = (table: z.infer<typeof describedSchema>['Table']): string =>
    JSON.stringify([table.KeySchema, (table.GlobalSecondaryIndexes ?? []).map(({ IndexName }) => IndexName).sort()]);
  const { Table } = describedSchema.parse(JSON.parse(described.body));
  if (shapeOf(Table) !== shapeOf(describedSchema.shape.Table.parse(wanted))) {
    throw new Error(
      `Table ${name} was written by another version of Vigie. Start with --fresh, or give another --data.`,
    );
  }
}

function requireSuccess(answer: AwsAnswer, what: string): void {
  if (answer.status >= 400) throw new Error(`${what} could not be created: ${answer.body}`);
}

function isCode(answer: AwsAnswer, code: string): boolean {
  return answer.status >= 400 && answer.body.includes(code);
}
