import type { ClockName } from './clocks.ts';

/**
 * What an occasion does to a clock. `starts`: from its own time; `moves`: the same clock falls due at another time; `pauses`, `resumes`: the time
 * between does not count; `fulfils`: judged by the occasion's own time; `cancels`: nobody waits any more; `breaks`: the breach is announced;
 * `restarts`: the one before is over, the next begins; `-`: nothing.
 */
export type ClockChange =
  | 'starts'
  | 'moves'
  | 'pauses'
  | 'resumes'
  | 'fulfils'
  | 'cancels'
  | 'breaks'
  | 'restarts'
  | '-';

/** What can happen to a case at an outsourced desk, as far as a clock may care. */
export const occasions = {
  first_message: 'The customer writes for the first time',
  another_message: 'The customer writes again before an answer',
  edit: 'The customer changes a message, nothing more serious in it',
  more_serious: 'The customer writes something that takes the case in-house',
  deletion: 'The customer deletes everything',
  own_reply: 'The brand’s answer is seen on the platform',
  claimed: 'The desk reports `claimed`',
  heartbeat: 'The desk reports `heartbeat`',
  answered: 'The desk reports `answered`',
  waiting: 'The desk reports `waiting_for_customer`',
  message_after_answer: 'The customer writes after an answer',
  message_after_waiting: 'The customer writes after being asked',
  thanks: 'The customer only says thanks after an answer',
  resolved: 'The desk reports `resolved`',
  message_soon_after_end: 'The customer writes within `reopen_within` after the end: the same case, offered anew',
  message_after_end: 'The customer writes after the end: the next case',
  thanks_after_end: 'The customer only says thanks after the end',
  handed_back: 'The desk reports `handed_back`',
  claim_due: 'The claim falls due',
  answer_due: 'The answer falls due',
  first_reply_due: 'The first reply falls due',
  terms_carried: 'New terms, and what has passed counts (`on_change: carry`)',
  terms_restarted: 'New terms, and times begin again (`on_change: restart`)',
} as const;
export type Occasion = keyof typeof occasions;

const nothing = { first_reply: '-', next_reply: '-', resolution: '-', claim: '-', answer: '-' } as const;

const beginsAgain = {
  ...nothing,
  first_reply: 'restarts',
  resolution: 'restarts',
  claim: 'restarts',
  answer: 'restarts',
} as const;

/**
 * The meaning of every clock, as a table; a test plays each occasion and compares. The first three are promised to the customer and run on
 * whoever has the case; claim and answer belong to one offer and begin again with the next.
 */
export const semantics: Readonly<Record<Occasion, Readonly<Record<ClockName, ClockChange>>>> = {
  first_message: { ...nothing, first_reply: 'starts', resolution: 'starts', claim: 'starts', answer: 'starts' },
  another_message: nothing,
  edit: nothing,
  more_serious: { ...nothing, first_reply: 'moves', resolution: 'moves', claim: 'restarts', answer: 'restarts' },
  deletion: { first_reply: 'cancels', next_reply: '-', resolution: 'cancels', claim: 'cancels', answer: 'cancels' },
  own_reply: { ...nothing, first_reply: 'fulfils', claim: 'fulfils', answer: 'fulfils' },
  claimed: { ...nothing, claim: 'fulfils' },
  heartbeat: { ...nothing, claim: 'fulfils', answer: 'moves' },
  answered: { ...nothing, first_reply: 'fulfils', claim: 'fulfils', answer: 'fulfils' },
  waiting: { ...nothing, first_reply: 'fulfils', resolution: 'pauses', claim: 'fulfils', answer: 'fulfils' },
  message_after_answer: { ...nothing, next_reply: 'starts' },
  message_after_waiting: { ...nothing, next_reply: 'starts', resolution: 'resumes' },
  thanks: nothing,
  resolved: { ...nothing, first_reply: 'fulfils', resolution: 'fulfils', claim: 'fulfils', answer: 'fulfils' },
  message_soon_after_end: beginsAgain,
  message_after_end: beginsAgain,
  thanks_after_end: nothing,
  handed_back: { ...nothing, claim: 'restarts', answer: 'restarts' },
  claim_due: { ...nothing, claim: 'restarts', answer: 'restarts' },
  answer_due: { ...nothing, claim: 'restarts', answer: 'restarts' },
  first_reply_due: { ...nothing, first_reply: 'breaks', claim: 'restarts', answer: 'restarts' },
  terms_carried: { ...nothing, first_reply: 'moves', resolution: 'moves', claim: 'moves', answer: 'moves' },
  terms_restarted: beginsAgain,
};
