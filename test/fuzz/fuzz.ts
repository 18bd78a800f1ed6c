import { parseArgs } from 'node:util';
import * as z from 'zod';
import { receiveWebhook } from '../../functions/receive-webhook/handler.ts';
import { intakeRecordSchema } from '../../shared/contracts/intake.ts';
import { type InboundEvent, messageKeyOf } from '../../shared/domain/inbound-event.ts';
import type { WebhookRequest, WebhookResponse } from '../../shared/platforms/platform.ts';
import { fixtureBytes, fixtureFiles } from '../platforms/fixture.ts';
import { type Signer, signersForAll } from '../platforms/signers.ts';
import { startRecord } from '../proofs/run-record.ts';
import { leakScanner, secretLines } from '../support/canaries.ts';
import { addNeighbour, closeJson, type Json, mutateBytes, mutateJson, mutateText, openJson } from './mutations.ts';
import { Random } from './random.ts';

/**
 * `npm run fuzz -- [--seed N] [--runs N] [--replay PLATFORM:CASE]`: sends mutated payloads and headers of every platform through the whole of
 * receive-webhook and looks for a crash, a hang, a 5xx, a message lost beside a broken neighbour, a bad signature that is accepted, and words or secrets
 * in a log line or an answer.
 * All choices follow from the seed; only the RSA and Ed25519 keys are made anew.
 */

/** Longer than this for one call is a hang. */
const longestMs = 50;
const now = new Date('2026-11-24T10:00:00Z');

const optionsSchema = z.object({
  seed: z.coerce.number().int().nonnegative(),
  runs: z.coerce.number().int().positive(),
  replay: z
    .string()
    .regex(/^[a-z-]+:\d+$/)
    .optional(),
});

interface Fixture {
  readonly file: string;
  readonly bytes: Buffer;
  readonly json: Json | undefined;
}

interface Subject extends Signer {
  readonly fixtures: readonly [Fixture, ...Fixture[]];
  /** The headers that sign any body, where the signature does not cover it. */
  readonly constantHeaders: Readonly<Record<string, string>> | undefined;
  /** Finds the words of its fixtures and its secrets, which must stand in no log line and no answer. */
  readonly leaks: (lines: Iterable<string>) => readonly string[];
}

/** One call, and what must be true of its answer. */
interface Case {
  readonly kind: 'payload' | 'neighbour' | 'forged' | 'handshake';
  readonly request: WebhookRequest;
  /** What is wrong with the answer, in words; undefined when nothing is. */
  readonly judge: (answer: WebhookResponse, stored: readonly InboundEvent[]) => string | undefined;
}

interface Tally {
  readonly counts: Record<Case['kind'], number>;
  accepted: number;
  slowestMs: number;
  readonly findings: string[];
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { seed: { type: 'string' }, runs: { type: 'string' }, replay: { type: 'string' } },
  });
  const parsed = optionsSchema.safeParse({ seed: Date.now() % 1_000_000_007, runs: 204_000, ...values });
  if (!parsed.success) {
    const field = parsed.error.issues[0]?.path.join('.') ?? '';
    console.error(`fuzz: --${field} is wrong; usage: npm run fuzz -- [--seed N] [--runs N] [--replay PLATFORM:CASE]`);
    return 1;
  }
  const { seed, runs, replay } = parsed.data;
  const subjects = signersForAll().map(withFixtures);
  if (replay !== undefined) return replayCase(subjects, seed, replay);
  const tallies = new Map<Subject, Tally>();
  const perPlatform = Math.ceil(runs / subjects.length);
  const startedAt = performance.now();
  const finish = startRecord('fuzz');
  for (const subject of subjects) tallies.set(subject, await fuzzPlatform(subject, seed, perPlatform));
  return report(tallies, { seed, tookMs: performance.now() - startedAt, finish });
}

