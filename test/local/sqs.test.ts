import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import {
  CancelMessageMoveTaskCommand,
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListMessageMoveTasksCommand,
  ListQueuesCommand,
  ListQueueTagsCommand,
  type Message,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  type ReceiveMessageCommandInput,
  SendMessageBatchCommand,
  SendMessageCommand,
  type SendMessageCommandInput,
  SetQueueAttributesCommand,
  StartMessageMoveTaskCommand,
  TagQueueCommand,
  UntagQueueCommand,
} from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import type { AwsAnswer } from '../../local/aws-call.ts';
import { manualClock, systemClock } from '../../local/clock.ts';
import { openSqs } from '../../local/sqs.ts';
import { account, type QueueEndpoint, startQueueEndpoint } from './sqs-endpoint.ts';

const start = Date.UTC(2026, 0, 5, 9);
const second = 1_000;
const minute = 60_000;
const day = 86_400_000;

let clock = manualClock(start);
let endpoint: QueueEndpoint;
beforeEach(async () => {
  clock = manualClock(start);
  endpoint = await startQueueEndpoint(clock);
});
afterEach(() => endpoint.close());

async function createQueue(name: string, attributes: Record<string, string> = {}): Promise<string> {
  const Attributes = { ...(name.endsWith('.fifo') && { FifoQueue: 'true' }), ...attributes };
  const { QueueUrl = '' } = await endpoint.sqsClient.send(new CreateQueueCommand({ QueueName: name, Attributes }));
  return QueueUrl;
}

function arn(name: string): string {
  return `arn:aws:sqs:${account.region}:${account.accountId}:${name}`;
}

function redrive(name: string, maxReceiveCount: number): Record<string, string> {
  return { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arn(name), maxReceiveCount }) };
}

const send = (QueueUrl: string, MessageBody: string, more: Partial<SendMessageCommandInput> = {}) =>
  endpoint.sqsClient.send(new SendMessageCommand({ QueueUrl, MessageBody, ...more }));

async function receive(QueueUrl: string, more: Partial<ReceiveMessageCommandInput> = {}): Promise<readonly Message[]> {
  const ask: ReceiveMessageCommandInput = {
    QueueUrl,
    MaxNumberOfMessages: 10,
    MessageSystemAttributeNames: ['All'],
    MessageAttributeNames: ['All'],
    ...more,
  };
  return (await endpoint.sqsClient.send(new ReceiveMessageCommand(ask))).Messages ?? [];
}

const remove = (QueueUrl: string, message: Message | undefined) =>
  endpoint.sqsClient.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message?.ReceiptHandle }));

const hide = (QueueUrl: string, message: Message | undefined, VisibilityTimeout: number) =>
  endpoint.sqsClient.send(
    new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle: message?.ReceiptHandle, VisibilityTimeout }),
  );

async function attributes(QueueUrl: string): Promise<Record<string, string>> {
  const command = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] });
  return (await endpoint.sqsClient.send(command)).Attributes ?? {};
}

async function counts(queueUrl: string): Promise<readonly (string | undefined)[]> {
  const all = await attributes(queueUrl);
  return ['', 'NotVisible', 'Delayed'].map((kind) => all[`ApproximateNumberOfMessages${kind}`]);
}

const bodies = (messages: readonly Message[]) => messages.map(({ Body }) => Body);

const refusal = z.object({ name: z.string(), message: z.string() });
async function refused(call: Promise<unknown>): Promise<z.infer<typeof refusal>> {
  return call.then(
    () => Promise.reject(new Error('It was accepted.')),
    (error: unknown) => refusal.parse(error),
  );
}

