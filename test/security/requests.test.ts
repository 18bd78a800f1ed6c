import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { receiveWebhook } from '../../functions/receive-webhook/handler.ts';
import { Gateway } from '../../local/gateway.ts';
import { meta } from '../../shared/platforms/meta.ts';
import { platformNamed } from '../../shared/platforms/registry.ts';
import { twilio } from '../../shared/platforms/twilio.ts';
import { toWebhookRequest } from '../../shared/runtime/http.ts';
import { createLog, type LogEntry } from '../../shared/runtime/log.ts';
import { printable } from '../../shared/runtime/printable.ts';
import { fixtureBytes, fixtureFiles } from '../platforms/fixture.ts';
import { url, World } from '../support/world.ts';

// What API Gateway makes of a call, bent in every part that its sender chooses. https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html

const now = new Date('2026-11-24T10:00:00Z');
const publicUrl = 'https://hooks.example.com';
const secrets = { secrets: ['a-secret-of-this-test'], verifyToken: 'a-token-of-this-test' };
const body = fixtureBytes(meta, 'messenger.json').toString();

function eventOf(platform: typeof meta, content: string, fields: object = {}) {
  const path = `/webhooks/${platform.name}`;
  const unsigned = {
    method: 'POST',
    url: `${publicUrl}${path}`,
    headers: {},
    body: Buffer.from(content),
    pathAccount: undefined,
  } as const;
  return {
    rawPath: path,
    rawQueryString: '',
    headers: { 'content-type': 'application/json', ...platform.sign(unsigned, secrets, now) },
    body: content,
    isBase64Encoded: false,
    pathParameters: { platform: platform.name },
    requestContext: { http: { method: 'POST' } },
    ...fields,
  };
}

async function answered(event: unknown) {
  const world = new World();
  const { platform, request } = toWebhookRequest(event, publicUrl);
  const { status } = await receiveWebhook(platform, request, {
    platformNamed,
    vault: { secretsOf: async () => secrets, newerSecretsOf: async () => undefined },
    queues: world.queues,
    intakeQueueUrl: url('intake'),
    now: () => now,
    log: world.dependencies.log,
  });
  return { status, stored: world.queued.length > 0 };
}

const accepted = { status: 200, stored: true };
const refused = { status: 401, stored: false };
const right = eventOf(meta, body);
const [signatureName = '', signature = ''] =
  Object.entries(right.headers).find(([name]) => name.includes('signature')) ?? [];

describe('a rightly signed call', () => {
  test.each([
    ['as it is', right, accepted],
    ['whose body is in base64, as for a content type that may be binary', base64(right), accepted],
    ['with headers that nobody asks for', withHeaders({ 'content-length': '0', 'transfer-encoding': 'x' }), accepted],
    ['said to be in base64 and is not', { ...right, isBase64Encoded: true }, refused],
    ['in base64 and not said to be', { ...base64(right), isBase64Encoded: false }, refused],
    ['in base64 twice', base64(base64(right)), refused],
    ['without a body', { ...right, body: undefined }, refused],
    ['whose signature came twice', withHeaders({ [signatureName]: `${signature},${signature}` }), refused],
    ['behind a forged signature', withHeaders({ [signatureName]: `sha256=${'0'.repeat(64)},${signature}` }), refused],
    ['before a forged signature', withHeaders({ [signatureName]: `${signature}, sha256=${'0'.repeat(64)}` }), refused],
    // API Gateway writes all names in small letters: nothing else can be a header of the call.
    ['whose header is spelt otherwise', renamed(signatureName.toUpperCase()), refused],
    ['whose header ends in a blank', renamed(`${signatureName} `), refused],
    ['whose header is written with an underscore', renamed(signatureName.replaceAll('-', '_')), refused],
    ['with a hundred signatures', withHeaders({ [signatureName]: Array(100).fill(signature).join() }), refused],
  ])('%s', async (_, event, expected) => {
    expect(await answered(event)).toEqual(expected);
  });

  test.each(['..', '.', 'meta ', 'meta\0', 'meta/', '%6deta', 'met\u0430', '__proto__', 'constructor', ''])(
    'for a platform called %j is for nobody',
    async (platform) => {
      expect(await answered({ ...right, pathParameters: { platform } })).toEqual({ status: 404, stored: false });
    },
  );
});