function withFixtures(signer: Signer): Subject {
  const all = fixtureFiles(signer.platform).map((file): Fixture => {
    const bytes = fixtureBytes(signer.platform, file);
    return { file, bytes, json: file.endsWith('.json') ? openJson(bytes.toString()) : undefined };
  });
  const [first, ...rest] = all;
  if (first === undefined) throw new Error(`test/fixtures/${signer.platform.name} is empty`);
  const { platform, secrets, covers } = signer;
  const constantHeaders = covers === 'headers' ? platform.sign(unsignedCall(first.bytes), secrets, now) : undefined;
  const texts = all.flatMap(({ bytes }) => {
    const result = platform.read(bytes, { pathAccount: 'one' }, {});
    return result.kind === 'events' ? result.events.map(({ text }) => text).filter((text) => text.length >= 8) : [];
  });
  const kept = [...secrets.secrets, secrets.verifyToken ?? ''].flatMap(secretLines);
  return { ...signer, fixtures: [first, ...rest], constantHeaders, leaks: leakScanner([...texts, ...kept]) };
}

async function fuzzPlatform(subject: Subject, seed: number, runs: number): Promise<Tally> {
  const tally: Tally = {
    counts: { payload: 0, neighbour: 0, forged: 0, handshake: 0 },
    accepted: 0,
    slowestMs: 0,
    findings: [],
  };
  for (let index = 0; index < runs; index += 1) {
    const { kind, problem, tookMs, status } = await tryCase(subject, seed, index);
    tally.counts[kind] += 1;
    if (status === 200) tally.accepted += 1;
    tally.slowestMs = Math.max(tally.slowestMs, tookMs);
    if (problem !== undefined) tally.findings.push(`${subject.platform.name}:${index} ${kind}: ${problem}`);
  }
  return tally;
}

async function tryCase(subject: Subject, seed: number, index: number) {
  const one = caseOf(subject, seed, index);
  let { answer, stored, problem, tookMs } = await call(subject, one.request);
  // A slow call may have met the garbage collector or another process: only what is slow every time counts.
  for (let again = 0; tookMs > longestMs / 10 && again < 4; again += 1) {
    const repeated = await call(subject, one.request);
    ({ answer, stored, problem } = repeated);
    tookMs = Math.min(tookMs, repeated.tookMs);
  }
  if (problem === undefined && tookMs > longestMs) problem = `took ${tookMs.toFixed(0)} ms`;
  if (problem === undefined && answer.status >= 500) problem = `answered ${answer.status}`;
  problem ??= one.judge(answer, stored);
  return { kind: one.kind, problem, tookMs, status: answer.status };
}

/** One call of the function on a vault and a queue in memory. */
async function call({ platform, secrets, leaks }: Subject, request: WebhookRequest) {
  const bodies: string[] = [];
  const logged: string[] = [];
  const startedAt = performance.now();
  let answer: WebhookResponse = { status: 500, body: '' };
  let problem: string | undefined;
  try {
    answer = await receiveWebhook(platform.name, request, {
      platformNamed: () => platform,
      vault: { secretsOf: async () => secrets, newerSecretsOf: async () => undefined },
      queues: {
        send: async (entries) => {
          bodies.push(...entries.map(({ body }) => body));
          return entries.map(() => true);
        },
      },
      intakeQueueUrl: 'intake',
      now: () => now,
      log: (entry) => logged.push(JSON.stringify(entry)),
    });
  } catch (error) {
    problem = `threw ${error instanceof Error ? `${error.name}: ${error.message.slice(0, 200)}` : 'something'}`;
  }
  const tookMs = performance.now() - startedAt;
  const [leak] = leaks([...logged, answer.body, problem ?? '']);
  if (leak !== undefined) problem = `words or a secret stand in: ${leak.slice(0, 200)}`;
  const stored: InboundEvent[] = [];
  for (const body of bodies) {
    const record = intakeRecordSchema.safeParse(JSON.parse(body));
    if (record.success) stored.push(...record.data.events);
    else problem ??= `stored what triage cannot read: ${record.error.issues[0]?.path.join('.')}`;
  }
  return { answer, stored, problem, tookMs };
}

