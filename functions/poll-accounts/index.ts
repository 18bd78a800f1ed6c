import { AppConfigDataClient } from '@aws-sdk/client-appconfigdata';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import middy from '@middy/core';
import { AppConfigPolicies } from '../../shared/adapters/app-config-policies.ts';
import { DynamoCaseStore } from '../../shared/adapters/dynamo-case-store.ts';
import { DynamoPollCheckpoints } from '../../shared/adapters/dynamo-poll-checkpoints.ts';
import { ApiPuller } from '../../shared/adapters/pulls/api-puller.ts';
import { metaPages } from '../../shared/adapters/pulls/meta-pages.ts';
import { ApiTokenChecker } from '../../shared/adapters/pulls/token-checks.ts';
import { youtubeComments } from '../../shared/adapters/pulls/youtube-comments.ts';
import { SqsSender } from '../../shared/adapters/sqs-sender.ts';
import { apiTokensReader } from '../../shared/adapters/words/api-tokens.ts';
import { createLog } from '../../shared/runtime/log.ts';
import { environmentSchema } from './env.ts';
import { pollAccounts } from './handler.ts';
import { watchAccounts } from './watch-accounts.ts';
import { watchTokens } from './watch-tokens.ts';

const environment = environmentSchema.parse(process.env);
const now = () => new Date();
const log = createLog('poll-accounts', now);
const policies = new AppConfigPolicies(new AppConfigDataClient({ maxAttempts: 2 }), {
  place: {
    application: environment.POLICY_APPLICATION,
    environment: environment.POLICY_ENVIRONMENT,
    profile: environment.POLICY_PROFILE,
  },
  now: Date.now,
  log,
});
const database = new DynamoDBClient({ maxAttempts: 2 });
const table = { tableName: environment.CASE_TABLE_NAME };
const graphUrl = 'https://graph.facebook.com';
const tokens = apiTokensReader(new SecretsManagerClient({ maxAttempts: 2 }), {
  secretId: environment.API_TOKENS_SECRET,
  now: Date.now,
});
const dependencies = {
  puller: new ApiPuller({
    pulls: [
      metaPages({ baseUrl: graphUrl, now: Date.now }),
      youtubeComments({ baseUrl: 'https://www.googleapis.com', now: Date.now }),
    ],
    tokens,
  }),
  checker: new ApiTokenChecker({
    tokens,
    graphUrl,
    googleTokenUrl: 'https://oauth2.googleapis.com/token',
    now: Date.now,
  }),
  checkpoints: new DynamoPollCheckpoints(database, table),
  store: new DynamoCaseStore(database, table),
  queues: new SqsSender(new SQSClient({ maxAttempts: 3 })),
  intakeQueueUrl: environment.INTAKE_QUEUE_URL,
  now,
  log,
};

export const handler = middy<unknown>().handler(async () => {
  const { accounts } = await policies.current();
  // Each does its work, whatever becomes of the other.
  const ended = await Promise.allSettled([
    watchAccounts({ ...dependencies, accounts }),
    watchTokens(dependencies),
    pollAccounts({ ...dependencies, accounts }),
  ]);
  for (const one of ended) if (one.status === 'rejected') throw one.reason;
});
