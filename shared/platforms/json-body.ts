import type * as z from 'zod';
import { parseJson } from './json.ts';
import type { ReadResult } from './platform.ts';

/**
 * Reads a body that must be JSON of the given outer shape; `malformed` otherwise, with the field at fault and never its content.
 * What is inside the envelope is for `readEnvelope`, part by part.
 */
export function readJsonBody<T>(
  body: Uint8Array,
  envelopeSchema: z.ZodType<T>,
  readEnvelope: (envelope: T) => ReadResult,
): ReadResult {
  const json = parseJson(body);
  if (json === undefined) return { kind: 'malformed', code: 'not_json', detail: 'the body is not JSON' };
  const envelope = envelopeSchema.safeParse(json);
  if (!envelope.success) {
    const field = envelope.error.issues[0]?.path.join('.') ?? '';
    const detail = field === '' ? 'the body is not a JSON object' : `${field}: missing or of another type`;
    return { kind: 'malformed', code: 'wrong_shape', detail };
  }
  return readEnvelope(envelope.data);
}
