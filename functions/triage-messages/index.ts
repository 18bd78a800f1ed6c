import { ComprehendClient } from '@aws-sdk/client-comprehend';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import middy from '@middy/core';
import { caseworkFor } from '../../shared/adapters/casework.ts';
import { ComprehendAnalyser, comprehendConfig } from '../../shared/adapters/comprehend.ts';
import { eldLanguageDetector } from '../../shared/adapters/eld-language.ts';
import { ApiFetcher } from '../../shared/adapters/words/api-fetcher.ts';
import { apiTokensReader } from '../../shared/adapters/words/api-tokens.ts';
import { googleReviews } from '../../shared/adapters/words/google-reviews.ts';
import { metaGraph } from '../../shared/adapters/words/meta-graph.ts';
import { tiktokMentions } from '../../shared/adapters/words/tiktok-mentions.ts';
import type { Policy } from '../../shared/domain/policy.ts';
import { createPrequalifier } from '../../shared/domain/prequalify.ts';
import { createRouter } from '../../shared/domain/routing.ts';
import { environmentSchema } from './env.ts';
import { triageMessages } from './handler.ts';

const environment = environmentSchema.parse(process.env);
const now = Date.now;
const { policies, ...casework } = caseworkFor('triage-messages', process.env);
const detector = eldLanguageDetector();
const dependencies = {
  ...casework,
  analyser: new ComprehendAnalyser(new ComprehendClient(comprehendConfig), {
    // $0.30 a minute at the list price, some 1,000 verdicts.
    limits: { unitsPerMinute: 3_000, parallelCalls: 16, cachedVerdicts: 10_000 },
    classifier: environment.CLASSIFIER_ENDPOINT,
    now,
    used: (units, documents) => casework.log({ event: 'analyser_used', service: 'comprehend', units, documents }),
    degraded: (because) => casework.log({ event: 'analyser_degraded', service: 'comprehend', because }),
  }),
  fetcher: new ApiFetcher({
    apis: [
      metaGraph({ baseUrl: 'https://graph.facebook.com', now }),
      googleReviews({
        reviewsUrl: 'https://mybusiness.googleapis.com',
        tokenUrl: 'https://oauth2.googleapis.com/token',
        now,
      }),
      tiktokMentions({ baseUrl: 'https://business-api.tiktok.com', now }),
    ],
    tokens: apiTokensReader(new SecretsManagerClient({ maxAttempts: 2 }), {
      secretId: environment.API_TOKENS_SECRET,
      now,
    }),
    now,
  }),
};

const deciders = (policy: Policy) => ({
  policy,
  assess: createPrequalifier(policy, detector),
  router: createRouter(policy),
});
let deciding: ReturnType<typeof deciders> | undefined;

export const handler = middy<unknown>().handler(async (batch) => {
  const policy = await policies.current();
  // Compiling the lexicons takes longer than a batch: once for each policy.
  if (deciding?.policy !== policy) deciding = deciders(policy);
  return triageMessages(batch, { ...dependencies, ...deciding });
});
