import type * as z from 'zod';
import { type AwsAnswer, failed } from './aws-call.ts';

/** A request that SQS refuses: the name SDK clients throw, and the code of the older query protocol that SQS sends along. */
export class SqsError extends Error {
  override name = 'SqsError';
  readonly type: string;
  readonly code: string;

  constructor(type: string, code: string, message: string) {
    super(message);
    this.type = type;
    this.code = code;
  }

  toAnswer(): AwsAnswer {
    return failed('sqs', { code: this.code, message: this.message, fields: { __type: this.type } });
  }
}

/** Errors of the SQS model whose query code carries the service's name (awsQueryError traits of the API model). */
export function sqsError(
  name:
    | 'BatchEntryIdsNotDistinct'
    | 'BatchRequestTooLong'
    | 'EmptyBatchRequest'
    | 'InvalidBatchEntryId'
    | 'MessageNotInflight'
    | 'TooManyEntriesInBatchRequest'
    | 'UnsupportedOperation',
  message: string,
): SqsError {
  return new SqsError(`com.amazonaws.sqs#${name}`, `AWS.SimpleQueueService.${name}`, message);
}

/** Errors of the SQS model whose query code is their own name. */
export function plainSqsError(
  name:
    | 'InvalidAddress'
    | 'InvalidAttributeName'
    | 'InvalidAttributeValue'
    | 'InvalidMessageContents'
    | 'ReceiptHandleIsInvalid'
    | 'ResourceNotFoundException',
  message: string,
): SqsError {
  return new SqsError(`com.amazonaws.sqs#${name}`, name, message);
}

export function queueDoesNotExist(): SqsError {
  const code = 'AWS.SimpleQueueService.NonExistentQueue';
  return new SqsError('com.amazonaws.sqs#QueueDoesNotExist', code, 'The specified queue does not exist.');
}

export function queueNameExists(attribute: string): SqsError {
  const message = `A queue already exists with the same name and a different value for attribute ${attribute}`;
  return new SqsError('com.amazonaws.sqs#QueueNameExists', 'QueueAlreadyExists', message);
}

export function invalidParameter(message: string): SqsError {
  return new SqsError('com.amazon.coral.service#InvalidParameterValueException', 'InvalidParameterValue', message);
}

export function missingParameter(name: string): SqsError {
  const message = `The request must contain the parameter ${name}.`;
  return new SqsError('com.amazon.coral.service#MissingRequiredParameterException', 'MissingParameter', message);
}

/** Reads a request, or throws the error SQS answers. No text of the request is repeated in it, only numbers. */
export function parseRequest<T>(schema: z.ZodType<T>, input: unknown): T {
  const parsed = schema.safeParse(input, { reportInput: true });
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const name = issue?.path.join('.') || 'Input';
  if (issue?.input === undefined && issue?.code === 'invalid_type') throw missingParameter(name);
  const value = typeof issue?.input === 'number' ? `Value ${issue.input}` : 'Value';
  throw invalidParameter(`${value} for parameter ${name} is invalid. Reason: ${issue?.message ?? 'not understood'}.`);
}
