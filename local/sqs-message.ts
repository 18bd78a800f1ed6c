import { createHash } from 'node:crypto';
import * as z from 'zod';
import { invalidParameter, plainSqsError } from './sqs-error.ts';

/** Message attributes and group ids: Amazon SQS API reference, MessageAttributeValue and SendMessage. */
const attributeName = z
  .string()
  .regex(/^(?!aws\.|amazon\.)(?!\.)(?!.*\.\.)[\w.-]{1,256}(?<!\.)$/i, 'Not a valid message attribute name');

const attributeValueSchema = z
  .object({ DataType: z.string(), StringValue: z.string().optional(), BinaryValue: z.string().optional() })
  .superRefine(({ DataType, StringValue, BinaryValue }, context) => {
    const refuse = (message: string): void => context.addIssue({ code: 'custom', message });
    if (!/^(String|Number|Binary)(\..+)?$/.test(DataType) || DataType.length > 256) {
      return refuse('The type must start with String, Number or Binary');
    }
    const value = isBinary(DataType) ? BinaryValue : StringValue;
    if (!value) return refuse(`A ${DataType} attribute needs a non-empty value of its type`);
    if (DataType.startsWith('Number') && !Number.isFinite(Number(value))) refuse('The value is not a number');
    if (!isBinary(DataType) && hasForbiddenCharacters(value)) refuse('The value has invalid characters');
  });

export const messageAttributesSchema = z
  .record(attributeName, attributeValueSchema)
  .refine((attributes) => Object.keys(attributes).length <= 10, 'At most 10 message attributes');
export type MessageAttributes = z.infer<typeof messageAttributesSchema>;

/** Group and deduplication ids: 1 to 128 letters, digits and punctuation (SendMessage). */
const token = z.string().regex(/^[\x21-\x7e]{1,128}$/, 'Must be 1 to 128 letters, digits and punctuation');

/** What a sender says of one message, alone or as the entry of a batch. */
export const sentMessageSchema = z.object({
  MessageBody: z.string(),
  DelaySeconds: z.int().min(0, 'Must be 0 to 900').max(900, 'Must be 0 to 900').optional(),
  MessageAttributes: messageAttributesSchema.optional(),
  MessageGroupId: token.optional(),
  MessageDeduplicationId: token.optional(),
});
export type SentMessage = z.infer<typeof sentMessageSchema>;

/** Characters outside XML 1.0: SQS refuses them, and so lone halves of surrogate pairs (SendMessage, MessageBody). */
export function hasForbiddenCharacters(text: string): boolean {
  return /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u.test(text);
}

/** Bytes that count towards the size limits: body, and names, types and values of the attributes. */
export function sizeOf(body: string, attributes: MessageAttributes = {}): number {
  return Object.entries(attributes).reduce(
    (bytes, [name, value]) =>
      bytes + Buffer.byteLength(name) + Buffer.byteLength(value.DataType) + valueBytes(value).byteLength,
    Buffer.byteLength(body),
  );
}

/** Throws when the queue would not take the message for what is in it; `limit` in bytes. */
export function checkContents(message: SentMessage, limit: number): void {
  if (sizeOf(message.MessageBody, message.MessageAttributes) > limit) {
    throw invalidParameter(`One or more parameters are invalid. Reason: Message must be shorter than ${limit} bytes.`);
  }
  if (hasForbiddenCharacters(message.MessageBody)) {
    throw plainSqsError(
      'InvalidMessageContents',
      'Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF',
    );
  }
}

export function md5OfBody(body: string): string {
  return createHash('md5').update(body).digest('hex');
}

/**
 * The digest SDKs compare, `undefined` without attributes: names in order, each name, type and value behind its length in 4 bytes, 1 in
 * front of a text and 2 of bytes (developer guide, "Calculating the MD5 message digest for message attributes").
 */
export function md5OfAttributes(attributes: MessageAttributes): string | undefined {
  const names = Object.keys(attributes).sort();
  if (names.length === 0) return undefined;
  const hash = createHash('md5');
  const add = (bytes: Buffer): void => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.byteLength);
    hash.update(length).update(bytes);
  };
  for (const name of names) {
    const value = attributes[name];
    if (value === undefined) continue;
    add(Buffer.from(name));
    add(Buffer.from(value.DataType));
    hash.update(Buffer.of(isBinary(value.DataType) ? 2 : 1));
    add(valueBytes(value));
  }
  return hash.digest('hex');
}

/** The attributes a receiver asked for: names, `prefix.*`, `.*` or `All` (ReceiveMessage, MessageAttributeNames). */
export function selectAttributes(attributes: MessageAttributes, asked: readonly string[]): MessageAttributes {
  const wanted = (name: string): boolean =>
    asked.some(
      (ask) =>
        ask === 'All' || ask === '.*' || ask === name || (ask.endsWith('.*') && name.startsWith(ask.slice(0, -1))),
    );
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => wanted(name)));
}

function isBinary(dataType: string): boolean {
  return dataType.startsWith('Binary');
}

function valueBytes({ DataType, StringValue, BinaryValue }: MessageAttributes[string]): Buffer {
  return isBinary(DataType) ? Buffer.from(BinaryValue ?? '', 'base64') : Buffer.from(StringValue ?? '');
}
