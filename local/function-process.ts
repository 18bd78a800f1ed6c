import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as z from 'zod';

// One execution environment of a Lambda function: asks the Runtime API for the next event, hands it to the handler of the
// deployed bundle, returns the answer (Lambda developer guide, "Using the Lambda runtime API"). Ends with the server it asks.

const environment = z
  .object({
    AWS_LAMBDA_RUNTIME_API: z.string(),
    AWS_LAMBDA_FUNCTION_NAME: z.string(),
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: z.string(),
    LAMBDA_TASK_ROOT: z.string(),
    _HANDLER: z.string(),
  })
  .parse(process.env);
const handlerSchema = z.custom<(event: unknown, context: unknown) => unknown>((value) => typeof value === 'function');
const invocationSchema = z.object({
  'lambda-runtime-aws-request-id': z.string(),
  'lambda-runtime-deadline-ms': z.coerce.number(),
  'lambda-runtime-invoked-function-arn': z.string(),
  /** Only where the run's clock is not the machine's: how far it is ahead, in milliseconds. */
  'vigie-clock-ahead-ms': z.coerce.number().optional(),
});

const agent = new Agent({ keepAlive: true });
const realDate = Date;
let clockAhead: number | undefined;

// Ctrl-C in a terminal reaches every process of the run; the one that started this one decides when it ends.
process.on('SIGINT', () => {});

try {
  await serve(await loadHandler());
} catch (error) {
  console.error(JSON.stringify(errorBody(error)));
  await call('POST', 'init/error', errorBody(error)).catch(() => undefined);
  process.exit(1);
}

async function loadHandler(): Promise<z.infer<typeof handlerSchema>> {
  const [file = '', name = ''] = environment._HANDLER.split('.');
  const module: unknown = await import(pathToFileURL(join(environment.LAMBDA_TASK_ROOT, `${file}.mjs`)).href);
  return handlerSchema.parse(Reflect.get(Object(module), name));
}

async function serve(handler: z.infer<typeof handlerSchema>): Promise<never> {
  for (;;) {
    const next = await call('GET', 'invocation/next');
    const invocation = invocationSchema.parse(next.headers);
    const requestId = invocation['lambda-runtime-aws-request-id'];
    if (invocation['vigie-clock-ahead-ms'] !== undefined) shiftClock(invocation['vigie-clock-ahead-ms']);
    const context = {
      functionName: environment.AWS_LAMBDA_FUNCTION_NAME,
      functionVersion: '$LATEST',
      memoryLimitInMB: environment.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
      invokedFunctionArn: invocation['lambda-runtime-invoked-function-arn'],
      awsRequestId: requestId,
      callbackWaitsForEmptyEventLoop: true,
      getRemainingTimeInMillis: () => invocation['lambda-runtime-deadline-ms'] - realDate.now(),
    };
    try {
      const result = await handler(JSON.parse(next.body), context);
      await call('POST', `invocation/${requestId}/response`, result ?? null);
    } catch (error) {
      console.error(JSON.stringify(errorBody(error)));
      await call('POST', `invocation/${requestId}/error`, errorBody(error));
    }
  }
}

function errorBody(error: unknown): { errorType: string; errorMessage: string; trace: string[] } {
  if (!(error instanceof Error)) return { errorType: 'Error', errorMessage: String(error), trace: [] };
  return { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? '').split('\n') };
}

function call(
  method: 'GET' | 'POST',
  path: string,
  payload?: unknown,
): Promise<{ headers: IncomingHttpHeaders; body: string }> {
  const url = `http://${environment.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/${path}`;
  return new Promise((resolve) => {
    const outgoing = request(url, { method, agent }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => resolve({ headers: incoming.headers, body: Buffer.concat(chunks).toString('utf8') }));
    });
    outgoing.on('error', () => process.exit(0));
    outgoing.end(payload === undefined ? undefined : JSON.stringify(payload));
  });
}

/** From now on `Date` tells the run's time, not the machine's. */
function shiftClock(ahead: number): void {
  const installed = clockAhead !== undefined;
  clockAhead = ahead;
  if (installed) return;
  const now = (): number => realDate.now() + (clockAhead ?? 0);
  globalThis.Date = new Proxy(realDate, {
    construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
    get: (target, key) => (key === 'now' ? now : Reflect.get(target, key)),
  });
}
