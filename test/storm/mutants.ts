import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { places, readRecord, startRecord } from '../proofs/run-record.ts';
import { type Mutation, mutations } from './mutations.ts';
import { runStorm } from './run-storm.ts';

// `npm run storm:mutants [-- --only PART_OF_A_NAME] [--part 1/4]`: breaks the product on purpose, one mistake at a time, and lets a short storm rage over
// each. A mistake that the checker does not notice is a hole in the checker; exits with 1 then. Made in parts, the record keeps what it holds of the others,
// each row with its commit; a mistake is first tried in the storm that noticed it last.

const root = resolve(import.meta.dirname, '..', '..');
/** Which calls fail differs from storm to storm: a mistake must be noticed in one of these. */
const seeds = [11, 12, 13, 14, 15];

/** The sources of the functions with one mistake in them, inside the project, so that they find its packages. */
function copyWith({ also = [], ...first }: Mutation): string {
  mkdirSync(join(root, 'build'), { recursive: true });
  const copy = mkdtempSync(join(root, 'build', 'mutant-'));
  for (const name of ['functions', 'shared', 'console'])
    cpSync(join(root, name), join(copy, name), { recursive: true });
  for (const { file, find, replace } of [first, ...also]) {
    const path = join(copy, file);
    writeFileSync(
      path,
      readFileSync(path, 'utf8').replace(find, () => replace),
    );
  }
  return copy;
}

/** What one mistake came to: the promises broken in the first storm that broke any, and the seed of that storm. */
interface Outcome {
  readonly promises: string;
  readonly seed: number;
  readonly commit: string;
}

async function storm(functionsDir: string, tried: readonly number[]): Promise<Omit<Outcome, 'commit'> | undefined> {
  for (const seed of tried) {
    const { violations } = await runStorm({ seed, waveSize: 120, milliseconds: 0, functionsDir });
    if (violations.length > 0)
      return { seed, promises: [...new Set(violations.map(({ promise }) => promise))].join('; ') };
  }
  return undefined;
}

/** What the record at hand says, by mistake: the last run's here, else the one that is kept. */
function earlier(): Map<string, Outcome> {
  const rows = (readRecord(places.fresh, 'mutants') ?? readRecord(places.kept, 'mutants'))?.tables[0]?.rows ?? [];
  return new Map(
    rows.map(([name, promises, seed, commit]) => [
      String(name),
      { promises: String(promises), seed: Number(seed) || 0, commit: String(commit ?? '') },
    ]),
  );
}

/** Which of the mistakes are made in this run; nothing when `part` is none. */
function chosen(only: string, part: string): ((index: number, name: string) => boolean) | undefined {
  const [, which, of] = (/^([1-9]\d?)\/([1-9]\d?)$/.exec(part) ?? []).map(Number);
  if (which === undefined || of === undefined || which > of) return undefined;
  return (index, name) => name.includes(only) && index % of === which - 1;
}

const withoutMistake = 'none';
const notNoticed = '**not noticed**';

/** Each mistake by its name with the promises that a storm over it broke; first the product as it is. */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { only: { type: 'string', default: '' }, part: { type: 'string', default: '1/1' } },
  });
  const isChosen = chosen(values.only, values.part);
  if (isChosen === undefined) {
    console.error('storm:mutants: --part: write which part of how many, as in 1/4');
    return 1;
  }
  const finish = startRecord('mutants');
  const commit = execFileSync('git', ['describe', '--always', '--dirty'], { cwd: root, encoding: 'utf8' }).trim();
  const known = earlier();
  const note = (name: string, outcome: Omit<Outcome, 'commit'>): void => {
    known.set(name, { ...outcome, commit });
    console.log(`${name}: ${outcome.promises}`);
  };
  if (isChosen(0, withoutMistake)) {
    note(withoutMistake, (await storm(join(root, 'functions'), seeds)) ?? { promises: '', seed: 0 });
  }
  for (const [index, mutation] of mutations.entries()) {
    const { name } = mutation;
    if (!isChosen(index, name)) continue;
    const copy = copyWith(mutation);
    const last = known.get(name)?.seed ?? 0;
    const order = seeds.toSorted((a, b) => Number(b === last) - Number(a === last));
    try {
      note(name, (await storm(join(copy, 'functions'), order)) ?? { promises: notNoticed, seed: 0 });
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  }
  const rows = [withoutMistake, ...mutations.map(({ name }) => name)].flatMap((name) => {
    const outcome = known.get(name);
    return outcome === undefined ? [] : [[name, outcome.promises, outcome.seed, outcome.commit]];
  });
  const tried = rows.filter(([name]) => name !== withoutMistake);
  const missed = tried.filter(([, promises]) => promises === notNoticed);
  finish({
    title: 'The storm notices mistakes',
    command: 'npm run storm:mutants',
    tables: [
      {
        says: `The product with one mistake at a time, a short storm over each, the promises that the checker found broken, in the storm of which seed and at which commit: ${tried.length} mistakes tried, ${tried.length - missed.length} noticed.`,
        columns: ['mistake', 'broken promises', 'seed', 'commit'],
        rows,
      },
    ],
  });
  return missed.length === 0 && (known.get(withoutMistake)?.promises ?? '') === '' ? 0 : 1;
}

process.exitCode = await main();
