import { BatchDetectSentimentCommand, type ComprehendClient } from '@aws-sdk/client-comprehend';
import * as z from 'zod';
import type { Sentiment } from '../domain/assessment.ts';
import type { SentimentAnalyser } from '../ports.ts';

type Verdict = Sentiment | 'unavailable' | 'unanswerable';

/** https://docs.aws.amazon.com/comprehend/latest/dg/guidelines-and-limits.html */
const documentsPerCall = 25;
const bytesPerDocument = 5_000;
/** One unit is 100 characters, three at least: https://aws.amazon.com/comprehend/pricing/ */
const charactersPerUnit = 100;
const leastUnits = 3;

/** Languages that batch sentiment reads and we have lexicons for; others raise UnsupportedLanguageException for the whole call. */
const supported = new Set(['de', 'en', 'es', 'fr', 'it', 'pt']);

const answerSchema = z.object({
  Index: z.number().int(),
  Sentiment: z.enum(['POSITIVE', 'NEGATIVE', 'NEUTRAL', 'MIXED']),
  SentimentScore: z.object({ Positive: z.number(), Negative: z.number(), Neutral: z.number(), Mixed: z.number() }),
});

export interface ComprehendLimits {
  /** Units that may be bought in one minute; beyond it texts count as unavailable. AWS itself has no spending cap. */
  readonly unitsPerMinute: number;
  /** Most calls at a time. */
  readonly parallelCalls: number;
  /** Verdicts kept for repeats of the same words. */
  readonly cachedVerdicts: number;
}

/**
 * Sentiment by Amazon Comprehend. Calls run side by side as Comprehend allows: its throttling has no published quota and grows with use, so
 * the width grows by one with each good call and halves when throttled.
 */
export class ComprehendSentiment implements SentimentAnalyser {
  readonly languages: ReadonlySet<string> = supported;
  readonly #client: ComprehendClient;
  readonly #limits: ComprehendLimits;
  readonly #now: () => number;
  readonly #used: (units: number, documents: number) => void;
  readonly #degraded: (because: string) => void;
  readonly #cache = new Map<string, Sentiment>();
  #width: number;
  #minute = 0;
  #unitsThisMinute = 0;

  constructor(
    client: ComprehendClient,
    options: {
      limits: ComprehendLimits;
      now: () => number;
      /** Hears how much is asked for: billed units, in so many documents. */
      used: (units: number, documents: number) => void;
      degraded: (because: string) => void;
    },
  ) {
    this.#client = client;
    this.#limits = options.limits;
    this.#now = options.now;
    this.#used = options.used;
    this.#degraded = options.degraded;
    this.#width = Math.min(4, options.limits.parallelCalls);
  }

