import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { deskMessageSchema } from '../../shared/contracts/desk-message.ts';
import { standardWebhooks } from '../../shared/platforms/standard-webhooks.ts';
import type { BilledUnits } from '../meters.ts';
import { readPlatformSecrets } from '../platform-secrets.ts';
import { randomFrom } from '../random.ts';
import { type EmbeddedRun, startEmbeddedRun } from '../run.ts';
import { reportUsage, UsageError } from './usage.ts';

export const usage = 'vigie cost [--messages N] [--seed S] [--policy DIR]';

/**
 * List prices of us-east-1 without a free tier, in dollars a unit: API Gateway HTTP APIs, Lambda on arm64, SQS (all our queues are FIFO or fair, both
 * dearer than a plain standard queue), Comprehend sentiment, DynamoDB on demand, SNS, Secrets Manager.
 */
export const prices: Readonly<Record<keyof BilledUnits, number>> = {
  httpRequests: 1e-6,
  lambdaInvocations: 0.2e-6,
  lambdaGigabyteSeconds: 0.0000133334,
  sqsRequests: 0.5e-6,
  comprehendUnits: 0.0001,
  comprehendDocuments: 0,
  dynamoReadUnits: 0.125e-6,
  dynamoWriteUnits: 0.625e-6,
  snsRequests: 0.5e-6,
  secretReads: 5e-6,
};

/** Dollars per million messages of 140 characters and the same mix, from the same prices. */
export const yardsticks = {
  /** A function call a message, 1 GB on x86, five single Comprehend calls, secrets read each time. */
  naive: 1_550,
  /** One Comprehend verdict on every message, everything else as cheap as it gets. */
  verdictOnEvery: 305,
  /** No Comprehend at all. */
  withoutComprehend: 5.3,
} as const;

export interface CostReport {
  readonly messages: number;
  readonly outsourcedCases: number;
  readonly billed: Readonly<BilledUnits>;
  /** Dollars per million messages. */
  readonly lines: Readonly<Partial<Record<keyof BilledUnits, number>>>;
  readonly total: number;
  readonly perOutsourcedCase: number;
}

/** Dollars per million of `messages`, by line, for what a run was billed. */
export function costOf(billed: Readonly<BilledUnits>, messages: number, outsourcedCases: number): CostReport {
  const lines: Partial<Record<keyof BilledUnits, number>> = {};
  let total = 0;
  for (const unit of billedUnitsSchema.options) {
    const dollars = ((billed[unit] * prices[unit]) / messages) * 1e6;
    if (prices[unit] > 0) lines[unit] = dollars;
    total += dollars;
  }
  const perOutsourcedCase = (total * messages) / 1e6 / Math.max(1, outsourcedCases);
  return { messages, outsourcedCases, billed, lines, total, perOutsourcedCase };
}

const billedUnitsSchema = z.enum([
  'httpRequests',
  'lambdaInvocations',
  'lambdaGigabyteSeconds',
  'sqsRequests',
  'comprehendUnits',
  'comprehendDocuments',
  'dynamoReadUnits',
  'dynamoWriteUnits',
  'snsRequests',
  'secretReads',
] satisfies (keyof BilledUnits)[]);

/** The lines of the bill in words; units that cost nothing have none. */
export const titles: Readonly<Partial<Record<keyof BilledUnits, string>>> = {
  httpRequests: 'HTTP API',
  lambdaInvocations: 'Lambda requests',
  lambdaGigabyteSeconds: 'Lambda compute (at the speed of this machine)',
  sqsRequests: 'SQS',
  comprehendUnits: 'Comprehend',
  dynamoReadUnits: 'DynamoDB reads',
  dynamoWriteUnits: 'DynamoDB writes',
  snsRequests: 'SNS',
  secretReads: 'Secrets Manager',
};

/**
 * `vigie cost`: sends a mix of messages through a run of its own, lets the desks take and resolve their cases, and prints what AWS would bill per
 * million messages, from the calls that the run made. Fixed costs (keys, alarms, idle polling) are not in it.
 */
