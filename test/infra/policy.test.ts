import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { compilePolicy, formatProblems } from '../../infra/compile-policy.ts';
import { policySchemas } from '../../local/commands/policy.ts';

const own = fileURLToPath(new URL('../../policy', import.meta.url));

/** The project's policy with one thing changed in one of its files. */
function changed(file: string, from: string | RegExp, to: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'vigie-policy-'));
  cpSync(own, dir, { recursive: true });
  const text = readFileSync(join(dir, file), 'utf8');
  const after = text.replace(from, to);
  expect(after).not.toBe(text);
  writeFileSync(join(dir, file), after);
  return dir;
}

test('a policy in which nothing was learnt is decided by its lists, and goes without its examples until it is learnt again', () => {
  const dir = mkdtempSync(join(tmpdir(), 'vigie-policy-'));
  cpSync(own, dir, { recursive: true });
  rmSync(join(dir, 'learnt.json'));
  const compiled = compilePolicy(dir, { unlearnt: true });
  expect(compiled).toMatchObject({ ok: true });
  expect(compiled.ok && compiled.policy.learnt).toBe(undefined);
});

function problemsIn(dir: string): string {
  const compiled = compilePolicy(dir);
  return compiled.ok ? '' : formatProblems(compiled.problems);
}

describe('a dangerous policy is refused at its line, in words', () => {
  test.each([
    ['no default', 'routing.yaml', /^default:\n(?: {2}.*\n)+/m, '', /routing\.yaml:\d+:\d+: default: /],
    [
      'an outsourced desk with risk unknown',
      'routing.yaml',
      'routine: true, ',
      '',
      /risk unknown: add "routine: true"/,
    ],
    [
      'a rule that nothing reaches',
      'routing.yaml',
      'when: { doubt: true }',
      'when: { noise: [empty] }',
      /is unreachable/,
    ],
    ['a desk without escalation', 'desks.yaml', /escalates_to: in_house\n/, '\n', /has no escalates_to/],
    [
      'a word it does not know',
      'routing.yaml',
      'reasons: [safety,',
      'reason: [safety,',
      /unknown name reason; allowed: /,
    ],
    [
      'a phrase that cannot be read',
      'lexicons/en.yaml',
      '- food poison*',
      '- food poi*son',
      /\* stands only at a word's end/,
    ],
    [
      'a tag that no account has',
      'routing.yaml',
      'when: { doubt: true }',
      'when: { tags: [flagship] }',
      /no account has flagship/,
    ],
    [
      'an example that goes elsewhere',
      'routing.yaml',
      'expect: product_ideas,',
      'expect: set_aside,',
      /goes to product_ideas by rule idea/,
    ],
    [
      'weights that are none',
      'learnt.json',
      /"bases": \{/,
      '"bases": { "reason:unheard": 1,',
      /learnt\.json:1:1: bases.*: write it again with vigie learn/,
    ],
    ['weights that are cut short', 'learnt.json', /\}\s*$/, '', /learnt\.json:1:1: not readable as JSON/],
    [
      'an example that leads nowhere',
      'routing.yaml',
      'expect: product_ideas,',
      'expect: nowhere,',
      /nowhere is unknown; allowed: /,
    ],
  ])('%s', (_, file, from, to, problem) => {
    expect(problemsIn(changed(file, from, to))).toMatch(problem);
  });
});

test('an account has the names and tags of its groups, and hundreds of pages compile at once', () => {
  const stores = Array.from(
    { length: 800 },
    (_, index) =>
      `      - { channel: facebook, id: "9${index}", title: Store ${index}, store: s${index}, tags: [t${index % 3}] }`,
  ).join('\n');
  const group = `groups:\n  - group: Stores\n    purpose: store\n    languages: [fr]\n    names: [Maison Lune]\n    tags: [shops]\n    accounts:\n${stores}\n`;
  const compiled = compilePolicy(changed('accounts.yaml', /^groups:\n/m, group));
  if (!compiled.ok) throw new Error(formatProblems(compiled.problems));
  expect(compiled.policy.accounts.find(({ id }) => id === '9799')).toMatchObject({
    purpose: 'store',
    names: ['Maison Lune'],
    tags: ['shops', 't1'],
    store: 's799',
  });
});

test('the schemas that editors read are those the compiler reads by', () => {
  for (const [name, wanted] of Object.entries(policySchemas())) {
    expect(
      readFileSync(new URL(`../../docs/policy/${name}`, import.meta.url), 'utf8'),
      `${name}: run vigie policy schema`,
    ).toBe(wanted);
  }
});

test('every policy file names its schema for editors', () => {
  for (const file of ['routing.yaml', 'accounts.yaml', 'desks.yaml', 'sla.yaml', 'lexicons/fr.yaml']) {
    const [first = ''] = readFileSync(join(own, file), 'utf8').split('\n');
    const schema = /^# yaml-language-server: \$schema=(.*)$/.exec(first)?.[1] ?? '';
    expect(() => readFileSync(join(own, file, '..', schema), 'utf8'), file).not.toThrow();
  }
});
