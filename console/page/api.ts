import { useCallback, useEffect, useState } from 'preact/hooks';
import type * as z from 'zod';
import { type LiveEntry, liveEntrySchema, problemSchema } from '../../shared/contracts/console.ts';
import { forgetToken, token } from './sign-in.ts';

/** A call that was answered with a problem, in the words of the answer. */
export class ProblemError extends Error {
  override name = 'ProblemError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** What stops a page: an answer's status and words, or that nothing answered. */
export interface Trouble {
  /** 0 where nothing answered. */
  readonly status: number;
  readonly message: string;
}

export function troubleOf(error: unknown): Trouble {
  return error instanceof ProblemError ? error : { status: 0, message: '' };
}

/** Calls the API and parses what it says. Rejects with `ProblemError`, or with the browser's error when nothing answers. */
export async function call<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
  { post, signal }: { post?: unknown; signal?: AbortSignal } = {},
): Promise<z.output<Schema>> {
  const bearer = await token();
  const answer = await fetch(path, {
    ...(signal === undefined ? {} : { signal }),
    headers: {
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
      ...(post === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(post === undefined ? {} : { method: 'POST', body: JSON.stringify(post) }),
  });
  if (answer.status === 401 && bearer !== undefined) {
    forgetToken(bearer);
    return call(path, schema, { post, ...(signal === undefined ? {} : { signal }) });
  }
  const body: unknown = await answer.json();
  if (!answer.ok) {
    throw new ProblemError(answer.status, problemSchema.safeParse(body).data?.message ?? `HTTP ${answer.status}`);
  }
  return schema.parse(body);
}

export interface Reading<Value> {
  /** What was read last, kept while it is read again. */
  readonly value: Value | undefined;
  readonly problem: Trouble | undefined;
}

/** Reads a path, again with every change of it and with every change of `pulse`. */
export function useReading<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
  pulse: number,
): Reading<z.output<Schema>> {
  const [read, setRead] = useState<Reading<z.output<Schema>> & { readonly path: string }>({
    value: undefined,
    problem: undefined,
    path,
  });
  useEffect(() => {
    const left = new AbortController();
    call(path, schema, { signal: left.signal }).then(
      (value) => setRead({ value, problem: undefined, path }),
      (error: unknown) => {
        if (left.signal.aborted) return;
        setRead((before) => ({
          value: before.path === path ? before.value : undefined,
          problem: troubleOf(error),
          path,
        }));
      },
    );
    return () => left.abort();
  }, [path, schema, pulse]);
  return read.path === path ? read : { value: undefined, problem: undefined };
}

/** How the page learns of changes: told at once, or asking every ten seconds. */
export type Liveness = 'connecting' | 'live' | 'polling' | 'lost';

/** At most so often is the page read again however much happens, and this often where nobody tells. */
const rereadMs = { live: 1_000, polling: 10_000 };

/** Follows what happens: `pulse` grows when the page should be read again. */
export function useLive(onEntry: (entry: LiveEntry) => void): { readonly liveness: Liveness; readonly pulse: number } {
  const [liveness, setLiveness] = useState<Liveness>('connecting');
  const [pulse, setPulse] = useState(0);
  const beat = useCallback(() => setPulse((before) => before + 1), []);

  useEffect(() => {
    const source = new EventSource('/api/live');
    let waiting: number | undefined;
    source.addEventListener('open', () => setLiveness('live'));
    source.addEventListener('message', ({ data }) => {
      const entry = liveEntrySchema.safeParse(JSON.parse(String(data)));
      if (entry.success) onEntry(entry.data);
      waiting ??= window.setTimeout(() => {
        waiting = undefined;
        beat();
      }, rereadMs.live);
    });
    // Where nothing is told (in AWS), the browser gives up at once; where the run was stopped, it keeps trying.
    source.addEventListener('error', () => setLiveness(source.readyState === EventSource.CLOSED ? 'polling' : 'lost'));
    return () => {
      source.close();
      window.clearTimeout(waiting);
    };
  }, [onEntry, beat]);

  useEffect(() => {
    const every = window.setInterval(beat, rereadMs.polling);
    const onShown = () => {
      if (!document.hidden) beat();
    };
    document.addEventListener('visibilitychange', onShown);
    return () => {
      window.clearInterval(every);
      document.removeEventListener('visibilitychange', onShown);
    };
  }, [beat]);

  return { liveness, pulse };
}