describe('messages', () => {
  test('come back as they were sent, with what SQS adds', async () => {
    const queue = await createQueue('intake');
    const body = 'Où est mon colis ? 📦\n\t<&>';
    const given = {
      source: { DataType: 'String', StringValue: 'é' },
      count: { DataType: 'Number.int', StringValue: '12' },
      bytes: { DataType: 'Binary', BinaryValue: new Uint8Array([0, 255, 3]) },
    };
    const sent = await send(queue, body, { MessageAttributes: given, MessageGroupId: 'page-1' });
    clock.advance(5 * second);
    const [message] = await receive(queue);
    expect(message).toMatchObject({ MessageId: sent.MessageId, Body: body, MessageAttributes: given });
    expect(message?.MD5OfMessageAttributes).toBe(sent.MD5OfMessageAttributes);
    expect(message?.Attributes).toEqual({
      SenderId: account.accountId,
      SentTimestamp: String(start),
      ApproximateReceiveCount: '1',
      ApproximateFirstReceiveTimestamp: String(start + 5 * second),
      MessageGroupId: 'page-1',
    });
  });

  test('carry the digest of their attributes that SDKs compare', async () => {
    const queue = await createQueue('intake');
    const field = (value: string | Uint8Array): Buffer => {
      const bytes = Buffer.from(value);
      return Buffer.concat([Buffer.of(0, 0, 0, bytes.byteLength), bytes]);
    };
    const expected = createHash('md5')
      .update(Buffer.concat([field('a'), field('Binary'), Buffer.of(2), field(Uint8Array.of(7))]))
      .update(Buffer.concat([field('b'), field('String'), Buffer.of(1), field('x')]))
      .digest('hex');
    const { MD5OfMessageAttributes } = await send(queue, 'x', {
      MessageAttributes: {
        b: { DataType: 'String', StringValue: 'x' },
        a: { DataType: 'Binary', BinaryValue: Uint8Array.of(7) },
      },
    });
    expect(MD5OfMessageAttributes).toBe(expected);
  });

  test('show only the attributes that were asked for', async () => {
    const queue = await createQueue('intake', { VisibilityTimeout: '0' });
    const text = { DataType: 'String', StringValue: 'x' };
    await send(queue, 'x', { MessageAttributes: { 'trace.id': text, 'trace.parent': text, other: text } });
    const names = async (MessageAttributeNames: string[]) => {
      const [message] = await receive(queue, { MessageAttributeNames, MessageSystemAttributeNames: ['SenderId'] });
      expect(Object.keys(message?.Attributes ?? {})).toEqual(['SenderId']);
      return Object.keys(message?.MessageAttributes ?? {}).sort();
    };
    expect(await names(['trace.*'])).toEqual(['trace.id', 'trace.parent']);
    expect(await names(['other', 'absent'])).toEqual(['other']);
    expect(await names([])).toEqual([]);
  });

  test('wait for their own delay, or else for the delay of the queue', async () => {
    const queue = await createQueue('timers', { DelaySeconds: '10' });
    await send(queue, 'queue delay');
    await send(queue, 'own delay', { DelaySeconds: 900 });
    await send(queue, 'at once', { DelaySeconds: 0 });
    expect(await counts(queue)).toEqual(['1', '0', '2']);
    expect(bodies(await receive(queue))).toEqual(['at once']);
    clock.advance(10 * second - 1);
    expect(bodies(await receive(queue))).toEqual([]);
    clock.advance(1);
    expect(bodies(await receive(queue))).toEqual(['queue delay']);
    clock.advance(890 * second);
    expect(bodies(await receive(queue))).toContain('own delay');
  });

  test('are hidden from others until the visibility timeout is over, and counted as in flight', async () => {
    const queue = await createQueue('intake', { VisibilityTimeout: '30' });
    await send(queue, 'once');
    const [first] = await receive(queue);
    expect(await receive(queue)).toEqual([]);
    expect(await counts(queue)).toEqual(['0', '1', '0']);
    clock.advance(30 * second);
    const [again] = await receive(queue, { VisibilityTimeout: 5 });
    expect(again?.Attributes?.['ApproximateReceiveCount']).toBe('2');
    expect(again?.Attributes?.['ApproximateFirstReceiveTimestamp']).toBe(String(start));
    expect(again?.ReceiptHandle).not.toBe(first?.ReceiptHandle);
    clock.advance(5 * second);
    expect(await receive(queue)).toHaveLength(1);
  });

  test('handed out again are not deleted, hidden or given back by their former receiver', async () => {
    const queue = await createQueue('intake');
    await send(queue, 'slow work');
    const [former] = await receive(queue);
    clock.advance(30 * second);
    const [current] = await receive(queue);
    await remove(queue, former);
    expect((await refused(hide(queue, former, 0))).name).toMatch(/^InvalidParameterValue/);
    expect(await counts(queue)).toEqual(['0', '1', '0']);
    await remove(queue, current);
    await remove(queue, current);
    expect(await counts(queue)).toEqual(['0', '0', '0']);
  });

  test('may be held up to 12 hours from their receipt, and given back at once', async () => {
    const queue = await createQueue('desk');
    await send(queue, 'long work');
    const [message] = await receive(queue);
    clock.advance(20 * second);
    const tooLong = await refused(hide(queue, message, 43_200));
    expect(tooLong.message).toMatch(/beyond the limit/);
    await hide(queue, message, 43_180);
    clock.advance(43_180 * second - 1);
    expect(await counts(queue)).toEqual(['0', '1', '0']);
    await hide(queue, message, 0);
    expect(await counts(queue)).toEqual(['1', '0', '0']);
    expect((await refused(hide(queue, message, 10))).name).toBe('MessageNotInflight');
  });

  test('are dropped once they are older than the retention period, not earlier', async () => {
    const queue = await createQueue('intake', { MessageRetentionPeriod: '60' });
    await send(queue, 'old');
    clock.advance(minute - 1);
    await send(queue, 'young');
    expect(await counts(queue)).toEqual(['2', '0', '0']);
    clock.advance(1);
    expect(bodies(await receive(queue))).toEqual(['young']);
  });
});

