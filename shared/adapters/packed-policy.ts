import { deflateRawSync, inflateRawSync } from 'node:zlib';
import * as z from 'zod';
import { type Policy, policySchema } from '../domain/policy.ts';

const { lexicons: lexiconsSchema } = policySchema.shape;

/**
 * The policy as AppConfig holds it: one JSON document, but for the lexicons, which are most of it and packed: as text they would not fit into the 1 MB of a
 * CloudFormation template. What was rolled out before they were packed is a list still.
 */
export const packedPolicySchema = policySchema.extend({ lexicons: z.union([z.string(), lexiconsSchema]) });

/** A megabyte of lexicons packs to a third; more than this is none. */
const largestLexicons = 16_000_000;

/** A policy as the text that AppConfig holds. */
export function packPolicy(policy: Pick<Policy, 'lexicons'>): string {
  const lexicons = deflateRawSync(JSON.stringify(policy.lexicons), { level: 9 }).toString('base64');
  return JSON.stringify({ ...policy, lexicons });
}

/** The policy of a text that AppConfig holds, or why it is none. */
export function unpackPolicy(text: string): Policy | string {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return 'not JSON';
  }
  const packed = packedPolicySchema.safeParse(json);
  if (!packed.success) return wrongAt(packed.error);
  const lexicons = lexiconsSchema.safeParse(unpacked(packed.data.lexicons));
  return lexicons.success ? { ...packed.data, lexicons: lexicons.data } : `lexicons are ${wrongAt(lexicons.error)}`;
}

function unpacked(lexicons: unknown): unknown {
  if (typeof lexicons !== 'string') return lexicons;
  try {
    const bytes = inflateRawSync(Buffer.from(lexicons, 'base64'), { maxOutputLength: largestLexicons });
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}

function wrongAt({ issues: [issue] }: z.ZodError): string {
  return `wrong at ${issue?.path.join('.') || 'top level'}: ${issue?.message}`;
}