export function run(args: readonly string[]): Promise<number> {
  return reportUsage(async () => {
    const { values } = parseArgs({
      args: [...args],
      options: {
        messages: { type: 'string', default: '1000' },
        seed: { type: 'string', default: '1' },
        policy: { type: 'string' },
      },
    });
    const { messages, seed } = optionsSchema.parse(values);
    const report = await measureCost(messages, seed, values.policy);
    for (const [unit, dollars] of Object.entries(report.lines)) {
      console.log(`${(titles[billedUnitsSchema.parse(unit)] ?? unit).padEnd(48)} ${dollars.toFixed(2).padStart(9)}`);
    }
    console.log(
      `${'total, $ per million messages'.padEnd(48)} ${report.total.toFixed(2).padStart(9)}
${'  naive design'.padEnd(48)} ${yardsticks.naive.toFixed(2).padStart(9)}
${'  floor, a verdict on every message'.padEnd(48)} ${yardsticks.verdictOnEvery.toFixed(2).padStart(9)}
${'  floor, without Comprehend'.padEnd(48)} ${yardsticks.withoutComprehend.toFixed(2).padStart(9)}
${'$ per outsourced case'.padEnd(48)} ${report.perOutsourcedCase.toFixed(6).padStart(9)}
From ${messages} messages: ${mixInWords}.`,
    );
    return 0;
  });
}

const complain = (option: string) => () => {
  throw new UsageError(`--${option}: write a whole number above 0. ${usage}`);
};
const optionsSchema = z.object({
  messages: z.coerce.number().int().positive().catch(complain('messages')),
  seed: z.coerce.number().int().positive().catch(complain('seed')),
});

/** What AWS would bill for so many messages of the mix and for the desks' work on them; `seed` chooses the words. */
export async function measureCost(messages: number, seed: number, policyDir?: string): Promise<CostReport> {
  const dataDir = mkdtempSync(join(tmpdir(), 'vigie-cost-'));
  const run = await startEmbeddedRun({ dataDir, ...(policyDir === undefined ? {} : { policyDir }) });
  try {
    run.meters.reset();
    await sendMix(run, dataDir, standardMix(messages, seed));
    await run.idle();
    const outsourcedCases = await workDesks(run);
    await run.idle();
    return costOf(run.meters.billed(), messages, outsourcedCases);
  } finally {
    await run.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function sendMix(run: EmbeddedRun, dataDir: string, texts: readonly string[]): Promise<void> {
  const secrets = readPlatformSecrets(dataDir, standardWebhooks.name);
  if (secrets === undefined) throw new Error('the run has no secret for the generic webhook');
  const url = `${run.url}/webhooks/${standardWebhooks.name}/generic`;
  const rest = texts.entries();
  const sender = async (): Promise<void> => {
    for (const [index, text] of rest) {
      const data = { id: `cost-${index}`, channel: 'generic', author: { id: `customer-${index}` }, text, public: true };
      const body = JSON.stringify({ type: 'message.created', timestamp: new Date().toISOString(), data });
      const headers = { 'content-type': 'application/json', 'webhook-id': `msg_${index}` };
      const request = { method: 'POST', url, headers, body: Buffer.from(body), pathAccount: 'generic' } as const;
      const signature = standardWebhooks.sign(request, secrets, new Date());
      const answer = await fetch(url, { method: 'POST', headers: { ...headers, ...signature }, body });
      if (answer.status !== 200) throw new Error(`the run answered ${answer.status}`);
    }
  };
  await Promise.all(Array.from({ length: 16 }, sender));
}

/** Every desk takes its messages ten at a time and reports each case as resolved; the answer counts the outsourced cases. */
async function workDesks(run: EmbeddedRun): Promise<number> {
  const credentials = { accessKeyId: 'desk', secretAccessKey: 'local' };
  const client = new SQSClient({ endpoint: run.sqsEndpoint, region: 'eu-west-1', credentials });
  const outsourced = new Set<string>();
  for (const { name, url } of run.queues) {
    const desk = /-([^-]+)-(?:urgent|standard)\.fifo$/.exec(name)?.[1];
    if (desk === undefined) continue;
    for (;;) {
      const receive = new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10, WaitTimeSeconds: 0 });
      const { Messages = [] } = await client.send(receive);
      if (Messages.length === 0) break;
      const offers = Messages.map(({ Body = '' }) => deskMessageSchema.parse(JSON.parse(Body))).filter(
        (message) => message.type === 'case.offered',
      );
      const outcomes = offers.map(({ data: { caseId, offerId, fence } }) => {
        if (desk.startsWith('vendor')) outsourced.add(caseId);
        return { id: randomUUID(), type: 'resolved', caseId, offerId, fence, desk, at: new Date().toISOString() };
      });
      const entries = outcomes.map((outcome, index) => ({ Id: String(index), MessageBody: JSON.stringify(outcome) }));
      if (entries.length > 0) {
        await client.send(new SendMessageBatchCommand({ QueueUrl: run.queueUrl('outcome'), Entries: entries }));
      }
      const handles = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
      await client.send(new DeleteMessageBatchCommand({ QueueUrl: url, Entries: handles }));
    }
  }
  client.destroy();
  return outsourced.size;
}

