import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { contractFiles, run } from '../../local/commands/contract.ts';
import { deskMessageSchema } from '../../shared/contracts/desk-message.ts';
import { outcomeSchema } from '../../shared/contracts/outcome.ts';
import { offered, outcomeFor, recalled } from './schemas-samples.ts';

const folder = new URL('../../docs/contract/', import.meta.url);
const files = contractFiles();
const published = (name: string) => readFileSync(new URL(name, folder), 'utf8');

describe('the published contract', () => {
  it.each(Object.keys(files))('%s is what the schemas say', (name) => {
    expect(published(name), 'run `npm run -s vigie -- contract`').toBe(files[name]);
  });

  it('holds no generated file that nothing generates any more', () => {
    const generated = readdirSync(folder).filter((name) => /\.(json|yaml)$/.test(name));
    expect(generated.sort()).toEqual(Object.keys(files).sort());
  });

  it('is not touched by a command that was mistyped', async () => {
    expect(await run(['--chekc'])).toBe(1);
  });
});

/** A published JSON Schema as one who has nothing but the file would apply it. */
function accepts(name: string, value: unknown): boolean {
  const schema = z.record(z.string(), z.json()).parse(JSON.parse(published(name)));
  return z.fromJSONSchema(schema).safeParse(value).success;
}

describe('the published JSON Schema of desk messages', () => {
  it.each([
    ['an offer', offered()],
    ['a recall', recalled()],
    ['a message with a field of tomorrow', { ...recalled(), tracing: '00-aa' }],
    ['an offer with a field of tomorrow', { ...offered(), data: { ...offered().data, mood: 'grey' } }],
  ])('accepts %s, as the product does', (_, message) => {
    expect(deskMessageSchema.safeParse(message).success).toBe(true);
    expect(accepts('desk-message.schema.json', message)).toBe(true);
  });

  it.each([
    ['another type', { ...recalled(), type: 'case.vanished' }],
    ['no fence', { ...recalled(), data: { ...recalled().data, fence: undefined } }],
    ['a time that is not UTC', { ...recalled(), time: '2026-03-02T12:00:00.000+01:00' }],
    ['a recall with the body of another type', { ...recalled(), type: 'outcome.refused' }],
  ])('refuses %s, as the product does', (_, message) => {
    const asSent = JSON.parse(JSON.stringify(message));
    expect(deskMessageSchema.safeParse(asSent).success).toBe(false);
    expect(accepts('desk-message.schema.json', asSent)).toBe(false);
  });
});

describe('the published JSON Schema of outcomes', () => {
  it.each([
    ['a claim', outcomeFor('claimed'), true],
    ['a case handed back', { ...outcomeFor('handed_back'), reason: 'a lawyer is named' }, true],
    ['a field of their own', { ...outcomeFor('resolved'), agent: 'a17' }, true],
    ['another type', { ...outcomeFor('claimed'), type: 'done' }, false],
    ['a time with an offset', { ...outcomeFor('claimed'), at: '2026-03-02T13:00:00.000+01:00' }, false],
    ['a fence as text', { ...outcomeFor('claimed'), fence: '1' }, false],
    ['an empty id', { ...outcomeFor('claimed'), id: '' }, false],
  ])('decides %s as the product does', (_, outcome, accepted) => {
    expect(outcomeSchema.safeParse(outcome).success).toBe(accepted);
    expect(accepts('outcome.schema.json', outcome)).toBe(accepted);
  });
});

describe('the AsyncAPI document', () => {
  const channelSchema = z.object({ messages: z.record(z.string(), z.object({ $ref: z.string() })) });
  const document = z
    .object({
      asyncapi: z.literal('3.0.0'),
      channels: z.object({ urgent: channelSchema, standard: channelSchema, outcome: channelSchema }),
      components: z.object({ messages: z.record(z.string(), z.object({ payload: z.record(z.string(), z.json()) })) }),
    })
    .parse(parse(published('asyncapi.yaml')));
  const types = deskMessageSchema.options.map((schema) => schema.shape.type.value);

  it('offers every type of desk message on both queues of a desk, and outcomes on theirs', () => {
    for (const lane of [document.channels.urgent, document.channels.standard]) {
      expect(Object.keys(lane.messages)).toEqual(types);
    }
    expect(Object.keys(document.channels.outcome.messages)).toEqual(['outcome']);
  });

  it('refers to messages that it describes', () => {
    for (const { messages } of Object.values(document.channels)) {
      for (const [name, { $ref }] of Object.entries(messages)) {
        expect($ref).toBe(`#/components/messages/${name}`);
        expect(document.components.messages[name]).toBeDefined();
      }
    }
  });

  it('describes each message as it is sent', () => {
    const payloadOf = (name: string) => z.fromJSONSchema(document.components.messages[name]?.payload ?? false);
    expect(payloadOf('case.offered').safeParse(offered()).success).toBe(true);
    expect(payloadOf('case.updated').safeParse(offered()).success).toBe(false);
    expect(payloadOf('outcome').safeParse(outcomeFor('answered')).success).toBe(true);
  });
});

describe('docs/vendor-contract.md', () => {
  const page = readFileSync(new URL('../vendor-contract.md', folder), 'utf8');

  it.each([
    ...deskMessageSchema.options.map((schema) => schema.shape.type.value),
    ...outcomeSchema.shape.type.options,
    'unknown_case',
    'stale_fence',
    'foreign_desk',
    'case_closed',
  ])('explains `%s`', (word) => {
    expect(page).toContain(`\`${word}\``);
  });

  it('shows an offer and an outcome that are what it says they are', () => {
    const blocks = [...page.matchAll(/^```json\n([\s\S]*?)^```$/gm)].map(([, text = '']) => JSON.parse(text));
    const shown = blocks.map((block) => {
      if (deskMessageSchema.safeParse(block).success) return 'desk message';
      return outcomeSchema.safeParse(block).success ? 'outcome' : 'other';
    });
    expect(shown).toEqual(['desk message', 'outcome', 'other']);
  });
});
