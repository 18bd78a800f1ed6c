import * as z from 'zod';

const instant = z.iso.datetime();
const hourMs = 3_600_000;
const hoursOfWeek = 168;

/** How much an account is written to, hour by hour of the week (UTC), and when it last was. What is counted are conversations: one person's ten messages are one. */
export const accountHealthSchema = z.object({
  /** Watched since. */
  since: instant,
  /** When the last message was written. */
  heardAt: instant.optional(),
  /** All hours before this one are counted. */
  countedTo: instant,
  /** Conversations that each hour of the week used to bring, Thursday's first hour first, as the Unix epoch begins. */
  hours: z.array(z.number().nonnegative()).length(hoursOfWeek),
  /** Of the last half day, fading: what came, and what those hours used to bring. */
  lately: z.object({ heard: z.number(), expected: z.number() }),
  /** When people were last told that it is silent. */
  toldAt: instant.optional(),
});
export type AccountHealth = z.infer<typeof accountHealthSchema>;

/** An account that goes on being silent. */
export interface Silence {
  /** Since the last message, or since the account is watched. */
  readonly since: string;
  /** Conversations that were to be expected since then. */
  readonly expected: number;
}

/** The weight of the latest week: after four weeks two thirds of what is known are theirs. */
const weekWeight = 0.25;
/** An hour that brings more than this is a storm, and no more of it is learnt: the calm behind it is no silence. */
const stormFactor = 4;
const stormFloor = 20;
/** What an hour counts for in the next one. */
const hourFades = 0.9;
/** So many conversations must be missing before the last half day says that fewer are to be expected than usual. */
const paceInertia = 5;

/** If conversations come by chance, none of 20 is rarer than one in 400 million: it happens to no brand in a year by itself. */
const surelyMissing = 20;
/** None of 10 is one in 20,000: rare enough where waiting for more would take too long. */
const probablyMissing = 10;
/** What a poll brings is ten minutes late. */
const shortestSilenceMs = 15 * 60_000;
/** Meta drops what it could not deliver for 36 hours, and then cuts the subscription off: half a day is left to mend it. */
const longestSilenceMs = 24 * hourMs;

/** The health of an account of which nothing is known yet. */
export function newHealth(at: string): AccountHealth {
  return {
    since: at,
    countedTo: hourOf(at),
    hours: Array.from({ length: hoursOfWeek }, () => 0),
    lately: { heard: 0, expected: 0 },
  };
}

/** The hour that an instant lies in, as the instant it begins (ISO 8601 UTC). */
export function hourOf(at: string): string {
  return new Date(Math.floor(Date.parse(at) / hourMs) * hourMs).toISOString();
}

/** The health with the conversations of one more hour; hours in between brought none, unless the account was silent. An hour is counted once. */
export function withHour(health: AccountHealth, hour: string, heard: number): AccountHealth {
  if (hour < health.countedTo) return health;
  const hours = [...health.hours];
  let { lately } = health;
  const count = (at: number, came: number) => {
    const usual = hours[slotOf(at)] ?? 0;
    const learnt = Math.min(came, stormFactor * usual + stormFloor);
    hours[slotOf(at)] = rounded(usual + weekWeight * (learnt - usual));
    lately = {
      heard: rounded(lately.heard * hourFades + came),
      expected: rounded(lately.expected * hourFades + usual),
    };
  };
  // What was lost is not what is usual.
  const wasSilent = silenceOf(health, undefined, hour) !== undefined;
  const first = wasSilent ? Date.parse(hour) : Date.parse(health.countedTo);
  for (let at = first; at < Date.parse(hour); at += hourMs) count(at, 0);
  count(Date.parse(hour), heard);
  return { ...health, hours, lately, countedTo: new Date(Date.parse(hour) + hourMs).toISOString() };
}

/** The health with a message that was written at an instant (ISO 8601 UTC), in whatever order they come. */
export function withMessage(health: AccountHealth, at: string | undefined): AccountHealth {
  return at === undefined || (health.heardAt !== undefined && at <= health.heardAt)
    ? health
    : { ...health, heardAt: at };
}

/**
 * Whether an account has been silent for longer than chance explains at an instant (ISO 8601 UTC), judged by what it is used to at these hours and by how
 * busy the last half day was; or, at the latest, for as long as its `silentAfterHours`. `undefined` when it is not.
 */
export function silenceOf(
  health: AccountHealth,
  silentAfterHours: number | undefined,
  now: string,
): Silence | undefined {
  const since = health.heardAt ?? health.since;
  const lasts = Date.parse(now) - Date.parse(since);
  const expected = rounded(paceOf(health) * usuallyBetween(health, since, now));
  const isSilent =
    (silentAfterHours !== undefined && lasts >= silentAfterHours * hourMs) ||
    (lasts >= shortestSilenceMs && expected >= surelyMissing) ||
    (lasts >= longestSilenceMs && expected >= probablyMissing);
  return isSilent ? { since, expected } : undefined;
}

/** How busy the last half day was by what is usual, 1 at most: a holiday or the end of a campaign is no silence. */
function paceOf({ lately: { heard, expected } }: AccountHealth): number {
  return Math.min(1, (heard + paceInertia) / (expected + paceInertia));
}

/** Conversations that the hours between two instants used to bring, parts of an hour by their length. */
function usuallyBetween({ hours }: AccountHealth, from: string, to: string): number {
  let sum = 0;
  const end = Date.parse(to);
  for (let at = Date.parse(from); at < end; ) {
    const next = Math.min(end, (Math.floor(at / hourMs) + 1) * hourMs);
    sum += ((hours[slotOf(at)] ?? 0) * (next - at)) / hourMs;
    at = next;
  }
  return sum;
}

function slotOf(at: number): number {
  return Math.floor(at / hourMs) % hoursOfWeek;
}

/** A thousandth of a conversation is close enough, and packs well. */
function rounded(count: number): number {
  return Math.round(count * 1000) / 1000;
}
