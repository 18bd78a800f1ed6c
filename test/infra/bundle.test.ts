import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { bundleFunctions } from '../../infra/bundle.ts';
import { ConfigurationError } from '../../infra/settings.ts';

const root = join(import.meta.dirname, '..', '..');
mkdirSync(join(root, 'build'), { recursive: true });
/** Inside the project, so that the made-up functions find its dependencies. */
const scratch = mkdtempSync(join(root, 'build', 'bundle-test-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function functions(sources: Readonly<Record<string, string>>) {
  const functionsDir = mkdtempSync(join(scratch, 'functions-'));
  for (const [path, source] of Object.entries(sources)) {
    mkdirSync(join(functionsDir, path, '..'), { recursive: true });
    writeFileSync(join(functionsDir, path), source);
  }
  return (outDir = mkdtempSync(join(scratch, 'out-'))) => bundleFunctions({ root, functionsDir, outDir });
}

describe('bundling', () => {
  it('takes every folder with an index.ts, each into a directory of its own with nothing else inside', async () => {
    const bundles = await functions({
      'b-function/index.ts': `import { word } from './word.ts'; export const handler = async () => word;`,
      'b-function/word.ts': `export const word: string[] = ['b'];`,
      'a-function/index.ts': `export const handler = async () => 'a';`,
      'not-yet/env.ts': 'export const nothing = 0;',
    })();
    expect(bundles.map(({ name }) => name)).toEqual(['a-function', 'b-function']);
    for (const { dir, bytes } of bundles) {
      expect(readdirSync(dir)).toEqual(['index.mjs']);
      expect(readFileSync(join(dir, 'index.mjs'))).toHaveLength(bytes);
    }
    expect(Object.keys(bundles[1]?.inputs ?? {}).map((path) => path.split('/').at(-1))).toEqual([
      'word.ts',
      'index.ts',
    ]);
  });

  it('clears away what an earlier build left', async () => {
    const build = functions({ 'a/index.ts': 'export const handler = async () => 1;' });
    const outDir = mkdtempSync(join(scratch, 'out-'));
    await build(outDir);
    writeFileSync(join(outDir, 'a', 'policy.json'), '{}');
    await build(outDir);
    expect(readdirSync(join(outDir, 'a'))).toEqual(['index.mjs']);
  });

  it('gives the same bytes for the same sources, wherever they go', async () => {
    const build = functions({
      'a/index.ts': `import * as z from 'zod'; export const handler = async (event: unknown) => z.string().parse(event);`,
    });
    const [first] = await build();
    const [second] = await build();
    const bytesOf = (dir = '') => readFileSync(join(dir, 'index.mjs'));
    expect(bytesOf(first?.dir).equals(bytesOf(second?.dir))).toBe(true);
  });

  it('makes modules that run: with CommonJS inside, and the SDK taking credentials from the environment', async () => {
    const [bundle] = await functions({
      'a/index.ts': `
        import { SQSClient } from '@aws-sdk/client-sqs';
        export const handler = async () => {
          process.env.AWS_ACCESS_KEY_ID = 'key-of-the-function';
          process.env.AWS_SECRET_ACCESS_KEY = 'secret';
          const client = new SQSClient({ region: 'eu-west-1' });
          return { key: (await client.config.credentials()).accessKeyId, path: require('node:path').sep };
        };`,
    })();
    const { handler } = await import(pathToFileURL(join(bundle?.dir ?? '', 'index.mjs')).href);
    expect(await handler()).toEqual({ key: 'key-of-the-function', path: '/' });
  });

  it('says file, line and what is wrong of a function that does not build', async () => {
    const broken = functions({
      'a/index.ts': `import { nothing } from './nowhere.ts';\nexport const handler = nothing;`,
    });
    await expect(broken()).rejects.toThrow(ConfigurationError);
    await expect(broken()).rejects.toThrow(/a\/index\.ts:1:\d+: ERROR: Could not resolve "\.\/nowhere\.ts"/);
  });
});
