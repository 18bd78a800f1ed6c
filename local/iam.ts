import type { Simulation } from '@cloud-copilot/iam-simulate';
import * as z from 'zod';
import { placeOfToken } from './app-config.ts';
import type { AwsCall } from './aws-call.ts';
import type { Assembly, Place } from './template.ts';

/** What one AWS call needs to be allowed. */
export interface Demand {
  readonly action: string;
  readonly resource: string;
  /** Set where a service asks KMS in the caller's name. */
  readonly viaService?: string;
  /** Partitions of a table that the call names. */
  readonly partitions?: readonly string[];
}

export interface Grant {
  readonly function: string;
  readonly action: string;
}

export interface PermissionReport {
  readonly denied: readonly (Grant & { readonly resource: string; readonly calls: number })[];
  /** Actions a function's role allows that nothing it did so far needed. */
  readonly unusedGrants: readonly Grant[];
}

/** Keeps functions within their roles. */
export interface Permissions {
  /** The first thing the call needs that its caller may not do, or `undefined` when it may do all of it. */
  deniedBy(caller: string, call: Pick<AwsCall, 'service' | 'operation' | 'input'>): Promise<Demand | undefined>;
  /** As `deniedBy`, for what AWS does in the name of a function, or of a role (by its ARN). */
  deniedOf(caller: string, demands: readonly Demand[]): Promise<Demand | undefined>;
  report(): PermissionReport;
}

const statementSchema = z.object({
  Effect: z.enum(['Allow', 'Deny']),
  Action: z.union([z.string(), z.array(z.string())]).optional(),
});
const documentSchema = z.looseObject({ Statement: z.array(z.looseObject(statementSchema.shape)) });
type PolicyDocument = z.infer<typeof documentSchema>;

const roleSchema = z.object({
  Policies: z.array(z.object({ PolicyName: z.string(), PolicyDocument: documentSchema })).default([]),
  ManagedPolicyArns: z.array(z.string()).default([]),
});
const policySchema = z.object({
  PolicyName: z.string(),
  PolicyDocument: documentSchema,
  Roles: z.array(z.string()).default([]),
});
const functionSchema = z.object({ Role: z.string() });
const tableSchema = z.object({ SSESpecification: z.object({ KMSMasterKeyId: z.string().optional() }).optional() });
const keyedSchema = z.object({ KmsMasterKeyId: z.string().optional(), KmsKeyId: z.string().optional() });
const topicPolicySchema = z.object({ PolicyDocument: documentSchema, Topics: z.array(z.string()) });
const queuePolicySchema = z.object({ PolicyDocument: documentSchema, Queues: z.array(z.string()) });
const keySchema = z.object({ KeyPolicy: documentSchema });

/** DynamoDB's condition key for the partitions that a call names. */
const leadingKeys = 'dynamodb:LeadingKeys';

interface IdentityPolicy {
  readonly name: string;
  readonly policy: PolicyDocument;
}

/**
 * Reads roles and resource policies of the template. `roles` are further callers by name, for instance a vendor's: what their own
 * account lets them do is everything, so that only the resource policies decide.
 */
