import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';

/** Where the resources of a template are pretended to be. */
export interface Place {
  readonly region: string;
  readonly accountId: string;
  /** Scheme, host and port that stand in for every AWS endpoint and for the HTTP API's public address. */
  readonly gatewayUrl: string;
}

/** One resource of a synthesized stack as CloudFormation would have made it. */
export interface Resource {
  readonly stack: string;
  readonly logicalId: string;
  readonly type: string;
  /** The physical name: the one the template gives, or one made from stack and logical id. */
  readonly name: string;
  readonly arn: string;
  /** With every reference replaced by its value. */
  readonly properties: Readonly<Record<string, unknown>>;
}

const templateSchema = z.object({
  Resources: z.record(
    z.string(),
    z.object({ Type: z.string(), Properties: z.record(z.string(), z.unknown()).default({}) }),
  ),
  Parameters: z.record(z.string(), z.object({ Default: z.unknown().optional() })).default({}),
  Outputs: z
    .record(z.string(), z.object({ Value: z.unknown(), Export: z.object({ Name: z.unknown() }).optional() }))
    .default({}),
});
type Template = z.infer<typeof templateSchema>;

const manifestSchema = z.object({
  artifacts: z.record(
    z.string(),
    z.object({
      type: z.string(),
      properties: z.object({ templateFile: z.string().optional(), stackName: z.string().optional() }).optional(),
    }),
  ),
});

const stackOutputSchema = z.object({ StackName: z.string(), OutputName: z.string() });
const recordSchema = z.record(z.string(), z.unknown());
const noValue = Symbol('AWS::NoValue');

/** The stacks of a cloud assembly (`cdk.out`), resolved as far as they are asked for. */
export class Assembly {
  readonly #directory: string;
  readonly #place: Place;
  readonly #templates: ReadonlyMap<string, Template>;
  readonly #exports = new Map<string, { stack: string; value: unknown }>();
  /** References being resolved, to tell a cycle from a deep template. */
  readonly #open = new Set<string>();

  constructor(directory: string, templates: ReadonlyMap<string, Template>, place: Place) {
    this.#directory = directory;
    this.#place = place;
    this.#templates = templates;
    for (const [stack, template] of templates) {
      for (const output of Object.values(template.Outputs)) {
        if (output.Export === undefined) continue;
        this.#exports.set(text(this.#resolve(stack, output.Export.Name)), { stack, value: output.Value });
      }
    }
  }

