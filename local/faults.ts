import type { AwsAnswer, AwsCall } from './aws-call.ts';
import type { Clock } from './clock.ts';

/**
 * What goes wrong with a call. An error is answered instead of carrying the call out (`fields` go into its body, as the
 * `CancellationReasons` of a cancelled transaction do). `drop-answer` carries it out and cuts the connection: a timeout after
 * success. The caller's process is killed before or after the call is carried out. A delay is in milliseconds of real time. An `answer` may say
 * something else than what happened, as when a part of a batch fails.
 */
export type Fault =
  | {
      readonly error: string;
      readonly status?: number;
      readonly message?: string;
      readonly fields?: Readonly<Record<string, unknown>>;
    }
  | { readonly delay: number }
  | { readonly answer: (carriedOut: AwsAnswer) => AwsAnswer }
  | 'drop-answer'
  | 'kill-caller'
  | 'kill-caller-after';

/** Asked before every call; `undefined` lets it pass. */
export interface Faults {
  before(call: AwsCall): Fault | undefined | Promise<Fault | undefined>;
}

/** Answers `ThrottlingException` to the calls of an operation beyond `perSecond` in any second of the clock. */
export function throttling(operation: string, perSecond: number, clock: Clock): Faults {
  let second = 0;
  let calls = 0;
  return {
    before(call) {
      if (call.operation !== operation) return undefined;
      const now = Math.floor(clock.now() / 1000);
      calls = now === second ? calls + 1 : 1;
      second = now;
      return calls > perSecond ? { error: 'ThrottlingException', message: 'Rate exceeded' } : undefined;
    },
  };
}
