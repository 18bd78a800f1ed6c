import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import * as z from 'zod';
import { type AwsAnswer, failed, succeeded } from './aws-call.ts';

/** Secrets Manager as far as functions and operators use it: `GetSecretValue` and `PutSecretValue`. */
export interface LocalSecretsManager {
  /** Makes the secret known; `initialValue` counts only when no value was kept from before. */
  define(secret: { readonly name: string; readonly arn: string }, initialValue: () => string): void;
  handle(operation: string, input: unknown): AwsAnswer;
}

const storedSchema = z.record(z.string(), z.string());
const getSchema = z.object({ SecretId: z.string().min(1) });
const putSchema = z.object({ SecretId: z.string().min(1), SecretString: z.string() });

/** Opens the secrets kept in `file` (JSON, name to value, mode 0600). Errors as in the Secrets Manager API reference. */
export function openSecrets(file: string): LocalSecretsManager {
  const values = new Map(
    Object.entries(existsSync(file) ? storedSchema.parse(JSON.parse(readFileSync(file, 'utf8'))) : {}),
  );
  const names = new Map<string, { readonly name: string; readonly arn: string }>();

  const save = (): void => {
    writeFileSync(`${file}.new`, JSON.stringify(Object.fromEntries(values), null, 2), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  };
  const answerFor = ({ name, arn }: { name: string; arn: string }, value: string): Record<string, unknown> => ({
    ARN: arn,
    Name: name,
    VersionId: createHash('sha256').update(value).digest('hex').slice(0, 32),
    VersionStages: ['AWSCURRENT'],
  });
  const notFound = failed('secretsmanager', {
    code: 'ResourceNotFoundException',
    message: "Secrets Manager can't find the specified secret.",
  });

  return {
    define(secret, initialValue) {
      names.set(secret.name, secret);
      names.set(secret.arn, secret);
      if (values.has(secret.name)) return;
      values.set(secret.name, initialValue());
      save();
    },
    handle(operation, input) {
      if (operation === 'GetSecretValue') {
        const request = getSchema.safeParse(input);
        if (!request.success) return invalid(request.error);
        const secret = names.get(request.data.SecretId);
        const value = secret === undefined ? undefined : values.get(secret.name);
        if (secret === undefined || value === undefined) return notFound;
        return succeeded('secretsmanager', { ...answerFor(secret, value), SecretString: value });
      }
      if (operation === 'PutSecretValue') {
        const request = putSchema.safeParse(input);
        if (!request.success) return invalid(request.error);
        const secret = names.get(request.data.SecretId);
        if (secret === undefined) return notFound;
        values.set(secret.name, request.data.SecretString);
        save();
        return succeeded('secretsmanager', answerFor(secret, request.data.SecretString));
      }
      return failed('secretsmanager', {
        code: 'UnknownOperationException',
        message: `${operation} is not served locally.`,
      });
    },
  };
}

function invalid(error: z.ZodError): AwsAnswer {
  return failed('secretsmanager', { code: 'ValidationException', message: z.prettifyError(error) });
}