const openings = {
  en: ['Hello, ', 'Good morning everyone, ', 'Hi there, ', 'Just a quick note: ', 'Second message about this, '],
  fr: ['Bonjour, ', 'Bonsoir à toute l’équipe, ', 'Petit message rapide : ', 'Je reviens vers vous, '],
} as const;
const matters = {
  en: [
    'my parcel was due last week and the tracking page has not moved since, could you tell me where it is',
    'the shoes I ordered are one size too small and I would like to exchange them, how does that work please',
    'I returned a coat three weeks ago and I am still waiting for my refund, can somebody look into it for me',
    'what time does the shop near the station open on Sunday, and do you have the blue lamp in stock there',
    'thank you so much, the scarf arrived two days early and my sister absolutely loved the wrapping of it',
    'the zip of the bag broke after a month of normal use, is that covered and where do I send it for repair',
    'your new advert with the two dancers is an insult to every woman I know, and I am telling everybody to boycott you',
    'my daughter came out in a rash after using your cream and the doctor says that it is an allergic reaction',
    'I write for a newspaper and would like a statement from your press office about the factory in the north',
    'I have had no answer for a month and will now hand the matter over to my lawyer and to consumer protection',
  ],
  fr: [
    'mon colis devait arriver la semaine dernière et le suivi ne bouge plus, pouvez-vous me dire où il est',
    'les chaussures que j’ai commandées sont trop petites, comment faire pour les échanger contre la taille 40',
    'j’ai renvoyé un manteau il y a trois semaines et j’attends toujours mon remboursement, merci de vérifier',
    'à quelle heure ouvre la boutique de la gare le dimanche, et avez-vous la lampe bleue en stock là-bas',
    'merci beaucoup, l’écharpe est arrivée en avance et ma sœur a adoré le papier cadeau que vous avez mis',
    'votre nouvelle publicité est une honte pour toutes les femmes, j’appelle tout le monde au boycott de la marque',
    'ma fille a fait une réaction allergique après votre crème et nous sommes aux urgences depuis ce matin',
    'sans réponse depuis un mois, je transmets le dossier à mon avocat et à la répression des fraudes',
  ],
} as const;
/** A weak sign of danger and nothing else: whether it is meant in anger decides who answers, and Comprehend is asked. */
const unsure = {
  en: 'my order has been blocked for safety reasons and I do not understand what I have to do now, can you unlock it',
  fr: 'ma commande est bloquée pour une raison de sécurité et je ne comprends pas ce que je dois faire maintenant',
} as const;
const noise = [
  '@friend @other',
  '👍👍👍',
  'https://example.com/win-a-phone',
  '#lune #style #mood',
  '???',
  '@maisonlune',
];

export const mixInWords =
  '20 % noise, 15 % repeats, 70 % of the rest in English, the others in French, 3 % of it such that its mood decides';

/** Made-up messages of some 140 characters: 20 % noise, 15 % repeats of an earlier one, 70 % of the others in English, 30 % in French, 3 % of them such that their mood decides. */
export function standardMix(count: number, seed: number): string[] {
  const random = randomFrom(seed);
  const one = (choices: readonly string[]): string => choices[Math.floor(random() * choices.length)] ?? '';
  const texts: string[] = [];
  const worded: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const dice = random();
    if (dice < 0.2) texts.push(one(noise));
    else if (dice < 0.35 && worded.length > 0) texts.push(one(worded));
    else {
      const language = random() < 0.7 ? 'en' : 'fr';
      const number = language === 'en' ? 'order number' : 'commande numéro';
      const text = `${one(openings[language])}${random() < 0.03 ? unsure[language] : one(matters[language])}. ${number} ${100_000 + index}`;
      texts.push(text);
      worded.push(text);
    }
  }
  return texts;
}
