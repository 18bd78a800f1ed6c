import { ComprehendClient } from '@aws-sdk/client-comprehend';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { ComprehendAnalyser, type ComprehendLimits, cutToBytes } from '../../shared/adapters/comprehend.ts';
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
    new ComprehendAnalyser(new ComprehendClient(server.config), {
      limits: { unitsPerMinute: 1_000, parallelCalls: 4, cachedVerdicts: 100, ...limits },
      now: () => now,
      used: () => {},
      degraded: (because) => degraded.push(because),
    });
  const english = (...texts: string[]) => texts.map((text) => ({ text, language: 'en' }));

  it('asks for the texts of one language together, 25 at a time', async () => {
    const documents = Array.from({ length: 30 }, (_, index) => ({ text: `text ${index}`, language: 'en' }));
    await analyserWith().sentiment.read([...documents, { text: 'bonjour', language: 'fr' }]);
    expect(calls.map(({ LanguageCode, TextList }) => `${LanguageCode} ${TextList.length}`).sort()).toEqual([
      'en 25',
      'en 5',
      'fr 1',
    ]);
  });

  it('pays once for repeats of the same words, whatever their case, links and handles', async () => {
    const analyser = analyserWith();
    await analyser.sentiment.read(english('Great  service', '@brand great service https://example.com/1'));
    const [verdict] = await analyser.sentiment.read(english('GREAT SERVICE'));
    expect(verdict).toMatchObject({ label: 'positive', source: 'comprehend' });
    expect(calls.flatMap(({ TextList }) => TextList)).toHaveLength(1);
  });

  it('keeps no more verdicts than it may', async () => {
    const analyser = analyserWith({ cachedVerdicts: 1 });
    for (const text of ['one', 'two', 'one']) await analyser.sentiment.read(english(text));
    expect(calls).toHaveLength(3);
  });

  it('does not ask what can have no answer: no letters, or a language it does not read', async () => {
    const documents = [
      { text: '😡😡 123', language: 'en' },
      { text: 'привет', language: 'ru' },
    ];
    expect(await analyserWith().sentiment.read(documents)).toEqual(['unanswerable', 'unanswerable']);
    expect(calls).toEqual([]);
  });

  it('buys no more units in a minute than it may, and goes on in the next', async () => {
    const analyser = analyserWith({ unitsPerMinute: 6 });
    const verdicts = await analyser.sentiment.read(english('one', 'two', 'three'));
    expect(verdicts.filter((verdict) => verdict === 'unavailable')).toHaveLength(1);
    expect(degraded).toEqual(['units of this minute are spent']);
    now = 60_000;
    expect(await analyser.sentiment.read(english('three'))).toMatchObject([{ label: 'positive' }]);
  });

  it('counts a long text by its hundreds of characters', async () => {
    const verdicts = await analyserWith({ unitsPerMinute: 7 }).sentiment.read(english('x'.repeat(701)));
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
    expect(await analyserWith().sentiment.read(english('good', 'bad', 'fine'))).toMatchObject([
      { label: 'positive' },
      'unanswerable',
      { label: 'positive' },
    ]);
  });

  it('says so when throttled, without a verdict, and is as good as before when all is well again', async () => {
    const analyser = analyserWith();
    reply = failure('ThrottlingException');
    expect(await analyser.sentiment.read(english('one', 'two'))).toEqual(['unavailable', 'unavailable']);
    expect(degraded).toEqual(['ThrottlingException']);
    reply = contented;
    expect(await analyser.sentiment.read(english('one', 'two'))).toMatchObject([
      { label: 'positive' },
      { label: 'positive' },
    ]);
  });

  it.each(['UnsupportedLanguageException', 'TextSizeLimitExceededException'])(
    'does not wait for what will never come: %s',
    async (name) => {
      reply = failure(name);
      expect(await analyserWith().sentiment.read(english('text'))).toEqual(['unanswerable']);
    },
  );
});

