import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { leaks, secretLines } from './canaries.ts';

describe('the scanner for planted words and secrets', () => {
  const around = fc.string({ maxLength: 20 });
  const canaries = fc.string({ minLength: 8, maxLength: 40 });
  const ways: readonly (readonly [string, (text: string) => string])[] = [
    ['as it is', (text) => text],
    ['in JSON', (text) => JSON.stringify({ error: text })],
    ['in a URL', (text) => encodeURIComponent(text)],
    ['in base64', (text) => Buffer.from(text).toString('base64')],
    ['in base64 for URLs', (text) => Buffer.from(text).toString('base64url')],
    ['in hexadecimal', (text) => Buffer.from(text).toString('hex')],
  ];

  test.each(ways)('finds what stands in a line %s, whatever is around it', (_, write) => {
    fc.assert(
      fc.property(around, canaries, around, (before, canary, after) => {
        expect(leaks(['innocent', write(`${before}${canary}${after}`)], [canary])).toHaveLength(1);
      }),
    );
  });

  test('finds nothing where nothing is', () => {
    expect(leaks(['{"event":"case_changed"}', '', 'zqkanari'], ['zqkanarie'])).toEqual([]);
    expect(secretLines('-----BEGIN KEY-----\nMIIEvQIBADANBg\n-----END KEY-----\n')).toEqual(['MIIEvQIBADANBg']);
  });
});
