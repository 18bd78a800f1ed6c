import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { platformNamed } from '../../shared/platforms/registry.ts';
import { printable } from '../../shared/runtime/printable.ts';
import { demoAfternoon } from '../demo-afternoon.ts';
import { entriesAfter, lastEntry, type ToldEntry } from '../journal-client.ts';
import { tell } from '../tell.ts';
import { postSigned, runningAt } from '../webhook-client.ts';
import { reportUsage, UsageError } from './usage.ts';

/** A step that nothing answers within this time is given up; each takes about a tenth of it. */
const patienceMs = 15_000;

export const usage = 'vigie demo [--pause SECONDS] [--data DIR]';

/** `vigie demo`: sends a made-up afternoon, a step at a time, and tells what becomes of each message. `--pause N` waits N seconds between steps. */
export function run(args: readonly string[]): Promise<number> {
  return reportUsage(async () => {
    const { values } = parseArgs({
      args: [...args],
      options: { data: { type: 'string', default: '.vigie' }, pause: { type: 'string', default: '0' } },
    });
    const pause = Number(values.pause);
    if (!(pause >= 0)) throw new UsageError('--pause: write a number of seconds');
    const url = runningAt(values.data);
    const ended = new AbortController();
    const journal = entriesAfter(url, await lastEntry(url), ended.signal);
    let asExpected = true;
    for (const step of demoAfternoon(Math.floor(Date.now() / 1000))) {
      const platform = platformNamed(step.platform);
      if (platform === undefined) throw new UsageError(`no platform ${step.platform}`);
      console.log(`\n— ${step.title}`);
      const now = new Date();
      const answer = await postSigned(platform, Buffer.from(step.body(now)), {
        dataDir: values.data,
        account: step.pathAccount,
        now,
      });
      if (answer.status !== 200)
        throw new UsageError(`${platform.name} was answered with ${answer.status}: is the run of this version?`);
      const route = await follow(journal, step.messageId);
      if (step.route !== undefined && route !== step.route) {
        asExpected = false;
        console.log(
          `          ! the shipped policy sends this to ${step.route}; the one that runs: ${route ?? 'nothing decided'}`,
        );
      }
      await setTimeout(pause * 1000);
    }
    ended.abort();
    console.log(`\nEach desk's cases now wait on its queue: npm run vigie -- consume --desk in_house`);
    return asExpected ? 0 : 1;
  });
}

/** Tells what follows a webhook until the case of its message is settled; gives the route that was decided on the way. */
async function follow(journal: AsyncGenerator<ToldEntry>, messageId: string): Promise<string | undefined> {
  const late = new AbortController();
  const timeout = setTimeout(patienceMs, 'late' as const, { signal: late.signal });
  let route: string | undefined;
  let caseId: string | undefined;
  try {
    for (;;) {
      const next = await Promise.race([journal.next(), timeout]);
      if (next === 'late') throw new UsageError('nothing happens any more: look at the logs in the data directory');
      if (next.done === true) return route;
      const entry = next.value;
      console.log(printable(tell(entry)));
      if (entry.event === 'message_triaged' && entry.messageId === messageId) route = entry.decision.route;
      if ((entry.event === 'case_changed' || entry.event === 'event_known') && entry.eventId.includes(messageId)) {
        caseId = entry.caseId;
        if (route === 'set_aside' || entry.by === 'own_reply') return route;
      }
      const handedOver = entry.event === 'effect_sent' && (entry.kind === 'offer' || entry.kind === 'update');
      if (handedOver && entry.caseId === caseId) return route;
    }
  } finally {
    late.abort();
    timeout.catch(() => {});
  }
}
