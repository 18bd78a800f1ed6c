import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { compilePolicy, formatProblems } from '../../infra/compile-policy.ts';

const shipped = fileURLToPath(new URL('../../policy', import.meta.url));

/** The shipped policy with one file changed, compiled. */
function compileWith(file: string, change: (text: string) => string) {
  const dir = mkdtempSync(join(tmpdir(), 'vigie-policy-'));
  try {
    cpSync(shipped, dir, { recursive: true });
    const text = readFileSync(join(dir, file), 'utf8');
    const changed = change(text);
    if (changed === text) throw new Error('nothing was changed');
    writeFileSync(join(dir, file), changed);
    return compilePolicy(dir);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

function problemWith(file: string, from: string | RegExp, to: string): string {
  const compiled = compileWith(file, (text) => text.replace(from, to));
  return compiled.ok ? 'none' : formatProblems(compiled.problems);
}

test('the ladder is written in seconds from the deadline, a step per clock', () => {
  const compiled = compilePolicy(shipped);
  if (!compiled.ok) throw new Error(formatProblems(compiled.problems));
  const { escalation } = compiled.policy;
  expect(escalation?.ladder.silenceSeconds).toBe(3600);
  expect(escalation?.ladder.steps).toContainEqual({
    clock: 'next_reply',
    seconds: -1200,
    tell: 'lead',
    do: 'raise_priority',
  });
});

test.each([
  ['a level nobody is', 'tell: duty', 'tell: nobody', 'there is no level nobody; known: lead, manager, duty'],
  ['two moments', 'after: 1h', 'before: 1h, after: 1h', 'a step is before the deadline, after it, or at it'],
  [
    'unknown hours',
    'low: france } }\n    duty',
    'low: mars } }\n    duty',
    'there is no calendar mars; known: around_the_clock, france',
  ],
  ['no step at a deadline', /.*clocks: \[claim, answer\].*\n/, '', 'nobody is told when claim is broken'],
  ['an action that is none', 'do: other_desk', 'do: nothing', 'escalation.ladder.3.do'],
])('the linter refuses a ladder with %s, with file and line', (_, from, to, message) => {
  const problem = problemWith('sla.yaml', from, to);
  expect(problem).toContain(message);
  expect(problem).toMatch(/^sla\.yaml:\d+:\d+: /);
});

test.each([
  ['hours that are no calendar', 'languages: [en, de]', 'hours: mars', 'there is no calendar mars'],
  ['a name that stands for all of them', 'vendor_boreal:', 'outsourced:', 'outsourced stands for any outsourced desk'],
  [
    'a share of a desk that is not chosen',
    'title: Maison Lune, brand care',
    'title: Maison Lune\n    weight: 2',
    'only an outsourced desk has it',
  ],
])('the linter refuses a desk with %s, with file and line', (_, from, to, message) => {
  const problem = problemWith('desks.yaml', from, to);
  expect(problem).toContain(message);
  expect(problem).toMatch(/desks\.yaml:\d+:\d+: /);
});
