import {
  CreateTopicCommand,
  GetTopicAttributesCommand,
  ListSubscriptionsByTopicCommand,
  ListTopicsCommand,
  PublishBatchCommand,
  PublishCommand,
  type PublishCommandInput,
  SubscribeCommand,
} from '@aws-sdk/client-sns';
import { CreateQueueCommand, type Message, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { manualClock } from '../../local/clock.ts';
import { account, type QueueEndpoint, startQueueEndpoint } from './sqs-endpoint.ts';

const start = Date.UTC(2026, 0, 5, 9);
const topicArn = `arn:aws:sns:${account.region}:${account.accountId}:escalations`;

let clock = manualClock(start);
let endpoint: QueueEndpoint;
let queueUrl = '';
beforeEach(async () => {
  clock = manualClock(start);
  endpoint = await startQueueEndpoint(clock);
  const { TopicArn } = await endpoint.snsClient.send(new CreateTopicCommand({ Name: 'escalations' }));
  expect(TopicArn).toBe(topicArn);
  const { QueueUrl = '' } = await endpoint.sqsClient.send(new CreateQueueCommand({ QueueName: 'watchers' }));
  queueUrl = QueueUrl;
});
afterEach(() => endpoint.close());

const publish = (Message: string, more: Partial<PublishCommandInput> = {}) =>
  endpoint.snsClient.send(new PublishCommand({ TopicArn: topicArn, Message, ...more }));

async function subscribe(Attributes: Record<string, string> = {}): Promise<string | undefined> {
  const Endpoint = `arn:aws:sqs:${account.region}:${account.accountId}:watchers`;
  const command = new SubscribeCommand({ TopicArn: topicArn, Protocol: 'sqs', Endpoint, Attributes });
  return (await endpoint.snsClient.send(command)).SubscriptionArn;
}

async function delivered(): Promise<readonly Message[]> {
  const command = new ReceiveMessageCommand({
    QueueUrl: queueUrl,
    MaxNumberOfMessages: 10,
    MessageAttributeNames: ['All'],
  });
  return (await endpoint.sqsClient.send(command)).Messages ?? [];
}

const nameOf = async (call: Promise<unknown>) =>
  call.then(
    () => 'accepted',
    (error: unknown) => z.object({ name: z.string() }).parse(error).name,
  );

describe('topics', () => {
  test('are made once under a name, listed and described', async () => {
    await endpoint.snsClient.send(new CreateTopicCommand({ Name: 'escalations' }));
    const { Topics } = await endpoint.snsClient.send(new ListTopicsCommand({}));
    expect(Topics).toEqual([{ TopicArn: topicArn }]);
    await subscribe();
    await endpoint.snsClient.send(
      new SubscribeCommand({ TopicArn: topicArn, Protocol: 'email', Endpoint: 'rota@brand.example' }),
    );
    const { Attributes } = await endpoint.snsClient.send(new GetTopicAttributesCommand({ TopicArn: topicArn }));
    expect(Attributes).toMatchObject({ TopicArn: topicArn, SubscriptionsConfirmed: '1', SubscriptionsPending: '1' });
  });

  test('keep one subscription for a queue, and let an email address wait for its confirmation', async () => {
    const arn = await subscribe();
    expect(await subscribe({ RawMessageDelivery: 'true' })).toBe(arn);
    const byMail = new SubscribeCommand({ TopicArn: topicArn, Protocol: 'email', Endpoint: 'rota@brand.example' });
    expect((await endpoint.snsClient.send(byMail)).SubscriptionArn).toBe('pending confirmation');
    const { Subscriptions } = await endpoint.snsClient.send(
      new ListSubscriptionsByTopicCommand({ TopicArn: topicArn }),
    );
    expect(Subscriptions?.map(({ Protocol, SubscriptionArn }) => [Protocol, SubscriptionArn]).sort()).toEqual([
      ['email', 'PendingConfirmation'],
      ['sqs', arn],
    ]);
  });
});

describe('what is published', () => {
  test('is kept with its topic, subject and time', async () => {
    await publish('Case 7 <urgent> & late: "où ?" 📦', { Subject: 'Répondre avant 10:00' });
    clock.advance(1_000);
    await publish('second');
    expect(endpoint.sns.notices()).toEqual([
      {
        topicArn,
        subject: 'Répondre avant 10:00',
        message: 'Case 7 <urgent> & late: "où ?" 📦',
        at: '2026-01-05T09:00:00.000Z',
      },
      { topicArn, subject: undefined, message: 'second', at: '2026-01-05T09:00:01.000Z' },
    ]);
  });

  test('is kept up to the last 1,000', async () => {
    for (let n = 0; n < 1_005; n += 1) {
      const body = new URLSearchParams({ Action: 'Publish', TopicArn: topicArn, Message: `n${n}` });
      await endpoint.sns.handle(body.toString());
    }
    const messages = endpoint.sns.notices().map(({ message }) => message);
    expect([messages.length, messages[0], messages.at(-1)]).toEqual([1_000, 'n5', 'n1004']);
  });

  test('reaches a queue in the envelope of SNS', async () => {
    await subscribe();
    const { MessageId } = await publish('late', {
      Subject: 'Case 7',
      MessageAttributes: { priority: { DataType: 'String', StringValue: 'urgent' } },
    });
    const [message] = await delivered();
    expect(JSON.parse(message?.Body ?? '')).toEqual({
      Type: 'Notification',
      MessageId,
      TopicArn: topicArn,
      Subject: 'Case 7',
      Message: 'late',
      Timestamp: '2026-01-05T09:00:00.000Z',
      MessageAttributes: { priority: { Type: 'String', Value: 'urgent' } },
    });
  });

  test('reaches a queue as it is with raw delivery, attributes included', async () => {
    await subscribe({ RawMessageDelivery: 'true' });
    await publish('late', {
      MessageAttributes: {
        priority: { DataType: 'String', StringValue: 'urgent' },
        bytes: { DataType: 'Binary', BinaryValue: Uint8Array.of(1, 2) },
      },
    });
    const [message] = await delivered();
    expect(message).toMatchObject({
      Body: 'late',
      MessageAttributes: { priority: { StringValue: 'urgent' }, bytes: { BinaryValue: Uint8Array.of(1, 2) } },
    });
  });

  test.each([
    ['an attribute of the wanted value', { FilterPolicy: '{"desk":["in_house","legal"]}' }, ['legal']],
    ['a wanted number', { FilterPolicy: '{"level":[2]}' }, ['legal']],
    ['a value in the body', { FilterPolicy: '{"to":["vendor"]}', FilterPolicyScope: 'MessageBody' }, ['vendor']],
    ['all names of the policy', { FilterPolicy: '{"desk":["legal"],"absent":["x"]}' }, []],
  ])('reaches a queue only with %s', async (_, attributes, expected) => {
    await subscribe({ RawMessageDelivery: 'true', ...attributes });
    for (const [desk, level] of [
      ['vendor', '1'],
      ['legal', '2'],
    ] as const) {
      await publish(JSON.stringify({ to: desk }), {
        MessageAttributes: {
          desk: { DataType: 'String', StringValue: desk },
          level: { DataType: 'Number', StringValue: level },
        },
      });
    }
    expect((await delivered()).map(({ Body }) => Body)).toEqual(expected.map((to) => JSON.stringify({ to })));
  });

  test('in a batch is judged entry by entry', async () => {
    const { Successful, Failed } = await endpoint.snsClient.send(
      new PublishBatchCommand({
        TopicArn: topicArn,
        PublishBatchRequestEntries: [
          { Id: 'a', Message: 'one', Subject: 'first' },
          { Id: 'b', Message: 'two', Subject: 'line\nbreak' },
          { Id: 'c', Message: 'three' },
        ],
      }),
    );
    expect(Successful?.map(({ Id }) => Id)).toEqual(['a', 'c']);
    expect(Failed).toMatchObject([{ Id: 'b', Code: 'InvalidParameter', SenderFault: true }]);
    expect(endpoint.sns.notices().map(({ message }) => message)).toEqual(['one', 'three']);
  });
});

describe('what SNS refuses', () => {
  const batch = (ids: readonly string[], text = 'x') =>
    endpoint.snsClient.send(
      new PublishBatchCommand({
        TopicArn: topicArn,
        PublishBatchRequestEntries: ids.map((Id) => ({ Id, Message: text })),
      }),
    );
  const refusals: readonly (readonly [string, () => Promise<unknown>, string])[] = [
    ['a topic that is not there', () => publish('x', { TopicArn: `${topicArn}-gone` }), 'NotFoundException'],
    ['an empty message', () => publish(''), 'InvalidParameterException'],
    ['a subject over 100 characters', () => publish('x', { Subject: 'é'.repeat(101) }), 'InvalidParameterException'],
    ['a message over 256 KiB', () => publish('x'.repeat(262_145)), 'InvalidParameterException'],
    [
      'a batch of eleven',
      () => batch(Array.from({ length: 11 }, (_, n) => `e${n}`)),
      'TooManyEntriesInBatchRequestException',
    ],
    ['a batch id twice', () => batch(['a', 'a']), 'BatchEntryIdsNotDistinctException'],
    ['a batch over 256 KiB', () => batch(['a', 'b'], 'x'.repeat(131_073)), 'BatchRequestTooLongException'],
    [
      'a filter it cannot judge',
      () => subscribe({ FilterPolicy: '{"desk":[{"prefix":"in"}]}' }),
      'InvalidParameterException',
    ],
    [
      'a topic name with a space',
      () => endpoint.snsClient.send(new CreateTopicCommand({ Name: 'a b' })),
      'InvalidParameterException',
    ],
  ];

  test.each(refusals)('%s', async (_, call, name) => {
    expect(await nameOf(call())).toBe(name);
    expect(endpoint.sns.notices()).toEqual([]);
  });

  test('an action it does not have', async () => {
    const { status, body } = await endpoint.sns.handle('Action=constructor');
    expect(status).toBe(400);
    expect(body).toContain('<Code>InvalidAction</Code>');
  });
});
