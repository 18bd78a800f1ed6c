import { createHmac, createPrivateKey, createPublicKey, sign, timingSafeEqual, verify } from 'node:crypto';
import { toInstant } from './reading.ts';

/** Text counts as its UTF-8 bytes. */
type Bytes = Uint8Array | string;

/** The HMAC of the parts one after the other, without separators; call `.toString('hex')` or `.toString('base64')` on it. */
export function hmac(algorithm: 'sha1' | 'sha256', secret: Bytes, ...parts: readonly Bytes[]): Buffer {
  const digest = createHmac(algorithm, secret);
  for (const part of parts) digest.update(part);
  return digest.digest();
}

/** Whether two byte strings are equal, in a time that tells nothing but their lengths. */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.byteLength === right.byteLength && timingSafeEqual(left, right);
}

/** `equalBytes` of the UTF-8 bytes; a missing header (`undefined`) equals nothing. */
export function equalText(left: string | undefined, right: string | undefined): boolean {
  return left !== undefined && right !== undefined && equalBytes(Buffer.from(left), Buffer.from(right));
}

/** True when one of the secrets passes the check: two are valid during a rotation. An empty secret vouches for nothing. */
export function anySecret(secrets: readonly string[], check: (secret: string) => boolean): boolean {
  return secrets.some((secret) => secret !== '' && check(secret));
}

/**
 * Whether a stated time (any notation of `toInstant`: Unix seconds or milliseconds in text, ISO 8601) lies at most `toleranceSeconds`
 * before or after `now`. Missing or unreadable times never do.
 */
export function withinSeconds(now: Date, stated: string | undefined, toleranceSeconds: number): boolean {
  const instant = toInstant(stated);
  return instant !== undefined && Math.abs(now.getTime() - Date.parse(instant)) <= toleranceSeconds * 1000;
}

/** Whether an Ed25519 signature (64 bytes) over the parts is that of the raw public key (32 bytes). False for any malformed input. */
export function isEd25519Signature(publicKey: Uint8Array, signature: Uint8Array, ...parts: readonly Bytes[]): boolean {
  try {
    const x = Buffer.from(publicKey).toString('base64url');
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    return verify(null, joined(parts), key, signature);
  } catch {
    return false;
  }
}

/** The Ed25519 signature (64 bytes) of the parts by the raw private key (its seed of 32 bytes). Throws when the seed has another length. */
export function ed25519Signature(seed: Uint8Array, ...parts: readonly Bytes[]): Buffer {
  // PKCS#8 of an Ed25519 key is this fixed prefix and the seed (RFC 8410, section 7).
  const pkcs8 = joined([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  return sign(null, joined(parts), createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }));
}

function joined(parts: readonly Bytes[]): Buffer {
  return Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
}
