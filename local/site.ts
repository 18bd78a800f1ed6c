import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import { UsageError } from './commands/usage.ts';
import { runningAt } from './webhook-client.ts';

/** The options of every command that works on a deployed stage as it does on the embedded run. */
export const siteOptions = {
  stage: { type: 'string' },
  region: { type: 'string' },
  data: { type: 'string', default: '.vigie' },
} as const;
export const siteUsage = '[--stage STAGE [--region REGION] | --data DIR]';

/** Where a command works: a stage in AWS, or the run on this machine. */
export interface Site {
  readonly stage: string;
  readonly dynamo: DynamoDBClient;
  readonly sqs: SQSClient;
}

/**
 * The stage in AWS by the SDK's own credentials (environment, profile, single sign-on), or without `stage` the run over `data`.
 * @throws WebhookClientError when nothing runs there.
 */
export function siteOf({ stage, region, data }: { stage?: string; region?: string; data: string }): Site {
  if (stage !== undefined) {
    const config = region === undefined ? {} : { region };
    return { stage, dynamo: new DynamoDBClient(config), sqs: new SQSClient(config) };
  }
  const config = {
    endpoint: runningAt(data),
    region: 'eu-west-1',
    credentials: { accessKeyId: 'ops', secretAccessKey: 'local' },
  };
  return { stage: 'dev', dynamo: new DynamoDBClient(config), sqs: new SQSClient(config) };
}

/** The stage's table of cases. @throws UsageError when there is none in this account and region. */
export async function caseTableOf({ dynamo, stage }: Site): Promise<string> {
  const prefix = `vigie-${stage}-data-Cases`;
  let from: string | undefined;
  do {
    const page = await dynamo.send(new ListTablesCommand(from === undefined ? {} : { ExclusiveStartTableName: from }));
    const found = page.TableNames?.find((name) => name.startsWith(prefix));
    if (found !== undefined) return found;
    from = page.LastEvaluatedTableName;
  } while (from !== undefined);
  throw new UsageError(`--stage ${stage}: there is no table ${prefix}… in this account and region`);
}

/** The address of `vigie-<stage>-<name>`. @throws UsageError when there is none in this account and region. */
export async function queueUrlOf({ sqs, stage }: Site, name: string): Promise<string> {
  const QueueName = `vigie-${stage}-${name}`;
  try {
    const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName }));
    if (QueueUrl !== undefined) return QueueUrl;
  } catch (error) {
    if (!(error instanceof Error) || !/QueueDoesNotExist|NonExistentQueue/.test(error.name)) throw error;
  }
  throw new UsageError(`--stage ${stage}: there is no queue ${QueueName} in this account and region`);
}
