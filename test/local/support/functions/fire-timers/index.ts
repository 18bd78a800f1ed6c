import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import * as z from 'zod';

// A made-up function that tells people of whatever its queue holds.

const { ESCALATION_TOPIC_ARN: TopicArn } = z.object({ ESCALATION_TOPIC_ARN: z.string() }).parse(process.env);
const topic = new SNSClient({ maxAttempts: 1 });

export async function handler(): Promise<unknown> {
  await topic.send(new PublishCommand({ TopicArn, Subject: 'told', Message: 'somebody' }));
  return { batchItemFailures: [] };
}
