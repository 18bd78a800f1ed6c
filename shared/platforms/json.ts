/**
 * The value of a JSON text, or `undefined` when it is none. Integers beyond 2^53 come as their digits, in text: platforms use them as
 * ids, and a JavaScript number would make neighbours equal. Bytes that are no UTF-8 become U+FFFD, so that one damaged message does not
 * lose its neighbours. A `__proto__` key is an own property like any other. Linear in the length; never throws.
 */
export function parseJson(source: Uint8Array | string): unknown {
  const text = typeof source === 'string' ? source : new TextDecoder().decode(source);
  try {
    // Parsed in any case, also because the pattern below is linear only in valid JSON, where every string ends.
    const value: unknown = JSON.parse(text);
    return mayHoldLargeInteger.test(text) ? JSON.parse(text.replace(stringOrNumber, quoteLargeInteger)) : value;
  } catch {
    return undefined;
  }
}

/** Sixteen digits where a number may stand; a false alarm, inside a string, costs time only. */
const mayHoldLargeInteger = /(?:^|[:,[])\s*-?\d{16}/;

const stringOrNumber = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g;

function quoteLargeInteger(token: string): string {
  const isLargeInteger = /^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token));
  return isLargeInteger ? `"${token}"` : token;
}
