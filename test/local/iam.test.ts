import { describe, expect, test } from 'vitest';
import type { AwsCall } from '../../local/aws-call.ts';
import { logDemands, type Permissions, readPermissions } from '../../local/iam.ts';
import { assemblyOf, place } from './support/assembly.ts';

const arn = (logicalId: string): unknown => ({ 'Fn::GetAtt': [logicalId, 'Arn'] });
const account = 'arn:aws:iam::000000000000:root';
const vendorRole = 'arn:aws:iam::222222222222:role/consumer';

const statements = [
  { Effect: 'Allow', Action: ['logs:CreateLogStream', 'logs:PutLogEvents'], Resource: arn('Logs') },
  { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: [arn('Work'), arn('Plain')] },
  { Effect: 'Allow', Action: ['dynamodb:PutItem', 'dynamodb:ConditionCheckItem'], Resource: arn('Cases') },
  { Effect: 'Allow', Action: 'dynamodb:Query', Resource: { 'Fn::Join': ['', [arn('Cases'), '/index/due']] } },
  {
    Effect: 'Allow',
    Action: ['dynamodb:UpdateItem', 'dynamodb:BatchWriteItem'],
    Resource: arn('Cases'),
    Condition: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['ours'] } },
  },
  { Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: { Ref: 'Secret' } },
  { Effect: 'Allow', Action: 'sns:Publish', Resource: { Ref: 'Topic' } },
  { Effect: 'Allow', Action: 'comprehend:BatchDetectSentiment', Resource: '*' },
  {
    Effect: 'Allow',
    Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
    Resource: arn('Key'),
    Condition: { StringEquals: { 'kms:ViaService': ['sqs.eu-west-1.amazonaws.com'] } },
  },
];

const tlsOnly = {
  Effect: 'Deny',
  Action: 'sqs:*',
  Principal: '*',
  Resource: '*',
  Condition: { Bool: { 'aws:SecureTransport': 'false' } },
};

const stack = {
  Resources: {
    Key: {
      Type: 'AWS::KMS::Key',
      Properties: {
        KeyPolicy: {
          Version: '2012-10-17',
          Statement: [
            { Effect: 'Allow', Action: 'kms:*', Principal: { AWS: account }, Resource: '*' },
            {
              Effect: 'Allow',
              Action: 'kms:Decrypt',
              Principal: { AWS: 'arn:aws:iam::222222222222:root' },
              Resource: '*',
              Condition: { ArnEquals: { 'aws:PrincipalArn': vendorRole } },
            },
          ],
        },
      },
    },
    Work: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'work', KmsMasterKeyId: arn('Key') } },
    Plain: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'plain' } },
    Desk: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'desk', KmsMasterKeyId: arn('Key') } },
    WorkPolicy: {
      Type: 'AWS::SQS::QueuePolicy',
      Properties: { PolicyDocument: { Version: '2012-10-17', Statement: [tlsOnly] }, Queues: [{ Ref: 'Work' }] },
    },
    DeskPolicy: {
      Type: 'AWS::SQS::QueuePolicy',
      Properties: {
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: [
            tlsOnly,
            {
              Effect: 'Allow',
              Action: ['sqs:ReceiveMessage', 'sqs:DeleteMessage'],
              Principal: { AWS: 'arn:aws:iam::222222222222:root' },
              Resource: arn('Desk'),
              Condition: { ArnEquals: { 'aws:PrincipalArn': vendorRole } },
            },
          ],
        },
        Queues: [{ Ref: 'Desk' }],
      },
    },
    Cases: { Type: 'AWS::DynamoDB::Table', Properties: { TableName: 'cases' } },
    Sealed: {
      Type: 'AWS::DynamoDB::Table',
      Properties: { TableName: 'sealed', SSESpecification: { KMSMasterKeyId: arn('Key') } },
    },
    Secret: { Type: 'AWS::SecretsManager::Secret', Properties: { Name: 'secret' } },
    Topic: { Type: 'AWS::SNS::Topic', Properties: { TopicName: 'topic' } },
    Logs: { Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName: 'logs' } },
    Role: {
      Type: 'AWS::IAM::Role',
      Properties: {
        Policies: [{ PolicyName: 'calls', PolicyDocument: { Version: '2012-10-17', Statement: statements } }],
      },
    },
    Attached: {
      Type: 'AWS::IAM::Policy',
      Properties: {
        PolicyName: 'more',
        Roles: [{ Ref: 'Role' }],
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Action: 'dynamodb:Put*', Resource: arn('Sealed') }],
        },
      },
    },
    F: { Type: 'AWS::Lambda::Function', Properties: { FunctionName: 'f', Role: arn('Role') } },
  },
};

const open = (): Promise<Permissions> => readPermissions(assemblyOf({ stack }), place, { vendor: vendorRole });
const key = (pk: string) => ({ pk: { S: pk }, sk: { S: 'any' } });
const url = (name: string): string => `http://127.0.0.1:1234/000000000000/${name}`;
type Call = Pick<AwsCall, 'service' | 'operation' | 'input'>;

