/** A word, emoji, mention, hashtag part, link, number or mark of a text, as the lexicons see it. */
export interface Token {
  /** Spellings under which it may be found: lower case, without accents; a stretched word ("sooooo") has several. */
  readonly forms: readonly string[];
  readonly kind: 'word' | 'mention' | 'hashtag' | 'link' | 'number' | 'emoji' | 'mark';
  /** UTF-16 offsets in the text. */
  readonly start: number;
  readonly end: number;
  /** Counts sentences: nothing is matched across their ends. */
  readonly sentence: number;
  /** Counts the parts between commas and the like: a "not" reaches no further. */
  readonly clause: number;
  /** Between quotation marks: someone else's words, perhaps. */
  readonly quoted: boolean;
  /** Two letters or more, all capitals. */
  readonly shouted: boolean;
}

/** What a text is cut to before it is read: beyond, nothing new is learnt and hostile length costs time. */
const readCharacters = 8_000;

const tokenPattern =
  /(?<link>(?:https?:\/\/|www\.)[^\s]+)|(?<mention>@[\p{L}\p{N}_]+)|(?<hashtag>#[\p{L}\p{N}_]+)|(?<number>\p{N}+(?:[.,:]\p{N}+)*)|(?<word>[\p{L}\p{M}\u200d]+(?:['’´`][\p{L}\p{M}]+)*)|(?<emoji>\p{Extended_Pictographic}|[\u{1F1E6}-\u{1F1FF}]{2}|[:;]-?[()DP]|<3)|(?<mark>[.!?…]+|\n+|[,;:()]|["“”«»„])/gu;

/** The tokens of a text in order. Linear in its length, of which the first 8,000 characters are read. */
export function tokenise(text: string): Token[] {
  const tokens: Token[] = [];
  let sentence = 0;
  let clause = 0;
  let quoted = false;
  const push = (kind: Token['kind'], forms: readonly string[], start: number, end: number, shouted = false) =>
    tokens.push({ forms, kind, start, end, sentence, clause, quoted, shouted });

  for (const match of text.slice(0, readCharacters).matchAll(tokenPattern)) {
    const found = match[0];
    const start = match.index;
    const end = start + found.length;
    const groups = match.groups ?? {};
    if (groups['link'] !== undefined) push('link', ['<link>'], start, end);
    else if (groups['mention'] !== undefined) push('mention', ['@', fold(found)], start, end);
    else if (groups['hashtag'] !== undefined) {
      const whole = fold(found);
      const parts = hashtagWords(found.slice(1));
      for (const [index, part] of parts.entries()) {
        push('hashtag', index === 0 ? [part, whole, '#'] : [part], start, end);
      }
    } else if (groups['number'] !== undefined) push('number', ['<n>', found], start, end);
    else if (groups['emoji'] !== undefined) push('emoji', [found], start, end);
    else if (groups['word'] !== undefined) {
      const shouted = found.length > 1 && found === found.toUpperCase() && found !== found.toLowerCase();
      for (const part of unglue(found)) {
        for (const forms of unelide(fold(part))) push('word', forms.flatMap(spellings), start, end, shouted);
      }
    } else if (/^["“”«»„]/u.test(found)) {
      quoted = found === '“' || found === '«' || found === '„' ? true : found === '"' ? !quoted : false;
    } else if (/^[,;:()]/.test(found)) {
      clause += 1;
    } else {
      if (/[!?]/.test(found)) push('mark', [found.includes('!') ? '!' : '?', found], start, end);
      sentence += 1;
      clause += 1;
      if (found.includes('\n')) quoted = false;
    }
  }
  return tokens;
}

/** The words of a text, without links, handles and hashtags. */
export function countWords(text: string): number {
  return tokenise(text).filter(({ kind }) => kind === 'word').length;
}

/** Lower case, without accents and with one kind of apostrophe: "Écœurée" and "ecoeuree" are one word. */
export function fold(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/ß/g, 'ss')
    .replace(/œ/g, 'oe')
    .replace(/æ/g, 'ae')
    .replace(/[’´`]/g, "'");
}

/** `surgeryHELP` is two words that lost their space. */
function unglue(word: string): string[] {
  return word.match(/\p{Lu}{2,}\p{M}*(?=\p{Lu}\p{Ll}{3}|$)|.*?\p{Ll}(?=\p{Lu}{2,})|.+/gsu) ?? [word];
}

/** "l'arnaque" is two words; "don't" is one, "dont"; "that's" and "company's" are "that" and "company", or "thats" as many write. */
function unelide(word: string): string[][] {
  if (!word.includes("'")) return [[word]];
  const parts = word.split("'").filter((part) => part !== '');
  const last = parts.at(-1) ?? '';
  if (parts.length > 1 && /^(?:t|re|ve|ll|m|d)$/.test(last)) return [[parts.join('')]];
  if (parts.length < 2 || last !== 's') return parts.map((part) => [part]);
  return parts.slice(0, -1).map((part, index) => (index === parts.length - 2 ? [part, `${part}s`] : [part]));
}

/** A letter three times or more is for emphasis: the word may have one or two of it. */
function spellings(word: string): string[] {
  if (!/(.)\1\1/u.test(word)) return [word];
  return [...new Set([word.replace(/(.)\1{2,}/gu, '$1'), word.replace(/(.)\1{2,}/gu, '$1$1'), word])];
}

/** `StopRacisme2026` → stop, racisme, 2026. */
function hashtagWords(tag: string): string[] {
  const parts = tag.match(/\p{N}+|\p{Lu}+(?!\p{Ll})|\p{Lu}?[\p{Ll}\p{Lo}\p{M}]+/gu) ?? [tag];
  return parts.map(fold);
}
