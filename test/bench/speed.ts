import type { Table } from '../proofs/run-record.ts';
import { type Bench, batch, compare, load, posts, requireAll, serve, withBench } from './harness.ts';
import { type Profile, profileOf, profileTable } from './profile.ts';
import { Report } from './report.ts';
import { median, quantile, rounded } from './statistics.ts';

/** What a message costs us next to the floor: the functions' own work, the whole way from webhook to desk queue, and the platform's wait. */
export function measureSpeed(policyDir: string): Promise<readonly Table[]> {
  return withBench(policyDir, async (bench) => {
    const report = new Report();
    await measureWebhookWork(bench, report);
    await measureTriageWork(bench, report);
    const profile = await measureThroughput(bench, report);
    await measureAnswers(bench, report);
    return [
      report.figures('Ratios are medians of paired rounds. A warm function and its floor get the same calls by turns.'),
      profile,
    ];
  });
}

async function measureWebhookWork(bench: Bench, report: Report): Promise<void> {
  const ours = await serve(bench, 'webhook-function', 'receive-webhook', { INTAKE_QUEUE_URL: bench.queueUrl });
  const floor = await serve(bench, 'webhook-floor');
  const { cpu, wall, ourCpu } = await compare(ours, floor, 300, (from) => posts(bench, 'warm', from, 200));
  report.add(
    'receive-webhook, processor time of a message',
    cpu,
    'x floor',
    `${rounded(ourCpu)} ms; floor: HMAC, parse, send`,
  );
  report.add('receive-webhook, time of a message', wall, 'x floor');
  ours.stop();
  floor.stop();
}

async function measureTriageWork(bench: Bench, report: Report): Promise<void> {
  const ours = await serve(bench, 'batch-function', 'triage-messages');
  const floor = await serve(bench, 'batch-floor');
  const note = 'floor: parse, Comprehend, put, send';
  const batchesFrom = (from: number, batches: number) =>
    Array.from({ length: batches }, (_, index) => batch(from + index * 25, (each) => `triage-${each}`));
  const { cpu, wall, ourCpu } = await compare(ours, floor, 8 * 25, (from) => batchesFrom(from, 8));
  report.add('triage-messages, processor time of a message', cpu, 'x floor', `${rounded(ourCpu)} ms; ${note}`);
  report.add('triage-messages, time of a message', wall, 'x floor');
  ours.stop();
  floor.stop();
}

const messagesPerRound = 600;
/** The first warms both sides up and does not count. */
const throughputRounds = 6;

/** Messages a second end to end, by turns with the floor, and where the processor's time of both goes. */
async function measureThroughput(bench: Bench, report: Report): Promise<Table> {
  const { run } = bench;
  const floor = await serve(bench, 'whole-floor');
  const offers = followOffers(run);
  const rounds: { ours: Side; floor: Side }[] = [];
  const side = async (url: string, name: string, finished: () => Promise<void>): Promise<Side> => {
    const calls = posts(bench, name, 0, messagesPerRound);
    const stop = profileOf(run);
    const started = performance.now();
    const sent = await load({ url, calls, parallel: 16 });
    requireAll(sent, messagesPerRound);
    await finished();
    const perSecond = messagesPerRound / ((performance.now() - started) / 1000);
    return { perSecond, profile: stop(messagesPerRound, sent.cpuMilliseconds) };
  };
  for (let round = 0; round < throughputRounds; round += 1) {
    const measureOurs = () => side(run.url, `whole-${round}`, () => offers.reach(messagesPerRound));
    const measureFloor = () => side(floor.url, `floor-${round}`, async () => {});
    if (round % 2 === 0) rounds.push({ ours: await measureOurs(), floor: await measureFloor() });
    else {
      const theirs = await measureFloor();
      rounds.push({ ours: await measureOurs(), floor: theirs });
    }
  }
  offers.stop();
  floor.stop();
  const warm = rounds.slice(1);
  const cpuOf = ({ profile }: Side) => [...profile.processor.values()].reduce((sum, each) => sum + each, 0);
  const ratios = warm.map((round) => round.ours.perSecond / round.floor.perSecond);
  report.add(
    'messages, webhook to desk queue',
    median(warm.map(({ ours }) => ours.perSecond)),
    'messages/s',
    'one message a POST',
  );
  report.add('  as a share of the floor', median(ratios), 'x floor', 'floor: HMAC, parse, Comprehend, put, send');
  report.add('  range of that share', Math.min(...ratios), 'x floor', `to ${rounded(Math.max(...ratios))}`);
  const cpuRatios = warm.map((round) => cpuOf(round.ours) / cpuOf(round.floor));
  report.add('  processor time of all processes', median(cpuRatios), 'x floor', 'stand-ins for AWS included');
  return profileTable(
    warm.map(({ ours }) => ours.profile),
    warm.map((round) => round.floor.profile),
  );
}

interface Side {
  readonly perSecond: number;
  readonly profile: Profile;
}

/** Counts offers from their log lines: asking the queues for their lengths would slow down what is measured. */
function followOffers({ journal }: Bench['run']): { reach(more: number): Promise<void>; stop(): void } {
  let sent = 0;
  let goal: { readonly at: number; readonly reached: () => void } | undefined;
  const stop = journal.follow((entry) => {
    if (entry.event !== 'effect_sent' || entry['kind'] !== 'offer') return;
    sent += 1;
    if (goal !== undefined && sent >= goal.at) goal.reached();
  });
  let before = 0;
  return {
    stop,
    async reach(more) {
      const { promise, resolve } = Promise.withResolvers<void>();
      before += more;
      goal = { at: before, reached: resolve };
      if (sent < before) await promise;
    },
  };
}

async function measureAnswers(bench: Bench, report: Report): Promise<void> {
  const floor = await serve(bench, 'webhook-floor');
  for (const [title, url] of [
    ['webhook answer', bench.run.url],
    ['  the floor answers', floor.url],
  ] as const) {
    const calls = posts(bench, title, 0, 300);
    const { latencies } = await load({ url, calls, parallel: 16, perSecond: 50 });
    report.add(`${title}, p50`, quantile(latencies, 0.5), 'ms', 'at 50 calls a second');
    report.add(`${title}, p99`, quantile(latencies, 0.99), 'ms');
  }
  floor.stop();
}
