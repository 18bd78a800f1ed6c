import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseJson } from '../../shared/platforms/json.ts';

function holdsLargeInteger(value: unknown): boolean {
  if (typeof value === 'number') return Number.isInteger(value) && !Number.isSafeInteger(value);
  return typeof value === 'object' && value !== null && Object.values(value).some(holdsLargeInteger);
}

describe('parseJson', () => {
  test.each([
    ['the last safe integer stays a number', '9007199254740991', Number.MAX_SAFE_INTEGER],
    ['the next one is text', '9007199254740992', '9007199254740992'],
    ['below zero', '{"a":-18446744073709551615}', { a: '-18446744073709551615' }],
    ['in a list, with space', '[ 1,\n 12345678901234567890 ]', [1, '12345678901234567890']],
    [
      'beside the same digits in a text',
      '{"a":"n: 12345678901234567890","b":1}',
      { a: 'n: 12345678901234567890', b: 1 },
    ],
    ['beside escaped quotes', '["\\\\",":\\"",12345678901234567890]', ['\\', ':"', '12345678901234567890']],
    ['fractions and exponents stay numbers', '[1234567890123456.5,1e20]', [1234567890123456.5, 1e20]],
  ])('%s', (_, json, value) => {
    expect(parseJson(json)).toEqual(value);
    expect(parseJson(Buffer.from(json))).toEqual(value);
  });

  test.each(['', '{', 'nul', '{"a":1234567890123456789', '"\\"'.repeat(9)])('%s is no JSON', (text) => {
    expect(parseJson(text)).toBeUndefined();
  });

  test('agrees with JSON.parse wherever no integer is beyond 2^53', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const json = JSON.stringify(value);
        if (!holdsLargeInteger(value)) expect(parseJson(json)).toEqual(JSON.parse(json));
      }),
    );
  });

  test('keeps every digit of any integer', () => {
    fc.assert(
      fc.property(fc.bigInt(), fc.string(), (id, text) => {
        const parsed = parseJson(`{"text":${JSON.stringify(text)},"id":${id},"after":${JSON.stringify(text)}}`);
        expect(parsed).toEqual({ text, id: expect.toSatisfy((read) => String(read) === String(id)), after: text });
      }),
    );
  });

  test('reads what is around bytes that are no UTF-8', () => {
    expect(parseJson(Buffer.from([0x22, 0xc3, 0x28, 0x22]))).toBe('\ufffd(');
  });

  test('does not let a body change what other objects inherit', () => {
    expect(parseJson('{"__proto__":{"polluted":1},"id":12345678901234567890}')).toHaveProperty('id');
    expect({}).not.toHaveProperty('polluted');
  });
});
