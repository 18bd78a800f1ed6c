import type { RefusalReason } from '../domain/apply-event.ts';
import type { Assessment, Signal } from '../domain/assessment.ts';
import type { Lane } from '../domain/case.ts';
import type { ClockName } from '../domain/clocks.ts';
import type { Decision } from '../domain/decision.ts';
import { printable } from './printable.ts';

/**
 * All that functions ever log. A closed list, so that alarms can key on `event` and so that there is no field in which a
 * customer's words could stand.
 */
export type LogEntry =
  | {
      event: 'webhook_received';
      platform: string;
      events: number;
      ignored: Readonly<Record<string, number>>;
      ms: number;
    }
  | { event: 'webhook_refused'; platform: string; status: number; code: string }
  | { event: 'secret_missing'; platform: string }
  | { event: 'platform_warns'; platform: string; warnings: number }
  | { event: 'account_unknown'; channel: string; accountId: string; messageId: string }
  | {
      event: 'message_triaged';
      type: string;
      channel: string;
      accountId: string;
      messageId: string;
      language: string;
      sentiment?: string;
      signals: readonly Signal[];
      /** How likely each reason is by what was learnt. */
      chances?: Assessment['chances'];
      topics: readonly string[];
      missing: readonly string[];
      noise?: string;
      decision: Decision;
    }
  | { event: 'account_polled'; channel: string; accountId: string; events: number }
  | { event: 'poll_failed'; channel: string; accountId: string; because: string }
  | { event: 'token_ends'; token: string; days: number; ended: boolean }
  | { event: 'account_silent'; channel: string; accountId: string; since: string; expected: number }
  | { event: 'message_repaired'; channel: string; accountId: string; messageId: string }
  | { event: 'words_fetched'; channel: string; accountId: string; messageId: string; result: string; because?: string }
  | {
      event: 'case_changed';
      caseId: string;
      by: string;
      eventId: string;
      state: string;
      desk?: string;
      priority: string;
      version: number;
      clocks: Readonly<Partial<Record<ClockName, string>>>;
    }
  | { event: 'event_known'; caseId: string; by: string; eventId: string }
  | {
      event: 'effect_sent';
      caseId: string;
      kind: string;
      desk: string;
      lane?: Lane;
      offerId?: string;
      fence?: number;
      again: boolean;
    }
  | { event: 'effect_failed'; caseId: string; kind: string; desk: string }
  | { event: 'event_waits'; type: string; messageId: string }
  | { event: 'event_without_case'; type: string; messageId: string }
  | { event: 'timer_fired'; caseId: string; clock: ClockName; dueAt: string; lagMs: number }
  | { event: 'timer_stale'; caseId: string; clock: ClockName; dueAt: string }
  | { event: 'timers_swept'; sent: number; overdue: number; minutes: number; ms: number }
  | { event: 'notices_told'; notices: number; cases: number }
  | { event: 'timers_left_behind'; count: number; minute: string }
  | { event: 'outcome_refused'; caseId: string; desk: string; because: RefusalReason | 'foreign_queue' }
  | { event: 'console_answered'; call: string; status: number; ms: number }
  | { event: 'case_viewed'; caseId: string; by: string }
  | { event: 'analyser_degraded'; service: string; because: string }
  | { event: 'analyser_used'; service: string; units: number; documents: number }
  | ({ event: 'batch_settled'; records: number; retried: number; parked: number; ms: number } & Tally)
  | { event: 'policy_in_force'; version: string; before?: string }
  | { event: 'policy_refused'; because: string; inForce?: string }
  | { event: 'policy_unreachable'; because: string; inForce?: string }
  | { event: 'record_parked'; reason: string; recordId: string }
  | { event: 'record_retried'; because: string; recordId: string };

export type Log = (entry: LogEntry) => void;

/** What a batch came to, counted from what was logged of its records: entries by event, and decisions by where they send and why. */
export interface Tally {
  readonly entries: Counts;
  readonly decided: {
    readonly desk: Counts;
    readonly priority: Counts;
    readonly reason: Counts;
    readonly doubt: Counts;
  };
}
type Counts = Readonly<Record<string, number>>;

/** A log that passes entries on to another and counts them. */
export function tallied(to: Log): { readonly log: Log; readonly tally: () => Tally } {
  const passed: LogEntry[] = [];
  return {
    log: (entry) => {
      passed.push(entry);
      to(entry);
    },
    tally: () => {
      const decisions = passed.flatMap((entry) => (entry.event === 'message_triaged' ? [entry.decision] : []));
      return {
        entries: countEach(passed.map(({ event }) => event)),
        decided: {
          desk: countEach(decisions.map(({ desk, route }) => desk ?? route)),
          priority: countEach(decisions.map(({ priority }) => priority)),
          reason: countEach(decisions.flatMap(({ reasons }) => reasons)),
          doubt: countEach(decisions.flatMap(({ doubts }) => doubts)),
        },
      };
    },
  };
}

function countEach(names: readonly string[]): Counts {
  return Object.fromEntries([...Map.groupBy(names, (name) => name)].map(([name, all]) => [name, all.length]));
}

/**
 * Writes entries as one JSON line each, with the function's name and the time. Straight to standard output: Lambda's JSON log format would wrap what goes through
 * `console.log` in a message of its own, in which no metric filter finds a field
 * (https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html).
 */
export function createLog(functionName: string, now: () => Date): Log {
  return (entry) =>
    process.stdout.write(
      `${printable(JSON.stringify({ at: now().toISOString(), function: functionName, ...entry }))}\n`,
    );
}
