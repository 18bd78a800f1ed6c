import * as z from 'zod';
import { parseJson } from '../../shared/platforms/json.ts';
import type { Random } from './random.ts';

const jsonSchema = z.json();
export type Json = z.infer<typeof jsonSchema>;

/** Text with this in front is written as it stands, without quotes: numbers that JavaScript does not have, or broken JSON. */
const rawMark = '\ue000';
/** The only key of an object that is written as JSON, or as base64 of JSON, inside a string (TikTok's `content`, Google's `data`). */
const jsonMark = '\ue001json';
const base64Mark = '\ue001base64';

/** The value of a JSON text, with the JSON that it holds inside its strings opened up. */
export function openJson(text: string): Json {
  return opened(jsonSchema.parse(parseJson(text) ?? null));
}

function opened(value: Json): Json {
  if (Array.isArray(value)) return value.map(opened);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, opened(inner)]));
  }
  if (typeof value !== 'string') return value;
  if (/^\s*\{/.test(value)) return inside(jsonMark, value) ?? value;
  if (/^eyJ|^ewo/.test(value)) return inside(base64Mark, Buffer.from(value, 'base64').toString()) ?? value;
  return value;
}

function inside(mark: string, text: string): Json | undefined {
  const parsed = jsonSchema.safeParse(parseJson(text));
  // What is a bare number of many digits there has become text on the way.
  return parsed.success ? { [mark]: withLargeNumbers(opened(parsed.data)) } : undefined;
}

function withLargeNumbers(value: Json): Json {
  if (typeof value === 'string' && /^\d{16,}$/.test(value)) return rawMark + value;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withLargeNumbers(inner)]));
}

/** The JSON text of a value of `openJson`. */
export function closeJson(value: Json): string {
  return JSON.stringify(closed(value)).replaceAll(/"\ue000((?:[^"\\]|\\.)*)"/g, (_, raw: string) =>
    String(JSON.parse(`"${raw}"`)),
  );
}

function closed(value: Json): Json {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== 'object' || value === null) return value;
  if (value[jsonMark] !== undefined) return closeJson(value[jsonMark]);
  if (value[base64Mark] !== undefined) return Buffer.from(closeJson(value[base64Mark])).toString('base64');
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, closed(inner)]));
}

type Holder = { [key: string]: Json } | Json[];

/** Where a value stands. */
interface Place {
  readonly holder: Holder;
  readonly key: string | number;
}

function placesIn(value: Json): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  const here = Array.isArray(value)
    ? value.map((_, key): Place => ({ holder: value, key }))
    : Object.keys(value).map((key): Place => ({ holder: value, key }));
  return [...here, ...Object.values(value).flatMap(placesIn)];
}

function valueAt({ holder, key }: Place): Json {
  if (Array.isArray(holder)) return holder[Number(key)] ?? null;
  return holder[key] ?? null;
}

function setAt({ holder, key }: Place, value: Json): void {
  if (Array.isArray(holder)) holder[Number(key)] = value;
  // Assigned, `__proto__` would be no key.
  else Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}

function removeAt({ holder, key }: Place): void {
  if (Array.isArray(holder)) holder.splice(Number(key), 1);
  else delete holder[key];
}

const shortWords: readonly [string, ...string[]] = [
  '',
  ' ',
  '0',
  '-1',
  'null',
  'true',
  'und',
  'STOP',
  '\u0000',
  'a\u0000b',
  '\ud83d',
  '\ude00\ud83d',
  '\u202eabc\u200f',
  '👩‍👩‍👧‍👦 أين طلبي؟',
  '&amp;lt;&#x110000;&#0;&#xd800;',
  '<a href="',
  '2026-11-24T10:00:00Z',
  '2026-11-24 10:00:00.123456789 +0100',
  '9999-12-31T23:59:59-23:59',
  'Mon Mar 26 16:33:26 +0000 2018',
  '1795341600',
  '1795341600000',
  '99999999999999999999999999',
  '__proto__',
  'constructor',
  'urn:li:comment:(activity:1,2)',
  'accounts/1/locations/2/reviews/3',
];

const longWords: readonly [string, ...string[]] = [
  '<'.repeat(20_000),
  '<a '.repeat(20_000),
  '&#'.repeat(20_000),
  '<!@|<@<#!|'.repeat(5_000),
  'Aa0_'.repeat(10_000),
  '1'.repeat(20_000),
  ' '.repeat(20_000),
];

function word(random: Random): string {
  return random.pick(random.chance(20) ? longWords : shortWords);
}

const numbers: readonly [string, ...string[]] = [
  '9007199254740993',
  '-9223372036854775808',
  '18446744073709551616',
  '1e400',
  '-0',
  '1795341600.123',
  '0.1e-7',
  `1${'0'.repeat(400)}`,
];

/** A value that nobody expects where it will stand. */
export function hostileValue(random: Random): Json {
  switch (random.below(11)) {
    case 0:
      return null;
    case 1:
      return random.chance(2);
    case 2:
      return random.pick([0, -1, 1, 2 ** 53, 0.5, 1e11, 1e13, 1_795_341_600]);
    case 3:
      return rawMark + random.pick(numbers);
    case 4:
      return [];
    case 5:
      return {};
    case 6:
      return Array.from({ length: 1 + random.below(200) }, () => word(random));
    case 7:
      return { [word(random)]: word(random), __proto__: null, id: 1 };
    case 8:
      return rawMark + deep(random);
    default:
      return word(random);
  }
}

