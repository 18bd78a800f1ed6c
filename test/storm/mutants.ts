import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { places, readRecord, startRecord } from '../proofs/run-record.ts';
import { type Mutation, mutations } from './mutations.ts';
import { runStorm } from './run-storm.ts';

// `npm run storm:mutants [-- --only PART_OF_A_NAME]`: breaks the product on purpose, one mistake at a time, and lets a short storm rage over each. A
// mistake that the checker does not notice is a hole in the checker; exits with 1 then. With `--only` the record keeps what it holds of the others.

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

/** The promises broken in the first storm that broke any. */
async function storm(functionsDir: string): Promise<readonly string[]> {
  for (const seed of seeds) {
    const { violations } = await runStorm({ seed, waveSize: 120, milliseconds: 0, functionsDir });
    if (violations.length > 0) return [...new Set(violations.map(({ promise }) => promise))];
  }
  return [];
}

const withoutMistake = 'none';
const notNoticed = '**not noticed**';

/** Each mistake by its name with the promises that a storm over it broke; first the product as it is. */
async function main(): Promise<number> {
  const { values } = parseArgs({ options: { only: { type: 'string', default: '' } } });
  const finish = startRecord('mutants');
  const earlier = values.only === '' ? [] : (readRecord(places.fresh, 'mutants')?.tables[0]?.rows ?? []);
  const broken = new Map(earlier.map(([name, promises]) => [String(name), String(promises)]));
  const note = (name: string, promises: readonly string[], otherwise: string): void => {
    broken.set(name, promises.join('; ') || otherwise);
    console.log(`${name}: ${broken.get(name)}`);
  };
  if (withoutMistake.includes(values.only)) note(withoutMistake, await storm(join(root, 'functions')), '');
  for (const mutation of mutations.filter(({ name }) => name.includes(values.only))) {
    const copy = copyWith(mutation);
    try {
      note(mutation.name, await storm(join(copy, 'functions')), notNoticed);
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  }
  const rows = [withoutMistake, ...mutations.map(({ name }) => name)].flatMap((name) => {
    const promises = broken.get(name);
    return promises === undefined ? [] : [[name, promises]];
  });
  const tried = rows.filter(([name]) => name !== withoutMistake);
  const missed = tried.filter(([, promises]) => promises === notNoticed);
  finish({
    title: 'The storm notices mistakes',
    command: 'npm run storm:mutants',
    tables: [
      {
        says: `The product with one mistake at a time, a short storm over each, and the promises that the checker found broken: ${tried.length} mistakes tried, ${tried.length - missed.length} noticed.`,
        columns: ['mistake', 'broken promises'],
        rows,
      },
    ],
  });
  return missed.length === 0 && (broken.get(withoutMistake) ?? '') === '' ? 0 : 1;
}

process.exitCode = await main();
