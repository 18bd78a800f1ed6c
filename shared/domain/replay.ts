import { applyEvent } from './apply-event.ts';
import type { Case, CaseEvent, Conversation, Effect } from './case.ts';
import { parseCaseId } from './case-ids.ts';

/** An event as it was stored: of which case, and which version it made of it. */
export interface RecordedEvent {
  readonly caseId: string;
  readonly version: number;
  readonly conversation: Conversation;
  readonly event: CaseEvent;
}

/** One step of a case: what it was, what happened, what it became. */
export interface Step {
  readonly before: Case | undefined;
  readonly event: CaseEvent;
  readonly after: Case;
  readonly effects: readonly Effect[];
}

/**
 * Folds stored events again, conversation by conversation, in the order in which they were written, whatever the order they are given in; all
 * events of a conversation must be there. Throws a `RangeError` when they do not follow from one another.
 */
export function* replay(recorded: Iterable<RecordedEvent>): Generator<Step> {
  const conversations = Map.groupBy(recorded, ({ caseId }) => caseId.slice(0, caseId.lastIndexOf('-')));
  for (const events of conversations.values()) {
    const inOrder = events
      .map((stored) => ({ ...stored, number: parseCaseId(stored.caseId)?.number ?? 0 }))
      .sort((a, b) => a.number - b.number || a.version - b.version);
    let before: Case | undefined;
    for (const { caseId, version, conversation, event } of inOrder) {
      const transition = applyEvent(before, event, conversation);
      if (transition.kind === 'refused') throw new RangeError(`${caseId} refuses its event ${event.id}`);
      const { case: after, effects } = transition;
      if (after.id !== caseId || after.version !== version) {
        throw new RangeError(`${caseId} has no event that makes its version ${after.version}`);
      }
      yield { before: before?.id === caseId ? before : undefined, event, after, effects };
      before = after;
    }
  }
}
