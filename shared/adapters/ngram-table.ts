/** What the language detector knows of each n-gram: its scores by language number. */
export type Ngrams = Readonly<Record<string, Readonly<Record<string, number>>>>;
/** The same as texts by the first two characters: few enough to be read at once when a function starts. */
export type PackedNgrams = Readonly<Record<string, string>>;

/** Stands in no n-gram of the detector. */
const separator = '`';
const startLength = 2;
/** Language and score in base 36, two digits each. */
const digits = 2;

/** Throws on an n-gram or a number that does not fit; done when functions are bundled. */
export function packNgrams(ngrams: Ngrams): PackedNgrams {
  const byStart = Map.groupBy(Object.entries(ngrams), ([ngram]) => ngram.slice(0, startLength));
  const written = (value: number): string => {
    const text = value.toString(36).padStart(digits, '0');
    if (text.length !== digits || !Number.isInteger(value) || value < 0) throw new Error(`${value} cannot be packed`);
    return text;
  };
  return Object.fromEntries(
    [...byStart].map(([start, some]) => [
      start,
      some
        .flatMap(([ngram, scores]) => {
          if (ngram.includes(separator)) throw new Error(`n-gram ${ngram} cannot be packed`);
          const pairs = Object.entries(scores).map(([language, score]) => written(Number(language)) + written(score));
          return [ngram.slice(startLength), pairs.join('')];
        })
        .join(separator),
    ]),
  );
}

/** The n-grams again, each start of them unpacked when one with it is asked for first: most languages are never written to a brand. */
export function openNgrams(packed: PackedNgrams): Ngrams {
  const open = new Map<string, Ngrams>();
  return new Proxy<Ngrams>(
    {},
    {
      get(_, ngram) {
        if (typeof ngram !== 'string') return undefined;
        const start = ngram.slice(0, startLength);
        const text = Object.hasOwn(packed, start) ? packed[start] : undefined;
        if (text === undefined) return undefined;
        const some = open.get(start) ?? unpacked(start, text);
        open.set(start, some);
        return some[ngram];
      },
    },
  );
}

function unpacked(start: string, text: string): Ngrams {
  const some: Record<string, Record<string, number>> = Object.create(null);
  const parts = text.split(separator);
  for (let index = 0; index + 1 < parts.length; index += 2) {
    some[`${start}${parts[index]}`] = scoresIn(parts[index + 1] ?? '');
  }
  return some;
}

function scoresIn(pairs: string): Record<string, number> {
  const scores: Record<string, number> = {};
  for (let at = 0; at < pairs.length; at += 2 * digits) {
    scores[Number.parseInt(pairs.slice(at, at + digits), 36)] = Number.parseInt(
      pairs.slice(at + digits, at + 2 * digits),
      36,
    );
  }
  return scores;
}
