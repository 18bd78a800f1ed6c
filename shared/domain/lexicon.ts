import type { Lexicon, Meaning } from './policy.ts';
import type { Token } from './text.ts';

interface Entry {
  readonly means: Meaning;
  /** 0 to 1. */
  readonly confidence: number;
  /** ISO 639-1 of the lexicon, or `any`. */
  readonly language: string;
  /** The phrase of the lexicon in short, the first choice of each group: to be read, never the customer's words. */
  readonly phrase: string;
}

/** An entry found in a text, with the tokens it covers (`end` exclusive). */
export interface Hit extends Entry {
  readonly start: number;
  readonly end: number;
}

export interface LexiconMatcher {
  /** Every entry found, in the order of their ends. Linear in the tokens; does not grow with the number of entries. */
  match(tokens: readonly Token[]): Hit[];
}

/** A phrase as parsed. */
type Piece =
  | { readonly kind: 'word'; readonly word: string; readonly optional: boolean }
  | { readonly kind: 'group'; readonly choices: readonly (readonly Piece[])[]; readonly optional: boolean }
  | { readonly kind: 'gap' };

const gapWords = 4;
const minStem = 3;
const phraseParts = /[()|]|[^\s()|]+/gu;

export type PhraseParse =
  | { readonly ok: true; readonly pieces: readonly Piece[]; readonly atClauseStart: boolean }
  | { readonly ok: false; readonly problem: string };

/**
 * The notation of lexicons: words in lower case without accents, in order. `refund*` is any word that begins so; `(a|b c)` one of these;
 * `word?` and `(a|b)?` may be missing; `..` stands for up to four words; `#tag`, `@name`, `<n>` (a number), `<link>`,
 * `<brand>` (its name, or the handle written to) and `!` as they are; a leading `^` asks for the beginning of a clause, where
 * imperatives stand. Gives the parts, or says in words what is wrong.
 */
export function parsePhrase(phrase: string): PhraseParse {
  const parts = phrase.match(phraseParts) ?? [];
  const atClauseStart = parts[0] === '^';
  let at = atClauseStart ? 1 : 0;
  let problem: string | undefined;

  const sequence = (nested: boolean): Piece[] => {
    const pieces: Piece[] = [];
    while (at < parts.length && problem === undefined) {
      const part = parts[at] ?? '';
      if (part === '|' || part === ')') {
        if (!nested) problem = `"${part}" without its "("`;
        return pieces;
      }
      at += 1;
      if (part === '(') pieces.push(group());
      else if (part === '..') pieces.push({ kind: 'gap' });
      else {
        const optional = part.length > 1 && part.endsWith('?');
        const word = optional ? part.slice(0, -1) : part;
        problem ??= problemOfWord(word);
        pieces.push({ kind: 'word', word, optional });
      }
    }
    return pieces;
  };
  const group = (): Piece => {
    const choices = [sequence(true)];
    while (parts[at] === '|') {
      at += 1;
      choices.push(sequence(true));
    }
    if (parts[at] === ')') at += 1;
    else problem ??= '"(" without its ")"';
    const optional = parts[at] === '?';
    if (optional) at += 1;
    if (choices.some((choice) => choice.every(isSkippable))) {
      problem ??= 'a choice of a group may stand for nothing: write (a|b)? instead';
    }
    return { kind: 'group', choices, optional };
  };

  const pieces = sequence(false);
  if (pieces.every(isSkippable)) problem ??= 'may stand for nothing at all';
  if (pieces[0]?.kind === 'gap' || pieces.at(-1)?.kind === 'gap') problem ??= 'begins or ends with ".."';
  return problem === undefined ? { ok: true, pieces, atClauseStart } : { ok: false, problem };
}

function isSkippable(piece: Piece): boolean {
  return piece.kind === 'gap' || piece.optional;
}

function problemOfWord(word: string): string | undefined {
  const star = word.indexOf('*');
  if (star !== -1 && star !== word.length - 1) return `${word}: * stands only at a word's end`;
  if (star !== -1 && star < minStem) return `${word}: at least ${minStem} letters before *`;
  if (word !== word.toLowerCase() || /\p{M}/u.test(word.normalize('NFKD'))) {
    return `${word}: write lower case without accents`;
  }
  if (word.includes("'")) return `${word}: write don't as dont and l'eau as l eau`;
  return undefined;
}

interface Node {
  readonly next: Map<number, Node[]>;
  /** Where to go on after words that do not matter. */
  readonly gaps: Node[];
  readonly entries: Entry[];
}

/** One way in which a phrase may be under way at a token. */
interface Thread {
  readonly node: Node;
  readonly start: number;
  /** How many words may still be passed over here. */
  readonly skips: number;
}

