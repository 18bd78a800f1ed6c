import type { Clock } from '../../local/clock.ts';

export interface ShiftingClock extends Clock {
  /** Puts the clock forward, in milliseconds; what falls due on the way happens at once, in its order. */
  shift(ms: number): void;
}

/** A clock that runs with the machine's and can be put forward. */
export function shiftingClock(): ShiftingClock {
  let ahead = 0;
  const waiting = new Set<{ readonly ms: number; readonly run: () => void; timeout: NodeJS.Timeout | undefined }>();
  const now = () => Date.now() + ahead;
  return {
    now,
    at(ms, run) {
      const entry: { ms: number; run: () => void; timeout: NodeJS.Timeout | undefined } = {
        ms,
        run,
        timeout: undefined,
      };
      const wait = () => {
        // A day at a time: longer timeouts do not fit into setTimeout.
        entry.timeout = setTimeout(ring, Math.min(Math.max(ms - now(), 0), 86_400_000));
      };
      const ring = () => {
        if (now() < ms) return wait();
        waiting.delete(entry);
        run();
      };
      waiting.add(entry);
      wait();
      return () => {
        clearTimeout(entry.timeout);
        waiting.delete(entry);
      };
    },
    shift(ms) {
      ahead += ms;
      for (const entry of [...waiting].filter((one) => one.ms <= now()).sort((a, b) => a.ms - b.ms)) {
        clearTimeout(entry.timeout);
        waiting.delete(entry);
        entry.run();
      }
    },
  };
}