describe('dead-letter queues', () => {
  test('get what was received too often, with its age, attributes and source', async () => {
    const dead = await createQueue('dead', { MessageRetentionPeriod: '120' });
    const queue = await createQueue('intake', { ...redrive('dead', 2), VisibilityTimeout: '10' });
    const { MessageId } = await send(queue, 'poison', {
      MessageAttributes: { k: { DataType: 'String', StringValue: 'v' } },
    });
    for (const turn of ['1', '2']) {
      const [message] = await receive(queue);
      expect(message?.Attributes?.['ApproximateReceiveCount']).toBe(turn);
      clock.advance(10 * second);
    }
    expect(await receive(queue)).toEqual([]);
    const [message] = await receive(dead, { VisibilityTimeout: 0 });
    expect(message).toMatchObject({
      MessageId,
      Body: 'poison',
      MessageAttributes: { k: { StringValue: 'v' } },
      Attributes: { SentTimestamp: String(start), DeadLetterQueueSourceArn: arn('intake') },
    });
    clock.advance(100 * second);
    expect(await counts(dead)).toEqual(['0', '0', '0']);
  });

  test('do not take room in the batch of who receives', async () => {
    await createQueue('dead');
    const queue = await createQueue('intake', { ...redrive('dead', 1), VisibilityTimeout: '1' });
    for (const body of ['p1', 'p2', 'p3']) await send(queue, body);
    expect(await receive(queue)).toHaveLength(3);
    clock.advance(second);
    for (const body of ['n1', 'n2']) await send(queue, body);
    expect(bodies(await receive(queue, { MaxNumberOfMessages: 2 }))).toEqual(['n1', 'n2']);
  });

  test('keep a FIFO message under its own id and start its age anew', async () => {
    const dead = await createQueue('dead.fifo');
    const queue = await createQueue('desk.fifo', { ...redrive('dead.fifo', 1), VisibilityTimeout: '1' });
    const { MessageId } = await send(queue, 'x', { MessageGroupId: 'g', MessageDeduplicationId: 'd' });
    await receive(queue);
    clock.advance(second);
    expect(await receive(queue)).toEqual([]);
    const [message] = await receive(dead);
    expect(message?.Attributes).toMatchObject({
      MessageDeduplicationId: MessageId,
      MessageGroupId: 'g',
      SentTimestamp: String(start + second),
    });
  });

  test('are refused where they are missing, of the other kind, the queue itself, or not willing', async () => {
    await createQueue('dead');
    await createQueue('closed', { RedriveAllowPolicy: JSON.stringify({ redrivePermission: 'denyAll' }) });
    const reason = async (queue: string, target: string) =>
      (await refused(createQueue(queue, redrive(target, 3)))).message.replace(/.*Reason: /, '');
    expect(await reason('a', 'nowhere')).toBe('Dead letter target does not exist.');
    expect(await reason('a.fifo', 'dead')).toBe('Dead-letter queue must be same type of queue as the source.');
    expect(await reason('a', 'closed')).toBe('Dead-letter queue does not allow this source queue.');
    const dead = await createQueue('dead');
    const self = endpoint.sqsClient.send(
      new SetQueueAttributesCommand({ QueueUrl: dead, Attributes: redrive('dead', 1) }),
    );
    expect((await refused(self)).message).toMatch(/its own dead-letter queue/);
  });

  async function deadLetter(count: number): Promise<{ queue: string; dead: string }> {
    const dead = await createQueue('dead');
    const queue = await createQueue('intake', { ...redrive('dead', 1), VisibilityTimeout: '0' });
    for (let sent = 0; sent < count; sent += 1) await send(queue, `m${sent}`);
    // Received once with no timeout, each is dead-lettered by the next look.
    while ((await receive(queue)).length > 0);
    expect(await counts(dead)).toEqual([String(count), '0', '0']);
    return { queue, dead };
  }
  const moveTasks = async () =>
    (await endpoint.sqsClient.send(new ListMessageMoveTasksCommand({ SourceArn: arn('dead'), MaxResults: 10 })))
      .Results ?? [];

  test('are redriven to where their messages came from, as new messages', async () => {
    const { queue, dead } = await deadLetter(3);
    clock.advance(day);
    await endpoint.sqsClient.send(new StartMessageMoveTaskCommand({ SourceArn: arn('dead') }));
    expect(await moveTasks()).toMatchObject([{ Status: 'COMPLETED', ApproximateNumberOfMessagesMoved: 3 }]);
    expect(await counts(dead)).toEqual(['0', '0', '0']);
    const messages = await receive(queue);
    expect(bodies(messages)).toEqual(['m0', 'm1', 'm2']);
    expect(messages[0]?.Attributes).toMatchObject({
      ApproximateReceiveCount: '1',
      SentTimestamp: String(clock.now()),
    });
  });

  test('are redriven no faster than asked, one task at a time, until it is cancelled', async () => {
    const { queue } = await deadLetter(5);
    const task = { SourceArn: arn('dead'), MaxNumberOfMessagesPerSecond: 2 };
    const { TaskHandle } = await endpoint.sqsClient.send(new StartMessageMoveTaskCommand(task));
    expect((await refused(endpoint.sqsClient.send(new StartMessageMoveTaskCommand(task)))).message).toMatch(/already/);
    clock.advance(second - 1);
    expect((await counts(queue))[0]).toBe('2');
    clock.advance(1);
    expect((await counts(queue))[0]).toBe('4');
    await endpoint.sqsClient.send(new CancelMessageMoveTaskCommand({ TaskHandle }));
    clock.advance(minute);
    expect((await counts(queue))[0]).toBe('4');
    expect(await moveTasks()).toMatchObject([{ Status: 'CANCELLED', ApproximateNumberOfMessagesMoved: 4 }]);
  });

  test('fail to redrive what was sent to them directly', async () => {
    const { dead } = await deadLetter(0);
    await send(dead, 'from nowhere');
    await endpoint.sqsClient.send(new StartMessageMoveTaskCommand({ SourceArn: arn('dead') }));
    expect(await moveTasks()).toMatchObject([{ Status: 'FAILED', FailureReason: 'CouldNotDetermineMessageSource' }]);
    expect((await counts(dead))[0]).toBe('1');
  });
});

