import { randomUUID } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { secretsFile } from '../../local/platform-secrets.ts';
import { casePageSchema } from '../../shared/contracts/console.ts';
import { Journey, scratchDirectory } from '../support/embedded.ts';
import { startPlatformApi } from '../support/platform-api.ts';
import { shiftingClock } from '../support/shifting-clock.ts';

/** A Facebook comment on the page, or what became of it. */
function comment(id: string, text: string, verb: 'add' | 'edited' | 'remove', writtenMs: number): string {
  const value = {
    item: 'comment',
    verb,
    from: { id: `70${id}`, name: 'Camille Roussel' },
    post_id: '100200300_5550001',
    parent_id: '100200300_5550001',
    comment_id: `5550001_${id}`,
    message: text,
    created_time: Math.floor(writtenMs / 1000),
  };
  return JSON.stringify({
    object: 'page',
    entry: [{ id: '100200300', time: Math.floor(writtenMs / 1000), changes: [{ field: 'feed', value }] }],
  });
}

/** Somebody's comment that names the account on Instagram: ids only. */
function mention(id: string, writtenMs: number): string {
  const value = { media_id: '900', comment_id: id };
  return JSON.stringify({
    object: 'instagram',
    entry: [{ id: '100200300', time: Math.floor(writtenMs / 1000), changes: [{ field: 'mentions', value }] }],
  });
}

const json = { 'content-type': 'application/json' };

