import { createHash } from 'node:crypto';
import type { Assessment } from './assessment.ts';
import { isOpen } from './calendar.ts';
import { type InboundEvent, messageKeyOf } from './inbound-event.ts';
import type { Desk, Policy } from './policy.ts';

/** Where a rule may lead besides a desk: to whichever outsourced desk fits. */
export const anyVendor = 'outsourced';

export interface VendorChoice {
  /** The desks that fit, the chosen one first. */
  readonly fitting: readonly string[];
  /** Why each of the others was not chosen. */
  readonly passedOver: readonly string[];
}

/**
 * Of these outsourced desks those that read the message's language, take its topics and channel, and are open at an instant (ISO 8601 UTC; absent:
 * hours do not matter). Among several, each gets its share by weight: a conversation falls to one of them by its own number, always the same, so that
 * it does not wander with each message.
 */
export function chooseVendor(
  candidates: readonly string[],
  message: InboundEvent,
  assessment: Assessment,
  policy: Pick<Policy, 'desks' | 'calendars'>,
  at: string | undefined,
): VendorChoice {
  const passedOver: string[] = [];
  const fits: { readonly id: string; readonly weight: number }[] = [];
  for (const id of candidates) {
    const desk = Object.hasOwn(policy.desks, id) ? policy.desks[id] : undefined;
    if (desk === undefined) continue;
    const unfit = whyUnfit(id, desk, message, assessment, policy, at);
    if (unfit === undefined) fits.push({ id, weight: desk.weight ?? 1 });
    else passedOver.push(unfit);
  }
  if (fits.length < 2) return { fitting: fits.map(({ id }) => id), passedOver };
  const { channel, accountId, thread, author } = message;
  const conversation = [channel, accountId, thread, author.id ?? messageKeyOf(message)].join('\n');
  // Weighted rendezvous hashing: a desk that comes or goes moves only its own conversations.
  const fitting = fits
    .map(({ id, weight }) => ({ id, rank: weight / -Math.log(fractionOf(`${conversation}\n${id}`)) }))
    .sort((a, b) => b.rank - a.rank || (a.id < b.id ? -1 : 1))
    .map(({ id }) => id);
  const shares = fits.map(({ id, weight }) => `${id} ${weight}`).join(', ');
  const others = fitting
    .slice(1)
    .map((id) => `${id} fits too; this conversation is ${fitting[0]}'s by shares ${shares}`);
  return { fitting, passedOver: [...passedOver, ...others] };
}

function whyUnfit(
  id: string,
  { languages, topics, channels, hours }: Desk,
  { channel }: InboundEvent,
  { language, topics: found }: Assessment,
  { calendars = {} }: Pick<Policy, 'calendars'>,
  at: string | undefined,
): string | undefined {
  if (languages !== undefined && !languages.includes(language.code)) return `${id} does not read ${language.code}`;
  if (channels !== undefined && !channels.includes(channel)) return `${id} does not answer on ${channel}`;
  if (topics !== undefined) {
    const foreign = found.find(({ topic }) => !topics.includes(topic));
    if (foreign !== undefined) return `${id} does not take ${foreign.topic}`;
    if (found.length === 0) return `${id} takes only ${topics.join(', ')}, and no topic was recognised`;
  }
  const calendar = hours !== undefined && Object.hasOwn(calendars, hours) ? calendars[hours] : undefined;
  if (calendar !== undefined && at !== undefined && !isOpen(calendar, at)) return `${id} is closed at ${at}`;
  return undefined;
}

/** A text as a number above 0 and below 1, evenly spread. */
function fractionOf(text: string): number {
  return (createHash('sha256').update(text).digest().readUInt32BE() + 0.5) / 2 ** 32;
}
