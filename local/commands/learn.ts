import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { eldLanguageDetector } from '../../shared/adapters/eld-language.ts';
import { featuresOf, stemsOf } from '../../shared/domain/features.ts';
import type { Learnt } from '../../shared/domain/learnt.ts';
import type { Policy } from '../../shared/domain/policy.ts';
import { createReader, type Read } from '../../shared/domain/prequalify.ts';
import { tokenise } from '../../shared/domain/text.ts';
import { type Example, learn } from '../learning.ts';
import { loadPolicy, messageOf, ownPolicy, readRows, withFileAccounts } from './decide.ts';
import { type LabelledRow, labelledRowSchema, sentimentNames } from './evaluate.ts';
import { reportUsage, UsageError } from './usage.ts';

export const usage = 'vigie learn --data FILE.jsonl [--data FILE.jsonl ...] [--policy DIR]';

/** What a label counts of which a second reader could well think otherwise. */
const doubtful = 0.6;
const limits = { messages: 5, words: 1500 };

/** `learn`: learns from labelled messages how texts read that belong in-house, and writes it to `learnt.json` of the policy. */
export function run(args: readonly string[]): Promise<number> {
  return reportUsage(async () => {
    const { values } = parseArgs({
      args: [...args],
      options: { data: { type: 'string', multiple: true }, policy: { type: 'string' } },
    });
    if (values.data === undefined) throw new UsageError(`which messages? ${usage}`);
    const rows = values.data.flatMap((file) => readRows(file, labelledRowSchema));
    if (rows.length === 0) throw new UsageError(`${values.data.join(', ')}: no message in it`);
    const directory = values.policy ?? ownPolicy;
    const learnt = learn(examplesOf(loadPolicy(directory, { unlearnt: true }), rows), limits);
    const file = join(directory, 'learnt.json');
    writeFileSync(file, learntFile(learnt));
    console.log(`${rows.length} messages learnt from; ${file} written. Try it with: vigie evaluate, vigie simulate`);
    return 0;
  });
}

/** Labelled messages as examples to learn from. Names of people, places and brands are left out: they say nothing of how people write. */
export function examplesOf(policy: Policy, rows: readonly LabelledRow[]): Example[] {
  const read = createReader(withFileAccounts(policy, rows), eldLanguageDetector());
  const readings = rows.map((row) => ({ row, reading: read(messageOf(row)) }));
  const names = namesIn(
    readings.map(({ row, reading }) => ({ ...reading, text: row.text })),
    rows,
  );
  return readings.map(({ row: { route, reasons, topic, sentiment, confidence, weight = 1 }, reading }) => ({
    features: new Map(
      [...featuresOf(reading)].filter(([feature]) => !feature.split(' ').some((part) => names.has(part))),
    ),
    route,
    reasons,
    topic,
    sentiment: sentiment === undefined ? undefined : sentimentNames[sentiment],
    weight: confidence === 'low' ? doubtful * weight : weight,
  }));
}

/** Written with a capital within a sentence more often than this, a word is a name. German writes every noun so. */
const nameShare = 0.8;
const capitalNouns = 'de';

function namesIn(readings: readonly (Read & { readonly text: string })[], rows: readonly LabelledRow[]): Set<string> {
  const seen = new Map<string, { capital: number; all: number }>();
  for (const { tokens, text, language } of readings) {
    if (language.code === capitalNouns) continue;
    for (const [index, token] of tokens.entries()) {
      if (token.kind !== 'word' || token.shouted || token.sentence !== tokens[index - 1]?.sentence) continue;
      for (const part of partsOf(token.forms[0] ?? '')) {
        const count = seen.get(part) ?? { capital: 0, all: 0 };
        count.all += 1;
        if (/^\p{Lu}/u.test(text.slice(token.start, token.end))) count.capital += 1;
        seen.set(part, count);
      }
    }
  }
  const brands = rows
    .flatMap(({ context }) => tokenise(context?.brand ?? ''))
    .flatMap(({ forms }) => partsOf(forms[0] ?? ''));
  return new Set([
    ...brands,
    ...[...seen].filter(([, { capital, all }]) => capital / all >= nameShare).map(([part]) => part),
  ]);
}

/** A word and its stems as features name them. */
function partsOf(word: string): string[] {
  return [word, ...stemsOf(word)];
}

/** One feature a line, so that changes can be read. */
function learntFile({ bases, weights }: Learnt): string {
  const lines = Object.entries(weights).map(
    ([feature, pairs]) => `  ${JSON.stringify(feature)}: ${JSON.stringify(pairs)}`,
  );
  return `{\n "bases": ${JSON.stringify(bases)},\n "weights": {\n${lines.join(',\n')}\n }\n}\n`;
}
