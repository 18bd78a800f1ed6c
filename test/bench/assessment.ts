import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { mixInWords, standardMix, yardsticks } from '../../local/commands/cost.ts';
import {
  createRowTriage,
  loadPolicy,
  type MessageRow,
  messageRowSchema,
  readRows,
} from '../../local/commands/decide.ts';
import { eldLanguageDetector } from '../../shared/adapters/eld-language.ts';
import { checksPersonalData, dollarsPerAnalysis } from '../../shared/domain/comprehend-price.ts';
import type { InboundEvent } from '../../shared/domain/inbound-event.ts';
import { createPrequalifier } from '../../shared/domain/prequalify.ts';
import { createRouter } from '../../shared/domain/routing.ts';
import type { Table } from '../proofs/run-record.ts';
import { inboundMessage } from '../support/samples.ts';
import { median, quantile, rounded } from './statistics.ts';

/** So many messages of each file, spread over it. */
const perCorpus = 400;
const hostileCharacters = 20_000;
/** The median of these stands for a message, so that what else the machine does is left out. */
const rounds = 7;
const dollarsOfShortTexts = dollarsPerAnalysis('') * 1e6;
/** Five single calls a message: language, sentiment, toxicity, personal data, key phrases. */
const naiveDollars = Math.round(5 * dollarsOfShortTexts);

interface Corpus {
  readonly name: string;
  readonly rows: readonly MessageRow[];
}

/** Files of JSON Lines of real messages (`id`, `text`, `lang`) in a directory; without one, made-up messages. */
function corporaOf(directory: string | undefined): Corpus[] {
  if (directory === undefined) {
    const rows = standardMix(2_000, 1).map((text, index) => ({ id: `m${index}`, text }));
    return [{ name: `made up: ${mixInWords}`, rows }];
  }
  return readdirSync(directory)
    .filter((name) => name.endsWith('.jsonl'))
    .sort()
    .map((name) => {
      const all = readRows(join(directory, name), messageRowSchema);
      const step = Math.max(1, Math.floor(all.length / perCorpus));
      return { name: name.replace('.jsonl', ''), rows: all.filter((_, index) => index % step === 0) };
    });
}

/** Texts by which a careless matcher would be slowed. */
const hostile: Readonly<Record<string, string>> = {
  'one letter': 'a',
  'a stretched word': 'soooooooo ',
  negations: 'not ',
  'beginnings of phrases': 'i will sue you and ',
  hashtags: '#boycottthisbrandnow',
  mentions: '@a ',
  digits: '0612345678 ',
  brackets: '[((',
  'quotation marks': '"« ',
  'flags and families': '🇫🇷👨‍👩‍👧‍👦',
  'accents in pieces': 'e\u0301',
  streets: '12 rue de la ',
};

/** What it takes to assess and decide a message without any call, and how many messages Comprehend is asked about. */
export function measureAssessment(policyDir: string, corpora: string | undefined): readonly Table[] {
  const policy = loadPolicy(policyDir);
  const assess = createPrequalifier(policy, eldLanguageDetector());
  const router = createRouter(policy);
  const decide = (message: InboundEvent) => router.decide(message, assess(message));
  const microseconds = (message: InboundEvent): number => {
    const started = performance.now();
    decide(message);
    return (performance.now() - started) * 1_000;
  };
  const perCharacter: number[] = [];
  const rows = corporaOf(corpora).map(({ name, rows: messages }) => {
    const events = messages.map(({ text }, index) => inboundMessage(`m${index}`, text));
    for (const event of events) decide(event);
    const times = events.map((event) => median(Array.from({ length: rounds }, () => microseconds(event))));
    times.forEach((time, index) => {
      perCharacter.push(time / Math.max(1, messages[index]?.text.length ?? 1));
    });
    const triage = createRowTriage(policy, messages);
    const verdicts = messages.map(triage);
    const share = (count: number) => count / Math.max(1, messages.length);
    const asked = share(verdicts.filter(({ askedSentiment }) => askedSentiment).length);
    const checked = share(
      verdicts.filter((verdict) => checksPersonalData(policy, { ...verdict, text: verdict.message.text })).length,
    );
    const characters = median(messages.map(({ text }) => text.length));
    const dollars = share(verdicts.reduce((sum, verdict) => sum + verdict.dollars, 0)) * 1e6;
    return [
      name,
      messages.length,
      characters,
      rounded(median(times)),
      rounded(quantile(times, 0.99)),
      rounded(asked),
      rounded(checked),
      rounded(dollars),
    ];
  });
  const usual = median(perCharacter);
  const attacks = Object.entries(hostile).map(([what, part]) => {
    const text = part.repeat(Math.ceil(hostileCharacters / part.length));
    const event = inboundMessage('m', text);
    decide(event);
    const each = median(Array.from({ length: rounds }, () => microseconds(event))) / text.length;
    return [what, rounded(each * 1_000), rounded(each / usual)] as const;
  });
  const tables: readonly Table[] = [
    {
      says: `Language, signals, topics, noise and decision, in microseconds a message on one core, and how many messages Comprehend is asked about: sentiment at full price, and a check for personal data at a fiftieth. Five single calls a message would cost $${naiveDollars} per million in Comprehend alone, one verdict on each $${Math.round(dollarsOfShortTexts)}; whole designs are estimated at $${yardsticks.naive} and $${yardsticks.verdictOnEvery}. Not in it: where personal data stands, asked only about what a check has found.`,
      columns: [
        'messages',
        'of them',
        'characters, median',
        'microseconds, median',
        'microseconds, p99',
        'documents a message',
        'checks a message',
        'Comprehend, $ per million',
      ],
      rows,
    },
    {
      says: `Texts of ${hostileCharacters} characters made to be slow, next to the ${rounded(usual * 1_000)} nanoseconds that a character of the messages above takes.`,
      columns: ['repeated', 'nanoseconds a character', 'x usual'],
      rows: attacks.map((row) => [...row]),
    },
  ];
  for (const { says, columns, rows: lines } of tables) {
    console.log(`\n${says}`);
    console.table(lines.map((line) => Object.fromEntries(columns.map((column, index) => [column, line[index] ?? '']))));
  }
  return tables;
}