function caseOf(subject: Subject, seed: number, index: number): Case {
  const name = Buffer.from(subject.platform.name).reduce((hash, byte) => Math.imul(hash, 31) + byte, 7);
  const random = new Random(seed, name, index);
  const kind = random.below(10);
  if (kind < 4) return payloadCase(subject, random);
  if (kind < 6) return neighbourCase(subject, random);
  return kind < 9 ? forgedCase(subject, random) : handshakeCase(random);
}

function unsignedCall(body: Uint8Array): WebhookRequest {
  return { method: 'POST', url: 'https://hooks.example.com/webhooks/one?two=3', headers: {}, body, pathAccount: 'one' };
}

function signed({ platform, secrets, constantHeaders }: Subject, body: Uint8Array): WebhookRequest {
  const unsigned = unsignedCall(body);
  return { ...unsigned, headers: constantHeaders ?? platform.sign(unsigned, secrets, now) };
}

/** A body nobody would send, rightly signed: read as far as it can be, or refused as malformed. */
function payloadCase(subject: Subject, random: Random): Case {
  const { bytes, json } = random.pick(subject.fixtures);
  const other = random.pick(subject.fixtures).json ?? null;
  const body =
    json === undefined || random.chance(8)
      ? mutateBytes(random, bytes)
      : Buffer.from(closeJson(mutateJson(random, json, other)));
  return {
    kind: 'payload',
    request: signed(subject, random.chance(20) ? mutateBytes(random, body) : body),
    judge: ({ status }) => (status < 400 || status === 400 ? undefined : `answered ${status} to a valid signature`),
  };
}

/** Lists of ids that say something of the message itself: one more of them makes it another message. */
const tellingLists = new Set(['edit_history_tweet_ids']);

/** Something broken beside what is valid: every message of the original body must still be stored. */
function neighbourCase(subject: Subject, random: Random): Case {
  const { bytes, json } = random.pick(subject.fixtures);
  const body =
    json === undefined ? bytes : Buffer.from(closeJson(addNeighbour(random, json, (list) => !tellingLists.has(list))));
  const wanted = subject.platform.read(bytes, { pathAccount: 'one' }, {});
  const expected = wanted.kind === 'events' ? wanted.events : [];
  return {
    kind: 'neighbour',
    request: signed(subject, body),
    judge: ({ status }, stored) => {
      // Our own contract is held to its word: the sender of its one message is told which field is wrong.
      if (status === 400 && subject.platform.name === 'standard-webhooks') return undefined;
      if (status >= 400 && wanted.kind === 'events') return `answered ${status} to a body with a broken part`;
      const lost = expected.find((event) => !stored.some((one) => isSameMessage(one, event)));
      return lost === undefined ? undefined : `lost ${lost.type} ${messageKeyOf(lost)}`;
    },
  };
}

/** A message of several parts may have got one more. */
function isSameMessage(given: InboundEvent, expected: InboundEvent): boolean {
  return (
    given.type === expected.type &&
    given.accountId === expected.accountId &&
    messageKeyOf(given) === messageKeyOf(expected) &&
    given.text.includes(expected.text)
  );
}

/** A rightly signed call of which a header, the body or the URL was changed: refused, unless what was signed is still the same. */
function forgedCase(subject: Subject, random: Random): Case {
  const right = signed(subject, random.pick(subject.fixtures).bytes);
  const forged = forge(subject, random, right);
  return {
    kind: 'forged',
    request: forged,
    judge: ({ status }, stored) => {
      if (isSameCall(subject, right, forged)) return undefined;
      return status === (subject.platform.unverified?.status ?? 401) && stored.length === 0
        ? undefined
        : `a bad signature was answered with ${status}`;
    },
  };
}

