import { gunzipSync, gzipSync } from 'node:zlib';
import * as z from 'zod';
import { type ConsoleSettings, consoleSettingsSchema } from '../../shared/contracts/console.ts';
import { authorizerSchema } from './person.ts';

/** What we use of API Gateway's payload 2.0 (HTTP API developer guide, "Lambda proxy integrations"). */
export const requestSchema = z
  .object({
    rawPath: z.string(),
    headers: z.record(z.string(), z.string()).default({}),
    queryStringParameters: z.record(z.string(), z.string()).default({}),
    body: z.string().default(''),
    isBase64Encoded: z.boolean().default(false),
    requestContext: z.object({
      http: z.object({ method: z.string() }),
      authorizer: authorizerSchema.optional(),
    }),
  })
  .transform(({ rawPath, headers, queryStringParameters, body, isBase64Encoded, requestContext }) => ({
    method: requestContext.http.method,
    path: rawPath,
    query: queryStringParameters,
    contentType: headers['content-type'] ?? '',
    takesGzip: takesGzip(headers['accept-encoding'] ?? ''),
    body: isBase64Encoded ? Buffer.from(body, 'base64').toString('utf8') : body,
    authorizer: requestContext.authorizer,
  }));
export type Request = z.infer<typeof requestSchema>;

/** Whether a client takes gzip (RFC 9110, section 12.5.3): named, or by `*`, and not with weight 0. */
function takesGzip(acceptEncoding: string): boolean {
  const weights = new Map(
    acceptEncoding.split(',').map((part) => {
      const [coding = '', weight = 'q=1'] = part.toLowerCase().split(';');
      return [coding.trim(), Number(weight.trim().replace('q=', ''))];
    }),
  );
  return (weights.get('gzip') ?? weights.get('*') ?? 0) > 0;
}

export interface Answer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly isBase64Encoded?: boolean;
}

/** What is served, a file beside the bundle: it would not fit into the function's variables. */
export const consoleFileSchema = z.object({
  settings: consoleSettingsSchema,
  /** The claim of a token that names its bearer's roles. */
  rolesClaim: z.string().min(1),
  /** Files of the page by their paths: gzip in base64. */
  page: z.record(z.string(), z.object({ type: z.string(), body: z.string(), immutable: z.boolean() })),
});
export type ConsoleFile = z.infer<typeof consoleFileSchema>;

/** What nobody may do to the page: run a script or a style of somewhere else, frame it, or send what it knows to anybody but the sign-in service. */
export function securityHeaders({ signIn }: ConsoleSettings): Readonly<Record<string, string>> {
  const signInHosts = signIn === undefined ? [] : [signIn.issuer, ...signIn.hosts].map((url) => new URL(url).origin);
  const policy = {
    'default-src': "'none'",
    'script-src': "'self'",
    'style-src': "'self'",
    'img-src': "'self'",
    'connect-src': ["'self'", ...new Set(signInHosts)].join(' '),
    'base-uri': "'none'",
    'form-action': "'none'",
    'frame-ancestors': "'none'",
    'require-trusted-types-for': "'script'",
  };
  return {
    'content-security-policy': Object.entries(policy)
      .map(([name, value]) => `${name} ${value}`)
      .join('; '),
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=()',
    'referrer-policy': 'no-referrer',
    'strict-transport-security': 'max-age=31536000',
    'x-content-type-options': 'nosniff',
  };
}

/** Smaller bodies gain less than the header that tells of it. */
const compressedFrom = 1_000;

/** An answer as its client takes it: the page's files are stored as gzip, and what the API says is long at times. */
export function encodedFor({ takesGzip: takes }: Request, answer: Answer): Answer {
  const { headers, body, isBase64Encoded = false } = answer;
  const stored = headers['content-encoding'] === 'gzip';
  if (!stored && (isBase64Encoded || body.length < compressedFrom)) return answer;
  const varied: Record<string, string> = { ...headers, vary: 'accept-encoding' };
  if (stored === takes) return { ...answer, headers: varied };
  if (takes) {
    return {
      ...answer,
      headers: { ...varied, 'content-encoding': 'gzip' },
      body: gzipSync(body).toString('base64'),
      isBase64Encoded: true,
    };
  }
  const { 'content-encoding': _, ...plain } = varied;
  return { ...answer, headers: plain, body: gunzipSync(Buffer.from(body, 'base64')).toString('base64') };
}

/** An answer of the API; whatever it holds is nobody else's to keep. */
export function json(statusCode: number, value: unknown): Answer {
  return {
    statusCode,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' },
    body: JSON.stringify(value),
  };
}

/** A call that cannot be answered, and what to do, in one line. */
export function problem(statusCode: number, message: string): Answer {
  return json(statusCode, { message });
}
