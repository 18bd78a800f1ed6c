import { parseArgs } from 'node:util';
import * as z from 'zod';
import { quantile, rounded } from '../bench/statistics.ts';
import { startRecord } from '../proofs/run-record.ts';
import { promises } from './checker.ts';
import { faultLevels } from './faults.ts';
import { runStorm } from './run-storm.ts';

// `npm run storm -- --minutes N --seed S [--faults all|survivable|none]`: prints one page, leaves its record in build/runs, and exits with 1 when a promise was broken.

const optionsSchema = z.object({
  minutes: z.coerce.number('write a number').nonnegative().max(600),
  seed: z.coerce.number('write a whole number').int().positive(),
  size: z.coerce.number('write a whole number').int().positive().max(5_000),
  faults: z.enum(faultLevels, `write ${faultLevels.join(', ')}`),
  policy: z.string().optional(),
});

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    size: { type: 'string', default: '1000' },
    faults: { type: 'string', default: 'all' },
    policy: { type: 'string' },
  },
});
const tells = {
  all: 'What came in and what went out, while everything that can go wrong did. Times are those of a machine under faults and load: the records of a function that was killed are hidden for three minutes, those of one that failed for seconds.',
  survivable: 'What came in and what went out, while calls failed but nothing was killed or started again.',
  none: 'What came in and what went out: times are those of the load alone.',
};
const titles = {
  all: 'Nothing lost: a storm',
  survivable: 'The same load, and only faults that a call survives',
  none: 'The same load without faults',
};

async function main({ minutes, seed, size, faults, policy }: z.infer<typeof optionsSchema>): Promise<number> {
  const startedAt = Date.now();
  const finish = startRecord(faults === 'all' ? 'storm' : `storm-${faults}`);
  const result = await runStorm({
    seed,
    waveSize: size,
    faults,
    milliseconds: minutes * 60_000,
    log: console.log,
    ...(policy === undefined ? {} : { policyDir: policy }),
  });
  const { record, violations, injected, posts, answerTimes, offerTimes } = result;
  const fired = record.stored.filter(({ event }) => event.type === 'timer_fired').length;
  const summary = {
    seconds: rounded((Date.now() - startedAt) / 1000),
    messages: record.sent.length,
    cases: record.cases.length,
    delivered: record.delivered.length,
    outcomes: record.outcomes.length,
    parked: record.parked.length,
    answer: { p50: rounded(quantile(answerTimes, 0.5)), p99: rounded(quantile(answerTimes, 0.99)) },
    receivedToOffered: { p50: rounded(quantile(offerTimes, 0.5)), p99: rounded(quantile(offerTimes, 0.99)) },
  };
  const faultTable = {
    says: 'Faults injected.',
    columns: ['fault', 'times'],
    rows: Object.entries(injected).sort(([, a], [, b]) => b - a),
  };
  const promiseTable = {
    says: 'Promises, and how often each was broken, by a checker that knows only what was sent and what came out.',
    columns: ['promise', 'broken'],
    rows: promises.map((promise) => [promise, violations.filter((one) => one.promise === promise).length]),
  };
  finish({
    title: titles[faults],
    command: `npm run storm -- --minutes ${minutes} --seed ${seed}${faults === 'all' ? '' : ` --faults ${faults}`}`,
    tables: [
      {
        says: tells[faults],
        columns: ['what', 'count or milliseconds'],
        rows: [
          ['messages written by customers', summary.messages],
          ['promises not kept', violations.length],
          ['calls by the platforms, repeats included', posts],
          ['cases', summary.cases],
          ['messages taken by desks', summary.delivered],
          ['outcomes reported by desks', summary.outcomes],
          ['promises broken, announced once each', fired],
          ['poisoned records, parked with their reason', summary.parked],
          ['webhook answer, p50', summary.answer.p50],
          ['webhook answer, p99', summary.answer.p99],
          ['from received to offered, p50', summary.receivedToOffered.p50],
          ['from received to offered, p99', summary.receivedToOffered.p99],
        ],
      },
      ...(faults === 'none' ? [] : [faultTable, promiseTable]),
    ],
  });

  console.log(`
Storm with seed ${seed}, ${summary.seconds} s
  ${summary.messages} messages in ${posts} calls → ${summary.cases} cases → ${summary.delivered} messages to desks, ${summary.outcomes} outcomes
  ${fired} promises broken and announced, ${summary.parked} records parked
  webhook answer          p50 ${summary.answer.p50} ms, p99 ${summary.answer.p99} ms
  received to offered     p50 ${summary.receivedToOffered.p50} ms, p99 ${summary.receivedToOffered.p99} ms

Faults`);
  for (const [kind, count] of Object.entries(injected).sort(([, a], [, b]) => b - a)) {
    console.log(`  ${kind.padEnd(36)} ${String(count).padStart(6)}`);
  }
  console.log(`\nViolations: ${violations.length}`);
  for (const [promise, broken] of Map.groupBy(violations, (violation) => violation.promise)) {
    console.log(`  not kept: ${promise} (${broken.length})`);
    for (const { about } of broken.slice(0, 5)) console.log(`    ${about}`);
  }
  if (violations.length > 0) console.log(`Again: npm run storm -- --seed ${seed} --minutes ${minutes} --size ${size}`);
  return violations.length === 0 ? 0 : 1;
}

const options = optionsSchema.safeParse(values);
if (options.success) process.exitCode = await main(options.data);
else {
  const [issue] = options.error.issues;
  console.error(`--${issue?.path.join('.')}: ${issue?.message}`);
  process.exitCode = 1;
}