  /** All resources of these types, in the order of the templates. Throws when a property cannot be resolved. */
  resources(...types: readonly string[]): Resource[] {
    return [...this.#templates].flatMap(([stack, template]) =>
      Object.entries(template.Resources)
        .filter(([, { Type }]) => types.includes(Type))
        .map(([logicalId, { Type }]) => ({
          stack,
          logicalId,
          type: Type,
          name: this.#nameOf(stack, logicalId),
          arn: this.#arnOf(stack, logicalId),
          properties: recordSchema.parse(this.#resolve(stack, template.Resources[logicalId]?.Properties ?? {})),
        })),
    );
  }

  /** The directory of a file asset, from the S3 key the template gives to a function's code. */
  assetDirectory(s3Key: string): string {
    return join(this.#directory, `asset.${s3Key.replace(/\.zip$/, '')}`);
  }

  #resolve(stack: string, value: unknown): unknown {
    if (Array.isArray(value)) return value.map((item) => this.#resolve(stack, item)).filter((item) => item !== noValue);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value);
    const [first] = entries;
    if (entries.length === 1 && first !== undefined && (first[0] === 'Ref' || first[0].startsWith('Fn::'))) {
      return this.#intrinsic(stack, first[0], first[1]);
    }
    return Object.fromEntries(
      entries.map(([key, item]) => [key, this.#resolve(stack, item)]).filter(([, item]) => item !== noValue),
    );
  }

  /** Functions of the CloudFormation template reference, as far as the CDK emits them for this app. */
  #intrinsic(stack: string, name: string, argument: unknown): unknown {
    switch (name) {
      case 'Ref':
        return this.#ref(stack, text(argument));
      case 'Fn::GetAtt': {
        const [logicalId, attribute] = typeof argument === 'string' ? argument.split('.', 2) : list(argument);
        return this.#attribute(stack, text(logicalId), text(attribute));
      }
      case 'Fn::Join': {
        const [separator, parts] = list(argument);
        return list(this.#resolve(stack, parts)).map(text).join(text(separator));
      }
      case 'Fn::Sub':
        return this.#substitute(stack, argument);
      case 'Fn::Select': {
        const [index, from] = list(argument);
        return list(this.#resolve(stack, from))[Number(this.#resolve(stack, index))];
      }
      case 'Fn::Split': {
        const [separator, from] = list(argument);
        return text(this.#resolve(stack, from)).split(text(separator));
      }
      case 'Fn::ImportValue': {
        const exportName = text(this.#resolve(stack, argument));
        const found = this.#exports.get(exportName);
        if (found === undefined) throw new Error(`${stack}: no stack exports ${exportName}`);
        return this.#resolve(found.stack, found.value);
      }
      case 'Fn::GetStackOutput': {
        const { StackName, OutputName } = stackOutputSchema.parse(this.#resolve(stack, argument));
        const output = this.#templates.get(StackName)?.Outputs[OutputName];
        if (output === undefined) throw new Error(`${stack}: ${StackName} has no output ${OutputName}`);
        return this.#resolve(StackName, output.Value);
      }
      default:
        throw new Error(`${stack}: ${name} is not understood by the local run`);
    }
  }

  #substitute(stack: string, argument: unknown): string {
    const [pattern, variables] = typeof argument === 'string' ? [argument, {}] : list(argument);
    const given = recordSchema.parse(variables ?? {});
    return text(pattern).replaceAll(/\$\{(!?)([^}]+)\}/g, (_, literal: string, key: string) => {
      if (literal === '!') return `\${${key}}`;
      if (key in given) return text(this.#resolve(stack, given[key]));
      const [logicalId = '', attribute] = key.split('.', 2);
      return text(attribute === undefined ? this.#ref(stack, key) : this.#attribute(stack, logicalId, attribute));
    });
  }

  #ref(stack: string, id: string): unknown {
    const { region, accountId } = this.#place;
    switch (id) {
      case 'AWS::Region':
        return region;
      case 'AWS::AccountId':
        return accountId;
      case 'AWS::Partition':
        return 'aws';
      case 'AWS::URLSuffix':
        return 'amazonaws.com';
      case 'AWS::StackName':
        return stack;
      case 'AWS::StackId':
        return `arn:aws:cloudformation:${region}:${accountId}:stack/${stack}/local`;
      case 'AWS::NoValue':
        return noValue;
    }
    const template = this.#templates.get(stack);
    const parameter = template?.Parameters[id];
    if (parameter !== undefined) {
      if (parameter.Default === undefined) throw new Error(`${stack}: parameter ${id} has no default`);
      return parameter.Default;
    }
    switch (template?.Resources[id]?.Type) {
      case 'AWS::SQS::Queue':
        return `${this.#place.gatewayUrl}/${accountId}/${this.#nameOf(stack, id)}`;
      case 'AWS::SNS::Topic':
      case 'AWS::SecretsManager::Secret':
        return this.#arnOf(stack, id);
      default:
        return this.#nameOf(stack, id);
    }
  }

  #attribute(stack: string, logicalId: string, attribute: string): unknown {
    if (attribute === 'Arn' || attribute === 'TopicArn') return this.#arnOf(stack, logicalId);
    if (attribute === 'ApiEndpoint') return this.#place.gatewayUrl;
    if (attribute.endsWith('Name') || attribute.endsWith('Id')) return this.#nameOf(stack, logicalId);
    if (attribute === 'QueueUrl') return this.#ref(stack, logicalId);
    throw new Error(`${stack}: attribute ${attribute} of ${logicalId} is not known to the local run`);
  }

  #nameOf(stack: string, logicalId: string): string {
    const resource = this.#templates.get(stack)?.Resources[logicalId];
    if (resource === undefined) throw new Error(`${stack}: there is no resource ${logicalId}`);
    const property = nameProperties[resource.Type];
    const given = property === undefined ? undefined : resource.Properties[property];
    if (given !== undefined) return this.#once(`${stack}.${logicalId}`, () => text(this.#resolve(stack, given)));
    const made = `${stack}-${logicalId}`;
    return resource.Type === 'AWS::SQS::Queue' && resource.Properties['FifoQueue'] === true ? `${made}.fifo` : made;
  }

  #arnOf(stack: string, logicalId: string): string {
    const type = this.#templates.get(stack)?.Resources[logicalId]?.Type ?? '';
    const name = this.#nameOf(stack, logicalId);
    const { region, accountId } = this.#place;
    const at = (service: string, path: string): string => `arn:aws:${service}:${region}:${accountId}:${path}`;
    switch (type) {
      case 'AWS::SQS::Queue':
        return at('sqs', name);
      case 'AWS::SNS::Topic':
        return at('sns', name);
      case 'AWS::DynamoDB::Table':
      case 'AWS::DynamoDB::GlobalTable':
        return at('dynamodb', `table/${name}`);
      case 'AWS::SecretsManager::Secret':
        return at('secretsmanager', `secret:${name}-${secretSuffix(name)}`);
      case 'AWS::Lambda::Function':
        return at('lambda', `function:${name}`);
      case 'AWS::KMS::Key':
        return at('kms', `key/${name}`);
      case 'AWS::Logs::LogGroup':
        return at('logs', `log-group:${name}:*`);
      case 'AWS::IAM::Role':
        return `arn:aws:iam::${accountId}:role/${name}`;
      default:
        return at(type.split('::')[1]?.toLowerCase() ?? 'unknown', name);
    }
  }

  #once<Value>(key: string, resolve: () => Value): Value {
    if (this.#open.has(key)) throw new Error(`${key} refers to itself`);
    this.#open.add(key);
    try {
      return resolve();
    } finally {
      this.#open.delete(key);
    }
  }
}

const nameProperties: Readonly<Record<string, string>> = {
  'AWS::SQS::Queue': 'QueueName',
  'AWS::SNS::Topic': 'TopicName',
  'AWS::DynamoDB::Table': 'TableName',
  'AWS::DynamoDB::GlobalTable': 'TableName',
  'AWS::SecretsManager::Secret': 'Name',
  'AWS::Lambda::Function': 'FunctionName',
  'AWS::Logs::LogGroup': 'LogGroupName',
  'AWS::IAM::Role': 'RoleName',
};

/** Reads a cloud assembly. Throws when a file of it is missing or is not what `cdk synth` writes. */
export function readAssembly(directory: string, place: Place): Assembly {
  const manifest = manifestSchema.parse(readJson(join(directory, 'manifest.json')));
  const templates = new Map<string, Template>();
  for (const [id, { type, properties }] of Object.entries(manifest.artifacts)) {
    if (type !== 'aws:cloudformation:stack' || properties?.templateFile === undefined) continue;
    const template = templateSchema.parse(readJson(join(directory, properties.templateFile)));
    templates.set(properties.stackName ?? id, template);
  }
  return new Assembly(directory, templates, place);
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** Secrets Manager ends every ARN with six random characters, which policies match with `??????`. */
function secretSuffix(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 6);
}

function text(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new Error(`expected text in the template, found ${JSON.stringify(value)}`);
}

function list(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new Error(`expected a list in the template, found ${JSON.stringify(value)}`);
}
