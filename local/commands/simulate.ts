import { parseArgs } from 'node:util';
import { type Simulation, simulationOf } from '../../shared/domain/simulation.ts';
import { createRowTriage, loadPolicy, messageRowSchema, readRows } from './decide.ts';
import { reportUsage, UsageError } from './usage.ts';

export const usage = 'vigie simulate --policy NEW --against HISTORY.jsonl [--base DIR] [--examples N] [--json]';

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
    const changed = loadPolicy(values.policy);
    const before = createRowTriage(loadPolicy(values.base), rows);
    const after = createRowTriage(changed, rows);
    const report = simulationOf(
      rows.map((row) => ({ id: row.id, before: before(row), after: after(row) })),
      Number(values.examples),
    );
    console.log(values.json ? JSON.stringify(report, null, 2) : markdownOf(report));
    return 0;
  });
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
    ...lanes.flatMap(({ from, to, messages: count, examples }) => [
      `### ${from} → ${to}: ${count}`,
      '',
      ...examples.map(told),
      '',
    ]),
    '## Volumes',
    '',
    '| desk | before | after |',
    '| --- | --- | --- |',
    ...desks.map((desk) => `| ${desk} | ${before.byDesk[desk] ?? 0} | ${after.byDesk[desk] ?? 0} |`),
    '',
    `Comprehend: $${before.dollarsPerMillion} per million messages before, $${after.dollarsPerMillion} after.`,
  ].join('\n');
}
