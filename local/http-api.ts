import { randomUUID } from 'node:crypto';
import * as z from 'zod';

/** A route of the HTTP API: `POST /webhooks/{platform}` and the function behind it. */
export interface Route {
  readonly key: string;
  readonly functionName: string;
  /** Whether API Gateway asks who calls. */
  readonly guarded: boolean;
}

export interface HttpRequest {
  readonly method: string;
  /** Path and query as they were asked for. */
  readonly target: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly sourceIp: string;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly at: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | string;
}

export interface RouteMatch {
  readonly route: Route;
  readonly pathParameters: Readonly<Record<string, string>>;
}

/**
 * The most specific route for a call: fixed segments before variables before `{rest+}` before `$default` (API Gateway developer
 * guide, "Routing API requests").
 */
export function matchRoute(routes: readonly Route[], method: string, path: string): RouteMatch | undefined {
  const matches = routes.flatMap((route) => {
    const [wanted = '', pattern] = route.key.split(' ');
    if (pattern === undefined) return route.key === '$default' ? [{ route, pathParameters: {}, rank: '9' }] : [];
    if (wanted !== method && wanted !== 'ANY') return [];
    const found = matchPath(pattern, path);
    return found === undefined ? [] : [{ route, ...found }];
  });
  return matches.sort((a, b) => (a.rank < b.rank ? -1 : 1))[0];
}

function matchPath(
  pattern: string,
  path: string,
): { pathParameters: Record<string, string>; rank: string } | undefined {
  if (pattern === path) return { pathParameters: {}, rank: '' };
  const parts = pattern.split('/').slice(1);
  const segments = path.split('/').slice(1);
  const pathParameters: Record<string, string> = {};
  let rank = '';
  for (const [index, part] of parts.entries()) {
    const name = /^\{([^+}]+)(\+?)\}$/.exec(part);
    const segment = segments[index];
    if (segment === undefined || segment === '') return undefined;
    if (name === null) {
      if (part !== segment) return undefined;
      rank += '0';
    } else if (name[2] === '+') {
      pathParameters[name[1] ?? ''] = decoded(segments.slice(index).join('/'));
      return { pathParameters, rank: `${rank}2` };
    } else {
      pathParameters[name[1] ?? ''] = decoded(segment);
      rank += '1';
    }
  }
  return segments.length === parts.length ? { pathParameters, rank } : undefined;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** Bodies of these types reach the function as text, all others in base64 (observed; the guide only says "binary"). */
const textTypes = /^(?:text\/|application\/(?:json|javascript|xml)\b)/i;

/** The event of payload format 2.0 (API Gateway developer guide, "Lambda proxy integrations for HTTP APIs"). */
export function toEvent(request: HttpRequest, { route, pathParameters }: RouteMatch, accountId: string): unknown {
  const [rawPath = '', rawQueryString = ''] = splitOnce(request.target, '?');
  const { cookie, ...headers } = request.headers;
  const query: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(rawQueryString)) {
    query[name] = Object.hasOwn(query, name) ? `${query[name]},${value}` : value;
  }
  const text = request.body.toString('utf8');
  const isText = textTypes.test(headers['content-type'] ?? 'text/plain') && Buffer.from(text).equals(request.body);
  const host = headers['host'] ?? '';
  return {
    version: '2.0',
    routeKey: route.key,
    rawPath,
    rawQueryString,
    ...(cookie === undefined ? {} : { cookies: cookie.split(/; ?/) }),
    headers,
    ...(rawQueryString === '' ? {} : { queryStringParameters: query }),
    requestContext: {
      accountId,
      apiId: 'local',
      // Whoever sits at this machine owns everything on it: the same as whoever may sign for the account.
      ...(route.guarded ? { authorizer: { iam: { userArn: `arn:aws:iam::${accountId}:user/local` } } } : {}),
      domainName: host,
      domainPrefix: host.split('.')[0],
      http: {
        method: request.method,
        path: rawPath,
        protocol: 'HTTP/1.1',
        sourceIp: request.sourceIp,
        userAgent: headers['user-agent'] ?? '',
      },
      requestId: randomUUID(),
      routeKey: route.key,
      stage: '$default',
      time: new Date(request.at).toISOString(),
      timeEpoch: request.at,
    },
    ...(Object.keys(pathParameters).length === 0 ? {} : { pathParameters }),
    ...(request.body.length === 0 ? {} : { body: isText ? text : request.body.toString('base64') }),
    isBase64Encoded: request.body.length > 0 && !isText,
  };
}

const responseSchema = z.object({
  statusCode: z.number().int().min(100).max(599),
  headers: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String)).default({}),
  body: z.string().default(''),
  isBase64Encoded: z.boolean().default(false),
});

/** What the caller gets for a function's answer; one without `statusCode` is a 200 with the answer as JSON. */
export function toAnswer(payload: unknown): HttpAnswer {
  const response = responseSchema.safeParse(payload);
  if (response.success) {
    const { statusCode, headers, body, isBase64Encoded } = response.data;
    const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
    return {
      status: statusCode,
      headers: { 'content-type': 'text/plain; charset=utf-8', ...lower },
      body: isBase64Encoded ? Buffer.from(body, 'base64') : body,
    };
  }
  if (typeof payload === 'object' && payload !== null && 'statusCode' in payload)
    return message(500, 'Internal Server Error');
  return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(payload) };
}

export function message(status: number, text: string): HttpAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ message: text }) };
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
