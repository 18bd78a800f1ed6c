import {
  BatchDetectSentimentCommand,
  ClassifyDocumentCommand,
  type ComprehendClient,
  ContainsPiiEntitiesCommand,
  DetectPiiEntitiesCommand,
  DetectToxicContentCommand,
} from '@aws-sdk/client-comprehend';
import * as z from 'zod';
import type { Finding, Sentiment } from '../domain/assessment.ts';
import { checkPrice, unitsOf } from '../domain/comprehend-price.ts';
import { redact } from '../domain/redact.ts';
import { languagesOf, type TextClass } from '../domain/second-opinion.ts';
import type { Answer, Reading, TextAnalyser, TextInLanguage } from '../ports.ts';
import { inGroups } from '../runtime/groups.ts';

/** No second try: waiting belongs to the queue. Comprehend answers within a few hundred milliseconds; what takes longer than this counts as no answer. */
export const comprehendConfig = {
  maxAttempts: 1,
  requestHandler: { connectionTimeout: 1_000, requestTimeout: 2_000, throwOnRequestTimeout: true },
} as const;
/** So long one reading goes on making calls: a batch must end before its function's time does. */
const patienceMs = 2_000;

export interface ComprehendLimits {
  /** Units at the price of sentiment that may be bought in one minute; beyond it texts count as unavailable. AWS itself has no spending cap. */
  readonly unitsPerMinute: number;
  /** Most calls at a time. */
  readonly parallelCalls: number;
  /** Verdicts of each kind kept for repeats of the same words. */
  readonly cachedVerdicts: number;
}

/**
 * One question to Comprehend: limits by https://docs.aws.amazon.com/comprehend/latest/dg/guidelines-and-limits.html, languages by
 * https://docs.aws.amazon.com/comprehend/latest/dg/supported-languages.html as far as we have lexicons; another language raises
 * UnsupportedLanguageException for a whole call.
 */
interface Question<Verdict> {
  readonly languages: ReadonlySet<string>;
  readonly documentsPerCall: number;
  readonly bytesPerDocument: number;
  /** Its price for a unit as a share of sentiment's. */
  readonly price: number;
  /** Texts with the same key have the same verdict. */
  readonly keyOf: (text: string) => string;
  readonly send: (client: ComprehendClient, language: Language, texts: readonly string[]) => Promise<Answer<Verdict>[]>;
}

const languageSchema = z.enum(['de', 'en', 'es', 'fr', 'it', 'pt']);
type Language = z.infer<typeof languageSchema>;

const sentimentAnswer = z.object({
  Index: z.number().int(),
  Sentiment: z.enum(['POSITIVE', 'NEGATIVE', 'NEUTRAL', 'MIXED']),
  SentimentScore: z.object({ Positive: z.number(), Negative: z.number(), Neutral: z.number(), Mixed: z.number() }),
});