describe('personal data by Comprehend', () => {
  const inputOf = z.object({ LanguageCode: z.string(), Text: z.string() });
  let server: Awaited<ReturnType<typeof startAwsServer>>;
  let asked: string[];
  let found: readonly { Type: string; Score: number; BeginOffset: number; EndOffset: number }[];
  let used: [units: number, documents: number][];
  let failing: string | undefined;

  beforeEach(async () => {
    [asked, found, used, failing] = [[], [], [], undefined];
    server = await startAwsServer(({ input }) => {
      const { Text } = inputOf.parse(input);
      asked.push(Text);
      if (failing !== undefined) return failure(failing)();
      const Labels = found.map(({ Type, Score }) => ({ Name: Type, Score }));
      return { status: 200, body: JSON.stringify({ Labels, Entities: found }) };
    });
  });
  afterEach(() => server.close());

  const read = (...texts: string[]) =>
    new ComprehendAnalyser(new ComprehendClient(server.config), {
      limits: { unitsPerMinute: 10, parallelCalls: 4, cachedVerdicts: 10 },
      now: () => 0,
      used: (units, documents) => used.push([units, documents]),
      degraded: () => {},
    }).personalData.read(texts.map((text) => ({ text, language: 'en' })));

  it('is looked for only where some is left by our own patterns, for a fiftieth of the price', async () => {
    expect(await read('Where is it, mail jane@example.com')).toEqual([[]]);
    expect(asked).toEqual(['Where is it, mail [email]']);
    expect(used).toEqual([[0.06, 1]]);
  });

  it('is told by kind and place, as JavaScript counts', async () => {
    found = [{ Type: 'NAME', Score: 0.9, BeginOffset: 2, EndOffset: 6 }];
    const text = '😀 Jane here';
    const [answer] = await read(text);
    expect(answer).toEqual([{ kind: 'name', start: 3, end: 7 }]);
    expect(text.slice(3, 7)).toBe('Jane');
    expect(used).toEqual([
      [0.06, 1],
      [3, 1],
    ]);
  });

  it.each([
    ['DATE_TIME', 0.99],
    ['NAME', 0.4],
    ['constructor', 0.99],
  ])('leaves %s at %d: a service needs it, or it may be anything', async (Type, Score) => {
    found = [{ Type, Score, BeginOffset: 0, EndOffset: 4 }];
    expect(await read('some text')).toEqual([[]]);
    expect(asked).toHaveLength(1);
  });

  it.each(['ThrottlingException', 'AccessDeniedException'])('says so when there is no answer: %s', async (name) => {
    failing = name;
    expect(await read('one', 'two')).toEqual(['unavailable', 'unavailable']);
  });

  it('shares the budget of a minute with all other questions', async () => {
    found = [{ Type: 'NAME', Score: 0.9, BeginOffset: 0, EndOffset: 1 }];
    expect((await read('one', 'two', 'three', 'four')).map((answer) => typeof answer)).toEqual([
      'object',
      'object',
      'object',
      'string',
    ]);
  });

  it('does not ask in a language that it does not read', async () => {
    const analyser = new ComprehendAnalyser(new ComprehendClient(server.config), {
      limits: { unitsPerMinute: 10, parallelCalls: 4, cachedVerdicts: 10 },
      now: () => 0,
      used: () => {},
      degraded: () => {},
    });
    expect(await analyser.personalData.read([{ text: 'Bonjour', language: 'fr' }])).toEqual(['unanswerable']);
    expect(asked).toEqual([]);
  });
});

describe('other questions to Comprehend', () => {
  const classifier = 'arn:aws:comprehend:eu-west-1:123456789012:document-classifier-endpoint/matters';
  const analyserOf = (server: Awaited<ReturnType<typeof startAwsServer>>, used: number[]) =>
    new ComprehendAnalyser(new ComprehendClient(server.config), {
      limits: { unitsPerMinute: 10, parallelCalls: 4, cachedVerdicts: 10 },
      classifier,
      now: () => 0,
      used: (units) => used.push(units),
      degraded: () => {},
    });

  it('one text a call of toxicity, in English; of classes, what one model or several labels say', async () => {
    const inputs: unknown[] = [];
    const server = await startAwsServer(({ input }) => {
      inputs.push(input);
      const labels = 'Text' in input ? { Labels: [{ Name: 'legal', Score: 0.7 }] } : {};
      return { status: 200, body: JSON.stringify({ ResultList: [{ Labels: [], Toxicity: 0.8 }], ...labels }) };
    });
    try {
      const used: number[] = [];
      const analyser = analyserOf(server, used);
      expect(
        await analyser.toxicity.read([
          { text: 'one', language: 'en' },
          { text: 'un', language: 'fr' },
        ]),
      ).toEqual([0.8, 'unanswerable']);
      expect(await analyser.classes?.read([{ text: 'un', language: 'fr' }])).toEqual([
        [{ name: 'legal', confidence: 0.7 }],
      ]);
      expect(inputs).toEqual([
        { LanguageCode: 'en', TextSegments: [{ Text: 'one' }] },
        { EndpointArn: classifier, Text: 'un' },
      ]);
      expect(used).toEqual([3, 0]);
    } finally {
      server.close();
    }
  });

  it('cannot be asked of classes without a classifier', () => {
    const options = { limits: { unitsPerMinute: 1, parallelCalls: 1, cachedVerdicts: 1 }, now: () => 0 };
    const quiet = { used: () => {}, degraded: () => {} };
    expect(new ComprehendAnalyser(new ComprehendClient({}), { ...options, ...quiet }).classes).toBeUndefined();
  });
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
