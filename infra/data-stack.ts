import { ArnFormat, CfnOutput, Duration, RemovalPolicy, SecretValue, Stack, type StackProps } from 'aws-cdk-lib';
import { AttributeType, BillingMode, ProjectionType, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { AccountPrincipal, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Policy } from '../shared/domain/policy.ts';
import { WorkQueue } from './constructs/work-queue.ts';
import { timings } from './pipeline-timings.ts';
import { retentionDays } from './retention.ts';
import type { Settings } from './settings.ts';

interface DataStackProps extends StackProps {
  readonly stage: string;
  readonly settings: Settings;
  readonly desks: Policy['desks'];
  readonly platforms: readonly string[];
}

export interface DeskQueues {
  readonly urgent: WorkQueue;
  readonly standard: WorkQueue;
  /** On which an outsourced desk, and nobody in its name, reports; the brand's own systems share one. */
  readonly outcomes?: WorkQueue;
}

/** What outlives every deployment: cases, messages on their way, secrets, and the key they are encrypted with. */
export class DataStack extends Stack {
  readonly key: Key;
  readonly table: Table;
  readonly intake: WorkQueue;
  readonly timers: WorkQueue;
  /** On which the brand's own systems report for their desks. */
  readonly outcomes: WorkQueue;
  /** Records that can never succeed, each with its reason. */
  readonly parked: Queue;
  readonly desks: ReadonlyMap<string, DeskQueues>;
  readonly secrets: readonly Secret[];
  readonly secretPrefix: string;
  /** With what the platforms' APIs are asked for words that a webhook left out. */
  readonly apiTokens: Secret;
  readonly apiTokensName: string;

  /** Every queue on which desks report. */
  get outcomeQueues(): readonly WorkQueue[] {
    return [this.outcomes, ...[...this.desks.values()].flatMap(({ outcomes }) => outcomes ?? [])];
  }

  constructor(scope: Construct, id: string, props: DataStackProps) {
    super(scope, id, props);
    const { stage, settings } = props;
    const removalPolicy = settings.retainData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;

    this.key = new Key(this, 'Key', {
      description: `Vigie ${stage}: customers' words at rest`,
      alias: `vigie/${stage}`,
      enableKeyRotation: true,
      removalPolicy,
    });
    this.key.addToResourcePolicy(
      new PolicyStatement({
        sid: 'AlarmsReachTheirTopic',
        principals: [
          new ServicePrincipal('cloudwatch.amazonaws.com'),
          ...(settings.monthlyBudgetUsd === undefined ? [] : [new ServicePrincipal('budgets.amazonaws.com')]),
        ],
        actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
        resources: ['*'],
        conditions: { StringEquals: { 'aws:SourceAccount': this.account } },
      }),
    );

    this.table = new Table(this, 'Cases', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.CUSTOMER_MANAGED,
      encryptionKey: this.key,
      pointInTimeRecoverySpecification: {
        pointInTimeRecoveryEnabled: true,
        recoveryPeriodInDays: retentionDays.tableBackups,
      },
      deletionProtection: settings.retainData,
      timeToLiveAttribute: 'expiresAt',
      removalPolicy,
    });
    // A deployed table takes one new index in an update (DynamoDB developer guide, "Managing global secondary indexes"): each version adds one at most.
    for (const [indexName, partition, sort] of [
      ['due', 'dueBucket', 'dueAt'],
      ['heard', 'heardBucket', 'heardAt'],
      ['open', 'openBucket', 'openBy'],
      ['backlog', 'backlogDesk', undefined],
    ] as const) {
      this.table.addGlobalSecondaryIndex({
        indexName,
        partitionKey: { name: partition, type: AttributeType.STRING },
        ...(sort === undefined ? {} : { sortKey: { name: sort, type: AttributeType.STRING } }),
        projectionType: ProjectionType.KEYS_ONLY,
      });
    }

    const queue = { key: this.key, removalPolicy };
    this.intake = new WorkQueue(this, 'Intake', { ...queue, name: `vigie-${stage}-intake`, ...timings.triage.queue });
    this.timers = new WorkQueue(this, 'Timers', { ...queue, name: `vigie-${stage}-timer`, ...timings.timers.queue });
    this.outcomes = new WorkQueue(this, 'Outcomes', {
      ...queue,
      name: `vigie-${stage}-outcome`,
      ...timings.outcomes.queue,
    });
    this.parked = new Queue(this, 'Parked', {
      queueName: `vigie-${stage}-parked`,
      encryption: QueueEncryption.KMS,
      encryptionMasterKey: this.key,
      dataKeyReuse: Duration.hours(1),
      enforceSSL: true,
      retentionPeriod: Duration.days(retentionDays.parked),
      removalPolicy,
    });
    const desks = new Construct(this, 'Desks');
    this.desks = new Map(
      Object.entries(props.desks).map(([desk, { kind }]) => {
        const scope = new Construct(desks, desk);
        const lane = (id: string, lane: 'urgent' | 'standard') =>
          new WorkQueue(scope, id, {
            ...queue,
            name: `vigie-${stage}-${desk}-${lane}`,
            fifo: true,
            visibilityTimeout: Duration.minutes(1),
            maxReceiveCount: 10,
          });
        const lanes = { urgent: lane('Urgent', 'urgent'), standard: lane('Standard', 'standard') };
        if (kind !== 'outsourced') return [desk, lanes];
        const name = `vigie-${stage}-${desk}-outcome`;
        const outcomes = new WorkQueue(scope, 'Outcomes', { ...queue, name, ...timings.outcomes.queue });
        return [desk, { ...lanes, outcomes }];
      }),
    );
    for (const [desk, vendor] of Object.entries(settings.vendors)) this.#letVendorWork(stage, desk, vendor);

    this.secretPrefix = `vigie/${stage}/platform/`;
    const secrets = new Construct(this, 'PlatformSecrets');
    this.secrets = props.platforms.map((platform) => {
      const name = `${this.secretPrefix}${platform}`;
      return new Secret(secrets, platform, {
        secretName: name,
        description: `Fill: aws secretsmanager put-secret-value --secret-id ${name} --secret-string '{"secrets":["..."]}'`,
        // Verifies nothing until it is filled; a later deployment leaves what was filled in alone.
        secretStringValue: SecretValue.unsafePlainText('{"secrets":[]}'),
        encryptionKey: this.key,
        removalPolicy,
      });
    });
    this.apiTokensName = `vigie/${stage}/api-tokens`;
    this.apiTokens = new Secret(secrets, 'api-tokens', {
      secretName: this.apiTokensName,
      description: 'Tokens of the platforms\' APIs, as docs/platforms.md says under "Words that are fetched"',
      secretStringValue: SecretValue.unsafePlainText('{}'),
      encryptionKey: this.key,
      removalPolicy,
    });

    // Vendors name it in the policy of their own role.
    new CfnOutput(this, 'KeyArn', { value: this.key.keyArn });
    new CfnOutput(this, 'TableName', { value: this.table.tableName });
    new CfnOutput(this, 'OutcomeQueueUrl', { value: this.outcomes.queue.queueUrl });
    new CfnOutput(this, 'ParkedQueueUrl', { value: this.parked.queueUrl });
    for (const [desk, { urgent, standard, outcomes }] of this.desks) {
      new CfnOutput(this, `${pascalCase(desk)}UrgentQueueUrl`, { value: urgent.queue.queueUrl });
      new CfnOutput(this, `${pascalCase(desk)}StandardQueueUrl`, { value: standard.queue.queueUrl });
      if (outcomes !== undefined) {
        new CfnOutput(this, `${pascalCase(desk)}OutcomeQueueUrl`, { value: outcomes.queue.queueUrl });
      }
    }
  }

  /**
   * Lets one role of another account work its desk's two queues and report on its outcome queue, and nothing else
   * (SQS developer guide, "Key management": a consumer needs Decrypt, a producer GenerateDataKey and Decrypt).
   */
  #letVendorWork(stage: string, desk: string, vendor: Settings['vendors'][string]): void {
    const queues = this.desks.get(desk);
    if (queues?.outcomes === undefined) throw new Error(`no queues for outsourced desk ${desk}`);
    // The account, not the role, is the principal: a role that was deleted and made again keeps its access.
    const principals = [new AccountPrincipal(vendor.account)];
    const itsRole = { ArnEquals: { 'aws:PrincipalArn': vendor.role } };

    for (const { queue } of [queues.urgent, queues.standard]) {
      queue.addToResourcePolicy(
        new PolicyStatement({
          principals,
          actions: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility', 'sqs:GetQueueAttributes'],
          resources: [queue.queueArn],
          conditions: itsRole,
        }),
      );
    }
    queues.outcomes.queue.addToResourcePolicy(
      new PolicyStatement({
        principals,
        actions: ['sqs:SendMessage'],
        resources: [queues.outcomes.queue.queueArn],
        conditions: itsRole,
      }),
    );

    // Spelled out instead of read from the queues, which already depend on the key.
    const arnOf = (resource: string) =>
      this.formatArn({ service: 'sqs', resource, arnFormat: ArnFormat.NO_RESOURCE_NAME });
    const forMessagesOf = (...names: string[]) => ({
      ...itsRole,
      StringEquals: {
        'kms:ViaService': `sqs.${this.region}.amazonaws.com`,
        'kms:EncryptionContext:aws:sqs:arn': names.map(arnOf),
      },
    });
    this.key.addToResourcePolicy(
      new PolicyStatement({
        principals,
        actions: ['kms:Decrypt'],
        resources: ['*'],
        conditions: forMessagesOf(`vigie-${stage}-${desk}-urgent.fifo`, `vigie-${stage}-${desk}-standard.fifo`),
      }),
    );
    this.key.addToResourcePolicy(
      new PolicyStatement({
        principals,
        actions: ['kms:GenerateDataKey', 'kms:Decrypt'],
        resources: ['*'],
        conditions: forMessagesOf(`vigie-${stage}-${desk}-outcome`),
      }),
    );
  }
}

/** A desk's name as it is written in the names of outputs. */
export function pascalCase(name: string): string {
  return name
    .split('_')
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('');
}
