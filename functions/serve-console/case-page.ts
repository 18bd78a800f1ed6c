import type { CaseLine, CasePage, Mark, StoryEntry } from '../../shared/contracts/console.ts';
import type { Assessment } from '../../shared/domain/assessment.ts';
import { type Calendar, openMsBetween } from '../../shared/domain/calendar.ts';
import type { Case, Effect } from '../../shared/domain/case.ts';
import { clocksByName } from '../../shared/domain/case-clocks.ts';
import type { Clock } from '../../shared/domain/clocks.ts';
import type { InboundEvent } from '../../shared/domain/inbound-event.ts';
import type { Policy } from '../../shared/domain/policy.ts';
import type { Router } from '../../shared/domain/routing.ts';
import type { CaseStore, StoredEvent } from '../../shared/ports.ts';
import { actsOn, reroutesOf } from './acts.ts';
import type { Person } from './person.ts';
import { alternativesOf, assessmentBehind, type MessageEvent, messageOf } from './reading.ts';

export interface Sources {
  readonly store: CaseStore;
  readonly policy: Policy;
  readonly router: Router;
  readonly assess: (message: InboundEvent) => Assessment;
  readonly marksOf: (text: string, assessment: Assessment) => Mark[];
  readonly toLine: (subject: Case, now: string) => CaseLine;
}

/** Lambda answers with 6 MB at most: the latest events, and of each message what anybody would read. */
const shownEvents = 200;
const shownCharacters = 20_000;

/** All there is to know of a case; `undefined` when there is none of this id. Rejects with `StoreUnavailableError`. */
export async function readCase(
  sources: Sources,
  caseId: string,
  person: Person,
  now: Date,
): Promise<CasePage | undefined> {
  const subject = await sources.store.find(caseId);
  if (subject === undefined) return undefined;
  const at = now.toISOString();
  const history = await sources.store.history(subject);
  const clocks = [...clocksByName(subject)];
  return {
    at,
    case: sources.toLine(subject, at),
    fence: subject.fence,
    acts: actsOn(subject, person, sources.policy, at),
    reroutes: reroutesOf(subject, sources.policy),
    because: subject.because,
    policyVersion: subject.policyVersion,
    signalsPolicyVersion: sources.policy.version,
    ...(subject.closedAt === undefined ? {} : { closedAt: subject.closedAt }),
    ...(subject.previous === undefined ? {} : { previous: subject.previous }),
    closed: Object.fromEntries(clocks.map(([name, clock]) => [name, closedHours(clock, subject.calendars, at)])),
    story: history.slice(-shownEvents).flatMap((stored) => tell(stored, sources)),
  };
}

function tell(stored: StoredEvent, sources: Sources): StoryEntry[] {
  const { recordedAt } = stored.event;
  return [tellEvent(stored, sources), ...stored.effects.flatMap((effect) => tellEffect(effect, recordedAt))];
}

function tellEffect(effect: Effect, at: string): StoryEntry[] {
  switch (effect.kind) {
    case 'offer':
      return [{ type: 'offered', at, desk: effect.desk, lane: effect.lane, fence: effect.fence }];
    case 'recall': {
      const { desk, lane, fence, because } = effect;
      return [{ type: 'recalled', at, desk, lane, fence, because }];
    }
    case 'escalate':
      return [{ type: 'escalated', at, clock: effect.clock, desk: effect.desk }];
    case 'update':
    case 'erase':
      return [];
  }
}

function tellEvent(stored: StoredEvent, sources: Sources): StoryEntry {
  const { event } = stored;
  const { at } = event;
  switch (event.type) {
    case 'message_received':
    case 'message_edited':
      return tellMessage(stored, event, sources);
    case 'message_deleted':
    case 'own_reply':
      return { type: event.type, at };
    case 'handed_back':
      return { type: event.type, at, desk: event.desk, code: event.code, reason: event.reason };
    case 'timer_fired':
      return { type: event.type, at, clock: event.clock };
    case 'claimed':
    case 'heartbeat':
    case 'answered':
    case 'waiting_for_customer':
    case 'resolved':
      return { type: event.type, at, desk: event.desk, ...(event.by === undefined ? {} : { by: event.by }) };
    case 'rerouted':
      return { type: event.type, at, desk: event.desk, reason: event.because, by: event.by };
    case 'marked_misrouted':
      return { type: event.type, at, reason: event.because, by: event.by };
    case 'terms_changed':
      return { type: event.type, at, policyVersion: event.policyVersion };
    case 'escalation_acknowledged':
      return { type: event.type, at, by: event.by };
  }
}

function tellMessage(stored: StoredEvent, event: MessageEvent, sources: Sources): StoryEntry {
  const { text } = stored;
  const { type, at, author, attachments = [], rating, permalink, language, decision } = event;
  const message = messageOf(stored, event);
  const read = sources.assess(message);
  const behind = text === '' ? undefined : assessmentBehind(sources.router, message, read, event);
  return {
    type,
    at,
    ...(author.name === undefined ? {} : { author: author.name }),
    text: text.slice(0, shownCharacters),
    attachments,
    ...(rating === undefined ? {} : { rating }),
    ...(permalink === undefined ? {} : { permalink }),
    language,
    marks: sources.marksOf(text, read),
    signals: read.signals,
    abusive: event.abusive ?? read.abusive,
    decision,
    alternatives: behind === undefined ? [] : alternativesOf(sources.router, message, behind, event.recordedAt),
  };
}

/** So many samples of a clock's length: finer than a screen shows. */
const samples = 200;

/** The times, within a clock's length, in which its calendar is closed. */
function closedHours(
  clock: Clock,
  calendars: Readonly<Record<string, Calendar>>,
  now: string,
): { from: string; to: string }[] {
  const calendar = clock.calendar === undefined ? undefined : calendars[clock.calendar];
  if (calendar === undefined) return [];
  const start = Date.parse(clock.startedAt);
  const end = Math.max(
    start,
    Date.parse(clock.dueAt ?? now),
    Date.parse(clock.fulfilledAt ?? clock.cancelledAt ?? now),
  );
  const step = (end - start) / samples;
  const closed: { from: string; to: string }[] = [];
  for (let index = 0; index < samples; index += 1) {
    const from = new Date(start + index * step).toISOString();
    const to = new Date(start + (index + 1) * step).toISOString();
    if (openMsBetween(calendar, from, to) > 0) continue;
    const last = closed.at(-1);
    if (last?.to === from) last.to = to;
    else closed.push({ from, to });
  }
  return closed;
}