/** One automaton of all lexicons. Phrases that cannot be parsed are left out: the policy's linter names them. */
export function createLexiconMatcher(lexicons: readonly Lexicon[]): LexiconMatcher {
  const words = new Map<string, number>();
  const stems = new Map<string, number>();
  const root = newNode();
  const clauseRoot = newNode();
  /** What stands before a gap: where a phrase may end there, it ends before it. */
  const beforeGap = new Map<Node, readonly Node[]>();
  /** Nodes reached by the beginning of a phrase, by that beginning: phrases that begin alike share them. */
  const beginnings = new Map<string, readonly Node[]>();
  let symbols = 0;

  const symbolOf = (word: string): number => {
    const [table, key] = word.endsWith('*') ? [stems, word.slice(0, -1)] : [words, word];
    const known = table.get(key);
    if (known !== undefined) return known;
    symbols += 1;
    table.set(key, symbols);
    return symbols;
  };

  const extend = (from: readonly Node[], piece: Piece): readonly Node[] => {
    const reached = newNode();
    if (piece.kind === 'gap') {
      for (const node of from) node.gaps.push(reached);
      beforeGap.set(reached, from);
      return [reached];
    }
    if (piece.kind === 'word') {
      link(from, symbolOf(piece.word), reached);
      return piece.optional ? [...from, reached] : [reached];
    }
    const longer: Node[] = [];
    for (const choice of piece.choices) {
      const [only] = choice;
      if (choice.length === 1 && only?.kind === 'word' && !only.optional) link(from, symbolOf(only.word), reached);
      else longer.push(...choice.reduce(extend, from));
    }
    return [...(piece.optional ? from : []), reached, ...longer];
  };

  for (const { language, entries } of lexicons) {
    for (const { means, confidence, phrases } of entries) {
      for (const phrase of phrases) {
        const parsed = parsePhrase(phrase);
        if (!parsed.ok) continue;
        const begin = parsed.atClauseStart ? clauseRoot : root;
        let nodes: readonly Node[] = [begin];
        let beginning = parsed.atClauseStart ? '^' : '';
        for (const piece of parsed.pieces) {
          beginning += JSON.stringify(piece);
          const known = beginnings.get(beginning);
          nodes = known ?? extend(nodes, piece);
          if (known === undefined) beginnings.set(beginning, nodes);
        }
        const entry = { means, confidence, language, phrase: inShort(parsed.pieces) };
        for (const node of nodes.flatMap((node) => beforeGap.get(node) ?? [node])) {
          if (node !== begin) node.entries.push(entry);
        }
      }
    }
  }

  const symbolsOf = ({ forms }: Token): Set<number> => {
    const found = new Set<number>();
    for (const form of forms) {
      const word = words.get(form);
      if (word !== undefined) found.add(word);
      for (let length = minStem; length <= Math.min(form.length, 24); length += 1) {
        const stem = stems.get(form.slice(0, length));
        if (stem !== undefined) found.add(stem);
      }
    }
    return found;
  };

  return {
    match(tokens) {
      const hits: Hit[] = [];
      let threads: readonly Thread[] = [];
      let sentence = -1;
      for (const [index, token] of tokens.entries()) {
        if (token.sentence !== sentence) threads = [];
        sentence = token.sentence;
        const found = symbolsOf(token);
        const next = new Map<Node, Thread>();
        const reach = (thread: Thread) => {
          const other = next.get(thread.node);
          // Of two ways to one place the one that may still pass over more words, then the longer.
          const better =
            other === undefined ||
            other.skips < thread.skips ||
            (other.skips === thread.skips && thread.start < other.start);
          if (better) next.set(thread.node, thread);
        };
        const step = ({ node, start }: Thread) => {
          for (const symbol of found) {
            for (const reached of node.next.get(symbol) ?? []) {
              for (const entry of reached.entries) hits.push({ ...entry, start, end: index + 1 });
              if (reached.next.size > 0) reach({ node: reached, start, skips: 0 });
              for (const gap of reached.gaps) reach({ node: gap, start, skips: gapWords });
            }
          }
        };
        step({ node: root, start: index, skips: 0 });
        if (beginsClause(tokens[index - 1], token)) step({ node: clauseRoot, start: index, skips: 0 });
        for (const thread of threads) {
          if (found.size > 0) step(thread);
          if (thread.skips > 0) reach({ ...thread, skips: thread.skips - 1 });
        }
        threads = [...next.values()];
      }
      return hits;
    },
  };
}

/** How strongly an entry of a `cue` was found, 0 to 1. */
export function cueStrength(hits: readonly Hit[], name: string): number {
  return hits.reduce(
    (strongest, { means, confidence }) =>
      means.kind === 'cue' && means.name === name ? Math.max(strongest, confidence) : strongest,
    0,
  );
}

function beginsClause(before: Token | undefined, token: Token): boolean {
  return before === undefined || before.clause !== token.clause || before.kind !== 'word';
}

function inShort(pieces: readonly Piece[]): string {
  return pieces
    .map((piece) =>
      piece.kind === 'gap' ? '..' : piece.kind === 'word' ? piece.word : inShort(piece.choices[0] ?? []),
    )
    .join(' ');
}

function newNode(): Node {
  return { next: new Map(), gaps: [], entries: [] };
}

function link(from: readonly Node[], symbol: number, to: Node): void {
  for (const node of from) {
    const targets = node.next.get(symbol);
    if (targets === undefined) node.next.set(symbol, [to]);
    else if (!targets.includes(to)) targets.push(to);
  }
}
