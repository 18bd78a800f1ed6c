import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { Casework } from '../casework.ts';
import { policySchema } from '../domain/policy.ts';
import { caseEnvironmentSchema } from '../runtime/case-environment.ts';
import { createLog } from '../runtime/log.ts';
import type { BatchEdges } from '../runtime/sqs-batch.ts';
import { DynamoCaseStore } from './dynamo-case-store.ts';
import { SnsEscalations } from './sns-escalations.ts';
import { SqsRedelivery, SqsSender } from './sqs-sender.ts';

/**
 * All that a function which changes cases works with, from its environment and the policy beside its bundle. Throws when either is wrong: such
 * a function must not start.
 */
export function caseworkFor(
  functionName: string,
  moduleUrl: string,
  processEnvironment: NodeJS.ProcessEnv,
): Casework & BatchEdges {
  const environment = caseEnvironmentSchema.parse(processEnvironment);
  const policyFile = fileURLToPath(new URL(environment.POLICY_FILE, moduleUrl));
  const now = () => new Date();
  return {
    // Waiting belongs to the queue: a call that fails twice is tried again with its record.
    store: new DynamoCaseStore(new DynamoDBClient({ maxAttempts: 2 }), { tableName: environment.CASE_TABLE_NAME }),
    queues: new SqsSender(new SQSClient({ maxAttempts: 2 })),
    redelivery: new SqsRedelivery(new SQSClient({ maxAttempts: 1, useQueueUrlAsEndpoint: false })),
    escalations: new SnsEscalations(new SNSClient({ maxAttempts: 2 }), { topicArn: environment.ESCALATION_TOPIC_ARN }),
    policy: policySchema.parse(JSON.parse(readFileSync(policyFile, 'utf8'))),
    destinations: { deskQueues: environment.DESK_QUEUES, timerQueueUrl: environment.TIMER_QUEUE_URL },
    deadLetterQueueUrl: environment.DEAD_LETTER_QUEUE_URL,
    now,
    log: createLog(functionName, now),
  };
}
