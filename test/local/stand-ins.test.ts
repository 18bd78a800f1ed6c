import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AwsAnswer } from '../../local/aws-call.ts';
import { manualClock } from '../../local/clock.ts';
import { billedUnits, createComprehend } from '../../local/comprehend.ts';
import { throttling } from '../../local/faults.ts';
import { Journal } from '../../local/journal.ts';
import { rateOf, startSchedule } from '../../local/schedule.ts';
import { openSecrets } from '../../local/secrets.ts';

const bodyOf = (answer: AwsAnswer): unknown => JSON.parse(answer.body);

const endpoint = 'arn:aws:comprehend:eu-west-1:000000000000:document-classifier-endpoint/matters';

describe('the Comprehend stand-in', () => {
  const comprehend = createComprehend({
    sentimentOf: (text) => ({ label: text.includes('bad') ? 'negative' : 'neutral', confidence: 0.7 }),
    languageOf: async () => ({ code: 'fr', confidence: 0.9 }),
    toxicityOf: async (text) => (text === 'bad' ? 0.9 : 0),
    classOf: async () => ({ name: 'billing', confidence: 0.8 }),
    personalDataIn: async (text) =>
      text.includes('Jane') ? [{ type: 'NAME', start: text.indexOf('Jane'), end: text.indexOf('Jane') + 4 }] : [],
  });

  test('answers each text of a batch by its index, errors apart', async () => {
    const answer = await comprehend.handle('BatchDetectSentiment', {
      LanguageCode: 'en',
      TextList: ['bad', '$$$', 'x'.repeat(5_001), 'é'.repeat(2_500)],
    });
    expect(bodyOf(answer)).toMatchObject({
      ResultList: [
        { Index: 0, Sentiment: 'NEGATIVE', SentimentScore: { Negative: 0.7 } },
        { Index: 3, Sentiment: 'NEUTRAL' },
      ],
      ErrorList: [
        { Index: 1, ErrorCode: 'INTERNAL_SERVER_ERROR' },
        { Index: 2, ErrorCode: 'TEXT_SIZE_LIMIT_EXCEEDED' },
      ],
    });
  });

  test.each<[string, unknown, string]>([
    ['BatchDetectSentiment', { LanguageCode: 'en', TextList: Array(26).fill('a') }, 'BatchSizeLimitExceededException'],
    ['BatchDetectSentiment', { LanguageCode: 'nl', TextList: ['a'] }, 'UnsupportedLanguageException'],
    ['BatchDetectSentiment', { LanguageCode: 'en', TextList: [] }, 'InvalidRequestException'],
    ['DetectSentiment', { LanguageCode: 'nl', Text: 'a' }, 'UnsupportedLanguageException'],
    ['DetectSentiment', { LanguageCode: 'en', Text: 'x'.repeat(5_001) }, 'TextSizeLimitExceededException'],
    ['DetectSentiment', { LanguageCode: 'en', Text: '$$$' }, 'InternalServerException'],
    ['DetectSentiment', { Text: 'a' }, 'InvalidRequestException'],
    ['ContainsPiiEntities', { LanguageCode: 'fr', Text: 'a' }, 'UnsupportedLanguageException'],
    ['DetectPiiEntities', { LanguageCode: 'en', Text: 'x'.repeat(100_001) }, 'TextSizeLimitExceededException'],
    ['DetectToxicContent', { LanguageCode: 'fr', TextSegments: [{ Text: 'a' }] }, 'UnsupportedLanguageException'],
    [
      'DetectToxicContent',
      { LanguageCode: 'en', TextSegments: Array(11).fill({ Text: 'a' }) },
      'InvalidRequestException',
    ],
    ['ClassifyDocument', { EndpointArn: 'elsewhere', Text: 'a' }, 'InvalidRequestException'],
    ['DetectDominantLanguage', {}, 'InvalidRequestException'],
    ['constructor', {}, 'UnknownOperationException'],
  ])('%s of %j is refused with %s', async (operation, input, code) => {
    const answer = await comprehend.handle(operation, input);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(bodyOf(answer)).toMatchObject({ __type: code });
  });

  test('finds personal data, and counts in characters', async () => {
    const input = { LanguageCode: 'en', Text: '😀 Jane' };
    expect(bodyOf(await comprehend.handle('ContainsPiiEntities', input))).toEqual({
      Labels: [{ Name: 'NAME', Score: 0.99 }],
    });
    expect(bodyOf(await comprehend.handle('DetectPiiEntities', input))).toEqual({
      Entities: [{ Type: 'NAME', Score: 0.99, BeginOffset: 2, EndOffset: 6 }],
    });
  });

  test('tells how toxic texts are and their class', async () => {
    const segments = { LanguageCode: 'en', TextSegments: [{ Text: 'bad' }, { Text: 'fine' }] };
    expect(bodyOf(await comprehend.handle('DetectToxicContent', segments))).toMatchObject({
      ResultList: [{ Toxicity: 0.9 }, { Toxicity: 0 }],
    });
    expect(bodyOf(await comprehend.handle('ClassifyDocument', { EndpointArn: endpoint, Text: 'x' }))).toEqual({
      Classes: [{ Name: 'billing', Score: 0.8 }],
    });
  });

  test('tells the language', async () => {
    expect(bodyOf(await comprehend.handle('DetectDominantLanguage', { Text: 'bonjour' }))).toEqual({
      Languages: [{ LanguageCode: 'fr', Score: 0.9 }],
    });
  });

  test.each([
    ['DetectSentiment', [''], 3],
    ['DetectSentiment', ['x'.repeat(300)], 3],
    ['DetectPiiEntities', ['x'.repeat(301)], 4],
    ['BatchDetectSentiment', ['a', '😀'.repeat(400)], 7],
    ['ContainsPiiEntities', ['a'], 0.06],
    ['ClassifyDocument', ['a'], 0],
  ])('bills %#', (operation, texts, units) => {
    expect(billedUnits(operation, texts)).toBe(units);
  });
});

