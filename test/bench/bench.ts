import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startRecord, type Table } from '../proofs/run-record.ts';
import { measureAssessment } from './assessment.ts';
import { measureCurves } from './curves.ts';
import { measureFireLag } from './fire-lag.ts';
import { root } from './harness.ts';
import { measureImports } from './imports.ts';
import { measureSpeed } from './speed.ts';

// `npm run bench [-- --only NAME] [-- --corpora DIR]`: what a message costs us, next to the least it could cost on the same machine in the same minute. Ratios, because
// milliseconds of a laptop say little about AWS. Each part leaves a record of its own.

const parts: readonly {
  readonly name: string;
  readonly title: string;
  readonly measure: (policyDir: string, corpora: string | undefined) => readonly Table[] | Promise<readonly Table[]>;
}[] = [
  { name: 'speed', title: 'Fast: what a message costs us, next to the least it could cost', measure: measureSpeed },
  { name: 'curves', title: 'Fast: what a message costs while everything else grows', measure: measureCurves },
  { name: 'imports', title: 'Fast: cold starts', measure: measureImports },
  {
    name: 'assessment',
    title: 'Local: what it takes to judge a message without asking anybody',
    measure: measureAssessment,
  },
  { name: 'fire-lag', title: 'Fast: promises that break together', measure: measureFireLag },
];

const { values } = parseArgs({
  options: { only: { type: 'string' }, policy: { type: 'string' }, corpora: { type: 'string' } },
});
const policyDir = resolve(values.policy ?? join(root, 'policy'));
const chosen = parts.filter(({ name }) => values.only === undefined || name === values.only);
if (chosen.length === 0) {
  console.error(`bench: --only: write one of ${parts.map(({ name }) => name).join(', ')}`);
  process.exitCode = 1;
}
for (const { name, title, measure } of chosen) {
  const finish = startRecord(name);
  const tables = await measure(policyDir, values.corpora);
  const { seconds } = finish({
    title,
    command: `npm run bench -- --only ${name}${name === 'assessment' && values.corpora !== undefined ? ' --corpora DIR' : ''}`,
    tables: [...tables],
  });
  console.log(`\nTook ${seconds} s; build/runs/${name}.json holds the same.\n`);
}