export async function readPermissions(
  assembly: Assembly,
  place: Place,
  roles: Readonly<Record<string, string>> = {},
): Promise<Permissions> {
  // Loaded here because it reads megabytes of service definitions that only a run needs.
  const { runSimulation } = await import('@cloud-copilot/iam-simulate');
  const resources = describeResources(assembly, place);
  const identities = new Map<string, { arn: string; policies: readonly IdentityPolicy[] }>();
  const functions = functionIdentities(assembly);
  for (const [name, identity] of [...roleIdentities(assembly), ...functions]) identities.set(name, identity);
  const everything: PolicyDocument = documentSchema.parse({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
  });
  for (const [name, arn] of Object.entries(roles)) {
    identities.set(name, { arn, policies: [{ name: 'everything', policy: everything }] });
  }

  // Only their roles look at the partitions of a call: for all others each would be judged anew.
  const limited = new Set(
    [...identities].flatMap(([name, { policies }]) => (JSON.stringify(policies).includes(leadingKeys) ? [name] : [])),
  );
  const verdicts = new Map<string, boolean>();
  const used = new Map<string, Set<string>>();
  const denied = new Map<string, { function: string; action: string; resource: string; calls: number }>();

  const judge = async (caller: string, demand: Demand): Promise<boolean> => {
    const identity = identities.get(caller);
    if (identity === undefined) return false;
    const result = await runSimulation(simulationOf(identity, demand, resources, place), {});
    if (result.resultType === 'error') {
      throw new Error(`${caller}, ${demand.action} on ${demand.resource}: ${JSON.stringify(result.errors)}`);
    }
    return result.overallResult === 'Allowed';
  };

  const deniedOf = async (caller: string, demands: readonly Demand[]): Promise<Demand | undefined> => {
    for (const demand of demands) {
      const key = [caller, demand.action, demand.resource, demand.viaService, demand.partitions].join(' ');
      const allowed = verdicts.get(key) ?? (await judge(caller, demand));
      verdicts.set(key, allowed);
      if (!allowed) {
        const known = denied.get(key);
        const { action, resource } = demand;
        denied.set(key, { function: caller, action, resource, calls: (known?.calls ?? 0) + 1 });
        return demand;
      }
      const actions = used.get(caller);
      if (actions === undefined) used.set(caller, new Set([demand.action]));
      else actions.add(demand.action);
    }
    return undefined;
  };

  return {
    deniedOf,
    deniedBy(caller, call) {
      const demands = demandsOf(call, resources, place);
      return deniedOf(caller, limited.has(caller) ? withPartitions(demands, call.input) : demands);
    },
    report: () => ({
      denied: [...denied.values()],
      unusedGrants: [...functions].flatMap(([name, { policies }]) =>
        [...new Set(policies.flatMap(({ policy }) => allowedActions(policy)))]
          .filter((pattern) => ![...(used.get(name) ?? [])].some((action) => matches(pattern, action)))
          .map((action) => ({ function: name, action })),
      ),
    }),
  };
}

/** What CreateLogStream and PutLogEvents need: Lambda writes a function's log under the function's role. */
export function logDemands(place: Place, logGroup: string): Demand[] {
  const resource = `arn:aws:logs:${place.region}:${place.accountId}:log-group:${logGroup}:log-stream:local`;
  return ['logs:CreateLogStream', 'logs:PutLogEvents'].map((action) => ({ action, resource }));
}

interface Resources {
  /** Key of each encrypted resource, by the resource's ARN. */
  readonly keys: ReadonlyMap<string, string>;
  readonly policies: ReadonlyMap<string, PolicyDocument>;
  /** Secrets by name and by ARN. */
  readonly secrets: ReadonlyMap<string, string>;
}

function describeResources(assembly: Assembly, place: Place): Resources {
  const keys = new Map<string, string>();
  const policies = new Map<string, PolicyDocument>();
  const secrets = new Map<string, string>();
  for (const { arn, properties } of assembly.resources('AWS::DynamoDB::Table')) {
    const key = tableSchema.parse(properties).SSESpecification?.KMSMasterKeyId;
    if (key !== undefined) keys.set(arn, key);
  }
  for (const resource of assembly.resources('AWS::SQS::Queue', 'AWS::SNS::Topic', 'AWS::SecretsManager::Secret')) {
    const { KmsMasterKeyId, KmsKeyId } = keyedSchema.parse(resource.properties);
    const key = KmsMasterKeyId ?? KmsKeyId;
    // AWS's own keys ask nothing of the caller.
    if (key?.startsWith('arn:')) keys.set(resource.arn, key);
    if (resource.type === 'AWS::SecretsManager::Secret') {
      secrets.set(resource.name, resource.arn);
      secrets.set(resource.arn, resource.arn);
    }
  }
  const add = (arn: string, document: PolicyDocument): void => {
    const before = policies.get(arn)?.Statement ?? [];
    policies.set(arn, { ...document, Statement: [...before, ...document.Statement] });
  };
  for (const { properties } of assembly.resources('AWS::SQS::QueuePolicy')) {
    const { PolicyDocument, Queues } = queuePolicySchema.parse(properties);
    for (const url of Queues) add(queueArn(place, url), PolicyDocument);
  }
  for (const { properties } of assembly.resources('AWS::SNS::TopicPolicy')) {
    const { PolicyDocument, Topics } = topicPolicySchema.parse(properties);
    for (const topic of Topics) add(topic, PolicyDocument);
  }
  for (const { arn, properties } of assembly.resources('AWS::KMS::Key'))
    add(arn, keySchema.parse(properties).KeyPolicy);
  return { keys, policies, secrets };
}

type Identities = Map<string, { readonly arn: string; readonly policies: readonly IdentityPolicy[] }>;

