import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { compilePolicy, formatProblems, policyFiles } from '../../infra/compile-policy.ts';
import { printJson } from './contract.ts';
import { reportUsage, UsageError } from './usage.ts';

export const usage = 'vigie policy test [--policy DIR] | vigie policy schema [--check]';

const folder = new URL('../../docs/policy/', import.meta.url);

/**
 * `policy test`: what is wrong with a policy, its examples included. `policy schema`: writes the JSON Schemas of its files, by which
 * editors complete and check; with `--check` only says whether they are current. The exit code is 1 when something is wrong.
 */
export function run(args: readonly string[]): Promise<number> {
  return reportUsage(async () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { policy: { type: 'string' }, check: { type: 'boolean', default: false } },
    });
    const [action] = positionals;
    if (action === 'test' && positionals.length === 1) return test(values.policy);
    if (action === 'schema' && positionals.length === 1) return writeSchemas(values.check);
    throw new UsageError(`policy ${positionals.join(' ')}: ${usage}`);
  });
}

function test(directory: string | undefined): number {
  const compiled = compilePolicy(directory ?? fileURLToPath(new URL('../../policy', import.meta.url)));
  if (!compiled.ok) {
    console.error(formatProblems(compiled.problems));
    return 1;
  }
  const { version, routing, accounts, lexicons } = compiled.policy;
  const phrases = lexicons.flatMap(({ entries }) => entries.flatMap((entry) => entry.phrases)).length;
  console.log(
    `policy ${version}: ${routing.rules.length} rules, ${accounts.length} accounts, ${phrases} phrases, ${compiled.examples} examples go where they should`,
  );
  return 0;
}

async function writeSchemas(onlyCheck: boolean): Promise<number> {
  const files = policySchemas();
  const stale: string[] = [];
  for (const [name, wanted] of Object.entries(files)) {
    if ((await readFile(new URL(name, folder), 'utf8').catch(() => '')) !== wanted) stale.push(name);
  }
  const named = stale.map((name) => `docs/policy/${name}`).join(', ');
  if (stale.length === 0) {
    console.log('docs/policy is current');
    return 0;
  }
  if (onlyCheck) {
    console.error(`not current: ${named}; run \`npm run -s vigie -- policy schema\``);
    return 1;
  }
  await mkdir(folder, { recursive: true });
  for (const name of stale) await writeFile(new URL(name, folder), files[name] ?? '');
  console.log(`written: ${named}`);
  return 0;
}

/** The JSON Schema (draft 7, which YAML editors read) of each policy file, by the name it is published under. */
export function policySchemas(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(policyFiles).map(([name, schema]) => {
      const json = z.toJSONSchema(schema, { target: 'draft-7', io: 'input', unrepresentable: 'any' });
      const title = `policy/${name === 'lexicon' ? 'lexicons/*' : name}.yaml`;
      return [`${name}.schema.json`, printJson({ title, ...json })];
    }),
  );
}
