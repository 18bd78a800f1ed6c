import { parseArgs } from 'node:util';
import type { Route } from '../../shared/domain/decision.ts';
import {
  createRowTriage,
  dollarsPerVerdict,
  loadPolicy,
  type MessageRow,
  messageRowSchema,
  readRows,
  type Verdict,
} from './decide.ts';
import { reportUsage, UsageError } from './usage.ts';

export const usage = 'vigie simulate --policy NEW --against HISTORY.jsonl [--base DIR] [--examples N] [--json]';

interface Replayed {
  readonly row: MessageRow;
  readonly before: Verdict;
  readonly after: Verdict;
}

/**
 * `simulate`: decides past messages under the policy in force and under a new one, and tells what moves: lane by lane with examples, what a vendor
 * would newly see although it was kept before, each desk's share, and what Comprehend costs.
 */
export function run(args: readonly string[]): Promise<number> {
  return reportUsage(async () => {
    const { values } = parseArgs({
      args: [...args],
      options: {
        policy: { type: 'string' },
        base: { type: 'string' },
        against: { type: 'string' },
        examples: { type: 'string', default: '3' },
        json: { type: 'boolean', default: false },
      },
    });
    if (values.policy === undefined || values.against === undefined) {
      throw new UsageError(`which policy, against which messages? ${usage}`);
    }
    if (!/^\d{1,3}$/.test(values.examples))
      throw new UsageError(`--examples ${values.examples}: write a number, 0 to 999`);
    const rows = readRows(values.against, messageRowSchema);
    if (rows.length === 0) throw new UsageError(`${values.against}: no message in it`);
    const before = createRowTriage(loadPolicy(values.base), rows);
    const after = createRowTriage(loadPolicy(values.policy), rows);
    const report = simulationOf(
      rows.map((row) => ({ row, before: before(row), after: after(row) })),
      Number(values.examples),
    );
    console.log(values.json ? JSON.stringify(report, null, 2) : markdownOf(report));
    return 0;
  });
}

function laneOf({ decision }: Verdict): string {
  return decision.desk ?? 'set_aside';
}

/** What moves between two policies; an example is the id and the rules, never the customer's words. */
export function simulationOf(replayed: readonly Replayed[], examples: number) {
  const moved = replayed.filter(({ before, after }) => laneOf(before) !== laneOf(after));
  const example = ({ row, before, after }: Replayed) => ({
    id: row.id,
    before: before.decision.rule,
    after: after.decision.rule,
    reasonsBefore: before.decision.reasons,
  });
  const wasKept = ({ before, after }: Replayed) => keeps(before.decision.route) && after.decision.route === 'vendor';
  const share = (verdicts: readonly Verdict[]) => {
    const lanes = Map.groupBy(verdicts, laneOf);
    return Object.fromEntries([...lanes].map(([lane, found]) => [lane, found.length]).sort());
  };
  const cost = (verdicts: readonly Verdict[]) =>
    Math.round(
      (verdicts.filter(({ askedSentiment }) => askedSentiment).length / verdicts.length) * dollarsPerVerdict * 1e6,
    );
  return {
    messages: replayed.length,
    moved: moved.length,
    otherPriority: replayed.filter(
      ({ before, after }) => laneOf(before) === laneOf(after) && before.decision.priority !== after.decision.priority,
    ).length,
    /** Kept in-house before, for a reason or a doubt, and a vendor's now. */
    leakRisk: replayed.filter(wasKept).map(example),
    lanes: [...Map.groupBy(moved, ({ before, after }) => `${laneOf(before)} → ${laneOf(after)}`)]
      .map(([lane, found]) => ({ lane, messages: found.length, examples: found.slice(0, examples).map(example) }))
      .sort((a, b) => b.messages - a.messages),
    before: {
      byDesk: share(replayed.map(({ before }) => before)),
      dollarsPerMillion: cost(replayed.map(({ before }) => before)),
    },
    after: {
      byDesk: share(replayed.map(({ after }) => after)),
      dollarsPerMillion: cost(replayed.map(({ after }) => after)),
    },
  };
}
type Simulation = ReturnType<typeof simulationOf>;

function keeps(route: Route): boolean {
  return route === 'in_house';
}

function markdownOf({ messages, moved, otherPriority, leakRisk, lanes, before, after }: Simulation): string {
  const told = ({ id, before: from, after: to, reasonsBefore }: Simulation['leakRisk'][number]) =>
    `- ${id}: ${from} → ${to}${reasonsBefore.length === 0 ? '' : ` (was kept for ${reasonsBefore.join(', ')})`}`;
  const desks = [...new Set([...Object.keys(before.byDesk), ...Object.keys(after.byDesk)])].sort();
  return [
    `# ${moved} of ${messages} messages go elsewhere, ${otherPriority} stay with another priority`,
    '',
    `## Kept in-house before, with a vendor now: ${leakRisk.length}`,
    '',
    ...(leakRisk.length === 0 ? ['None.'] : leakRisk.map(told)),
    '',
    '## What moves',
    '',
    ...(lanes.length === 0 ? ['Nothing.'] : []),
    ...lanes.flatMap(({ lane, messages: count, examples }) => [`### ${lane}: ${count}`, '', ...examples.map(told), '']),
    '## Volumes',
    '',
    '| desk | before | after |',
    '| --- | --- | --- |',
    ...desks.map((desk) => `| ${desk} | ${before.byDesk[desk] ?? 0} | ${after.byDesk[desk] ?? 0} |`),
    '',
    `Comprehend: $${before.dollarsPerMillion} per million messages before, $${after.dollarsPerMillion} after.`,
  ].join('\n');
}
