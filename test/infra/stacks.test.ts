import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import * as pollAccounts from '../../functions/poll-accounts/env.ts';
import * as receiveWebhook from '../../functions/receive-webhook/env.ts';
import * as serveConsole from '../../functions/serve-console/env.ts';
import * as sweepTimers from '../../functions/sweep-timers/env.ts';
import * as triageMessages from '../../functions/triage-messages/env.ts';
import { functionNames } from '../../infra/pipeline-stack.ts';
import { ConfigurationError } from '../../infra/settings.ts';
import { caseEnvironmentSchema } from '../../shared/runtime/case-environment.ts';
import {
  deploy,
  fullSettingsText,
  type Resource,
  settingsText,
  statementsSchema,
  vendorSettingsText,
} from './deployment.ts';

const deployed = deploy(vendorSettingsText);
const { resources, nameOf } = deployed;
const full = deploy(fullSettingsText);
const record = z.record(z.string(), z.unknown());

function text(resource: Resource, property: string): string {
  return z.string().parse(nameOf(resource.Properties[property]));
}

function number(resource: Resource, property: string): number {
  return z.number().parse(resource.Properties[property]);
}

describe('what holds data', () => {
  it('keeps its logical ids: a changed one means a new, empty resource', () => {
    const { Resources } = deployed.templates.data;
    const stateful = ['AWS::KMS::Key', 'AWS::DynamoDB::Table', 'AWS::SQS::Queue', 'AWS::SecretsManager::Secret'];
    expect(Object.keys(Resources).filter((id) => stateful.includes(Resources[id]?.Type ?? ''))).toEqual([
      'Key961B73FD',
      'Cases80582F3E',
      'IntakeDeadLettersA15864BB',
      'IntakeQueue6FB53B87',
      'TimersDeadLettersBB155020',
      'TimersQueue10AEBBE9',
      'OutcomesDeadLetters297FD6F6',
      'OutcomesQueue0A989C3B',
      'Parked6D7C062F',
      'DesksinhouseUrgentDeadLettersE467B28C',
      'DesksinhouseUrgentQueue9788DEE2',
      'DesksinhouseStandardDeadLetters35428A15',
      'DesksinhouseStandardQueue55F06056',
      'DesksvendornorthUrgentDeadLetters162BC328',
      'DesksvendornorthUrgentQueue3F95ADA7',
      'DesksvendornorthStandardDeadLettersABF79BB6',
      'DesksvendornorthStandardQueueF89C5A45',
      'DesksvendornorthOutcomesDeadLetters75AEDA69',
      'DesksvendornorthOutcomesQueue11628D34',
      'DesksvendorsouthUrgentDeadLetters1555D0DF',
      'DesksvendorsouthUrgentQueueA7F59581',
      'DesksvendorsouthStandardDeadLettersA3690F5F',
      'DesksvendorsouthStandardQueueA5E95446',
      'DesksvendorsouthOutcomesDeadLetters7E6BD20E',
      'DesksvendorsouthOutcomesQueueB0696377',
      'PlatformSecretsalpha0F2D4833',
      'PlatformSecretsbeta560E5295',
      'PlatformSecretsapitokensA4A0A2E8',
    ]);
  });

  it('stands in the stack that is made for it', () => {
    const elsewhere = [deployed.templates.pipeline, deployed.templates.operations].flatMap(({ Resources }) =>
      Object.values(Resources).map(({ Type }) => Type),
    );
    expect(elsewhere.filter((type) => /DynamoDB|SQS::Queue$|KMS|Secrets/.test(type))).toEqual([]);
  });

  const kept = ['AWS::KMS::Key', 'AWS::DynamoDB::Table', 'AWS::SQS::Queue', 'AWS::SecretsManager::Secret'];

  it('outlives its stack and refuses to be deleted where the settings say so', () => {
    for (const resource of kept.flatMap(resources)) {
      expect(resource).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    }
    expect(resources('AWS::DynamoDB::Table')[0]?.Properties).toMatchObject({ DeletionProtectionEnabled: true });
    expect(deployed.stacks.data.terminationProtection).toBe(true);
  });

  it('goes with its stack where the settings say so', () => {
    const passing = deploy(settingsText.replace('retainData: true', 'retainData: false'));
    for (const resource of [...kept, 'AWS::Logs::LogGroup'].flatMap(passing.resources)) {
      expect(resource.DeletionPolicy).toBe('Delete');
    }
    expect(passing.resources('AWS::DynamoDB::Table')[0]?.Properties).toMatchObject({
      DeletionProtectionEnabled: false,
    });
    expect(passing.stacks.data.terminationProtection).toBe(false);
  });
});

it('things are kept for as long as docs/operations.md says', () => {
  const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'operations.md'), 'utf8');
  const said = [...page.matchAll(/^\| ([^|]+) \| (\d+) \| `infra\/retention\.ts` \|$/gm)].map(([, what, days]) => [
    what,
    Number(days),
  ]);
  const daysOf = (end: string) => [
    ...new Set(
      resources('AWS::SQS::Queue')
        .filter((each) => text(each, 'QueueName').replace('.fifo', '').endsWith(end))
        .map((each) => number(each, 'MessageRetentionPeriod') / 86_400),
    ),
  ];
  expect(Object.fromEntries(said)).toEqual({
    'backups of the table, to any second': 7,
    'messages in queues': daysOf('-standard')[0],
    'dead letters': daysOf('-dlq')[0],
    'parked records': daysOf('-parked')[0],
  });
  expect([daysOf('-dlq'), daysOf('-urgent'), daysOf('-intake')].map(({ length }) => length)).toEqual([1, 1, 1]);
});

