import { parseArgs } from 'node:util';
import { DynamoCaseStore } from '../../shared/adapters/dynamo-case-store.ts';
import type { CaseEvent } from '../../shared/domain/case.ts';
import type { Route } from '../../shared/domain/decision.ts';
import type { StoredEvent } from '../../shared/ports.ts';
import { caseTableOf, siteOf, siteOptions, siteUsage } from '../site.ts';
import { reportUsage, UsageError } from './usage.ts';

export const usage = `vigie export labels [--comprehend] ${siteUsage} | vigie export messages ${siteUsage}`;

/** Where a message belonged, by what the desk that gave it back said; other codes tell nothing of it. */
const belongs: Readonly<Partial<Record<Extract<CaseEvent, { type: 'handed_back' }>['code'], Route>>> = {
  needs_in_house: 'in_house',
  proposes_crisis: 'in_house',
  spam: 'set_aside',
  idea: 'product_ideas',
};

/** A message as `evaluate`, `decide` and `simulate` read it. */
export interface ExportedRow {
  readonly id: string;
  readonly text: string;
  readonly lang: string;
  readonly context: { readonly channel: string };
  readonly route: Route;
  readonly reasons: readonly string[];
}

/**
 * `export labels`: what desks gave back, as messages labelled with where they belonged, in JSON Lines or, with `--comprehend`, as the CSV by which
 * a custom classifier of Comprehend is trained. `export messages`: every message with its decision. Both hold the customers' words.
 */
export function run(args: readonly string[]): Promise<number> {
  return reportUsage(async () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { ...siteOptions, comprehend: { type: 'boolean', default: false } },
    });
    const [what] = positionals;
    if (positionals.length !== 1 || (what !== 'labels' && what !== 'messages')) throw new UsageError(usage);
    if (what === 'messages' && values.comprehend) throw new UsageError('--comprehend goes with labels');
    const site = siteOf(values);
    const archive = new DynamoCaseStore(site.dynamo, { tableName: await caseTableOf(site) });
    for await (const thread of archive.threads()) {
      const rows = what === 'labels' ? labelsIn(thread) : messagesIn(thread);
      for (const row of rows) process.stdout.write(values.comprehend ? trainingLine(row) : `${JSON.stringify(row)}\n`);
    }
    return 0;
  });
}

/** The messages of a thread with their decisions; those whose words were erased are left out. */
export function messagesIn(thread: readonly StoredEvent[]): ExportedRow[] {
  return thread.flatMap((stored) => {
    const { event } = stored;
    return event.type === 'message_received' && stored.text.trim() !== ''
      ? [rowOf(stored, event, event.decision.route, event.decision.reasons)]
      : [];
  });
}

/** The last message before each hand-back of a thread, labelled with where it belonged. */
export function labelsIn(thread: readonly StoredEvent[]): ExportedRow[] {
  return thread.flatMap(({ event, caseId, version }) => {
    if (event.type !== 'handed_back') return [];
    const route = belongs[event.code];
    const last = thread
      .filter((other) => other.caseId === caseId && other.version < version && other.event.type === 'message_received')
      .toSorted((a, b) => b.version - a.version)[0];
    if (
      route === undefined ||
      last === undefined ||
      last.event.type !== 'message_received' ||
      last.text.trim() === ''
    ) {
      return [];
    }
    return [rowOf(last, last.event, route, [])];
  });
}

function rowOf(
  { conversation, text }: StoredEvent,
  { messageId, language }: Extract<CaseEvent, { type: 'message_received' }>,
  route: Route,
  reasons: readonly string[],
): ExportedRow {
  return { id: messageId, text, lang: language, context: { channel: conversation.channel }, route, reasons };
}

/**
 * One document per line, its class before it, no header
 * (https://docs.aws.amazon.com/comprehend/latest/dg/prep-class-data-multi-class.html).
 */
export function trainingLine({ route, text }: ExportedRow): string {
  return `${route},"${text.replace(/\s+/g, ' ').trim().replaceAll('"', '""')}"\n`;
}