/** Roles by ARN, each with the policies written into it and attached to it. */
function roleIdentities(assembly: Assembly): Identities {
  const attached = assembly.resources('AWS::IAM::Policy').map(({ properties }) => policySchema.parse(properties));
  return new Map(
    assembly.resources('AWS::IAM::Role').map(({ arn, name, properties }) => {
      const { Policies, ManagedPolicyArns } = roleSchema.parse(properties);
      if (ManagedPolicyArns.length > 0) {
        throw new Error(
          `role ${name}: ${ManagedPolicyArns.join(', ')} is not in the template, so it cannot be checked here`,
        );
      }
      const own = [...Policies, ...attached.filter(({ Roles }) => Roles.includes(name))];
      const policies = own.map(({ PolicyName, PolicyDocument }) => ({ name: PolicyName, policy: PolicyDocument }));
      return [arn, { arn, policies }];
    }),
  );
}

/** Functions by name, each with its role's policies. */
function functionIdentities(assembly: Assembly): Identities {
  const roles = roleIdentities(assembly);
  return new Map(
    assembly.resources('AWS::Lambda::Function').map(({ name, properties }) => {
      const { Role } = functionSchema.parse(properties);
      return [name, roles.get(Role) ?? { arn: Role, policies: [] }];
    }),
  );
}

function simulationOf(
  identity: { readonly arn: string; readonly policies: readonly IdentityPolicy[] },
  demand: Demand,
  resources: Resources,
  place: Place,
): Simulation {
  const resourcePolicy = resources.policies.get(demand.resource);
  return {
    request: {
      principal: identity.arn,
      action: demand.action,
      resource: { resource: demand.resource, accountId: place.accountId },
      contextVariables: {
        'aws:SecureTransport': 'true',
        'aws:PrincipalArn': identity.arn,
        ...(demand.viaService === undefined
          ? {}
          : { 'kms:ViaService': `${demand.viaService}.${place.region}.amazonaws.com` }),
        ...(demand.partitions === undefined ? {} : { [leadingKeys]: [...demand.partitions] }),
      },
    },
    identityPolicies: identity.policies.map(({ name, policy }) => ({ name, policy })),
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    ...(resourcePolicy === undefined ? {} : { resourcePolicy }),
  };
}

/** What DynamoDB may ask a customer managed key in its caller's name (DynamoDB developer guide, "Encryption at rest: usage notes"). */
const tableKeyActions = [
  'Decrypt',
  'DescribeKey',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyWithoutPlaintext',
  'ReEncryptFrom',
  'ReEncryptTo',
];

const keyedTable = z.looseObject({ TableName: z.string(), IndexName: z.string().optional() });
const transactSchema = z.object({
  TransactItems: z.array(z.record(z.string(), z.object({ TableName: z.string() }))),
});
const batchSchema = z.object({ RequestItems: z.record(z.string(), z.unknown()) });
const queueUrlSchema = z.object({ QueueUrl: z.string() });
const queueNameSchema = z.object({ QueueName: z.string() });
const topicSchema = z.object({ TopicArn: z.string() });
const endpointSchema = z.object({ EndpointArn: z.string() });
const secretSchema = z.object({ SecretId: z.string() });
const configurationSchema = z.union([
  z.object({ ConfigurationToken: z.string() }).transform(({ ConfigurationToken }) => placeOfToken(ConfigurationToken)),
  z
    .object({
      ApplicationIdentifier: z.string(),
      EnvironmentIdentifier: z.string(),
      ConfigurationProfileIdentifier: z.string(),
    })
    .transform((place) =>
      [place.ApplicationIdentifier, place.EnvironmentIdentifier, place.ConfigurationProfileIdentifier].join('/'),
    ),
]);

