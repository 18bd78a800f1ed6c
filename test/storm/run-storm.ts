import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type AttributeValue, DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { ListTopicsCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { compilePolicy } from '../../infra/compile-policy.ts';
import { readPlatformSecrets } from '../../local/platform-secrets.ts';
import { randomFrom } from '../../local/random.ts';
import { type EmbeddedRun, type EmbeddedRunOptions, startEmbeddedRun } from '../../local/run.ts';
import { unpackJson } from '../../shared/adapters/packed-json.ts';
import { type DeskMessage, deskMessageSchema, escalationNoticeSchema } from '../../shared/contracts/desk-message.ts';
import type { Outcome } from '../../shared/contracts/outcome.ts';
import { caseEventSchema, caseSchema } from '../../shared/domain/case.ts';
import { platformNamed } from '../../shared/platforms/registry.ts';
import { loggedLines, secretsOf } from '../support/canaries.ts';
import { type ShiftingClock, shiftingClock } from '../support/shifting-clock.ts';
import {
  check,
  type Delivery,
  type ReportedOutcome,
  type StoredWord,
  type StormRecord,
  type Violation,
} from './checker.ts';
import { type FaultLevel, stormFaults } from './faults.ts';
import { type Act, makePlan, type PlannedMessage } from './plan.ts';
import { shortPromises } from './short-promises.ts';

export interface StormOptions {
  readonly seed: number;
  /** Messages of one wave, besides those of its large POST. */
  readonly waveSize: number;
  /** Waves are sent for so long, one at least. */
  readonly milliseconds: number;
  /** Default: `policy` of the project; its promises are shortened. */
  readonly policyDir?: string;
  /** Default: `functions` of the project. */
  readonly functionsDir?: string;
  /** Default: all. */
  readonly faults?: FaultLevel;
  readonly log?: (line: string) => void;
}

export interface StormResult {
  readonly record: StormRecord;
  readonly violations: readonly Violation[];
  /** Faults by kind. */
  readonly injected: Readonly<Record<string, number>>;
  readonly posts: number;
  /** Milliseconds of each webhook call that was answered. */
  readonly answerTimes: readonly number[];
  /** Milliseconds from the first acknowledgement of a message to its first delivery to a desk, in real time. */
  readonly offerTimes: readonly number[];
}

const root = resolve(import.meta.dirname, '..', '..');
const region = 'eu-west-1';
const credentials = { accessKeyId: 'storm', secretAccessKey: 'local' };
const lanes = ['urgent', 'standard'] as const;
const senders = 12;
/** Between two calls of a sender outside a burst, in milliseconds: a tenth of the rate in one. */
const calmGap = 60;
const burst = { every: 200, length: 80 };
/** In milliseconds: a machine that slept, a time service that put the clock right, and beyond the five minutes in which FIFO queues know a twin. */
const clockJumps = [30_000, -4_000, 150_000, -9_000, 320_000] as const;
/** Where the storm listens to what people are told. */
const noticeQueue = 'storm-notices';

/**
 * Runs the whole of Vigie under load while everything that can go wrong does, lets it come to rest, and checks every promise against what was sent
 * and what came out. The same seed sends the same and draws the same faults, though not always to the same calls.
 */
export async function runStorm(options: StormOptions): Promise<StormResult> {
  const scratch = mkdtempSync(join(tmpdir(), 'vigie-storm-'));
  try {
    return await storm(options, scratch);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function storm(options: StormOptions, scratch: string): Promise<StormResult> {
  const { seed, waveSize, faults = 'all', log = () => {} } = options;
  const policyDir = join(scratch, 'policy');
  shortPromises(resolve(options.policyDir ?? join(root, 'policy')), policyDir, {
    firstReply: '4s',
    resolution: '90s',
    sentimentDecides: true,
  });
  const { functionsDir = join(root, 'functions') } = options;
  const site = await Site.start({ dataDir: join(scratch, 'run'), policyDir, functionsDir }, stormFaults(seed, faults));
  const random = randomFrom(seed + 1);
  const desks = new Desks(site, random);
  const sent: PlannedMessage[] = [];
  const poisons: string[] = [];
  const canaries = secretsOf(site.dataDir);
  const acknowledged = new Map<string, number>();
  const unanswered = new Set<string>();
  const answerTimes: number[] = [];
  let posts = 0;

  const perform = async (act: Act): Promise<void> => {
    if (act.kind === 'poison') {
      await site.put(act.queue, act.body);
      return;
    }
    unanswered.add(act.id);
    for (let attempt = 0; attempt < 300; attempt += 1) {
      const started = performance.now();
      posts += 1;
      const status = await site.post(act).catch(() => undefined);
      if (status === 200) {
        answerTimes.push(performance.now() - started);
        unanswered.delete(act.id);
        if (!acknowledged.has(act.id)) acknowledged.set(act.id, performance.now());
        return;
      }
      // A platform waits longer, and tries again as often.
      await delay(100);
    }
  };

  const working = desks.work();
  const stormEndsAt = Date.now() + options.milliseconds;
  let wave = 0;
  do {
    const name = `w${letterOf(wave)}`;
    const plan = makePlan(seed * 1_000 + wave, site.clock.now(), waveSize, name);
    sent.push(...plan.messages);
    canaries.push(plan.canary);
    poisons.push(...plan.acts.flatMap((act) => (act.kind === 'poison' ? [act.body] : [])));
    const restartAt = Math.floor(plan.acts.length / 2);
    const at = (share: number) => Math.floor(plan.acts.length * share);
    const crashAt = new Set([0.2, 0.4, 0.7, 0.9].map(at));
    const jumpAt = new Map(clockJumps.map((jump, index) => [at((index + 0.5) / clockJumps.length), jump]));
    const rest = plan.acts.entries();
    const sender = async (): Promise<void> => {
      for (const [index, act] of rest) {
        if (faults === 'all') {
          if (index === restartAt) await site.restart();
          if (crashAt.has(index)) await site.killFunction(random);
          const jump = jumpAt.get(index);
          if (jump !== undefined) site.jump(jump);
        }
        await perform(act);
        if (index % burst.every >= burst.length) await delay(calmGap);
      }
    };
    await Promise.all(Array.from({ length: senders }, sender));
    wave += 1;
    log(`wave ${wave}: ${plan.acts.length} calls sent`);
  } while (Date.now() < stormEndsAt);

  site.faults.calm();
  log('calm: waiting until nothing is left to be done');
  await site.comeToRest(desks, log);
  desks.stop();
  await working;
  const record: StormRecord = {
    sent,
    unanswered: [...unanswered],
    outcomes: desks.outcomes,
    poisons,
    delivered: desks.delivered,
    ...(await site.stored()),
    ...(await site.notices()),
    answers: [...site.answers],
    parked: await site.parked(),
    left: await site.left(),
    outsourced: outsourcedDesks(policyDir),
    canaries,
    logs: loggedLines(site.dataDir),
    endedAt: new Date(site.clock.now()).toISOString(),
  };
  await site.stop();
  const offerTimes = sent.flatMap(({ key }) => {
    const from = acknowledged.get(`${key}-created`);
    const to = desks.firstShown.get(key);
    return from === undefined || to === undefined ? [] : [Math.max(0, to - from)];
  });
  const injected = Object.fromEntries(site.faults.injected);
  return { record, violations: check(record), injected, posts, answerTimes, offerTimes };
}

function letterOf(wave: number): string {
  return [...String(wave)].map((digit) => 'abcdefghij'[Number(digit)]).join('');
}

function outsourcedDesks(policyDir: string): string[] {
  const compiled = compilePolicy(policyDir);
  if (!compiled.ok) throw new Error('the storm’s policy does not compile');
  return Object.entries(compiled.policy.desks).flatMap(([id, { kind }]) => (kind === 'outsourced' ? [id] : []));
}

type Sources = Required<Pick<EmbeddedRunOptions, 'dataDir' | 'policyDir' | 'functionsDir'>>;

/** The run that the storm rages over, through its restarts. */
class Site {
  readonly clock: ShiftingClock;
  readonly faults: ReturnType<typeof stormFaults>;
  readonly dataDir: string;
  readonly client: SQSClient;
  run: EmbeddedRun;
  /** What webhook calls were answered with, each once. */
  readonly answers = new Set<string>();
  readonly #sources: Sources;

  private constructor(
    sources: Sources,
    run: EmbeddedRun,
    { faults, clock }: { faults: ReturnType<typeof stormFaults>; clock: ShiftingClock },
  ) {
    this.dataDir = sources.dataDir;
    this.#sources = sources;
    this.faults = faults;
    this.run = run;
    this.clock = clock;
    this.client = new SQSClient({
      endpoint: run.sqsEndpoint,
      region,
      credentials,
      maxAttempts: 10,
    });
  }

  static async start(sources: Sources, faults: ReturnType<typeof stormFaults>): Promise<Site> {
    const clock = shiftingClock();
    const run = await startEmbeddedRun({ ...sources, clock, faults });
    const site = new Site(sources, run, { faults, clock });
    await site.#listen();
    return site;
  }

  /** The run itself remembers only the last thousand notices. */
  async #listen(): Promise<void> {
    const sns = new SNSClient({ endpoint: this.run.url, region, credentials });
    const { Topics = [] } = await sns.send(new ListTopicsCommand({}));
    await this.client.send(new CreateQueueCommand({ QueueName: noticeQueue }));
    for (const { TopicArn } of Topics) {
      const Endpoint = `arn:aws:sqs:${region}:000000000000:${noticeQueue}`;
      const Attributes = { RawMessageDelivery: 'true' };
      await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint, Attributes }));
    }
    sns.destroy();
  }

  /** Forward or back; what falls due on the way happens at once. */
  jump(milliseconds: number): void {
    this.faults.count(`clock put ${milliseconds > 0 ? 'forward' : 'back'}`);
    this.clock.shift(milliseconds);
  }

  /** A power cut, and everything started again over what was kept. */
  async restart(): Promise<void> {
    const { port } = this.run;
    this.faults.count('everything cut off and restarted');
    await this.run.kill();
    const { clock, faults } = this;
    this.run = await startEmbeddedRun({ ...this.#sources, clock, faults, port });
  }

  async killFunction(random: () => number): Promise<void> {
    const names = ['receive-webhook', 'triage-messages', 'fire-timers', 'record-outcomes', 'sweep-timers'];
    this.faults.count('function killed whatever it did');
    await this.run.restartFunction(names[Math.floor(random() * names.length)] ?? 'triage-messages').catch(() => {});
  }

  async post({ platform: name, id, body }: Extract<Act, { kind: 'post' }>): Promise<number> {
    const platform = platformNamed(name);
    const secrets = readPlatformSecrets(this.dataDir, name);
    if (platform === undefined || secrets === undefined) throw new Error(`no platform ${name}`);
    const account = name === 'meta' ? undefined : 'generic';
    const url = `${this.run.url}/webhooks/${name}${account === undefined ? '' : `/${account}`}`;
    const headers = { 'content-type': 'application/json', 'webhook-id': id };
    const request = { method: 'POST', url, headers, body: Buffer.from(body), pathAccount: account } as const;
    const signature = platform.sign(request, secrets, new Date(this.clock.now()));
    const answer = await fetch(url, { method: 'POST', headers: { ...headers, ...signature }, body });
    this.answers.add(await answer.text());
    return answer.status;
  }

  async put(queue: string, body: string): Promise<void> {
    await persist(() =>
      this.client.send(new SendMessageCommand({ QueueUrl: this.run.queueUrl(queue), MessageBody: body })),
    );
  }

  /** Takes up to ten messages; nothing while the run is away. */
  async take(queue: string, waitSeconds: number): Promise<readonly Message[]> {
    return this.#takeFrom(this.run.queueUrl(queue), waitSeconds);
  }

  async #takeFrom(QueueUrl: string, waitSeconds: number): Promise<readonly Message[]> {
    try {
      const { Messages = [] } = await this.client.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: waitSeconds }),
      );
      if (Messages.length === 0) return [];
      const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
      await persist(() => this.client.send(new DeleteMessageBatchCommand({ QueueUrl, Entries })));
      return Messages;
    } catch {
      await delay(50);
      return [];
    }
  }

  /**
   * Puts the clock forward until every retry, every hidden message and every timer has had its turn. Ends when twice in a row nothing is left, or after an
   * hour of the run's time: then what is left is a violation.
   */
  async comeToRest(desks: Desks, log: (line: string) => void): Promise<void> {
    let quiet = 0;
    for (let step = 0; step < 60 && quiet < 3; step += 1) {
      this.clock.shift(60_000);
      await this.#settle();
      await desks.drained();
      const left = Object.values(await this.left()).reduce((sum, count) => sum + count, 0);
      quiet = left === 0 ? quiet + 1 : 0;
      if (step % 10 === 9) log(`  ${left} left after ${step + 1} minutes of the run’s time`);
    }
  }

  /** Until the queues that functions empty show nothing and have not changed for a moment; what is hidden needs the clock. */
  async #settle(): Promise<void> {
    let still = 0;
    let before = '';
    for (let tries = 0; tries < 400 && still < 10; tries += 1) {
      await delay(25);
      const counts = await this.#counts();
      const now = JSON.stringify(counts);
      still = now === before && counts.every(({ visible }) => visible === 0) ? still + 1 : 0;
      before = now;
    }
  }

  async #counts(): Promise<{ name: string; visible: number; all: number }[]> {
    return (await this.run.queueStatus())
      .filter(({ name }) => /-(?:intake|timer|outcome)$/.test(name))
      .map(({ name, visible, inFlight, delayed }) => ({ name, visible, all: visible + inFlight + delayed }));
  }

  async left(): Promise<Record<string, number>> {
    const dead = (await this.run.queueStatus())
      .filter(({ name }) => /-dlq(?:\.fifo)?$/.test(name))
      .map(({ name, visible, inFlight }) => ({ name, all: visible + inFlight }));
    return Object.fromEntries([...(await this.#counts()), ...dead].map(({ name, all }) => [name, all]));
  }

  /** What people were told; a notice that came twice counts once. */
  async notices(): Promise<Pick<StormRecord, 'notices' | 'published'>> {
    const published = await this.#takeAll(`${this.run.url}/000000000000/${noticeQueue}`);
    const all = published.flatMap((body) => {
      const { cases, clock } = escalationNoticeSchema.parse(JSON.parse(body));
      return cases.map((one) => ({ ...one, clock }));
    });
    return { notices: [...new Map(all.map((notice) => [notice.id, notice])).values()], published };
  }

  async parked(): Promise<string[]> {
    const bodies = await this.#takeAll(this.run.queueUrl('parked'));
    return bodies.map((body) => parkedSchema.parse(JSON.parse(body)).body);
  }

  async #takeAll(url: string): Promise<string[]> {
    const bodies: string[] = [];
    for (;;) {
      const messages = await this.#takeFrom(url, 0);
      if (messages.length === 0) return bodies;
      bodies.push(...messages.map(({ Body = '' }) => Body));
    }
  }

  /** The audit log and the cases, read past the functions. */
  async stored(): Promise<Pick<StormRecord, 'stored' | 'cases'>> {
    const client = new DynamoDBClient({
      endpoint: this.run.url,
      region,
      credentials,
    });
    const stored: StoredWord[] = [];
    const cases: StormRecord['cases'][number][] = [];
    let from: Record<string, AttributeValue> | undefined;
    do {
      const { Items = [], LastEvaluatedKey } = await client.send(
        new ScanCommand({ TableName: this.run.tableName, ConsistentRead: true, ExclusiveStartKey: from }),
      );
      for (const { sk, body, text } of Items) {
        if (body?.B === undefined) continue;
        if (sk?.S?.startsWith('E#')) stored.push({ ...storedSchema.parse(unpackJson(body.B)), text: text?.S ?? '' });
        else if (sk?.S?.startsWith('H#')) cases.push(caseSchema.parse(unpackJson(body.B)));
      }
      from = LastEvaluatedKey;
    } while (from !== undefined);
    client.destroy();
    return { stored, cases };
  }

  async stop(): Promise<void> {
    this.client.destroy();
    await this.run.stop();
  }
}

const parkedSchema = z.object({ body: z.string() });
const storedSchema = z.object({ caseId: z.string(), event: caseEventSchema });

/** Desks that take what comes and report outcomes, some of which are wrong on purpose. */
class Desks {
  readonly delivered: Delivery[] = [];
  readonly outcomes: ReportedOutcome[] = [];
  /** When each message was first shown to any desk, by `performance.now`. */
  readonly firstShown = new Map<string, number>();
  readonly #site: Site;
  readonly #random: () => number;
  readonly #desks: readonly string[];
  #stopped = false;
  #lastDelivery = 0;

  constructor(site: Site, random: () => number) {
    this.#site = site;
    this.#random = random;
    const names = site.run.queues.flatMap(({ name }) => /-([^-]+)-urgent\.fifo$/.exec(name)?.[1] ?? []);
    this.#desks = names;
  }

  async work(): Promise<void> {
    await Promise.all(this.#desks.flatMap((desk) => lanes.map((lane) => this.#serve(desk, lane))));
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Resolves once no desk was handed anything for a moment. */
  async drained(): Promise<void> {
    while (performance.now() - this.#lastDelivery < 150) await delay(50);
  }

  async #serve(desk: string, lane: (typeof lanes)[number]): Promise<void> {
    while (!this.#stopped) {
      const messages = await this.#site.take(`${desk}-${lane}`, 1);
      for (const { Body = '' } of messages) {
        this.#lastDelivery = performance.now();
        const message = deskMessageSchema.parse(JSON.parse(Body));
        this.delivered.push({ desk, lane, message });
        if (message.type !== 'case.offered' && message.type !== 'case.updated') continue;
        for (const { id } of message.data.messages) {
          if (!this.firstShown.has(id)) this.firstShown.set(id, performance.now());
        }
        if (message.type === 'case.offered') await this.#answer(desk, message.data);
      }
    }
  }

  async #answer(
    desk: string,
    { caseId, offerId, fence }: Extract<DeskMessage, { type: 'case.offered' }>['data'],
  ): Promise<void> {
    const dice = this.#random();
    const base = { caseId, offerId, fence, desk, at: new Date(this.#site.clock.now()).toISOString() };
    if (dice < 0.3) {
      await this.#report({ ...base, id: `${offerId}-claimed`, type: 'claimed' }, false);
      await this.#report({ ...base, id: `${offerId}-resolved`, type: 'resolved' }, false);
    } else if (dice < 0.4) {
      await this.#report({ ...base, id: `${offerId}-back`, type: 'handed_back', reason: 'not ours' }, false);
    } else if (dice < 0.5) {
      await this.#report({ ...base, id: `${offerId}-answered`, type: 'answered' }, false);
    } else if (dice < 0.56) {
      await this.#report({ ...base, id: `${offerId}-old`, type: 'resolved', fence: fence + 7 }, true);
    } else if (dice < 0.62) {
      const other = this.#desks.find((name) => name !== desk) ?? desk;
      await this.#report({ ...base, id: `${offerId}-foreign`, type: 'resolved', desk: other }, true);
    }
  }

  async #report(outcome: Outcome, wrong: boolean): Promise<void> {
    const { id, desk, caseId } = outcome;
    this.outcomes.push({ id, desk, caseId, wrong });
    const copies = this.#random() < 0.3 ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) await this.#site.put('outcome', JSON.stringify(outcome));
  }
}

/** Until it works: the run may be away for a while. */
async function persist<Answer>(call: () => Promise<Answer>): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      if (attempt === 200) throw error;
      await delay(100);
    }
  }
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