describe('the case table', () => {
  const [table] = resources('AWS::DynamoDB::Table');

  it('has the keys and the sparse indexes that the store works with', () => {
    expect(table?.Properties).toMatchObject({
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      GlobalSecondaryIndexes: [
        ['due', 'dueBucket', 'dueAt'],
        ['heard', 'heardBucket', 'heardAt'],
        ['open', 'openBucket', 'openBy'],
        ['backlog', 'backlogDesk'],
      ].map(([name, bucket, sort]) => ({
        IndexName: name,
        KeySchema: [
          { AttributeName: bucket, KeyType: 'HASH' },
          ...(sort === undefined ? [] : [{ AttributeName: sort, KeyType: 'RANGE' }]),
        ],
        Projection: { ProjectionType: 'KEYS_ONLY' },
      })),
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
    });
  });

  it('can be brought back to any second of the last week', () => {
    expect(table?.Properties).toMatchObject({
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 7 },
    });
  });

  it('is encrypted with our own key', () => {
    expect(nameOf(table?.Properties['SSESpecification'])).toMatchObject({
      SSEEnabled: true,
      SSEType: 'KMS',
      KMSMasterKeyId: '<Key961B73FD.Arn>',
    });
    expect(resources('AWS::KMS::Key')[0]?.Properties).toMatchObject({ EnableKeyRotation: true });
  });
});

describe('every queue', () => {
  const queues = resources('AWS::SQS::Queue');
  const byArn = new Map(queues.map((queue) => [`<${queue.logicalId}.Arn>`, queue]));
  const redriveSchema = z.object({ deadLetterTargetArn: z.string(), maxReceiveCount: z.number() });
  const deadLettersOf = (queue: Resource) => {
    const redrive = redriveSchema.safeParse(nameOf(queue.Properties['RedrivePolicy'])).data;
    return redrive === undefined ? undefined : { ...redrive, queue: byArn.get(redrive.deadLetterTargetArn) };
  };

  it('has a dead-letter queue of its own, or is one, or is where records are parked', () => {
    const working = queues.filter((queue) => !/-dlq|-parked$/.test(text(queue, 'QueueName').replace('.fifo', '')));
    const targets = working.map((queue) => {
      const deadLetters = deadLettersOf(queue);
      expect(deadLetters?.maxReceiveCount, text(queue, 'QueueName')).toBeGreaterThanOrEqual(5);
      return deadLetters?.queue === undefined ? 'none' : text(deadLetters.queue, 'QueueName');
    });
    expect(targets).toEqual(working.map((queue) => text(queue, 'QueueName').replace(/(\.fifo)?$/, '-dlq$1')));
    expect(new Set(targets).size).toBe(targets.length);
  });

  it('keeps dead letters longer than the queue they come from: their age runs on', () => {
    for (const queue of queues) {
      const deadLetters = deadLettersOf(queue)?.queue;
      if (deadLetters === undefined) continue;
      expect(number(deadLetters, 'MessageRetentionPeriod')).toBeGreaterThan(number(queue, 'MessageRetentionPeriod'));
    }
  });

  it('is encrypted with our own key', () => {
    for (const queue of queues) expect(text(queue, 'KmsMasterKeyId')).toBe('<Key961B73FD.Arn>');
  });

  it('is closed to everyone who does not come by TLS, like every topic', () => {
    const guarded = ['AWS::SQS::QueuePolicy', 'AWS::SNS::TopicPolicy'].flatMap(resources).flatMap((policy) => {
      const closed = statementsSchema
        .parse(nameOf(policy.Properties['PolicyDocument']))
        .some(
          ({ Effect, Action, Principal, Condition }) =>
            Effect === 'Deny' &&
            /^(sqs:\*|sns:Publish)$/.test(Action.join()) &&
            ['"*"', '{"AWS":"*"}'].includes(JSON.stringify(Principal)) &&
            JSON.stringify(Condition) === '{"Bool":{"aws:SecureTransport":"false"}}',
        );
      return closed
        ? z.array(z.string()).parse(nameOf(policy.Properties['Queues'] ?? policy.Properties['Topics']))
        : [];
    });
    const all = ['AWS::SQS::Queue', 'AWS::SNS::Topic'].flatMap(resources);
    expect(guarded.sort()).toEqual(all.map(({ logicalId }) => `<${logicalId}>`).sort());
  });

  it.each(['in_house', 'vendor_north', 'vendor_south'])(
    'of desk %s keeps the order of a case and lets many cases by',
    (desk) => {
      for (const lane of ['urgent', 'standard']) {
        const queue = queues.find((candidate) => text(candidate, 'QueueName') === `vigie-test-${desk}-${lane}.fifo`);
        expect(queue?.Properties).toMatchObject({
          FifoQueue: true,
          ContentBasedDeduplication: false,
          DeduplicationScope: 'messageGroup',
          FifoThroughputLimit: 'perMessageGroupId',
          ReceiveMessageWaitTimeSeconds: 20,
        });
      }
    },
  );
});

it('every topic is encrypted with our own key', () => {
  for (const topic of resources('AWS::SNS::Topic')) expect(text(topic, 'KmsMasterKeyId')).toBe('<Key961B73FD.Arn>');
});

it('every log is kept for as long as the settings say', () => {
  const logs = resources('AWS::Logs::LogGroup');
  expect(logs).toHaveLength(functionNames.length + 1);
  for (const log of logs) expect(log).toMatchObject({ Properties: { RetentionInDays: 30 }, DeletionPolicy: 'Retain' });
});

it('every platform has a secret with a placeholder that verifies nothing, and is told how to fill it', () => {
  const secrets = resources('AWS::SecretsManager::Secret').map(({ Properties }) => Properties);
  expect(secrets.filter(({ Name }) => Name !== 'vigie/test/api-tokens')).toMatchObject(
    ['alpha', 'beta'].map((platform) => ({
      Name: `vigie/test/platform/${platform}`,
      SecretString: '{"secrets":[]}',
      Description: expect.stringContaining(`put-secret-value --secret-id vigie/test/platform/${platform} `),
    })),
  );
});

function functionNamed(name: string): Resource {
  const found = resources('AWS::Lambda::Function').find((each) => text(each, 'FunctionName') === `vigie-test-${name}`);
  if (found === undefined) throw new Error(`no function ${name}`);
  return found;
}

