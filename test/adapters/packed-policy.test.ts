import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { compilePolicy } from '../../infra/compile-policy.ts';
import { packPolicy, unpackPolicy } from '../../shared/adapters/packed-policy.ts';

const compiled = compilePolicy(join(import.meta.dirname, '..', '..', 'policy'));
if (!compiled.ok) throw new Error('the policy does not compile');
const { policy } = compiled;

const { learnt: _, ...unlearnt } = policy;

describe('a policy packed for AppConfig', () => {
  test('comes back as it was, from the list of before too', () => {
    expect(unpackPolicy(packPolicy(policy))).toEqual(policy);
    expect(unpackPolicy(JSON.stringify(unlearnt))).toEqual(unlearnt);
  });

  test('comes back where nothing was learnt', () => {
    expect(unpackPolicy(packPolicy(unlearnt))).toEqual(unlearnt);
  });

  test('leaves a fifth of a template’s 1 MB for what is to come', () => {
    expect(Buffer.byteLength(JSON.stringify(packPolicy(policy)))).toBeLessThan(800_000);
  });

  test.each([
    ['{', 'not JSON'],
    ['[]', /^wrong at top level/],
    [JSON.stringify({ ...unlearnt, lexicons: 'no lexicons' }), /^lexicons are wrong at top level/],
    [JSON.stringify({ ...policy, learnt: 'nothing' }), /^what was learnt is wrong at top level/],
    [packPolicy({ lexicons: policy.lexicons }), /^wrong at version/],
  ])('that is none says why', (text, why) => {
    expect(unpackPolicy(text)).toEqual(expect.stringMatching(why));
  });
});
