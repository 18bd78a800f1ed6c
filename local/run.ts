import {
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  type WriteStream,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import * as z from 'zod';
import { packPolicy } from '../shared/adapters/packed-policy.ts';
import type { Policy } from '../shared/domain/policy.ts';
import { type LocalAppConfig, openAppConfig } from './app-config.ts';
import { type AwsAnswer, failed } from './aws-call.ts';
import { type Clock, systemClock } from './clock.ts';
import { createComprehend, type SentimentVerdict } from './comprehend.ts';
import { type LocalDynamo, startDynamo } from './dynamodb.ts';
import type { Faults } from './faults.ts';
import { type Caller, Gateway, type GatewayParts, lost } from './gateway.ts';
import { type HttpAnswer, type HttpRequest, matchRoute, message, toAnswer, toEvent } from './http-api.ts';
import { logDemands, type PermissionReport, type Permissions, readPermissions } from './iam.ts';
import { Journal } from './journal.ts';
import { type InvocationResult, LambdaRuntime } from './lambda-runtime.ts';
import { startMapping } from './mappings.ts';
import { Meters } from './meters.ts';
import { localSecrets, secretsFile } from './platform-secrets.ts';
import { type Deployment, provision, type QueueConfig, readDeployment } from './provision.ts';
import { startSchedule } from './schedule.ts';
import { openSecrets } from './secrets.ts';
import { type LocalSns, type Notice, openSns } from './sns.ts';
import { type LocalSqs, openSqs } from './sqs.ts';
import { assemblyOf } from './synthesis.ts';
import { type Place, readAssembly } from './template.ts';

const root = resolve(import.meta.dirname, '..');
const region = 'eu-west-1';
const accountId = '000000000000';
const addressFile = 'run.json';

export interface EmbeddedRunOptions {
  /** Where cases, queues, secrets and logs are kept; made if absent. */
  readonly dataDir: string;
  /** Default 0: any free one. */
  readonly port?: number;
  /** Default: `policy` of the project. */
  readonly policyDir?: string;
  /** Forget what an earlier run kept. */
  readonly fresh?: boolean;
  /** The time for queues, schedule and functions; the machine's by default. */
  readonly clock?: Clock;
  readonly faults?: Faults;
  /** Progress, a line at a time. */
  readonly log?: (line: string) => void;
  /** Settings file of the stage to run; default `dev`. */
  readonly stage?: string;
  /** Default: `functions` of the project. */
  readonly functionsDir?: string;
  /** Most execution environments of one function; default 2. */
  readonly processesPerFunction?: number;
  /** Roles outside the account by the access key id they call with: a vendor's, kept to what resource policies give it. */
  readonly roles?: Readonly<Record<string, string>>;
  /** Replaces the verdicts of the Comprehend stand-in. */
  readonly sentiment?: SentimentVerdict;
}

/** The address of the run over `dataDir`, or `undefined` when none has been started there since the last one was stopped. */
export function readRunUrl(dataDir: string): string | undefined {
  const file = join(dataDir, addressFile);
  return existsSync(file) ? z.object({ url: z.url() }).parse(JSON.parse(readFileSync(file, 'utf8'))).url : undefined;
}

export interface QueueStatus {
  readonly name: string;
  readonly url: string;
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
}

export interface EmbeddedRun {
  /** Scheme, host and port of the webhooks and of every AWS endpoint. */
  readonly url: string;
  readonly port: number;
  readonly sqsEndpoint: string;
  readonly queues: readonly QueueConfig[];
  /** The table of cases. */
  readonly tableName: string;
  readonly meters: Meters;
  readonly journal: Journal;
  /** Lets work in progress finish for up to two seconds, then ends everything. */
  stop(): Promise<void>;
  /** Ends everything as a power cut does. */
  kill(): Promise<void>;
  /** Names may leave out the stage: `triage-messages`. */
  restartFunction(name: string): Promise<void>;
  invoke(name: string, payload: unknown): Promise<InvocationResult>;
  /** Names may leave out stage and `.fifo`: `intake`, `in_house-urgent`. Throws when no queue has this name. */
  queueUrl(name: string): string;
  queueStatus(): Promise<readonly QueueStatus[]>;
  permissions(): PermissionReport;
  /** Has functions decide by another policy from their next batch on; one that names a desk without queues is refused by them. */
  usePolicy(policy: Policy): void;
  /** What was published for people. */
  notices(): readonly Notice[];
  /** Resolves when no function works and no message waits or is in flight on a queue that a function empties. */
  idle(): Promise<void>;
}

/** Why a run could not start, in one line for the person who started it. */
export class RunError extends Error {
  override name = 'RunError';
}

/**
 * Runs the synthesized stacks on this machine: their functions, wiring and permissions, in front of stand-ins for AWS.
 * @throws RunError when the port is taken, the data is in use, or policy or settings are wrong.
 */
export async function startEmbeddedRun(options: EmbeddedRunOptions): Promise<EmbeddedRun> {
  const dataDir = resolve(options.dataDir);
  const undo: (() => unknown)[] = [];
  try {
    makeDirectory(dataDir);
    const lock = lockDirectory(dataDir);
    undo.push(() => lock.close());
    const gateway = await listen(options.port ?? 0);
    undo.push(() => gateway.close());
    if (options.fresh === true) forget(dataDir);
    return await start(options, dataDir, lock, gateway, undo);
  } catch (error) {
    for (const step of undo.reverse()) await step();
    throw error;
  }
}

async function start(
  options: EmbeddedRunOptions,
  dataDir: string,
  lock: DatabaseSync,
  gateway: Gateway,
  undo: (() => unknown)[],
): Promise<EmbeddedRun> {
  const clock = options.clock ?? systemClock;
  const log = options.log ?? (() => {});
  const place: Place = { region, accountId, gatewayUrl: `http://127.0.0.1:${gateway.port}` };

  const dynamo = await startDynamo(join(dataDir, 'cases.db'));
  undo.push(() => dynamo.stop());
  const sqs = openSqs({
    file: join(dataDir, 'queues.db'),
    clock,
    baseUrl: () => place.gatewayUrl,
    region,
    accountId,
  });
  undo.push(() => sqs.close());
  const sns = openSns({ file: join(dataDir, 'notices.db'), clock, region, accountId, sqs });
  undo.push(() => sns.close());
  const secrets = openSecrets(join(dataDir, secretsFile));

  log('synthesizing the stacks');
  const directory = await synthesized(options);
  const assembly = readAssembly(directory, place);
  const deployment = readDeployment(assembly, place, options.processesPerFunction ?? 2);
  const appConfig = openAppConfig(assembly);
  const permissions = await readPermissions(assembly, place, options.roles);
  await provision(deployment, {
    dynamo: (operation, input) => dynamo.call(operation, JSON.stringify(input)),
    sqs: (operation, input) => sqs.handle(operation, input),
    createTopic: (name) => sns.handle(new URLSearchParams({ Action: 'CreateTopic', Name: name }).toString()),
    defineSecret: (secret) => {
      const platform = secret.name.split('/').at(-1) ?? secret.name;
      secrets.define(secret, () => JSON.stringify(localSecrets(platform)));
    },
  });

  const meters = new Meters();
  const journal = new Journal();
  const logs = new LogFiles(join(dataDir, 'logs'), deployment, permissions, place);
  const runtime = await LambdaRuntime.start({
    region,
    gatewayUrl: place.gatewayUrl,
    onLine(functionName, line) {
      logs.write(functionName, line);
      journal.add(line);
    },
    onInvoked(functionName, milliseconds) {
      const { memoryMb } = deployment.functions.find(({ name }) => name === functionName) ?? { memoryMb: 0 };
      meters.bill('lambdaInvocations', 1);
      meters.bill('lambdaGigabyteSeconds', (milliseconds / 1000) * (memoryMb / 1024));
    },
    ...(clock === systemClock ? {} : { clockAhead: () => clock.now() - Date.now() }),
  });
  undo.push(() => runtime.stop());

  const queueStatus = async (): Promise<QueueStatus[]> =>
    Promise.all(deployment.queues.map(async ({ name, url }) => ({ name, url, ...(await countsOf(sqs, url)) })));
  const roles = options.roles ?? {};
  gateway.open({
    backends: backendsOf({ dynamo, sqs, sns, secrets, appConfig, sentiment: options.sentiment }),
    permissions,
    meters,
    faults: options.faults,
    journal,
    callerOf: (accessKeyId) => ({
      accessKeyId,
      name: runtime.functionOf(accessKeyId) ?? (Object.hasOwn(roles, accessKeyId) ? accessKeyId : undefined),
    }),
    killEnvironment: (accessKeyId) => runtime.killEnvironment(accessKeyId),
    httpApi: (request) => answerHttpApi(request, deployment, runtime),
    pages: {
      status: async () => ({
        startedAt: new Date(startedAt).toISOString(),
        dataDir,
        queues: await queueStatus(),
        functions: runtime.status(),
      }),
      notices: () => sns.notices(),
      permissions: () => permissions.report(),
      meters: () => ({ calls: meters.calls(), billed: meters.billed() }),
    },
    now: clock.now,
  });
  const startedAt = clock.now();

  for (const config of deployment.functions) runtime.define(config);
  const mappings = deployment.mappings.map((config) => {
    const caller: Caller = { name: config.functionName, accessKeyId: 'event-source-mapping' };
    return startMapping(config, {
      clock,
      async sqs(operation, input, signal) {
        const answer = await gateway.call(caller, 'sqs', operation, JSON.stringify(input), signal);
        return answer === lost ? undefined : answer;
      },
      invoke: (payload) => runtime.invoke(config.functionName, payload),
    });
  });
  const schedules = deployment.schedules.map((config) =>
    startSchedule(config, clock, async (payload) => {
      const demand = { action: 'lambda:InvokeFunction', resource: config.functionArn };
      if ((await permissions.deniedOf(config.roleArn, [demand])) === undefined) {
        await runtime.invoke(config.functionName, payload);
      }
    }),
  );

  const internal = new Set(deployment.mappings.map(({ queueUrl }) => queueUrl));
  const isIdle = async (): Promise<boolean> => {
    if (runtime.busy || mappings.some(({ busy }) => busy)) return false;
    const counts = await Promise.all([...internal].map((url) => countsOf(sqs, url)));
    return counts.every(({ visible, inFlight }) => visible + inFlight === 0);
  };

  // Tells other commands on this machine where the run over this directory is.
  const address = join(dataDir, addressFile);
  writeFileSync(address, JSON.stringify({ url: place.gatewayUrl, pid: process.pid }));

  let ending: Promise<void> | undefined;
  const end = async (graceMilliseconds: number, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    for (const cancel of schedules) cancel();
    const drained = Promise.all(mappings.map((mapping) => mapping.stop()));
    if (graceMilliseconds > 0) await Promise.race([drained, delay(graceMilliseconds)]);
    await runtime.stop();
    await drained;
    gateway.close();
    await dynamo.stop(signal);
    sqs.close();
    sns.close();
    logs.close();
    rmSync(address, { force: true });
    lock.close();
  };

  return {
    url: place.gatewayUrl,
    port: gateway.port,
    sqsEndpoint: place.gatewayUrl,
    queues: deployment.queues,
    tableName: deployment.tables[0]?.name ?? '',
    meters,
    journal,
    stop() {
      ending ??= end(2_000, 'SIGTERM');
      return ending;
    },
    kill() {
      ending ??= end(0, 'SIGKILL');
      return ending;
    },
    restartFunction: (name) => runtime.restart(named(deployment.functions, name).name),
    invoke: (name, payload) => runtime.invoke(named(deployment.functions, name).name, payload),
    queueUrl: (name) => named(deployment.queues, name).url,
    queueStatus,
    permissions: () => permissions.report(),
    usePolicy: (policy) => appConfig.use(packPolicy(policy)),
    notices: () => sns.notices(),
    async idle() {
      while (!(await isIdle())) await delay(10);
    },
  };
}

function makeDirectory(dataDir: string): void {
  try {
    mkdirSync(join(dataDir, 'logs'), { recursive: true });
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error;
    throw new RunError(
      `${dataDir} cannot be used as a data directory (${String(error.code)}). Give another: npm start -- --data DIR`,
    );
  }
}

/** An exclusive lock that the system releases when this process ends, however it ends. */
function lockDirectory(dataDir: string): DatabaseSync {
  const lock = new DatabaseSync(join(dataDir, 'lock'), { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch {
    lock.close();
    throw new RunError(`Another run uses ${dataDir}. Stop it, or give this one its own: npm start -- --data DIR`);
  }
  return lock;
}

async function listen(port: number): Promise<Gateway> {
  try {
    return await Gateway.listen(port);
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error;
    if (error.code === 'EADDRINUSE') {
      throw new RunError(
        `Port ${port} is taken. Stop what listens there, or choose another: npm start -- --port ${port + 1}`,
      );
    }
    throw new RunError(`Port ${port} cannot be used (${String(error.code)}). Choose another: npm start -- --port 8788`);
  }
}

/** Removes what runs keep in their directory, and nothing else that may be there. */
function forget(dataDir: string): void {
  for (const name of readdirSync(dataDir)) {
    if (name === secretsFile || /^(?:cases|queues|notices)\.db(?:-\w+)?$/.test(name)) rmSync(join(dataDir, name));
  }
  for (const name of readdirSync(join(dataDir, 'logs'))) {
    if (name.endsWith('.log')) rmSync(join(dataDir, 'logs', name));
  }
}

async function synthesized(options: EmbeddedRunOptions): Promise<string> {
  const policyDir = resolve(options.policyDir ?? join(root, 'policy'));
  if (!existsSync(policyDir)) throw new RunError(`There is no policy directory ${policyDir}.`);
  try {
    return await assemblyOf({
      stage: options.stage ?? 'dev',
      policyDir,
      functionsDir: resolve(options.functionsDir ?? join(root, 'functions')),
    });
  } catch (error) {
    if (error instanceof Error && error.name === 'ConfigurationError') throw new RunError(error.message);
    throw error;
  }
}

function backendsOf(services: {
  readonly dynamo: LocalDynamo;
  readonly sqs: LocalSqs;
  readonly sns: LocalSns;
  readonly secrets: ReturnType<typeof openSecrets>;
  readonly appConfig: LocalAppConfig;
  readonly sentiment: SentimentVerdict | undefined;
}): GatewayParts['backends'] {
  const { dynamo, sqs, sns, secrets, appConfig } = services;
  // Loaded when first asked for: the policy's lists and the detector's tables take more memory than everything else in this process.
  const comprehend = createComprehend({
    async sentimentOf(text, language) {
      if (services.sentiment !== undefined) return services.sentiment(text, language);
      const { standInSentiment } = await import('./comprehend-verdict.ts');
      return standInSentiment(text, language);
    },
    async languageOf(text) {
      const { eldLanguageDetector } = await import('../shared/adapters/eld-language.ts');
      return eldLanguageDetector().detect(text);
    },
    async personalDataIn(text) {
      const { standInPersonalData } = await import('./comprehend-verdict.ts');
      return standInPersonalData(text);
    },
    async toxicityOf(text) {
      const { standInSentiment } = await import('./comprehend-verdict.ts');
      const { label, confidence } = standInSentiment(text, 'en');
      return label === 'negative' ? confidence : 0;
    },
    async classOf(text) {
      const { standInClass } = await import('./comprehend-verdict.ts');
      return standInClass(text);
    },
  });
  return {
    dynamodb: (operation, { body }) =>
      dynamo
        .call(operation, withConsumedCapacity(operation, body))
        .catch(() =>
          failed('dynamodb', { code: 'InternalServerError', message: 'The local engine is gone.', status: 500 }),
        ),
    sqs: (operation, { input, caller }, signal) => sqs.handle(operation, input, { caller, signal }),
    sns: (_operation, { body }) => sns.handle(body),
    secretsmanager: (operation, { input }) => secrets.handle(operation, input),
    appconfig: (operation, { input }) => appConfig.handle(operation, input),
    comprehend: (operation, { input }) => comprehend.handle(operation, input),
  };
}

/** Asks DynamoDB to say what a call would be billed, where the caller did not ask. */
function withConsumedCapacity(operation: string, body: string): string {
  if (!/Item|Query|Scan/.test(operation) || body.includes('"ReturnConsumedCapacity"')) return body;
  return body.replace('{', '{"ReturnConsumedCapacity":"TOTAL",');
}

/** What API Gateway answers: the function's answer, or 503 so that the platform tries again. */
async function answerHttpApi(
  request: HttpRequest,
  deployment: Deployment,
  runtime: LambdaRuntime,
): Promise<HttpAnswer> {
  const path = request.target.split('?')[0] ?? '';
  const match = matchRoute(deployment.routes, request.method, path);
  if (match === undefined) return message(404, 'Not Found');
  const result = await runtime.invoke(match.route.functionName, toEvent(request, match, accountId));
  return result.ok ? toAnswer(result.payload) : message(503, 'Service Unavailable');
}

const countsSchema = z.object({
  Attributes: z.object({
    ApproximateNumberOfMessages: z.coerce.number(),
    ApproximateNumberOfMessagesNotVisible: z.coerce.number(),
    ApproximateNumberOfMessagesDelayed: z.coerce.number(),
  }),
});

async function countsOf(sqs: LocalSqs, url: string): Promise<Pick<QueueStatus, 'visible' | 'inFlight' | 'delayed'>> {
  const answer: AwsAnswer = await sqs.handle('GetQueueAttributes', { QueueUrl: url, AttributeNames: ['All'] });
  const { Attributes } = countsSchema.parse(JSON.parse(answer.body));
  return {
    visible: Attributes.ApproximateNumberOfMessages,
    inFlight: Attributes.ApproximateNumberOfMessagesNotVisible,
    delayed: Attributes.ApproximateNumberOfMessagesDelayed,
  };
}

/** The resource with this name, or with this name after the stage's prefix. */
function named<Resource extends { readonly name: string }>(resources: readonly Resource[], name: string): Resource {
  const found =
    resources.find((resource) => resource.name === name) ??
    resources
      .filter((resource) => resource.name.replace(/\.fifo$/, '').endsWith(`-${name.replace(/\.fifo$/, '')}`))
      .toSorted((a, b) => a.name.length - b.name.length)[0];
  if (found === undefined) {
    throw new RunError(`There is no ${name}. Known: ${resources.map((resource) => resource.name).join(', ')}`);
  }
  return found;
}

/** One log file per function. Lambda writes logs under the function's role, so each is checked against it once. */
class LogFiles {
  readonly #directory: string;
  readonly #streams = new Map<string, WriteStream>();
  readonly #check: (functionName: string) => void;

  constructor(directory: string, deployment: Deployment, permissions: Permissions, place: Place) {
    this.#directory = directory;
    this.#check = (functionName) => {
      const { logGroup } = deployment.functions.find(({ name }) => name === functionName) ?? { logGroup: '' };
      void permissions.deniedOf(functionName, logDemands(place, logGroup));
    };
  }

  write(functionName: string, line: string): void {
    let stream = this.#streams.get(functionName);
    if (stream === undefined) {
      stream = createWriteStream(join(this.#directory, `${functionName}.log`), { flags: 'a' });
      this.#streams.set(functionName, stream);
      this.#check(functionName);
    }
    stream.write(`${line}\n`);
  }

  close(): void {
    for (const stream of this.#streams.values()) stream.end();
  }
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds).unref());
}