describe('the functions', () => {
  it('are these, on Node 24 and arm64, logging what can be searched', () => {
    expect(resources('AWS::Lambda::Function').map((each) => text(each, 'FunctionName'))).toEqual(
      functionNames.map((name) => `vigie-test-${name}`),
    );
    for (const each of resources('AWS::Lambda::Function')) {
      expect(each.Properties).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        Handler: 'index.handler',
        LoggingConfig: { LogFormat: 'JSON' },
      });
    }
  });

  const variablesOf = (name: string) => {
    const { Variables } = z.object({ Variables: record }).parse(nameOf(functionNamed(name).Properties['Environment']));
    // What only AWS can say: a queue's reference is its URL, the API's endpoint an URL too.
    return z
      .record(z.string(), z.string())
      .parse(
        JSON.parse(
          JSON.stringify(Variables).replaceAll(/<(\w+Queue\w+|Parked\w+|\w+\.ApiEndpoint)>/g, 'https://aws.example/$1'),
        ),
      );
  };

  it.each([
    ['receive-webhook', receiveWebhook.environmentSchema],
    ['triage-messages', caseEnvironmentSchema.extend(triageMessages.environmentSchema.shape)],
    ['sweep-timers', sweepTimers.environmentSchema],
    ['fire-timers', caseEnvironmentSchema],
    ['record-outcomes', caseEnvironmentSchema],
    ['serve-console', serveConsole.environmentSchema],
    ['poll-accounts', pollAccounts.environmentSchema],
  ])('%s gets the environment it asks for and nothing else', (name, schema) => {
    const variables = variablesOf(name);
    expect(Object.keys(schema.parse(variables)).sort()).toEqual(Object.keys(variables).sort());
  });

  it('know the two queues of every desk', () => {
    expect(caseEnvironmentSchema.parse(variablesOf('triage-messages')).DESK_QUEUES).toEqual(
      Object.fromEntries(
        ['in_house', 'vendor_north', 'vendor_south'].map((desk) => {
          const id = `Desks${desk.replace('_', '')}`;
          return [
            desk,
            {
              urgent: expect.stringContaining(`${id}UrgentQueue`),
              standard: expect.stringContaining(`${id}StandardQueue`),
            },
          ];
        }),
      ),
    );
  });

  it('know the address that the settings gave the platforms, or else the API by its own', () => {
    expect(variablesOf('receive-webhook')['PUBLIC_BASE_URL']).toMatch(/ApiEndpoint$/);
    const moved = deploy(`${settingsText}publicBaseUrl: https://hooks.example.com\n`);
    const { Variables } = z
      .object({ Variables: record })
      .parse(moved.resources('AWS::Lambda::Function')[0]?.Properties['Environment']);
    expect(Variables['PUBLIC_BASE_URL']).toBe('https://hooks.example.com');
    expect(moved.nameOf(moved.templates.pipeline.Outputs['WebhookUrl']?.Value)).toBe(
      'https://hooks.example.com/webhooks/',
    );
  });
});

