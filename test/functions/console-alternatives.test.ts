import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { alternativesOf } from '../../functions/serve-console/reading.ts';
import { compilePolicy } from '../../infra/compile-policy.ts';
import type { Assessment } from '../../shared/domain/assessment.ts';
import { createRouter } from '../../shared/domain/routing.ts';
import { inboundMessage } from '../support/samples.ts';

const compiled = compilePolicy(fileURLToPath(new URL('../../policy', import.meta.url)));
if (!compiled.ok) throw new Error('the policy does not compile');
const router = createRouter(compiled.policy);

test('what would have been without a reason leaves out both its signals and its chance', () => {
  const assessment: Assessment = {
    language: { code: 'fr', confidence: 1, source: 'platform' },
    signals: [{ reason: 'legal', confidence: 0.8, source: 'lexicon', entry: 'fr: avocat' }],
    chances: { legal: 0.9 },
    topics: [],
    abusive: false,
    pii: [],
    missing: [],
  };
  const alternatives = alternativesOf(router, inboundMessage('m1', 'bonjour'), assessment, '2026-03-02T10:00:00.000Z');
  expect(alternatives).toContainEqual(expect.objectContaining({ kind: 'without_reason', what: 'legal' }));
});
