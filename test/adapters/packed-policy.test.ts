import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { compilePolicy } from '../../infra/compile-policy.ts';
import { packPolicy, unpackPolicy } from '../../shared/adapters/packed-policy.ts';

const compiled = compilePolicy(join(import.meta.dirname, '..', '..', 'policy'));
if (!compiled.ok) throw new Error('the policy does not compile');
const { policy } = compiled;

describe('a policy packed for AppConfig', () => {
  test('comes back as it was, from the list of before too', () => {
    expect(unpackPolicy(packPolicy(policy))).toEqual(policy);
    expect(unpackPolicy(JSON.stringify(policy))).toEqual(policy);
  });

  test('leaves half of a template’s 1 MB for languages to come', () => {
    expect(Buffer.byteLength(JSON.stringify(packPolicy(policy)))).toBeLessThan(600_000);
  });

  test.each([
    ['{', 'not JSON'],
    ['[]', /^wrong at top level/],
    [JSON.stringify({ ...policy, lexicons: 'no lexicons' }), /^lexicons are wrong at top level/],
    [packPolicy({ lexicons: policy.lexicons }), /^wrong at version/],
  ])('that is none says why', (text, why) => {
    expect(unpackPolicy(text)).toEqual(expect.stringMatching(why));
  });
});
