import type { Alternative, Mark } from '../../shared/contracts/console.ts';
import type { Assessment } from '../../shared/domain/assessment.ts';
import type { Decision } from '../../shared/domain/decision.ts';
import type { InboundEvent } from '../../shared/domain/inbound-event.ts';
import { createLexiconMatcher } from '../../shared/domain/lexicon.ts';
import type { Policy } from '../../shared/domain/policy.ts';
import type { Router } from '../../shared/domain/routing.ts';
import { tokenise } from '../../shared/domain/text.ts';
import type { StoredEvent } from '../../shared/ports.ts';

/** Cues of which anger is made, by the words its signal has for them (`prequalify.ts`). */
const angerCues: Readonly<Record<string, string>> = {
  fury: 'extreme wording',
  harm: 'grave or long harm',
  witness: 'call to witness',
};

/** A function that finds where in a text the signals of its assessment stand. */
export function createMarker(policy: Pick<Policy, 'lexicons'>): (text: string, assessment: Assessment) => Mark[] {
  const matcher = createLexiconMatcher(policy.lexicons);
  return (text, { signals }) => {
    const tokens = tokenise(text);
    const marks = new Map<string, Mark>();
    for (const { means, language, phrase, start, end } of matcher.match(tokens)) {
      const reason =
        means.kind === 'reason' && signals.some(({ entry }) => entry === `${language}: ${phrase}`)
          ? means.name
          : means.kind === 'cue' && isPartOfAnger(means.name, signals)
            ? 'strong_public_anger'
            : undefined;
      const [from, to] = [tokens[start]?.start, tokens[end - 1]?.end];
      if (reason === undefined || from === undefined || to === undefined) continue;
      marks.set(`${from} ${to} ${reason}`, { start: from, end: to, reason });
    }
    const found = [...marks.values()].sort((a, b) => a.start - b.start || b.end - a.end);
    // A part of what is marked for the same reason says nothing more.
    return found.filter(
      (mark) =>
        !found.some(
          (other) =>
            other !== mark && other.reason === mark.reason && other.start <= mark.start && mark.end <= other.end,
        ),
    );
  };
}

function isPartOfAnger(cue: string, signals: Assessment['signals']): boolean {
  const part = angerCues[cue];
  return (
    part !== undefined &&
    signals.some(
      ({ reason, source, entry }) => reason === 'strong_public_anger' && source === 'pattern' && entry.includes(part),
    )
  );
}

export type MessageEvent = Extract<StoredEvent['event'], { decision: unknown }>;

/** A stored message as triage had it, as far as that is kept. */
export function messageOf({ conversation, text }: StoredEvent, event: MessageEvent): InboundEvent {
  const { type, messageId, author, attachments = [], rating, language } = event;
  return {
    type,
    platform: conversation.channel,
    channel: conversation.channel,
    accountId: conversation.accountId,
    thread: conversation.thread,
    messageId,
    author,
    public: event.public,
    text,
    attachments,
    ...(rating === undefined ? {} : { rating }),
    ...(/^[a-z]{2}$/.test(language) ? { language } : {}),
  };
}

const moods = ['negative', 'mixed', 'neutral', 'positive'] as const;

/** What would have put a message with this assessment to another desk or priority, one change at a time. */
export function alternativesOf(
  router: Router,
  message: InboundEvent,
  assessment: Assessment,
  at: string,
): Alternative[] {
  const { sentiment, ...moodless } = assessment;
  const { chances } = assessment;
  const decided = router.decide(message, assessment, at);
  const without = (reasons: readonly string[], doubts: readonly string[]): Assessment => ({
    ...assessment,
    ...(chances === undefined
      ? {}
      : { chances: Object.fromEntries(Object.entries(chances).filter(([reason]) => !reasons.includes(reason))) }),
    signals: assessment.signals.filter(({ reason }) => !reasons.includes(reason)),
    missing: assessment.missing.filter((analysis) => !doubts.includes(doubtOf[analysis])),
    language: doubts.includes('language_uncertain') ? { ...assessment.language, confidence: 1 } : assessment.language,
  });
  const tried: [Pick<Alternative, 'kind' | 'what'>, Decision][] = [
    ...decided.reasons.map((what): [Pick<Alternative, 'kind' | 'what'>, Decision] => [
      { kind: 'without_reason', what },
      router.decide(message, without([what], []), at),
    ]),
    ...decided.doubts.map((what): [Pick<Alternative, 'kind' | 'what'>, Decision] => [
      { kind: 'without_doubt', what },
      router.decide(message, without([], [what]), at),
    ]),
  ];
  if (decided.reasons.length + decided.doubts.length > 1) {
    tried.push([
      { kind: 'without_any', what: '' },
      router.decide(message, without(decided.reasons, decided.doubts), at),
    ]);
  }
  tried.push([
    { kind: message.public ? 'private' : 'public', what: '' },
    router.decide({ ...message, public: !message.public }, assessment, at),
  ]);
  for (const label of moods) {
    if (label === sentiment?.label || assessment.noise !== undefined) continue;
    const felt: Assessment = { ...moodless, sentiment: { label, confidence: 1, source: 'comprehend' } };
    tried.push([{ kind: 'mood', what: label }, router.decide(message, felt, at)]);
  }
  return tried.flatMap(([change, { route, desk, priority }]) =>
    route === decided.route && desk === decided.desk && priority === decided.priority
      ? []
      : [{ ...change, route, ...(desk === undefined ? {} : { desk }), priority }],
  );
}

const doubtOf: Readonly<Record<Assessment['missing'][number], string>> = {
  text: 'text_not_read',
  language: 'unknown_language',
  sentiment: 'sentiment_unavailable',
  toxicity: 'toxicity_unavailable',
  pii: 'pii_unavailable',
};

/**
 * The assessment of a message that was decided before: read again by the policy of now, with the mood under which it is decided as it was. `undefined` when
 * today's policy would decide otherwise whatever the mood.
 */
export function assessmentBehind(
  router: Router,
  message: InboundEvent,
  read: Assessment,
  { decision, recordedAt }: { readonly decision: Decision; readonly recordedAt: string },
): Assessment | undefined {
  const candidates: Assessment[] = [
    read,
    ...moods.map((label): Assessment => ({ ...read, sentiment: { label, confidence: 1, source: 'comprehend' } })),
    { ...read, missing: [...read.missing, 'sentiment'] },
  ];
  return candidates.find((assessment) => {
    const again = router.decide(message, assessment, recordedAt);
    return again.rule === decision.rule && again.priority === decision.priority && again.desk === decision.desk;
  });
}