/** What a call needs, from its input (Service Authorization Reference). */
function demandsOf(
  { service, operation, input }: Pick<AwsCall, 'service' | 'operation' | 'input'>,
  resources: Resources,
  place: Place,
): Demand[] {
  const withKey = (resource: string, actions: readonly string[], keyActions: readonly string[]): Demand[] => {
    const key = resources.keys.get(resource.split('/index/')[0] ?? resource);
    return [
      ...actions.map((action) => ({ action, resource })),
      ...(key === undefined
        ? []
        : keyActions.map((action) => ({ action: `kms:${action}`, resource: key, viaService: service }))),
    ];
  };
  switch (service) {
    case 'appconfig': {
      const [application, environment, profile] = (configurationSchema.safeParse(input).data ?? '').split('/');
      const path = `application/${application}/environment/${environment}/configuration/${profile}`;
      return [{ action: `appconfig:${operation}`, resource: arnOf(place, 'appconfig', path) }];
    }
    case 'comprehend': {
      // Built-in models are no resources; an endpoint is one.
      const resource = endpointSchema.safeParse(input).data?.EndpointArn ?? '*';
      return [{ action: `comprehend:${operation}`, resource }];
    }
    case 'secretsmanager': {
      const id = secretSchema.safeParse(input).data?.SecretId ?? '';
      // A name that does not exist is asked for as it would be named.
      const resource = resources.secrets.get(id) ?? arnOf(place, 'secretsmanager', `secret:${id}-000000`);
      return withKey(resource, [`secretsmanager:${operation}`], ['Decrypt']);
    }
    case 'sns': {
      const topic = topicSchema.safeParse(input).data?.TopicArn;
      const action = `sns:${operation === 'PublishBatch' ? 'Publish' : operation}`;
      return withKey(
        arnOf(place, 'sns', topic?.split(':').at(-1) ?? 'unnamed'),
        [action],
        ['GenerateDataKey', 'Decrypt'],
      );
    }
    case 'sqs': {
      const url = queueUrlSchema.safeParse(input).data?.QueueUrl;
      const name = queueNameSchema.safeParse(input).data?.QueueName;
      const resource = url === undefined ? arnOf(place, 'sqs', name ?? 'unnamed') : queueArn(place, url);
      const action = operation.replace(/Batch$/, '');
      const keyActions =
        action === 'SendMessage' ? ['GenerateDataKey', 'Decrypt'] : action === 'ReceiveMessage' ? ['Decrypt'] : [];
      return withKey(resource, [`sqs:${action}`], keyActions);
    }
    case 'dynamodb':
      return dynamoTargets(operation, input).flatMap(({ action, table, index }) => {
        const resource = `${arnOf(place, 'dynamodb', `table/${table}`)}${index === undefined ? '' : `/index/${index}`}`;
        return withKey(resource, [`dynamodb:${action}`], tableKeyActions);
      });
  }
}

function dynamoTargets(operation: string, input: unknown): { action: string; table: string; index?: string }[] {
  const transaction = transactSchema.safeParse(input);
  if (transaction.success && operation.startsWith('Transact')) {
    return transaction.data.TransactItems.flatMap((item) =>
      Object.entries(item).map(([kind, { TableName }]) => ({
        action: kind === 'ConditionCheck' ? 'ConditionCheckItem' : `${kind}Item`,
        table: TableName,
      })),
    );
  }
  const batch = batchSchema.safeParse(input);
  if (batch.success) return Object.keys(batch.data.RequestItems).map((table) => ({ action: operation, table }));
  const single = keyedTable.safeParse(input);
  if (!single.success) return [{ action: operation, table: 'unnamed' }];
  const { TableName, IndexName } = single.data;
  return [{ action: operation, table: TableName, ...(IndexName === undefined ? {} : { index: IndexName }) }];
}

function withPartitions(demands: readonly Demand[], input: unknown): Demand[] {
  const partitions = partitionsIn(input);
  return demands.map((demand) => (demand.action.startsWith('dynamodb:') ? { ...demand, partitions } : demand));
}

/** The partition keys of all items that a call names, in whatever place its operation names them. */
function partitionsIn(input: unknown): readonly string[] {
  if (Array.isArray(input)) return [...new Set(input.flatMap(partitionsIn))];
  if (typeof input !== 'object' || input === null) return [];
  const key = itemKeySchema.safeParse(input);
  return key.success ? [key.data.pk.S] : [...new Set(Object.values(input).flatMap(partitionsIn))];
}

const itemKeySchema = z.object({ pk: z.object({ S: z.string() }), sk: z.object({ S: z.string() }) });

/** Never a pattern: a caller that asks for `*` means a thing of that name. */
function arnOf(place: Place, service: string, path: string): string {
  return `arn:aws:${service}:${place.region}:${place.accountId}:${path.replaceAll(/[*?]/g, '_')}`;
}

function queueArn(place: Place, url: string): string {
  return arnOf(place, 'sqs', url.split('/').at(-1) ?? '');
}

function allowedActions(policy: PolicyDocument): string[] {
  return policy.Statement.flatMap(({ Effect, Action }) => (Effect === 'Allow' ? [Action ?? []].flat() : []));
}

/** Action patterns hold `*` and `?` and do not mind upper case (IAM user guide, "Action element"). */
function matches(pattern: string, action: string): boolean {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 'i').test(action);
}