describe('least privilege', () => {
  const grantsOf = (name: string) => {
    const role = /^<(\w+)\.Arn>$/.exec(text(functionNamed(name), 'Role'))?.[1];
    const { Policies, ManagedPolicyArns } = z
      .object({
        Policies: z.array(z.object({ PolicyDocument: statementsSchema })),
        ManagedPolicyArns: z.unknown().optional(),
      })
      .parse(nameOf(resources('AWS::IAM::Role').find(({ logicalId }) => logicalId === role)?.Properties));
    expect(ManagedPolicyArns).toBeUndefined();
    return Policies.flatMap(({ PolicyDocument }) => PolicyDocument);
  };
  /** `action → resources`, without the hash of a logical id and without log and key, which are every function's. */
  const callsOf = (name: string) => {
    const calls = grantsOf(name).flatMap(({ Action, Resource }) =>
      Action.filter((action) => !/^(logs|kms):/.test(action)).flatMap((action) =>
        Resource.map((arn) => ({ action, resource: arn.replace(/^<(\w+?)[0-9A-F]{8}(\.Arn)?>/, '$1') })),
      ),
    );
    return Object.fromEntries(
      [...Map.groupBy(calls, ({ action }) => action)].map(([action, ofOne]) => [
        action,
        ofOne.map(({ resource }) => resource).sort(),
      ]),
    );
  };

  const desks = ['inhouse', 'vendornorth', 'vendorsouth'].flatMap((desk) => [
    `Desks${desk}StandardQueue`,
    `Desks${desk}UrgentQueue`,
  ]);
  const outcomes = ['DesksvendornorthOutcomesQueue', 'DesksvendorsouthOutcomesQueue', 'OutcomesQueue'];
  const consumes = (...queues: string[]) => ({
    'sqs:ReceiveMessage': queues,
    'sqs:DeleteMessage': queues,
    'sqs:GetQueueAttributes': queues,
    'sqs:ChangeMessageVisibility': queues,
  });
  const configuration = ['PoliciesApplication', 'PoliciesEnvironment', 'PoliciesProfile'].map(
    (prefix) => Object.keys(deployed.templates.pipeline.Resources).find((id) => id.startsWith(prefix)) ?? prefix,
  );
  const readsPolicy = Object.fromEntries(
    ['StartConfigurationSession', 'GetLatestConfiguration'].map((call) => [
      `appconfig:${call}`,
      [
        `arn:<AWS::Partition>:appconfig:<AWS::Region>:<AWS::AccountId>:application/<${configuration[0]}>/environment/<${configuration[1]}>/configuration/<${configuration[2]}>`,
      ],
    ]),
  );
  const changesCases = {
    'dynamodb:BatchGetItem': ['Cases'],
    'dynamodb:PutItem': ['Cases'],
    'sqs:SendMessage': [...desks, 'Parked', 'TimersQueue'],
    ...readsPolicy,
  };
  const notesRecords = { 'dynamodb:UpdateItem': ['Cases'] };
  const followsUp = {
    ...notesRecords,
    'dynamodb:BatchWriteItem': ['Cases'],
    'dynamodb:Query': ['Cases', 'Cases/index/backlog'],
    'dynamodb:DeleteItem': ['Cases'],
    'dynamodb:ConditionCheckItem': ['Cases'],
  };

  it.each([
    [
      'receive-webhook',
      {
        'sqs:SendMessage': ['IntakeQueue'],
        'secretsmanager:GetSecretValue': ['PlatformSecretsalpha', 'PlatformSecretsbeta'],
      },
    ],
    [
      'triage-messages',
      {
        ...consumes('IntakeQueue'),
        ...changesCases,
        ...followsUp,
        'comprehend:BatchDetectSentiment': ['*'],
        'comprehend:ContainsPiiEntities': ['*'],
        'comprehend:DetectPiiEntities': ['*'],
        'comprehend:DetectToxicContent': ['*'],
        'secretsmanager:GetSecretValue': ['PlatformSecretsapitokens'],
      },
    ],
    [
      'sweep-timers',
      {
        'dynamodb:BatchGetItem': ['Cases'],
        'dynamodb:PutItem': ['Cases'],
        'dynamodb:BatchWriteItem': ['Cases'],
        'dynamodb:Query': ['Cases', 'Cases/index/due'],
        'sns:Publish': ['Escalations'],
        'sqs:SendMessage': ['TimersQueue'],
      },
    ],
    [
      'fire-timers',
      {
        ...consumes('TimersQueue'),
        ...changesCases,
        'dynamodb:BatchWriteItem': ['Cases'],
        ...notesRecords,
        'dynamodb:Query': ['Cases/index/backlog'],
        'sns:Publish': ['Escalations'],
      },
    ],
    ['record-outcomes', { ...consumes(...outcomes), ...changesCases, ...notesRecords }],
    [
      'poll-accounts',
      {
        'dynamodb:BatchGetItem': ['Cases'],
        'dynamodb:BatchWriteItem': ['Cases'],
        'dynamodb:Query': ['Cases/index/heard'],
        'dynamodb:UpdateItem': ['Cases'],
        'secretsmanager:GetSecretValue': ['PlatformSecretsapitokens'],
        'sqs:SendMessage': ['IntakeQueue'],
        ...readsPolicy,
      },
    ],
    [
      'serve-console',
      {
        ...changesCases,
        'dynamodb:Query': ['Cases', 'Cases/index/heard', 'Cases/index/open'],
        'sqs:GetQueueAttributes': [...desks, ...outcomes, 'IntakeQueue', 'Parked', 'TimersQueue'].sort(),
        'comprehend:BatchDetectSentiment': ['*'],
      },
    ],
  ])('%s may make exactly the calls it makes', (name, expected) => {
    expect(callsOf(name)).toEqual(expected);
  });

  it('poll-accounts, which reads what strangers send, sees nothing of the table but its accounts', () => {
    const onTable = grantsOf('poll-accounts').filter(({ Resource }) => /^<Cases\w+\.Arn>$/.test(Resource.join()));
    expect(onTable.map(({ Action, Condition }) => [Action, Condition])).toEqual([
      [['dynamodb:UpdateItem'], { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['poll'] } }],
      [
        ['dynamodb:BatchGetItem', 'dynamodb:BatchWriteItem'],
        { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['account'] } },
      ],
    ]);
  });

  it('every function uses the key through the services it calls only', () => {
    for (const name of functionNames) {
      const services = new Set(Object.keys(callsOf(name)).map((action) => action.split(':')[0]));
      for (const keyless of ['comprehend', 'appconfig']) services.delete(keyless);
      const [use, ...more] = grantsOf(name).filter(({ Action }) => Action.some((action) => action.startsWith('kms:')));
      expect(more).toEqual([]);
      expect(use?.Resource).toEqual(['<Key961B73FD.Arn>']);
      const { 'kms:ViaService': via } = z
        .object({ StringEquals: z.object({ 'kms:ViaService': z.union([z.string(), z.array(z.string())]) }) })
        .parse(use?.Condition).StringEquals;
      expect([via].flat().sort()).toEqual(
        [...services].map((service) => `${service}.<AWS::Region>.amazonaws.com`).sort(),
      );
    }
  });

  it('only triage may ask the classifier that the settings name, and no other', () => {
    const classifier = 'arn:aws:comprehend:eu-west-1:111111111111:document-classifier-endpoint/matters';
    const asking = deploy(`${settingsText}classifierEndpoint: ${classifier}\n`);
    const statements = asking
      .resources('AWS::IAM::Role')
      .filter(({ Properties }) => JSON.stringify(Properties).includes('comprehend:ClassifyDocument'));
    expect(statements.map(({ logicalId }) => logicalId.replace(/[0-9A-F]{8}$/, ''))).toEqual(['TriageMessagesRole']);
    expect(JSON.stringify(statements[0]?.Properties)).toContain(
      `{"Action":"comprehend:ClassifyDocument","Effect":"Allow","Resource":"${classifier}"}`,
    );
  });

  it('no role has a wildcard, but for Comprehend, whose models are no resources, and for listing alarms', () => {
    const wild = resources('AWS::IAM::Role').flatMap(({ Properties }) =>
      z
        .array(z.object({ PolicyDocument: statementsSchema }))
        .parse(nameOf(Properties['Policies'] ?? []))
        .flatMap(({ PolicyDocument }) => PolicyDocument)
        .flatMap(({ Action, Resource }) => ([...Action, ...Resource].some((part) => part.includes('*')) ? Action : [])),
    );
    expect([...new Set(wild)].sort()).toEqual([
      'cloudwatch:DescribeAlarms',
      'comprehend:BatchDetectSentiment',
      'comprehend:ContainsPiiEntities',
      'comprehend:DetectPiiEntities',
      'comprehend:DetectToxicContent',
    ]);
    expect([...resources('AWS::IAM::Policy'), ...resources('AWS::IAM::ManagedPolicy')]).toEqual([]);
  });

  it('the schedules may start the sweeper and the poll and belong to this account', () => {
    const role = resources('AWS::IAM::Role').find(({ logicalId }) => logicalId.startsWith('SchedulerRole'));
    expect(nameOf(role?.Properties)).toMatchObject({
      AssumeRolePolicyDocument: {
        Statement: [{ Condition: { StringEquals: { 'aws:SourceAccount': '<AWS::AccountId>' } } }],
      },
      Policies: [
        {
          PolicyDocument: {
            Statement: [
              {
                Action: 'lambda:InvokeFunction',
                Resource: [
                  expect.stringMatching(/^<PollAccountsFunction\w+\.Arn>$/),
                  expect.stringMatching(/^<SweepTimersFunction\w+\.Arn>$/),
                ],
              },
            ],
          },
        },
      ],
    });
  });
});

