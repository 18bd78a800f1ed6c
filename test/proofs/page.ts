import type { RunRecord, Table } from './run-record.ts';

/** The runs in the order of the page. */
export const runNames = [
  'storm',
  'storm-none',
  'mutants',
  'speed',
  'curves',
  'imports',
  'assessment',
  'fire-lag',
  'timers',
  'cost',
  'fuzz',
] as const;

/** docs/proofs.md from the records of the runs: nothing on it stands anywhere else. */
export function proofsPage(records: readonly RunRecord[]): string {
  return `# Proofs

Nothing lost, nobody in, fast, cheap: what was measured, and the command that measures it again. \`npm run proofs\` makes all runs and writes this
page from the JSON that they leave (\`docs/proofs/\`); no figure on it is typed by hand. Ratios to a floor in the same run say more than
milliseconds: the floor is the least code that could do the work, on the same machine, in the same minute.

Not on this page, because they are tests: every function dies before and after every call and is handed its work again
(\`test/functions/crash-points.test.ts\`), and what an attacker could try ([docs/security.md](security.md)).

A storm of half a minute is part of \`npm test\`. Every night, and before a release: \`npm run storm -- --minutes 10 --seed N\` with another N each time. It exits with 1 when a promise
was broken and says with which command to see that again; the same seed sends the same and draws the same faults, though not always to the same calls. \`--faults none\` sends the same load
to a product in which nothing fails, \`--faults survivable\` kills nothing.

${records.map(sectionOf).join('\n')}`;
}

function sectionOf({ title, command, at, seconds, machine, tables }: RunRecord): string {
  const { processor, cores, memoryGb, node, load } = machine;
  return `## ${title}

\`${command}\`: ${at.slice(0, 10)}, ${seconds} s, ${processor}, ${cores} cores, ${memoryGb} GB, Node.js ${node}, load ${load} at the start.

${tables.map(toMarkdown).join('\n')}`;
}

function toMarkdown({ says, columns, rows }: Table): string {
  const isNumber = columns.map((_, index) => rows.length > 0 && rows.every((row) => typeof row[index] === 'number'));
  const line = (cells: readonly (string | number)[]) => `| ${cells.map(toCell).join(' | ')} |`;
  return `${says}

${line(columns)}
| ${isNumber.map((numeric) => (numeric ? '---:' : '---')).join(' | ')} |
${rows.map(line).join('\n')}
`;
}

function toCell(cell: string | number): string {
  if (typeof cell === 'string') return cell.replaceAll('|', '\\|');
  return cell >= 10_000 ? cell.toLocaleString('en') : String(cell);
}
