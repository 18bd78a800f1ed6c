import { parseArgs } from 'node:util';
import { printable } from '../../shared/runtime/printable.ts';
import { entriesAfter, lastEntry } from '../journal-client.ts';
import { tell } from '../tell.ts';
import { runningAt } from '../webhook-client.ts';
import { reportUsage } from './usage.ts';

export const usage = 'vigie watch [--all] [--data DIR]';

/** `vigie watch`: tells in words what happens to each message from now on (`--all`: from the start of the run), until Ctrl-C. */
export function run(args: readonly string[]): Promise<number> {
  return reportUsage(async () => {
    const { values } = parseArgs({
      args: [...args],
      options: { data: { type: 'string', default: '.vigie' }, all: { type: 'boolean', default: false } },
    });
    const url = runningAt(values.data);
    const stopped = new AbortController();
    process.once('SIGINT', () => stopped.abort());
    console.log(`Watching ${url}. Ctrl-C ends.`);
    const after = values.all ? 0 : await lastEntry(url);
    for await (const entry of entriesAfter(url, after, stopped.signal)) console.log(printable(tell(entry)));
    return 0;
  });
}
