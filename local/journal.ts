import * as z from 'zod';

/** One structured line that a function logged; `n` counts up from 1 in the order of arrival. */
export type JournalEntry = z.infer<typeof entrySchema> & { readonly n: number };

const entrySchema = z.looseObject({ event: z.string() });
const kept = 10_000;

/** The last 10,000 structured log lines of all functions; everything else they write is only in their log files. */
export class Journal {
  #entries: JournalEntry[] = [];
  #last = 0;
  readonly #listeners = new Set<(entry: JournalEntry) => void>();

  /** Takes a line if it is a JSON object with an `event`. */
  add(line: string): void {
    if (!line.startsWith('{')) return;
    const entry = entrySchema.safeParse(parsed(line));
    if (!entry.success) return;
    this.#last += 1;
    const numbered = { ...entry.data, n: this.#last };
    this.#entries.push(numbered);
    // Twice as many before a cut, so that a cut is rare.
    if (this.#entries.length >= 2 * kept) this.#entries = this.#entries.slice(-kept);
    for (const listener of this.#listeners) listener(numbered);
  }

  after(n: number): readonly JournalEntry[] {
    const entries = this.#entries.slice(-kept);
    return entries.slice(Math.max(0, entries.length - (this.#last - n)));
  }

  /** Calls `listener` with every further entry until the answer is called. */
  follow(listener: (entry: JournalEntry) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