describe('FIFO queues', () => {
  const inGroup = (queue: string, group: string, body: string, id = body) =>
    send(queue, body, { MessageGroupId: group, MessageDeduplicationId: id });

  test('hold a group while any of its messages is in flight, and let the others pass', async () => {
    const queue = await createQueue('desk.fifo', { VisibilityTimeout: '30' });
    for (const [group, body] of [
      ['a', 'a1'],
      ['a', 'a2'],
      ['b', 'b1'],
      ['a', 'a3'],
    ] as const) {
      await inGroup(queue, group, body);
    }
    const [a1, a2] = await receive(queue, { MaxNumberOfMessages: 2 });
    expect([a1?.Body, a2?.Body]).toEqual(['a1', 'a2']);
    await hide(queue, a1, 0);
    expect(bodies(await receive(queue))).toEqual(['b1']);
    await remove(queue, a2);
    expect(bodies(await receive(queue))).toEqual(['a1', 'a3']);
  });

  test('number their messages in the order in which they were sent', async () => {
    const queue = await createQueue('desk.fifo');
    for (const body of ['1', '2', '3']) await inGroup(queue, 'g', body);
    const numbers = (await receive(queue)).map((message) => message.Attributes?.['SequenceNumber'] ?? '');
    expect(numbers).toEqual([...numbers].sort());
    expect(new Set(numbers).size).toBe(3);
    expect(numbers.every((number) => /^\d{20}$/.test(number))).toBe(true);
  });

  test('drop a twin for five minutes, even after the first was deleted', async () => {
    const queue = await createQueue('desk.fifo');
    const first = await inGroup(queue, 'g', 'offer', 'id');
    const [message] = await receive(queue);
    await remove(queue, message);
    clock.advance(5 * minute - 1);
    const twin = await inGroup(queue, 'other', 'offer again', 'id');
    expect([twin.MessageId, twin.SequenceNumber]).toEqual([first.MessageId, first.SequenceNumber]);
    expect(await receive(queue)).toEqual([]);
    clock.advance(1);
    expect((await inGroup(queue, 'g', 'offer', 'id')).MessageId).not.toBe(first.MessageId);
    expect(await receive(queue)).toHaveLength(1);
  });

  test('look for twins by content, and in one group only, when told so', async () => {
    const queue = await createQueue('desk.fifo', {
      ContentBasedDeduplication: 'true',
      DeduplicationScope: 'messageGroup',
      FifoThroughputLimit: 'perMessageGroupId',
    });
    for (const group of ['a', 'b', 'a']) await send(queue, 'same words', { MessageGroupId: group });
    const groups = (await receive(queue)).map((message) => message.Attributes?.['MessageGroupId']);
    expect(groups).toEqual(['a', 'b']);
  });

  test('refuse a handle that has expired', async () => {
    const queue = await createQueue('desk.fifo');
    await inGroup(queue, 'g', 'x');
    const [message] = await receive(queue);
    clock.advance(30 * second);
    expect((await refused(remove(queue, message))).message).toMatch(/expired/);
    expect(await receive(queue)).toHaveLength(1);
  });
});

