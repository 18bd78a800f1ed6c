import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { Clock } from '../../local/clock.ts';
import { type LocalSns, openSns } from '../../local/sns.ts';
import { type LocalSqs, openSqs } from '../../local/sqs.ts';

export const account = { region: 'eu-west-1', accountId: '000000000000' };

export interface QueueEndpoint {
  readonly url: string;
  readonly sqs: LocalSqs;
  readonly sns: LocalSns;
  readonly sqsClient: SQSClient;
  readonly snsClient: SNSClient;
  close(): Promise<void>;
}

/** Both services in memory behind one server on an ephemeral port of the loopback, and the real clients that speak to it. */
export async function startQueueEndpoint(clock: Clock): Promise<QueueEndpoint> {
  let url = '';
  const sqs = openSqs({ file: ':memory:', clock, baseUrl: () => url, ...account });
  const sns = openSns({ file: ':memory:', clock, sqs, ...account });
  const server = createServer(async (request, response) => {
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const target = request.headersDistinct['x-amz-target']?.[0];
    const body = await text(request);
    const answer =
      target === undefined
        ? await sns.handle(body)
        : await sqs.handle(target.replace('AmazonSQS.', ''), JSON.parse(body), { signal: gone.signal });
    response.writeHead(answer.status, answer.headers).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  url = `http://127.0.0.1:${address.port}`;
  const config = {
    endpoint: url,
    region: account.region,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
  };
  const sqsClient = new SQSClient(config);
  const snsClient = new SNSClient(config);
  return {
    url,
    sqs,
    sns,
    sqsClient,
    snsClient,
    async close() {
      sqsClient.destroy();
      snsClient.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      sns.close();
      sqs.close();
    },
  };
}
