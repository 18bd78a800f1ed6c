import { timerSchema } from './contracts/timer.ts';
import type { QueueEntry } from './ports.ts';

/**
 * A timer on its queue, delivered at most a second early: SQS delays by whole seconds, up to 900, and `fire-timers` waits for
 * the rest (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-delay-queues.html).
 */
export function timerEntry(
  queueUrl: string,
  timer: { caseId: string; clock: string; dueAt: string },
  secondsLeft: number,
): QueueEntry {
  return {
    queueUrl,
    body: JSON.stringify(timerSchema.parse(timer)),
    delaySeconds: Math.min(900, Math.max(0, Math.floor(secondsLeft))),
  };
}