function deep(random: Random): string {
  const levels = random.pick([10, 500, 5_000]);
  return random.chance(2) ? '['.repeat(levels) + ']'.repeat(levels) : `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
}

/** Changes one to four things in a value: replaces, removes, renames, moves, repeats, wraps, unwraps or retypes. */
export function mutateJson(random: Random, original: Json, other: Json): Json {
  const root: { value?: Json } = { value: structuredClone(original) };
  for (let left = 1 + random.below(4); left > 0; left -= 1) {
    const place = random.pick(placesIn(root)) ?? { holder: root, key: 'value' };
    mutateAt(random, place, other);
  }
  return root.value ?? null;
}

function mutateAt(random: Random, place: Place, other: Json): void {
  const value = valueAt(place);
  switch (random.below(10)) {
    case 0:
      removeAt(place);
      break;
    case 1:
      if (Array.isArray(value)) value.push(...value.slice(0, 20).map((part) => structuredClone(part)));
      break;
    case 2:
      if (!Array.isArray(place.holder)) {
        removeAt(place);
        setAt({ holder: place.holder, key: word(random) }, value);
      }
      break;
    default:
      setAt(place, replacementFor(random, value, other));
  }
}

function replacementFor(random: Random, value: Json, other: Json): Json {
  switch (random.below(7)) {
    case 0: {
      const donor = random.pick(placesIn(other));
      return donor === undefined ? null : structuredClone(valueAt(donor));
    }
    case 1:
      return [value];
    case 2:
      return { data: value };
    case 3:
      return typeof value === 'object' ? JSON.stringify(value) : retyped(value);
    case 4:
      return typeof value === 'string' ? mutateText(random, value) : hostileValue(random);
    default:
      return hostileValue(random);
  }
}

function retyped(value: string | number | boolean): Json {
  if (typeof value === 'string') return /^-?\d+$/.test(value) ? rawMark + value : value.length;
  return String(value);
}

/** Changes one thing in a text: a character, its length, its case, its spelling. */
export function mutateText(random: Random, text: string): string {
  const at = random.below(text.length + 1);
  switch (random.below(8)) {
    case 0:
      return text.slice(0, at) + word(random) + text.slice(at);
    case 1:
      return text.slice(0, at);
    case 2:
      return text.slice(at);
    case 3:
      return text.slice(0, at) + String.fromCharCode(random.below(0x250)) + text.slice(at + 1);
    case 4:
      return text.toUpperCase();
    case 5:
      return text + text;
    case 6:
      return text.slice(0, at) + text.slice(at + 1);
    default:
      return word(random);
  }
}

/** Changes one thing in the bytes of a body: a bit, a stretch, the end, the encoding. */
export function mutateBytes(random: Random, bytes: Uint8Array): Buffer {
  const altered = Buffer.from(bytes);
  const at = random.below(altered.length);
  switch (random.below(6)) {
    case 0:
      return altered.subarray(0, at);
    case 1:
      return Buffer.concat([altered.subarray(0, at), Buffer.from([0xff, 0xc3, 0x28, 0x00]), altered.subarray(at)]);
    case 2:
      return Buffer.concat([altered.subarray(0, at), altered.subarray(0, 64), altered.subarray(at)]);
    case 3:
      return Buffer.concat([Buffer.from('\ufeff'), altered]);
    case 4:
      return Buffer.concat([altered, Buffer.from(random.pick([' ', '\n', '\u0000', '}', ',{}', '&']))]);
    default:
      if (altered.length > 0) altered[at] = (altered[at] ?? 0) ^ (1 << random.below(8));
      return altered;
  }
}

/**
 * Puts something among the parts of the value that must not matter to the messages in it: an unknown field into one of its objects, or a
 * part beyond understanding into one of its lists, in front or behind.
 */
export function addNeighbour(random: Random, original: Json, mayChange: (list: string) => boolean): Json {
  const root: { value?: Json } = { value: structuredClone(original) };
  const holders = placesIn(root).filter((place) => typeof valueAt(place) === 'object' && mayChange(String(place.key)));
  const place = random.pick(holders);
  const holder = place === undefined ? null : valueAt(place);
  if (Array.isArray(holder)) {
    const broken = random.chance(2) ? hostileValue(random) : brokenCopy(random, holder);
    if (random.chance(2)) holder.push(broken);
    else holder.unshift(broken);
  } else if (
    holder !== null &&
    typeof holder === 'object' &&
    holder[jsonMark] === undefined &&
    holder[base64Mark] === undefined
  ) {
    setAt({ holder, key: `unknown_${random.below(1_000)}` }, hostileValue(random));
  }
  return root.value ?? null;
}

/** A copy of one of the parts that is no message any more: every id and text in it is something else. */
function brokenCopy(random: Random, parts: readonly Json[]): Json {
  const copy: { value: Json } = { value: structuredClone(random.pick(parts) ?? null) };
  for (const place of placesIn(copy)) {
    if (typeof valueAt(place) !== 'object') setAt(place, hostileValue(random));
  }
  return copy.value;
}
