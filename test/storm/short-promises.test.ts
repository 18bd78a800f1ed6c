import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { compilePolicy } from '../../infra/compile-policy.ts';
import { shortPromises } from './short-promises.ts';

test('the policy of the project still compiles with promises made short for a storm', () => {
  const into = mkdtempSync(join(tmpdir(), 'vigie-short-'));
  const policyDir = resolve(import.meta.dirname, '..', '..', 'policy');
  shortPromises(policyDir, into, { firstReply: '20s', resolution: '90s', sentimentDecides: true });
  const compiled = compilePolicy(into);
  rmSync(into, { recursive: true, force: true });
  expect(compiled.ok ? [] : compiled.problems).toEqual([]);
});
