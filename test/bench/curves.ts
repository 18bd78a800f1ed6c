import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { compilePolicy } from '../../infra/compile-policy.ts';
import { DynamoCaseStore } from '../../shared/adapters/dynamo-case-store.ts';
import { applyEvent } from '../../shared/domain/apply-event.ts';
import type { InboundEvent } from '../../shared/domain/inbound-event.ts';
import type { Policy } from '../../shared/domain/policy.ts';
import { createPrequalifier } from '../../shared/domain/prequalify.ts';
import { createRouter } from '../../shared/domain/routing.ts';
import type { Table } from '../proofs/run-record.ts';
import { conversationWith, inboundMessage, received, routine } from '../support/samples.ts';
import { type Bench, batch, place, type Server, serve, timed, withBench, words } from './harness.ts';
import { Report } from './report.ts';
import { median } from './statistics.ts';

/** What a message costs beside a longer conversation, more open cases, more accounts and more rules. */
export function measureCurves(policyDir: string): Promise<readonly Table[]> {
  return withBench(policyDir, async (bench) => {
    const report = new Report();
    const triage = await serve(bench, 'batch-function', 'triage-messages');
    await measureConversation(bench, triage, report);
    await measureOpenCases(bench, triage, report);
    triage.stop();
    measurePolicySize(policyDir, report);
    return [
      report.curves(
        'What must stay flat while something else grows. The last column is the last point as a multiple of the first. A desk is shown the last 20 messages of a conversation: they are named in the case and read, so a message costs more up to the twentieth, and no more from then on.',
      ),
    ];
  });
}

/** The same 25 customers write again and again. */
async function measureConversation({ run }: Bench, ours: Server, report: Report): Promise<void> {
  const lengths = [5, 10, 20, 40, 80];
  const rounds: { cpu: number; units: number }[] = [];
  for (let round = 0; round < 80; round += 1) {
    const before = run.meters.billed();
    const call = batch(1_000_000 + round * 25, (each) => `talkative-${each % 25}`);
    const { cpu } = await timed(ours, [call]);
    const after = run.meters.billed();
    const writes = after.dynamoWriteUnits - before.dynamoWriteUnits;
    const reads = after.dynamoReadUnits - before.dynamoReadUnits;
    // In write units: a read unit costs a fifth of one.
    rounds.push({ cpu: cpu / 25, units: (writes + reads / 5) / 25 });
  }
  const around = (length: number, of: (round: { cpu: number; units: number }) => number) => ({
    at: length,
    costs: median(rounds.slice(length - 4, length).map(of)),
  });
  report.curve(
    'message of a conversation of so many, processor',
    lengths.map((length) => around(length, ({ cpu }) => cpu)),
    'ms',
  );
  report.curve(
    'message of a conversation of so many, DynamoDB',
    lengths.map((length) => around(length, ({ units }) => units)),
    'write units',
  );
}

/** What a sweep and a message cost must depend on what is due, not on what is open. */
async function measureOpenCases({ run }: Bench, triage: Server, report: Report): Promise<void> {
  const client = new DynamoDBClient({
    endpoint: run.url,
    region: place.region,
    credentials: { accessKeyId: 'bench', secretAccessKey: 'local' },
  });
  const store = new DynamoCaseStore(client, { tableName: run.tableName });
  let open = 0;
  for (let round = 0; round < 5; round += 1) await run.invoke('sweep-timers', {});
  const sweeps: { at: number; costs: number; reads: number }[] = [];
  const messages: { at: number; costs: number }[] = [];
  for (const target of [1, 1_000, 4_000]) {
    const authors = Array.from({ length: target - open }, (_, index) => `open-${open + index}`).values();
    const opener = async (): Promise<void> => {
      for (const author of authors) await openCase(store, author);
    };
    await Promise.all(Array.from({ length: 16 }, opener));
    open = target;
    await run.invoke('sweep-timers', {});
    const before = run.meters.billed().dynamoReadUnits;
    const times: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      const started = performance.now();
      const result = await run.invoke('sweep-timers', {});
      if (!result.ok) throw new Error(`sweep-timers failed: ${result.errorType}`);
      times.push(performance.now() - started);
    }
    const reads = (run.meters.billed().dynamoReadUnits - before) / 5;
    sweeps.push({ at: target, costs: median(times), reads });
    const cpu: number[] = [];
    for (let round = 0; round < 7; round += 1) {
      const from = 2_000_000 + target * 1_000 + round * 25;
      cpu.push((await timed(triage, [batch(from, (each) => `beside-open-${each}`)])).cpu / 25);
    }
    messages.push({ at: target, costs: median(cpu) });
  }
  report.curve('message beside so many open cases, processor', messages, 'ms');
  report.curve('sweep beside so many open cases', sweeps, 'ms');
  report.curve(
    'sweep beside so many open cases, DynamoDB',
    sweeps.map(({ at, reads }) => ({ at, costs: reads })),
    'read units',
  );
  client.destroy();
}