function forge({ platform, secrets, covers }: Subject, random: Random, right: WebhookRequest): WebhookRequest {
  const names = Object.keys(right.headers);
  const name = random.pick(names) ?? '';
  const withHeader = (value: string): WebhookRequest => ({ ...right, headers: { ...right.headers, [name]: value } });
  const value = right.headers[name] ?? '';
  switch (random.below(8)) {
    case 0:
      if (covers !== 'headers') return { ...right, body: mutateBytes(random, right.body) };
      return withHeader(mutateText(random, value));
    case 1:
      if (covers !== 'headers') return { ...right, body: Buffer.concat([right.body, Buffer.from('&more=1')]) };
      return withHeader('');
    case 2: {
      const { [name]: _, ...rest } = right.headers;
      return { ...right, headers: rest };
    }
    case 3:
      return withHeader(value.slice(value.indexOf('=') + 1));
    case 4: {
      // By somebody who knows the scheme and not the secret.
      const stranger = {
        ...secrets,
        secrets: secrets.secrets.map((secret) => (secret.startsWith('-----') ? secret : `${secret}?`)),
      };
      const isKeyed = stranger.secrets.some((secret, index) => secret !== secrets.secrets[index]);
      if (isKeyed) return { ...right, headers: platform.sign({ ...right, headers: {} }, stranger, now) };
      return withHeader(value.split('').reverse().join(''));
    }
    case 5:
      // A call of an hour ago is refused only where the platform has a window; that its time cannot be changed is what counts.
      return withHeader(/^\d+$/.test(value) ? String(Number(value) + 1) : mutateText(random, value));
    case 6:
      return withHeader(`${random.pick(['sha1=', 'sha256=', 'v0=', 'v1,', 't=1,s=', 'Bearer ', 'Basic '])}${value}`);
    default:
      return withHeader(mutateText(random, value));
  }
}

/** Whether nothing that the signature covers has changed: other spellings of the same bytes, or one more entry beside the right one. */
function isSameCall({ platform, covers }: Subject, right: WebhookRequest, forged: WebhookRequest): boolean {
  const sameBody =
    covers === 'headers' ||
    Buffer.from(right.body).equals(Buffer.from(forged.body)) ||
    (covers === 'fields' && fieldsOf(right) === fieldsOf(forged));
  const sameHeaders = Object.entries(right.headers).every(([name, value]) => {
    const given = forged.headers[name];
    return (
      given !== undefined &&
      canonical(platform.name, value).some((one) => canonical(platform.name, given).includes(one))
    );
  });
  return sameBody && sameHeaders;
}

function fieldsOf({ body }: WebhookRequest): string {
  return JSON.stringify(
    [...new Set([...new URLSearchParams(Buffer.from(body).toString())].map((pair) => pair.join('=')))].sort(),
  );
}

/** What a header says, without the freedoms of its notation. */
function canonical(platform: string, value: string): readonly string[] {
  switch (platform) {
    case 'standard-webhooks':
      return value.split(' ', 16);
    case 'tiktok':
      return [
        value
          .split(',')
          .map((part) => part.trim())
          .slice(0, 2)
          .sort()
          .join(','),
      ];
    case 'trustpilot':
      // Only the password counts, under any user name.
      return [
        Buffer.from(value.split(' ')[1] ?? '', 'base64')
          .toString()
          .replace(/^[^:]*:/, ''),
      ];
    case 'google-business':
      return [
        value
          .replace(/^Bearer /i, '')
          .split('.')
          .map((part) => Buffer.from(part, 'base64').toString('hex'))
          .join(),
      ];
    default:
      return [value];
  }
}

const queryWords: readonly [string, ...string[]] = [
  'hub.mode=subscribe',
  'hub.mode=unsubscribe',
  'hub.challenge=1158201444',
  'hub.verify_token=a-token-of-this-tesT',
  'hub.verify_token=',
  'hub.topic=https://www.youtube.com/xml/feeds/videos.xml?channel_id=UC1',
  'crc_token=test+token',
  'crc_token={"a":1}',
  'challengeCode=890e4665-4dfe-4ab1-b689-ed553bceeed0',
  'challengeCode=hmacsha256=%7B%7D',
  '%',
  '&&=&',
  'hub.challenge=%00%ff',
];

