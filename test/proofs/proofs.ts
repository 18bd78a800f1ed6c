import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { proofsPage, runNames } from './page.ts';
import { places, readRecord } from './run-record.ts';

// `npm run proofs [-- --minutes N] [--corpora DIR] [--page]`: makes the runs, keeps their records in docs/proofs/, and writes docs/proofs.md from them. With
// `--page` no run is made: the records at hand are kept and written.

const root = join(import.meta.dirname, '..', '..');

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '10' },
      corpora: { type: 'string' },
      page: { type: 'boolean', default: false },
    },
  });
  if (!(Number(values.minutes) >= 0)) {
    console.error('proofs: --minutes: write a number; usage: npm run proofs [-- --minutes N] [--corpora DIR] [--page]');
    return 1;
  }
  const commands: Readonly<Record<(typeof runNames)[number], readonly string[]>> = {
    storm: ['test/storm/storm.ts', '--minutes', values.minutes],
    'storm-none': ['test/storm/storm.ts', '--minutes', '0', '--faults', 'none'],
    mutants: ['test/storm/mutants.ts'],
    speed: ['test/bench/bench.ts', '--only', 'speed'],
    curves: ['test/bench/bench.ts', '--only', 'curves'],
    imports: ['test/bench/bench.ts', '--only', 'imports'],
    assessment: [
      'test/bench/bench.ts',
      '--only',
      'assessment',
      ...(values.corpora === undefined ? [] : ['--corpora', values.corpora]),
    ],
    'fire-lag': ['test/bench/bench.ts', '--only', 'fire-lag'],
    timers: ['test/bench/timers.ts'],
    cost: ['test/proofs/cost.ts'],
    fuzz: ['test/fuzz/fuzz.ts'],
  };
  let failed = 0;
  for (const name of values.page ? [] : runNames) {
    const [script = '', ...args] = commands[name];
    if (!existsSync(join(root, script))) continue;
    console.log(`\n== ${name}`);
    const child = spawn(process.execPath, [script, ...args], { cwd: root, stdio: 'inherit' });
    await once(child, 'exit');
    if (child.exitCode !== 0) failed += 1;
  }
  mkdirSync(places.kept, { recursive: true });
  for (const name of runNames) {
    const file = join(places.fresh, `${name}.json`);
    if (existsSync(file)) copyFileSync(file, join(places.kept, `${name}.json`));
  }
  const records = runNames.flatMap((name) => readRecord(places.kept, name) ?? []);
  writeFileSync(places.page, proofsPage(records));
  console.log(`docs/proofs.md written from ${records.length} runs${failed > 0 ? `; ${failed} did not pass` : ''}`);
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main();
