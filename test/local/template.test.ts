import { describe, expect, test } from 'vitest';
import { assemblyOf } from './support/assembly.ts';

const data = {
  Resources: {
    Work: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'work' } },
    Ordered: { Type: 'AWS::SQS::Queue', Properties: { FifoQueue: true } },
    Cases: { Type: 'AWS::DynamoDB::Table' },
    Secret: { Type: 'AWS::SecretsManager::Secret', Properties: { Name: 'a/b' } },
    Logs: { Type: 'AWS::Logs::LogGroup' },
    Role: { Type: 'AWS::IAM::Role' },
    Api: { Type: 'AWS::ApiGatewayV2::Api' },
  },
  Parameters: { Given: { Default: 'default' }, Open: {} },
  Outputs: {
    WorkArn: { Value: { 'Fn::GetAtt': ['Work', 'Arn'] }, Export: { Name: 'data:WorkArn' } },
    CasesName: { Value: { Ref: 'Cases' } },
  },
};

/** The value of one expression in a stack beside `data`. */
function resolved(expression: unknown): unknown {
  const user = { Resources: { Probe: { Type: 'Test::Probe', Properties: { value: expression } } } };
  const merged = { ...data, Resources: { ...data.Resources, ...user.Resources } };
  return assemblyOf({ data: merged }).resources('Test::Probe')[0]?.properties['value'];
}

describe('a value in a template', () => {
  test.each<[string, unknown, unknown]>([
    ['plain values', { a: [1, 'b', true, null] }, { a: [1, 'b', true, null] }],
    ['a queue', { Ref: 'Work' }, 'http://127.0.0.1:1234/000000000000/work'],
    ['a queue without a name', { Ref: 'Ordered' }, 'http://127.0.0.1:1234/000000000000/data-Ordered.fifo'],
    ['a queue ARN', { 'Fn::GetAtt': ['Work', 'Arn'] }, 'arn:aws:sqs:eu-west-1:000000000000:work'],
    ['an attribute in one text', { 'Fn::GetAtt': 'Work.QueueName' }, 'work'],
    ['a table', { Ref: 'Cases' }, 'data-Cases'],
    ['a table ARN', { 'Fn::GetAtt': ['Cases', 'Arn'] }, 'arn:aws:dynamodb:eu-west-1:000000000000:table/data-Cases'],
    ['a log group ARN', { 'Fn::GetAtt': ['Logs', 'Arn'] }, 'arn:aws:logs:eu-west-1:000000000000:log-group:data-Logs:*'],
    ['a role ARN', { 'Fn::GetAtt': ['Role', 'Arn'] }, 'arn:aws:iam::000000000000:role/data-Role'],
    ['the public address', { 'Fn::GetAtt': ['Api', 'ApiEndpoint'] }, 'http://127.0.0.1:1234'],
    ['a pseudo parameter', { Ref: 'AWS::Region' }, 'eu-west-1'],
    ['a parameter', { Ref: 'Given' }, 'default'],
    ['Join', { 'Fn::Join': ['-', ['a', { Ref: 'AWS::AccountId' }, 1]] }, 'a-000000000000-1'],
    [
      'Sub',
      { 'Fn::Sub': `\${AWS::Region}/\${Work.Arn}/\${!kept}` },
      `eu-west-1/arn:aws:sqs:eu-west-1:000000000000:work/\${kept}`,
    ],
    ['Sub with variables', { 'Fn::Sub': [`\${x}\${Cases}`, { x: { Ref: 'Given' } }] }, 'defaultdata-Cases'],
    ['Select of Split', { 'Fn::Select': [1, { 'Fn::Split': [':', 'a:b:c'] }] }, 'b'],
    ['an import', { 'Fn::ImportValue': 'data:WorkArn' }, 'arn:aws:sqs:eu-west-1:000000000000:work'],
    ['an output', { 'Fn::GetStackOutput': { StackName: 'data', OutputName: 'CasesName' } }, 'data-Cases'],
    [
      'what has no value',
      { kept: 1, dropped: { Ref: 'AWS::NoValue' }, list: [{ Ref: 'AWS::NoValue' }] },
      { kept: 1, list: [] },
    ],
  ])('%s', (_, expression, value) => {
    expect(resolved(expression)).toEqual(value);
  });

  test.each<[string, unknown, string]>([
    ['an unknown resource', { Ref: 'Nobody' }, 'there is no resource Nobody'],
    ['an unknown attribute', { 'Fn::GetAtt': ['Work', 'Colour'] }, 'attribute Colour of Work'],
    ['a parameter nobody gave', { Ref: 'Open' }, 'parameter Open has no default'],
    ['a function nobody wrote', { 'Fn::Cidr': [] }, 'Fn::Cidr is not understood'],
    ['an import nobody exports', { 'Fn::ImportValue': 'x' }, 'no stack exports x'],
  ])('refuses %s', (_, expression, reason) => {
    expect(() => resolved(expression)).toThrow(reason);
  });
});

test('a name that refers to itself is refused', () => {
  const loop = {
    Resources: { A: { Type: 'AWS::SQS::Queue', Properties: { QueueName: { 'Fn::GetAtt': ['A', 'QueueName'] } } } },
  };
  expect(() => assemblyOf({ loop }).resources('AWS::SQS::Queue')).toThrow('refers to itself');
});

test("a secret's ARN ends as policies expect it to", () => {
  expect(assemblyOf({ data }).resources('AWS::SecretsManager::Secret')[0]?.arn).toMatch(
    /^arn:aws:secretsmanager:eu-west-1:000000000000:secret:a\/b-\w{6}$/,
  );
});
