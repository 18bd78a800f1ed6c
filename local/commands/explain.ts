import { parseArgs } from 'node:util';
import { eldLanguageDetector } from '../../shared/adapters/eld-language.ts';
import { type Reason, reasons } from '../../shared/domain/assessment.ts';
import { featuresOf } from '../../shared/domain/features.ts';
import type { InboundEvent } from '../../shared/domain/inbound-event.ts';
import { speakingFor, whether } from '../../shared/domain/learnt.ts';
import type { Account, Policy } from '../../shared/domain/policy.ts';
import { createReader } from '../../shared/domain/prequalify.ts';
import { createLocalTriage, loadPolicy, type Verdict } from './decide.ts';
import { reportUsage, UsageError } from './usage.ts';

export const usage = 'vigie explain "text" [--lang fr] [--account ID] [--channel facebook] [--private] [--policy DIR]';

/** A reason less likely than this is not worth a line. */
const toldChance = 0.05;
/** So many features are named that speak for a reason. */
const namedFeatures = 5;

/** `explain`: what prequalification finds in one text and where the policy sends it, in words. */
export function run(args: readonly string[]): Promise<number> {
  return reportUsage(async () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        lang: { type: 'string' },
        account: { type: 'string' },
        channel: { type: 'string' },
        private: { type: 'boolean', default: false },
        policy: { type: 'string' },
      },
    });
    const [text] = positionals;
    if (text === undefined || positionals.length > 1) throw new UsageError(`give one text in quotes: ${usage}`);
    if (values.lang !== undefined && !/^[a-z]{2}$/.test(values.lang)) {
      throw new UsageError(`--lang ${values.lang}: write a language in two letters, such as fr`);
    }
    const policy = loadPolicy(values.policy);
    const account = chooseAccount(policy, values.account, values.channel);
    const message: InboundEvent = {
      type: 'message_received',
      platform: 'explain',
      channel: account.channel,
      accountId: account.id,
      messageId: 'explain',
      thread: 'explain',
      author: {},
      public: !values.private,
      text,
      ...(values.lang === undefined ? {} : { language: values.lang }),
    };
    const { learnt } = policy;
    const features = featuresOf(createReader(policy, eldLanguageDetector())(message));
    const because = (reason: Reason) =>
      learnt === undefined ? [] : speakingFor(learnt, features, whether(reason)).slice(0, namedFeatures);
    console.log(explanationOf(createLocalTriage(policy)(message), account, because));
    return 0;
  });
}

/** The account asked for; without one, the first after-sales account of the policy (on the channel, if that is given). */
function chooseAccount(
  policy: Policy,
  id: string | undefined,
  channel: string | undefined,
): Pick<Account, 'channel' | 'id' | 'title'> {
  const listed = policy.accounts.filter((account) => account.id !== '*');
  const onChannel = listed.filter((account) => channel === undefined || account.channel === channel);
  if (id === undefined) {
    const chosen = onChannel.find(({ purpose }) => purpose === 'after_sales') ?? onChannel[0];
    if (chosen !== undefined) return chosen;
    const channels = [...new Set(listed.map((account) => account.channel))];
    throw new UsageError(`--channel ${channel}: the policy lists no account there; allowed: ${channels.join(', ')}`);
  }
  return onChannel.find((account) => account.id === id) ?? { channel: channel ?? 'generic', id, title: 'not listed' };
}

function explanationOf(
  { assessment, decision, askedSentiment }: Verdict,
  account: Pick<Account, 'channel' | 'id' | 'title'>,
  because: (reason: Reason) => readonly { feature: string; adds: number }[],
): string {
  const { language, sentiment, chances = {} } = assessment;
  const lines = [
    heading('Decision'),
    `${decision.desk ?? 'set aside'}, priority ${decision.priority}`,
    `Rule ${decision.rule}: ${decision.because}`,
    ...(decision.targets === undefined
      ? []
      : [
          `Promise: first reply in ${inWords(decision.targets.firstReplySeconds)}, end in ${inWords(decision.targets.resolutionSeconds)}`,
        ]),
    `Reasons: ${decision.reasons.join(', ') || 'none'}`,
    `Doubts: ${decision.doubts.join(', ') || 'none'}`,
    '',
    heading('Found'),
    `Account: ${account.title} (${account.channel} ${account.id})`,
    `Language: ${language.code}, ${percent(language.confidence)} sure (${language.source})`,
    sentiment === undefined
      ? `Sentiment: ${askedSentiment ? 'not known' : 'not asked, it could not change the decision'}`
      : `Sentiment: ${sentiment.label}, ${percent(sentiment.confidence)} sure (${sentiment.source})`,
    ...assessment.signals.map(
      ({ reason, confidence, source, entry }) => `Signal: ${reason}, ${percent(confidence)} sure (${source}: ${entry})`,
    ),
    ...reasons.flatMap((reason) => {
      const chance = chances[reason] ?? 0;
      if (chance < toldChance) return [];
      const words = because(reason).map(({ feature, adds }) => `${feature} +${adds.toFixed(1)}`);
      return [`Chance: ${reason}, ${percent(chance)} by all that shows (${words.join(', ')})`];
    }),
    ...assessment.topics.map(({ topic, confidence }) => `Topic: ${topic}, ${percent(confidence)} sure`),
    ...(assessment.noise === undefined ? [] : [`Noise: ${assessment.noise}`]),
    ...(assessment.abusive ? ['Wording: abusive'] : []),
    ...(assessment.pii.length === 0 ? [] : [`Personal data: ${assessment.pii.join(', ')}`]),
    ...(assessment.missing.length === 0 ? [] : [`Not known: ${assessment.missing.join(', ')}`]),
    '',
    heading(`Risk ${decision.score.total}`),
    ...decision.score.parts.map(({ name, points }) => `${points} ${name}`),
    '',
    heading('Not chosen'),
    ...decision.notChosen.map(({ rule, because }) => `${rule}: ${because}`),
    '',
    `Policy ${decision.policyVersion}`,
  ];
  return lines.join('\n');
}

function heading(text: string): string {
  return `== ${text}`;
}

function percent(confidence: number): string {
  return `${Math.round(confidence * 100)} %`;
}

function inWords(seconds: number): string {
  if (seconds % 86_400 === 0) return `${seconds / 86_400} d`;
  if (seconds % 3600 === 0) return `${seconds / 3600} h`;
  return `${Math.round(seconds / 60)} min`;
}
