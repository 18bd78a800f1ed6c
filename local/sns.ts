import { randomUUID } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import * as z from 'zod';
import { type AwsAnswer, type AwsFailure, failed } from './aws-call.ts';
import type { Clock } from './clock.ts';
import type { LocalSqs } from './sqs.ts';
import { type MessageAttributes, messageAttributesSchema, sizeOf } from './sqs-message.ts';

export interface SnsOptions {
  /** Where topics and notices are kept: a path, or `:memory:`. */
  readonly file: string;
  readonly clock: Clock;
  readonly region: string;
  readonly accountId: string;
  /** Where subscribed queues are. */
  readonly sqs: LocalSqs;
}

/** Something that was published. */
export interface Notice {
  readonly topicArn: string;
  readonly subject: string | undefined;
  readonly message: string;
  /** ISO 8601, UTC. */
  readonly at: string;
}

export interface LocalSns {
  /** Answers one call of the AWS query protocol; `form` is the body, `application/x-www-form-urlencoded`. */
  handle(form: string): Promise<AwsAnswer>;
  /** The last 1,000 notices, oldest first. */
  notices(): readonly Notice[];
  close(): void;
}

const keptNotices = 1_000;
/** A message, and a batch in all (SNS API reference, Publish and PublishBatch). */
const largestMessageBytes = 262_144;

class SnsError extends Error {
  override name = 'SnsError';
  readonly failure: AwsFailure;

