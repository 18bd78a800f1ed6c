import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import { parseJson } from '../../shared/platforms/json.ts';
import type { Platform, PlatformSecrets, WebhookRequest, WebhookResponse } from '../../shared/platforms/platform.ts';
import { present, toInstant } from '../../shared/platforms/reading.ts';
import { platformNamed } from '../../shared/platforms/registry.ts';
import { unknownPlatform } from './read.ts';

export const usage = 'vigie verify VECTORS.json';

/** Whatever of it is missing is not compared. */
const responseSchema = z.object({ status: z.number().int().optional(), body: z.string().optional() });

/** A header that was repeated counts as one, joined by a comma; white space around a value is none of it (RFC 9110, 5.3 and 5.5). */
const headersSchema = z
  .record(z.string(), z.union([z.string(), z.number().transform(String), z.array(z.string()), z.null()]))
  .transform((headers) =>
    Object.fromEntries(
      Object.entries(headers)
        .map(([name, value]) => [name.toLowerCase(), Array.isArray(value) ? value.join(',') : value] as const)
        .flatMap(([name, value]) => (value === null ? [] : [[name, value.trim()] as const])),
    ),
  );

const vectorSchema = z.looseObject({
  name: z.string().optional(),
  platform: z.string(),
  /** Without it, what comes out is told and not judged. */
  expect: z.enum(['valid', 'invalid']).optional(),
  /** Seconds or ISO 8601 at which to judge freshness; without it, the time that the request itself states. */
  now: z.union([z.number(), z.string()]).optional(),
  /** One secret may go by any name that ends so: `secret`, `publicKey`, `publicKeyPem`, `authToken`. */
  secrets: z.array(z.string()).default([]),
  verifyToken: z.string().optional(),
  audience: z.string().optional(),
  serviceAccount: z.string().optional(),
  jwks: z.object({ keys: z.array(z.record(z.string(), z.unknown())) }).optional(),
  /** The public URL, where the request shows what a gateway made of it. */
  signedUrl: z.string().optional(),
  request: z.object({
    method: z.enum(['GET', 'POST']).default('POST'),
    url: z.string().default('https://hooks.example.com/'),
    headers: headersSchema.default({}),
    body: z.string().optional(),
    bodyBase64: z.string().optional(),
    /** Read as bytes, relative to the vectors. */
    bodyFile: z.string().optional(),
    bodyRepeat: z.object({ char: z.string(), times: z.number().int().min(0).max(10_000_000) }).optional(),
    /** The fields of a form, where its bytes are not given. */
    params: z.record(z.string(), z.union([z.string(), z.array(z.string())])).optional(),
  }),
  /** The answer to a handshake. */
  response: responseSchema.optional(),
});
type Vector = z.infer<typeof vectorSchema>;

const fileSchema = z.object({ vectors: z.array(z.unknown()) });

/**
 * `vigie verify`: judges each signature vector of a file and prints, one JSON line per vector, what was expected and what came out. The
 * exit code is 0 when all agree; 1 when one does not, or cannot be judged (then stderr says why).
 */
export async function run(args: readonly string[]): Promise<number> {
  const [file, ...rest] = args;
  if (file === undefined || rest.length > 0) {
    console.error(`verify: give one file of vectors; ${usage}`);
    return 1;
  }
  const { results, problems } = await judgeVectors(file);
  for (const result of results) console.log(JSON.stringify(result));
  for (const problem of problems) console.error(`verify: ${file}: ${problem}`);
  return problems.length === 0 && results.every(({ expected, got }) => expected === null || expected === got) ? 0 : 1;
}

/** The judgement on every vector of a file, in its order, and in words what could not be judged. */
export async function judgeVectors(file: string) {
  const bytes = await readFile(file).catch(() => undefined);
  if (bytes === undefined) return { results: [], problems: ['it cannot be opened'] };
  const parsed = fileSchema.safeParse(parseJson(bytes));
  if (!parsed.success) return { results: [], problems: ['this is not a JSON object with a list named "vectors"'] };
  const parts = parsed.data.vectors.map((part, index) => judgePart(part, index, dirname(file)));
  const judged = await Promise.all(parts);
  return {
    results: judged.filter((one) => typeof one !== 'string'),
    problems: judged.filter((one) => typeof one === 'string'),
  };
}