describe('long polls', () => {
  const poll = (QueueUrl: string, WaitTimeSeconds: number, signal?: AbortSignal) =>
    endpoint.sqs
      .handle('ReceiveMessage', { QueueUrl, WaitTimeSeconds, MessageSystemAttributeNames: ['All'] }, { signal })
      .then(({ body }) => answerSchema.parse(JSON.parse(body)).Messages);
  const answerSchema = z.object({
    Messages: z.array(z.object({ Body: z.string(), Attributes: z.record(z.string(), z.string()) })).default([]),
  });

  test('are served by a send, by a delay or a timeout that ends, and by a message given back', async () => {
    const queue = await createQueue('intake', { VisibilityTimeout: '7' });
    const bySend = poll(queue, 20);
    await send(queue, 'a');
    expect(await bySend).toMatchObject([{ Body: 'a' }]);
    const byTimeout = poll(queue, 20);
    clock.advance(7 * second);
    expect(await byTimeout).toMatchObject([{ Body: 'a', Attributes: { ApproximateReceiveCount: '2' } }]);
    const byDelay = poll(queue, 6);
    await send(queue, 'b', { DelaySeconds: 5 });
    clock.advance(5 * second);
    expect(await byDelay).toMatchObject([{ Body: 'b' }]);
    clock.advance(7 * second);
    const [first] = await receive(queue, { MaxNumberOfMessages: 1 });
    await receive(queue);
    const byReturn = poll(queue, 3);
    await hide(queue, first, 0);
    expect(await byReturn).toMatchObject([{ Body: first?.Body }]);
  });

  test('on a FIFO queue are served when the group is free again', async () => {
    const queue = await createQueue('desk.fifo', { ContentBasedDeduplication: 'true' });
    for (const body of ['1', '2']) await send(queue, body, { MessageGroupId: 'g' });
    const [first] = await receive(queue, { MaxNumberOfMessages: 1 });
    const next = poll(queue, 10);
    await remove(queue, first);
    expect(await next).toMatchObject([{ Body: '2' }]);
  });

  test('on a dead-letter queue are served by what the source gives up', async () => {
    const dead = await createQueue('dead');
    const queue = await createQueue('intake', { ...redrive('dead', 1), VisibilityTimeout: '0' });
    const waiting = poll(dead, 20);
    await send(queue, 'poison');
    await receive(queue);
    await receive(queue);
    expect(await waiting).toMatchObject([{ Body: 'poison' }]);
  });

  test('end empty after their time, the time of the queue when none is asked for', async () => {
    const queue = await createQueue('intake', { ReceiveMessageWaitTimeSeconds: '20' });
    const own = poll(queue, 5);
    const ofQueue = endpoint.sqs.handle('ReceiveMessage', { QueueUrl: queue });
    clock.advance(5 * second);
    expect(await own).toEqual([]);
    clock.advance(15 * second);
    expect((await ofQueue).body).toBe('{}');
  });

  test('serve who came first', async () => {
    const queue = await createQueue('intake');
    const served: string[] = [];
    const polls = ['first', 'second'].map((name) =>
      poll(queue, 20).then((messages) => served.push(name, messages[0]?.Body ?? '')),
    );
    await send(queue, '1');
    await send(queue, '2');
    await Promise.all(polls);
    expect(served).toEqual(['first', '1', 'second', '2']);
  });

  test('of receivers that left take no message', async () => {
    const queue = await createQueue('intake');
    const leaving = new AbortController();
    const left = poll(queue, 20, leaving.signal);
    leaving.abort();
    expect(await left).toEqual([]);
    await send(queue, 'kept');
    expect(await poll(queue, 20, leaving.signal)).toEqual([]);
    expect(await poll(queue, 0)).toMatchObject([{ Body: 'kept', Attributes: { ApproximateReceiveCount: '1' } }]);
  });

  test('end when their queue is deleted', async () => {
    const queue = await createQueue('intake');
    const waiting = poll(queue, 20);
    await endpoint.sqsClient.send(new DeleteQueueCommand({ QueueUrl: queue }));
    expect(await waiting).toEqual([]);
  });
});

