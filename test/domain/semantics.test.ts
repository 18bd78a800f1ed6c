import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Case, CaseEvent } from '../../shared/domain/case.ts';
import { nextDue } from '../../shared/domain/case-clocks.ts';
import { type Clock, type ClockName, clockNames, isOver } from '../../shared/domain/clocks.ts';
import { type Decision, targetsSchema } from '../../shared/domain/decision.ts';
import { termsChange } from '../../shared/domain/new-terms.ts';
import { type ClockChange, type Occasion, occasions, semantics } from '../../shared/domain/semantics.ts';
import {
  caseOf,
  deleted,
  edited,
  noonPlus,
  outcomeOf,
  received,
  replied,
  routine,
  sensitive,
} from '../support/samples.ts';
import { World } from '../support/world.ts';

const hour = 3600;
const targets = { firstReplySeconds: 4 * hour, nextReplySeconds: 2 * hour, resolutionSeconds: 24 * hour };
const toVendor: Decision = { ...routine, targets: { ...targets, claimSeconds: hour, answerSeconds: 3 * hour } };
const toUs: Decision = {
  ...sensitive,
  targets: { firstReplySeconds: 900, resolutionSeconds: hour, claimSeconds: 600, answerSeconds: 1200 },
};

function writes(key: string, minutes: number, decision = toVendor): CaseEvent {
  return {
    ...received(key, minutes, decision),
    takeOver: { in_house: { policyVersion: 'p1', claimSeconds: 600, answerSeconds: 900 } },
  };
}

function saysThanks(key: string, minutes: number): CaseEvent {
  return { ...received(key, minutes, toVendor), closing: true };
}

const asked = caseOf([writes('m1', 0)]);
const answered = caseOf([writes('m1', 0), outcomeOf(asked, 'answered', 10)]);
const waiting = caseOf([writes('m1', 0), outcomeOf(asked, 'waiting_for_customer', 10)]);
const resolved = caseOf([writes('m1', 0), outcomeOf(asked, 'resolved', 10)]);

function due(clock: ClockName): CaseEvent {
  const dueAt =
    clock === 'first_reply'
      ? asked.clocks.first_reply?.dueAt
      : asked.offer?.lease[clock === 'claim' ? 'claim' : 'answer']?.dueAt;
  if (dueAt === undefined) throw new Error(`${clock} is not running`);
  return { type: 'timer_fired', id: `timer:${clock}`, at: dueAt, recordedAt: dueAt, clock, dueAt };
}

/** Half of all times, as the policy's next version says. */
function newTerms(onChange: 'carry' | 'restart', minutes: number): CaseEvent {
  const { targets: owed } = toVendor;
  if (owed === undefined) throw new Error('no targets');
  const half = Object.fromEntries(Object.entries(owed).map(([name, seconds]) => [name, Number(seconds) / 2]));
  const normal = { ...targetsSchema.parse(half), onChange };
  const policy = { ...new World().dependencies.policy, version: 'p2', sla: { vendor_atlas: { normal } } };
  const change = termsChange(asked, [received('m1', 0, toVendor)], policy, noonPlus(minutes));
  if (change === undefined) throw new Error('nothing changes');
  return change;
}

const stories: Readonly<Record<Occasion, readonly [before: Case | undefined, event: CaseEvent]>> = {
  first_message: [undefined, writes('m1', 0)],
  another_message: [asked, writes('m2', 5)],
  edit: [asked, edited('m1', 5, toVendor)],
  more_serious: [asked, received('m2', 5, toUs)],
  deletion: [asked, deleted('m1', 5)],
  own_reply: [asked, replied(5)],
  claimed: [asked, outcomeOf(asked, 'claimed', 5)],
  heartbeat: [asked, outcomeOf(asked, 'heartbeat', 5)],
  answered: [asked, outcomeOf(asked, 'answered', 5)],
  waiting: [asked, outcomeOf(asked, 'waiting_for_customer', 5)],
  message_after_answer: [answered, writes('m2', 20)],
  message_after_waiting: [waiting, writes('m2', 20)],
  thanks: [answered, saysThanks('m2', 20)],
  resolved: [asked, outcomeOf(asked, 'resolved', 5)],
  message_soon_after_end: [resolved, { ...received('m2', 20, toVendor), reopenWithinSeconds: hour }],
  message_after_end: [resolved, writes('m2', 20)],
  thanks_after_end: [resolved, saysThanks('m2', 20)],
  handed_back: [asked, outcomeOf(asked, 'handed_back', 5)],
  claim_due: [asked, due('claim')],
  answer_due: [asked, due('answer')],
  first_reply_due: [asked, due('first_reply')],
  terms_carried: [asked, newTerms('carry', 5)],
  terms_restarted: [asked, newTerms('restart', 5)],
};

function clockOf(subject: Case | undefined, name: ClockName): Clock | undefined {
  return name === 'claim' || name === 'answer' ? subject?.offer?.lease[name] : subject?.clocks[name];
}

function changeOf(before: Clock | undefined, after: Clock | undefined): ClockChange {
  if (after === undefined) return before === undefined || isOver(before) ? '-' : 'cancels';
  if (before === undefined) return 'starts';
  if (after.startedAt !== before.startedAt) return 'restarts';
  if (after.cancelledAt !== before.cancelledAt) return 'cancels';
  if (after.fulfilledAt !== before.fulfilledAt) return 'fulfils';
  if (after.pausedAt !== before.pausedAt) return after.pausedAt === undefined ? 'resumes' : 'pauses';
  if (after.firedAt !== before.firedAt) return 'breaks';
  return after.dueAt === before.dueAt ? '-' : 'moves';
}

describe('the table of what happens to each clock is what happens', () => {
  test.each(Object.entries(stories))('%s', (occasion, [before, event]) => {
    const after = caseOf([event], undefined, before);
    const changes = Object.fromEntries(
      clockNames.map((name) => [name, changeOf(clockOf(before, name), clockOf(after, name))]),
    );
    expect(changes).toEqual(Object.entries(semantics).find(([name]) => name === occasion)?.[1]);
  });
});

test('no clock runs in a case that is closed or withdrawn', () => {
  for (const events of [
    [writes('m1', 0), deleted('m1', 5)],
    [writes('m1', 0), outcomeOf(asked, 'resolved', 5)],
  ]) {
    const closed = caseOf(events);
    expect(nextDue(closed)).toBeUndefined();
    for (const name of clockNames) {
      const clock = clockOf(closed, name);
      if (clock !== undefined) expect(isOver(clock), name).toBe(true);
    }
  }
});

test('docs/clocks.md shows this very table', () => {
  const rows = Object.entries(occasions).map(([occasion, words]) => {
    const changes = Object.entries(semantics).find(([name]) => name === occasion)?.[1];
    return `| ${[words, ...clockNames.map((name) => changes?.[name])].join(' | ')} |`;
  });
  const page = readFileSync(new URL('../../docs/clocks.md', import.meta.url), 'utf8');
  const shown = page
    .split('\n')
    .filter((line) => Object.values(occasions).some((words) => line.startsWith(`| ${words} |`)));
  expect(shown).toEqual(rows);
});
