import type { EscalationNotice } from './contracts/desk-message.ts';
import { addSeconds } from './domain/clocks.ts';
import { minuteOf } from './domain/due.ts';
import {
  type CaseStore,
  type EscalationTopic,
  type KeptNotice,
  type Notice,
  type StoredEvent,
  StoreUnavailableError,
} from './ports.ts';
import { inGroups } from './runtime/groups.ts';
import type { Log } from './runtime/log.ts';

interface Telling {
  readonly store: CaseStore;
  readonly escalations: EscalationTopic;
  readonly now: () => Date;
}

/** What a stored event asks to tell people; `again`: its twin may have done so. */
export interface NoticeOfEvent {
  readonly stored: StoredEvent;
  readonly again: boolean;
  readonly notice: EscalationNotice;
}

/** Whoever keeps a notice tells it within this time, or the sweeper does. */
const untoldSeconds = 10;

/**
 * Sees to it that people are told. Notices are kept first, then it is noted that they are, and from then on a twin has nothing to tell: who dies later leaves
 * them to the sweeper. What nobody has spoken of in this minute is published at once, those alike as one; the rest of a storm waits for the sweeper, who makes
 * one notice of it. `false` when they could not be kept.
 */
export async function tellPeople(
  { store, escalations, now }: Telling,
  items: readonly NoticeOfEvent[],
): Promise<boolean> {
  if (items.length === 0) return true;
  const keyOf = ({ stored }: NoticeOfEvent) => ({ thread: stored.conversation, eventId: stored.event.id });
  try {
    const again = items.filter((item) => item.again);
    const told = await store.wereTold(again.map(keyOf));
    const settled = new Set(again.filter((_, index) => told[index]));
    const open = items.filter((item) => !settled.has(item));
    const kept = open.map(({ stored, notice }) => ({ since: stored.event.recordedAt, notice }));
    await store.keepNotices(distinct(kept));
    await store.markTold([...new Map(open.map((item) => [item.stored.event.id, keyOf(item)])).values()]);
    const groups = groupNotices(distinct(kept));
    const minute = minuteOf(now().toISOString());
    const first = await Promise.all(groups.map(({ about }) => store.isFirst(about, minute)));
    await publish(
      { store, escalations, now },
      groups.filter((_, index) => first[index]),
    );
    return true;
  } catch (error) {
    if (!(error instanceof StoreUnavailableError)) throw error;
    return false;
  }
}

/** Tells what is kept and was not told by whoever kept it: the rest of storms, and what those who died left. Rejects with `StoreUnavailableError`. */
export async function tellKept(telling: Telling & { readonly log: Log }): Promise<void> {
  const ripe = addSeconds(telling.now().toISOString(), -untoldSeconds);
  const groups = groupNotices((await telling.store.keptNotices()).filter(({ since }) => since <= ripe));
  if (groups.length === 0) return;
  const told = await publish(telling, groups);
  telling.log({ event: 'notices_told', notices: told.length, cases: told.flatMap(({ of }) => of).length });
}

/** Publishes, and forgets what is out. A death between the two has it told a second time, under the same ids. */
async function publish({ store, escalations }: Telling, groups: readonly Group[]): Promise<readonly Group[]> {
  const sent = await escalations.publish(groups);
  const told = groups.filter((_, index) => sent[index]);
  await store.dropNotices(told.flatMap(({ of }) => of));
  return told;
}

type Group = Notice & { readonly about: string; readonly of: readonly KeptNotice[] };

/** Some 300 bytes each: a notice stays far below the 256 KB of SNS. */
const casesPerNotice = 300;

function distinct(kept: readonly KeptNotice[]): KeptNotice[] {
  return [...new Map(kept.map((one) => [one.notice.cases.map(({ id }) => id).join(), one])).values()];
}

/** Notices that say the same of different cases, as one: a storm is told of once, not case by case. */
function groupNotices(items: readonly KeptNotice[]): Group[] {
  const groups = Map.groupBy(items, ({ notice: { cases: _, ...same } }) => JSON.stringify(same));
  const parts = [...groups].flatMap(([about, all]) => inGroups(all, casesPerNotice).map((of) => ({ about, of })));
  return parts.flatMap(({ about, of }) => {
    const [first] = of;
    if (first === undefined) return [];
    const cases = of.flatMap(({ notice }) => notice.cases);
    const { clock, step, desk, title } = first.notice;
    const when = step < 0 ? 'close to its deadline' : step === 0 ? 'broken' : 'still broken';
    const which = cases.length === 1 ? `case ${cases[0]?.caseId}` : `${cases.length} cases`;
    return [
      {
        subject: `Vigie: ${clock} ${when}, ${which} at ${desk} (${title})`,
        body: JSON.stringify({ ...first.notice, cases }),
        words: inWords({ ...first.notice, cases }, when),
        about,
        of,
      },
    ];
  });
}

/** A mail or a chat shows so many cases; the console shows all. */
const casesInWords = 10;

function inWords({ title, clock, desk, cases }: EscalationNotice, when: string): string {
  const spaced = (word: string) => word.replaceAll('_', ' ');
  const lines = cases.slice(0, casesInWords).map(({ caseId, dueAt, priority, reasons, channel, accountId }) => {
    const why = reasons.length === 0 ? '' : `: ${reasons.map(spaced).join(', ')}`;
    return `- case ${caseId}, ${priority}${why}; ${channel}, account ${accountId}; ${dueAt.slice(0, 16).replace('T', ' ')} UTC`;
  });
  const more = cases.length - lines.length;
  return [
    `For ${title}: a promise to customers (${spaced(clock)}) is ${when}. ${desk} has or had the cases.`,
    ...lines,
    ...(more > 0 ? [`- and ${more} more`] : []),
    'What happened to a case: npm run vigie -- timeline CASE',
  ].join('\n');
}
