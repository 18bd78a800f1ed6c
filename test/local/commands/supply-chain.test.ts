import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { type Package, readPackages, supplyChainPage } from '../../../local/commands/supply-chain.ts';

const read = (file: string) => readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8');
const versions = z.record(z.string(), z.string());
const manifest = z
  .object({ dependencies: versions, devDependencies: versions, optionalDependencies: versions })
  .parse(JSON.parse(read('package.json')));

let packages: readonly Package[];
beforeAll(async () => {
  packages = await readPackages();
});

describe('what the project is built from', () => {
  test('is stated exactly, and installed as stated', () => {
    const stated = Object.values(manifest).flatMap((group) => Object.entries(group));
    for (const [name, version] of stated) {
      expect(version, name).toMatch(/^\d+\.\d+\.\d+$/);
      expect(
        packages.some((one) => one.name === name && one.version === version),
        `${name} in the lock file`,
      ).toBe(true);
    }
  });

  test('is pinned by digest, and names no registry but npm’s', () => {
    expect(packages.filter(({ isPinnedByDigest }) => !isPinnedByDigest).map(({ name }) => name)).toEqual([]);
    const hosts = [...read('package-lock.json').matchAll(/"resolved": "\w+:\/\/([^/"]+)/g)].map(([, host]) => host);
    expect(hosts.filter((host) => host !== 'registry.npmjs.org')).toEqual([]);
  });

  test('runs no code when it is installed, but for the bundler', () => {
    expect(packages.filter(({ hasInstallScript }) => hasInstallScript).map(({ name }) => name)).toEqual(['esbuild']);
  });

  test('is deployed under licences that ask for nothing but their notice', () => {
    const deployed = packages.filter(({ use }) => use === 'deployed');
    expect(deployed.length).toBeGreaterThan(20);
    const free = ['Apache-2.0', 'MIT', 'ISC', '0BSD', 'BSD-3-Clause'];
    expect(deployed.filter(({ licence }) => !free.includes(licence))).toEqual([]);
  });

  test('is told in docs/supply-chain.md', () => {
    expect(read('docs/supply-chain.md'), 'run `npm run -s vigie -- supply-chain`').toBe(supplyChainPage(packages));
  });
});
