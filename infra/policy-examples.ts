import * as z from 'zod';
import { channelSchema, type InboundEvent } from '../shared/domain/inbound-event.ts';
import { closedObject, type Policy } from '../shared/domain/policy.ts';
import { createPrequalifier } from '../shared/domain/prequalify.ts';
import { createRouter } from '../shared/domain/routing.ts';
import { sentimentOfText } from '../shared/domain/sentiment.ts';
import { anyVendor } from '../shared/domain/vendors.ts';
import type { PolicySource } from './policy-source.ts';

const setAside = 'set_aside';

/** A text and where the policy must send it: a desk's id, `outsourced` or `set_aside`. */
export const exampleEntry = closedObject({
  text: z.string().min(1),
  expect: z.string(),
  lang: z.string().regex(/^[a-z]{2}$/, 'write a language in two letters: fr'),
  /** Channel and id of a listed account; left out: the first after-sales account. */
  account: closedObject({ channel: channelSchema, id: z.union([z.string(), z.number()]) }).optional(),
  private: z.boolean().optional(),
});
export type PolicyExample = z.infer<typeof exampleEntry>;

/** Decides each example under the policy and notes in `source` those that go elsewhere than expected, with the rule that took them. */
export function testExamples(policy: Policy, examples: readonly PolicyExample[], source: PolicySource): void {
  if (examples.length === 0) return;
  const prequalify = createPrequalifier(policy, { detect: () => ({ code: 'und', confidence: 0 }) });
  const router = createRouter(policy);
  const readSentiment = sentimentOfText(policy);
  const allowed = [...Object.keys(policy.desks), anyVendor, setAside];
  const usual = policy.accounts.find(({ id, purpose }) => id !== '*' && purpose === 'after_sales');
  for (const [index, { text, expect, lang, account = usual, private: isPrivate = false }] of examples.entries()) {
    const report = (key: string, message: string) => source.report('routing.yaml', ['examples', index, key], message);
    if (!allowed.includes(expect)) {
      report('expect', `${expect} is unknown; allowed: ${allowed.join(', ')}`);
      continue;
    }
    if (account === undefined) {
      report('text', 'the policy lists no after-sales account: name the account of this example');
      continue;
    }
    const message: InboundEvent = {
      type: 'message_received',
      platform: 'example',
      channel: account.channel,
      accountId: String(account.id),
      messageId: `example ${index}`,
      thread: `example ${index}`,
      author: {},
      public: !isPrivate,
      text,
      language: lang,
    };
    const local = prequalify(message);
    const assessment = router.sentimentDecides(message, local)
      ? { ...local, sentiment: readSentiment(text, local.language.code, message) }
      : local;
    const { desk = setAside, route, rule, reasons } = router.decide(message, assessment);
    if (desk === expect || (expect === anyVendor && route === 'vendor')) continue;
    const why = reasons.length === 0 ? '' : ` (${reasons.join(', ')})`;
    report('expect', `this example goes to ${desk} by rule ${rule}${why}, not to ${expect}`);
  }
}
