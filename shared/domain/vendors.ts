import { createHash } from 'node:crypto';
import type { Assessment } from './assessment.ts';
import { isOpen } from './calendar.ts';
import type { Case, CaseEvent } from './case.ts';
import { ownershipNames, verdictOf } from './clocks.ts';
import { type InboundEvent, messageKeyOf } from './inbound-event.ts';
import type { Desk, Policy } from './policy.ts';

/** Where a rule may lead besides a desk: to whichever outsourced desk fits. */
export const anyVendor = 'outsourced';

export interface VendorChoice {
  /** The desks that fit, the chosen one first. */
  readonly fitting: readonly string[];
  /** The desks that would fit, but are closed or have their agreed backlog. */
  readonly away: readonly string[];
  /** Why each of the others was not chosen. */
  readonly passedOver: readonly string[];
}

/** How an outsourced desk stands: cases that wait for it, and how many of the clocks that ran on it lately it kept and broke. */
export interface Standing {
  readonly open: number;
  readonly kept: number;
  readonly broken: number;
}
/** By desk; one that is absent has room and owes nothing. */
export type Standings = Readonly<Record<string, Standing>>;

/** So many kept clocks stand to the credit of each desk, so that the first broken ones do not decide. */
const credit = 20;
/** What a desk keeps of its weight whatever it broke: without cases it could not show that it does better. */
const leastShare = 0.1;

/** What a weight counts for after what the desk kept and broke lately: its kept share squared, as a breach costs more than a kept promise brings. */
export function earnedWeight(weight: number, { kept, broken }: Pick<Standing, 'kept' | 'broken'>): number {
  const share = (kept + credit) / (kept + broken + credit);
  return weight * Math.max(leastShare, share ** 2);
}

/**
 * Of these outsourced desks those that read the message's language, take its topics and channel, and are open at an instant (ISO 8601 UTC; absent:
 * hours do not matter) with room in their backlog. Among several, each gets its share by weight: a conversation falls to one of them by its own number,
 * always the same, so that it does not wander with each message.
 */
export function chooseVendor(
  candidates: readonly string[],
  message: InboundEvent,
  assessment: Assessment,
  policy: Pick<Policy, 'desks' | 'calendars' | 'shares'>,
  at: string | undefined,
  standings: Standings = {},
): VendorChoice {
  const passedOver: string[] = [];
  const away: string[] = [];
  const fits: { readonly id: string; readonly weight: number; readonly words: string }[] = [];
  for (const id of candidates) {
    const desk = Object.hasOwn(policy.desks, id) ? policy.desks[id] : undefined;
    if (desk === undefined) continue;
    const unfit = whyUnfit(id, desk, message, assessment);
    const absent = whyAway(id, policy, at, standings);
    if (unfit !== undefined) passedOver.push(unfit);
    else if (absent !== undefined) {
      away.push(id);
      passedOver.push(absent);
    } else fits.push({ id, ...shareOf(id, desk.weight ?? 1, policy, standings) });
  }
  if (fits.length < 2) return { fitting: fits.map(({ id }) => id), away, passedOver };
  const { channel, accountId, thread, author } = message;
  const conversation = [channel, accountId, thread, author.id ?? messageKeyOf(message)].join('\n');
  // Weighted rendezvous hashing: a desk that comes, goes or changes its weight moves only its own conversations.
  const fitting = fits
    .map(({ id, weight }) => ({ id, rank: weight / -Math.log(fractionOf(`${conversation}\n${id}`)) }))
    .sort((a, b) => b.rank - a.rank || (a.id < b.id ? -1 : 1))
    .map(({ id }) => id);
  const shares = fits.map(({ words }) => words).join(', ');
  const others = fitting
    .slice(1)
    .map((id) => `${id} fits too; this conversation is ${fitting[0]}'s by shares ${shares}`);
  return { fitting, away, passedOver: [...passedOver, ...others] };
}

/** Why a desk takes no new case at an instant, in words; `undefined` when it does. */
export function whyAway(
  id: string,
  { desks, calendars = {} }: Pick<Policy, 'desks' | 'calendars'>,
  at: string | undefined,
  standings: Standings,
): string | undefined {
  const { hours, backlog } = (Object.hasOwn(desks, id) ? desks[id] : undefined) ?? {};
  const calendar = hours !== undefined && Object.hasOwn(calendars, hours) ? calendars[hours] : undefined;
  if (calendar !== undefined && at !== undefined && !isOpen(calendar, at)) return `${id} is closed at ${at}`;
  if (backlog !== undefined && (standings[id]?.open ?? 0) >= backlog)
    return `${id} has its agreed backlog of ${backlog} cases`;
  return undefined;
}

/** What one event changes in what the desk that had the case kept and broke of its clocks; a verdict that is corrected later counts the other way then. */
export function recordOf(
  before: Case | undefined,
  event: CaseEvent,
  after: Case,
): { readonly desk: string; readonly kept: number; readonly broken: number } | undefined {
  const had = before?.offer;
  if (had === undefined) return undefined;
  const has = after.offer?.id === had.id ? after.offer : undefined;
  let [kept, broken] = [0, 0];
  for (const name of ownershipNames) {
    const clock = had.lease[name];
    if (clock === undefined) continue;
    const was = verdictOf(clock);
    const fell =
      event.type === 'timer_fired' && event.clock === name && clock.dueAt !== undefined && clock.dueAt <= event.at;
    const ended = fell && was === 'running' ? 'breached' : was;
    const now = has?.lease[name];
    const is = now === undefined ? ended : verdictOf(now);
    kept += Number(is === 'met') - Number(was === 'met');
    broken += Number(is === 'breached') - Number(was === 'breached');
  }
  return kept === 0 && broken === 0 ? undefined : { desk: had.desk, kept, broken };
}

function shareOf(
  id: string,
  weight: number,
  { shares }: Pick<Policy, 'shares'>,
  standings: Standings,
): { weight: number; words: string } {
  const standing = standings[id];
  if (shares !== 'earned' || standing === undefined) return { weight, words: `${id} ${weight}` };
  const { kept, broken } = standing;
  const earned = earnedWeight(weight, standing);
  const words = `${id} ${weight}, which counts as ${earned.toFixed(2)} after ${kept} clocks kept and ${broken} broken lately`;
  return { weight: earned, words };
}

function whyUnfit(
  id: string,
  { languages, topics, channels }: Desk,
  { channel }: InboundEvent,
  { language, topics: found }: Assessment,
): string | undefined {
  if (languages !== undefined && !languages.includes(language.code)) return `${id} does not read ${language.code}`;
  if (channels !== undefined && !channels.includes(channel)) return `${id} does not answer on ${channel}`;
  if (topics === undefined) return undefined;
  const foreign = found.find(({ topic }) => !topics.includes(topic));
  if (foreign !== undefined) return `${id} does not take ${foreign.topic}`;
  return found.length === 0 ? `${id} takes only ${topics.join(', ')}, and no topic was recognised` : undefined;
}

/** A text as a number above 0 and below 1, evenly spread. */
function fractionOf(text: string): number {
  return (createHash('sha256').update(text).digest().readUInt32BE() + 0.5) / 2 ** 32;
}
