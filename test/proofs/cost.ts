import { measureCost, mixInWords, titles, yardsticks } from '../../local/commands/cost.ts';
import { rounded } from '../bench/statistics.ts';
import { startRecord } from './run-record.ts';

// The bill of `npm run cost` as a record for docs/proofs.md.

const messages = 2_000;
const finish = startRecord('cost');
const { lines, total, perOutsourcedCase, outsourcedCases } = await measureCost(messages, 1);
const bill = Object.entries(titles).map(([unit, title]): [string, number] => [
  title,
  rounded(Object.entries(lines).find(([line]) => line === unit)?.[1] ?? 0),
]);
finish({
  title: 'Cheap: what AWS would bill',
  command: `npm run cost -- --messages ${messages}`,
  tables: [
    {
      says: `Dollars per million messages at the list prices of us-east-1 without a free tier, counted call by call in front of the stand-ins. The mix: ${mixInWords}. Fixed costs (keys, alarms, idle polling) are not in it.`,
      columns: ['line', '$ per million messages'],
      rows: [
        ...bill,
        ['**total**', rounded(total)],
        ['naive design: a function call a message, five Comprehend calls, secrets read each time', yardsticks.naive],
        ['floor with a Comprehend verdict on every message', yardsticks.verdictOnEvery],
        ['floor without Comprehend', yardsticks.withoutComprehend],
      ],
    },
    {
      says: 'The same bill, divided by the cases that went to outsourced desks.',
      columns: ['outsourced cases', '$ per outsourced case'],
      rows: [[outsourcedCases, rounded(perOutsourcedCase)]],
    },
  ],
});
