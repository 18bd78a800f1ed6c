import * as z from 'zod';
import { type InboundEvent, messageKeyOf } from '../domain/inbound-event.ts';
import type { Ignored, IgnoredReason, ReadResult } from './platform.ts';

/** What one part of a body turned out to be: an event, or the reason why it is none. */
export type Part = InboundEvent | IgnoredReason;

/** An id of a platform, always text: small ones may come as numbers, `json.ts` makes large ones text. */
export const platformIdSchema = z.union([z.string().min(1), z.number().int()]).transform(String);

/** A field that says nothing when it is missing, null, empty or of another type: never a reason to lose the message around it. */
export const wordSchema = z.string().min(1).optional().catch(undefined);
export const optionalIdSchema = platformIdSchema.optional().catch(undefined);
export const flagSchema = z.boolean().optional().catch(undefined);
export const countSchema = z.number().int().nonnegative().optional().catch(undefined);
/** Stars, as a number or in text. */
export const ratingSchema = z
  .union([z.number(), z.string().transform(Number)])
  .pipe(z.number().min(1).max(5))
  .optional()
  .catch(undefined);

/** The words of a message; a picture alone comes with null or without the field. */
export const textSchema = z
  .string()
  .nullish()
  .transform((text) => text ?? '');

/** A list of which each element is judged by itself later; anything else than a list counts as an empty one. */
export const partsSchema = z.array(z.unknown()).catch([]);

/** Any notation of an instant that a platform uses (see `toInstant`); nonsense counts as absent. */
export const instantSchema = z.unknown().optional().transform(toInstant);

/** ISO 639-1 out of a language tag; `und` and its kin count as absent. */
export const languageSchema = wordSchema.transform((tag) => {
  const [primary = ''] = tag?.toLowerCase().split(/[-_]/, 1) ?? [];
  return /^[a-z]{2}$/.test(primary) ? primary : undefined;
});

/**
 * What each item turned out to be, every item by itself, so that a bad one never takes its neighbours along: a reader that throws
 * (zod, on a shape it does not know) makes its item `unreadable_part`.
 */
export function partsOf<T>(items: readonly T[], readItem: (item: T) => Part | readonly Part[]): readonly Part[] {
  return items.flatMap((item): Part | readonly Part[] => {
    try {
      return readItem(item);
    } catch {
      return 'unreadable_part';
    }
  });
}

/** The result of a body made of these items (see `partsOf`), if any; what a POST says twice is emitted once. */
export function readParts<T>(items: readonly T[], readItem: (item: T) => Part | readonly Part[]): ReadResult {
  const read = partsOf(items, readItem);
  if (read.length === 0) return nothingRead('nothing_inside');
  return { kind: 'events', events: withoutTwins(read.filter(isEvent)), ignored: toIgnored(read.filter(isReason)) };
}

/** The result of a body that holds nothing to read. */
export function nothingRead(reason: IgnoredReason): ReadResult {
  return { kind: 'events', events: [], ignored: [{ reason }] };
}

/**
 * The id of one version of a message, for platforms that repeat the message's id on every edit: two edits are two events,
 * the same edit delivered twice is one.
 */
export function versionId(messageId: string, version: string): string {
  return `${messageId}@${version}`;
}

/** The platform's own id of what was delivered: `messageId` without what `versionId` added. */
export function platformsOwnId({ messageId, messageKey }: InboundEvent): string {
  return messageKey !== undefined && messageId.startsWith(versionId(messageKey, '')) ? messageKey : messageId;
}

type Present<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** An object without its `undefined` fields: with `exactOptionalPropertyTypes`, absent means absent. */
export function present<T extends object>(fields: T): Present<T>;
export function present(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

const isoNotation = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(:\d{2})?(\.\d{1,3})?\d{0,9} ?(Z|UTC|[+-]\d{2}:?\d{2})?$/i;
/** Below this a number counts seconds (until the year 5138), from here on milliseconds (since 1973). */
const smallestMilliseconds = 1e11;
const endOfYear9999 = Date.UTC(10_000, 0);

/**
 * Seconds or milliseconds (number or text, told apart by size), or ISO 8601 with or without a zone (then UTC), as ISO 8601 UTC
 * with milliseconds. Nonsense and times before 1970 give `undefined`: the time of receipt counts then.
 */
export function toInstant(value: unknown): string | undefined {
  const milliseconds = toMilliseconds(value);
  if (milliseconds === undefined || !(milliseconds > 0 && milliseconds < endOfYear9999)) return undefined;
  return new Date(milliseconds).toISOString();
}

function toMilliseconds(value: unknown): number | undefined {
  if (typeof value === 'number') return value < smallestMilliseconds ? value * 1000 : value;
  if (typeof value !== 'string') return undefined;
  if (/^\d{1,16}(\.\d{1,9})?$/.test(value)) return toMilliseconds(Number(value));
  const match = isoNotation.exec(value);
  if (match === null) return undefined;
  const [, date = '', minutes = '', seconds = ':00', fraction = '', zone = 'Z'] = match;
  return Date.parse(`${date}T${minutes}${seconds}${fraction}${toZone(zone)}`);
}

function toZone(zone: string): string {
  return /^(Z|UTC)$/i.test(zone) ? 'Z' : `${zone.slice(0, 3)}:${zone.slice(-2)}`;
}

function isEvent(part: Part): part is InboundEvent {
  return typeof part !== 'string';
}

function isReason(part: Part): part is IgnoredReason {
  return typeof part === 'string';
}

function toIgnored(reasons: readonly IgnoredReason[]): Ignored[] {
  return reasons.map((reason) => ({ reason }));
}

/** Drops what the same POST already said. Edits differ by their time and words: each of them counts. */
function withoutTwins(events: readonly InboundEvent[]): InboundEvent[] {
  const seen = new Set<string>();
  return events.filter((event) => {
    const version = event.type === 'message_edited' ? [event.postedAt, event.text] : [];
    const twin = JSON.stringify([event.type, event.channel, event.accountId, messageKeyOf(event), ...version]);
    return seen.has(twin) ? false : seen.add(twin);
  });
}
