/** Time as the local endpoints see it, so that a test can hold it in its hand. */
export interface Clock {
  /** Milliseconds since 1970-01-01 UTC. */
  now(): number;
  /** Runs something once, not before the clock reads `ms`. The answer calls it off. */
  at(ms: number, run: () => void): () => void;
}

/** setTimeout counts in 32 bits and fires at once beyond that (Node.js, "Timers"). */
const longestTimeoutMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  at(ms, run) {
    let timeout: NodeJS.Timeout;
    const wait = (): void => {
      timeout = setTimeout(
        () => {
          // A timeout may end a millisecond before the wall clock gets there, and a long wait takes several.
          if (Date.now() >= ms) run();
          else wait();
        },
        Math.min(Math.max(ms - Date.now(), 0), longestTimeoutMs),
      );
    };
    wait();
    return () => clearTimeout(timeout);
  },
};

export interface ManualClock extends Clock {
  /** Moves the time on and runs what falls due, in order of time, each at its own instant, also what was asked for on the way. */
  advance(ms: number): void;
}

/** A clock that stands still until it is advanced; `start` in milliseconds since 1970-01-01 UTC. */
export function manualClock(start: number): ManualClock {
  let now = start;
  let waiting: { readonly ms: number; readonly run: () => void }[] = [];
  return {
    now: () => now,
    at(ms, run) {
      const entry = { ms, run };
      // Behind those of the same instant: first come, first served.
      const next = waiting.findIndex((other) => other.ms > ms);
      waiting.splice(next === -1 ? waiting.length : next, 0, entry);
      return () => {
        waiting = waiting.filter((other) => other !== entry);
      };
    },
    advance(ms) {
      const end = now + ms;
      for (let due = waiting[0]; due !== undefined && due.ms <= end; due = waiting[0]) {
        waiting = waiting.slice(1);
        now = Math.max(now, due.ms);
        due.run();
      }
      now = end;
    },
  };
}
