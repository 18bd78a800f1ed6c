import * as z from 'zod';
import { type AwsAnswer, failed, succeeded } from './aws-call.ts';

interface Sentiment {
  readonly label: 'positive' | 'negative' | 'neutral' | 'mixed';
  readonly confidence: number;
}

/** The verdict on one text: the strongest sentiment and how sure it is, 0 to 1. */
export type SentimentVerdict = (text: string, language: string) => Sentiment | Promise<Sentiment>;

/** The language of a text (ISO 639-1) and how sure that is, 0 to 1. */
export type LanguageVerdict = (text: string) => Promise<{ readonly code: string; readonly confidence: number }>;

/** Personal data in a text: kinds in Comprehend's words, offsets as JavaScript counts. */
export type PersonalDataVerdict = (
  text: string,
) => Promise<readonly { readonly type: string; readonly start: number; readonly end: number }[]>;

/** What the stand-in answers; its limits and errors are its own. */
export interface Verdicts {
  readonly sentimentOf: SentimentVerdict;
  readonly languageOf: LanguageVerdict;
  readonly personalDataIn: PersonalDataVerdict;
  /** How toxic a text is, 0 to 1. */
  readonly toxicityOf: (text: string) => Promise<number>;
  /** The class of a text by whichever endpoint of a custom classifier. */
  readonly classOf: (text: string) => Promise<{ readonly name: string; readonly confidence: number }>;
}

export interface LocalComprehend {
  handle(operation: string, input: unknown): Promise<AwsAnswer>;
}

/** Languages of DetectSentiment (Comprehend developer guide, "Supported languages"). */
const sentimentLanguages = ['de', 'en', 'es', 'it', 'pt', 'fr', 'ja', 'ko', 'hi', 'ar', 'zh', 'zh-TW'];
/** "Guidelines and quotas": a document of a synchronous sentiment request, and a batch. */
const bytesPerDocument = 5_000;
const bytesForLanguage = 100_000;
const bytesForPersonalData = 100_000;
const bytesForClass = 10_000;
const documentsPerBatch = 25;
/** "Trust and safety": segments of a request, and the bytes of one. */
const segmentsForToxicity = 10;
const bytesPerSegment = 1_000;
/** "Personally identifiable information", "Supported languages". */
const personalDataLanguages = ['en', 'es'];
/** How sure the stand-in says it is of what it finds. */
const sure = 0.99;

