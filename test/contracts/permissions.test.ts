import { readFileSync } from 'node:fs';
import { runSimulation } from '@cloud-copilot/iam-simulate';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { type Assembly, readAssembly } from '../../local/template.ts';
import { deploy, vendorSettingsText } from '../infra/deployment.ts';

const place = { region: 'eu-west-1', accountId: '111111111111', gatewayUrl: 'https://aws.example' };
const assembly: Assembly = readAssembly(deploy(vendorSettingsText).write(), place);

const documentSchema = z.looseObject({ Statement: z.array(z.unknown()) });
const queuePolicySchema = z.object({ PolicyDocument: documentSchema, Queues: z.array(z.string()) });
const arnOf = (queue: string) => `arn:aws:sqs:${place.region}:${place.accountId}:${queue}`;

const queues = assembly.resources('AWS::SQS::Queue').map(({ name }) => name);
const queuePolicies = new Map(
  assembly.resources('AWS::SQS::QueuePolicy').flatMap(({ properties }) => {
    const { PolicyDocument, Queues } = queuePolicySchema.parse(properties);
    return Queues.map((url) => [url.split('/').at(-1) ?? '', PolicyDocument] as const);
  }),
);
/** The evaluator drops condition keys that end in a name of their own, as this one does: a key that it keeps stands in for it. */
const encryptionContext = { real: 'kms:EncryptionContext:aws:sqs:arn', standIn: 'aws:PrincipalTag/encryption-context' };
const [key] = assembly.resources('AWS::KMS::Key').map(({ arn, properties }) => {
  const policy = JSON.stringify(documentSchema.parse(properties['KeyPolicy']));
  return { arn, policy: JSON.parse(policy.replaceAll(encryptionContext.real, encryptionContext.standIn)) };
});
if (key === undefined) throw new Error('the data stack has no key');

/** Every action on a queue (Service Authorization Reference, "Amazon SQS"), but for those that only name no queue. */
const queueActions = [
  'AddPermission',
  'CancelMessageMoveTask',
  'ChangeMessageVisibility',
  'DeleteMessage',
  'DeleteQueue',
  'GetQueueAttributes',
  'GetQueueUrl',
  'ListDeadLetterSourceQueues',
  'ListMessageMoveTasks',
  'ListQueueTags',
  'PurgeQueue',
  'ReceiveMessage',
  'RemovePermission',
  'SendMessage',
  'SetQueueAttributes',
  'StartMessageMoveTask',
  'TagQueue',
  'UntagQueue',
] as const;
const keyActions = ['Decrypt', 'Encrypt', 'GenerateDataKey', 'ReEncryptFrom', 'CreateGrant', 'DescribeKey'] as const;

const everything = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] };

interface Caller {
  readonly role: string;
  /** What the caller's own account lets it do; everything, unless the test is about just that. */
  readonly own?: unknown;
  readonly tls?: boolean;
}

async function isAllowed(
  { role, own = everything, tls = true }: Caller,
  action: string,
  on: { readonly arn: string; readonly policy: unknown },
  context: Readonly<Record<string, string>> = {},
): Promise<boolean> {
  const result = await runSimulation(
    {
      request: {
        principal: role,
        action,
        resource: { resource: on.arn, accountId: place.accountId },
        contextVariables: { 'aws:PrincipalArn': role, 'aws:SecureTransport': String(tls), ...context },
      },
      identityPolicies: [{ name: 'own', policy: own }],
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      resourcePolicy: on.policy,
    },
    {},
  );
  if (result.resultType === 'error') throw new Error(JSON.stringify(result.errors));
  return result.overallResult === 'Allowed';
}

/** Everything a caller may do to any queue, as `action queue`. */
async function queueCallsOf(caller: Caller): Promise<string[]> {
  const allowed: string[] = [];
  for (const queue of queues) {
    for (const action of queueActions) {
      const on = { arn: arnOf(queue), policy: queuePolicies.get(queue) };
      if (await isAllowed(caller, `sqs:${action}`, on)) allowed.push(`${action} ${queue}`);
    }
  }
  return allowed.sort();
}

