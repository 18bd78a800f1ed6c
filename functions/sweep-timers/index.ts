import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import middy from '@middy/core';
import { DynamoCaseStore } from '../../shared/adapters/dynamo-case-store.ts';
import { SnsEscalations } from '../../shared/adapters/sns-escalations.ts';
import { SqsSender } from '../../shared/adapters/sqs-sender.ts';
import { createLog } from '../../shared/runtime/log.ts';
import { environmentSchema } from './env.ts';
import { sweepTimers } from './handler.ts';

const environment = environmentSchema.parse(process.env);
const now = () => new Date();
const dependencies = {
  store: new DynamoCaseStore(new DynamoDBClient({ maxAttempts: 3 }), { tableName: environment.CASE_TABLE_NAME }),
  queues: new SqsSender(new SQSClient({ maxAttempts: 3 })),
  escalations: new SnsEscalations(new SNSClient({ maxAttempts: 2 }), { topicArn: environment.ESCALATION_TOPIC_ARN }),
  timerQueueUrl: environment.TIMER_QUEUE_URL,
  now,
  log: createLog('sweep-timers', now),
};

export const handler = middy<unknown>().handler(() => sweepTimers(dependencies));