async function judgePart(part: unknown, index: number, folder: string) {
  const vector = vectorSchema.safeParse(part);
  if (!vector.success) {
    const [issue] = vector.error.issues;
    return `vectors.${index}: ${issue?.path.join('.') || 'this'} is missing or of another type`;
  }
  const platform = platformNamed(vector.data.platform);
  const { name = `vectors.${index}` } = vector.data;
  if (platform === undefined) return unknownPlatform(name, vector.data.platform);
  const body = await bodyOf(vector.data, folder);
  if (body === undefined) return `${name}: ${vector.data.request.bodyFile} cannot be opened`;
  return judgeVector(name, vector.data, platform, body);
}

async function bodyOf({ request }: Vector, folder: string): Promise<Uint8Array | undefined> {
  const { bodyBase64, bodyFile, bodyRepeat, params = {}, body = formOf(params) } = request;
  if (bodyFile !== undefined) return readFile(join(folder, bodyFile)).catch(() => undefined);
  if (bodyBase64 !== undefined) return Buffer.from(bodyBase64, 'base64');
  return Buffer.from(bodyRepeat === undefined ? body : bodyRepeat.char.repeat(bodyRepeat.times));
}

function formOf(params: Readonly<Record<string, string | readonly string[]>>): string {
  const form = new URLSearchParams();
  for (const [name, values] of Object.entries(params)) for (const value of [values].flat()) form.append(name, value);
  return form.toString();
}

async function judgeVector(name: string, vector: Vector, platform: Platform, body: Uint8Array) {
  const { method, url, headers } = vector.request;
  const request: WebhookRequest = { method, url: vector.signedUrl ?? url, headers, body, pathAccount: undefined };
  const secrets: PlatformSecrets = present({
    secrets: [...vector.secrets, ...namedSecrets(vector)],
    // Meta's handshake knows no secret but the token: a vector that lists only one means that.
    verifyToken: vector.verifyToken ?? (platform.name === 'meta' ? namedSecrets(vector)[0] : undefined),
    audience: vector.audience,
    serviceAccount: vector.serviceAccount,
    jwks: vector.jwks,
  });
  const answer = method === 'GET' ? platform.challenge?.(request, secrets) : undefined;
  const isValid =
    answer === undefined
      ? await platform.verify(request, secrets, nowOf(vector))
      : isConfirmed(answer, vector.response);
  const got: 'valid' | 'invalid' = isValid ? 'valid' : 'invalid';
  return { name, expected: vector.expect ?? null, got };
}

function namedSecrets(vector: Vector): readonly string[] {
  return Object.entries(vector).flatMap(([name, value]) =>
    /(secret|key|pem|token)$/i.test(name) && name !== 'verifyToken' && typeof value === 'string' ? [value] : [],
  );
}

/** Whether a handshake is granted, and with the stated answer. A refusal is no valid handshake, even where it is the stated answer. */
function isConfirmed(answer: WebhookResponse, expected: z.infer<typeof responseSchema> = {}): boolean {
  if (answer.status >= 400 || answer.status !== (expected.status ?? answer.status)) return false;
  if (expected.body === undefined || answer.body === expected.body) return true;
  const [given, wanted] = [parseJson(answer.body), parseJson(expected.body)];
  return given !== undefined && isDeepStrictEqual(given, wanted);
}

function nowOf({ now, request }: Vector): Date {
  const judgedAt = toInstant(now);
  if (judgedAt !== undefined) return new Date(judgedAt);
  const stated = Object.entries(request.headers).map(([name, value]) => {
    const inSignature = /(?:^|,)t=(\d+)(?:,|$)/.exec(value)?.[1];
    return toInstant(name.endsWith('timestamp') ? value : inSignature);
  });
  return new Date(stated.find((instant) => instant !== undefined) ?? Date.now());
}
