import { ComprehendClient } from '@aws-sdk/client-comprehend';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { type ComprehendLimits, ComprehendSentiment, cutToBytes } from '../../shared/adapters/comprehend-sentiment.ts';
import { type AwsReply, startAwsServer } from '../support/aws-server.ts';

const inputSchema = z.object({ LanguageCode: z.string(), TextList: z.array(z.string()) });
type Call = z.infer<typeof inputSchema>;

const positive = { Sentiment: 'POSITIVE', SentimentScore: { Positive: 0.9, Negative: 0, Neutral: 0.1, Mixed: 0 } };
const contented = ({ TextList }: Call): AwsReply => ({
  status: 200,
  body: JSON.stringify({ ResultList: TextList.map((_, Index) => ({ Index, ...positive })), ErrorList: [] }),
});
const failure = (type: string) => (): AwsReply => ({
  status: 400,
  headers: { 'content-type': 'application/x-amz-json-1.1' },
  body: JSON.stringify({ __type: type, message: type }),
});

describe('sentiment by Comprehend', () => {
  let server: Awaited<ReturnType<typeof startAwsServer>>;
  let calls: Call[];
  let reply: (call: Call) => AwsReply;
  let now: number;
  let degraded: string[];

  beforeEach(async () => {
    [calls, reply, now, degraded] = [[], contented, 0, []];
    server = await startAwsServer(({ input }) => {
      const call = inputSchema.parse(input);
      calls.push(call);
      return reply(call);
    });
  });
  afterEach(() => server.close());

  const analyserWith = (limits: Partial<ComprehendLimits> = {}) =>
    new ComprehendSentiment(new ComprehendClient(server.config), {
      limits: { unitsPerMinute: 1_000, parallelCalls: 4, cachedVerdicts: 100, ...limits },
      now: () => now,
      used: () => {},
      degraded: (because) => degraded.push(because),
    });
  const english = (...texts: string[]) => texts.map((text) => ({ text, language: 'en' }));

  it('asks for the texts of one language together, 25 at a time', async () => {
    const documents = Array.from({ length: 30 }, (_, index) => ({ text: `text ${index}`, language: 'en' }));
    await analyserWith().analyse([...documents, { text: 'bonjour', language: 'fr' }]);
    expect(calls.map(({ LanguageCode, TextList }) => `${LanguageCode} ${TextList.length}`).sort()).toEqual([
      'en 25',
      'en 5',
      'fr 1',
    ]);
  });

  it('pays once for repeats of the same words, whatever their case, links and handles', async () => {
    const analyser = analyserWith();
    await analyser.analyse(english('Great  service', '@brand great service https://example.com/1'));
    const [verdict] = await analyser.analyse(english('GREAT SERVICE'));
    expect(verdict).toMatchObject({ label: 'positive', source: 'comprehend' });
    expect(calls.flatMap(({ TextList }) => TextList)).toHaveLength(1);
  });

  it('keeps no more verdicts than it may', async () => {
    const analyser = analyserWith({ cachedVerdicts: 1 });
    for (const text of ['one', 'two', 'one']) await analyser.analyse(english(text));
    expect(calls).toHaveLength(3);
  });

  it('does not ask what can have no answer: no letters, or a language it does not read', async () => {
    const documents = [
      { text: '😡😡 123', language: 'en' },
      { text: 'привет', language: 'ru' },
    ];
    expect(await analyserWith().analyse(documents)).toEqual(['unanswerable', 'unanswerable']);
    expect(calls).toEqual([]);
  });

  it('buys no more units in a minute than it may, and goes on in the next', async () => {
    const analyser = analyserWith({ unitsPerMinute: 6 });
    const verdicts = await analyser.analyse(english('one', 'two', 'three'));
    expect(verdicts.filter((verdict) => verdict === 'unavailable')).toHaveLength(1);
    expect(degraded).toEqual(['units of this minute are spent']);
    now = 60_000;
    expect(await analyser.analyse(english('three'))).toMatchObject([{ label: 'positive' }]);
  });

  it('counts a long text by its hundreds of characters', async () => {
    const verdicts = await analyserWith({ unitsPerMinute: 7 }).analyse(english('x'.repeat(701)));
    expect(verdicts).toEqual(['unavailable']);
  });

  it('gives the others their verdicts when one text fails', async () => {
    reply = ({ TextList }) => ({
      status: 200,
      body: JSON.stringify({
        ResultList: TextList.flatMap((text, Index) => (text === 'bad' ? [] : [{ Index, ...positive }])),
        ErrorList: [{ Index: TextList.indexOf('bad'), ErrorCode: 'INTERNAL', ErrorMessage: 'no' }],
      }),
    });
    expect(await analyserWith().analyse(english('good', 'bad', 'fine'))).toMatchObject([
      { label: 'positive' },
      'unanswerable',
      { label: 'positive' },
    ]);
  });

  it('says so when throttled, without a verdict, and is as good as before when all is well again', async () => {
    const analyser = analyserWith();
    reply = failure('ThrottlingException');
    expect(await analyser.analyse(english('one', 'two'))).toEqual(['unavailable', 'unavailable']);
    expect(degraded).toEqual(['ThrottlingException']);
    reply = contented;
    expect(await analyser.analyse(english('one', 'two'))).toMatchObject([{ label: 'positive' }, { label: 'positive' }]);
  });

  it.each(['UnsupportedLanguageException', 'TextSizeLimitExceededException'])(
    'does not wait for what will never come: %s',
    async (name) => {
      reply = failure(name);
      expect(await analyserWith().analyse(english('text'))).toEqual(['unanswerable']);
    },
  );
});

describe('a text that is too long', () => {
  it('is cut to its bytes, never within a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 0, max: 60 }), (text, bytes) => {
        const cut = cutToBytes(text, bytes);
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(bytes);
        expect(text.startsWith(cut)).toBe(true);
        const [next = ''] = [...text.slice(cut.length)];
        expect(Buffer.byteLength(cut + next) > bytes || next === '').toBe(true);
      }),
    );
  });
});
