import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { Clock } from './clock.ts';
import { invalidParameter, plainSqsError } from './sqs-error.ts';
import type { Queue } from './sqs-queue.ts';
import type { SqsStore } from './sqs-store.ts';

/** SQS moves no more than this in a second (StartMessageMoveTask). */
export const mostMovesPerSecond = 500;

const taskRow = z.object({
  id: z.int(),
  handle: z.string(),
  sourceArn: z.string(),
  destinationArn: z.string().nullable(),
  perSecond: z.int().nullable(),
  status: z.enum(['RUNNING', 'COMPLETED', 'CANCELLED', 'FAILED']),
  moved: z.int(),
  toMove: z.int(),
  failure: z.string().nullable(),
  startedAt: z.int(),
});
type Task = z.infer<typeof taskRow>;

/** What a task looks like in ListMessageMoveTasks. */
export type MoveTaskEntry = Readonly<Record<string, string | number>>;

export interface MoveTasks {
  /** Starts to move what waits in a dead-letter queue back to its sources, or to one queue; answers the task's handle. */
  start(source: Queue, destination: Queue | undefined, perSecond: number | undefined): string;
  /** Stops a running task; answers how many messages it moved. */
  cancel(handle: string): number;
  /** The latest tasks of a queue, newest first. */
  list(source: Queue, limit: number): readonly MoveTaskEntry[];
  close(): void;
}

/**
 * Redrive of dead-letter queues, a second's worth of messages at a time; tasks go on after a restart. `arrived` is told the queues that
 * got messages.
 */
export function openMoveTasks(store: SqsStore, clock: Clock, arrived: (queues: readonly Queue[]) => void): MoveTasks {
  const { database } = store;
  database.exec(`
    CREATE TABLE IF NOT EXISTS moveTasks (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      handle TEXT NOT NULL UNIQUE,
      sourceArn TEXT NOT NULL,
      destinationArn TEXT,
      perSecond INTEGER,
      status TEXT NOT NULL DEFAULT 'RUNNING',
      moved INTEGER NOT NULL DEFAULT 0,
      toMove INTEGER NOT NULL,
      failure TEXT,
      startedAt INTEGER NOT NULL
    )`);
  const insert = database.prepare(`
    INSERT INTO moveTasks (handle, sourceArn, destinationArn, perSecond, toMove, startedAt) VALUES (?, ?, ?, ?, ?, ?)`);
  const update = database.prepare('UPDATE moveTasks SET status = ?, moved = moved + ?, failure = ? WHERE handle = ?');
  const find = database.prepare('SELECT * FROM moveTasks WHERE handle = ?');
  const latest = database.prepare('SELECT * FROM moveTasks WHERE sourceArn = ? ORDER BY id DESC LIMIT ?');
  const running = database.prepare(`SELECT * FROM moveTasks WHERE status = 'RUNNING'`);
  /** How to call off the next step of each running task, by handle. */
  const next = new Map<string, () => void>();

  const step = (task: Task): void => {
    next.delete(task.handle);
    const now = clock.now();
    const source = store.queueByArn(task.sourceArn);
    if (source === undefined) {
      update.run('FAILED', 0, 'AWS.SimpleQueueService.NonExistentQueue', task.handle);
      return;
    }
    const limit = task.perSecond ?? mostMovesPerSecond;
    const destinationOf = (sourceArn: string | undefined): Queue | undefined => {
      const arn = task.destinationArn ?? sourceArn;
      return arn === undefined ? undefined : store.queueByArn(arn);
    };
    const to = store.atomically(() => {
      const result = store.moveVisible(source, limit, destinationOf, now);
      if (result.stopped) update.run('FAILED', result.moved, 'CouldNotDetermineMessageSource', task.handle);
      else update.run(result.moved < limit ? 'COMPLETED' : 'RUNNING', result.moved, null, task.handle);
      if (!result.stopped && result.moved === limit)
        next.set(
          task.handle,
          clock.at(now + 1000, () => step(task)),
        );
      return result.to;
    });
    arrived(to);
  };

  for (const row of running.all()) step(taskRow.parse(row));

  return {
    start(source, destination, perSecond) {
      const sourceArn = store.arnOf(source);
      if (latest.all(sourceArn, 1).some((row) => taskRow.parse(row).status === 'RUNNING')) {
        throw invalidParameter(
          'There is already a task running. Only one active task is allowed for a source queue arn at a given time.',
        );
      }
      const handle = Buffer.from(JSON.stringify({ taskId: randomUUID(), sourceArn })).toString('base64');
      const destinationArn = destination === undefined ? null : store.arnOf(destination);
      const { visible } = store.counts(source, clock.now());
      insert.run(handle, sourceArn, destinationArn, perSecond ?? null, visible, clock.now());
      step(taskRow.parse(find.get(handle)));
      return handle;
    },
    cancel(handle) {
      const task = taskRow.optional().parse(find.get(handle));
      if (task === undefined) throw plainSqsError('ResourceNotFoundException', 'The task does not exist.');
      if (task.status !== 'RUNNING') throw invalidParameter('Only active tasks can be cancelled.');
      next.get(handle)?.();
      next.delete(handle);
      update.run('CANCELLED', 0, null, handle);
      return task.moved;
    },
    list: (source, limit) => latest.all(store.arnOf(source), limit).map((row) => toEntry(taskRow.parse(row))),
    close() {
      for (const callOff of next.values()) callOff();
      next.clear();
    },
  };
}

function toEntry(task: Task): MoveTaskEntry {
  return {
    // Only a running task has a handle to cancel it by.
    ...(task.status === 'RUNNING' && { TaskHandle: task.handle }),
    Status: task.status,
    SourceArn: task.sourceArn,
    ...(task.destinationArn !== null && { DestinationArn: task.destinationArn }),
    ...(task.perSecond !== null && { MaxNumberOfMessagesPerSecond: task.perSecond }),
    ApproximateNumberOfMessagesMoved: task.moved,
    ApproximateNumberOfMessagesToMove: task.toMove,
    ...(task.failure !== null && { FailureReason: task.failure }),
    StartedTimestamp: task.startedAt,
  };
}
