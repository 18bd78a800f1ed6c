import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import * as z from 'zod';
import { type AwsAnswer, type AwsCall, type AwsService, failed } from './aws-call.ts';
import { billedUnits } from './comprehend.ts';
import { serveLive } from './console-live.ts';
import type { Faults } from './faults.ts';
import { type HttpAnswer, type HttpRequest, message } from './http-api.ts';
import type { Permissions } from './iam.ts';
import type { Journal, JournalEntry } from './journal.ts';
import type { Meters } from './meters.ts';

/** Who calls: a function's environment, a further principal of the run, or anybody else on this machine. */
export interface Caller {
  /** Checked against its permissions; `undefined` may do everything. */
  readonly name: string | undefined;
  readonly accessKeyId: string;
}

/** What a call is carried out by. `body` is the request as it came. */
export type Backend = (
  operation: string,
  request: { readonly input: Readonly<Record<string, unknown>>; readonly body: string; readonly caller: string },
  signal: AbortSignal,
) => AwsAnswer | Promise<AwsAnswer>;

export interface GatewayParts {
  readonly backends: Readonly<Record<AwsService, Backend>>;
  readonly permissions: Permissions;
  readonly meters: Meters;
  readonly faults: Faults | undefined;
  readonly journal: Journal;
  callerOf(accessKeyId: string): Caller;
  killEnvironment(accessKeyId: string): void;
  /** Answers a call to the HTTP API. */
  httpApi(request: HttpRequest): Promise<HttpAnswer>;
  /** Pages of `/_vigie/` by name: what they show. */
  readonly pages: Readonly<Record<string, () => unknown | Promise<unknown>>>;
  now(): number;
}

/** A call that was carried out and whose answer is lost on the way. */
export const lost = Symbol('lost');

/** API Gateway takes 10 MB; AWS endpoints take less than this. */
const largestBody = 10 * 1024 * 1024;

const targets: Readonly<Record<string, AwsService>> = {
  DynamoDB_20120810: 'dynamodb',
  AmazonSQS: 'sqs',
  secretsmanager: 'secretsmanager',
  Comprehend_20171127: 'comprehend',
};

const inputSchema = z.record(z.string(), z.unknown());