describe('a platform that signs its URL', () => {
  const [file = ''] = fixtureFiles(twilio);
  const fields = fixtureBytes(twilio, file).toString();
  const call = eventOf(twilio, fields);

  test.each([
    ['as it was given', {}, accepted],
    ['with a letter in percent signs', { rawPath: '/webhooks/%74wilio' }, refused],
    ['with a slash more', { rawPath: '/webhooks//twilio' }, refused],
    ['with a query that was not signed', { rawQueryString: 'a=1' }, refused],
    [
      'of another host',
      { headers: { ...call.headers, host: 'evil.example', 'x-forwarded-host': 'evil.example' } },
      accepted,
    ],
  ])('is believed of no other: %s', async (_, changes, expected) => {
    expect(await answered({ ...call, ...changes })).toMatchObject({ status: expected.status });
  });
});

describe('a call of which two readers would see different ends', () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await Gateway.listen(0);
  });
  afterAll(() => gateway.close());

  /** All that comes back for these bytes until the connection ends. */
  async function exchange(bytes: string): Promise<string> {
    const socket = connect(gateway.port, '127.0.0.1').setEncoding('utf8');
    let answers = '';
    socket.on('data', (text) => {
      answers += text;
    });
    socket.end(bytes);
    await once(socket, 'close');
    return answers;
  }

  const hidden = 'POST /webhooks/meta HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n';
  test.each([
    ['two lengths', `content-length: 5\r\ncontent-length: ${hidden.length}`],
    ['a list of lengths', 'content-length: 0, 5'],
    ['a length and chunks', `content-length: ${hidden.length}\r\ntransfer-encoding: chunked`],
    ['a length with a sign', 'content-length: +5'],
    ['a header that goes on in the next line', 'content-length: 0\r\n 5'],
    ['a header with a blank before its colon', 'content-length : 5'],
    ['a header that ends in a bare return', 'x: a\rcontent-length: 5'],
  ])('is refused by the embedded run, and what hides in it is never read: %s', async (_, headers) => {
    const answers = await exchange(`POST /webhooks/meta HTTP/1.1\r\nhost: a\r\n${headers}\r\n\r\n${hidden}`);
    expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 400']);
  });

  test.each([
    ['chunks spelt oddly', `transfer-encoding: xchunked`],
    ['a body that goes on', `content-length: ${hidden.length}`],
  ])('is read once: %s', async (_, headers) => {
    const answers = await exchange(`POST /webhooks/meta HTTP/1.1\r\nhost: a\r\n${headers}\r\n\r\n${hidden}`);
    expect(answers.match(/HTTP\/1\.1 \d+/g)).toHaveLength(1);
  });

  test('is none where there is nothing odd', async () => {
    expect((await exchange(hidden)).match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 503']);
  });
});

describe('a log', () => {
  const forged = 'a"}\n{"event":"message_triaged","messageId":"forged"}\r\n\u001b[2J\u009b2J\u2028\u{202e}';

  test('has one line for each entry, whatever ids stand in it', () => {
    const lines: string[] = [];
    const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
    const entries: LogEntry[] = [
      { event: 'account_unknown', channel: forged, accountId: forged, messageId: forged },
      { event: 'event_waits', type: forged, messageId: forged },
      { event: 'record_parked', reason: forged, recordId: forged },
    ];
    for (const entry of entries) createLog(forged, () => now)(entry);
    write.mockRestore();
    expect(lines).toHaveLength(entries.length);
    for (const [index, line] of lines.entries()) {
      expect(line.trimEnd()).not.toMatch(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u);
      expect(JSON.parse(line)).toEqual({ at: now.toISOString(), function: forged, ...entries[index] });
    }
  });
});

test('a terminal is shown the words of others without what would take it over', () => {
  const words = 'Où est mon colis ? 📦\n\tMerci\u001b]0;title\u0007\u001b[2J\u009b31m\r\u{202e}gnihton\u2028';
  expect(printable(words)).toBe(
    'Où est mon colis ? 📦\n\tMerci\\u001b]0;title\\u0007\\u001b[2J\\u009b31m\\u000d\\u202egnihton\\u2028',
  );
});

function withHeaders(headers: Readonly<Record<string, string>>) {
  return { ...right, headers: { ...right.headers, ...headers } };
}

function renamed(name: string) {
  return { ...right, headers: { 'content-type': 'application/json', [name]: signature } };
}

function base64(event: typeof right) {
  return { ...event, body: Buffer.from(event.body).toString('base64'), isBase64Encoded: true };
}
