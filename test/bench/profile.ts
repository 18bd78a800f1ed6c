import { readdirSync, readFileSync } from 'node:fs';
import type { EmbeddedRun } from '../../local/run.ts';
import type { Table } from '../proofs/run-record.ts';
import { median, rounded } from './statistics.ts';

/** Of one message: milliseconds of processor by who spent them, and calls to AWS by operation. */
export interface Profile {
  readonly processor: ReadonlyMap<string, number>;
  readonly calls: ReadonlyMap<string, number>;
}

/** Ticks a second in /proc: fixed for user space (proc_pid_stat(5)). */
const ticksPerSecond = 100;

/** Starts to count; the answer ends it and divides by the messages. The time of the thread that sent them is left out. */
export function profileOf(run: EmbeddedRun): (messages: number, senderMilliseconds: number) => Profile {
  const before = snapshot(run);
  return (messages, senderMilliseconds) => {
    const after = snapshot(run);
    const perMessage = (of: Counted, name: string) =>
      ((after[of].get(name) ?? 0) - (before[of].get(name) ?? 0)) / messages;
    const processor = new Map([...after.processor.keys()].map((name) => [name, perMessage('processor', name)]));
    processor.set(standIns, (processor.get(standIns) ?? 0) - senderMilliseconds / messages);
    return {
      processor,
      calls: new Map([...after.calls.keys()].map((name) => [name, perMessage('calls', name)])),
    };
  };
}

type Counted = keyof Profile;
const standIns = 'gateway, queues, Comprehend (stand-ins)';

function snapshot({ meters }: EmbeddedRun): Profile {
  const processor = new Map<string, number>();
  for (const { name, milliseconds } of processes()) {
    processor.set(name, (processor.get(name) ?? 0) + milliseconds);
  }
  const calls = new Map<string, number>();
  for (const { service, operation, calls: count } of meters.calls()) {
    const name = `${service} ${operation}`;
    calls.set(name, (calls.get(name) ?? 0) + count);
  }
  return { processor, calls };
}

/** This process and all below it, by what they are. */
function processes(): { name: string; milliseconds: number }[] {
  const all = readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((pid) => statOf(pid) ?? []);
  const mine = new Set([String(process.pid)]);
  // Children come after their parents often, not always: until nothing is added.
  for (let size = 0; size < mine.size; ) {
    size = mine.size;
    for (const { pid, parent } of all) if (mine.has(parent)) mine.add(pid);
  }
  return all.filter(({ pid }) => mine.has(pid)).map(({ pid, milliseconds }) => ({ name: nameOf(pid), milliseconds }));
}

function statOf(pid: string): { pid: string; parent: string; milliseconds: number } | undefined {
  const text = readOr(`/proc/${pid}/stat`);
  // The name in parentheses may hold anything; fields 4, 14 and 15 are the parent, user and system time (proc_pid_stat(5)).
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const parent = fields[1];
  if (parent === undefined) return undefined;
  return { pid, parent, milliseconds: ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond };
}

function nameOf(pid: string): string {
  if (pid === String(process.pid)) return standIns;
  const variables = readOr(`/proc/${pid}/environ`).split('\0');
  const functionName = variables.find((variable) => variable.startsWith('AWS_LAMBDA_FUNCTION_NAME='));
  if (functionName !== undefined) return functionName.replace(/.*?=vigie-\w+-/, '');
  if (variables.includes('BENCH_ROLE=whole-floor')) return 'the floor';
  return 'DynamoDB (stand-in)';
}

function readOr(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** Medians of the rounds, of us and of the floor, in the order of what we spend. */
export function profileTable(ours: readonly Profile[], floor: readonly Profile[]): Table {
  const rows = (of: Counted, unit: string) =>
    [...new Set(ours.flatMap((profile) => [...profile[of].keys()]))]
      .map((name) => {
        const middle = (profiles: readonly Profile[]) => median(profiles.map((profile) => profile[of].get(name) ?? 0));
        return { name, ours: middle(ours), floor: middle(floor) };
      })
      .filter((row) => row.ours >= 0.005 || row.floor >= 0.005)
      .sort((a, b) => b.ours - a.ours)
      .map((row) => [row.name, unit, rounded(row.ours, 2), rounded(row.floor, 2)]);
  return {
    says: 'Where it goes, of one message on its whole way: milliseconds of processor by process, and calls by operation.',
    columns: ['where', 'unit', 'Vigie', 'floor'],
    rows: [...rows('processor', 'ms'), ...rows('calls', 'calls')],
  };
}
