import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import * as z from 'zod';

/**
 * `npm test`: format and lint, types, tests, synth of every stage and, where there is one, cfn-lint, in this order; every step runs even after one failed. Ends with `N passed, N failed`, where the tests
 * are counted by the runner's own report and each other step counts as one.
 */
const root = resolve(import.meta.dirname, '..');
const bin = join(root, 'node_modules', '.bin');
const scratch = mkdtempSync(join(tmpdir(), 'vigie-test-'));
const report = join(scratch, 'report.json');
const reportSchema = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  testResults: z.array(z.object({ status: z.string(), name: z.string(), message: z.string() })),
});

/** AWS's own linter of templates, where `.ci/run` or somebody else has installed it. */
const { CFN_LINT: cfnLint } = z.object({ CFN_LINT: z.string().optional() }).parse(process.env);

const count = { passed: 0, failed: 0 };
await step('format and lint', 'biome', ['check', '--error-on-warnings', '.']);
await step('types', 'tsc', []);
await step('types of the page', 'tsc', ['-p', 'console']);
const testsEnded = await run('tests', 'vitest', [
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
]);
countTests(testsEnded);
for (const stage of readdirSync(join(root, 'infra', 'settings')).map((file) => file.replace('.yaml', ''))) {
  const assembly = join(scratch, stage);
  await step(`synth ${stage}`, 'cdk', ['synth', '--quiet', '--context', `stage=${stage}`, '--output', assembly]);
  if (cfnLint === undefined || !existsSync(assembly)) continue;
  const templates = readdirSync(assembly).filter((file) => file.endsWith('.template.json'));
  // W3005: the CDK repeats as DependsOn what a reference says already.
  await step(`cfn-lint ${stage}`, cfnLint, [
    '--ignore-checks=W3005',
    '--',
    ...templates.map((file) => join(assembly, file)),
  ]);
}
rmSync(scratch, { recursive: true, force: true });
console.log(`${count.passed} passed, ${count.failed} failed`);
process.exitCode = count.failed === 0 ? 0 : 1;

async function step(title: string, command: string, args: readonly string[]): Promise<void> {
  const exitCode = await run(title, command, args);
  if (exitCode === 0) count.passed += 1;
  else count.failed += 1;
}

async function run(title: string, command: string, args: readonly string[]): Promise<number> {
  console.log(`\n== ${title}`);
  const child = spawn(resolve(bin, command), args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}` },
  });
  await once(child, 'exit');
  return child.exitCode ?? 1;
}

function countTests(exitCode: number): void {
  try {
    const result = reportSchema.parse(JSON.parse(readFileSync(report, 'utf8')));
    count.passed += result.numPassedTests;
    // A file that cannot even be loaded holds no test that could fail.
    const unloaded = result.testResults.filter(({ status, message }) => status === 'failed' && message !== '').length;
    count.failed += Math.max(result.numFailedTests + unloaded, exitCode === 0 ? 0 : 1);
    if (result.numPendingTests > 0)
      console.log(`${result.numPendingTests} tests were skipped; their names say what they need.`);
  } catch {
    console.error('The test runner left no report.');
    count.failed += 1;
  }
}