/** A call by GET from anybody: answered as a handshake or refused, and never with a token or challenge that was not vouched for. */
function handshakeCase(random: Random): Case {
  const query = Array.from({ length: random.below(6) }, () =>
    random.chance(4) ? mutateText(random, random.pick(queryWords)) : random.pick(queryWords),
  );
  return {
    kind: 'handshake',
    request: {
      method: 'GET',
      url: `https://hooks.example.com/w?${query.join('&')}`,
      headers: {},
      body: Buffer.alloc(0),
      pathAccount: undefined,
    },
    judge: ({ status, body }, stored) => {
      if (stored.length > 0) return 'a handshake stored messages';
      const isGranted =
        status === 200 && query.some((part) => part.startsWith('hub.challenge')) && body.startsWith('1158');
      return isGranted ? 'confirmed a subscription without the token' : undefined;
    },
  };
}

async function replayCase(subjects: readonly Subject[], seed: number, replay: string): Promise<number> {
  const [name = '', index = ''] = replay.split(':');
  const subject = subjects.find(({ platform }) => platform.name === name);
  if (subject === undefined) {
    console.error(`fuzz: unknown platform ${name}`);
    return 1;
  }
  const { request } = caseOf(subject, seed, Number(index));
  const { kind, problem, tookMs, status } = await tryCase(subject, seed, Number(index));
  console.log(JSON.stringify({ ...request, body: Buffer.from(request.body).toString() }, null, 2));
  console.log(`${replay} ${kind}: answered ${status} in ${tookMs.toFixed(1)} ms: ${problem ?? 'nothing wrong'}`);
  return problem === undefined ? 0 : 1;
}

function report(
  tallies: ReadonlyMap<Subject, Tally>,
  { seed, tookMs, finish }: { seed: number; tookMs: number; finish: ReturnType<typeof startRecord> },
): number {
  const row = (cells: readonly (string | number)[]) =>
    cells.map((cell, index) => (index === 0 ? String(cell).padEnd(18) : String(cell).padStart(10))).join('');
  const columns = ['platform', 'payloads', 'neighbours', 'forged', 'handshakes', 'accepted', 'slowest ms', 'findings'];
  console.log(row(columns));
  const rows: (string | number)[][] = [];
  const findings: string[] = [];
  let total = 0;
  for (const [{ platform }, { counts, accepted, slowestMs, findings: own }] of tallies) {
    const { payload, neighbour, forged, handshake } = counts;
    total += payload + neighbour + forged + handshake;
    findings.push(...own);
    const cells = [payload, neighbour, forged, handshake, accepted, Number(slowestMs.toFixed(1)), own.length];
    rows.push([platform.name, ...cells]);
    console.log(row([platform.name, ...cells]));
  }
  finish({
    title: 'Nobody in: webhooks called as nobody should',
    command: `npm run fuzz -- --seed ${seed} --runs ${total}`,
    tables: [
      {
        says: 'Calls that nobody should make: payloads with something wrong inside, valid messages beside something broken (none may be lost), calls that nobody vouches for (none may be stored), handshakes of strangers. A finding is an answer other than it must be, an exception, one that takes too long, or words of a message or a secret in a log line or an answer.',
        columns,
        rows,
      },
    ],
  });
  console.log(`${total} cases in ${(tookMs / 1000).toFixed(0)} s, seed ${seed}: ${findings.length} findings`);
  for (const finding of findings.slice(0, 40)) {
    console.log(`${finding}; again: npm run fuzz -- --seed ${seed} --replay ${finding.split(' ', 1)[0]}`);
  }
  return findings.length === 0 ? 0 : 1;
}

process.exitCode = await main();
