import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  anySecret,
  ed25519Signature,
  equalText,
  hmac,
  isEd25519Signature,
  withinSeconds,
} from '../../shared/platforms/signature.ts';

test('hmac is that of RFC 4231, whatever the parts', () => {
  const expected = '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843';
  expect(hmac('sha256', 'Jefe', 'what do ya want for nothing?').toString('hex')).toBe(expected);
  expect(hmac('sha256', 'Jefe', 'what do ya want', Buffer.from(' for nothing?')).toString('hex')).toBe(expected);
});

test('equalText equals only equal texts', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (left, right) => {
      expect(equalText(left, left)).toBe(true);
      expect(equalText(left, right)).toBe(left === right);
    }),
  );
  expect(equalText(undefined, undefined)).toBe(false);
});

test('an empty secret vouches for nothing', () => {
  expect(anySecret(['', 'a'], (secret) => secret === 'a')).toBe(true);
  expect(anySecret([''], () => true)).toBe(false);
  expect(anySecret([], () => true)).toBe(false);
});

describe('withinSeconds', () => {
  const now = new Date('2026-11-22T10:00:00Z');
  test.each([
    ['the same second', '1795341600', true],
    ['exactly as late as allowed', '1795341300', true],
    ['a second later', '1795341299', false],
    ['exactly as early as allowed', '1795341900', true],
    ['a second earlier', '1795341901', false],
    ['ISO 8601', '2026-11-22T10:04:00Z', true],
    ['no time', 'soon', false],
    ['nothing', undefined, false],
  ])('%s', (_, stated, expected) => {
    expect(withinSeconds(now, stated, 300)).toBe(expected);
  });
});

test('Ed25519 signatures of the seed verify with its public key, and nothing else does', () => {
  const { d = '', x = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  const [seed, publicKey] = [Buffer.from(d, 'base64url'), Buffer.from(x, 'base64url')];
  const signature = ed25519Signature(seed, 'one ', Buffer.from('two'));
  expect(isEd25519Signature(publicKey, signature, 'one two')).toBe(true);
  expect(isEd25519Signature(publicKey, signature, 'one too')).toBe(false);
  expect(isEd25519Signature(Buffer.alloc(31), signature, 'one two')).toBe(false);
  expect(isEd25519Signature(publicKey, Buffer.alloc(3), 'one two')).toBe(false);
});
