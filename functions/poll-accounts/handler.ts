import { addSeconds } from '../../shared/domain/clocks.ts';
import type { Account } from '../../shared/domain/policy.ts';
import { sendToIntake } from '../../shared/intake.ts';
import type { AccountId, MessagePuller, PollCheckpoints, PullResult, QueueSender, Span } from '../../shared/ports.ts';
import type { Log } from '../../shared/runtime/log.ts';

export interface Dependencies {
  readonly accounts: readonly Account[];
  readonly puller: MessagePuller;
  readonly checkpoints: PollCheckpoints;
  readonly queues: QueueSender;
  readonly intakeQueueUrl: string;
  readonly now: () => Date;
  readonly log: Log;
}

interface Way {
  /** So old a message must be before it is read: until then its webhook may still come, or the API does not show it yet. */
  readonly settleSeconds: number;
  /** So far behind the checkpoint each run begins: what was held for review shows up late, under the time at which it was written. */
  readonly overlapSeconds: number;
  readonly hasWebhook: boolean;
}

const ways: ReadonlyMap<string, Way> = new Map([
  ['facebook', { settleSeconds: 600, overlapSeconds: 0, hasWebhook: true }],
  ['messenger', { settleSeconds: 600, overlapSeconds: 0, hasWebhook: true }],
  ['instagram', { settleSeconds: 600, overlapSeconds: 0, hasWebhook: true }],
  ['youtube', { settleSeconds: 60, overlapSeconds: 600, hasWebhook: false }],
]);

const runEverySeconds = 300;
/** Calls for what was written between two runs; an account that is behind may have more, as many as end before the function's time does. */
const callsPerInterval = 12;
const mostCalls = 30;
/** Longer than a run may take, so that what a run that died held is free for the next but one. */
const holdSeconds = 400;
/** So long a run begins with further accounts. */
const budgetMs = 25_000;
const parallelAccounts = 4;
/** So far back is read after an outage; longer, and what is found is nothing to answer fast any more. */
const longestSpanSeconds = 24 * 3600;
/** Each run begins at another account, far from the last one's, so that a run that ends early leaves out others each time. */
const goldenSection = 0.618_034;

/**
 * Reads what was written on each account that has a token since it was last read, and puts it on the intake queue, where a message that came by
 * webhook too is known by its id. An account whose first run this is begins now. What fails is logged and read by a later run.
 */
export async function pollAccounts(dependencies: Dependencies): Promise<void> {
  const { accounts, puller, now } = dependencies;
  const candidates = accounts.filter(({ channel, id }) => ways.has(channel) && id !== '*');
  const polled = candidates.length === 0 ? [] : await puller.accessible(candidates);
  const run = Math.floor(now().getTime() / 1000 / runEverySeconds);
  const first = Math.floor(((run * goldenSection) % 1) * polled.length);
  const rest = [...polled.slice(first), ...polled.slice(0, first)].values();
  const until = now().getTime() + budgetMs;
  const worker = async () => {
    for (const account of rest) {
      if (now().getTime() >= until) return;
      await pollAccount(account, dependencies);
    }
  };
  await Promise.all(Array.from({ length: parallelAccounts }, worker));
}

async function pollAccount(account: AccountId, dependencies: Dependencies): Promise<void> {
  const { checkpoints, puller, now, log } = dependencies;
  const way = ways.get(account.channel);
  if (way === undefined) return;
  const at = now().toISOString();
  const held = addSeconds(at, holdSeconds);
  const fail = (because: string) =>
    log({ event: 'poll_failed', channel: account.channel, accountId: account.id, because });
  try {
    const taken = await checkpoints.take(account, { at, until: held });
    if (taken === undefined) return;
    const until = addSeconds(at, -way.settleSeconds);
    const oldest = addSeconds(until, -longestSpanSeconds);
    const { readThrough = until } = taken;
    if (readThrough < oldest) fail('not read for a day: what was written before is left out');
    const from = readThrough < oldest ? oldest : readThrough;
    const span: Span = { since: taken.readThrough === undefined ? from : addSeconds(from, -way.overlapSeconds), until };
    const calls = callsFor({ since: from, until });
    const result: PullResult = await puller.pull(account, span, calls);
    const isStored = result.kind === 'read' && (await store(result.events, way, dependencies));
    // What is missing is read by a run that may make more calls, or is no longer asked to pause.
    const isLeft = result.kind === 'read' && result.cut && (calls < mostCalls || result.pauseSeconds !== undefined);
    if (result.kind !== 'read') fail(`${result.kind}: ${result.because}`);
    else if (!isStored) fail('later: the queue did not take all');
    else if (isLeft) fail('later: more was written than this run reads');
    else if (result.cut) fail('more was written than a run can read: the oldest is left out');
    await checkpoints.release(account, {
      held,
      readThrough: isStored && !isLeft ? until : undefined,
      notBefore: addSeconds(now().toISOString(), result.pauseSeconds ?? 0),
    });
    if (result.kind === 'read') {
      if (result.undated !== undefined) fail(`left out: ${result.undated} messages without a time`);
      log({ event: 'account_polled', channel: account.channel, accountId: account.id, events: result.events.length });
    }
  } catch (error) {
    fail(`the checkpoint: ${error instanceof Error ? error.name : 'unknown'}`);
  }
}

function callsFor({ since, until }: Span): number {
  const intervals = Math.ceil((Date.parse(until) - Date.parse(since)) / (runEverySeconds * 1000));
  return Math.min(mostCalls, callsPerInterval * Math.max(1, intervals));
}

function store(
  events: Extract<PullResult, { kind: 'read' }>['events'],
  { hasWebhook }: Way,
  dependencies: Dependencies,
): Promise<boolean> {
  const receivedAt = dependencies.now().toISOString();
  return sendToIntake(dependencies, events, { receivedAt, ...(hasWebhook ? { reconciled: true } : {}) });
}
