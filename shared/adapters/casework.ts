import { randomBytes } from 'node:crypto';
import { AppConfigDataClient } from '@aws-sdk/client-appconfigdata';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { Casework } from '../casework.ts';
import type { PolicySource } from '../ports.ts';
import { caseEnvironmentSchema } from '../runtime/case-environment.ts';
import { createLog } from '../runtime/log.ts';
import type { BatchEdges } from '../runtime/sqs-batch.ts';
import { DeskStandings } from '../standings.ts';
import { AppConfigPolicies } from './app-config-policies.ts';
import { DynamoCaseStore } from './dynamo-case-store.ts';
import { SnsEscalations } from './sns-escalations.ts';
import { SqsRedelivery, SqsSender } from './sqs-sender.ts';

/**
 * All that a function which changes cases works with, from its environment; what decides is asked for batch by batch. Throws when a variable is
 * missing or wrong: such a function must not start.
 */
export function caseworkFor(
  functionName: string,
  processEnvironment: NodeJS.ProcessEnv,
): Omit<Casework, 'policy'> & BatchEdges & { readonly policies: PolicySource } {
  const environment = caseEnvironmentSchema.parse(processEnvironment);
  const now = () => new Date();
  const log = createLog(functionName, now);
  // Waiting belongs to the queue: a call that fails twice is tried again with its record.
  const store = new DynamoCaseStore(new DynamoDBClient({ maxAttempts: 2 }), { tableName: environment.CASE_TABLE_NAME });
  return {
    store,
    standings: new DeskStandings(store, now),
    queues: new SqsSender(new SQSClient({ maxAttempts: 2 })),
    redelivery: new SqsRedelivery(new SQSClient({ maxAttempts: 1, useQueueUrlAsEndpoint: false })),
    escalations: new SnsEscalations(new SNSClient({ maxAttempts: 2 }), { topicArn: environment.ESCALATION_TOPIC_ARN }),
    policies: new AppConfigPolicies(new AppConfigDataClient({ maxAttempts: 2 }), {
      place: {
        application: environment.POLICY_APPLICATION,
        environment: environment.POLICY_ENVIRONMENT,
        profile: environment.POLICY_PROFILE,
      },
      desks: Object.keys(environment.DESK_QUEUES),
      now: Date.now,
      log,
    }),
    destinations: { deskQueues: environment.DESK_QUEUES, timerQueueUrl: environment.TIMER_QUEUE_URL },
    deadLetterQueueUrl: environment.DEAD_LETTER_QUEUE_URL,
    now,
    nonce: () => randomBytes(9).toString('base64url'),
    log,
  };
}
