import { type Casework, type Change, type ChangeResult, changeCases } from '../../shared/casework.ts';
import { type Timer, timerSchema } from '../../shared/contracts/timer.ts';
import { isOpen, opensAfter } from '../../shared/domain/calendar.ts';
import type { Case } from '../../shared/domain/case.ts';
import type { Priority } from '../../shared/domain/decision.ts';
import type { Policy } from '../../shared/domain/policy.ts';
import { type Standings, whyAway } from '../../shared/domain/vendors.ts';
import { StoreUnavailableError } from '../../shared/ports.ts';
import {
  type BatchAnswer,
  type BatchEdges,
  type QueueRecord,
  type RecordResult,
  settleBatch,
} from '../../shared/runtime/sqs-batch.ts';
import { timerEntry } from '../../shared/timer-entry.ts';

export interface Dependencies extends Casework, BatchEdges {
  /** Resolves when this instant (ISO 8601) has come. */
  readonly waitUntil: (instant: string) => Promise<void>;
}

/** SQS delays by whole seconds, so that a timer comes up to one second early; what comes earlier goes back to the queue. */
const longestWaitMs = 2_000;
/** Timers due within so long of each other fire together, at the last of them: a round of calls costs the same for one as for ten. */
const togetherMs = 100;

/** Fires each timer of a batch when its moment has come, not before: those that are due together, then the next. */
export function fireTimers(batch: unknown, edges: Dependencies): Promise<BatchAnswer> {
  return settleBatch(batch, timerSchema, edges, async (records, log) => {
    const dependencies = { ...edges, log };
    const results = new Map<string, RecordResult>();
    let rest = records.toSorted((a, b) => (a.body.dueAt < b.body.dueAt ? -1 : 1));
    while (rest.length > 0) {
      const now = dependencies.now();
      const ripe = rest.filter(({ body }) => Date.parse(body.dueAt) <= now.getTime());
      rest = rest.filter((record) => !ripe.includes(record));
      for (const [id, result] of await fireAll(ripe, dependencies)) results.set(id, result);
      const [next] = rest;
      if (next === undefined) break;
      if (Date.parse(next.body.dueAt) - now.getTime() > longestWaitMs) {
        for (const [id, result] of await putBack(rest, dependencies)) results.set(id, result);
        break;
      }
      const together = Date.parse(next.body.dueAt) + togetherMs;
      const last = rest.findLast(({ body }) => Date.parse(body.dueAt) <= together) ?? next;
      await dependencies.waitUntil(last.body.dueAt);
    }
    return results;
  });
}

async function fireAll(
  records: readonly QueueRecord<Timer>[],
  dependencies: Dependencies,
): Promise<readonly [string, RecordResult][]> {
  const { store, standings, log, now, policy } = dependencies;
  await standings.refresh(policy);
  const results: [string, RecordResult][] = [];
  const changes: { record: QueueRecord<Timer>; change: Change }[] = [];
  await Promise.all(
    records.map(async (record) => {
      try {
        const current = await store.find(record.body.caseId);
        if (current !== undefined) {
          changes.push({
            record,
            change: toChange(record.body, current, policy, now().toISOString(), standings.known),
          });
          return;
        }
        log({ event: 'timer_stale', ...record.body });
        results.push([record.id, { kind: 'done' }]);
      } catch (error) {
        if (!(error instanceof StoreUnavailableError)) throw error;
        results.push([record.id, { kind: 'retry', because: error.message }]);
      }
    }),
  );
  const changed = await changeCases(
    dependencies,
    changes.map(({ change }) => change),
  );
  changes.forEach(({ record }, index) => {
    results.push([record.id, toRecordResult(record.body, changed[index], dependencies)]);
  });
  return results;
}

function toChange(timer: Timer, current: Case, policy: Policy, at: string, standings: Standings): Change {
  const tellAt = tellingHours(policy, current.priority, at);
  const away = (current.fitting ?? []).filter((desk) => whyAway(desk, policy, at, standings) !== undefined);
  return {
    conversation: current.conversation,
    caseId: timer.caseId,
    known: { current },
    text: '',
    event: {
      type: 'timer_fired',
      id: `timer:${timer.caseId}:${timer.clock}:${timer.dueAt}`,
      at,
      recordedAt: at,
      clock: timer.clock,
      dueAt: timer.dueAt,
      ...(Object.keys(tellAt).length === 0 ? {} : { tellAt }),
      ...(away.length === 0 ? {} : { away }),
    },
  };
}

/** By level that may not be told now of a case of this priority: when it may be. */
function tellingHours({ escalation, calendars = {} }: Policy, priority: Priority, at: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(escalation?.levels ?? {}).flatMap(([level, { hours = {} }]) => {
      const calendar = calendars[hours[priority] ?? ''];
      return calendar === undefined || isOpen(calendar, at) ? [] : [[level, opensAfter(calendar, at)]];
    }),
  );
}

function toRecordResult(timer: Timer, result: ChangeResult | undefined, { log, now }: Dependencies): RecordResult {
  switch (result?.kind) {
    case undefined:
      return { kind: 'retry', because: 'not reached' };
    case 'done':
      log({ event: 'timer_fired', ...timer, lagMs: now().getTime() - Date.parse(timer.dueAt) });
      return { kind: 'done' };
    case 'refused':
      // The promise was kept, or the case is closed: the normal end of most timers.
      log({ event: 'timer_stale', ...timer });
      return { kind: 'done' };
    case 'retry':
      return result;
    case 'park':
      return { kind: 'park', parts: [{ reason: result.reason, body: JSON.stringify(timer) }] };
  }
}

async function putBack(
  records: readonly QueueRecord<Timer>[],
  { queues, destinations, now }: Dependencies,
): Promise<readonly [string, RecordResult][]> {
  const sent = await queues.send(
    records.map(({ body }) =>
      timerEntry(destinations.timerQueueUrl, body, (Date.parse(body.dueAt) - now().getTime()) / 1000),
    ),
  );
  return records.map(({ id }, index): [string, RecordResult] => [
    id,
    sent[index] === true ? { kind: 'done' } : { kind: 'retry', because: 'could not be put back' },
  ]);
}