describe('queues', () => {
  test('are made once under a name, found by it, listed and deleted with what they hold', async () => {
    const queue = await createQueue('vigie-intake', { VisibilityTimeout: '77' });
    expect(queue).toBe(`${endpoint.url}/${account.accountId}/vigie-intake`);
    expect(await createQueue('vigie-intake', { VisibilityTimeout: '77' })).toBe(queue);
    expect((await refused(createQueue('vigie-intake', { VisibilityTimeout: '78' }))).name).toBe('QueueNameExists');
    const found = await endpoint.sqsClient.send(new GetQueueUrlCommand({ QueueName: 'vigie-intake' }));
    expect(found.QueueUrl).toBe(queue);
    await createQueue('vigie-timers');
    await createQueue('other');
    const list = (more: object) =>
      endpoint.sqsClient.send(new ListQueuesCommand({ QueueNamePrefix: 'vigie-', ...more }));
    const page = await list({ MaxResults: 1 });
    expect(page.QueueUrls).toEqual([queue]);
    expect((await list({ NextToken: page.NextToken })).QueueUrls).toEqual([queue.replace('intake', 'timers')]);

    await send(queue, 'gone with it');
    await endpoint.sqsClient.send(new DeleteQueueCommand({ QueueUrl: queue }));
    expect((await refused(send(queue, 'x'))).name).toBe('QueueDoesNotExist');
    expect(await counts(await createQueue('vigie-intake'))).toEqual(['0', '0', '0']);
  });

  test('show their attributes, set and default, and forget those set to nothing', async () => {
    await createQueue('dead');
    const queue = await createQueue('intake', redrive('dead', 5));
    expect(await attributes(queue)).toEqual({
      ...redrive('dead', 5),
      QueueArn: arn('intake'),
      DelaySeconds: '0',
      MaximumMessageSize: '1048576',
      MessageRetentionPeriod: '345600',
      ReceiveMessageWaitTimeSeconds: '0',
      VisibilityTimeout: '30',
      SqsManagedSseEnabled: 'true',
      CreatedTimestamp: String(start / second),
      LastModifiedTimestamp: String(start / second),
      ApproximateNumberOfMessages: '0',
      ApproximateNumberOfMessagesNotVisible: '0',
      ApproximateNumberOfMessagesDelayed: '0',
    });
    clock.advance(minute);
    const change = { RedrivePolicy: '', VisibilityTimeout: '90' };
    await endpoint.sqsClient.send(new SetQueueAttributesCommand({ QueueUrl: queue, Attributes: change }));
    const after = await attributes(queue);
    expect(after['RedrivePolicy']).toBeUndefined();
    expect([after['VisibilityTimeout'], after['LastModifiedTimestamp']]).toEqual([
      '90',
      String((start + minute) / second),
    ]);
  });

  test('keep tags, and are purged of every message', async () => {
    const queue = await createQueue('intake');
    await endpoint.sqsClient.send(new TagQueueCommand({ QueueUrl: queue, Tags: { stage: 'test', team: 'care' } }));
    await endpoint.sqsClient.send(new UntagQueueCommand({ QueueUrl: queue, TagKeys: ['team'] }));
    const { Tags } = await endpoint.sqsClient.send(new ListQueueTagsCommand({ QueueUrl: queue }));
    expect(Tags).toEqual({ stage: 'test' });
    await send(queue, 'visible');
    await send(queue, 'delayed', { DelaySeconds: 60 });
    await endpoint.sqsClient.send(new PurgeQueueCommand({ QueueUrl: queue }));
    expect(await counts(queue)).toEqual(['0', '0', '0']);
  });
});

