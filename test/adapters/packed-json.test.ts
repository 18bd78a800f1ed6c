import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { packJson, unpackJson } from '../../shared/adapters/packed-json.ts';
import { applyEvent } from '../../shared/domain/apply-event.ts';
import type { Case } from '../../shared/domain/case.ts';
import { shortKeyOf } from '../../shared/domain/case-ids.ts';
import { conversationWith, received } from '../support/samples.ts';

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

  test('keeps a case within 1.6 KB, however long its conversation and the ids of its messages', () => {
    const conversation = conversationWith('claire');
    let subject: Case | undefined;
    for (let message = 0; message < 150; message += 1) {
      const key = `m_${createHash('sha512').update(String(message)).digest('base64url')}`;
      const event = { ...received(key, message * 7.3), id: `message_received:${shortKeyOf(key)}` };
      const transition = applyEvent(subject, event, conversation);
      if (transition.kind === 'refused') throw new Error(transition.reason);
      subject = transition.case;
      // With its keys and index entries, some 400 bytes, an item of two write units.
      expect(packJson(subject).length).toBeLessThan(1_600);
    }
    expect(subject?.messages.recent).toHaveLength(20);
  });

  test.each([
    ['nothing', Buffer.of(), 'packed with an unknown dictionary 0'],
    ['a dictionary of tomorrow', Buffer.of(9, 3, 0), 'packed with an unknown dictionary 9'],
    ['half of it', packJson({ text: 'cut off' }).subarray(0, 8), 'unexpected end of file'],
  ])('refuses %s', (_, bytes, because) => {
    expect(() => unpackJson(bytes)).toThrow(because);
  });
});
