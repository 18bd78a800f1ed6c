import { ComprehendClient } from '@aws-sdk/client-comprehend';
import middy from '@middy/core';
import { caseworkFor } from '../../shared/adapters/casework.ts';
import { ComprehendSentiment } from '../../shared/adapters/comprehend-sentiment.ts';
import { eldLanguageDetector } from '../../shared/adapters/eld-language.ts';
import { createPrequalifier } from '../../shared/domain/prequalify.ts';
import { createRouter } from '../../shared/domain/routing.ts';
import { triageMessages } from './handler.ts';

const casework = caseworkFor('triage-messages', import.meta.url, process.env);
const dependencies = {
  ...casework,
  assess: createPrequalifier(casework.policy, eldLanguageDetector()),
  router: createRouter(casework.policy),
  analyser: new ComprehendSentiment(new ComprehendClient({ maxAttempts: 1 }), {
    // $0.30 a minute at the list price, some 1,000 verdicts.
    limits: { unitsPerMinute: 3_000, parallelCalls: 16, cachedVerdicts: 10_000 },
    now: Date.now,
    degraded: (because) => casework.log({ event: 'analyser_degraded', service: 'comprehend', because }),
  }),
};

export const handler = middy<unknown>().handler((batch) => triageMessages(batch, dependencies));
