import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compilePolicy } from '../../infra/compile-policy.ts';
import type { Policy } from '../../shared/domain/policy.ts';
import { Journey, scratchDirectory } from '../support/embedded.ts';
import { shiftingClock } from '../support/shifting-clock.ts';

function question(id: string): string {
  return JSON.stringify({
    object: 'page',
    entry: [
      {
        id: '100200300',
        time: Date.now(),
        messaging: [
          {
            sender: { id: `60${id}` },
            recipient: { id: '100200300' },
            timestamp: Date.now(),
            message: { mid: `m_${id}`, text: 'Bonjour, où est mon colis ?' },
          },
        ],
      },
    ],
  });
}

test('a changed policy decides from the next message on, without a deployment; one that cannot be used changes nothing', async () => {
  const compiled = compilePolicy(join(import.meta.dirname, '../../policy'));
  if (!compiled.ok) throw new Error('the policy does not compile');
  const { policy } = compiled;
  const careful: Policy = {
    ...policy,
    version: 'careful',
    routing: { rules: [], default: { to: 'in_house', priority: 'high', because: 'Everything is ours today.' } },
  };
  const scratch = scratchDirectory();
  const clock = shiftingClock();
  const journey = await Journey.start(scratch.dataDir, { clock });
  const arrives = async (id: string) => {
    // AppConfig is asked again after its poll interval.
    clock.shift(2_000);
    expect(await journey.post('meta', question(id))).toBe(200);
    await journey.run.idle();
    const taken = [...(await journey.take('vendor_atlas')), ...(await journey.take('in_house'))];
    return taken.map(({ data }) => ('policyVersion' in data ? [data.because, data.policyVersion] : []));
  };
  const logged = (event: string) => journey.run.journal.after(0).filter((entry) => entry.event === event);
  try {
    expect(await arrives('1')).toEqual([[expect.not.stringContaining('ours today'), policy.version]]);
    journey.run.usePolicy(careful);
    expect(await arrives('2')).toEqual([['Everything is ours today.', 'careful']]);
    expect(logged('policy_in_force')).toContainEqual(
      expect.objectContaining({ version: 'careful', before: policy.version }),
    );
    journey.run.usePolicy({
      ...policy,
      version: 'too-early',
      desks: { ...policy.desks, vendor_new: { kind: 'outsourced', title: 'New' } },
    });
    expect(await arrives('3')).toEqual([['Everything is ours today.', 'careful']]);
    expect(logged('policy_refused')).toContainEqual(
      expect.objectContaining({ because: 'no queues for vendor_new: deploy all stacks', inForce: 'careful' }),
    );
  } finally {
    await journey.run.stop();
    scratch.remove();
  }
}, 60_000);
