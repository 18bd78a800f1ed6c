import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { DynamoCaseStore } from '../../shared/adapters/dynamo-case-store.ts';
import { SqsSender } from '../../shared/adapters/sqs-sender.ts';
import { type Casework, type Change, changeCases } from '../../shared/casework.ts';
import { termsChange } from '../../shared/domain/new-terms.ts';
import type { Policy } from '../../shared/domain/policy.ts';
import type { CaseArchive, CaseStore } from '../../shared/ports.ts';
import { DeskStandings } from '../../shared/standings.ts';
import { caseTableOf, queueUrlOf, type Site, siteOf, siteOptions, siteUsage } from '../site.ts';
import { loadPolicy } from './decide.ts';
import { reportUsage, UsageError } from './usage.ts';

export const usage = `vigie promises [--policy DIR] [--yes] ${siteUsage}`;

/**
 * `vigie promises`: brings what runs in open cases under the promises of a policy, as its `on_change` says. Shows only how many cases it would change
 * without `--yes`. May be stopped and run again: what is changed already is left alone.
 */
export function run(args: readonly string[]): Promise<number> {
  return reportUsage(async () => {
    const { values } = parseArgs({
      args: [...args],
      options: { ...siteOptions, policy: { type: 'string' }, yes: { type: 'boolean', default: false } },
    });
    const policy = loadPolicy(values.policy);
    const changing = Object.values(policy.sla).some((target) => Object.values(target).some(({ onChange }) => onChange));
    if (!changing) {
      throw new UsageError('every target keeps what was promised: write on_change: carry or restart in sla.yaml first');
    }
    const site = siteOf(values);
    const store = new DynamoCaseStore(site.dynamo, { tableName: await caseTableOf(site) });
    const casework = await caseworkOf(site, store, policy);
    const { looked, changed, failed } = await changePromises(casework, store, { write: values.yes });
    console.log(
      values.yes
        ? `policy ${policy.version}: ${changed} of ${looked} open cases changed`
        : `policy ${policy.version}: ${changed} of ${looked} open cases would change; nothing is changed yet, --yes does it`,
    );
    if (failed > 0) throw new UsageError(`${failed} cases could not be changed: run this again`);
    return 0;
  });
}

/** Changes the promises of all active cases, page by page, at one instant; with `write` false only counts. Every failed case may be tried again. */
export async function changePromises(
  casework: Casework,
  archive: Pick<CaseArchive, 'active'>,
  { write }: { readonly write: boolean },
): Promise<{ looked: number; changed: number; failed: number }> {
  const { store, policy, now } = casework;
  const at = now().toISOString();
  const count = { looked: 0, changed: 0, failed: 0 };
  const seen = new Set<string>();
  for await (const page of archive.active()) {
    // A case whose deadline moves while the list is read may come a second time.
    const ids = page.filter((id) => !seen.has(id));
    for (const id of ids) seen.add(id);
    const changes = await Promise.all(ids.map((id) => changeOf(store, id, policy, at)));
    const wanted = changes.filter((change) => change !== undefined);
    count.looked += ids.length;
    const results = write ? await changeCases(casework, wanted) : wanted.map(() => ({ kind: 'done' as const }));
    count.changed += results.filter(({ kind }) => kind === 'done').length;
    count.failed += results.filter(({ kind }) => kind === 'retry' || kind === 'park').length;
  }
  return count;
}

async function changeOf(store: CaseStore, caseId: string, policy: Policy, at: string): Promise<Change | undefined> {
  const current = await store.find(caseId);
  if (current === undefined) return undefined;
  const messages = (await store.history(current)).flatMap(({ event }) => ('decision' in event ? [event] : []));
  const event = termsChange(current, messages, policy, at);
  return event && { conversation: current.conversation, caseId, known: { current }, text: '', event };
}

async function caseworkOf(site: Site, store: DynamoCaseStore, policy: Policy): Promise<Casework> {
  const now = () => new Date();
  const lanes = async (desk: string) => ({
    urgent: await queueUrlOf(site, `${desk}-urgent.fifo`),
    standard: await queueUrlOf(site, `${desk}-standard.fifo`),
  });
  const desks = Object.keys(policy.desks);
  const queues = await Promise.all(desks.map(lanes));
  return {
    store,
    policy,
    standings: new DeskStandings(store, now),
    queues: new SqsSender(site.sqs),
    // New deadlines tell nobody; when they fall due, the functions do.
    escalations: { publish: async (notices) => notices.map(() => false) },
    destinations: {
      deskQueues: Object.fromEntries(desks.flatMap((desk, index) => (queues[index] ? [[desk, queues[index]]] : []))),
      timerQueueUrl: await queueUrlOf(site, 'timer'),
    },
    now,
    nonce: () => randomBytes(9).toString('base64url'),
    log: () => {},
  };
}
