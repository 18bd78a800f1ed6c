import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { compilePolicy, formatProblems } from '../../infra/compile-policy.ts';

const routing = `
rules: []
default: { to: in_house, priority: normal, because: Everything is ours. }
score: { holds: { default: 0.5 }, reasons: {}, parts: [] }
`;

/** The shipped policy with these accounts instead of its own, and no rules. */
function compileWith(accounts: string) {
  const dir = mkdtempSync(join(tmpdir(), 'vigie-policy-'));
  try {
    cpSync(fileURLToPath(new URL('../../policy', import.meta.url)), dir, { recursive: true });
    writeFileSync(join(dir, 'accounts.yaml'), accounts);
    // The shipped rules name channels that these accounts do not have.
    writeFileSync(join(dir, 'routing.yaml'), routing);
    return compilePolicy(dir);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

test('the silence that raises an alarm is inherited, and never watched where nobody is listed', () => {
  const compiled = compileWith(`
groups:
  - group: Brand
    silent_after: 2d
    accounts:
      - { channel: facebook, id: "*" }
      - { channel: facebook, id: "1" }
    groups:
      - group: Store
        silent_after: 12h
        accounts: [{ channel: sms, id: "+33600000001" }]
`);
  if (!compiled.ok) throw new Error(formatProblems(compiled.problems));
  expect(compiled.policy.accounts.map(({ id, silentAfterHours }) => [id, silentAfterHours])).toEqual([
    ['*', undefined],
    ['1', 48],
    ['+33600000001', 12],
  ]);
});

test.each([
  ['8d', 'write hours or days, up to a week: 12h or 2d'],
  ['30m', 'write hours or days, up to a week: 12h or 2d'],
])('a silence of %s is refused', (silence, problem) => {
  const compiled = compileWith(
    `groups:\n  - group: Brand\n    silent_after: ${silence}\n    accounts: [{ channel: x, id: "1" }]\n`,
  );
  expect(compiled.ok ? 'none' : formatProblems(compiled.problems)).toContain(problem);
});