describe('what sets the functions going', () => {
  const arnOf = (name: string) => `<${functionNamed(name).logicalId}>`;

  const routesOf = (text: string) =>
    Object.fromEntries(
      deploy(text)
        .resources('AWS::ApiGatewayV2::Route')
        .map(({ Properties }) => [String(Properties['RouteKey']), String(Properties['AuthorizationType'])]),
    );

  it('are the routes of webhooks and of the console, whose API lets nobody in unknown', () => {
    const open = {
      'GET /webhooks/{platform}': 'NONE',
      'GET /webhooks/{platform}/{account}': 'NONE',
      'POST /webhooks/{platform}': 'NONE',
      'POST /webhooks/{platform}/{account}': 'NONE',
      'GET /': 'NONE',
      'GET /console/{file}': 'NONE',
    };
    const guarded = (how: string) => ({ ...open, 'GET /api/{call+}': how, 'POST /api/{call+}': how });
    expect(routesOf(settingsText)).toEqual(guarded('AWS_IAM'));
    expect(
      routesOf(`${settingsText}\nconsole: { issuer: 'https://login.example.com', clientId: 'vigie-console' }`),
    ).toEqual(guarded('JWT'));
    expect(resources('AWS::ApiGatewayV2::Integration').map((each) => nameOf(each.Properties))).toMatchObject([
      { PayloadFormatVersion: '2.0', IntegrationUri: `<${functionNamed('receive-webhook').logicalId}.Arn>` },
      { PayloadFormatVersion: '2.0', IntegrationUri: `<${functionNamed('serve-console').logicalId}.Arn>` },
    ]);
  });

  it('has a limit, and an access log without query, headers or address', () => {
    const [stage] = resources('AWS::ApiGatewayV2::Stage');
    expect(stage?.Properties).toMatchObject({
      DefaultRouteSettings: { ThrottlingRateLimit: 500, ThrottlingBurstLimit: 1000 },
    });
    const { Format } = z.object({ Format: z.string() }).parse(nameOf(stage?.Properties['AccessLogSettings']));
    expect(Format).not.toMatch(/\$context\.(path|identity|requestOverride|authorizer)|querystring|header/i);
  });

  it.each([
    ['triage-messages', 'IntakeQueue'],
    ['fire-timers', 'TimersQueue'],
    ['record-outcomes', 'OutcomesQueue'],
  ])('%s empties its queue in batches, each record with its own fate, and never twice at a time', (name, queueId) => {
    const [mapping, ...more] = resources('AWS::Lambda::EventSourceMapping').filter(
      (each) => text(each, 'FunctionName') === arnOf(name),
    );
    if (mapping === undefined) throw new Error('no mapping');
    // An outsourced desk's own queue is emptied as the shared one is.
    const alike = ({ Properties: { EventSourceArn: _, ...rest } }: Resource) => rest;
    for (const other of more) expect(alike(other)).toEqual(alike(mapping));
    expect(more).toHaveLength(name === 'record-outcomes' ? 2 : 0);
    expect(mapping.Properties).toMatchObject({
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: expect.any(Number) },
    });
    const queue = resources('AWS::SQS::Queue').find(
      ({ logicalId }) => `<${logicalId}.Arn>` === text(mapping, 'EventSourceArn'),
    );
    if (queue === undefined) throw new Error('no queue');
    expect(queue.logicalId).toMatch(queueId);

    const window = z.number().default(0).parse(mapping.Properties['MaximumBatchingWindowInSeconds']);
    expect(number(queue, 'VisibilityTimeout')).toBeGreaterThanOrEqual(
      6 * number(functionNamed(name), 'Timeout') + window,
    );
    // More than ten records a batch are taken only with a window.
    expect(number(mapping, 'BatchSize')).toBeLessThanOrEqual(window > 0 ? 10_000 : 10);
  });

  it('is a schedule that sweeps every minute, to the second, and one that polls', () => {
    expect(resources('AWS::Scheduler::Schedule').map(({ Properties }) => nameOf(Properties))).toMatchObject([
      {
        ScheduleExpression: 'rate(1 minute)',
        FlexibleTimeWindow: { Mode: 'OFF' },
        Target: { Arn: `<${functionNamed('sweep-timers').logicalId}.Arn>` },
      },
      {
        ScheduleExpression: 'rate(5 minutes)',
        Target: { Arn: `<${functionNamed('poll-accounts').logicalId}.Arn>` },
      },
    ]);
  });
});

