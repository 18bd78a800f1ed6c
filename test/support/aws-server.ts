import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

export interface AwsRequest {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  /** The body as JSON, or `{}` where it is none. */
  readonly input: Readonly<Record<string, unknown>>;
}
export interface AwsReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** An endpoint for a real SDK client, answering as the test says; `config` is what the client is made with. */
export async function startAwsServer(answer: (request: AwsRequest) => AwsReply) {
  const server = createServer(async (incoming, outgoing) => {
    const body = await text(incoming);
    const { method = '', url = '' } = incoming;
    const reply = answer({ method, path: url, body, input: body.startsWith('{') ? JSON.parse(body) : {} });
    outgoing.writeHead(reply.status, reply.headers).end(reply.body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    config: {
      endpoint: `http://127.0.0.1:${address.port}`,
      region: 'eu-west-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      maxAttempts: 1,
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