test('every call a function makes is allowed, and everything it is allowed is used', async () => {
  const scratch = scratchDirectory();
  const clock = shiftingClock();
  // One account that is polled, with a comment that no webhook brings.
  const api = await startPlatformApi();
  const timestamp = new Date(clock.now() - 5 * 60_000).toISOString();
  const lost = { id: '18', text: 'Bonjour, où est mon colis ?', timestamp, username: 'camille' };
  api.answers = () => ({ body: { data: [{ id: '900', username: 'maisonlune', comments: { data: [lost] } }] } });
  const tokens = { meta: { accounts: { '178400001': 'a-token' }, apiUrl: api.url } };
  mkdirSync(scratch.dataDir, { recursive: true });
  writeFileSync(join(scratch.dataDir, secretsFile), JSON.stringify({ 'vigie/dev/api-tokens': JSON.stringify(tokens) }));
  let untold = 2;
  const failing = new Set(['triage-messages', 'fire-timers', 'record-outcomes']);
  // Everything that Comprehend may be asked is.
  const policyDir = join(scratch.dataDir, 'policy');
  cpSync(join(import.meta.dirname, '..', '..', 'policy'), policyDir, { recursive: true });
  const routing = join(policyDir, 'routing.yaml');
  writeFileSync(routing, readFileSync(routing, 'utf8').replace('toxicity: false', 'toxicity: true'));
  // Shares follow what desks keep, and backlogs are agreed: all that a policy may have counted is.
  const desks = join(policyDir, 'desks.yaml');
  const counted = readFileSync(desks, 'utf8').replaceAll('kind: outsourced', 'kind: outsourced\n    backlog: 100');
  writeFileSync(desks, `${counted}\nshares: earned\n`);
  const journey = await Journey.start(scratch.dataDir, {
    policyDir,
    clock,
    faults: {
      // Each function's table fails it for as long as the SDK itself tries, for two records at a time.
      before: ({ caller = '', service, operation }) => {
        // Nobody hears of the first broken promise until the sweeper tells it.
        if (service === 'sns' && caller.endsWith('fire-timers') && untold > 0) {
          untold -= 1;
          return { error: 'InternalError', status: 500 };
        }
        const name = [...failing].find((one) => caller.endsWith(one));
        if (service !== 'dynamodb' || name === undefined) return undefined;
        if (operation !== 'BatchGetItem') return undefined;
        const tries = (attempts.get(name) ?? 0) + 1;
        attempts.set(name, tries);
        if (tries === 4) failing.delete(name);
        return { error: 'InternalServerError', status: 500 };
      },
    },
  });
  const attempts = new Map<string, number>();
  const settle = () => journey.settle(clock);
  try {
    const fourHours = 4 * 3_600_000;
    const question = 'Bonjour, où est mon colis ?';
    // No reason is likely: whether it is meant in anger decides who answers, and Comprehend is asked.
    const uncertain = 'Encore une nouvelle vitrine rue Haute';
    await journey.post('meta', comment('1', uncertain, 'add', clock.now()));
    await journey.post('meta', comment('2', question, 'add', clock.now()));
    // What our own patterns leave of personal data is looked for before a vendor reads it.
    const named = 'Hello, this is Jane Doe, where is my parcel please? I ordered it last week.';
    const heated = 'I am furious, my parcel was due last Monday and nobody there answers me.';
    await journey.post('meta', comment('7', named, 'add', clock.now()));
    await journey.post('meta', comment('8', heated, 'add', clock.now()));
    // Due at once: armed directly; due in ten minutes: found by the sweeper.
    await journey.post('meta', comment('3', question, 'add', clock.now() - fourHours));
    await journey.post('meta', comment('4', question, 'add', clock.now() - fourHours + 600_000));
    // A mention whose words would have to be fetched: nobody entered a token.
    await journey.post('meta', mention('6', clock.now()));
    await journey.post('meta', comment('5', '', 'remove', clock.now()));
    await settle();
    // One case is claimed in time by its vendor, the others are not claimed at all.
    for (const message of await journey.take('vendor_atlas')) {
      if (message.type !== 'case.offered' || !message.data.messages.some(({ id }) => id.endsWith('_2'))) continue;
      const { caseId, offerId, fence } = message.data;
      const at = new Date(clock.now()).toISOString();
      await journey.report({ id: 'o0', type: 'claimed', caseId, offerId, fence, desk: 'vendor_atlas', at });
    }
    await settle();
    await journey.post('meta', comment('5', question, 'add', clock.now()));
    await journey.post('meta', comment('2', '', 'remove', clock.now()));
    await settle();
    const [offer] = (await journey.take('in_house')).flatMap((message) =>
      message.type === 'case.offered' ? [message] : [],
    );
    if (offer === undefined) throw new Error('no offer');
    const { caseId, offerId, fence } = offer.data;
    const at = new Date(clock.now()).toISOString();
    await journey.report({ id: 'o1', type: 'handed_back', caseId, offerId, fence, desk: 'in_house', at });
    await settle();
    const look = async (path: string, post?: unknown) => {
      const request = post === undefined ? {} : { method: 'POST', headers: json, body: JSON.stringify(post) };
      const answer = await fetch(`${journey.run.url}/api/${path}`, request);
      expect(answer.status, path).toBe(200);
      return answer.json();
    };
    await look('now');
    await look('cases');
    await look('decide', { text: uncertain, channel: 'facebook', accountId: '100200300', public: true });
    // Deadlines come and are missed, armed directly and found by the sweeper, however far the clock has run by now.
    const stillUnused = (step: number, functions: RegExp) => () => {
      clock.shift(step);
      const isMeant = ({ function: name }: { function: string }) => functions.test(name);
      return journey.run.permissions().unusedGrants.some(isMeant) || journey.run.notices().length < 2;
    };
    const scheduled = stillUnused(30_000, /sweep-timers$|poll-accounts$/);
    await expect.poll(scheduled, { timeout: 20_000, interval: 500 }).toBe(false);
    // Then until a vendor has not claimed a case in time.
    await expect.poll(stillUnused(180_000, /fire-timers$/), { timeout: 40_000, interval: 300 }).toBe(false);
    await settle();
    const seen = casePageSchema.parse(await look(`cases/${caseId}`));
    await look(`cases/${caseId}/acts`, {
      id: randomUUID(),
      act: 'hand_over',
      fence: seen.fence,
      desk: 'product_ideas',
      reason: 'x',
    });
    expect(journey.run.permissions()).toEqual({ denied: [], unusedGrants: [] });
  } finally {
    await journey.run.stop();
    api.close();
    scratch.remove();
  }
}, 150_000);