describe('a vendor in another account', () => {
  const outsiders = ['AWS::SQS::QueuePolicy', 'AWS::KMS::Key'].flatMap(resources).flatMap((resource) => {
    const document = resource.Properties['PolicyDocument'] ?? resource.Properties['KeyPolicy'];
    return statementsSchema
      .parse(nameOf(document))
      .filter(({ Effect, Principal }) => Effect === 'Allow' && JSON.stringify(Principal).includes('::222222222222:'));
  });
  const own = { ArnEquals: { 'aws:PrincipalArn': 'arn:aws:iam::222222222222:role/consumer' } };
  const consume = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility', 'sqs:GetQueueAttributes'];
  const viaQueues = (...names: string[]) => ({
    ...own,
    StringEquals: {
      'kms:ViaService': 'sqs.<AWS::Region>.amazonaws.com',
      'kms:EncryptionContext:aws:sqs:arn': names.map(
        (name) => `arn:<AWS::Partition>:sqs:<AWS::Region>:<AWS::AccountId>:${name}`,
      ),
    },
  });
  const short = ({ Action, Resource, Condition }: (typeof outsiders)[number]) => ({
    may: [...Action].sort(),
    on: Resource.map((arn) => arn.replace(/^<(\w+?)[0-9A-F]{8}\.Arn>/, '$1')),
    when: Condition,
  });

  it('may work its two queues, report outcomes, and use the key for just that', () => {
    expect(outsiders.map(short)).toEqual([
      { may: [...consume].sort(), on: ['DesksvendornorthUrgentQueue'], when: own },
      { may: [...consume].sort(), on: ['DesksvendornorthStandardQueue'], when: own },
      { may: ['sqs:SendMessage'], on: ['DesksvendornorthOutcomesQueue'], when: own },
      {
        may: ['kms:Decrypt'],
        on: ['*'],
        when: viaQueues('vigie-test-vendor_north-urgent.fifo', 'vigie-test-vendor_north-standard.fifo'),
      },
      {
        may: ['kms:Decrypt', 'kms:GenerateDataKey'],
        on: ['*'],
        when: viaQueues('vigie-test-vendor_north-outcome'),
      },
    ]);
  });

  it('is named in the settings or does not exist', () => {
    const alone = deploy();
    const documents = JSON.stringify(alone.templates.data.Resources);
    expect(documents).not.toMatch(/arn:aws:iam::\d{12}/);
    expect(documents).not.toContain('aws:PrincipalArn');
  });

  it('that no desk of the policy belongs to is refused by name', () => {
    const misspelt = vendorSettingsText.replace('vendor_south', 'vendor_sued');
    expect(() => deploy(misspelt)).toThrow(ConfigurationError);
    expect(() => deploy(misspelt)).toThrow(
      'vendors.vendor_sued: write an outsourced desk; the policy has vendor_north, vendor_south',
    );
    expect(() => deploy(vendorSettingsText.replace('vendor_south', 'in_house'))).toThrow('vendors.in_house');
  });
});

describe('the desks of the policy', () => {
  const outsourced = (names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, { kind: 'outsourced', title: name } as const]));
  const numbered = (count: number) =>
    outsourced(Array.from({ length: count }, (_, index) => `vendor_team_${index + 10}`));

  it('may be as many as a function can be told of', () => {
    const many = deploy(settingsText, { desks: numbered(12) });
    const bytes = many.resources('AWS::Lambda::Function').map(({ Properties }) => {
      const { Variables } = z.object({ Variables: record }).parse(many.nameOf(Properties['Environment']));
      // What AWS fills in: a queue's reference is its address, a topic's its ARN, the table's a generated name.
      const filled = Object.entries(Variables).map(([name, value]) => [
        name,
        String(value)
          .replaceAll(
            /<Desks(\w+?)(Urgent|Standard)Queue\w+>/g,
            (_, desk, lane) =>
              `https://sqs.ap-northeast-1.amazonaws.com/111111111111/vigie-test-__${desk}-${lane}.fifo`,
          )
          .replaceAll(/<\w+>/g, 'x'.repeat(90)),
      ]);
      return JSON.stringify(Object.fromEntries(filled)).length;
    });
    expect(Math.max(...bytes)).toBeGreaterThan(3000);
    expect(Math.max(...bytes)).toBeLessThan(4096);
  });

  it('are refused with the reason when they are more', () => {
    expect(() => deploy(settingsText, { desks: numbered(40) })).toThrow(ConfigurationError);
    expect(() => deploy(settingsText, { desks: numbered(40) })).toThrow(
      /the 40 desks' queues take \d+ of the 4096 bytes .*: shorten the names/,
    );
  });

  it('are refused when two could not be told apart', () => {
    expect(() => deploy(settingsText, { desks: outsourced(['team_a', 'team__a']) })).toThrow(
      'team_a and team__a would have the same output TeamAUrgentQueueUrl: rename one',
    );
  });
});

describe('the policy', () => {
  const one = (type: string): Resource => {
    const [found, ...more] = resources(type);
    if (found === undefined || more.length > 0) throw new Error(`not one ${type}`);
    return found;
  };

  it('is rolled out step by step, watched, and taken back by an alarm on the functions that decide by it', () => {
    expect(one('AWS::AppConfig::DeploymentStrategy').Properties).toMatchObject({
      GrowthType: 'LINEAR',
      GrowthFactor: 20,
      DeploymentDurationInMinutes: 10,
      FinalBakeTimeInMinutes: 10,
    });
    const alarm = resources('AWS::CloudWatch::Alarm').find((each) => text(each, 'AlarmName').endsWith('policy-harms'));
    expect(nameOf(one('AWS::AppConfig::Environment').Properties['Monitors'])).toEqual([
      { AlarmArn: `<${alarm?.logicalId}.Arn>`, AlarmRoleArn: expect.stringMatching(/^<PoliciesMonitorRole\w+\.Arn>$/) },
    ]);
    expect(JSON.stringify(alarm?.Properties['Metrics'])).toMatch(
      /PolicyRefused.*vigie-test-triage-messages.*vigie-test-fire-timers.*vigie-test-record-outcomes/,
    );
  });

  it('keeps the versions before, to go back to', () => {
    expect(one('AWS::AppConfig::HostedConfigurationVersion')).toMatchObject({
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
    });
  });

  it('is checked by AppConfig too, with a schema that AppConfig takes', () => {
    const [validator] = z
      .array(z.object({ Type: z.literal('JSON_SCHEMA'), Content: z.string().max(32_768) }))
      .parse(one('AWS::AppConfig::ConfigurationProfile').Properties['Validators']);
    const schema = record.parse(JSON.parse(validator?.Content ?? ''));
    expect(schema['$schema']).toBe('http://json-schema.org/draft-04/schema#');
    expect(schema['required']).toEqual(expect.arrayContaining(['version', 'desks', 'routing', 'lexicons']));
    // Words of later drafts, which draft 4 does not know.
    expect(validator?.Content).not.toMatch(/"(const|\$defs|propertyNames|contains|if)":/);
  });

  it('that would not fit into a template is refused with its size', () => {
    const desks = { in_house: { kind: 'in_house', title: 'x'.repeat(1_000_000) } } as const;
    expect(() => deploy(settingsText, { desks })).toThrow(ConfigurationError);
    expect(() => deploy(settingsText, { desks })).toThrow(/compiled it takes 1005\d+ of the 1000000 bytes/);
  });
});

