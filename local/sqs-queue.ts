import * as z from 'zod';
import { invalidParameter, plainSqsError } from './sqs-error.ts';

/** The largest message, and the most a batch may hold together, in bytes (SQS quotas: 1 MiB). */
export const largestMessageBytes = 1_048_576;

/** What is set on a queue, as texts, the way SQS takes and shows them. */
export type QueueAttributes = Readonly<Record<string, string>>;

export interface Queue {
  readonly id: number;
  readonly name: string;
  readonly attributes: QueueAttributes;
  readonly settings: QueueSettings;
  readonly tags: Readonly<Record<string, string>>;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly modifiedAt: number;
}

function wholeNumber(least: number, most: number) {
  return z
    .string()
    .regex(/^\d{1,10}$/)
    .transform(Number)
    .pipe(z.int().min(least).max(most));
}

const flag = z.enum(['true', 'false']).transform((value) => value === 'true');

function json<T>(schema: z.ZodType<T>) {
  return z
    .string()
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue({ code: 'custom', message: 'Not JSON' });
        return z.NEVER;
      }
    })
    .pipe(schema);
}

/** Names, ranges and defaults: Amazon SQS API reference, CreateQueue and SetQueueAttributes. */
const settingsSchema = z.strictObject({
  DelaySeconds: wholeNumber(0, 900),
  MaximumMessageSize: wholeNumber(1_024, largestMessageBytes),
  MessageRetentionPeriod: wholeNumber(60, 1_209_600),
  ReceiveMessageWaitTimeSeconds: wholeNumber(0, 20),
  VisibilityTimeout: wholeNumber(0, 43_200),
  Policy: json(z.unknown()).optional(),
  RedrivePolicy: json(
    z.object({ deadLetterTargetArn: z.string(), maxReceiveCount: z.coerce.number().int().min(1).max(1_000) }),
  ).optional(),
  RedriveAllowPolicy: json(
    z.object({
      redrivePermission: z.enum(['allowAll', 'denyAll', 'byQueue']),
      sourceQueueArns: z.array(z.string()).max(10).optional(),
    }),
  ).optional(),
  KmsMasterKeyId: z.string().optional(),
  KmsDataKeyReusePeriodSeconds: wholeNumber(60, 86_400).optional(),
  SqsManagedSseEnabled: flag,
});
const fifoSettingsSchema = settingsSchema.extend({
  FifoQueue: z.literal('true'),
  ContentBasedDeduplication: flag,
  DeduplicationScope: z.enum(['queue', 'messageGroup']),
  FifoThroughputLimit: z.enum(['perQueue', 'perMessageGroupId']),
});

export type QueueSettings = z.infer<typeof settingsSchema> & {
  /** Undefined on a standard queue. */
  readonly fifo: { readonly contentBasedDeduplication: boolean; readonly perGroup: boolean } | undefined;
};

const defaults: QueueAttributes = {
  DelaySeconds: '0',
  MaximumMessageSize: String(largestMessageBytes),
  MessageRetentionPeriod: '345600',
  ReceiveMessageWaitTimeSeconds: '0',
  VisibilityTimeout: '30',
  SqsManagedSseEnabled: 'true',
};
const fifoDefaults: QueueAttributes = {
  ...defaults,
  FifoQueue: 'true',
  ContentBasedDeduplication: 'false',
  DeduplicationScope: 'queue',
  FifoThroughputLimit: 'perQueue',
};

/** The attributes of a new queue of this name, or throws what SQS answers to the given ones. */
export function newAttributes(name: string, given: QueueAttributes): QueueAttributes {
  const fifo = name.endsWith('.fifo');
  if (!/^[\w-]{1,80}$/.test(name.replace(/(?<=.)\.fifo$/, '-fifo'))) {
    throw invalidParameter(
      'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length, for a FIFO queue with .fifo at its end.',
    );
  }
  if (fifo !== (given['FifoQueue'] === 'true')) {
    throw invalidParameter(
      fifo
        ? 'The name of a standard queue cannot end with .fifo: set FifoQueue to true.'
        : 'The name of a FIFO queue can only end with .fifo.',
    );
  }
  return changeAttributes(fifo ? fifoDefaults : defaults, given);
}

/** The attributes with the given ones put in; an empty text takes an optional one away. Throws what SQS answers to a wrong one. */
export function changeAttributes(before: QueueAttributes, given: QueueAttributes): QueueAttributes {
  const after = Object.fromEntries(Object.entries({ ...before, ...given }).filter(([, value]) => value !== ''));
  readSettings(after);
  return after;
}

/** What the attributes mean, or throws InvalidAttributeName or InvalidAttributeValue. */
export function readSettings(attributes: QueueAttributes): QueueSettings {
  if (attributes['FifoQueue'] === undefined) {
    return { ...parseAttributes(settingsSchema, attributes), fifo: undefined };
  }
  const settings = parseAttributes(fifoSettingsSchema, attributes);
  const perGroup = settings.DeduplicationScope === 'messageGroup';
  if (settings.FifoThroughputLimit === 'perMessageGroupId' && !perGroup) {
    throw plainSqsError(
      'InvalidAttributeValue',
      'FifoThroughputLimit can be perMessageGroupId only where DeduplicationScope is messageGroup.',
    );
  }
  return { ...settings, fifo: { contentBasedDeduplication: settings.ContentBasedDeduplication, perGroup } };
}

function parseAttributes<T>(schema: z.ZodType<T>, attributes: QueueAttributes): T {
  const parsed = schema.safeParse(attributes);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  if (issue?.code === 'unrecognized_keys') throw unknownAttribute(issue.keys[0]);
  throw plainSqsError('InvalidAttributeValue', `Invalid value for the parameter ${String(issue?.path[0])}.`);
}

export function unknownAttribute(name: string | undefined): Error {
  return plainSqsError('InvalidAttributeName', `Unknown Attribute ${name}.`);
}
