import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import { parseJson } from '../../shared/platforms/json.ts';
import type { Platform, PlatformSecrets, WebhookRequest } from '../../shared/platforms/platform.ts';
import { present, toInstant } from '../../shared/platforms/reading.ts';
import { platformNamed } from '../../shared/platforms/registry.ts';
import { unknownPlatform } from './read.ts';

const usage = 'usage: vigie verify VECTORS.json';

const responseSchema = z.object({ status: z.number().int(), body: z.string().default('') });

const vectorSchema = z.object({
  name: z.string(),
  platform: z.string(),
  expect: z.enum(['valid', 'invalid']),
  /** Unix seconds at which to judge freshness; without it, the time that the request itself states. */
  now: z.number().optional(),
  secret: z.string().optional(),
  secrets: z.array(z.string()).optional(),
  publicKey: z.string().optional(),
  verifyToken: z.string().optional(),
  audience: z.string().optional(),
  serviceAccount: z.string().optional(),
  jwks: z.object({ keys: z.array(z.record(z.string(), z.unknown())) }).optional(),
  /** The public URL, where the request shows what a gateway made of it. */
  signedUrl: z.string().optional(),
  request: z.object({
    method: z.enum(['GET', 'POST']),
    url: z.url(),
    headers: z.record(z.string(), z.string()),
    body: z.string().optional(),
    /** Read as bytes, relative to the vectors. */
    bodyFile: z.string().optional(),
    bodyRepeat: z.object({ char: z.string(), times: z.number().int().min(0).max(10_000_000) }).optional(),
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
  return problems.length === 0 && results.every(({ expected, got }) => expected === got) ? 0 : 1;
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
  if (platform === undefined) return unknownPlatform(vector.data.name, vector.data.platform);
  const body = await bodyOf(vector.data, folder);
  if (body === undefined) return `${vector.data.name}: ${vector.data.request.bodyFile} cannot be opened`;
  return judgeVector(vector.data, platform, body);
}

async function bodyOf({ request }: Vector, folder: string): Promise<Uint8Array | undefined> {
  const { body = '', bodyFile, bodyRepeat } = request;
  if (bodyFile !== undefined) return readFile(join(folder, bodyFile)).catch(() => undefined);
  return Buffer.from(bodyRepeat === undefined ? body : bodyRepeat.char.repeat(bodyRepeat.times));
}

async function judgeVector(vector: Vector, platform: Platform, body: Uint8Array) {
  const headers = Object.fromEntries(
    Object.entries(vector.request.headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const { method, url } = vector.request;
  const request: WebhookRequest = { method, url: vector.signedUrl ?? url, headers, body, pathAccount: undefined };
  const secrets: PlatformSecrets = present({
    secrets: [...(vector.secrets ?? []), vector.secret, vector.publicKey].filter((secret) => secret !== undefined),
    verifyToken: vector.verifyToken,
    audience: vector.audience,
    serviceAccount: vector.serviceAccount,
    jwks: vector.jwks,
  });
  const isValid =
    method === 'GET'
      ? isRightAnswer(platform, request, secrets, vector.response)
      : await platform.verify(request, secrets, nowOf(vector, headers));
  const got: 'valid' | 'invalid' = isValid ? 'valid' : 'invalid';
  return { name: vector.name, expected: vector.expect, got };
}

function isRightAnswer(
  platform: Platform,
  request: WebhookRequest,
  secrets: PlatformSecrets,
  expected: z.infer<typeof responseSchema> | undefined,
): boolean {
  const answer = platform.challenge?.(request, secrets);
  if (answer === undefined || answer.status !== (expected?.status ?? 200)) return false;
  if (expected === undefined || answer.body === expected.body) return true;
  const [given, wanted] = [parseJson(answer.body), parseJson(expected.body)];
  return given !== undefined && isDeepStrictEqual(given, wanted);
}

function nowOf({ now }: Vector, headers: Readonly<Record<string, string>>): Date {
  if (now !== undefined) return new Date(now * 1000);
  const stated = Object.entries(headers).map(([name, value]) => {
    const inSignature = /(?:^|,)t=(\d+)(?:,|$)/.exec(value)?.[1];
    return toInstant(name.endsWith('timestamp') ? value : inSignature);
  });
  return new Date(stated.find((instant) => instant !== undefined) ?? Date.now());
}
