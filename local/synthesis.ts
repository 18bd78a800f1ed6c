import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const assemblies = join(root, 'build', 'assemblies');
/** Enough to go back and forth between a few policies without synthesizing again. */
const keptAssemblies = 6;

export interface SynthesisInput {
  readonly stage: string;
  readonly policyDir: string;
  readonly functionsDir: string;
}

/**
 * The directory of an assembly synthesized from the sources as they are now, made only if these sources were not synthesized before.
 * Rejects with what `synthesize` throws.
 */
export async function assemblyOf(input: SynthesisInput): Promise<string> {
  const directory = join(assemblies, fingerprint(input));
  if (existsSync(join(directory, 'manifest.json'))) {
    const now = new Date();
    utimesSync(directory, now, now);
    return directory;
  }
  // Loaded only when needed: aws-cdk-lib takes longer to load than everything else here takes to start.
  const { synthesize } = await import('../infra/synthesize.ts');
  const unfinished = `${directory}.${process.pid}`;
  mkdirSync(assemblies, { recursive: true });
  await synthesize({ ...input, outDir: unfinished });
  try {
    renameSync(unfinished, directory);
  } catch {
    // Another run finished the same assembly first.
    rmSync(unfinished, { recursive: true, force: true });
  }
  dropOldAssemblies();
  return directory;
}

function dropOldAssemblies(): void {
  const byAge = readdirSync(assemblies)
    .map((name) => ({ path: join(assemblies, name), usedAt: statSync(join(assemblies, name)).mtimeMs }))
    .sort((a, b) => b.usedAt - a.usedAt);
  for (const { path } of byAge.slice(keptAssemblies)) rmSync(path, { recursive: true, force: true });
}

/** A hash of the names and contents of everything that goes into an assembly. */
function fingerprint({ stage, policyDir, functionsDir }: SynthesisInput): string {
  const hash = createHash('sha256').update(stage);
  for (const path of ['console', 'infra', 'shared', 'cdk.json', 'package-lock.json'].map((name) => join(root, name)))
    add(path);
  add(functionsDir);
  add(policyDir);
  return hash.digest('hex').slice(0, 16);

  function add(path: string): void {
    if (!existsSync(path)) return;
    if (statSync(path).isDirectory()) {
      for (const name of readdirSync(path).sort()) add(join(path, name));
    } else {
      hash.update(`\0${path}\0`).update(readFileSync(path));
    }
  }
}
