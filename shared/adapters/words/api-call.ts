import * as z from 'zod';
import type { FetchResult } from '../../ports.ts';

/** What came back, as far as it can be told without knowing the API. */
export type Answer =
  | { readonly kind: 'answered'; readonly status: number; readonly headers: Headers; readonly body: unknown }
  | { readonly kind: 'unreachable'; readonly because: string };

/** So long a platform may take; longer, and other customers' messages of the same batch would wait for it. */
const timeoutMs = 3_000;
/** No answer that we ask for comes near it. */
const largestAnswer = 4_000_000;

/** One call of an API that answers in JSON; anything else counts as `{}`. Never rejects. */
export async function callApi(url: URL, request: RequestInit = {}): Promise<Answer> {
  try {
    const response = await fetch(url, { ...request, redirect: 'error', signal: AbortSignal.timeout(timeoutMs) });
    const text = await response.text();
    const body = text.length > largestAnswer ? {} : parsed(text);
    return { kind: 'answered', status: response.status, headers: response.headers, body };
  } catch (error) {
    return { kind: 'unreachable', because: error instanceof Error ? error.name : 'unknown' };
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/** The result of an answer by its status alone; `undefined` for 2xx, whose body decides. */
export function resultByStatus(answer: Answer): Exclude<FetchResult, { kind: 'found' }> | undefined {
  if (answer.kind === 'unreachable') return { kind: 'later', because: answer.because };
  const { status } = answer;
  if (status >= 200 && status < 300) return undefined;
  if (status === 404 || status === 410) return { kind: 'gone' };
  const because = `status ${status}`;
  return status === 429 || status >= 500 ? { kind: 'later', because } : { kind: 'refused', because };
}

/** The seconds that an answer asks us to wait (`Retry-After`, in seconds or as a date), at most an hour. */
export function retryAfterSeconds(answer: Answer, now: number): number | undefined {
  if (answer.kind === 'unreachable') return undefined;
  const stated = answer.headers.get('retry-after');
  if (stated === null) return undefined;
  const seconds = /^\d{1,9}$/.test(stated) ? Number(stated) : (Date.parse(stated) - now) / 1000;
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), 3_600) : undefined;
}

export const wordsSchema = z
  .string()
  .nullish()
  .transform((text) => text ?? '');
export const nameSchema = z.string().min(1).optional().catch(undefined);
