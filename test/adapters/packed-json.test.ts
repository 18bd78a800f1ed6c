import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { packJson, unpackJson } from '../../shared/adapters/packed-json.ts';

describe('packed JSON', () => {
  test('comes back as it went in', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(unpackJson(packJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test('that was stored under dictionary 1 can be read for ever', () => {
    const stored = Buffer.from('AasmJrRBOTa1AuRJ/8M7FVKLSxRy8/MUkvNzMosV7BU+zJ+8TKkWAA==', 'base64');
    expect(unpackJson(stored)).toEqual({ conversation: { channel: 'facebook' }, text: 'Où est mon colis ? 📦' });
  });

  test.each([
    ['nothing', Buffer.of(), 'packed with an unknown dictionary 0'],
    ['a dictionary of tomorrow', Buffer.of(9, 3, 0), 'packed with an unknown dictionary 9'],
    ['half of it', packJson({ text: 'cut off' }).subarray(0, 8), 'unexpected end of file'],
  ])('refuses %s', (_, bytes, because) => {
    expect(() => unpackJson(bytes)).toThrow(because);
  });
});
