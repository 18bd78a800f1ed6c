import { createHash } from 'node:crypto';
import Holidays from 'date-holidays';
import * as z from 'zod';
import { type Calendar, calendarSchema, type Slots, slotsSchema } from '../shared/domain/calendar.ts';
import { closedObject } from '../shared/domain/policy.ts';
import type { PolicyPath, PolicySource } from './policy-source.ts';

const file = 'calendars.yaml';
const weekdays: readonly string[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const dayNames = weekdays.join('|');

const slot = z
  .string()
  .regex(/^(?:[01]\d|2[0-3]):[0-5]\d-(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/, 'write open times as 09:00-13:00')
  .transform((text): Slots[number] => {
    const [from = 0, fromMinutes = 0, to = 0, toMinutes = 0] = text.split(/[:-]/).map(Number);
    return [from * 60 + fromMinutes, to * 60 + toMinutes];
  });
const slots = z.array(slot).pipe(slotsSchema);
const hours = z.record(
  z.string().regex(new RegExp(`^(?:${dayNames})(?:-(?:${dayNames}))?$`), 'write a day or days as mon or mon-fri'),
  slots,
);
const date = z.iso.date('write a day as 2026-12-24');

const calendarEntry = closedObject({
  extends: z.string().optional(),
  zone: calendarSchema.shape.zone.optional(),
  hours: hours.optional(),
  /** Hours that hold from a day on. */
  changes: z.array(closedObject({ from: date, hours })).optional(),
  holidays: closedObject({ country: z.string(), region: z.string().optional() }).optional(),
  /** Closed besides the public holidays. */
  closed: z.array(date).optional(),
  /** Public holidays on which this calendar's weekday holds all the same. */
  open: z.array(date).optional(),
  special: z.record(date, slots).optional(),
});
type Entry = z.infer<typeof calendarEntry>;

/** What `policy/calendars.yaml` may hold. */
export const calendarsFile = closedObject({
  years: closedObject({ first: z.number().int().min(2020).max(2100), last: z.number().int().min(2020).max(2100) }),
  calendars: z.record(
    z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, 'write a lower-case word: letters, digits and _'),
    calendarEntry,
  ),
});
type CalendarsFile = z.infer<typeof calendarsFile>;

/**
 * The calendars of a policy directory, each whole: inheritance resolved and public holidays written out as days. What is wrong is noted in
 * `source`, and that calendar is left out.
 */
export function compileCalendars(source: PolicySource): Record<string, Calendar> {
  const written = source.read(file, calendarsFile);
  if (written === undefined) return {};
  if (written.years.last < written.years.first) {
    source.report(file, ['years'], 'years: the last is before the first');
    return {};
  }
  const compiled: Record<string, Calendar> = {};
  for (const id of Object.keys(written.calendars)) {
    const calendar = compileOne(id, written, source);
    if (calendar !== undefined) compiled[id] = calendar;
  }
  return compiled;
}

function compileOne(id: string, written: CalendarsFile, source: PolicySource): Calendar | undefined {
  const path = ['calendars', id];
  const entry = withInherited(id, written.calendars, source);
  if (entry === undefined) return undefined;
  if (entry.zone === undefined || entry.hours === undefined) {
    const missing = entry.zone === undefined ? 'zone: Europe/Paris' : 'hours: { mon-fri: [09:00-18:00] }';
    source.report(file, path, `calendar ${id} has none of its own and inherits none: write ${missing}`);
    return undefined;
  }
  const holidays = holidaysOf(entry.holidays, written.years, source, path);
  if (holidays === undefined) return undefined;
  const open = new Set(entry.open);
  const unknown = [...open].filter((day) => !holidays.has(day) && inSpan(day, written.years));
  for (const day of unknown) {
    source.report(file, [...path, 'open'], `${day} is no public holiday of calendar ${id}: remove it from open`);
  }
  const content = {
    id,
    zone: entry.zone,
    weeks: [
      { days: weekOf(entry.hours) },
      ...(entry.changes ?? []).map(({ from, hours: own }) => ({ from, days: weekOf(own) })),
    ],
    closed: [...new Set([...holidays, ...(entry.closed ?? [])])].filter((day) => !open.has(day)).sort(),
    special: entry.special ?? {},
  };
  const version = createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 12);
  const parsed = calendarSchema.safeParse({ ...content, version });
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) source.report(file, path, `calendar ${id}: ${issue.message}`);
  return undefined;
}