/** One door in front of everything: the HTTP API, the AWS endpoints, and pages about the run. */
export class Gateway {
  #parts: GatewayParts | undefined;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((incoming, answer) => {
      const parts = this.#parts;
      if (parts === undefined) send(answer, message(503, 'Service Unavailable'));
      else this.#serve(parts, incoming, answer).catch(() => incoming.socket.destroy());
    });
    // A connection closed for idleness just when a client uses it again would be a fault that nobody asked for.
    this.#server.keepAliveTimeout = 0;
  }

  /** Listens on 127.0.0.1 only; port 0 takes any free one. Rejects with the system's error (`EADDRINUSE`). */
  static async listen(port: number): Promise<Gateway> {
    const gateway = new Gateway();
    gateway.#server.listen(port, '127.0.0.1');
    await once(gateway.#server, 'listening');
    return gateway;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('The gateway is closed.');
    return address.port;
  }

  /** Serves from now on; until then every answer is 503. */
  open(parts: GatewayParts): void {
    this.#parts = parts;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** Carries out one AWS call as the caller: faults first, then its permissions, then the service. */
  async call(
    caller: Caller,
    service: AwsService,
    operation: string,
    body: string,
    signal: AbortSignal,
  ): Promise<AwsAnswer | typeof lost> {
    if (this.#parts === undefined) return lost;
    const { faults, meters, permissions, backends, killEnvironment } = this.#parts;
    const input = service === 'sns' ? Object.fromEntries(new URLSearchParams(body)) : jsonInput(body);
    if (input === undefined) {
      return failed(service, { code: 'SerializationException', message: 'The request is not a JSON object.' });
    }
    const call: AwsCall = { caller: caller.name, service, operation, input };
    const fault = await faults?.before(call);
    if (fault === 'kill-caller') {
      meters.count(caller.name, service, operation, 'faulted');
      killEnvironment(caller.accessKeyId);
      return lost;
    }
    if (typeof fault === 'object' && 'error' in fault) {
      meters.count(caller.name, service, operation, 'faulted');
      const { error: code, message: text = code, status, fields } = fault;
      return failed(service, {
        code,
        message: text,
        ...(status === undefined ? {} : { status }),
        ...(fields === undefined ? {} : { fields }),
      });
    }
    if (typeof fault === 'object' && 'delay' in fault) await new Promise((resolve) => setTimeout(resolve, fault.delay));
    const denied = caller.name === undefined ? undefined : await permissions.deniedBy(caller.name, call);
    if (denied !== undefined) {
      meters.count(caller.name, service, operation, 'denied');
      const text = `${caller.name} is not authorized to perform: ${denied.action} on resource: ${denied.resource}`;
      return accessDenied(service, text);
    }
    const answer = await backends[service](
      operation,
      { input, body, caller: caller.name ?? caller.accessKeyId },
      signal,
    );
    meters.count(caller.name, service, operation, answer.status < 400 ? 'answered' : 'refused');
    bill(meters, call, body, answer);
    if (fault === 'kill-caller-after') killEnvironment(caller.accessKeyId);
    if (fault === 'drop-answer' || fault === 'kill-caller-after') return lost;
    return typeof fault === 'object' && 'answer' in fault ? fault.answer(answer) : answer;
  }

  async #serve(parts: GatewayParts, incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const target = incoming.url ?? '/';
    if (target.startsWith('/webhooks/')) return serveHttpApi(parts, incoming, answer, target);
    // Only webhooks may come through a tunnel under another name; the rest is for this machine, whatever a web page's DNS says.
    if (!isLoopback(incoming.headers.host)) return send(answer, message(403, 'Only http://127.0.0.1 is served here'));
    if (target.startsWith('/_vigie/')) return servePage(parts, incoming, answer, target);
    if (target === '/api/live') return serveLive(parts.journal, answer, headerOf(incoming, 'last-event-id'));
    if (isConsole(incoming.method, target)) return serveHttpApi(parts, incoming, answer, target);
    const body = await bodyOf(incoming);
    if (body === undefined) return send(answer, message(413, 'Request Entity Too Large'));
    const called = calledOperation(incoming, body);
    if (called === undefined) return send(answer, message(404, 'Not Found'));
    const left = new AbortController();
    answer.on('close', () => left.abort());
    const accessKeyId = /Credential=([^/,\s]+)\//.exec(incoming.headers.authorization ?? '')?.[1] ?? 'anonymous';
    const result = await this.call(
      parts.callerOf(accessKeyId),
      called.service,
      called.operation,
      called.input === undefined ? body.toString('utf8') : JSON.stringify(called.input),
      left.signal,
    );
    if (result === lost) incoming.socket.destroy();
    else send(answer, result);
  }
}

/** A POST to `/` is an AWS endpoint's. */
function isConsole(method: string | undefined, target: string): boolean {
  return (
    target.startsWith('/api/') || target.startsWith('/console/') || (method === 'GET' && /^\/(?:\?|$)/.test(target))
  );
}

function headerOf(incoming: IncomingMessage, name: string): string | undefined {
  const value = incoming.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

async function serveHttpApi(
  parts: GatewayParts,
  incoming: IncomingMessage,
  answer: ServerResponse,
  target: string,
): Promise<void> {
  parts.meters.bill('httpRequests', 1);
  const body = await bodyOf(incoming);
  if (body === undefined) return send(answer, message(413, 'Request Entity Too Large'));
  const headers: Record<string, string> = {};
  for (const [name, values] of Object.entries(incoming.headersDistinct)) {
    if (values !== undefined) headers[name] = values.join(name === 'cookie' ? '; ' : ',');
  }
  const sourceIp = incoming.socket.remoteAddress ?? '';
  const method = incoming.method ?? 'GET';
  send(answer, await parts.httpApi({ method, target, headers, body, sourceIp, at: parts.now() }));
}

async function servePage(
  { pages, journal }: GatewayParts,
  incoming: IncomingMessage,
  answer: ServerResponse,
  target: string,
): Promise<void> {
  const url = new URL(target, 'http://127.0.0.1');
  const name = url.pathname.slice('/_vigie/'.length);
  const page = Object.hasOwn(pages, name) ? pages[name] : undefined;
  if (incoming.method !== 'GET') return send(answer, message(405, 'Method Not Allowed'));
  if (name === 'journal') return serveJournal(journal, answer, url.searchParams);
  if (page === undefined) return send(answer, message(404, 'Not Found'));
  const body = JSON.stringify(await page());
  send(answer, { status: 200, headers: { 'content-type': 'application/json' }, body });
}

/** Lines of JSON after entry `after`, then each further one as it comes; with `follow=0` only those at hand. */
function serveJournal(journal: Journal, answer: ServerResponse, query: URLSearchParams): void {
  const after = z.coerce
    .number()
    .int()
    .min(0)
    .safeParse(query.get('after') ?? '0');
  if (!after.success) {
    send(answer, message(400, 'after: write the number of the last entry you have'));
    return;
  }
  const write = (entry: JournalEntry): void => {
    answer.write(`${JSON.stringify(entry)}\n`);
  };
  answer.writeHead(200, { 'content-type': 'application/x-ndjson' });
  answer.flushHeaders();
  for (const entry of journal.after(after.data)) write(entry);
  if (query.get('follow') === '0') answer.end();
  else answer.on('close', journal.follow(write));
}

function calledOperation(
  incoming: IncomingMessage,
  body: Buffer,
): { readonly service: AwsService; readonly operation: string; readonly input?: object } | undefined {
  const url = new URL(incoming.url ?? '/', 'http://127.0.0.1');
  // AppConfig speaks REST: https://docs.aws.amazon.com/appconfig/2019-10-09/APIReference/API_Operations_AWS_AppConfig_Data.html
  if (incoming.method === 'GET' && url.pathname === '/configuration') {
    const input = { ConfigurationToken: url.searchParams.get('configuration_token') };
    return { service: 'appconfig', operation: 'GetLatestConfiguration', input };
  }
  if (incoming.method !== 'POST') return undefined;
  if (url.pathname === '/configurationsessions')
    return { service: 'appconfig', operation: 'StartConfigurationSession' };
  const header = incoming.headers['x-amz-target'];
  if (typeof header === 'string') {
    const [prefix = '', operation = ''] = header.split('.', 2);
    const service = Object.hasOwn(targets, prefix) ? targets[prefix] : undefined;
    return service === undefined ? undefined : { service, operation };
  }
  if (!incoming.headers['content-type']?.startsWith('application/x-www-form-urlencoded')) return undefined;
  const operation = new URLSearchParams(body.toString('utf8')).get('Action');
  return operation === null ? undefined : { service: 'sns', operation };
}

function jsonInput(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return inputSchema.safeParse(JSON.parse(body)).data;
  } catch {
    return undefined;
  }
}

function accessDenied(service: AwsService, text: string): AwsAnswer {
  if (service === 'sns') return failed(service, { code: 'AuthorizationError', message: text, status: 403 });
  return failed(service, { code: 'AccessDeniedException', message: text, status: service === 'sqs' ? 403 : 400 });
}

const billedTextsSchema = z.object({
  TextList: z.array(z.string()).optional(),
  Text: z.string().optional(),
  TextSegments: z.array(z.object({ Text: z.string() })).optional(),
});
/** Comprehend's calls that are paid by the text at the price of sentiment. */
const fullPrice = /^(?:Batch)?Detect/;

function bill(meters: Meters, { service, operation, input }: AwsCall, body: string, answer: AwsAnswer): void {
  switch (service) {
    case 'sqs':
      meters.bill('sqsRequests', Math.max(1, Math.ceil(Math.max(body.length, answer.body.length) / 65_536)));
      break;
    case 'sns':
      meters.bill('snsRequests', 1);
      break;
    case 'secretsmanager':
      meters.bill('secretReads', 1);
      break;
    case 'comprehend': {
      if (answer.status >= 400) break;
      const { TextList = [], Text, TextSegments = [] } = billedTextsSchema.parse(input);
      const texts = [...TextList, ...(Text === undefined ? [] : [Text]), ...TextSegments.map((one) => one.Text)];
      if (fullPrice.test(operation)) meters.bill('comprehendDocuments', texts.length);
      meters.bill('comprehendUnits', billedUnits(operation, texts));
      break;
    }
    case 'dynamodb': {
      const consumed = [...answer.body.matchAll(/"CapacityUnits":([\d.]+)/g)];
      const reads = /^(?:Get|BatchGet|TransactGet|Query|Scan)/.test(operation);
      meters.bill(
        reads ? 'dynamoReadUnits' : 'dynamoWriteUnits',
        consumed.reduce((sum, [, units]) => sum + Number(units), 0),
      );
    }
  }
}

function send(answer: ServerResponse, { status, headers, body }: HttpAnswer): void {
  answer.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  answer.end(body);
}

/** The whole body, or `undefined` when it is larger than any endpoint takes. */
async function bodyOf(incoming: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming) {
    bytes += chunk.length;
    // Read on to the end, or the sender sees a broken connection instead of the answer.
    if (bytes <= largestBody) chunks.push(chunk);
  }
  return bytes > largestBody ? undefined : Buffer.concat(chunks);
}

function isLoopback(host: string | undefined): boolean {
  return /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/.test(host ?? '');
}
