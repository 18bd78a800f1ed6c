import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';

/** A function as the template configures it. */
export interface FunctionConfig {
  readonly name: string;
  readonly arn: string;
  /** Holds the deployed bundle. */
  readonly directory: string;
  /** `<file>.<export>`, as in the template. */
  readonly handler: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  /** Most execution environments at a time; further invocations wait. */
  readonly concurrency: number;
}

/** What came of an invocation; an error is the function's own, a timeout, or the end of its process. */
export type InvocationResult =
  | { readonly ok: true; readonly payload: unknown }
  | { readonly ok: false; readonly errorType: string; readonly errorMessage: string };

export interface FunctionStatus {
  readonly name: string;
  readonly processes: number;
  readonly waiting: number;
  readonly invocations: number;
  readonly errors: number;
  /** Processes that ended without being asked to. */
  readonly crashes: number;
}

export interface LambdaRuntimeOptions {
  readonly region: string;
  readonly gatewayUrl: string;
  /** Every line a function writes. */
  onLine(functionName: string, line: string): void;
  /** Every invocation that ended, with its billed time. */
  onInvoked?(functionName: string, milliseconds: number): void;
  /** Milliseconds that the run's clock is ahead of the machine's; `undefined` where it is the machine's. */
  clockAhead?(): number | undefined;
}

interface Invocation {
  readonly requestId: string;
  readonly payload: string;
  readonly settle: (result: InvocationResult) => void;
}

interface Environment {
  readonly id: string;
  readonly child: ChildProcess;
  readonly config: FunctionConfig;
  /** Its unanswered question for the next invocation. */
  waiting?: ServerResponse | undefined;
  current?: { readonly invocation: Invocation; readonly startedAt: number; readonly timer: NodeJS.Timeout } | undefined;
  asked: boolean;
  ended: boolean;
  ending?: InvocationResult;
}

interface Pool {
  readonly config: FunctionConfig;
  readonly environments: Set<Environment>;
  readonly queue: Invocation[];
  invocations: number;
  errors: number;
  crashes: number;
}

const processFile = fileURLToPath(new URL('./function-process.ts', import.meta.url));
const errorSchema = z.object({ errorType: z.string().catch('Error'), errorMessage: z.string().catch('') });

/**
 * Runs functions as Lambda does: each environment is a process that takes one invocation at a time through the Runtime API, is
 * killed when it exceeds its timeout, and is replaced when it ends.
 */
export class LambdaRuntime {
  readonly #options: LambdaRuntimeOptions;
  readonly #server: Server;
  readonly #pools = new Map<string, Pool>();
  readonly #environments = new Map<string, Environment>();
  #port = 0;
  #started = 0;
  #stopped = false;

  private constructor(options: LambdaRuntimeOptions) {
    this.#options = options;
    this.#server = createServer((incoming, answer) => void this.#serve(incoming, answer));
    // An idle environment keeps its question open for as long as nothing happens.
    this.#server.requestTimeout = 0;
    this.#server.keepAliveTimeout = 0;
  }

  static async start(options: LambdaRuntimeOptions): Promise<LambdaRuntime> {
    const runtime = new LambdaRuntime(options);
    runtime.#server.listen(0, '127.0.0.1');
    await once(runtime.#server, 'listening');
    const address = runtime.#server.address();
    if (address === null || typeof address === 'string') throw new Error('No free port on 127.0.0.1.');
    runtime.#port = address.port;
    return runtime;
  }

  /** Makes a function known and starts its first environment, so that its first event does not wait for the import. */
  define(config: FunctionConfig): void {
    const pool = { config, environments: new Set<Environment>(), queue: [], invocations: 0, errors: 0, crashes: 0 };
    this.#pools.set(config.name, pool);
    this.#spawn(pool);
  }

  /** Rejects only when no function has this name. */
  invoke(name: string, payload: unknown): Promise<InvocationResult> {
    const pool = this.#pools.get(name);
    if (pool === undefined) return Promise.reject(new Error(`There is no function ${name}.`));
    if (this.#stopped) return Promise.resolve(ended('The run is stopping.'));
    return new Promise((resolve) => {
      pool.queue.push({
        requestId: randomUUID(),
        payload: JSON.stringify(payload),
        settle: (result) => {
          pool.invocations += 1;
          if (!result.ok) pool.errors += 1;
          resolve(result);
        },
      });
      this.#pump(pool);
    });
  }

  /** Kills one environment, named by its access key id; its invocation fails as when a machine is lost. */
  killEnvironment(id: string): void {
    this.#environments.get(id)?.child.kill('SIGKILL');
  }

  /** Replaces all environments of a function; what they were doing fails. */
  async restart(name: string): Promise<void> {
    const pool = this.#pools.get(name);
    if (pool === undefined) throw new Error(`There is no function ${name}.`);
    await Promise.all([...pool.environments].map((environment) => end(environment)));
    if (pool.environments.size === 0) this.#spawn(pool);
  }

  /** The function an access key id belongs to. */
  functionOf(accessKeyId: string): string | undefined {
    return this.#environments.get(accessKeyId)?.config.name;
  }

  get busy(): boolean {
    return [...this.#pools.values()].some(
      ({ environments, queue }) => queue.length > 0 || [...environments].some(({ current }) => current !== undefined),
    );
  }

  status(): FunctionStatus[] {
    return [...this.#pools.values()].map(({ config, environments, queue, invocations, errors, crashes }) => ({
      name: config.name,
      processes: environments.size,
      waiting: queue.length,
      invocations,
      errors,
      crashes,
    }));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const pool of this.#pools.values()) {
      for (const invocation of pool.queue.splice(0)) invocation.settle(ended('The run is stopping.'));
    }
    await Promise.all([...this.#environments.values()].map((environment) => end(environment)));
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #pump(pool: Pool): void {
    for (const environment of pool.environments) {
      if (environment.waiting === undefined) continue;
      const invocation = pool.queue.shift();
      if (invocation === undefined) return;
      this.#hand(environment, environment.waiting, invocation);
    }
    const starting = [...pool.environments].filter(({ asked }) => !asked).length;
    if (pool.queue.length > starting && pool.environments.size < pool.config.concurrency) this.#spawn(pool);
  }

  #hand(environment: Environment, answer: ServerResponse, invocation: Invocation): void {
    const { config } = environment;
    const startedAt = performance.now();
    const timer = setTimeout(() => {
      environment.ending = {
        ok: false,
        errorType: 'Sandbox.Timedout',
        errorMessage: `Task timed out after ${config.timeoutSeconds.toFixed(2)} seconds`,
      };
      environment.child.kill('SIGKILL');
    }, config.timeoutSeconds * 1000);
    environment.waiting = undefined;
    environment.current = { invocation, startedAt, timer };
    const ahead = this.#options.clockAhead?.();
    answer.writeHead(200, {
      'content-type': 'application/json',
      'lambda-runtime-aws-request-id': invocation.requestId,
      'lambda-runtime-deadline-ms': Date.now() + config.timeoutSeconds * 1000,
      'lambda-runtime-invoked-function-arn': config.arn,
      ...(ahead === undefined ? {} : { 'vigie-clock-ahead-ms': ahead }),
    });
    answer.end(invocation.payload);
  }

