import type { Clock } from '../../local/clock.ts';

/** A clock that runs with the machine's and can be put forward: what falls due on the way happens at once, in its order. */
export class ShiftingClock implements Clock {
  #ahead = 0;
  readonly #waiting = new Set<{ readonly ms: number; readonly run: () => void; timeout: NodeJS.Timeout }>();

  now(): number {
    return Date.now() + this.#ahead;
  }

  at(ms: number, run: () => void): () => void {
    const entry = { ms, run, timeout: setTimeout(() => {}, 0) };
    const wait = () => {
      entry.timeout = setTimeout(
        () => {
          if (this.now() < ms) return wait();
          this.#waiting.delete(entry);
          run();
        },
        // A day at a time: longer timeouts do not fit into setTimeout.
        Math.min(Math.max(ms - this.now(), 0), 86_400_000),
      );
    };
    wait();
    this.#waiting.add(entry);
    return () => {
      clearTimeout(entry.timeout);
      this.#waiting.delete(entry);
    };
  }

  /** Puts the clock forward. */
  shift(ms: number): void {
    this.#ahead += ms;
    const due = [...this.#waiting].filter((entry) => entry.ms <= this.now()).sort((a, b) => a.ms - b.ms);
    for (const entry of due) {
      clearTimeout(entry.timeout);
      this.#waiting.delete(entry);
      entry.run();
    }
  }
}
