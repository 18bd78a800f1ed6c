import * as z from 'zod';
import { isZone, offsetsFrom } from './zone-offsets.ts';

const minuteOfDay = z.number().int().min(0).max(1440);

/** Open times of one day in minutes of its wall clock, end excluded, in order and apart: `[[540, 780], [840, 1080]]`. */
export const slotsSchema = z
  .array(z.tuple([minuteOfDay, minuteOfDay]))
  .refine((slots) => slots.every(([start, end], index) => start < end && start >= (slots[index - 1]?.[1] ?? 0)), {
    message: 'write slots in order, each with its end after its start, without overlap',
  });
export type Slots = z.infer<typeof slotsSchema>;

const weekSchema = z.object({
  /** First day on which these hours hold; absent: from the beginning of time. */
  from: z.iso.date().optional(),
  /** Monday to Sunday. */
  days: z.array(slotsSchema).length(7),
});

/**
 * When somebody works: the wall clock of one zone, weekly hours that may change on given dates, and days that are different. Whole and
 * self-contained, so that it can travel with a promise that was made by it.
 */
export const calendarSchema = z.object({
  id: z.string(),
  /** Short hash of the content. */
  version: z.string(),
  zone: z.string().refine(isZone, { message: 'not a time zone: write an IANA name such as Europe/Paris' }),
  weeks: z
    .array(weekSchema)
    .min(1)
    .refine((weeks) => weeks.every(({ from = '' }, index) => index === 0 || from > (weeks[index - 1]?.from ?? '')), {
      message: 'write the weeks in the order of their first days',
    })
    // Without this, no deadline would ever come.
    .refine((weeks) => weeks.every(({ days }) => days.some((slots) => slots.length > 0)), {
      message: 'every week needs at least one open slot',
    }),
  /** Days that are closed whatever their weekday: public holidays. */
  closed: z.array(z.iso.date()),
  /** Days with hours of their own; they win over `closed`. */
  special: z.record(z.iso.date(), slotsSchema),
});
export type Calendar = z.infer<typeof calendarSchema>;

const minuteMs = 60_000;
const dayMs = 86_400_000;

/**
 * Business time from one instant to another (ISO 8601 UTC), in milliseconds; negative when `to` is before `from`. A moment is open exactly
 * when the wall clock of the calendar's zone shows a time within a slot of that day: an hour that a clock change skips is never open, one
 * that it repeats is open twice.
 */
export function openMsBetween(calendar: Calendar, from: string, to: string): number {
  if (to < from) return -openMsBetween(calendar, to, from);
  const end = Date.parse(to);
  let open = 0;
  for (const opening of openingsFrom(calendar, Date.parse(from))) {
    if (opening.from >= end) break;
    open += Math.min(opening.to, end) - opening.from;
  }
  return open;
}

/**
 * The first instant (ISO 8601 UTC) at which so much business time (milliseconds, 0 or more) has passed since `from`: a deadline met at the very
 * end of a slot falls there, not on the next opening. The inverse of `openMsBetween`.
 */
export function deadlineAfter(calendar: Calendar, from: string, openMs: number): string {
  if (openMs <= 0) return from;
  let left = openMs;
  for (const opening of openingsFrom(calendar, Date.parse(from))) {
    const length = opening.to - opening.from;
    if (length >= left) return new Date(opening.from + left).toISOString();
    left -= length;
  }
  throw new RangeError('a calendar opens again and again: this line is never reached');
}

/** Whether a moment (ISO 8601 UTC) lies in an open slot, the end of a slot excluded. */
export function isOpen(calendar: Calendar, at: string): boolean {
  return opensAfter(calendar, at) === new Date(at).toISOString();
}

/** The first open moment (ISO 8601 UTC) from an instant on: the instant itself when it is open. */
export function opensAfter(calendar: Calendar, at: string): string {
  const [opening] = openingsFrom(calendar, Date.parse(at));
  if (opening === undefined) throw new RangeError('a calendar opens again and again: this line is never reached');
  return new Date(opening.from).toISOString();
}

interface Opening {
  readonly from: number;
  readonly to: number;
}

/** Open times from an instant (milliseconds since 1970) on, in order, without end. */
function* openingsFrom(calendar: Calendar, from: number): Generator<Opening> {
  const slotsOn = slotsByDay(calendar);
  for (const stretch of offsetsFrom(calendar.zone, from)) {
    const wallEnd = stretch.to + stretch.offset;
    for (let day = Math.floor((stretch.from + stretch.offset) / dayMs); day * dayMs < wallEnd; day += 1) {
      const midnight = day * dayMs - stretch.offset;
      for (const [start, end] of slotsOn(day)) {
        const opening = {
          from: Math.max(stretch.from, midnight + start * minuteMs),
          to: Math.min(stretch.to, midnight + end * minuteMs),
        };
        if (opening.from < opening.to) yield opening;
      }
    }
  }
}

const indexed = new WeakMap<Calendar, (day: number) => Slots>();

/** The open times of a day, which is counted from 1 January 1970 by the wall clock. */
function slotsByDay(calendar: Calendar): (day: number) => Slots {
  const known = indexed.get(calendar);
  if (known !== undefined) return known;
  const exceptions = new Map<number, Slots>(calendar.closed.map((date) => [dayNumber(date), []]));
  for (const [date, slots] of Object.entries(calendar.special)) exceptions.set(dayNumber(date), slots);
  const weeks = calendar.weeks
    .map(({ from, days }) => ({ from: from === undefined ? -Infinity : dayNumber(from), days }))
    .toReversed();
  const slotsOn = (day: number): Slots => {
    // 1 January 1970 was a Thursday, the fourth day of the week.
    const weekday = (((day + 3) % 7) + 7) % 7;
    return exceptions.get(day) ?? weeks.find(({ from }) => day >= from)?.days[weekday] ?? [];
  };
  indexed.set(calendar, slotsOn);
  return slotsOn;
}

function dayNumber(date: string): number {
  return Date.parse(date) / dayMs;
}
