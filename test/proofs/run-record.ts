import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import * as z from 'zod';

const tableSchema = z.object({
  /** What the table shows, in a sentence. */
  says: z.string(),
  columns: z.array(z.string()).min(1),
  rows: z.array(z.array(z.union([z.string(), z.number()]))),
});
export type Table = z.infer<typeof tableSchema>;

/** What a run that proves something leaves behind: all that docs/proofs.md says of it. */
export const runRecordSchema = z.object({
  title: z.string(),
  /** With which anybody can run it again. */
  command: z.string(),
  /** ISO 8601 UTC. */
  at: z.iso.datetime(),
  seconds: z.number(),
  machine: z.object({
    processor: z.string(),
    cores: z.number(),
    memoryGb: z.number(),
    node: z.string(),
    load: z.number(),
  }),
  tables: z.array(tableSchema),
});
export type RunRecord = z.infer<typeof runRecordSchema>;

const root = resolve(import.meta.dirname, '..', '..');
/** Where runs leave their records. */
const fresh = join(root, 'build', 'runs');

/** Notes how busy the machine is before a run; the answer writes `build/runs/<name>.json` once the run is over. */
export function startRecord(name: string): (about: Pick<RunRecord, 'title' | 'command' | 'tables'>) => RunRecord {
  const startedAt = new Date();
  const [load = 0] = loadavg();
  const [processor] = cpus();
  return (about) => {
    const record: RunRecord = {
      ...about,
      at: startedAt.toISOString(),
      seconds: Math.round((Date.now() - startedAt.getTime()) / 1000),
      machine: {
        processor: (processor?.model ?? 'unknown').replaceAll(/\s+/g, ' ').trim(),
        cores: cpus().length,
        memoryGb: Math.round(totalmem() / 2 ** 30),
        node: process.version,
        load: Math.round(load * 10) / 10,
      },
    };
    mkdirSync(fresh, { recursive: true });
    writeFileSync(join(fresh, `${name}.json`), `${JSON.stringify(record, undefined, 2)}\n`);
    return record;
  };
}

/** The record in a directory under a run's name, or `undefined` when the run has left none there. */
export function readRecord(directory: string, name: string): RunRecord | undefined {
  let text: string;
  try {
    text = readFileSync(join(directory, `${name}.json`), 'utf8');
  } catch {
    return undefined;
  }
  return runRecordSchema.parse(JSON.parse(text));
}

export const places = { fresh, kept: join(root, 'docs', 'proofs'), page: join(root, 'docs', 'proofs.md') } as const;
