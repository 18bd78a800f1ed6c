import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { secretsFile } from '../../local/platform-secrets.ts';
import { Journey, scratchDirectory } from '../support/embedded.ts';
import { startPlatformApi } from '../support/platform-api.ts';
import { shiftingClock } from '../support/shifting-clock.ts';

const page = '100200300';
const minute = 60_000;

test('a comment whose webhook was lost becomes one case by poll and is counted; one that came both ways is not', async () => {
  const scratch = scratchDirectory();
  const api = await startPlatformApi();
  mkdirSync(scratch.dataDir, { recursive: true });
  const tokens = { meta: { accounts: { [page]: 'a-page-token' }, apiUrl: api.url } };
  writeFileSync(join(scratch.dataDir, secretsFile), JSON.stringify({ 'vigie/dev/api-tokens': JSON.stringify(tokens) }));
  const clock = shiftingClock();
  const writtenAt = new Date(clock.now() - 5 * minute).toISOString();
  const comment = (id: string) => ({
    id: `5550001_${id}`,
    from: { id: `70${id}`, name: 'Camille Roussel' },
    message: `Bonjour, où est mon colis n° ${id} ?`,
    created_time: writtenAt,
  });
  api.answers = (path) => ({
    body: path.endsWith('/feed')
      ? { data: [{ id: `${page}_5550001`, comments: { data: [comment('1'), comment('2')] } }] }
      : { data: [] },
  });
  const journey = await Journey.start(scratch.dataDir, { clock });
  try {
    const { id, message, from, created_time } = comment('1');
    const post = `${page}_5550001`;
    const value = {
      item: 'comment',
      verb: 'add',
      comment_id: id,
      post_id: post,
      parent_id: post,
      message,
      from,
      created_time,
    };
    const entry = [{ id: page, time: Math.floor(clock.now() / 1000), changes: [{ field: 'feed', value }] }];
    expect(await journey.post('meta', JSON.stringify({ object: 'page', entry }))).toBe(200);
    await journey.settle(clock);
    const repaired = () =>
      readdirSync(join(scratch.dataDir, 'logs'))
        .flatMap((name) => readFileSync(join(scratch.dataDir, 'logs', name), 'utf8').split('\n'))
        .filter((line) => line.includes('"event":"message_repaired"'));
    const goneOn = () => {
      clock.shift(minute);
      return repaired();
    };
    await expect.poll(goneOn, { timeout: 30_000, interval: 60 }).toHaveLength(1);
    await journey.settle(clock);
    expect(repaired()).toHaveLength(1);
    expect(repaired()[0]).toContain('5550001_2');
    // Desks that let an offer run out have it offered to the next one: the case stays the same.
    const offered = (await Promise.all(['in_house', 'vendor_atlas', 'vendor_boreal'].map((desk) => journey.take(desk))))
      .flat()
      .flatMap((sent) =>
        sent.type === 'case.offered' ? sent.data.messages.map((one) => `${one.id} ${sent.data.caseId}`) : [],
      );
    expect([...new Set(offered)].map((one) => one.split(' ', 1)[0]).sort()).toEqual(['5550001_1', '5550001_2']);
  } finally {
    await journey.run.stop();
    api.close();
    scratch.remove();
  }
}, 60_000);