  constructor(failure: AwsFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

function invalid(message: string): SnsError {
  return new SnsError({ code: 'InvalidParameter', message: `Invalid parameter: ${message}` });
}

const topicRow = z.object({ arn: z.string(), displayName: z.string() });
const subscriptionRow = z.object({
  arn: z.string(),
  topicArn: z.string(),
  protocol: z.string(),
  endpoint: z.string(),
  attributes: z.string(),
});
type Subscription = z.infer<typeof subscriptionRow>;
const noticeRow = z
  .object({ topicArn: z.string(), subject: z.string().nullable(), message: z.string(), at: z.int() })
  .transform(({ subject, at, ...notice }) => ({
    ...notice,
    subject: subject ?? undefined,
    at: new Date(at).toISOString(),
  }));

/** Values a filter policy may ask for: exact ones only; the pattern operators are not served locally. */
const filterValue = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const filterPolicySchema = z.record(z.string(), z.array(filterValue));
const subscriptionAttributesSchema = z.strictObject({
  RawMessageDelivery: z.enum(['true', 'false']).optional(),
  FilterPolicy: z.string().optional(),
  FilterPolicyScope: z.enum(['MessageAttributes', 'MessageBody']).optional(),
});

/** SNS API reference, Publish: "UTF-8 text with no line breaks or control characters", up to 100 characters. */
const subjectSchema = z.string().regex(/^[^\p{Cc}\u2028\u2029]{1,100}$/u);
const publicationSchema = z.object({
  Subject: subjectSchema.optional(),
  Message: z.string().min(1),
  MessageAttributes: messageAttributesSchema,
});
type Publication = z.infer<typeof publicationSchema>;

/**
 * Amazon SNS as far as the product and its template use it: standard topics, delivery to queues of the same endpoint, and a record of what
 * was published. Subscriptions of other kinds (email, https) are kept, waiting to be confirmed, and get nothing.
 */
export function openSns({ file, clock, region, accountId, sqs }: SnsOptions): LocalSns {
  const database = new DatabaseSync(file);
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    CREATE TABLE IF NOT EXISTS topics (arn TEXT PRIMARY KEY, displayName TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS subscriptions (
      arn TEXT PRIMARY KEY,
      topicArn TEXT NOT NULL,
      protocol TEXT NOT NULL,
      endpoint TEXT NOT NULL,
      attributes TEXT NOT NULL,
      UNIQUE (topicArn, protocol, endpoint)
    );
    CREATE TABLE IF NOT EXISTS notices (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      topicArn TEXT NOT NULL,
      subject TEXT,
      message TEXT NOT NULL,
      at INTEGER NOT NULL
    );
  `);
  const insertTopic = database.prepare('INSERT INTO topics (arn, displayName) VALUES (?, ?) ON CONFLICT DO NOTHING');
  const findTopic = database.prepare('SELECT * FROM topics WHERE arn = ?');
  const allTopics = database.prepare('SELECT * FROM topics ORDER BY arn');
  const putSubscription = database.prepare(`
    INSERT INTO subscriptions (arn, topicArn, protocol, endpoint, attributes) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (topicArn, protocol, endpoint) DO UPDATE SET attributes = excluded.attributes RETURNING *`);
  const subscriptionsOf = database.prepare('SELECT * FROM subscriptions WHERE topicArn = ? ORDER BY arn');
  const insertNotice = database.prepare('INSERT INTO notices (topicArn, subject, message, at) VALUES (?, ?, ?, ?)');
  const trimNotices = database.prepare('DELETE FROM notices WHERE id <= ?');
  const allNotices = database.prepare('SELECT topicArn, subject, message, at FROM notices ORDER BY id');

  const topicOf = (arn: string): z.infer<typeof topicRow> => {
    const topic = topicRow.optional().parse(findTopic.get(arn));
    if (topic === undefined) throw new SnsError({ code: 'NotFound', message: 'Topic does not exist', status: 404 });
    return topic;
  };
  const subscribed = (topicArn: string): readonly Subscription[] =>
    subscriptionsOf.all(topicArn).map((row) => subscriptionRow.parse(row));

  const deliver = async (subscription: Subscription, messageId: string, publication: Publication): Promise<void> => {
    const { FilterPolicy, FilterPolicyScope, RawMessageDelivery } = readSubscription(subscription.attributes);
    if (subscription.protocol !== 'sqs' || !passes(FilterPolicy, FilterPolicyScope, publication)) return;
    const { Subject, Message, MessageAttributes } = publication;
    const QueueName = subscription.endpoint.split(':').at(-1);
    const { body } = await sqs.handle('GetQueueUrl', { QueueName });
    const { QueueUrl } = z.object({ QueueUrl: z.string().optional() }).parse(JSON.parse(body));
    // SNS drops what it cannot deliver, unless the subscription has a dead-letter queue of its own.
    if (QueueUrl === undefined) return;
    const raw = { QueueUrl, MessageBody: Message, MessageAttributes };
    const envelope = {
      Type: 'Notification',
      MessageId: messageId,
      TopicArn: subscription.topicArn,
      ...(Subject !== undefined && { Subject }),
      Message,
      Timestamp: new Date(clock.now()).toISOString(),
      // No Signature: nobody here holds the key that SNS signs with.
      ...(Object.keys(MessageAttributes).length > 0 && {
        MessageAttributes: Object.fromEntries(
          Object.entries(MessageAttributes).map(([name, { DataType, StringValue, BinaryValue }]) => [
            name,
            { Type: DataType, Value: StringValue ?? BinaryValue },
          ]),
        ),
      }),
    };
    const message = RawMessageDelivery === 'true' ? raw : { QueueUrl, MessageBody: JSON.stringify(envelope) };
    await sqs.handle('SendMessage', message, { caller: 'sns' });
  };

  const publish = async (topicArn: string, publication: Publication): Promise<string> => {
    const { lastInsertRowid } = insertNotice.run(
      topicArn,
      publication.Subject ?? null,
      publication.Message,
      clock.now(),
    );
    trimNotices.run(Number(lastInsertRowid) - keptNotices);
    const messageId = randomUUID();
    for (const subscription of subscribed(topicArn)) await deliver(subscription, messageId, publication);
    return messageId;
  };

  const operations: Readonly<Record<string, (form: Form) => string | Promise<string>>> = {
    CreateTopic(form) {
      const name = form.required('Name');
      if (!/^[\w-]{1,256}$/.test(name)) throw invalid('Topic Name');
      const arn = `arn:aws:sns:${region}:${accountId}:${name}`;
      const displayName = form.entries('Attributes.entry').find((entry) => entry.text('key') === 'DisplayName');
      insertTopic.run(arn, displayName?.text('value') ?? '');
      return element('TopicArn', arn);
    },
    ListTopics() {
      const topics = allTopics.all().map((row) => topicRow.parse(row));
      return wrap('Topics', topics.map(({ arn }) => wrap('member', element('TopicArn', arn))).join(''));
    },
    GetTopicAttributes(form) {
      const { arn, displayName } = topicOf(form.required('TopicArn'));
      const confirmed = subscribed(arn).filter(isConfirmed).length;
      const attributes = {
        TopicArn: arn,
        Owner: accountId,
        DisplayName: displayName,
        SubscriptionsConfirmed: String(confirmed),
        SubscriptionsPending: String(subscribed(arn).length - confirmed),
        SubscriptionsDeleted: '0',
      };
      const entries = Object.entries(attributes).map(([key, value]) =>
        wrap('entry', element('key', key) + element('value', value)),
      );
      return wrap('Attributes', entries.join(''));
    },
    Subscribe(form) {
      const { arn: topicArn } = topicOf(form.required('TopicArn'));
      const protocol = form.required('Protocol');
      const endpoint = form.required('Endpoint');
      const attributes = JSON.stringify(
        Object.fromEntries(
          form.entries('Attributes.entry').map((entry) => [entry.required('key'), entry.text('value') ?? '']),
        ),
      );
      readSubscription(attributes);
      if (protocol === 'sqs' && !endpoint.startsWith(`arn:aws:sqs:${region}:${accountId}:`)) {
        throw invalid('Endpoint must be the ARN of a queue of this endpoint');
      }
      const row = putSubscription.get(`${topicArn}:${randomUUID()}`, topicArn, protocol, endpoint, attributes);
      const subscription = subscriptionRow.parse(row);
      const confirmed = isConfirmed(subscription) || form.text('ReturnSubscriptionArn') === 'true';
      return element('SubscriptionArn', confirmed ? subscription.arn : 'pending confirmation');
    },
    ListSubscriptionsByTopic(form) {
      const { arn: topicArn } = topicOf(form.required('TopicArn'));
      const members = subscribed(topicArn).map((subscription) =>
        wrap(
          'member',
          element('TopicArn', topicArn) +
            element('Protocol', subscription.protocol) +
            element('SubscriptionArn', isConfirmed(subscription) ? subscription.arn : 'PendingConfirmation') +
            element('Owner', accountId) +
            element('Endpoint', subscription.endpoint),
        ),
      );
      return wrap('Subscriptions', members.join(''));
    },
    async Publish(form) {
      const { arn } = topicOf(form.required('TopicArn'));
      const publication = readPublication(form);
      if (bytesOf(publication) > largestMessageBytes) throw invalid('Message too long');
      return element('MessageId', await publish(arn, publication));
    },
    async PublishBatch(form) {
      const { arn } = topicOf(form.required('TopicArn'));
      const entries = form
        .entries('PublishBatchRequestEntries.member')
        .map((entry) => ({ id: entry.required('Id'), entry }));
      checkBatch(entries.map(({ id }) => id));
      const read = entries.map(({ id, entry }) => ({ id, publication: refusalOr(() => readPublication(entry)) }));
      const bytes = read.reduce(
        (sum, { publication }) => sum + (publication instanceof SnsError ? 0 : bytesOf(publication)),
        0,
      );
      if (bytes > largestMessageBytes)
        throw batchError('BatchRequestTooLong', 'The batch is longer than 262144 bytes.');
      let successful = '';
      let refused = '';
      for (const { id, publication } of read) {
        if (publication instanceof SnsError) {
          const { code, message } = publication.failure;
          const fields = { Id: id, Code: code, Message: message, SenderFault: 'true' };
          refused += wrap(
            'member',
            Object.entries(fields)
              .map(([name, text]) => element(name, text))
              .join(''),
          );
        } else {
          successful += wrap('member', element('Id', id) + element('MessageId', await publish(arn, publication)));
        }
      }
      return wrap('Successful', successful) + wrap('Failed', refused);
    },
  };

  return {
    async handle(body) {
      const form = readForm(new URLSearchParams(body));
      const action = form.text('Action') ?? '';
      try {
        const serve = Object.hasOwn(operations, action) ? operations[action] : undefined;
        if (serve === undefined) {
          throw new SnsError({ code: 'InvalidAction', message: `${action} is not served locally.` });
        }
        const result = wrap(`${action}Result`, await serve(form));
        const metadata = wrap('ResponseMetadata', element('RequestId', randomUUID()));
        const xmlns = 'http://sns.amazonaws.com/doc/2010-03-31/';
        return {
          status: 200,
          headers: { 'content-type': 'text/xml' },
          body: `<${action}Response xmlns="${xmlns}">${result}${metadata}</${action}Response>`,
        };
      } catch (error) {
        if (error instanceof SnsError) return failed('sns', error.failure);
        throw error;
      }
    },
    notices: () => allNotices.all().map((row) => noticeRow.parse(row)),
    close: () => database.close(),
  };
}

/** A query-protocol body: names with dots are structures, `.member.1` and `.entry.1` lists and maps. */
interface Form {
  text(name: string): string | undefined;
  /** Throws what SNS answers when the parameter is not there or empty. */
  required(name: string): string;
  /** The structures `prefix.1`, `prefix.2`, …, up to the first that is missing. */
  entries(prefix: string): readonly Form[];
}

function readForm(parameters: URLSearchParams): Form {
  const text = (name: string): string | undefined => parameters.get(name) ?? undefined;
  return {
    text,
    required(name) {
      const value = text(name);
      if (!value) throw invalid(name);
      return value;
    },
    entries(prefix) {
      const found: Form[] = [];
      for (;;) {
        const start = `${prefix}.${found.length + 1}.`;
        const own = [...parameters].filter(([name]) => name.startsWith(start));
        if (own.length === 0) return found;
        found.push(
          readForm(
            new URLSearchParams(Object.fromEntries(own.map(([name, value]) => [name.slice(start.length), value]))),
          ),
        );
      }
    },
  };
}

function readPublication(form: Form): Publication {
  const attributes = form.entries('MessageAttributes.entry').map((entry) => [
    entry.required('Name'),
    {
      DataType: entry.text('Value.DataType'),
      StringValue: entry.text('Value.StringValue'),
      BinaryValue: entry.text('Value.BinaryValue'),
    },
  ]);
  const parsed = publicationSchema.safeParse({
    Subject: form.text('Subject'),
    Message: structured(form.text('MessageStructure'), form.text('Message')),
    MessageAttributes: Object.fromEntries(attributes),
  });
  if (!parsed.success) throw invalid(parsed.error.issues[0]?.path.join('.') ?? 'Message');
  return parsed.data;
}

/** With the structure `json`, a message is one text for each protocol; nobody here but queues hears it, and those get `default` (Publish). */
function structured(structure: string | undefined, message: string | undefined): string | undefined {
  if (structure !== 'json') return message;
  const texts = z.looseObject({ default: z.string() }).safeParse(parseJson(message ?? ''));
  if (!texts.success) throw invalid('Message Structure - No default entry in JSON message body');
  return texts.data.default;
}

function bytesOf({ Message, MessageAttributes }: Publication): number {
  return sizeOf(Message, MessageAttributes);
}

function refusalOr<T>(read: () => T): T | SnsError {
  try {
    return read();
  } catch (error) {
    if (error instanceof SnsError) return error;
    throw error;
  }
}

function batchError(name: string, message: string): SnsError {
  return new SnsError({ code: name, message });
}

function checkBatch(ids: readonly string[]): void {
  if (ids.length === 0) throw batchError('EmptyBatchRequest', 'The batch request contains no entries.');
  if (ids.length > 10)
    throw batchError('TooManyEntriesInBatchRequest', 'The batch request contains more than 10 entries.');
  if (new Set(ids).size < ids.length) {
    throw batchError('BatchEntryIdsNotDistinct', 'Two or more batch entries in the request have the same Id.');
  }
}

/** A queue of one's own account needs no confirmation. */
function isConfirmed({ protocol }: Subscription): boolean {
  return protocol === 'sqs';
}

function readSubscription(attributes: string) {
  const parsed = subscriptionAttributesSchema.safeParse(JSON.parse(attributes));
  if (!parsed.success)
    throw invalid('Attributes: only RawMessageDelivery, FilterPolicy and FilterPolicyScope are served');
  const { FilterPolicy, ...rest } = parsed.data;
  return { ...rest, FilterPolicy: FilterPolicy === undefined ? undefined : readFilterPolicy(FilterPolicy) };
}

function readFilterPolicy(text: string): z.infer<typeof filterPolicySchema> {
  const policy = filterPolicySchema.safeParse(parseJson(text));
  if (!policy.success) throw invalid('FilterPolicy: only lists of exact values are served locally');
  return policy.data;
}

/** Every name of the policy must have one of its values (SNS developer guide, "Subscription filter policies"). */
function passes(
  policy: z.infer<typeof filterPolicySchema> | undefined,
  scope: 'MessageAttributes' | 'MessageBody' | undefined,
  { Message, MessageAttributes }: Publication,
): boolean {
  if (policy === undefined) return true;
  const values =
    scope === 'MessageBody'
      ? z.record(z.string(), z.unknown()).safeParse(parseJson(Message)).data
      : attributeValues(MessageAttributes);
  return Object.entries(policy).every(([name, wanted]) => {
    const value = values?.[name];
    const offered: readonly unknown[] = Array.isArray(value) ? value : [value];
    return offered.some((one) => wanted.some((want) => want === one));
  });
}

function attributeValues(attributes: MessageAttributes): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { DataType, StringValue = '' }]) => {
      if (DataType === 'String.Array') return [name, parseJson(StringValue)];
      return [name, DataType.startsWith('Number') ? Number(StringValue) : StringValue];
    }),
  );
}

/** `undefined` when it is not JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function wrap(name: string, content: string): string {
  return `<${name}>${content}</${name}>`;
}

function element(name: string, text: string): string {
  return wrap(name, text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'));
}
