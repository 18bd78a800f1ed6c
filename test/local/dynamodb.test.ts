import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startDynamo } from '../../local/dynamodb.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'vigie-dynamo-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const table = JSON.stringify({
  TableName: 'things',
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
});
const item = JSON.stringify({ TableName: 'things', Item: { pk: { S: 'a' } } });
const key = JSON.stringify({ TableName: 'things', Key: { pk: { S: 'a' } } });

describe('the DynamoDB engine', () => {
  test.each(['SIGTERM', 'SIGKILL'] as const)('keeps what it answered for when it ends by %s', async (signal) => {
    const file = join(directory, 'cases.db');
    const first = await startDynamo(file);
    expect((await first.call('CreateTable', table)).status).toBe(200);
    expect((await first.call('PutItem', item)).status).toBe(200);
    await first.stop(signal);
    await expect(first.call('ListTables', '{}')).rejects.toThrow();
    await first.stop();

    const second = await startDynamo(file);
    expect(JSON.parse((await second.call('GetItem', key)).body)).toEqual({ Item: { pk: { S: 'a' } } });
    await second.stop();
  });

  test('passes its errors on', async () => {
    const dynamo = await startDynamo(':memory:');
    const answer = await dynamo.call('GetItem', key);
    expect(answer).toMatchObject({ status: 400, headers: { 'content-type': expect.stringContaining('json') } });
    expect(answer.body).toContain('ResourceNotFoundException');
    await dynamo.stop();
  });

  test('that cannot open its file is told of in one line', async () => {
    await expect(startDynamo(join(directory, 'nowhere/cases.db'))).rejects.toThrow(
      /^The local DynamoDB engine did not/,
    );
  });

  test.skipIf(!existsSync('/proc/self'))('ends with the process that started it, however that ends', async () => {
    const module = new URL('../../local/dynamodb.ts', import.meta.url).href;
    const script = `const { startDynamo } = await import(${JSON.stringify(module)});
      await startDynamo(':memory:');
      const { readFileSync } = await import('node:fs');
      const shell = readFileSync('/proc/self/task/' + process.pid + '/children', 'utf8').trim().split(' ')[0];
      console.log(readFileSync('/proc/' + shell + '/task/' + shell + '/children', 'utf8').trim().split(' ')[0]);
      setInterval(() => {}, 60_000);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(parent.stdout, 'data');
    const engine = Number(String(line));
    expect(isRunning(engine)).toBe(true);
    parent.kill('SIGKILL');
    while (isRunning(engine)) await new Promise((resolve) => setImmediate(resolve));
  });
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
