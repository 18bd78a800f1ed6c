import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ComprehendClient } from '@aws-sdk/client-comprehend';
import { SQSClient } from '@aws-sdk/client-sqs';
import middy from '@middy/core';
import { caseworkFor } from '../../shared/adapters/casework.ts';
import { ComprehendAnalyser, comprehendConfig } from '../../shared/adapters/comprehend.ts';
import { eldLanguageDetector } from '../../shared/adapters/eld-language.ts';
import { SqsDepths } from '../../shared/adapters/sqs-depths.ts';
import type { Policy } from '../../shared/domain/policy.ts';
import { createPrequalifier } from '../../shared/domain/prequalify.ts';
import { createRouter } from '../../shared/domain/routing.ts';
import { environmentSchema } from './env.ts';
import { serveConsole } from './handler.ts';
import { consoleFileSchema } from './http.ts';
import { createLines } from './lines.ts';
import { createMarker } from './reading.ts';

const environment = environmentSchema.parse(process.env);
const { policies, ...casework } = caseworkFor('serve-console', process.env);
const detector = eldLanguageDetector();
const dependencies = {
  ...casework,
  ...consoleFileSchema.parse(JSON.parse(readFileSync(fileURLToPath(new URL('console.json', import.meta.url)), 'utf8'))),
  stages: {
    intake: environment.INTAKE_QUEUE_URL,
    timer: environment.TIMER_QUEUE_URL,
    outcome: environment.OUTCOME_QUEUE_URL,
    parked: environment.DEAD_LETTER_QUEUE_URL,
  },
  depths: new SqsDepths(new SQSClient({ maxAttempts: 2 }), { now: Date.now }),
  analyser: new ComprehendAnalyser(new ComprehendClient(comprehendConfig), {
    // Trials of people at their keyboards: $0.03 a minute at the list price.
    limits: { unitsPerMinute: 300, parallelCalls: 2, cachedVerdicts: 1_000 },
    now: Date.now,
    used: (units, documents) => casework.log({ event: 'analyser_used', service: 'comprehend', units, documents }),
    degraded: (because) => casework.log({ event: 'analyser_degraded', service: 'comprehend', because }),
  }),
};

const readers = (policy: Policy) => ({
  policy,
  assess: createPrequalifier(policy, detector),
  router: createRouter(policy),
  marksOf: createMarker(policy),
  toLine: createLines(policy),
});
let reading: ReturnType<typeof readers> | undefined;

export const handler = middy<unknown>().handler(async (event) => {
  const policy = await policies.current();
  if (reading?.policy !== policy) reading = readers(policy);
  return serveConsole(event, { ...dependencies, ...reading });
});
