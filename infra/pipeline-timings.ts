import { Duration } from 'aws-cdk-lib';

/**
 * How often, how many and how long: each queue and the function that empties it, side by side because they depend on each other.
 *
 * Visibility is six times the function's timeout plus the window (Lambda developer guide, "Using Lambda with SQS"), so a throttled
 * batch is not handed out twice. A record that a function reports as failed comes again sooner, as `retryAfterSeconds` in
 * shared/runtime/sqs-batch.ts says: 30 times are five hours. What can never succeed is parked at once and does not wait for this.
 */
export const timings = {
  /** Comprehend takes 25 texts a call; a second's wait fills a batch under load and no customer notices it. */
  triage: work({ timeoutSeconds: 30, batchSize: 25, windowSeconds: 1 }),
  /** Due this second: no window, and small batches so that no timer waits for its neighbours. */
  timers: work({ timeoutSeconds: 10, batchSize: 10, windowSeconds: 0 }),
  outcomes: work({ timeoutSeconds: 20, batchSize: 10, windowSeconds: 0 }),
};

function work(numbers: { timeoutSeconds: number; batchSize: number; windowSeconds: number }) {
  const timeout = Duration.seconds(numbers.timeoutSeconds);
  return {
    timeout,
    queue: {
      visibilityTimeout: Duration.seconds(6 * numbers.timeoutSeconds + numbers.windowSeconds),
      maxReceiveCount: 30,
    },
    mapping: {
      batchSize: numbers.batchSize,
      ...(numbers.windowSeconds > 0 ? { maxBatchingWindow: Duration.seconds(numbers.windowSeconds) } : {}),
    },
  };
}
