import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { createServer } from 'node:net';
import { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { AwsAnswer } from './aws-call.ts';

const binary = fileURLToPath(new URL('../node_modules/@dynoxide/linux-x64/dynoxide', import.meta.url));

/** A DynamoDB engine in a process of its own. */
export interface LocalDynamo {
  /** Sends one JSON 1.0 call on; rejects when the engine is gone. */
  call(operation: string, body: string): Promise<AwsAnswer>;
  /** Ends the engine's process; `SIGKILL` is a power cut. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/**
 * Starts Dynoxide on a free loopback port over the database `file`, or in memory, and resolves once it answers. Rejects with one
 * line when the engine is not installed for this machine or ends at once.
 */
export async function startDynamo(file: string | ':memory:'): Promise<LocalDynamo> {
  if (!existsSync(binary)) {
    throw new Error('The local DynamoDB engine is not installed. It comes with `npm ci` on Linux x64 (glibc 2.28+).');
  }
  const port = await freePort();
  const storage = file === ':memory:' ? [] : ['--db-path', file];
  const { child, lifeline } = spawnTied(binary, ['serve', '--host', '127.0.0.1', '--port', String(port), ...storage]);
  const agent = new Agent({ keepAlive: true });
  const call = (operation: string, body: string): Promise<AwsAnswer> => forward(agent, port, operation, body);
  while ((await call('ListTables', '{}').catch(() => undefined))?.status !== 200) {
    if (child.exitCode !== null) throw new Error(`The local DynamoDB engine did not start over ${file}.`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return {
    call,
    async stop(signal = 'SIGTERM') {
      agent.destroy();
      if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
      const gone = once(child, 'close');
      if (signal === 'SIGTERM') lifeline.destroy();
      else process.kill(-child.pid, signal);
      await gone;
    },
  };
}

/**
 * A child in a process group of its own that ends with this process, even when that is killed without a chance to end it: its shell
 * waits for the end of a pipe, the lifeline, that only this process holds open.
 */
function spawnTied(file: string, args: readonly string[]): { readonly child: ChildProcess; readonly lifeline: Duplex } {
  const script = '"$@" </dev/null & child=$!; (cat >/dev/null; kill $child) <&3 & wait $child; kill $! 2>/dev/null';
  const child = spawn('/bin/sh', ['-c', script, 'sh', file, ...args], {
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    env: { PATH: '/usr/bin:/bin' },
  });
  const [, , , lifeline] = child.stdio;
  if (!(lifeline instanceof Duplex)) throw new Error('The pipe to the local DynamoDB engine could not be opened.');
  // Read to its end, which is when the engine itself is gone: it holds the other side.
  lifeline.resume();
  return { child, lifeline };
}

function forward(agent: Agent, port: number, operation: string, body: string): Promise<AwsAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        agent,
        host: '127.0.0.1',
        port,
        method: 'POST',
        path: '/',
        headers: {
          'content-type': 'application/x-amz-json-1.0',
          'content-length': Buffer.byteLength(body),
          'x-amz-target': `DynamoDB_20120810.${operation}`,
          'x-amz-date': '20260101T000000Z',
          // The engine wants to see a signature and does not check it.
          authorization:
            'AWS4-HMAC-SHA256 Credential=local/20260101/eu-west-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0',
        },
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const headers: Record<string, string> = {};
          for (const name of ['content-type', 'x-amzn-requestid', 'x-amz-crc32']) {
            const value = incoming.headers[name];
            if (typeof value === 'string') headers[name] = value;
          }
          resolve({ status: incoming.statusCode ?? 500, headers, body: Buffer.concat(chunks).toString('utf8') });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  if (address === null || typeof address === 'string') throw new Error('No free port on 127.0.0.1.');
  return address.port;
}
