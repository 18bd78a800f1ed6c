import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import middy from '@middy/core';
import { SecretsManagerVault } from '../../shared/adapters/secrets-manager.ts';
import { SqsSender } from '../../shared/adapters/sqs-sender.ts';
import { platformNamed } from '../../shared/platforms/registry.ts';
import { toHttpAnswer, toWebhookRequest } from '../../shared/runtime/http.ts';
import { createLog } from '../../shared/runtime/log.ts';
import { environmentSchema } from './env.ts';
import { receiveWebhook } from './handler.ts';

const environment = environmentSchema.parse(process.env);
const now = () => new Date();
const dependencies = {
  platformNamed,
  vault: new SecretsManagerVault(new SecretsManagerClient({ maxAttempts: 2 }), {
    prefix: environment.PLATFORM_SECRET_PREFIX,
    now: Date.now,
  }),
  queues: new SqsSender(new SQSClient({ maxAttempts: 2 })),
  intakeQueueUrl: environment.INTAKE_QUEUE_URL,
  now,
  log: createLog('receive-webhook', now),
};

export const handler = middy<unknown>().handler(async (event) => {
  const { platform, request } = toWebhookRequest(event, environment.PUBLIC_BASE_URL);
  return toHttpAnswer(await receiveWebhook(platform, request, dependencies));
});