/** The entry with what it leaves out taken from the calendar it extends, and from that one's. */
function withInherited(id: string, calendars: CalendarsFile['calendars'], source: PolicySource): Entry | undefined {
  const seen = new Set<string>();
  let entry: Entry = {};
  for (let next: string | undefined = id; next !== undefined; ) {
    const parent: Entry | undefined = calendars[next];
    if (parent === undefined || seen.has(next)) {
      const problem = parent === undefined ? `there is no calendar ${next}` : `it extends itself through ${next}`;
      source.report(file, ['calendars', id, 'extends'], `calendar ${id}: ${problem}`);
      return undefined;
    }
    seen.add(next);
    entry = {
      ...parent,
      // Whoever says its own weekly hours does not want the changes of another's.
      ...(entry.hours === undefined ? {} : { changes: undefined }),
      ...Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined)),
      closed: [...(parent.closed ?? []), ...(entry.closed ?? [])],
      open: [...(parent.open ?? []), ...(entry.open ?? [])],
      special: { ...parent.special, ...entry.special },
    };
    next = parent.extends;
  }
  return entry;
}

function weekOf(written: z.infer<typeof hours>): Slots[] {
  const days: Slots[] = weekdays.map(() => []);
  for (const [name, open] of Object.entries(written)) {
    const [first = '', last = first] = name.split('-');
    const from = weekdays.indexOf(first);
    const to = weekdays.indexOf(last);
    // `sat-mon` goes over the end of the week.
    for (let day = from; ; day = (day + 1) % 7) {
      days[day] = open;
      if (day === to) break;
    }
  }
  return days;
}

/** Public holidays as days, from the tables of the `date-holidays` library; `undefined` after noting an unknown country or region. */
function holidaysOf(
  where: Entry['holidays'],
  { first, last }: CalendarsFile['years'],
  source: PolicySource,
  path: PolicyPath,
): Set<string> | undefined {
  if (where === undefined) return new Set();
  const known = new Holidays();
  const countries = Object.keys(known.getCountries());
  if (!countries.includes(where.country)) {
    source.report(
      file,
      [...path, 'holidays', 'country'],
      `no holidays are known for ${where.country}: write a country in two capitals such as FR`,
    );
    return undefined;
  }
  const regions = Object.keys(known.getStates(where.country) ?? {});
  if (where.region !== undefined && !regions.includes(where.region)) {
    source.report(
      file,
      [...path, 'holidays', 'region'],
      `${where.country} has no region ${where.region}; known: ${regions.join(', ') || 'none'}`,
    );
    return undefined;
  }
  const holidays = where.region === undefined ? new Holidays(where.country) : new Holidays(where.country, where.region);
  const days = new Set<string>();
  for (let year = first; year <= last; year += 1) {
    for (const holiday of holidays.getHolidays(year)) {
      if (holiday.type !== 'public') continue;
      const begins = Date.parse(holiday.date.slice(0, 10));
      const length = Math.max(1, Math.round((holiday.end.getTime() - holiday.start.getTime()) / 86_400_000));
      for (let day = 0; day < length; day += 1) {
        days.add(new Date(begins + day * 86_400_000).toISOString().slice(0, 10));
      }
    }
  }
  return days;
}

function inSpan(day: string, { first, last }: CalendarsFile['years']): boolean {
  const year = Number(day.slice(0, 4));
  return year >= first && year <= last;
}
