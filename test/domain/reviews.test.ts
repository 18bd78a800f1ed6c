import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { compilePolicy } from '../../infra/compile-policy.ts';
import { eldLanguageDetector } from '../../shared/adapters/eld-language.ts';
import { createPrequalifier } from '../../shared/domain/prequalify.ts';
import { createRouter } from '../../shared/domain/routing.ts';
import { inboundMessage } from '../support/samples.ts';

const compiled = compilePolicy(fileURLToPath(new URL('../../policy', import.meta.url)));
if (!compiled.ok) throw new Error('the policy does not compile');
const assess = createPrequalifier(compiled.policy, eldLanguageDetector());
const { decide } = createRouter(compiled.policy);

test.each([
  [1, '', 'in_house'],
  [2, '👎', 'in_house'],
  [5, '', 'set_aside'],
  [undefined, '', 'set_aside'],
])('a review of %s stars that says "%s" goes: %s', (rating, text, route) => {
  const review = inboundMessage('r1', text, {
    public: true,
    ...(rating === undefined ? {} : { rating }),
  });
  expect(decide(review, assess(review)).route).toBe(route);
});
