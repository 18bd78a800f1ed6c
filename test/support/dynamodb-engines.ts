import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { CreateTableCommand, DynamoDBClient, ListTablesCommand, waitUntilTableExists } from '@aws-sdk/client-dynamodb';

const indexes = [
  { name: 'due', bucket: 'dueBucket', sort: 'dueAt' },
  { name: 'heard', bucket: 'heardBucket', sort: 'heardAt' },
  { name: 'open', bucket: 'openBucket', sort: 'openBy' },
  { name: 'backlog', bucket: 'backlogDesk', sort: undefined },
];

const installed = (path: string) => fileURLToPath(new URL(`../../node_modules/${path}`, import.meta.url));

interface Engine {
  readonly name: string;
  readonly file: string;
  readonly args: (port: number) => string[];
}

/** Engines that speak DynamoDB's protocol on this machine; both must give our store the same answers. */
export const dynamoEngines: readonly Engine[] = [
  {
    name: 'Dynoxide',
    file: installed('@dynoxide/linux-x64/dynoxide'),
    args: (port) => ['serve', '--host', '127.0.0.1', '--port', String(port)],
  },
  {
    name: 'ExtendDB',
    file: installed('@extenddb/linux-x64/extenddb'),
    args: (port) => ['serve', '--foreground', '--port', String(port)],
  },
];

export function isInstalled({ file }: Engine): boolean {
  return existsSync(file);
}

/** Starts an engine on a free loopback port with an empty case table; `stop` ends it and removes what it wrote. */
export async function startEngine(
  engine: Engine,
): Promise<{ client: DynamoDBClient; table: string; stop(): Promise<void> }> {
  const home = mkdtempSync(join(tmpdir(), 'vigie-engine-'));
  const port = await freePort();
  const child = spawn(engine.file, engine.args(port), { cwd: home, env: { HOME: home }, stdio: 'ignore' });
  const client = new DynamoDBClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    // The documented example key pair: ExtendDB takes no other, Dynoxide takes any.
    credentials: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' },
    maxAttempts: 2,
  });
  while (!(await client.send(new ListTablesCommand({})).catch(() => undefined))) {
    if (child.exitCode !== null) throw new Error(`${engine.name} ended with code ${child.exitCode}`);
    await setTimeout(20);
  }
  const table = 'cases';
  await client.send(
    new CreateTableCommand({
      TableName: table,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
        ...indexes.flatMap(({ bucket, sort }) => [
          { AttributeName: bucket, AttributeType: 'S' as const },
          ...(sort === undefined ? [] : [{ AttributeName: sort, AttributeType: 'S' as const }]),
        ]),
      ],
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      GlobalSecondaryIndexes: indexes.map(({ name, bucket, sort }) => ({
        IndexName: name,
        KeySchema: [
          { AttributeName: bucket, KeyType: 'HASH' },
          ...(sort === undefined ? [] : [{ AttributeName: sort, KeyType: 'RANGE' as const }]),
        ],
        Projection: { ProjectionType: 'KEYS_ONLY' },
      })),
    }),
  );
  await waitUntilTableExists({ client, maxWaitTime: 20, minDelay: 1 }, { TableName: table });
  return {
    client,
    table,
    async stop() {
      client.destroy();
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
      rmSync(home, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