  async analyse(
    documents: readonly { readonly text: string; readonly language: string }[],
  ): Promise<readonly Verdict[]> {
    const verdicts = new Map<string, Verdict>();
    const asked: { key: string; text: string; language: string }[] = [];
    const keys = documents.map(({ text, language }) => `${language} ${normalised(text)}`);
    documents.forEach(({ text, language }, index) => {
      const key = keys[index] ?? '';
      if (verdicts.has(key)) return;
      const cached = this.#cache.get(key);
      // A text without letters is answered with an InternalServerException of its own.
      const verdict = cached ?? (supported.has(language) && /\p{L}/u.test(text) ? 'unavailable' : 'unanswerable');
      verdicts.set(key, verdict);
      if (verdict === 'unavailable') asked.push({ key, text: cutToBytes(text, bytesPerDocument), language });
    });
    const affordable = asked.filter(({ text }) => this.#spend(text));
    if (affordable.length > 0) this.#used(sumOf(affordable.map(({ text }) => unitsOf(text))), affordable.length);
    if (affordable.length < asked.length) this.#degraded('units of this minute are spent');
    const calls = [...Map.groupBy(affordable, ({ language }) => language)].flatMap(([language, ofLanguage]) =>
      inGroups(ofLanguage, documentsPerCall).map((group) => ({ language, group })),
    );
    for (let next = 0; next < calls.length; ) {
      const round = calls.slice(next, next + this.#width);
      next += round.length;
      await Promise.all(
        round.map(async ({ language, group }) => {
          const answers = await this.#call(
            language,
            group.map(({ text }) => text),
          );
          group.forEach(({ key }, index) => {
            const answer = answers[index] ?? 'unavailable';
            verdicts.set(key, answer);
            if (typeof answer === 'object') this.#remember(key, answer);
          });
        }),
      );
    }
    return keys.map((key) => verdicts.get(key) ?? 'unavailable');
  }

  async #call(language: string, texts: readonly string[]): Promise<readonly Verdict[]> {
    try {
      const answer = await this.#client.send(
        new BatchDetectSentimentCommand({ LanguageCode: toLanguageCode(language), TextList: [...texts] }),
      );
      this.#width = Math.min(this.#limits.parallelCalls, this.#width + 1);
      const verdicts: Verdict[] = texts.map(() => 'unavailable');
      for (const item of answer.ResultList ?? []) {
        const { Index, Sentiment: label, SentimentScore } = answerSchema.parse(item);
        const scores = {
          POSITIVE: { label: 'positive', confidence: SentimentScore.Positive },
          NEGATIVE: { label: 'negative', confidence: SentimentScore.Negative },
          NEUTRAL: { label: 'neutral', confidence: SentimentScore.Neutral },
          MIXED: { label: 'mixed', confidence: SentimentScore.Mixed },
        } as const;
        verdicts[Index] = { ...scores[label], source: 'comprehend' };
      }
      // An error for one text alone comes back however often it is asked for.
      for (const { Index } of answer.ErrorList ?? []) if (Index !== undefined) verdicts[Index] = 'unanswerable';
      return verdicts;
    } catch (error) {
      const name = error instanceof Error ? error.name : 'unknown';
      this.#degraded(name);
      this.#width = Math.max(1, Math.floor(this.#width / 2));
      const final = name === 'UnsupportedLanguageException' || name === 'TextSizeLimitExceededException';
      return texts.map(() => (final ? 'unanswerable' : 'unavailable'));
    }
  }

  #spend(text: string): boolean {
    const minute = Math.floor(this.#now() / 60_000);
    if (minute !== this.#minute) {
      this.#minute = minute;
      this.#unitsThisMinute = 0;
    }
    const units = unitsOf(text);
    if (this.#unitsThisMinute + units > this.#limits.unitsPerMinute) return false;
    this.#unitsThisMinute += units;
    return true;
  }

  #remember(key: string, verdict: Sentiment): void {
    if (this.#cache.size >= this.#limits.cachedVerdicts) {
      const oldest = this.#cache.keys().next().value;
      if (oldest !== undefined) this.#cache.delete(oldest);
    }
    this.#cache.set(key, verdict);
  }
}

function toLanguageCode(language: string): 'de' | 'en' | 'es' | 'fr' | 'it' | 'pt' {
  return z.enum(['de', 'en', 'es', 'fr', 'it', 'pt']).parse(language);
}

/** Repeats differ in case, spaces and the links and handles in them, not in their mood. */
function normalised(text: string): string {
  return text
    .toLowerCase()
    .replace(/https?:\/\/\S+|@[\w.]+/gu, ' ')
    .replace(/\s+/gu, ' ')
    .trim();
}

/** The longest beginning of a text that fits in so many bytes of UTF-8, never cutting a character in two. */
export function cutToBytes(text: string, bytes: number): string {
  const encoded = Buffer.from(text);
  if (encoded.length <= bytes) return text;
  let end = bytes;
  // 10xxxxxx is the middle of a character.
  while (end > 0 && ((encoded[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return encoded.toString('utf8', 0, end);
}

function inGroups<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

function unitsOf(text: string): number {
  return Math.max(leastUnits, Math.ceil([...text].length / charactersPerUnit));
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
