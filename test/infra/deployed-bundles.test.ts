import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Bundle, bundleFunctions } from '../../infra/bundle.ts';

const root = join(import.meta.dirname, '..', '..');
const outDir = mkdtempSync(join(tmpdir(), 'vigie-budget-'));
let bundles: readonly Bundle[];
beforeAll(async () => {
  bundles = await bundleFunctions({ root, functionsDir: join(root, 'functions'), outDir });
});
afterAll(() => rmSync(outDir, { recursive: true, force: true }));

/** Kilobytes, and sources that a path does not need: every one of them costs each cold start the time to read it. */
const budgets: Readonly<Record<string, { readonly kilobytes: number; readonly without: readonly string[] }>> = {
  'receive-webhook': { kilobytes: 660, without: ['eld', 'libphonenumber-js', 'client-dynamodb', 'client-comprehend'] },
  'triage-messages': { kilobytes: 1_700, without: ['yaml', 'jose'] },
  'sweep-timers': { kilobytes: 660, without: ['eld', 'libphonenumber-js', 'jose', 'client-comprehend'] },
  'fire-timers': { kilobytes: 920, without: ['eld', 'jose', 'yaml', 'client-comprehend'] },
  'record-outcomes': { kilobytes: 920, without: ['eld', 'jose', 'yaml', 'client-comprehend'] },
  'poll-accounts': { kilobytes: 800, without: ['eld', 'libphonenumber-js', 'jose', 'client-sns', 'client-comprehend'] },
  'serve-console': { kilobytes: 1_750, without: ['yaml'] },
};

describe('what is deployed', () => {
  test('has a budget for each function', () => {
    expect(bundles.map(({ name }) => name)).toEqual(Object.keys(budgets).sort());
  });

  test.each(Object.entries(budgets))(
    '%s stays within its budget and holds nothing that it does not need',
    (name, { kilobytes, without }) => {
      const bundle = bundles.find((one) => one.name === name);
      if (bundle === undefined) throw new Error(`no bundle ${name}`);
      expect(Math.ceil(bundle.bytes / 1024)).toBeLessThanOrEqual(kilobytes);
      const sources = Object.entries(bundle.inputs).flatMap(([path, bytes]) => (bytes > 0 ? [path] : []));
      const needless = sources.filter((path) => without.some((part) => path.includes(`/${part}/`)));
      expect(needless).toEqual([]);
    },
  );
});
