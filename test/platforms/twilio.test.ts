import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { twilio } from '../../shared/platforms/twilio.ts';
import { fixtureBytes, postOf, readFixture } from './fixture.ts';

describe('messages', () => {
  test('reads a picture message, its words untrimmed', () => {
    expect(readFixture(twilio, 'mms.form').events).toEqual([
      {
        type: 'message_received',
        platform: 'twilio',
        channel: 'sms',
        accountId: '+33100000000',
        messageId: 'SM01',
        thread: 'dm:+33600000021',
        author: { id: '+33600000021' },
        public: false,
        text: ' Colis abîmé 😡 ',
        attachments: ['image', 'file'],
      },
    ]);
  });

  test('reads WhatsApp by its addresses', () => {
    expect(readFixture(twilio, 'whatsapp-button.form').events).toMatchObject([
      {
        channel: 'whatsapp',
        accountId: 'whatsapp:+33100000000',
        author: { id: 'whatsapp:+33600000022', name: 'Ana' },
        text: 'Oui',
        inReplyTo: 'SM00',
      },
    ]);
  });

  test.each([
    ['opt-out.form', 'opt_out'],
    ['status-callback.form', 'receipt'],
    ['call.form', 'unsupported_event'],
  ])('%s is no message', (file, reason) => {
    expect(readFixture(twilio, file)).toEqual({ events: [], reasons: [reason] });
  });

  test('refuses what is no form of Twilio', () => {
    expect(twilio.read(Buffer.from('{"a":1}'), { pathAccount: undefined }, {})).toMatchObject({ kind: 'malformed' });
  });

  test('keeps any words', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (words) => {
        const form = new URLSearchParams({ MessageSid: 'SM1', From: '+1', To: '+2', Body: words });
        const result = twilio.read(Buffer.from(form.toString()), { pathAccount: undefined }, {});
        expect(result).toMatchObject({ events: [{ text: words }] });
      }),
    );
  });
});

describe('signature', () => {
  const body = fixtureBytes(twilio, 'mms.form');
  const signedFor = (url: string) => twilio.sign({ ...postOf(body), url }, { secrets: ['token'] }, new Date(0));
  const verifies = (url: string, headers: Record<string, string>, bytes: Uint8Array = body) =>
    twilio.verify({ ...postOf(bytes), url, headers }, { secrets: ['next', 'token'] }, new Date(0));

  test.each([
    ['as given', 'https://a.example.com/w?x=1', 'https://a.example.com/w?x=1', true],
    ['signed with the standard port', 'https://a.example.com/w', 'https://a.example.com:443/w', true],
    ['signed without the port', 'https://a.example.com:8443/w', 'https://a.example.com/w', true],
    ['port of plain HTTP', 'http://a.example.com/w', 'http://a.example.com:80/w', true],
    ['with user and password', 'https://u:p@a.example.com/w', 'https://u:p@a.example.com:443/w', true],
    ['query encoded anew', "https://a.example.com/w?n=O'Neil", 'https://a.example.com/w?n=O%27Neil', true],
    ['a fragment steers only the connection', 'https://a.example.com/w#rc=5', 'https://a.example.com/w', true],
    ['another path', 'https://a.example.com/w', 'https://a.example.com/v', false],
    ['another host', 'https://a.example.com/w', 'https://b.example.com/w', false],
    ['another scheme', 'https://a.example.com/w', 'http://a.example.com/w', false],
  ])('%s', (_, url, signedUrl, expected) => {
    expect(verifies(url, signedFor(signedUrl))).toBe(expected);
  });

  const url = 'https://a.example.com/w';

  test('covers every field: none can be changed, added or taken away', () => {
    const names = [...new URLSearchParams(body.toString()).keys()];
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.string({ minLength: 1, unit: 'grapheme' }), (name, value) => {
        const form = new URLSearchParams(body.toString());
        fc.pre(form.get(name) !== value && value.isWellFormed());
        form.set(name, value);
        expect(verifies(url, signedFor(url), Buffer.from(form.toString()))).toBe(false);
      }),
    );
    for (const name of names) {
      const form = new URLSearchParams(body.toString());
      form.append(name, 'more');
      expect(verifies(url, signedFor(url), Buffer.from(form.toString()))).toBe(false);
      form.delete(name);
      const isEmpty = name === 'ToState';
      form.append(isEmpty ? 'ToStat' : `${name}x`, isEmpty ? 'f' : '');
      expect(verifies(url, signedFor(url), Buffer.from(form.toString()))).toBe(false);
    }
  });

  test('a body that is not the one of bodySHA256 is refused', () => {
    const hash = '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a';
    const jsonUrl = `${url}?bodySHA256=${hash}`;
    const headers = twilio.sign({ ...postOf('{}'), url: jsonUrl }, { secrets: ['token'] }, new Date(0));
    expect(verifies(jsonUrl, headers, Buffer.from('{}'))).toBe(true);
    expect(verifies(jsonUrl, headers, Buffer.from('{ }'))).toBe(false);
  });
});

test('answers nothing that would be sent to the customer', () => {
  expect(twilio.accepted).toEqual({ status: 200, contentType: 'text/xml', body: '<Response/>' });
});
