import type { PolicyPage, Trial, Verdict } from '../../shared/contracts/console.ts';
import type { Assessment } from '../../shared/domain/assessment.ts';
import { priorities } from '../../shared/domain/decision.ts';
import type { InboundEvent } from '../../shared/domain/inbound-event.ts';
import type { Policy } from '../../shared/domain/policy.ts';
import type { Router } from '../../shared/domain/routing.ts';
import type { TextAnalyser } from '../../shared/ports.ts';
import { alternativesOf, type createMarker } from './reading.ts';

/** The policy in force, as far as people read it. */
export function policyPage(policy: Policy): PolicyPage {
  const { version, desks, accounts, routing, sla } = policy;
  return {
    version,
    desks: Object.entries(desks).map(([id, { title, kind }]) => ({
      id,
      title,
      kind,
      promises: priorities.flatMap((priority) => {
        const targets = sla[id]?.[priority];
        if (targets === undefined) return [];
        const { firstReplySeconds, resolutionSeconds } = targets;
        return [{ priority, firstReplySeconds, resolutionSeconds, inBusinessHours: targets.calendar !== undefined }];
      }),
    })),
    accounts: accounts
      // What stands for all that is not listed comes last.
      .toSorted((a, b) => Number(a.id === '*') - Number(b.id === '*'))
      .map(({ channel, id, title, languages }) => ({ channel, id, title, languages })),
    rules: [...routing.rules, { id: 'default', ...routing.default }].map(({ id, to, priority, because }) => ({
      id,
      to,
      priority,
      because,
    })),
  };
}

interface Judge {
  readonly assess: (message: InboundEvent) => Assessment;
  readonly router: Router;
  readonly analyser: Pick<TextAnalyser, 'sentiment'>;
  readonly marksOf: ReturnType<typeof createMarker>;
}

/** The decision on a message as triage would make it; nothing is kept. Never rejects. */
export async function judge({ assess, router, analyser, marksOf }: Judge, trial: Trial, at: string): Promise<Verdict> {
  const message: InboundEvent = {
    type: 'message_received',
    platform: trial.channel,
    channel: trial.channel,
    accountId: trial.accountId,
    messageId: 'trial',
    thread: 'trial',
    author: {},
    public: trial.public,
    text: trial.text,
  };
  const local = assess(message);
  const { code } = local.language;
  const askedSentiment = analyser.sentiment.languages.has(code) && router.sentimentDecides(message, local, at);
  const [mood] = askedSentiment ? await analyser.sentiment.read([{ text: trial.text, language: code }]) : [];
  const assessment: Assessment =
    typeof mood === 'object'
      ? { ...local, sentiment: mood }
      : askedSentiment
        ? { ...local, missing: [...local.missing, 'sentiment'] }
        : local;
  const decision = router.decide(message, assessment, at);
  return {
    decision: { ...decision, notChosen: router.passedOver(message, decision) },
    assessment,
    marks: marksOf(trial.text, assessment),
    alternatives: alternativesOf(router, message, assessment, at),
    askedSentiment,
  };
}