/** Deciding one message under policies of growing size; the rest of the work knows nothing of accounts and rules. */
function measurePolicySize(policyDir: string, report: Report): void {
  const compiled = compilePolicy(policyDir);
  if (!compiled.ok) throw new Error('the policy does not compile');
  const { policy } = compiled;
  const sizes = [10, 100, 1_000];
  const [account] = policy.accounts;
  if (account === undefined) throw new Error('the policy names no account');
  report.curve(
    'decision under so many more accounts',
    microsecondsToDecide(
      sizes.map((size) => ({
        size,
        policy: {
          ...policy,
          accounts: [
            ...policy.accounts,
            ...Array.from({ length: size }, (_, index) => ({ ...account, id: `another-${index}` })),
          ],
        },
      })),
    ),
    'microseconds',
  );
  report.curve(
    'decision under so many more rules',
    microsecondsToDecide(
      sizes.map((size) => ({
        size,
        policy: {
          ...policy,
          routing: {
            ...policy.routing,
            rules: [
              ...Array.from({ length: size }, (_, index) => ({
                id: `another-${index}`,
                to: 'in_house',
                priority: 'normal' as const,
                because: 'never',
                when: { accounts: [`nowhere-${index}`] },
              })),
              ...policy.routing.rules,
            ],
          },
        },
      })),
    ),
    'microseconds',
  );
}

function microsecondsToDecide(
  variants: readonly { readonly size: number; readonly policy: Policy }[],
): { at: number; costs: number }[] {
  const detector = { detect: () => ({ code: 'fr', confidence: 1 }) };
  const deciders = variants.map(({ size, policy }) => {
    const assess = createPrequalifier(policy, detector);
    const router = createRouter(policy);
    const times: number[] = [];
    return { size, times, decide: (message: InboundEvent) => router.decide(message, assess(message)) };
  });
  // By turns, so that what else the machine does hits all of them alike.
  for (let round = 0; round < 30; round += 1) {
    for (const { decide, times } of deciders) {
      const messages = Array.from({ length: 50 }, (_, index) => {
        const id = `decide-${round}-${index}`;
        return inboundMessage(id, words(id));
      });
      const started = performance.now();
      for (const message of messages) decide(message);
      times.push(((performance.now() - started) / messages.length) * 1_000);
    }
  }
  return deciders.map(({ size, times }) => ({ at: size, costs: median(times.slice(5)) }));
}

async function openCase(store: DynamoCaseStore, author: string): Promise<void> {
  const conversation = conversationWith(author);
  const at = new Date().toISOString();
  const event = { ...received(author, 0, routine), at, recordedAt: at };
  const transition = applyEvent(undefined, event, conversation);
  if (transition.kind === 'refused') throw new Error(`a first message was refused: ${transition.reason}`);
  const { case: after, effects } = transition;
  const stored = {
    caseId: after.id,
    version: after.version,
    conversation,
    event,
    text: 'Bonjour, où est mon colis ?',
    effects,
  };
  await store.append({ stored, before: undefined, after, closes: undefined, erases: [] });
}