describe('a call of a function', () => {
  test.each<[Call['service'], string, Call['input']]>([
    ['sqs', 'SendMessage', { QueueUrl: url('work') }],
    ['sqs', 'SendMessageBatch', { QueueUrl: url('plain') }],
    ['dynamodb', 'PutItem', { TableName: 'cases' }],
    ['dynamodb', 'Query', { TableName: 'cases', IndexName: 'due' }],
    ['dynamodb', 'UpdateItem', { TableName: 'cases', Key: key('ours') }],
    ['dynamodb', 'BatchWriteItem', { RequestItems: { cases: [{ PutRequest: { Item: key('ours') } }] } }],
    [
      'dynamodb',
      'TransactWriteItems',
      { TransactItems: [{ Put: { TableName: 'cases' } }, { ConditionCheck: { TableName: 'cases' } }] },
    ],
    ['secretsmanager', 'GetSecretValue', { SecretId: 'secret' }],
    ['sns', 'PublishBatch', { TopicArn: 'arn:aws:sns:eu-west-1:000000000000:topic' }],
    ['comprehend', 'BatchDetectSentiment', {}],
  ])('is allowed as its role says: %s %s %j', async (service, operation, input) => {
    expect(await (await open()).deniedBy('f', { service, operation, input })).toBeUndefined();
  });

  test.each<[Call['service'], string, Call['input'], string]>([
    ['sqs', 'SendMessage', { QueueUrl: url('desk') }, 'sqs:SendMessage'],
    ['sqs', 'SendMessage', {}, 'sqs:SendMessage'],
    ['sqs', 'SendMessage', { QueueUrl: url('*') }, 'sqs:SendMessage'],
    ['sns', 'Publish', { TopicArn: '*' }, 'sns:Publish'],
    ['sqs', 'ReceiveMessage', { QueueUrl: url('work') }, 'sqs:ReceiveMessage'],
    ['sqs', 'CreateQueue', { QueueName: 'work' }, 'sqs:CreateQueue'],
    ['dynamodb', 'PutItem', { TableName: 'other' }, 'dynamodb:PutItem'],
    ['dynamodb', 'PutItem', {}, 'dynamodb:PutItem'],
    ['dynamodb', 'Query', { TableName: 'cases' }, 'dynamodb:Query'],
    ['dynamodb', 'UpdateItem', { TableName: 'cases', Key: key('theirs') }, 'dynamodb:UpdateItem'],
    [
      'dynamodb',
      'BatchWriteItem',
      { RequestItems: { cases: [{ DeleteRequest: { Key: key('ours') } }, { DeleteRequest: { Key: key('theirs') } }] } },
      'dynamodb:BatchWriteItem',
    ],
    [
      'dynamodb',
      'TransactWriteItems',
      { TransactItems: [{ Put: { TableName: 'cases' } }, { Delete: { TableName: 'cases' } }] },
      'dynamodb:DeleteItem',
    ],
    ['dynamodb', 'BatchGetItem', { RequestItems: { cases: {} } }, 'dynamodb:BatchGetItem'],
    ['secretsmanager', 'GetSecretValue', { SecretId: 'other' }, 'secretsmanager:GetSecretValue'],
    ['sns', 'Publish', { TopicArn: 'arn:aws:sns:eu-west-1:000000000000:other' }, 'sns:Publish'],
    ['comprehend', 'DetectSentiment', {}, 'comprehend:DetectSentiment'],
  ])('is denied otherwise: %s %s %j', async (service, operation, input, action) => {
    expect(await (await open()).deniedBy('f', { service, operation, input })).toMatchObject({ action });
  });

  test('needs the key of what is encrypted, through the service that the role names', async () => {
    const call = { service: 'dynamodb', operation: 'PutItem', input: { TableName: 'sealed' } } as const;
    expect(await (await open()).deniedBy('f', call)).toMatchObject({ action: 'kms:Decrypt', viaService: 'dynamodb' });
  });

  test('is denied when nobody knows the caller', async () => {
    const call = { service: 'comprehend', operation: 'BatchDetectSentiment', input: {} } as const;
    expect(await (await open()).deniedBy('nobody', call)).toBeDefined();
  });
});

describe("a vendor's role", () => {
  test.each<[string, string, boolean]>([
    ['ReceiveMessage', 'desk', true],
    ['DeleteMessageBatch', 'desk', true],
    ['SendMessage', 'desk', false],
    ['PurgeQueue', 'desk', false],
    ['ReceiveMessage', 'work', false],
    ['ReceiveMessage', 'plain', false],
  ])('%s on %s: %s', async (operation, queue, allowed) => {
    const denied = await (await open()).deniedBy('vendor', {
      service: 'sqs',
      operation,
      input: { QueueUrl: url(queue) },
    });
    expect(denied === undefined).toBe(allowed);
  });
});

test('the report names what was denied, how often, and what nothing needed', async () => {
  const permissions = await open();
  await permissions.deniedOf('f', logDemands(place, 'logs'));
  await permissions.deniedBy('f', { service: 'sqs', operation: 'SendMessage', input: { QueueUrl: url('work') } });
  await permissions.deniedBy('f', { service: 'dynamodb', operation: 'PutItem', input: { TableName: 'sealed' } });
  await permissions.deniedBy('f', { service: 'dynamodb', operation: 'PutItem', input: { TableName: 'sealed' } });
  const { denied, unusedGrants } = permissions.report();
  expect(denied).toEqual([
    { function: 'f', action: 'kms:Decrypt', resource: 'arn:aws:kms:eu-west-1:000000000000:key/stack-Key', calls: 2 },
  ]);
  expect(unusedGrants.map(({ action }) => action)).toEqual([
    'dynamodb:ConditionCheckItem',
    'dynamodb:Query',
    'dynamodb:UpdateItem',
    'dynamodb:BatchWriteItem',
    'secretsmanager:GetSecretValue',
    'sns:Publish',
    'comprehend:BatchDetectSentiment',
  ]);
});

test('a managed policy, whose content no template holds, is refused', async () => {
  const managed = {
    Resources: {
      Role: {
        Type: 'AWS::IAM::Role',
        Properties: { ManagedPolicyArns: ['arn:aws:iam::aws:policy/AdministratorAccess'] },
      },
    },
  };
  await expect(readPermissions(assemblyOf({ managed }), place)).rejects.toThrow('AdministratorAccess');
});
