import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { orderData } from '../../shared/domain/assessment.ts';
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

describe('order data, which a vendor sees unless the policy has it masked', () => {
  test.each([
    ['order_number', 'my order number ABC-12345 is late', 'my order number [order_number] is late'],
    ['order_number', 'ma commande n° 100123 est en retard', 'ma commande n° [order_number] est en retard'],
    ['order_number', 'Bestellung Nr. 4711-0815 fehlt', 'Bestellung Nr. [order_number] fehlt'],
    ['order_number', 'mi pedido número 123 456 789', 'mi pedido número [order_number]'],
    ['order_number', 'numero ordine: IT-20231', 'numero ordine: [order_number]'],
    ['order_number', 'encomenda nº 88123 não chegou', 'encomenda nº [order_number] não chegou'],
    ['order_number', '204-5567123-9980001 is late', '[order_number] is late'],
    ['tracking_number', 'my parcel 1Z999AA10123456784 is lost', 'my parcel [tracking_number] is lost'],
    ['tracking_number', 'le colis 6A12345678901', 'le colis [tracking_number]'],
    ['tracking_number', 'RR123456789FR please', '[tracking_number] please'],
    ['tracking_number', 'Sendungsnummer 00340434161094042557', 'Sendungsnummer [tracking_number]'],
    ['tracking_number', 'envío: 88123456', 'envío: [tracking_number]'],
    ['tracking_number', 'spedizione n. 77123456', 'spedizione n. [tracking_number]'],
    ['tracking_number', 'rastreio QB123456789BR', 'rastreio [tracking_number]'],
  ] as const)('%s: %s', (kind, text, masked) => {
    expect(redact(text)).toEqual({ text, masked: [] });
    expect(redact(text, { mask: [kind] }).text).toBe(masked);
  });

  test.each(['order 12 shoes in size 42', 'commande du 12/05/2026', 'client Martin 12'])(
    '%s: no number of an order',
    (text) => {
      expect(redact(text, { mask: [...orderData] }).text).toBe(text);
    },
  );

  test('a phone beside an order number is masked all the same', () => {
    expect(redact('commande 123456, 06 12 34 56 78').text).toBe('commande 123456, [phone]');
    expect(redact('order 204-5567123-9980001 06 12 34 56 78').text).toBe('order 204-5567123-9980001 [phone]');
  });
});

describe('what somebody else found', () => {
  test.each([
    [
      'is masked besides',
      'Jane waits, jane@example.com',
      [{ kind: 'name', start: 0, end: 4 }],
      '[name] waits, [email]',
    ],
    ['and was found here too is masked once', 'jane@example.com', [{ kind: 'handle', start: 0, end: 4 }], '[email]'],
    ['reaches as far as both', 'at 221 Baker Street London', [{ kind: 'address', start: 3, end: 26 }], 'at [address]'],
    ['leaves an order number that stays', 'order 555123456', [{ kind: 'phone', start: 6, end: 15 }], 'order 555123456'],
    ['behind the end of the text is nothing', 'erased', [{ kind: 'name', start: 10, end: 14 }], 'erased'],
  ])('%s', (_, text, found, masked) => {
    expect(redact(text, { found }).text).toBe(masked);
  });
});

test('masking changes nothing but what it masks, and what it masks is found again in the original', () => {
  const part = fc.constantFrom(
    'hello ',
    'jane@example.com ',
    '+33612345678 ',
    '@jane ',
    'order 123456 ',
    'Mr Jones, ',
    '😀 ',
    '\n',
  );
  const finding = fc
    .tuple(fc.nat(60), fc.integer({ min: 1, max: 12 }))
    .map(([start, length]) => ({ kind: 'name', start, end: start + length }));
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), fc.array(finding, { maxLength: 4 }), (parts, found) => {
      const text = parts.join('');
      const { text: masked, masked: kinds } = redact(text, { found });
      const kept = masked.split(/\[(?:email|phone|handle|name)\]/);
      expect(kinds.reduce((sum, { count }) => sum + count, 0)).toBe(kept.length - 1);
      let from = 0;
      for (const piece of kept) {
        const at = text.indexOf(piece, from);
        expect(at).toBeGreaterThanOrEqual(from);
        from = at + piece.length;
      }
      expect(text.startsWith(kept[0] ?? '')).toBe(true);
      expect(text.endsWith(kept.at(-1) ?? '')).toBe(true);
    }),
  );
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
