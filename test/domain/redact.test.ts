import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { redact } from '../../shared/domain/redact.ts';

describe('masked, by kind', () => {
  test.each([
    ['email', 'write to jeanne.doe@example.com please'],
    ['email', 'jeanne(at)example.org'],
    ['phone', 'appelez-moi au 06 12 34 56 78'],
    ['phone', 'call +44 20 7946 0958'],
    ['phone', 'mi móvil es 612 345 678'],
    ['iban', 'IBAN FR76 3000 6000 0112 3456 7890 189'],
    ['card', 'my card 4111 1111 1111 1111 was charged'],
    ['address', 'livré au 12 rue des Lilas 75011 Paris'],
    ['address', '221 Baker Street'],
    ['address', 'Lindenstraße 12, 10969 Berlin'],
    ['address', 'Calle Mayor 12'],
    ['address', 'via Garibaldi 7'],
    ['address', 'Rua Augusta 1500'],
    ['handle', 'ask @jane_doe about it'],
    ['name', "Bonjour, je m'appelle Jeanne Martin et j'attends"],
    ['name', 'Guten Tag Herr Schneider, wo bleibt das Paket?'],
    ['name', 'Un saludo,\nMaría López'],
    ['name', 'Mi chiamo Luca Bianchi'],
    ['name', 'Meu nome é João Silva'],
  ])('%s: %s', (kind, text) => {
    expect(redact(text).masked.map((found) => found.kind)).toContain(kind);
  });
});

describe('left as it is', () => {
  test.each([
    ['an order number', 'Order 204-5567123-998 is late'],
    ['a parcel number', 'colis 6A12345678901'],
    ['a date', 'since 12.05.2026 nothing'],
    ['a price', 'I paid 129,90 € for it'],
    ['a greeting', 'Hello team, any news?'],
    ['a sentence after a greeting', 'Bonjour, je voudrais un échange'],
    ['a product', 'the Lune Night Serum 50 ml leaks'],
  ])('%s: %s', (_, text) => {
    expect(redact(text).text).toBe(text);
  });
});

test('masking twice changes nothing more, and nothing masked is left in the text', () => {
  const part = fc.constantFrom(
    'hello ',
    'jane@example.com ',
    '+33612345678 ',
    '4111 1111 1111 1111 ',
    '@jane ',
    'order 123456 ',
    '12 rue des Lilas ',
    '\n',
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
      const once = redact(parts.join(''));
      expect(redact(once.text).text).toBe(once.text);
      expect(once.text).not.toMatch(/jane@|612345678|1111|@jane|Lilas/);
    }),
  );
});
