import { appendFileSync, cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

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
    appendFileSync(
      join(into, 'routing.yaml'),
      '    - { name: unhappy, points: 3, when: { sentiment: [negative, mixed] } }\n',
    );
  }
}
