import { parseArgs } from 'node:util';
import { DynamoCaseStore } from '../../shared/adapters/dynamo-case-store.ts';
import { printable } from '../../shared/runtime/printable.ts';
import { caseTableOf, siteOf, siteOptions, siteUsage } from '../site.ts';
import { timelineInWords } from '../timeline-words.ts';
import { reportUsage, UsageError } from './usage.ts';

export const usage = `vigie timeline CASE [--text] ${siteUsage}`;

/** `vigie timeline`: the events, decisions and clocks of a case, and what else the same person wrote to the account, in words; with `--text` the customer's words too. */
export function run(args: readonly string[]): Promise<number> {
  return reportUsage(async () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { ...siteOptions, text: { type: 'boolean', default: false } },
    });
    const [caseId, ...more] = positionals;
    if (caseId === undefined || more.length > 0) throw new UsageError(usage);
    const site = siteOf(values);
    const store = new DynamoCaseStore(site.dynamo, { tableName: await caseTableOf(site) });
    const subject = await store.find(caseId);
    if (subject === undefined) throw new UsageError(`there is no case ${caseId}`);
    const events = await store.history(subject);
    const [noted = []] = await store.casesOfPersons([subject.conversation]);
    const others = noted.filter((one) => one.caseId !== caseId && one.caseId !== subject.previous);
    for (const line of timelineInWords(subject, events, {
      now: new Date().toISOString(),
      withText: values.text,
      others,
    })) {
      console.log(printable(line));
    }
    return 0;
  });
}
