import { deflateRawSync, inflateRawSync } from 'node:zlib';
import * as z from 'zod';
import { type Policy, policySchema } from '../domain/policy.ts';

const { lexicons: lexiconsSchema, learnt: learntSchema } = policySchema.shape;

/**
 * The policy as AppConfig holds it: one JSON document, but for the lexicons and what was learnt, which are most of it and packed: as text they would not fit into the 1 MB of a
 * CloudFormation template. What was rolled out before they were packed has a list of lexicons still.
 */
export const packedPolicySchema = policySchema.extend({
  lexicons: z.union([z.string(), lexiconsSchema]),
  learnt: z.string().optional(),
});

/** A megabyte of lexicons packs to a third; more than this is none. */
const largestPart = 16_000_000;

/** A policy as the text that AppConfig holds. */
export function packPolicy({ lexicons, learnt, ...policy }: Pick<Policy, 'lexicons' | 'learnt'>): string {
  return JSON.stringify({
    ...policy,
    lexicons: packed(lexicons),
    ...(learnt === undefined ? {} : { learnt: packed(learnt) }),
  });
}

function packed(part: unknown): string {
  return deflateRawSync(JSON.stringify(part), { level: 9 }).toString('base64');
}

/** The policy of a text that AppConfig holds, or why it is none. */
export function unpackPolicy(text: string): Policy | string {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return 'not JSON';
  }
  const document = packedPolicySchema.safeParse(json);
  if (!document.success) return wrongAt(document.error);
  const { learnt: packedLearnt, ...rest } = document.data;
  const lexicons = lexiconsSchema.safeParse(unpacked(rest.lexicons));
  if (!lexicons.success) return `lexicons are ${wrongAt(lexicons.error)}`;
  if (packedLearnt === undefined) return { ...rest, lexicons: lexicons.data };
  const learnt = learntSchema.unwrap().safeParse(unpacked(packedLearnt));
  return learnt.success
    ? { ...rest, lexicons: lexicons.data, learnt: learnt.data }
    : `what was learnt is ${wrongAt(learnt.error)}`;
}

function unpacked(part: unknown): unknown {
  if (typeof part !== 'string') return part;
  try {
    const bytes = inflateRawSync(Buffer.from(part, 'base64'), { maxOutputLength: largestPart });
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}

function wrongAt({ issues: [issue] }: z.ZodError): string {
  return `wrong at ${issue?.path.join('.') || 'top level'}: ${issue?.message}`;
}
