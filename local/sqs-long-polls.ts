import type { Clock } from './clock.ts';
import type { ReceivedMessage } from './sqs-store.ts';

export interface LongPolls {
  /** What `take` gives now or, when that is nothing, as soon as it gives something before the wait is over; else nothing. */
  receive(
    queue: string,
    take: () => readonly ReceivedMessage[],
    waitMs: number,
    signal: AbortSignal | undefined,
  ): Promise<readonly ReceivedMessage[]>;
  /** Something may have become receivable: serves who waits, first come first served. */
  tryAgain(queue: string): void;
  /** Ends the polls of a queue empty. */
  end(queue: string): void;
  close(): void;
}

interface Poll {
  /** Whether it got something, and so is over. */
  attempt(): boolean;
  end(): void;
}

/** Receivers that wait. Nobody polls: a queue's waiters are tried when it changes, and when its next hidden message comes back. */
export function createLongPolls(
  clock: Clock,
  nextVisibleAt: (queue: string, now: number) => number | undefined,
): LongPolls {
  const waiting = new Map<string, Set<Poll>>();
  const wakeUps = new Map<string, () => void>();

  const setWakeUp = (queue: string): void => {
    wakeUps.get(queue)?.();
    wakeUps.delete(queue);
    const at = waiting.has(queue) ? nextVisibleAt(queue, clock.now()) : undefined;
    if (at === undefined) return;
    const callOff = clock.at(at, () => tryAgain(queue));
    wakeUps.set(queue, callOff);
  };
  const tryAgain = (queue: string): void => {
    const polls = waiting.get(queue);
    if (polls === undefined) return;
    for (const poll of polls) if (!poll.attempt()) break;
    setWakeUp(queue);
  };
  const end = (queue: string): void => {
    for (const poll of waiting.get(queue) ?? []) poll.end();
  };

  return {
    tryAgain,
    end,
    async receive(queue, take, waitMs, signal) {
      if (signal?.aborted) return [];
      const now = take();
      if (now.length > 0 || waitMs === 0) return now;
      const { promise, resolve } = Promise.withResolvers<readonly ReceivedMessage[]>();
      const polls = waiting.get(queue) ?? new Set();
      const finish = (messages: readonly ReceivedMessage[]): void => {
        callOff();
        polls.delete(poll);
        if (polls.size === 0) {
          waiting.delete(queue);
          setWakeUp(queue);
        }
        signal?.removeEventListener('abort', poll.end);
        resolve(messages);
      };
      const poll: Poll = {
        attempt() {
          const messages = take();
          if (messages.length > 0) finish(messages);
          return messages.length > 0;
        },
        end: () => finish([]),
      };
      const callOff = clock.at(clock.now() + waitMs, poll.end);
      signal?.addEventListener('abort', poll.end);
      polls.add(poll);
      waiting.set(queue, polls);
      setWakeUp(queue);
      return promise;
    },
    close() {
      for (const queue of [...waiting.keys()]) end(queue);
    },
  };
}