describe('whoever operates it', () => {
  it('finds the addresses that people and scripts need in the outputs', () => {
    expect(Object.keys(deployed.templates.data.Outputs).filter((name) => !name.startsWith('Exports'))).toEqual([
      'KeyArn',
      'TableName',
      'OutcomeQueueUrl',
      'ParkedQueueUrl',
      'InHouseUrgentQueueUrl',
      'InHouseStandardQueueUrl',
      'VendorNorthUrgentQueueUrl',
      'VendorNorthStandardQueueUrl',
      'VendorNorthOutcomeQueueUrl',
      'VendorSouthUrgentQueueUrl',
      'VendorSouthStandardQueueUrl',
      'VendorSouthOutcomeQueueUrl',
    ]);
    const { Outputs } = deployed.templates.pipeline;
    expect(Object.keys(Outputs).filter((name) => !name.startsWith('Exports'))).toEqual([
      'WebhookUrl',
      'ConsoleUrl',
      'EscalationTopicArn',
    ]);
  });

  const alarms = resources('AWS::CloudWatch::Alarm');

  it('is told by every alarm who is hurt and where to read on, and that it is over', () => {
    expect(alarms.length).toBeGreaterThan(20);
    for (const alarm of alarms) {
      expect(text(alarm, 'AlarmDescription')).toMatch(/^\w.{20,}\. Runbook: docs\/runbook\.md#[a-z-]+$/);
      // Not for people, who are told by policy-refused and function-fails: it takes a policy's rollout back.
      if (text(alarm, 'AlarmName') === 'vigie-test-policy-harms') continue;
      expect(nameOf(alarm.Properties['AlarmActions'])).toEqual([expect.stringContaining('AlarmTopic')]);
      expect(nameOf(alarm.Properties['OKActions'])).toEqual([expect.stringContaining('AlarmTopic')]);
    }
  });

  it('counts in the logs whatever alarms and the dashboard read of our own metrics', () => {
    const made = new Set(
      resources('AWS::Logs::MetricFilter')
        .flatMap(({ Properties }) =>
          z.array(z.object({ MetricName: z.string() })).parse(Properties['MetricTransformations']),
        )
        .map(({ MetricName }) => MetricName),
    );
    const read = [
      ...JSON.stringify([alarms, resources('AWS::CloudWatch::Dashboard')]).matchAll(
        /MetricName":"(\w+)","Namespace":"Vigie\/test"|Vigie\/test\\+",\\+"(\w+)/g,
      ),
    ].map(([, alarmed, drawn]) => alarmed ?? drawn);
    expect(read.length).toBeGreaterThan(8);
    expect(read.filter((name) => !made.has(name ?? ''))).toEqual([]);
  });

  const runbook = join(import.meta.dirname, '..', '..', 'docs', 'runbook.md');

  it.skipIf(!existsSync(runbook))(
    'finds a section of the runbook for every alarm, and none without (skipped: no docs/runbook.md)',
    () => {
      const all = full.resources('AWS::CloudWatch::Alarm');
      const named = new Set(all.map((alarm) => text(alarm, 'AlarmDescription').split('#')[1]));
      const sections = [...readFileSync(runbook, 'utf8').matchAll(/^## (\S+)$/gm)].map(([, section]) => section);
      expect(sections.sort()).toEqual([...named].sort());
    },
  );

  it('is told by every section what it means, who is hurt, how to look and how to resolve, with functions that there are', () => {
    const page = readFileSync(runbook, 'utf8');
    const sections = page.split(/^## (?=\S+$)/m).slice(1);
    for (const section of sections) {
      for (const part of ['*Means*: ', '*Hurt*: ', '*Look*: ', '*Resolve*: ']) expect(section).toContain(part);
    }
    const asked = [...page.matchAll(/`(?:entries|errors) ([a-z-]+)(?: (\w+))?/g)];
    expect(asked.length).toBeGreaterThan(15);
    const log = readFileSync(join(import.meta.dirname, '..', '..', 'shared', 'runtime', 'log.ts'), 'utf8');
    for (const [, name, event] of asked) {
      expect(functionNames).toContain(name);
      if (event !== undefined) expect(log).toContain(`event: '${event}'`);
    }
  });

  const listed = [
    'Webhook calls and refusals',
    'Messages triaged',
    'Promises: escalations',
    'Oldest message at work',
    '% of the shortest promise',
    'Cases waiting in desk queues',
    'Dead letters and parked records',
    'Comprehend: units',
    'Comprehend: dollars',
    'by silence',
  ];
  it.each(listed)('sees on the dashboard: %s', (title) => {
    const [dashboard] = resources('AWS::CloudWatch::Dashboard');
    const { widgets } = z
      .object({ widgets: z.array(z.object({ properties: z.object({ title: z.string() }) })) })
      .parse(
        JSON.parse(
          text(dashboard ?? { Type: '', Properties: {}, logicalId: '' }, 'DashboardBody').replaceAll(
            /<\w+(\.\w+)?>/g,
            'x',
          ),
        ),
      );
    expect(widgets.filter(({ properties }) => properties.title.includes(title))).toHaveLength(1);
  });

  it.each([
    ['a message that nobody has triaged', 'messages-wait'],
    ['clocks that are acted on late', 'timers-late-fired'],
    ['clocks that are not acted on', 'timers-late-left-behind'],
    ['a dead letter', 'dead-letters-intake'],
    ['a parked record', 'records-parked'],
    ['refused signatures', 'signatures-refused'],
    ['an account that has gone silent', 'account-silent'],
    ['a token that ends', 'token-ends'],
    ['all platforms being silent', 'webhooks-silent'],
    ['sweeps that do not come', 'sweep-not-running'],
    ['spend over the budget', 'spend-over-budget'],
    ['empty receives of a vendor', 'vendor-polls-too-much-vendor_north'],
  ])('is told of %s', (_, name) => {
    const names = full.resources('AWS::CloudWatch::Alarm').map((each) => text(each, 'AlarmName'));
    expect(names).toContain(`vigie-test-${name}`);
  });

  it('is told of every dead-letter queue and of parked records', () => {
    const watched = alarms.map(({ Properties }) => JSON.stringify(nameOf(Properties)));
    for (const queue of resources('AWS::SQS::Queue')) {
      if (!/-dlq|-parked/.test(text(queue, 'QueueName'))) continue;
      const metric = `<${queue.logicalId}.QueueName>`;
      expect(
        watched.filter((alarm) => alarm.includes(metric) && alarm.includes('ApproximateNumberOfMessagesVisible')),
        text(queue, 'QueueName'),
      ).toHaveLength(1);
    }
  });

  it('is reached by alarms: a topic with a policy of its own is closed to them unless it lets them in', () => {
    const [policy] = resources('AWS::SNS::TopicPolicy').filter(({ logicalId }) => logicalId.startsWith('AlarmTopic'));
    expect(statementsSchema.parse(nameOf(policy?.Properties['PolicyDocument']))).toContainEqual(
      expect.objectContaining({
        Effect: 'Allow',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Action: ['sns:Publish'],
        Condition: { StringEquals: { 'aws:SourceAccount': '<AWS::AccountId>' } },
      }),
    );
  });

  it('hears of a desk that does not fetch after half of its shortest promise', () => {
    const alarm = alarms.find((each) => text(each, 'AlarmName') === 'vigie-test-desk-not-fetching-in_house-urgent');
    expect(alarm?.Properties).toMatchObject({ Threshold: 1800 });
  });

  it('hears of a day on which Comprehend costs more than its share of the budget, and of what AWS counts', () => {
    const alarm = full.resources('AWS::CloudWatch::Alarm').find((each) => text(each, 'AlarmName').includes('spend'));
    expect(alarm?.Properties).toMatchObject({ Threshold: 20 });
    expect(JSON.stringify(alarm?.Properties['Metrics'])).toMatch(
      /units \* 0\.0001.*"MetricName":"ComprehendUnits".*"Period":86400/,
    );
    const [budget] = full.resources('AWS::Budgets::Budget');
    expect(full.nameOf(budget?.Properties)).toMatchObject({
      Budget: { BudgetLimit: { Amount: 600, Unit: 'USD' }, CostFilters: { TagKeyValue: ['user:stage$test'] } },
      NotificationsWithSubscribers: ['ACTUAL', 'FORECASTED'].map((NotificationType) => ({
        Notification: { NotificationType, Threshold: 100 },
        Subscribers: [{ SubscriptionType: 'SNS', Address: expect.stringContaining('AlarmTopic') }],
      })),
    });
    const doors = [...full.resources('AWS::SNS::TopicPolicy'), ...full.resources('AWS::KMS::Key')]
      .filter((resource) => JSON.stringify(resource.Properties).includes('budgets.amazonaws.com'))
      .map(({ Type }) => Type);
    expect(doors.sort()).toEqual(['AWS::KMS::Key', 'AWS::SNS::TopicPolicy']);
  });

  it('reads alarms and escalations in the chat of the settings, where nothing can be done', () => {
    for (const type of [
      'AWS::Chatbot::SlackChannelConfiguration',
      'AWS::Chatbot::MicrosoftTeamsChannelConfiguration',
    ]) {
      const [channel] = full.resources(type);
      expect(full.nameOf(channel?.Properties)).toMatchObject({
        GuardrailPolicies: ['arn:aws:iam::aws:policy/AWSDenyAll'],
        SnsTopicArns: [expect.stringContaining('AlarmTopic'), expect.stringContaining('Escalations')],
      });
    }
    const role = full.resources('AWS::IAM::Role').find(({ logicalId }) => logicalId.startsWith('ChatRole'));
    expect(Object.keys(role?.Properties ?? {})).toEqual(['AssumeRolePolicyDocument']);
    expect(resources('AWS::Chatbot::SlackChannelConfiguration')).toEqual([]);
  });

  it('hears of silence only where the settings ask for it, and then after so many hours', () => {
    const silent = (each: Resource) => text(each, 'AlarmName').endsWith('webhooks-silent');
    expect(alarms.filter(silent)).toEqual([]);
    const watchful = deploy(`${settingsText}silenceAlarmHours: 6\n`);
    expect(watchful.resources('AWS::CloudWatch::Alarm').filter(silent)).toMatchObject([
      { Properties: { EvaluationPeriods: 6, TreatMissingData: 'breaching' } },
    ]);
  });

  it('gets mail about alarms and about broken promises at the addresses of the settings', () => {
    expect(
      resources('AWS::SNS::Subscription').map(
        ({ Properties }) => `${Properties['Protocol']} ${Properties['Endpoint']}`,
      ),
    ).toEqual(['email lead@example.com', 'email ops@example.com']);
  });
});

it('the templates use only references that a reader without AWS can resolve', () => {
  const used = new Set(
    Object.values(deployed.templates).flatMap((template) =>
      [...JSON.stringify(template).matchAll(/"(Fn::\w+|Ref)":/g)].map(([, name]) => name),
    ),
  );
  expect([...used].sort()).toEqual(['Fn::GetAtt', 'Fn::ImportValue', 'Fn::Join', 'Fn::Sub', 'Ref']);
});
