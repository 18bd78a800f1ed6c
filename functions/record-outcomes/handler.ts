import { type Casework, type Change, changeCases } from '../../shared/casework.ts';
import type { DeskMessage } from '../../shared/contracts/desk-message.ts';
import { type Outcome, outcomeSchema } from '../../shared/contracts/outcome.ts';
import type { RefusalReason } from '../../shared/domain/apply-event.ts';
import type { Case, CaseEvent } from '../../shared/domain/case.ts';
import { earlier } from '../../shared/domain/clocks.ts';
import { deskQueueEntry, shortId } from '../../shared/hand-over.ts';
import { mayReport } from '../../shared/outcome-queues.ts';
import { StoreUnavailableError } from '../../shared/ports.ts';
import {
  type BatchAnswer,
  type BatchEdges,
  type QueueRecord,
  type RecordResult,
  settleBatch,
} from '../../shared/runtime/sqs-batch.ts';

export interface Dependencies extends Casework, BatchEdges {}

/**
 * Folds what desks report into their cases. An outcome that does not fit (stale fence, another desk's case, closed case) changes nothing and is
 * answered with `outcome.refused` on the desk's standard queue; one for a desk that does not exist, or that whoever sent it may not speak for, is parked.
 */
export function recordOutcomes(batch: unknown, edges: Dependencies): Promise<BatchAnswer> {
  return settleBatch(batch, outcomeSchema, edges, async (records, log) => {
    const dependencies = { ...edges, log };
    const results = new Map<string, RecordResult>();
    const found = new Map<QueueRecord<Outcome>, Case>();
    for (const record of records) {
      const { desk, caseId } = record.body;
      if (!Object.hasOwn(dependencies.destinations.deskQueues, desk)) {
        results.set(record.id, parked(`unknown desk ${desk}`, record.body));
        continue;
      }
      if (!mayReport(desk, record.queue, dependencies.destinations.deskQueues)) {
        // Nothing is answered: the desk that is named knows nothing of it, and who sent it is not told what it hit.
        dependencies.log({ event: 'outcome_refused', caseId, desk, because: 'foreign_queue' });
        results.set(record.id, parked(`${record.queue} may not report for ${desk}`, record.body));
        continue;
      }
      try {
        const subject = await dependencies.store.find(caseId);
        if (subject === undefined) results.set(record.id, await refuse(record.body, 'unknown_case', dependencies));
        else found.set(record, subject);
      } catch (error) {
        if (!(error instanceof StoreUnavailableError)) throw error;
        results.set(record.id, { kind: 'retry', because: error.message });
      }
    }
    const changed = await changeCases(
      dependencies,
      [...found].map(([{ body }, subject]) => toChange(body, subject, dependencies.now().toISOString())),
    );
    for (const [index, { id, body }] of [...found.keys()].entries()) {
      const result = changed[index];
      if (result?.kind === 'refused') results.set(id, await refuse(body, result.reason, dependencies));
      else if (result?.kind === 'park') results.set(id, parked(result.reason, body));
      else results.set(id, result ?? { kind: 'retry', because: 'not reached' });
    }
    return results;
  });
}

function toChange(outcome: Outcome, subject: Case, recordedAt: string): Change {
  return {
    conversation: subject.conversation,
    caseId: subject.id,
    known: { current: subject },
    text: '',
    event: toEvent(outcome, recordedAt),
  };
}

function toEvent(
  { id, type, at, offerId, fence, desk, code = 'other', reason = 'no reason given' }: Outcome,
  recordedAt: string,
): CaseEvent {
  const base = {
    id: `outcome:${desk}:${id}`,
    // Nobody has answered in the future; a desk's clock that runs ahead must not win it time. Instants are compared as text, with milliseconds.
    at: earlier(new Date(at).toISOString(), recordedAt),
    recordedAt,
    offerId,
    fence,
    desk,
  };
  return type === 'handed_back' ? { type, ...base, code, reason } : { type, ...base };
}

async function refuse(
  outcome: Outcome,
  because: RefusalReason,
  { queues, destinations, log, now }: Dependencies,
): Promise<RecordResult> {
  const { desk, caseId, offerId, id } = outcome;
  log({ event: 'outcome_refused', caseId, desk, because });
  const queueUrl = destinations.deskQueues[desk]?.standard;
  if (queueUrl === undefined) return parked(because, outcome);
  const message: DeskMessage = {
    specversion: '1.0',
    id: `refused-${shortId(`${desk} ${id} ${caseId}`)}`,
    source: 'vigie',
    time: now().toISOString(),
    datacontenttype: 'application/json',
    subject: caseId,
    type: 'outcome.refused',
    data: { outcomeId: id, caseId, offerId, because },
  };
  const [sent] = await queues.send([deskQueueEntry(queueUrl, message)]);
  return sent === true ? { kind: 'done' } : { kind: 'retry', because: 'the refusal was not sent' };
}

function parked(reason: string, outcome: Outcome): RecordResult {
  return { kind: 'park', parts: [{ reason, body: JSON.stringify(outcome) }] };
}