const sentiment: Question<Sentiment> = {
  languages: new Set(languageSchema.options),
  documentsPerCall: 25,
  bytesPerDocument: 5_000,
  price: 1,
  keyOf: normalised,
  async send(client, LanguageCode, texts) {
    const answer = await client.send(new BatchDetectSentimentCommand({ LanguageCode, TextList: [...texts] }));
    const verdicts: Answer<Sentiment>[] = texts.map(() => 'unavailable');
    for (const item of answer.ResultList ?? []) {
      const { Index, Sentiment: label, SentimentScore } = sentimentAnswer.parse(item);
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
  },
};

/**
 * What of Comprehend's kinds of personal data a vendor must not see, in our words
 * (https://docs.aws.amazon.com/comprehend/latest/dg/how-pii.html). Dates, ages, addresses of web pages and the like stay: a service needs them.
 */
const personalKinds: Readonly<Record<string, string>> = {
  NAME: 'name',
  ADDRESS: 'address',
  EMAIL: 'email',
  PHONE: 'phone',
  USERNAME: 'handle',
  PASSWORD: 'password',
  PIN: 'password',
  CREDIT_DEBIT_NUMBER: 'card',
  CREDIT_DEBIT_CVV: 'card',
  CREDIT_DEBIT_EXPIRY: 'card',
  INTERNATIONAL_BANK_ACCOUNT_NUMBER: 'iban',
  BANK_ACCOUNT_NUMBER: 'bank_account',
  BANK_ROUTING: 'bank_account',
  SWIFT_CODE: 'bank_account',
  SSN: 'identity_number',
  PASSPORT_NUMBER: 'identity_number',
  DRIVER_ID: 'identity_number',
  UK_NATIONAL_INSURANCE_NUMBER: 'identity_number',
  UK_NATIONAL_HEALTH_SERVICE_NUMBER: 'identity_number',
  UK_UNIQUE_TAXPAYER_REFERENCE_NUMBER: 'identity_number',
  US_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER: 'identity_number',
  CA_SOCIAL_INSURANCE_NUMBER: 'identity_number',
  CA_HEALTH_NUMBER: 'identity_number',
  IN_AADHAAR: 'identity_number',
  IN_NREGA: 'identity_number',
  IN_PERMANENT_ACCOUNT_NUMBER: 'identity_number',
  IN_VOTER_NUMBER: 'identity_number',
  LICENSE_PLATE: 'license_plate',
  VEHICLE_IDENTIFICATION_NUMBER: 'license_plate',
};
/** Less sure than this, it may be any word. */
const sureEnough = 0.6;
/** Both take 100 KB; what is longer than a desk is shown is no matter of ours. */
const personalBytes = 100_000;

const labelsAnswer = z.object({ Labels: z.array(z.object({ Name: z.string(), Score: z.number() })).optional() });
const entitiesAnswer = z.object({
  Entities: z
    .array(z.object({ Type: z.string(), Score: z.number(), BeginOffset: z.number(), EndOffset: z.number() }))
    .optional(),
});

/** Whether there is personal data at all: a fiftieth of what it costs to learn where. */
const hasPersonalData: Question<boolean> = {
  languages: languagesOf.personalData,
  documentsPerCall: 1,
  bytesPerDocument: personalBytes,
  price: checkPrice,
  keyOf: (text) => text,
  async send(client, LanguageCode, [Text]) {
    const { Labels = [] } = labelsAnswer.parse(
      await client.send(new ContainsPiiEntitiesCommand({ LanguageCode, Text })),
    );
    return [Labels.some(({ Name, Score }) => Object.hasOwn(personalKinds, Name) && Score >= sureEnough)];
  },
};

const personalDataIn: Question<readonly Finding[]> = {
  languages: languagesOf.personalData,
  documentsPerCall: 1,
  bytesPerDocument: personalBytes,
  price: 1,
  keyOf: (text) => text,
  async send(client, LanguageCode, [Text = '']) {
    const { Entities = [] } = entitiesAnswer.parse(
      await client.send(new DetectPiiEntitiesCommand({ LanguageCode, Text })),
    );
    const offsets = offsetsOf(Text);
    return [
      Entities.flatMap(({ Type, Score, BeginOffset, EndOffset }): Finding[] => {
        const kind = Object.hasOwn(personalKinds, Type) ? personalKinds[Type] : undefined;
        const [start, end] = [offsets[BeginOffset], offsets[EndOffset]];
        return kind === undefined || Score < sureEnough || start === undefined || end === undefined || start >= end
          ? []
          : [{ kind, start, end }];
      }),
    ];
  },
};

const toxicAnswer = z.object({ ResultList: z.array(z.object({ Toxicity: z.number() })).min(1) });

/** One text a call: the segments of a call may be read as each other's context. */
const toxicity: Question<number> = {
  languages: languagesOf.toxicity,
  documentsPerCall: 1,
  bytesPerDocument: 1_000,
  price: 1,
  keyOf: normalised,
  async send(client, LanguageCode, [Text]) {
    const answer = await client.send(new DetectToxicContentCommand({ LanguageCode, TextSegments: [{ Text }] }));
    return toxicAnswer.parse(answer).ResultList.map(({ Toxicity }) => Toxicity);
  },
};

const classSchema = z.array(z.object({ Name: z.string(), Score: z.number() })).optional();
/** `Classes` of a model that gives one, `Labels` of one that gives several. */
const classesAnswer = z.object({ Classes: classSchema, Labels: classSchema });

/** An endpoint is paid by the hour, not by the text. */
const classesBy = (EndpointArn: string): Question<readonly TextClass[]> => ({
  languages: new Set(languageSchema.options),
  documentsPerCall: 1,
  bytesPerDocument: 10_000,
  price: 0,
  keyOf: normalised,
  async send(client, _language, [Text]) {
    const { Classes = [], Labels = [] } = classesAnswer.parse(
      await client.send(new ClassifyDocumentCommand({ EndpointArn, Text })),
    );
    return [[...Classes, ...Labels].map(({ Name, Score }) => ({ name: Name, confidence: Score }))];
  },
});

/**
 * What Amazon Comprehend reads in texts: one client, one budget. Calls run side by side as Comprehend allows: its throttling has no published quota
 * and grows with use, so the width grows by one with each good call and halves when throttled.
 */
export class ComprehendAnalyser implements TextAnalyser {
  readonly sentiment: Reading<Sentiment>;
  readonly personalData: Reading<readonly Finding[]>;
  readonly toxicity: Reading<number>;
  readonly classes: Reading<readonly TextClass[]> | undefined;
  readonly #client: ComprehendClient;
  readonly #limits: ComprehendLimits;
  readonly #now: () => number;
  readonly #used: (units: number, documents: number) => void;
  readonly #degraded: (because: string) => void;
  #width: number;
  #minute = 0;
  #unitsThisMinute = 0;

  constructor(
    client: ComprehendClient,
    options: {
      limits: ComprehendLimits;
      /** ARN of the endpoint of a custom classifier. */
      classifier?: string | undefined;
      now: () => number;
      /** Hears how much is asked for: units at the price of sentiment, in so many documents. */
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
    this.sentiment = this.#reader(sentiment);
    this.toxicity = this.#reader(toxicity);
    this.classes = options.classifier === undefined ? undefined : this.#reader(classesBy(options.classifier));
    const contains = this.#reader(hasPersonalData);
    const locate = this.#reader(personalDataIn);
    this.personalData = {
      languages: languagesOf.personalData,
      async read(texts) {
        // What our own patterns mask needs no second finder: only what they leave is a reason to pay for one.
        const left = await contains.read(texts.map(({ text, language }) => ({ text: redact(text).text, language })));
        const found = await locate.read(texts.filter((_, index) => left[index] === true));
        let next = 0;
        return left.map((answer) => {
          if (typeof answer === 'string') return answer;
          if (!answer) return [];
          next += 1;
          return found[next - 1] ?? 'unavailable';
        });
      },
    };
  }

  #reader<Verdict>(question: Question<Verdict>): Reading<Verdict> {
    const cache = new Map<string, Verdict>();
    return { languages: question.languages, read: (texts) => this.#read(question, cache, texts) };
  }

  async #read<Verdict>(
    question: Question<Verdict>,
    cache: Map<string, Verdict>,
    texts: readonly TextInLanguage[],
  ): Promise<readonly Answer<Verdict>[]> {
    const { languages, documentsPerCall, bytesPerDocument, price, keyOf } = question;
    const verdicts = new Map<string, Answer<Verdict>>();
    const asked: { key: string; text: string; language: string }[] = [];
    const keys = texts.map(({ text, language }) => `${language} ${keyOf(text)}`);
    texts.forEach(({ text, language }, index) => {
      const key = keys[index] ?? '';
      if (verdicts.has(key)) return;
      // A text without letters is answered with an InternalServerException of its own.
      const answerable = languages.has(language) && /\p{L}/u.test(text);
      const verdict = cache.get(key) ?? (answerable ? 'unavailable' : 'unanswerable');
      verdicts.set(key, verdict);
      if (verdict === 'unavailable') asked.push({ key, text: cutToBytes(text, bytesPerDocument), language });
    });
    const affordable = asked.filter(({ text }) => this.#spend(unitsOf(text) * price));
    const units = affordable.reduce((sum, { text }) => sum + unitsOf(text) * price, 0);
    if (affordable.length > 0) this.#used(Math.round(units * 100) / 100, affordable.length);
    if (affordable.length < asked.length) this.#degraded('units of this minute are spent');
    const calls = [...Map.groupBy(affordable, ({ language }) => language)].flatMap(([language, ofLanguage]) =>
      inGroups(ofLanguage, documentsPerCall).map((group) => ({ language, group })),
    );
    const failures = new Set<string>();
    const until = this.#now() + patienceMs;
    for (let next = 0; next < calls.length && this.#now() <= until; ) {
      const round = calls.slice(next, next + this.#width);
      next += round.length;
      await Promise.all(
        round.map(async ({ language, group }) => {
          const answers = await this.#call(
            question,
            language,
            group.map(({ text }) => text),
            failures,
          );
          group.forEach(({ key }, index) => {
            const answer = answers[index] ?? 'unavailable';
            verdicts.set(key, answer);
            if (answer === 'unavailable' || answer === 'unanswerable') return;
            remember(cache, key, answer, this.#limits.cachedVerdicts);
          });
        }),
      );
    }
    for (const because of failures) this.#degraded(because);
    return keys.map((key) => verdicts.get(key) ?? 'unavailable');
  }

  async #call<Verdict>(
    { send }: Question<Verdict>,
    language: string,
    texts: readonly string[],
    failures: Set<string>,
  ): Promise<readonly Answer<Verdict>[]> {
    try {
      const verdicts = await send(this.#client, languageSchema.parse(language), texts);
      this.#width = Math.min(this.#limits.parallelCalls, this.#width + 1);
      return verdicts;
    } catch (error) {
      const name = error instanceof Error ? error.name : 'unknown';
      failures.add(name);
      this.#width = Math.max(1, Math.floor(this.#width / 2));
      const final = name === 'UnsupportedLanguageException' || name === 'TextSizeLimitExceededException';
      return texts.map(() => (final ? 'unanswerable' : 'unavailable'));
    }
  }

  #spend(units: number): boolean {
    const minute = Math.floor(this.#now() / 60_000);
    if (minute !== this.#minute) {
      this.#minute = minute;
      this.#unitsThisMinute = 0;
    }
    if (this.#unitsThisMinute + units > this.#limits.unitsPerMinute) return false;
    this.#unitsThisMinute += units;
    return true;
  }
}

function remember<Verdict>(cache: Map<string, Verdict>, key: string, verdict: Verdict, most: number): void {
  if (cache.size >= most) {
    const oldest = cache.keys().next().value;
    if (oldest !== undefined) cache.delete(oldest);
  }
  cache.set(key, verdict);
}

/** Repeats differ in case, spaces and the links and handles in them, not in their mood. */
function normalised(text: string): string {
  return text
    .toLowerCase()
    .replace(/https?:\/\/\S+|@[\w.]+/gu, ' ')
    .replace(/\s+/gu, ' ')
    .trim();
}

/** Where each character of a text begins, and where the last one ends: Comprehend counts characters, JavaScript halves of some. */
function offsetsOf(text: string): number[] {
  let offset = 0;
  const offsets = [...text].map((character) => {
    const start = offset;
    offset += character.length;
    return start;
  });
  return [...offsets, offset];
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
