import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';

/**
 * Copies a policy to `into`, with promises to the customer so short that a run sees them broken (durations as in `sla.yaml`: `8s`), at any hour of
 * the day. With `sentimentDecides` an unhappy message goes in-house, so that Comprehend is asked about each.
 */
export function shortPromises(
  policyDir: string,
  into: string,
  {
    firstReply,
    resolution,
    sentimentDecides = false,
  }: { firstReply: string; resolution: string; sentimentDecides?: boolean },
): void {
  cpSync(policyDir, into, { recursive: true });
  const sla = join(into, 'sla.yaml');
  const short = readFileSync(sla, 'utf8')
    .replaceAll(/(first_reply|next_reply): \w+/g, `$1: ${firstReply}`)
    .replaceAll(/resolution: \w+/g, `resolution: ${resolution}`)
    .replaceAll(/, calendar: \w+/g, '')
    .replaceAll(/^ +calendar: \w+\n/gm, '');
  writeFileSync(sla, short);
  if (sentimentDecides) {
    const file = join(into, 'routing.yaml');
    const routing = parseDocument(readFileSync(file, 'utf8'));
    routing.addIn(['score', 'parts'], { name: 'unhappy', points: 3, when: { sentiment: ['negative', 'mixed'] } });
    // They hold for the policy as it is.
    routing.delete('examples');
    writeFileSync(file, String(routing));
  }
}
