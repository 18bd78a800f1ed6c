import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { type HttpRequest, matchRoute, type Route, toAnswer, toEvent } from '../../local/http-api.ts';

const route = (key: string): Route => ({ key, functionName: key, guarded: false });

describe('the route of a call', () => {
  const routes = [
    '$default',
    'ANY /files/{rest+}',
    'POST /webhooks/{platform}',
    'GET /webhooks/{platform}',
    'POST /webhooks/health',
    'POST /webhooks/{platform}/{account}',
    'GET /',
  ].map(route);

  test.each<[string, string, string, Record<string, string>]>([
    ['POST', '/webhooks/meta', 'POST /webhooks/{platform}', { platform: 'meta' }],
    ['GET', '/webhooks/meta', 'GET /webhooks/{platform}', { platform: 'meta' }],
    ['POST', '/webhooks/health', 'POST /webhooks/health', {}],
    ['POST', '/webhooks/x/a%20b', 'POST /webhooks/{platform}/{account}', { platform: 'x', account: 'a b' }],
    ['POST', '/webhooks/x/%E0%A4%A', 'POST /webhooks/{platform}/{account}', { platform: 'x', account: '%E0%A4%A' }],
    ['PUT', '/files/a/b', 'ANY /files/{rest+}', { rest: 'a/b' }],
    ['GET', '/', 'GET /', {}],
    ['POST', '/', '$default', {}],
    ['PUT', '/webhooks/meta', '$default', {}],
    ['POST', '/webhooks/', '$default', {}],
    ['POST', '/webhooks/a/b/c', '$default', {}],
  ])('%s %s', (method, path, key, pathParameters) => {
    const match = matchRoute(routes, method, path);
    expect([match?.route.key, match?.pathParameters]).toEqual([key, pathParameters]);
  });

  test('is missing where nothing matches', () => {
    expect(matchRoute([route('GET /a')], 'GET', '/b')).toBeUndefined();
  });
});

const eventSchema = z.looseObject({ body: z.string().optional(), isBase64Encoded: z.boolean() });

function eventOf(request: Partial<HttpRequest>): z.infer<typeof eventSchema> {
  const full: HttpRequest = {
    method: 'POST',
    target: '/webhooks/meta',
    headers: { host: '127.0.0.1:1', 'content-type': 'application/json' },
    body: Buffer.alloc(0),
    sourceIp: '127.0.0.1',
    at: 0,
    ...request,
  };
  const match = { route: route('POST /webhooks/{platform}'), pathParameters: { platform: 'meta' } };
  return eventSchema.parse(toEvent(full, match, '000000000000'));
}

describe('the event of a call', () => {
  test('says who calls where API Gateway would ask, and nowhere else', () => {
    const callerOf = (guarded: boolean) => {
      const request = { method: 'GET', target: '/api/now', headers: {}, body: Buffer.alloc(0), sourceIp: '', at: 0 };
      const match = { route: { ...route('GET /api/{call+}'), guarded }, pathParameters: {} };
      const context = z.looseObject({ authorizer: z.unknown().optional() });
      return z.object({ requestContext: context }).parse(toEvent(request, match, '000000000000')).requestContext
        .authorizer;
    };
    expect(callerOf(true)).toEqual({ iam: { userArn: 'arn:aws:iam::000000000000:user/local' } });
    expect(callerOf(false)).toBeUndefined();
  });

  test('carries path, query, cookies and headers as payload format 2.0 does', () => {
    const event = eventOf({
      target: '/webhooks/meta?a=1&a=2&b=%20',
      headers: { host: 'h:1', cookie: 'c=1; d=2', 'x-a': '1,2' },
    });
    expect(event).toMatchObject({
      version: '2.0',
      routeKey: 'POST /webhooks/{platform}',
      rawPath: '/webhooks/meta',
      rawQueryString: 'a=1&a=2&b=%20',
      queryStringParameters: { a: '1,2', b: ' ' },
      pathParameters: { platform: 'meta' },
      cookies: ['c=1', 'd=2'],
      headers: { host: 'h:1', 'x-a': '1,2' },
      requestContext: { http: { method: 'POST', path: '/webhooks/meta' }, stage: '$default' },
    });
  });

  test('leaves an empty body out', () => {
    expect(eventOf({})).toMatchObject({ isBase64Encoded: false });
    expect(eventOf({}).body).toBeUndefined();
  });

  test('never loses a byte, whatever the content type says', () => {
    const types = fc.constantFrom('application/json', 'text/plain', 'application/x-www-form-urlencoded', 'image/png');
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), types, (bytes, type) => {
        const { body = '', isBase64Encoded } = eventOf({ body: Buffer.from(bytes), headers: { 'content-type': type } });
        expect(new Uint8Array(Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8'))).toEqual(bytes);
      }),
    );
  });

  test.each([
    ['application/json; charset=utf-8', false],
    ['text/xml', false],
    ['application/x-www-form-urlencoded', true],
    ['application/octet-stream', true],
  ])('encodes a body of %s: %s', (type, encoded) => {
    expect(eventOf({ body: Buffer.from('a=b'), headers: { 'content-type': type } }).isBase64Encoded).toBe(encoded);
  });
});

describe("the answer to a function's response", () => {
  test.each<[string, unknown, unknown]>([
    [
      'status, headers and body',
      { statusCode: 201, headers: { 'X-A': 1 }, body: 'x' },
      { status: 201, headers: { 'content-type': 'text/plain; charset=utf-8', 'x-a': '1' }, body: 'x' },
    ],
    [
      'its own content type',
      { statusCode: 200, headers: { 'Content-Type': 'text/xml' } },
      { status: 200, headers: { 'content-type': 'text/xml' }, body: '' },
    ],
    [
      'bytes',
      { statusCode: 200, body: 'AAE=', isBase64Encoded: true },
      { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: Buffer.from([0, 1]) },
    ],
    [
      'anything without a status',
      { a: 1 },
      { status: 200, headers: { 'content-type': 'application/json' }, body: '{"a":1}' },
    ],
  ])('%s', (_, payload, answer) => {
    expect(toAnswer(payload)).toEqual(answer);
  });

  test('is 500 when its status is none', () => {
    expect(toAnswer({ statusCode: 'OK' }).status).toBe(500);
  });
});