describe('what SQS refuses', () => {
  const refusals: readonly (readonly [string, (queue: string, fifo: string) => Promise<unknown>, string])[] = [
    ['a queue that is not there', () => send(`${endpoint.url}/${account.accountId}/nowhere`, 'x'), 'QueueDoesNotExist'],
    [
      'a queue URL that is none',
      () => endpoint.sqs.handle('PurgeQueue', { QueueUrl: 'intake' }).then(thrown),
      'InvalidAddress',
    ],
    ['no queue URL', () => endpoint.sqs.handle('PurgeQueue', {}).then(thrown), 'MissingParameter'],
    ['a body that is no object', () => endpoint.sqs.handle('PurgeQueue', 'x').then(thrown), 'InvalidParameterValue'],
    [
      'an operation it does not have',
      () => endpoint.sqs.handle('constructor', {}).then(thrown),
      'UnsupportedOperation',
    ],
    ['an empty body', (queue) => send(queue, ''), 'MissingParameter'],
    ['a control character', (queue) => send(queue, 'a\u0001'), 'InvalidMessageContents'],
    [
      'half a surrogate pair',
      (queue) => endpoint.sqs.handle('SendMessage', { QueueUrl: queue, MessageBody: '\ud83d' }).then(thrown),
      'InvalidMessageContents',
    ],
    ['a delay over 900 seconds', (queue) => send(queue, 'x', { DelaySeconds: 901 }), 'InvalidParameterValue'],
    ['a message over 1 MiB in bytes', (queue) => send(queue, `${'é'.repeat(524_288)}x`), 'InvalidParameterValue'],
    ['eleven messages at once', (queue) => receive(queue, { MaxNumberOfMessages: 11 }), 'InvalidParameterValue'],
    ['a wait over 20 seconds', (queue) => receive(queue, { WaitTimeSeconds: 21 }), 'InvalidParameterValue'],
    [
      'an unknown system attribute',
      (queue) => receive(queue, { AttributeNames: ['QueueArn'] }),
      'InvalidAttributeName',
    ],
    [
      'a handle of another queue',
      async (queue, fifo) => {
        await send(queue, 'x');
        return remove(fifo, (await receive(queue))[0]);
      },
      'ReceiptHandleIsInvalid',
    ],
    ['a handle that is none', (queue) => remove(queue, { ReceiptHandle: 'x' }), 'ReceiptHandleIsInvalid'],
    [
      'a deduplication id on a standard queue',
      (queue) => send(queue, 'x', { MessageDeduplicationId: 'x' }),
      'InvalidParameterValue',
    ],
    [
      'a FIFO message without a group',
      (_, fifo) => send(fifo, 'x', { MessageDeduplicationId: 'x' }),
      'MissingParameter',
    ],
    [
      'a FIFO message without a deduplication id',
      (_, fifo) => send(fifo, 'x', { MessageGroupId: 'g' }),
      'InvalidParameterValue',
    ],
    [
      'a FIFO message with a delay',
      (_, fifo) => send(fifo, 'x', { MessageGroupId: 'g', MessageDeduplicationId: 'x', DelaySeconds: 1 }),
      'InvalidParameterValue',
    ],
    ['a queue name with a dot', () => createQueue('a.b'), 'InvalidParameterValue'],
    ['a FIFO name without the attribute', () => createQueue('a.fifo', { FifoQueue: 'false' }), 'InvalidParameterValue'],
    [
      'a FIFO attribute on a standard queue',
      () => createQueue('a', { ContentBasedDeduplication: 'true' }),
      'InvalidAttributeName',
    ],
    ['an attribute out of range', () => createQueue('a', { VisibilityTimeout: '43201' }), 'InvalidAttributeValue'],
    ['a redrive policy that is no JSON', () => createQueue('a', { RedrivePolicy: '{' }), 'InvalidAttributeValue'],
    ['an empty batch', (queue) => batch(queue, []), 'EmptyBatchRequest'],
    [
      'a batch of eleven',
      (queue) =>
        batch(
          queue,
          Array.from({ length: 11 }, (_, n) => `e${n}`),
        ),
      'TooManyEntriesInBatchRequest',
    ],
    ['a batch id twice', (queue) => batch(queue, ['a', 'a']), 'BatchEntryIdsNotDistinct'],
    ['a batch id with a space', (queue) => batch(queue, ['a b']), 'InvalidBatchEntryId'],
    ['a batch over 1 MiB', (queue) => batch(queue, ['a', 'b'], 'x'.repeat(524_289)), 'BatchRequestTooLong'],
    [
      'a move from a queue that is no dead-letter queue',
      () => endpoint.sqsClient.send(new StartMessageMoveTaskCommand({ SourceArn: arn('intake') })),
      'InvalidParameterValue',
    ],
    [
      'a move task that is not there',
      () => endpoint.sqsClient.send(new CancelMessageMoveTaskCommand({ TaskHandle: 'x' })),
      'ResourceNotFoundException',
    ],
  ];
  const batch = (QueueUrl: string, ids: readonly string[], MessageBody = 'x') =>
    endpoint.sqsClient.send(new SendMessageBatchCommand({ QueueUrl, Entries: ids.map((Id) => ({ Id, MessageBody })) }));
  /** An answer the SDK would throw, for requests that the SDK would not let out. */
  const thrown = ({ status, headers }: AwsAnswer): never => {
    expect(status).toBe(400);
    throw Object.assign(new Error(), {
      name: headers['x-amzn-query-error']?.replace(/^AWS\.SimpleQueueService\.|;Sender$/g, ''),
    });
  };

  test.each(refusals)('%s', async (_, call, name) => {
    const queue = await createQueue('intake');
    const fifo = await createQueue('desk.fifo');
    expect((await refused(call(queue, fifo))).name).toBe(name);
  });

  test('in one entry of a batch does not touch the others', async () => {
    const queue = await createQueue('intake');
    const { Successful, Failed } = await endpoint.sqsClient.send(
      new SendMessageBatchCommand({
        QueueUrl: queue,
        Entries: [
          { Id: 'good', MessageBody: 'x' },
          { Id: 'late', MessageBody: 'x', DelaySeconds: 901 },
          { Id: 'ugly', MessageBody: '\u0000' },
        ],
      }),
    );
    expect(Successful?.map(({ Id }) => Id)).toEqual(['good']);
    expect(Failed).toMatchObject([
      { Id: 'late', Code: 'InvalidParameterValue', SenderFault: true },
      { Id: 'ugly', Code: 'InvalidMessageContents', SenderFault: true },
    ]);
    const [message] = await receive(queue);
    const deleted = await endpoint.sqsClient.send(
      new DeleteMessageBatchCommand({
        QueueUrl: queue,
        Entries: [
          { Id: 'wrong', ReceiptHandle: 'x' },
          { Id: 'right', ReceiptHandle: message?.ReceiptHandle },
        ],
      }),
    );
    expect(deleted.Successful).toEqual([{ Id: 'right' }]);
    expect(deleted.Failed).toMatchObject([{ Id: 'wrong', Code: 'ReceiptHandleIsInvalid' }]);
    expect(await counts(queue)).toEqual(['0', '0', '0']);
  });
});

