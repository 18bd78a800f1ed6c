import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { readPlatformSecrets } from '../../local/platform-secrets.ts';
import { startEmbeddedRun } from '../../local/run.ts';
import { meta } from '../../shared/platforms/meta.ts';
import type { Table } from '../proofs/run-record.ts';
import { canary, loggedLines, requireNoLeak, secretsOf } from '../support/canaries.ts';
import { delay, load, posts, requireAll } from './harness.ts';
import { Report } from './report.ts';
import { quantile } from './statistics.ts';

/** How late promises are told that 200 customers were given within 4 seconds. */
export async function measureFireLag(policyDir: string): Promise<readonly Table[]> {
  const report = new Report();
  const scratch = mkdtempSync(join(tmpdir(), 'vigie-bench-'));
  const promised = 8;
  const count = 200;
  const shortPolicy = join(scratch, 'policy');
  cpSync(policyDir, shortPolicy, { recursive: true });
  const sla = join(shortPolicy, 'sla.yaml');
  writeFileSync(sla, readFileSync(sla, 'utf8').replaceAll(/first_reply: \w+/g, `first_reply: ${promised}s`));
  const dataDir = join(scratch, 'timers');
  const run = await startEmbeddedRun({ dataDir, policyDir: shortPolicy });
  const lags: number[] = [];
  try {
    const secrets = readPlatformSecrets(dataDir, meta.name);
    if (secrets === undefined) throw new Error('the run has no secret for Meta');
    const stopFollowing = run.journal.follow((entry) => {
      const fired = firedSchema.safeParse(entry);
      if (fired.success) lags.push(fired.data.lagMs);
    });
    const calls = posts({ secrets }, 'timer', 0, count);
    requireAll(await load({ url: run.url, calls, parallel: 8, perSecond: 50 }), count);
    const giveUpAt = Date.now() + (promised + 20) * 1000;
    while (lags.length < count && Date.now() < giveUpAt) await delay(50);
    stopFollowing();
    requireNoLeak(loggedLines(dataDir), [canary, ...secretsOf(dataDir)]);
  } finally {
    await run.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
  report.add('timers fired', lags.length, `of ${count}`, 'a promise broken by 200 customers within 4 s');
  report.add('fire lag, p50', quantile(lags, 0.5), 'ms', 'from due to stored and told');
  report.add('fire lag, p99', quantile(lags, 0.99), 'ms');
  report.add('fire lag, worst', Math.max(0, ...lags), 'ms');
  return [report.figures('A promise of 8 seconds, broken by 200 customers within 4.')];
}
const firedSchema = z.object({ event: z.literal('timer_fired'), lagMs: z.number() });
