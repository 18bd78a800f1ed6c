import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DynamoCaseStore } from '../../shared/adapters/dynamo-case-store.ts';
import { replay } from '../../shared/domain/replay.ts';
import { ReportBuilder } from '../../shared/domain/report.ts';
import { reportCsv, reportPage } from '../report-page.ts';
import { caseTableOf, siteOf, siteOptions, siteUsage } from '../site.ts';
import { loadPolicy } from './decide.ts';
import { reportUsage, UsageError } from './usage.ts';

export const usage = `vigie report --from DATE --to DATE [--desk DESK] [--out DIR] [--policy DIR] ${siteUsage}`;

/**
 * `vigie report`: how each desk kept its promises from one day (included) to another (excluded), from a replay of all stored events: a summary on
 * the screen, `report.csv` and `report.html` in a directory. Reads the whole table.
 */
export function run(args: readonly string[]): Promise<number> {
  return reportUsage(async () => {
    const { values } = parseArgs({
      args: [...args],
      options: {
        ...siteOptions,
        from: { type: 'string' },
        to: { type: 'string' },
        desk: { type: 'string' },
        out: { type: 'string', default: 'build/report' },
        policy: { type: 'string' },
      },
    });
    const [from, end] = [instantOf('--from', values.from), instantOf('--to', values.to)];
    if (from >= end) throw new UsageError('--to: write a day after --from; it is not included itself');
    const now = new Date().toISOString();
    if (from >= now) throw new UsageError('--from: this day is still to come');
    // What falls due later today is not broken yet.
    const period = { from, to: end < now ? end : now };
    const { desks } = loadPolicy(values.policy);
    if (values.desk !== undefined && !Object.hasOwn(desks, values.desk)) {
      throw new UsageError(`--desk ${values.desk}: there is no such desk; known: ${Object.keys(desks).join(', ')}`);
    }
    const site = siteOf(values);
    const store = new DynamoCaseStore(site.dynamo, { tableName: await caseTableOf(site) });
    const builder = new ReportBuilder(period, values.desk);
    let leftOut = 0;
    for await (const thread of store.threads()) {
      try {
        builder.add([...replay(thread)]);
      } catch (error) {
        // Something was written while the table was read.
        if (!(error instanceof RangeError)) throw error;
        leftOut += 1;
      }
    }
    const report = builder.report();
    mkdirSync(values.out, { recursive: true });
    const titles = Object.fromEntries(Object.entries(desks).map(([id, { title }]) => [id, title]));
    writeFileSync(join(values.out, 'report.csv'), reportCsv(report));
    writeFileSync(join(values.out, 'report.html'), reportPage(report, titles));
    console.log(`${report.cases} cases`);
    for (const { desk, clock, met, breached } of report.clocks) {
      console.log(
        `${desk.padEnd(16)} ${clock.padEnd(12)} ${String(met).padStart(7)} met ${String(breached).padStart(7)} breached`,
      );
    }
    if (leftOut > 0) console.log(`${leftOut} threads changed while they were read and are left out: run this again`);
    console.log(`${join(values.out, 'report.csv')}\n${join(values.out, 'report.html')}`);
    return 0;
  });
}

/** A day (UTC) or an instant, as an instant. */
function instantOf(option: string, text: string | undefined): string {
  const at = /^\d{4}-\d{2}-\d{2}$/.test(text ?? '') ? `${text}T00:00:00.000Z` : (text ?? '');
  const parsed = new Date(/Z$/.test(at) ? at : Number.NaN);
  if (Number.isNaN(parsed.getTime())) throw new UsageError(`${option}: write a day such as 2026-11-01: ${usage}`);
  return parsed.toISOString();
}
