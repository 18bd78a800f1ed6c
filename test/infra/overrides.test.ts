import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { compilePolicy, formatProblems } from '../../infra/compile-policy.ts';
import type { Policy } from '../../shared/domain/policy.ts';
import { createPrequalifier } from '../../shared/domain/prequalify.ts';
import { createRouter } from '../../shared/domain/routing.ts';
import { inboundMessage } from '../support/samples.ts';

/** The shipped policy with a group of these accounts beside its own. */
function compileWith(group: string) {
  const dir = mkdtempSync(join(tmpdir(), 'vigie-overrides-'));
  const shipped = fileURLToPath(new URL('../../policy', import.meta.url));
  try {
    cpSync(shipped, dir, { recursive: true });
    const file = join(dir, 'accounts.yaml');
    writeFileSync(file, `groups:\n${group}${shippedAccounts}`);
    return compilePolicy(dir);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** Where the shipped rules find the channels they name. */
const shippedAccounts = `  - group: Others
    purpose: after_sales
    languages: [fr, en]
    accounts:
${[
  'facebook',
  'instagram',
  'youtube',
  'tiktok',
  'linkedin',
  'threads',
  'x',
  'messenger',
  'whatsapp',
  'sms',
  'telegram',
  'generic',
]
  .map((channel) => `      - { channel: ${channel}, id: "other" }`)
  .join('\n')}
`;

function policyWith(group: string): Policy {
  const compiled = compileWith(group);
  if (!compiled.ok) throw new Error(formatProblems(compiled.problems));
  return compiled.policy;
}

function deciderOf(policy: Policy) {
  const assess = createPrequalifier(policy, { detect: () => ({ code: 'fr', confidence: 1 }) });
  const router = createRouter(policy);
  return (accountId: string, text: string) => {
    const message = inboundMessage('m', text, { channel: 'facebook', accountId, public: true });
    return router.decide(message, assess(message));
  };
}

const question = 'Bonjour, où est mon colis ? Il devait arriver lundi.';

describe('overrides', () => {
  const policy = policyWith(`  - group: Pages
    purpose: after_sales
    languages: [fr]
    accounts: [{ channel: facebook, id: plain }]
    groups:
      - group: Careful
        overrides: { risk: 0.5, skip: [no_words] }
        accounts:
          - { channel: facebook, id: nearly }
          - { channel: facebook, id: own, overrides: { risk: 2, skip: [spam] } }
          - { channel: facebook, id: none, overrides: { desks: [] } }
          - { channel: facebook, id: boreal, overrides: { desks: [vendor_boreal] } }
`);
  const decide = deciderOf(policy);

  test('are inherited, the nearest first; skipped rules add up', () => {
    expect(policy.accounts.find(({ id }) => id === 'own')?.overrides).toEqual({ risk: 2, skip: ['no_words', 'spam'] });
    expect(policy.accounts.find(({ id }) => id === 'nearly')?.overrides).toEqual({ risk: 0.5, skip: ['no_words'] });
    expect(policy.accounts.find(({ id }) => id === 'plain')?.overrides).toBeUndefined();
  });

  test.each([
    ['plain', question, 'vendor_atlas', 'routine'],
    ['nearly', question, 'vendor_atlas', 'routine'],
    ['own', question, 'in_house', 'risky'],
    ['none', question, 'in_house', 'default'],
    ['boreal', question, 'in_house', 'default'],
    ['plain', '👍👍', undefined, 'no_words'],
  ])('on %s, "%s" goes to %s by %s', (accountId, text, desk, rule) => {
    expect(decide(accountId, text)).toMatchObject({ rule });
    expect(decide(accountId, text).desk).toBe(desk);
  });

  test('are told with the decision', () => {
    expect(decide('own', question).score.parts).toContainEqual({ name: 'this_account', points: 2 });
    expect(decide('none', question).notChosen).toContainEqual({
      rule: 'routine',
      because: 'vendor_atlas has no cases of this account',
    });
    expect(decide('nearly', '👍👍').notChosen).toContainEqual({
      rule: 'no_words',
      because: 'skipped on this account',
    });
  });

  test.each([
    [
      '{ desks: [nobody, in_house], skip: [nothing, people_at_risk] }',
      [
        /accounts\.yaml:6:\d+: overrides\.desks: nobody is no outsourced desk; allowed: vendor_atlas, /,
        /in_house is no outsourced desk/,
        /accounts\.yaml:6:\d+: overrides\.skip: there is no rule nothing; allowed: /,
        /rule people_at_risk keeps messages in-house and holds everywhere/,
      ],
    ],
    [
      '{ risk: -1, desk: vendor_atlas }',
      [/accounts\.yaml:6:\d+: .*overrides\.risk/, /unknown name desk; allowed: desks, risk, skip/],
    ],
  ])('%s is refused with its place', (override, problems) => {
    const compiled = compileWith(
      `  - group: Pages\n    languages: [fr]\n    accounts:\n      - channel: facebook\n        overrides: ${override}\n        id: page\n`,
    );
    for (const problem of problems) expect(compiled.ok ? 'none' : formatProblems(compiled.problems)).toMatch(problem);
  });
});

test('with hundreds of pages the document grows by its pages, and a decision costs no more', () => {
  const pages = (count: number) =>
    `  - group: Stores\n    purpose: store\n    languages: [fr]\n    overrides: { risk: 0.1 }\n    accounts:\n${Array.from(
      { length: count },
      (_, index) => `      - { channel: facebook, id: "p${index}", overrides: { skip: [spam] } }`,
    ).join('\n')}\n`;
  const [few, some, many] = [8, 200, 800].map((count) => policyWith(pages(count)));
  if (few === undefined || some === undefined || many === undefined) throw new Error('no policy');
  const size = (policy: Policy) => JSON.stringify(policy).length;
  const perPage = (policy: Policy, count: number) => (size(policy) - size(few)) / (count - 8);
  expect(perPage(many, 800) / perPage(some, 200)).toBeLessThan(1.05);

  const deciders = [few, many].map((policy) => ({ decide: deciderOf(policy), best: Number.POSITIVE_INFINITY }));
  // By turns and the best of each, so that what else the machine does hits both alike.
  for (let round = 0; round < 40; round += 1) {
    for (const one of deciders) {
      const started = performance.now();
      for (let index = 0; index < 20; index += 1) one.decide(`p${index % 8}`, question);
      one.best = Math.min(one.best, performance.now() - started);
    }
  }
  expect((deciders[1]?.best ?? 0) / (deciders[0]?.best ?? 1)).toBeLessThan(2);
});
