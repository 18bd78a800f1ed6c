import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import * as z from 'zod';
import { deskMessageSchema } from '../../shared/contracts/desk-message.ts';
import { outcomeSchema } from '../../shared/contracts/outcome.ts';

export const usage = 'vigie contract [--check]';

const folder = new URL('../../docs/contract/', import.meta.url);

/**
 * `vigie contract`: writes the published form of the contract with desks (JSON Schema and AsyncAPI) from the schemas that the functions
 * work with; with `--check` only says whether it is current. The exit code is 1 when it is not, or when an argument is unknown.
 */
export async function run(args: readonly string[]): Promise<number> {
  const unknown = args.find((arg) => arg !== '--check');
  if (unknown !== undefined) {
    console.error(`contract: unknown argument ${unknown}; ${usage}`);
    return 1;
  }
  const files = contractFiles();
  const stale: string[] = [];
  for (const [name, wanted] of Object.entries(files)) {
    if ((await readFile(new URL(name, folder), 'utf8').catch(() => '')) !== wanted) stale.push(name);
  }
  const named = stale.map((name) => `docs/contract/${name}`).join(', ');
  if (stale.length === 0) {
    console.log('docs/contract is current');
    return 0;
  }
  if (args.includes('--check')) {
    console.error(`not current: ${named}; run \`npm run -s vigie -- contract\``);
    return 1;
  }
  await mkdir(folder, { recursive: true });
  for (const name of stale) await writeFile(new URL(name, folder), files[name] ?? '');
  console.log(`written: ${named}`);
  return 0;
}

/** The generated files of docs/contract by name. The same schemas give the same bytes. */
export function contractFiles(): Readonly<Record<string, string>> {
  const generated = 'Written by `npm run -s vigie -- contract` from shared/contracts/; change it there.';
  return {
    'desk-message.schema.json': printJson({
      title: 'Desk message',
      description: `What a desk finds on its two queues. Fields may be added: ignore those you do not know. ${generated}`,
      ...jsonSchema(deskMessageSchema, 'draft-2020-12'),
    }),
    'outcome.schema.json': printJson({
      title: 'Outcome',
      description: `What a desk reports on its outcome queue. ${generated}`,
      ...jsonSchema(outcomeSchema, 'draft-2020-12'),
    }),
    'asyncapi.yaml': `# ${generated}\n${stringify(asyncApi(), { lineWidth: 120, aliasDuplicateObjects: false })}`,
  };
}

/** As the one who reads tolerantly sees it: fields that a schema does not name are allowed. */
function jsonSchema(schema: z.ZodType, target: 'draft-2020-12' | 'draft-7') {
  return z.toJSONSchema(schema, {
    target,
    io: 'input',
    override: ({ jsonSchema }) => {
      // `format` says all but that it is UTC; spelled out, leap years and all, it would be unreadable.
      if (jsonSchema.format === 'date-time') jsonSchema.pattern = 'Z$';
    },
  });
}

function asyncApi() {
  const deskMessages = deskMessageSchema.options.map((schema) => [schema.shape.type.value, schema] as const);
  const lane = (name: 'urgent' | 'standard', holds: string) => ({
    address: `vigie-{stage}-{desk}-${name}.fifo`,
    description: `${holds} FIFO; the message group is the case, so one case's messages come in order.`,
    parameters: { stage, desk },
    messages: Object.fromEntries(deskMessages.map(([type]) => [type, { $ref: `#/components/messages/${type}` }])),
    bindings: sqs(`vigie-{stage}-{desk}-${name}.fifo`, true),
  });
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Vigie: desk queues',
      version: '1.0.0',
      description:
        'Vigie hands cases to desks on Amazon SQS queues and hears from each outsourced one on a queue of its own. What the messages mean: docs/vendor-contract.md.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    channels: {
      urgent: lane('urgent', 'Cases of priority urgent and high.'),
      standard: lane('standard', 'All other cases, and refusals of outcomes.'),
      outcome: {
        address: 'vigie-{stage}-{desk}-outcome',
        description:
          "What an outsourced desk reports. Its role may send and nothing else. The brand's own systems report on vigie-{stage}-outcome.",
        parameters: { stage, desk },
        messages: { outcome: { $ref: '#/components/messages/outcome' } },
        bindings: sqs('vigie-{stage}-{desk}-outcome', false),
      },
    },
    operations: {
      handOverUrgently: operation('send', 'urgent', 'Vigie tells a desk of urgent cases; the desk receives.'),
      handOver: operation('send', 'standard', 'Vigie tells a desk of its cases; the desk receives.'),
      recordOutcome: operation('receive', 'outcome', 'Vigie takes what a desk reports; the desk sends.'),
    },
    components: {
      messages: {
        ...Object.fromEntries(
          deskMessages.map(([type, schema]) => [
            type,
            { name: type, contentType: 'application/cloudevents+json', payload: payload(schema) },
          ]),
        ),
        outcome: { name: 'outcome', contentType: 'application/json', payload: payload(outcomeSchema) },
      },
    },
  };
}

const stage = { description: 'The deployment, for instance prod.' };
const desk = { description: "The desk's name in the brand's policy." };

function operation(action: 'send' | 'receive', channel: string, summary: string) {
  return { action, channel: { $ref: `#/channels/${channel}` }, summary };
}

function sqs(name: string, fifoQueue: boolean) {
  return { sqs: { queue: { name, fifoQueue, receiveMessageWaitTime: 20 }, bindingVersion: '0.2.0' } };
}

/** Draft 7 is the dialect that every reader of AsyncAPI has to know (AsyncAPI 3.0.0, "Multi Format Schema Object"). */
function payload(schema: z.ZodType) {
  const { $schema: _, ...described } = jsonSchema(schema, 'draft-7');
  return described;
}

/** JSON as the project formats it: a list that fits into 120 columns stands on one line. */
/** JSON with the line breaks that the formatter would give it. */
export function printJson(value: unknown): string {
  return `${print(value, '', 0)}\n`;
}

function print(value: unknown, indent: string, taken: number): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  const block = (open: string, lines: readonly string[], close: string) =>
    `${open}\n${lines.map((line) => `${inner}${line}`).join(',\n')}\n${indent}${close}`;
  if (Array.isArray(value)) {
    const line = `[${value.map((item) => JSON.stringify(item)).join(', ')}]`;
    const flat = value.every((item) => typeof item !== 'object') && indent.length + taken + line.length < 120;
    return flat
      ? line
      : block(
          '[',
          value.map((item) => print(item, inner, 0)),
          ']',
        );
  }
  const fields = Object.entries(value).map(([key, item]) => {
    const name = `${JSON.stringify(key)}: `;
    return name + print(item, inner, name.length);
  });
  return fields.length === 0 ? '{}' : block('{', fields, '}');
}
