import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { compilePolicy, formatProblems } from '../../infra/compile-policy.ts';
import { eldLanguageDetector } from '../../shared/adapters/eld-language.ts';
import type { Assessment } from '../../shared/domain/assessment.ts';
import { comprehendDollars } from '../../shared/domain/comprehend-price.ts';
import type { Decision } from '../../shared/domain/decision.ts';
import type { InboundEvent } from '../../shared/domain/inbound-event.ts';
import type { Policy } from '../../shared/domain/policy.ts';
import { createPrequalifier } from '../../shared/domain/prequalify.ts';
import { createRouter } from '../../shared/domain/routing.ts';
import { sentimentOfText } from '../../shared/domain/sentiment.ts';
import { reportUsage, UsageError } from './usage.ts';

export const usage = 'vigie decide --data FILE.jsonl [--policy DIR]';

/** What a line of a data file may tell to a decision; labels beside these are never read here. */
export const messageRowSchema = z.object({
  id: z.union([z.string(), z.number()]).transform(String),
  text: z.string(),
  lang: z.string().optional(),
  context: z
    .object({
      brand: z.string().optional(),
      channel: z.string().optional(),
      /** `reply`: to another comment, not to the brand's post. */
      comment_type: z.string().optional(),
    })
    .optional(),
});
export type MessageRow = z.infer<typeof messageRowSchema>;

/** The directory of the project's own policy. */
export const ownPolicy = fileURLToPath(new URL('../../policy', import.meta.url));

/** The policy in a directory, by default the project's own; a `UsageError` lists what is wrong with it. */
export function loadPolicy(directory: string = ownPolicy, parts: Parameters<typeof compilePolicy>[1] = {}): Policy {
  const compiled = compilePolicy(directory, parts);
  if (!compiled.ok) throw new UsageError(formatProblems(compiled.problems));
  return compiled.policy;
}

/** The lines of a JSON Lines file, parsed; a `UsageError` names the first line that is wrong and why. */
export function readRows<Schema extends z.ZodType>(file: string, schema: Schema): z.output<Schema>[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new UsageError(`${file} cannot be read: give a JSON Lines file`);
  }
  return text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    let content: unknown;
    try {
      content = JSON.parse(line);
    } catch {
      throw new UsageError(`${file}:${index + 1}: not JSON; each line holds one message`);
    }
    const parsed = schema.safeParse(content);
    if (parsed.success) return [parsed.data];
    const issue = parsed.error.issues[0];
    throw new UsageError(
      `${file}:${index + 1}: ${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? 'wrong'}`,
    );
  });
}

/** Account under which messages of a file are judged where no brand is named: listed, so that being from a file is no doubt. */
const fileAccount = 'file';

/** The brand as a name; a word in lower case only says what kind of business it is. */
function accountOf(row: MessageRow): string {
  const brand = row.context?.brand?.trim() ?? '';
  return /^\p{Lu}/u.test(brand) ? brand : fileAccount;
}

const channelNames: Readonly<Record<string, string>> = {
  twitter: 'x',
  facebook_comment: 'facebook',
  instagram_comment: 'instagram',
  youtube_comment: 'youtube',
};

function channelOf(row: MessageRow): string {
  const name = row.context?.channel?.toLowerCase().replace(/[^a-z0-9_]/g, '_') ?? '';
  return channelNames[name] ?? (/^[a-z][a-z0-9_]{0,31}$/.test(name) ? name : 'generic');
}

export interface Verdict {
  readonly message: InboundEvent;
  readonly assessment: Assessment;
  readonly decision: Decision;
  /** Whether a sentiment verdict was asked for: in AWS, one Comprehend document. */
  readonly askedSentiment: boolean;
  /** What Comprehend would be paid for it. */
  readonly dollars: number;
}

/** Decides a message as triage does, with the local sentiment verdict where triage would ask Comprehend. */
export function createLocalTriage(policy: Policy): (message: InboundEvent) => Verdict {
  const prequalify = createPrequalifier(policy, eldLanguageDetector());
  const router = createRouter(policy);
  const readSentiment = sentimentOfText(policy);
  return (message) => {
    const local = prequalify(message);
    const askedSentiment = router.sentimentDecides(message, local);
    const assessment = askedSentiment
      ? { ...local, sentiment: readSentiment(message.text, local.language.code, message) }
      : local;
    const decision = router.decide(message, assessment);
    const dollars = comprehendDollars(policy, { text: message.text, assessment, decision, askedSentiment });
    return {
      message,
      assessment,
      decision: { ...decision, notChosen: router.passedOver(message, decision) },
      askedSentiment,
      dollars,
    };
  };
}

/** The policy with accounts for the rows of a file, listed after-sales ones of their channel, so that being from a file is no doubt. */
export function withFileAccounts(policy: Policy, rows: readonly MessageRow[]): Policy {
  const places = new Map(rows.map((row) => [`${channelOf(row)} ${accountOf(row)}`, row]));
  return {
    ...policy,
    accounts: [
      ...policy.accounts,
      ...[...places.values()].map((row) => ({
        channel: channelOf(row),
        id: accountOf(row),
        title: 'Messages of a file',
        purpose: 'after_sales' as const,
        languages: [],
        ...(accountOf(row) === fileAccount ? {} : { names: [accountOf(row)] }),
      })),
    ],
  };
}

/** A row of a file as a public message. */
export function messageOf(row: MessageRow): InboundEvent {
  return {
    type: 'message_received',
    platform: 'file',
    channel: channelOf(row),
    accountId: accountOf(row),
    messageId: row.id === '' ? 'none' : row.id,
    thread: row.id === '' ? 'none' : row.id,
    author: {},
    public: true,
    text: row.text,
    ...(row.context?.comment_type === 'reply' ? { inReplyTo: 'comment' } : {}),
    ...(row.lang === undefined ? {} : { language: row.lang }),
  };
}

/** A judge of rows of a file. */
export function createRowTriage(policy: Policy, rows: readonly MessageRow[]): (row: MessageRow) => Verdict {
  const triage = createLocalTriage(withFileAccounts(policy, rows));
  return (row) => triage(messageOf(row));
}

/** `decide`: one JSON line per message of a file: id, route, priority, reasons, rule. */
export function run(args: readonly string[]): Promise<number> {
  return reportUsage(async () => {
    const { values } = parseArgs({
      args: [...args],
      options: { data: { type: 'string' }, policy: { type: 'string' } },
    });
    if (values.data === undefined) throw new UsageError(`which messages? ${usage}`);
    const rows = readRows(values.data, messageRowSchema);
    const triage = createRowTriage(loadPolicy(values.policy), rows);
    const lines = rows.map((row) => {
      const { route, priority, reasons, rule } = triage(row).decision;
      return `${JSON.stringify({ id: row.id, route, priority, reasons, rule })}\n`;
    });
    process.stdout.write(lines.join(''));
    return 0;
  });
}