  #settle(environment: Environment, result: InvocationResult): void {
    const { current, config } = environment;
    if (current === undefined) return;
    clearTimeout(current.timer);
    environment.current = undefined;
    this.#options.onInvoked?.(config.name, performance.now() - current.startedAt);
    current.invocation.settle(result);
  }

  #spawn(pool: Pool): void {
    if (this.#stopped) return;
    const { config } = pool;
    this.#started += 1;
    const id = `LOCAL${this.#started}`;
    const child = spawn(process.execPath, [processFile], {
      cwd: config.directory,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...config.environment,
        _HANDLER: config.handler,
        LAMBDA_TASK_ROOT: config.directory,
        AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${this.#port}/${id}`,
        AWS_LAMBDA_FUNCTION_NAME: config.name,
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(config.memoryMb),
        AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
        AWS_REGION: this.#options.region,
        AWS_DEFAULT_REGION: this.#options.region,
        AWS_ACCESS_KEY_ID: id,
        AWS_SECRET_ACCESS_KEY: 'local',
        AWS_ENDPOINT_URL: this.#options.gatewayUrl,
        // What the person at this machine keeps for the real AWS is no business of the functions.
        AWS_CONFIG_FILE: '/dev/null',
        AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
        TZ: 'UTC',
      },
    });
    const environment: Environment = { id, child, config, asked: false, ended: false };
    pool.environments.add(environment);
    this.#environments.set(id, environment);
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => this.#options.onLine(config.name, line));
    }
    child.on('error', () => this.#gone(pool, environment));
    child.on('close', () => this.#gone(pool, environment));
  }

  #gone(pool: Pool, environment: Environment): void {
    if (this.#environments.get(environment.id) !== environment) return;
    pool.environments.delete(environment);
    this.#environments.delete(environment.id);
    const { signalCode, exitCode } = environment.child;
    const result =
      environment.ending ??
      ended(`Runtime exited ${signalCode === null ? `with status ${exitCode}` : `on ${signalCode}`}`);
    if (environment.current !== undefined) this.#settle(environment, result);
    else if (!environment.asked && !environment.ended) pool.queue.shift()?.settle(result);
    if (!environment.ended) pool.crashes += 1;
    this.#pump(pool);
  }

  async #serve(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const [, id = '', , , first = '', second = '', third = ''] = (incoming.url ?? '').split('/');
    const environment = this.#environments.get(id);
    const body = await bodyOf(incoming).catch(() => undefined);
    if (body === undefined) return;
    if (environment === undefined) return void answer.writeHead(403).end();
    if (first === 'invocation' && second === 'next') {
      environment.asked = true;
      environment.waiting = answer;
      const pool = this.#pools.get(environment.config.name);
      if (pool !== undefined) this.#pump(pool);
      return;
    }
    answer.writeHead(202).end();
    if (first === 'init') {
      environment.ending = toError(body);
    } else if (second === environment.current?.invocation.requestId) {
      this.#settle(environment, third === 'response' ? { ok: true, payload: JSON.parse(body) } : toError(body));
    }
  }
}

function ended(errorMessage: string): InvocationResult {
  return { ok: false, errorType: 'Runtime.ExitError', errorMessage };
}

function toError(body: string): InvocationResult {
  const { errorType, errorMessage } = errorSchema.parse(JSON.parse(body));
  return { ok: false, errorType, errorMessage };
}

async function end(environment: Environment): Promise<void> {
  environment.ended = true;
  const { child } = environment;
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  child.kill('SIGKILL');
  await closed;
}

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