describe('the Secrets Manager stand-in', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'vigie-secrets-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));
  const secret = { name: 'vigie/x', arn: 'arn:aws:secretsmanager:eu-west-1:000000000000:secret:vigie/x-abcdef' };
  const get = { SecretId: secret.name };

  test('keeps a value over a restart, readable by its owner only, and does not overwrite it', () => {
    const file = join(directory, 'secrets.json');
    const first = openSecrets(file);
    first.define(secret, () => 'one');
    expect(bodyOf(first.handle('GetSecretValue', get))).toMatchObject({ SecretString: 'one', Name: 'vigie/x' });
    first.handle('PutSecretValue', { SecretId: secret.arn, SecretString: 'two' });

    const second = openSecrets(file);
    second.define(secret, () => 'one');
    expect(bodyOf(second.handle('GetSecretValue', get))).toMatchObject({ SecretString: 'two' });
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test.each([
    ['GetSecretValue', { SecretId: 'nobody' }, 'ResourceNotFoundException'],
    ['PutSecretValue', { SecretId: 'nobody', SecretString: 'x' }, 'ResourceNotFoundException'],
    ['GetSecretValue', {}, 'ValidationException'],
    ['DeleteSecret', get, 'UnknownOperationException'],
  ])('refuses %s of %j', (operation, input, code) => {
    expect(bodyOf(openSecrets(join(directory, 's.json')).handle(operation, input))).toMatchObject({ __type: code });
  });
});

describe('a schedule', () => {
  test.each([
    ['rate(1 minute)', 60_000],
    ['rate(5 minutes)', 300_000],
    ['rate(2 hours)', 7_200_000],
    ['rate(1 day)', 86_400_000],
  ])('%s', (expression, milliseconds) => {
    expect(rateOf(expression)).toBe(milliseconds);
  });

  test.each(['cron(0 * * * ? *)', 'rate(0 minutes)', 'rate(1 fortnight)', ''])('refuses "%s"', (expression) => {
    expect(() => rateOf(expression)).toThrow('not understood');
  });

  test('runs at once, then at each multiple of its rate, until it is called off', () => {
    const clock = manualClock(Date.parse('2026-03-01T12:00:00Z'));
    const events: unknown[] = [];
    const config = { name: 's', expression: 'rate(1 minute)', functionName: 'f', input: undefined };
    const cancel = startSchedule(config, clock, (event) => events.push(event));
    expect(events).toEqual([expect.objectContaining({ time: '2026-03-01T12:00:00.000Z' })]);
    clock.advance(59_999);
    expect(events).toHaveLength(1);
    clock.advance(120_001);
    expect(events).toHaveLength(4);
    cancel();
    clock.advance(600_000);
    expect(events).toHaveLength(4);
  });

  test("hands over the template's own input", () => {
    const events: unknown[] = [];
    const config = { name: 's', expression: 'rate(1 minute)', functionName: 'f', input: '{"a":1}' };
    startSchedule(config, manualClock(0), (event) => events.push(event))();
    expect(events).toEqual([{ a: 1 }]);
  });
});

describe('the journal', () => {
  test('numbers events and keeps nothing else', () => {
    const journal = new Journal();
    const followed: number[] = [];
    const stop = journal.follow(({ n }) => followed.push(n));
    for (const line of ['{"event":"a"}', 'plain', '{"no":"event"}', '{broken', '{"event":"b","x":1}'])
      journal.add(line);
    stop();
    journal.add('{"event":"c"}');
    expect(journal.after(0).map(({ n, event }) => [n, event])).toEqual([
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
    ]);
    expect(journal.after(2)).toHaveLength(1);
    expect(journal.after(99)).toEqual([]);
    expect(followed).toEqual([1, 2]);
  });

  test('keeps the last 10,000', () => {
    const journal = new Journal();
    for (let index = 0; index < 25_000; index += 1) journal.add('{"event":"x"}');
    expect(journal.after(0)).toHaveLength(10_000);
    expect(journal.after(0)[0]?.n).toBe(15_001);
    expect(journal.after(24_990).map(({ n }) => n)[0]).toBe(24_991);
  });
});

test('throttling lets so many calls of one operation pass in a second', () => {
  const clock = manualClock(0);
  const faults = throttling('Do', 2, clock);
  const call = (operation: string) =>
    faults.before({ caller: undefined, service: 'comprehend', operation, input: {} }) === undefined;
  expect([call('Do'), call('Do'), call('Do'), call('Other')]).toEqual([true, true, false, true]);
  clock.advance(1_000);
  expect(call('Do')).toBe(true);
});
