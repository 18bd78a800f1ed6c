import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ApiTokenChecker } from '../../shared/adapters/pulls/token-checks.ts';
import type { ApiTokens } from '../../shared/adapters/words/api-tokens.ts';
import { type PlatformApiServer, startPlatformApi } from '../support/platform-api.ts';

const now = Date.parse('2026-11-22T10:00:00Z');
const inSeconds = (days: number) => now / 1000 + days * 24 * 3600;
const instantIn = (days: number) => new Date(inSeconds(days) * 1000).toISOString();

let api: PlatformApiServer;
beforeAll(async () => {
  api = await startPlatformApi();
});
afterAll(() => api.close());
beforeEach(() => {
  api.asked.length = 0;
});

const meta = { accounts: { '501': 'page-501' }, token: 'system' };
const google = { clientId: 'c', clientSecret: 's', refreshToken: 'r' };
const checkerWith = (tokens: ApiTokens) =>
  new ApiTokenChecker({
    tokens: async () => tokens,
    graphUrl: api.url,
    googleTokenUrl: `${api.url}/token`,
    now: () => now,
  });
const askedOf = (name: string, answer: { status?: number; body: unknown }, tokens: ApiTokens = { meta, google }) => {
  api.answers = () => answer;
  return checkerWith(tokens).ask(name);
};

test('every token that somebody has entered is named, and nothing of it given away', async () => {
  const entered = await checkerWith({ meta, google, youtube: { token: 'key', accounts: {} } }).entered();
  expect(entered.map(({ name }) => name)).toEqual(['meta', 'meta 501', 'google']);
  expect(JSON.stringify(entered)).not.toMatch(/system|page-501/);
  const [other] = await checkerWith({ meta: { ...meta, token: 'another' } }).entered();
  expect(other?.fingerprint).not.toBe(entered[0]?.fingerprint);
});

describe('what Meta answers of a token', () => {
  const data = { app_id: '1', type: 'PAGE', is_valid: true, expires_at: 0, data_access_expires_at: 0, scopes: [] };
  test.each<[string, { status?: number; body: unknown }, unknown]>([
    ['it has no end', { body: { data } }, { kind: 'valid', endsAt: undefined }],
    ['it ends', { body: { data: { ...data, expires_at: inSeconds(9) } } }, { kind: 'valid', endsAt: instantIn(9) }],
    [
      'what it may read ends sooner',
      { body: { data: { ...data, expires_at: inSeconds(60), data_access_expires_at: inSeconds(5) } } },
      { kind: 'valid', endsAt: instantIn(5) },
    ],
    ['it has ended', { body: { data: { ...data, is_valid: false, error: { code: 190 } } } }, { kind: 'ended' }],
    [
      'it has ended, and so cannot ask',
      { status: 400, body: { error: { code: 190, error_subcode: 463 } } },
      { kind: 'ended' },
    ],
    ['it may not be asked about', { status: 400, body: { error: { code: 100 } } }, { kind: 'untold' }],
    ['there were too many calls', { status: 400, body: { error: { code: 4 } } }, { kind: 'later' }],
    ['the API is down', { status: 503, body: {} }, { kind: 'later' }],
    ['something else', { body: { data: 'nonsense' } }, { kind: 'untold' }],
  ])('%s', async (_, answer, expected) => {
    expect(await askedOf('meta 501', answer)).toEqual(expected);
    expect(api.asked.map(({ path, query, token }) => [path, query.get('input_token'), token])).toEqual([
      ['/v24.0/debug_token', 'page-501', 'Bearer page-501'],
    ]);
  });

  test('is asked in the name of the app where its id and secret are entered, else with a proof that the token is not stolen', async () => {
    await askedOf('meta', { body: { data } }, { meta: { ...meta, appId: '1', appSecret: 'secret' } });
    await askedOf('meta', { body: { data } }, { meta: { ...meta, appSecret: 'secret' } });
    expect(api.asked.map(({ token, query }) => [token, query.has('appsecret_proof')])).toEqual([
      ['Bearer 1|secret', false],
      ['Bearer system', true],
    ]);
  });
});

describe('what Google answers of a refresh token', () => {
  const body = { access_token: 'a', expires_in: 3600 };
  test.each<[string, { status?: number; body: unknown }, unknown]>([
    ['it has no end', { body }, { kind: 'valid', endsAt: undefined }],
    [
      'it ends',
      { body: { ...body, refresh_token_expires_in: 7 * 24 * 3600 } },
      { kind: 'valid', endsAt: instantIn(7) },
    ],
    ['it was taken back', { status: 400, body: { error: 'invalid_grant' } }, { kind: 'ended' }],
    ['not now', { status: 500, body: {} }, { kind: 'later' }],
  ])('%s', async (_, answer, expected) => {
    expect(await askedOf('google', answer)).toEqual(expected);
  });
});

test('a token that is no longer there, or cannot be read, is left to the next run', async () => {
  expect(await checkerWith({}).ask('meta')).toEqual({ kind: 'later' });
  const unreadable = new ApiTokenChecker({
    tokens: () => Promise.reject(new Error('no secret')),
    graphUrl: api.url,
    googleTokenUrl: api.url,
    now: () => now,
  });
  expect(await unreadable.ask('meta')).toEqual({ kind: 'later' });
  expect(api.asked).toEqual([]);
});
