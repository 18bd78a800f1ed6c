import type { Timer } from '../../shared/contracts/timer.ts';
import { addSeconds } from '../../shared/domain/clocks.ts';
import { minuteOf, minutesBetween } from '../../shared/domain/due.ts';
import { tellKept } from '../../shared/notices.ts';
import type { CaseStore, EscalationTopic, QueueSender, SweepCheckpoint } from '../../shared/ports.ts';
import { eachOf, inGroups } from '../../shared/runtime/groups.ts';
import type { Log } from '../../shared/runtime/log.ts';
import { timerEntry } from '../../shared/timer-entry.ts';

export interface Dependencies {
  readonly store: CaseStore;
  readonly queues: QueueSender;
  readonly escalations: EscalationTopic;
  readonly timerQueueUrl: string;
  readonly now: () => Date;
  readonly log: Log;
}

/**
 * The schedule comes every 60 s and may be half a minute late. What falls due sooner after its case changed was armed at once
 * (`armDirectlySeconds`, 120 s), so that the index has half a minute to show what is looked for here.
 */
const lookAheadSeconds = 90;
/** An index entry may come this late; until then its minute is looked at again. */
const indexLagSeconds = 120;
/** SQS takes ten messages a call; some calls side by side send a storm's ten thousand timers in a few seconds. */
const timersPerCall = 10;
const parallelCalls = 4;
/** A timer that nothing could fire for a day needs a person, not another try. */
const leftBehindSeconds = 24 * 3600;
/** How far a first sweep, without a checkpoint, looks back. */
const firstLookBackSeconds = 600;

/**
 * Puts every timer that falls due soon on the timer queue, delayed to its second, oldest first. The cost depends on the timers due and on the minutes
 * since the last sweep, not on the number of open cases; after an outage it goes on where it stopped. Then tells people what is kept for them.
 */
export async function sweepTimers(dependencies: Dependencies): Promise<void> {
  await armTimers(dependencies);
  await tellKept(dependencies);
}

async function armTimers({ store, queues, timerQueueUrl, now, log }: Dependencies): Promise<void> {
  const startedAt = now();
  const at = startedAt.toISOString();
  const horizon = addSeconds(at, lookAheadSeconds);
  const checkpoint = (await store.checkpoint()) ?? firstCheckpoint(at);
  const minutes = minutesBetween(minuteAfter(checkpoint.clearedThrough), minuteOf(horizon));
  // Each call's delays are counted from the moment it goes out: thousands of timers take seconds to send.
  const sendTimers = async (due: readonly Timer[]): Promise<ReadonlySet<Timer>> => {
    const sent = new Set<Timer>();
    await eachOf(inGroups(due, timersPerCall), parallelCalls, async (group) => {
      const accepted = await queues.send(
        group.map((timer) => timerEntry(timerQueueUrl, timer, (Date.parse(timer.dueAt) - now().getTime()) / 1000)),
      );
      for (const timer of group.filter((_, index) => accepted[index])) sent.add(timer);
    });
    return sent;
  };
  let { clearedThrough } = checkpoint;
  let sentThrough = horizon;
  let allClear = true;
  const count = { sent: 0, overdue: 0 };
  for (const minute of minutes) {
    const found = (await store.dueIn(minute)).filter(({ dueAt }) => dueAt <= horizon);
    const due = found.filter((timer) => isToBeSent(timer, checkpoint, at));
    const sent = await sendTimers(due);
    const missed = due.find((timer) => !sent.has(timer));
    if (missed !== undefined && missed.dueAt <= sentThrough) sentThrough = addSeconds(missed.dueAt, -0.001);
    count.sent += sent.size;
    count.overdue += found.filter(({ dueAt }) => dueAt < at).length;
    const leftBehind = minute < minuteOf(addSeconds(at, -leftBehindSeconds));
    if (leftBehind && found.length > 0) log({ event: 'timers_left_behind', count: found.length, minute });
    allClear &&= (found.length === 0 || leftBehind) && minute < minuteOf(addSeconds(at, -indexLagSeconds));
    if (allClear) clearedThrough = minute;
  }
  await store.saveCheckpoint({ clearedThrough, sentThrough });
  log({ event: 'timers_swept', ...count, minutes: minutes.length, ms: now().getTime() - startedAt.getTime() });
}

/**
 * Whether this sweep sends a timer: one that no sweep has sent, or one that was sent, is overdue and still not fired, which is tried again after 1,
 * 2, 4, 8 … minutes, so that a fault of the timer queue heals and does not flood it.
 */
function isToBeSent({ dueAt }: Timer, { sentThrough }: SweepCheckpoint, at: string): boolean {
  if (dueAt > sentThrough) return true;
  const lastSweep = Date.parse(sentThrough) - lookAheadSeconds * 1000;
  const doublings = (until: number) => Math.floor(Math.log2(Math.max(0.5, (until - Date.parse(dueAt)) / 60_000)));
  return doublings(Date.parse(at)) > doublings(lastSweep);
}

function firstCheckpoint(at: string): SweepCheckpoint {
  const start = addSeconds(at, -firstLookBackSeconds);
  return { clearedThrough: minuteOf(start), sentThrough: start };
}

function minuteAfter(minute: string): string {
  return minuteOf(addSeconds(`${minute}:00.000Z`, 60));
}
