import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod';

// A made-up receiver: puts the body on the intake queue, or does what the body asks for.

const environment = z
  .object({ INTAKE_QUEUE_URL: z.string(), PLATFORM_SECRET_PREFIX: z.string(), PUBLIC_BASE_URL: z.string() })
  .parse(process.env);
const eventSchema = z.object({
  body: z.string().default(''),
  isBase64Encoded: z.boolean(),
  pathParameters: z.object({ platform: z.string(), account: z.string().optional() }),
});
const sqs = new SQSClient({ maxAttempts: 1 });
const secrets = new SecretsManagerClient({ maxAttempts: 1 });

export async function handler(input: unknown): Promise<unknown> {
  const event = eventSchema.parse(input);
  const body = Buffer.from(event.body, event.isBase64Encoded ? 'base64' : 'utf8').toString('utf8');
  if (body === 'fail') throw new Error('as asked');
  if (body === 'hang') await new Promise((resolve) => setTimeout(resolve, 3_600_000));
  if (body === 'exit') process.exit(3);
  if (body === 'time') return { statusCode: 200, body: new Date().toISOString() };
  if (body === 'secret') {
    const name = `${environment.PLATFORM_SECRET_PREFIX}${event.pathParameters.platform}`;
    const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: name }));
    return { statusCode: 200, body: SecretString };
  }
  if (body === 'forbidden') {
    try {
      await secrets.send(new GetSecretValueCommand({ SecretId: 'somebody-else' }));
    } catch (error) {
      return { statusCode: 200, body: error instanceof Error ? error.name : 'unknown' };
    }
  }
  try {
    await sqs.send(new SendMessageCommand({ QueueUrl: environment.INTAKE_QUEUE_URL, MessageBody: body }));
  } catch (error) {
    return { statusCode: 503, body: error instanceof Error ? error.name : 'unknown' };
  }
  console.log(JSON.stringify({ at: new Date().toISOString(), function: 'receive-webhook', event: 'stored' }));
  return { statusCode: 200, headers: { 'Content-Type': 'text/plain' }, body: environment.PUBLIC_BASE_URL };
}