/** Everything a caller may have the key do for a queue's messages, as `action queue`. */
async function keyCallsOf(caller: Caller, via = `sqs.${place.region}.amazonaws.com`): Promise<string[]> {
  const allowed: string[] = [];
  for (const queue of queues) {
    for (const action of keyActions) {
      const context = { 'kms:ViaService': via, [encryptionContext.standIn]: arnOf(queue) };
      if (await isAllowed(caller, `kms:${action}`, key ?? { arn: '', policy: undefined }, context)) {
        allowed.push(`${action} ${queue}`);
      }
    }
  }
  return allowed.sort();
}

const consumed = ['ChangeMessageVisibility', 'DeleteMessage', 'GetQueueAttributes', 'ReceiveMessage'];

describe.each([
  ['vendor_north', 'arn:aws:iam::222222222222:role/consumer'],
  ['vendor_south', 'arn:aws:iam::333333333333:role/agents/consumer'],
])('the role of %s', (desk, role) => {
  const lanes = [`vigie-test-${desk}-standard.fifo`, `vigie-test-${desk}-urgent.fifo`];

  it('may work its own two queues and send outcomes, and do nothing else to any queue', async () => {
    expect(await queueCallsOf({ role })).toEqual(
      [
        ...lanes.flatMap((lane) => consumed.map((action) => `${action} ${lane}`)),
        `SendMessage vigie-test-${desk}-outcome`,
      ].sort(),
    );
  });

  it('may read what is on its own two queues and write outcomes with the key, and nothing else', async () => {
    expect(await keyCallsOf({ role })).toEqual(
      [
        ...lanes.map((lane) => `Decrypt ${lane}`),
        `Decrypt vigie-test-${desk}-outcome`,
        `GenerateDataKey vigie-test-${desk}-outcome`,
      ].sort(),
    );
  });

  it('may not use the key past SQS', async () => {
    expect(await keyCallsOf({ role }, `dynamodb.${place.region}.amazonaws.com`)).toEqual([]);
    expect(await isAllowed({ role }, 'kms:Decrypt', key)).toBe(false);
  });

  it('may do nothing without TLS', async () => {
    expect(await queueCallsOf({ role, tls: false })).toEqual([]);
  });
});

describe.each([
  ['another role of the vendor’s account', 'arn:aws:iam::222222222222:role/intern'],
  ['a role of an account that nobody named', 'arn:aws:iam::444444444444:role/consumer'],
])('%s', (_, role) => {
  it('may do nothing', async () => {
    expect(await queueCallsOf({ role })).toEqual([]);
    expect(await keyCallsOf({ role })).toEqual([]);
  });
});

describe('the policy that docs/vendor-contract.md has a vendor give its role', () => {
  const page = readFileSync(new URL('../../docs/vendor-contract.md', import.meta.url), 'utf8');
  const [, snippet = ''] = /## Your side's policy[\s\S]*?```json\n([\s\S]*?)```/.exec(page) ?? [];
  const own = documentSchema.parse(
    JSON.parse(
      snippet
        .replaceAll('vigie-prod-', 'vigie-test-')
        .replaceAll('vendor_atlas', 'vendor_north')
        .replaceAll(/arn:aws:kms:[^"]+/g, key.arn),
    ),
  );
  const role = 'arn:aws:iam::222222222222:role/consumer';

  it('is enough for all that the brand’s side allows', async () => {
    expect(await queueCallsOf({ role, own })).toEqual(await queueCallsOf({ role }));
    expect(await keyCallsOf({ role, own })).toEqual(await keyCallsOf({ role }));
  });

  it('lets it do nothing that is not needed, however open the brand’s side were', async () => {
    const open = {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' }],
    };
    const elsewhere = { arn: arnOf('vigie-test-vendor_south-urgent.fifo'), policy: open };
    for (const action of queueActions) expect(await isAllowed({ role, own }, `sqs:${action}`, elsewhere)).toBe(false);
    expect(
      await isAllowed({ role, own }, 'sqs:PurgeQueue', {
        ...elsewhere,
        arn: arnOf('vigie-test-vendor_north-urgent.fifo'),
      }),
    ).toBe(false);
  });
});