describe('the file', () => {
  const directory = mkdtempSync(join(tmpdir(), 'vigie-sqs-'));
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  test('holds every message that was acknowledged before the process was killed', async () => {
    const file = join(directory, 'queues.db');
    const program = `
      import { openSqs } from ${JSON.stringify(new URL('../../local/sqs.ts', import.meta.url).href)};
      import { systemClock } from ${JSON.stringify(new URL('../../local/clock.ts', import.meta.url).href)};
      const sqs = openSqs({ file: ${JSON.stringify(file)}, clock: systemClock, baseUrl: () => 'http://q', region: 'eu-west-1', accountId: '000000000000' });
      await sqs.handle('CreateQueue', { QueueName: 'intake' });
      for (let n = 0; ; n += 1) {
        await sqs.handle('SendMessage', { QueueUrl: 'http://q/000000000000/intake', MessageBody: 'm' + n });
        if (!process.stdout.write('m' + n + '\\n')) await new Promise((done) => process.stdout.once('drain', done));
      }`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const acknowledged: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      acknowledged.push(line);
      if (acknowledged.length === 500) child.kill('SIGKILL');
    }
    expect(acknowledged.length).toBeGreaterThanOrEqual(500);

    const sqs = openSqs({ file, clock: systemClock, baseUrl: () => 'http://q', ...account });
    const kept = new Set<string>();
    for (;;) {
      const { body } = await sqs.handle('ReceiveMessage', {
        QueueUrl: `http://q/${account.accountId}/intake`,
        MaxNumberOfMessages: 10,
      });
      const { Messages } = z
        .object({ Messages: z.array(z.object({ Body: z.string() })).optional() })
        .parse(JSON.parse(body));
      if (Messages === undefined) break;
      for (const { Body } of Messages) kept.add(Body);
    }
    sqs.close();
    expect(acknowledged.filter((body) => !kept.has(body))).toEqual([]);
  });
});

const conformance = new URL('../../../shared/checks/sqs-conformance.mjs', import.meta.url);
test.skipIf(!existsSync(conformance))(
  'passes every check of ../shared/checks/sqs-conformance.mjs (skipped where that file is absent)',
  { timeout: 120_000 },
  async () => {
    const real = await startQueueEndpoint(systemClock);
    // Read from standard input, the script resolves the SDK clients from this project.
    const child = spawn(process.execPath, ['--input-type=module', '-', real.url], {
      stdio: ['pipe', 'pipe', 'inherit'],
      cwd: new URL('../..', import.meta.url),
    });
    createReadStream(conformance).pipe(child.stdin);
    const output = await text(child.stdout);
    await real.close();
    expect(output.split('\n').filter((line) => line.startsWith('FAIL'))).toEqual([]);
    expect(output).toContain('TOTAL pass 31 fail 0');
  },
);