const languageCode = z.string();
const batchSentimentSchema = z.object({ LanguageCode: languageCode, TextList: z.array(z.string()).min(1) });
const sentimentSchema = z.object({ LanguageCode: languageCode, Text: z.string().min(1) });
const toxicSchema = z.object({
  LanguageCode: languageCode,
  TextSegments: z.array(z.object({ Text: z.string().min(1) })).min(1),
});
const classifySchema = z.object({
  EndpointArn: z.string().regex(/^arn:aws:comprehend:.*:document-classifier-endpoint\//),
  Text: z.string().min(1),
});
const languageSchema = z.object({ Text: z.string().min(1) });

type Item =
  | { readonly ok: true; readonly Sentiment: string; readonly SentimentScore: Readonly<Record<string, number>> }
  | { readonly ok: false; readonly ErrorCode: string; readonly ErrorMessage: string };

/**
 * A stand-in for Comprehend with its own limits and errors: 25 documents a batch, 5,000 bytes a document, the languages it reads,
 * and an error for a text without letters. The verdicts come from outside.
 */
export function createComprehend({
  sentimentOf,
  languageOf,
  personalDataIn,
  toxicityOf,
  classOf,
}: Verdicts): LocalComprehend {
  const assess = async (text: string, language: string): Promise<Item> => {
    if (Buffer.byteLength(text) > bytesPerDocument) {
      const ErrorMessage = `Input text size exceeds limit. Max length of request text allowed is ${bytesPerDocument} bytes.`;
      return { ok: false, ErrorCode: 'TEXT_SIZE_LIMIT_EXCEEDED', ErrorMessage };
    }
    if (!/\p{L}|\p{N}/u.test(text)) {
      return { ok: false, ErrorCode: 'INTERNAL_SERVER_ERROR', ErrorMessage: 'Internal Server Error.' };
    }
    const { label, confidence } = await sentimentOf(text, language);
    const rest = (1 - confidence) / 3;
    const score = (of: string): number => (of === label ? confidence : rest);
    return {
      ok: true,
      Sentiment: label.toUpperCase(),
      SentimentScore: {
        Positive: score('positive'),
        Negative: score('negative'),
        Neutral: score('neutral'),
        Mixed: score('mixed'),
      },
    };
  };

  const batchDetectSentiment = async (input: unknown): Promise<AwsAnswer> => {
    const request = batchSentimentSchema.safeParse(input);
    if (!request.success) return invalid(request.error);
    const { LanguageCode, TextList } = request.data;
    if (!sentimentLanguages.includes(LanguageCode)) return unsupported(LanguageCode);
    if (TextList.length > documentsPerBatch) {
      const message = `Batch size limit exceeded. Max number of documents allowed is ${documentsPerBatch}.`;
      return failed('comprehend', { code: 'BatchSizeLimitExceededException', message });
    }
    const items = await Promise.all(
      TextList.map(async (text, Index) => ({ Index, item: await assess(text, LanguageCode) })),
    );
    return succeeded('comprehend', {
      ResultList: items.flatMap(({ Index, item }) =>
        item.ok ? [{ Index, Sentiment: item.Sentiment, SentimentScore: item.SentimentScore }] : [],
      ),
      ErrorList: items.flatMap(({ Index, item }) =>
        item.ok ? [] : [{ Index, ErrorCode: item.ErrorCode, ErrorMessage: item.ErrorMessage }],
      ),
    });
  };

  const detectSentiment = async (input: unknown): Promise<AwsAnswer> => {
    const request = sentimentSchema.safeParse(input);
    if (!request.success) return invalid(request.error);
    const { LanguageCode, Text } = request.data;
    if (!sentimentLanguages.includes(LanguageCode)) return unsupported(LanguageCode);
    const item = await assess(Text, LanguageCode);
    if (item.ok) {
      return succeeded('comprehend', { Sentiment: item.Sentiment, SentimentScore: item.SentimentScore });
    }
    return item.ErrorCode === 'TEXT_SIZE_LIMIT_EXCEEDED'
      ? failed('comprehend', { code: 'TextSizeLimitExceededException', message: item.ErrorMessage })
      : failed('comprehend', { code: 'InternalServerException', message: item.ErrorMessage, status: 500 });
  };

  const detectDominantLanguage = async (input: unknown): Promise<AwsAnswer> => {
    const request = languageSchema.safeParse(input);
    if (!request.success) return invalid(request.error);
    if (Buffer.byteLength(request.data.Text) > bytesForLanguage) return tooLong(bytesForLanguage);
    const { code, confidence } = await languageOf(request.data.Text);
    return succeeded('comprehend', { Languages: [{ LanguageCode: code, Score: confidence }] });
  };

  const personalData = (input: unknown): { readonly text: string } | AwsAnswer => {
    const request = sentimentSchema.safeParse(input);
    if (!request.success) return invalid(request.error);
    const { LanguageCode, Text } = request.data;
    if (!personalDataLanguages.includes(LanguageCode)) return unsupported(LanguageCode);
    return Buffer.byteLength(Text) > bytesForPersonalData ? tooLong(bytesForPersonalData) : { text: Text };
  };

  const containsPiiEntities = async (input: unknown): Promise<AwsAnswer> => {
    const request = personalData(input);
    if (!('text' in request)) return request;
    const types = new Set((await personalDataIn(request.text)).map(({ type }) => type));
    return succeeded('comprehend', { Labels: [...types].map((Name) => ({ Name, Score: sure })) });
  };

  const detectPiiEntities = async (input: unknown): Promise<AwsAnswer> => {
    const request = personalData(input);
    if (!('text' in request)) return request;
    const { text } = request;
    const characters = (offset: number) => [...text.slice(0, offset)].length;
    return succeeded('comprehend', {
      Entities: (await personalDataIn(text)).map(({ type, start, end }) => ({
        Type: type,
        Score: sure,
        BeginOffset: characters(start),
        EndOffset: characters(end),
      })),
    });
  };

  const detectToxicContent = async (input: unknown): Promise<AwsAnswer> => {
    const request = toxicSchema.safeParse(input);
    if (!request.success) return invalid(request.error);
    const { LanguageCode, TextSegments } = request.data;
    if (LanguageCode !== 'en') return unsupported(LanguageCode);
    if (TextSegments.length > segmentsForToxicity) {
      const message = `Number of text segments exceeds limit. Max allowed is ${segmentsForToxicity}.`;
      return failed('comprehend', { code: 'InvalidRequestException', message });
    }
    if (TextSegments.some(({ Text }) => Buffer.byteLength(Text) > bytesPerSegment)) return tooLong(bytesPerSegment);
    const ResultList = await Promise.all(
      TextSegments.map(async ({ Text }) => ({ Labels: [], Toxicity: await toxicityOf(Text) })),
    );
    return succeeded('comprehend', { ResultList });
  };

  const classifyDocument = async (input: unknown): Promise<AwsAnswer> => {
    const request = classifySchema.safeParse(input);
    if (!request.success) return invalid(request.error);
    if (Buffer.byteLength(request.data.Text) > bytesForClass) return tooLong(bytesForClass);
    const { name, confidence } = await classOf(request.data.Text);
    return succeeded('comprehend', { Classes: [{ Name: name, Score: confidence }] });
  };

  const operations: Readonly<Record<string, (input: unknown) => Promise<AwsAnswer>>> = {
    BatchDetectSentiment: batchDetectSentiment,
    DetectSentiment: detectSentiment,
    DetectDominantLanguage: detectDominantLanguage,
    ContainsPiiEntities: containsPiiEntities,
    DetectPiiEntities: detectPiiEntities,
    DetectToxicContent: detectToxicContent,
    ClassifyDocument: classifyDocument,
  };
  return {
    async handle(operation, input) {
      const serve = Object.hasOwn(operations, operation) ? operations[operation] : undefined;
      return (
        serve?.(input) ??
        failed('comprehend', { code: 'UnknownOperationException', message: `${operation} is not served locally.` })
      );
    },
  };
}

/** What costs other than sentiment: to learn whether there is personal data, a fiftieth; a custom endpoint is paid by the hour ("Comprehend pricing"). */
const prices: Readonly<Record<string, number>> = { ContainsPiiEntities: 0.02, ClassifyDocument: 0 };

/** Units at the price of sentiment that Comprehend bills for texts: 100 characters each, 3 at least ("Comprehend pricing"). */
export function billedUnits(operation: string, texts: readonly string[]): number {
  const units = texts.reduce((sum, text) => sum + Math.max(3, Math.ceil([...text].length / 100)), 0);
  return units * (prices[operation] ?? 1);
}

function tooLong(bytes: number): AwsAnswer {
  const message = `Input text size exceeds limit. Max length of request text allowed is ${bytes} bytes.`;
  return failed('comprehend', { code: 'TextSizeLimitExceededException', message });
}

function unsupported(language: string): AwsAnswer {
  const message = `Input text language ${language} is not supported.`;
  return failed('comprehend', { code: 'UnsupportedLanguageException', message });
}

function invalid(error: z.ZodError): AwsAnswer {
  return failed('comprehend', { code: 'InvalidRequestException', message: z.prettifyError(error) });
}
