import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import * as z from 'zod';
import { bundleFunctions } from '../../infra/bundle.ts';

export const usage = 'vigie supply-chain [--check]';

const root = resolve(import.meta.dirname, '..', '..');
const page = join(root, 'docs', 'supply-chain.md');

const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      license: z.string().optional(),
      dev: z.boolean().default(false),
      hasInstallScript: z.boolean().default(false),
      inBundle: z.boolean().default(false),
      integrity: z.string().optional(),
    }),
  ),
});

export interface Package {
  /** `@aws-sdk/client-sqs`; several versions of one name are several packages. */
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  /** Whose code is in a deployed function; or else installed with `--omit=dev`, or only without it. */
  readonly use: 'deployed' | 'tools' | 'development';
  readonly hasInstallScript: boolean;
  /** Has a digest of its own, or comes inside a package that has one. */
  readonly isPinnedByDigest: boolean;
}

/** Every package of the lock file, and what of it ends up in the functions' bundles. */
export async function readPackages(): Promise<readonly Package[]> {
  const { packages } = lockSchema.parse(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')));
  const deployed = await deployedPackages();
  return Object.entries(packages)
    .filter(([path]) => path !== '')
    .map(
      ([path, { version = '', license = 'none stated', dev, hasInstallScript, inBundle, integrity }]): Package => ({
        name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
        version,
        licence: license,
        use: deployed.has(path) ? 'deployed' : dev ? 'development' : 'tools',
        hasInstallScript,
        isPinnedByDigest: inBundle || integrity !== undefined,
      }),
    )
    .sort((a, b) => (`${a.name} ${a.version}` < `${b.name} ${b.version}` ? -1 : 1));
}

/** Paths, as the lock file names them, of the packages whose code esbuild puts into a function. */
async function deployedPackages(): Promise<ReadonlySet<string>> {
  const outDir = mkdtempSync(join(tmpdir(), 'vigie-bundles-'));
  try {
    const bundles = await bundleFunctions({ root, functionsDir: join(root, 'functions'), outDir });
    const inputs = bundles.flatMap(({ inputs: own }) => Object.entries(own));
    return new Set(
      inputs.flatMap(([path, bytes]) => {
        const owner = /^(?:.*\/)?(node_modules\/.*?)$/.exec(path)?.[1];
        const [, name] = owner === undefined ? [] : (/^((?:node_modules\/(?:@[^/]+\/)?[^/]+\/)+)/.exec(owner) ?? []);
        return name === undefined || bytes === 0 ? [] : [name.slice(0, -1)];
      }),
    );
  } finally {
    rmSync(outDir, { recursive: true, force: true });
  }
}

/**
 * Writes docs/supply-chain.md from the lock file and the bundles; with `--check`, only says whether the page is current. The exit code is 1 when it
 * is not, or when an argument is unknown.
 */
export async function run(args: readonly string[]): Promise<number> {
  const unknown = args.find((arg) => arg !== '--check');
  if (unknown !== undefined) {
    console.error(`supply-chain: unknown argument ${unknown}; ${usage}`);
    return 1;
  }
  const wanted = supplyChainPage(await readPackages());
  if ((await readFile(page, 'utf8').catch(() => '')) === wanted) {
    console.log('docs/supply-chain.md is current');
    return 0;
  }
  if (args.includes('--check')) {
    console.error('docs/supply-chain.md is not current: run `npm run -s vigie -- supply-chain`');
    return 1;
  }
  await writeFile(page, wanted);
  console.log('docs/supply-chain.md written');
  return 0;
}

export function supplyChainPage(packages: readonly Package[]): string {
  const deployed = packages.filter(({ use }) => use === 'deployed');
  const scripts = packages.filter(({ hasInstallScript }) => hasInstallScript).map(({ name }) => `\`${name}\``);
  return `# Supply chain

What Vigie is built from. This page is written by \`npm run -s vigie -- supply-chain\` from \`package-lock.json\` and from what esbuild puts into
the functions; a test keeps it current.

- Every version in \`package.json\` is exact, every package in the lock file is pinned by its digest, and \`npm ci\` installs nothing else.
- Packages with an install script: ${scripts.join(', ') || 'none'}. \`npm ci --ignore-scripts\` works as well.
- The functions hold all their code, the AWS SDK included: nothing is taken from the Lambda runtime but Node.js itself.
- \`npm run -s sbom > sbom.json\` writes a bill of materials (CycloneDX) of what is not for development alone.
- \`npm audit --omit=dev\` asks npm for known weaknesses. It needs a registry that answers audits; the project keeps no copy of its answer, because
  that is true on its day only.

## In the deployed functions

| package | version | licence |
| --- | --- | --- |
${deployed.map(({ name, version, licence }) => `| ${name} | ${version} | ${licence} |`).join('\n')}

## Beside them

| licence | installed with \`--omit=dev\` | besides |
| --- | ---: | ---: |
${licenceRows(packages)}

They build, test and run the project on one's own machine and are not deployed. Of them under a licence that binds whoever passes them on changed:
${
  packages
    .filter(({ use, licence }) => use !== 'deployed' && /GPL-3/.test(licence) && !licence.includes(' OR '))
    .map(({ name, licence }) => `${name} (${licence})`)
    .join(', ') || 'none'
}.
`;
}

function licenceRows(packages: readonly Package[]): string {
  const beside = packages.filter(({ use }) => use !== 'deployed');
  return [...Map.groupBy(beside, ({ licence }) => licence)]
    .sort(([a, ofA], [b, ofB]) => ofB.length - ofA.length || (a < b ? -1 : 1))
    .map(([licence, own]) => {
      const count = (use: Package['use']) => own.filter((one) => one.use === use).length;
      return `| ${licence} | ${count('tools')} | ${count('development')} |`;
    })
    .join('\n');
}
