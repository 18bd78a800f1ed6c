import { type Assessment, type Reason, reasons, type Topic } from './assessment.ts';
import { type Decision, type Route, targetsSchema } from './decision.ts';
import { OutsourcingClearance } from './gate.ts';
import type { InboundEvent } from './inbound-event.ts';
import { type Account, accountFinder, type Condition, type Policy, type Rule } from './policy.ts';
import { countWords } from './text.ts';
import { anyVendor, chooseVendor, type Standings } from './vendors.ts';

export interface Router {
  /**
   * The desk, priority, reasons and rule for one message at an instant (ISO 8601 UTC; absent: opening hours do not matter), with what is known of how the
   * outsourced desks stand. Pure; never throws.
   */
  decide(message: InboundEvent, assessment: Assessment, at?: string, standings?: Standings): Decision;
  /** The rules that were tried in vain up to a decision on this message, and those that are for other accounts, of which the decision itself says nothing. */
  passedOver(message: InboundEvent, decision: Pick<Decision, 'rule' | 'notChosen'>): Decision['notChosen'];
  /** Whether some condition of the policy asks for the author's other cases. */
  readonly asksPreviousCases: boolean;
  /** True only if a sentiment verdict could still change where the message goes or how fast. */
  sentimentDecides(message: InboundEvent, assessment: Assessment, at?: string, standings?: Standings): boolean;
}

interface Facts {
  readonly message: InboundEvent;
  readonly assessment: Assessment;
  readonly account: Account | undefined;
  /** What of the policy is for this account: the rest costs its messages nothing. */
  readonly rules: readonly Rule[];
  readonly parts: Policy['score']['parts'];
  readonly reasons: readonly Reason[];
  readonly doubts: readonly string[];
  readonly risk: number;
}

const setAside = 'set_aside';
/** Below this confidence (0 to 1) a language is not known well enough to send a message to a desk that reads only some. */
const languageConfidence = 0.5;

/** The policy's ordered rules as a decision: the first rule that matches and that the gate lets through, else the default. */
export function createRouter(policy: Policy): Router {
  const accountOf = accountFinder(policy);
  const placeOf = placeFinder(policy, accountOf);
  const vendors = Object.keys(policy.desks).filter((id) => policy.desks[id]?.kind === 'outsourced');
  const decide = (message: InboundEvent, assessment: Assessment, at?: string, standings?: Standings): Decision => {
    const { account, listed, ...own } = placeOf(message);
    const overrides = account?.overrides ?? {};
    const reasons = reasonsOf(policy, assessment);
    const doubts = doubtsOf(assessment, listed);
    const known = { message, assessment, account, ...own, reasons, doubts };
    const parts = partsOf(policy, { ...known, risk: 0 });
    const risk = parts.reduce((sum, { points }) => sum + points, 0);
    const facts: Facts = { ...known, risk };
    const notChosen: { rule: string; because: string }[] = [];
    const away: string[] = [];

    const decision = (
      rule: Pick<Rule, 'id' | 'to' | 'priority' | 'because'>,
      route: Route,
      fitting: readonly string[] = [],
    ): Decision => {
      const [desk = rule.to] = fitting;
      const target = route === setAside ? undefined : policy.sla[desk]?.[rule.priority];
      return {
        route,
        ...(route === setAside ? {} : { desk }),
        ...(fitting.length === 0 ? {} : { fitting: [...fitting] }),
        ...(away.length === 0 ? {} : { away }),
        priority: rule.priority,
        reasons: [...reasons],
        doubts: [...doubts],
        rule: rule.id,
        because: rule.because,
        score: { total: round(risk), parts },
        notChosen,
        policyVersion: policy.version,
        ...(target === undefined ? {} : { targets: targetsSchema.parse(target) }),
      };
    };

    for (const rule of own.rules) {
      const unmet = overrides.skip?.includes(rule.id) ? 'skipped on this account' : firstUnmet(rule.when, facts);
      if (unmet !== undefined) {
        notChosen.push({ rule: rule.id, because: unmet });
        continue;
      }
      const route = routeOf(policy, rule.to);
      if (route !== 'vendor') return decision(rule, route);
      const cleared = (rule.to === anyVendor ? vendors : [rule.to]).filter(
        (desk) => OutsourcingClearance.for({ route, desk, reasons, doubts }, policy) !== undefined,
      );
      if (cleared.length === 0) {
        notChosen.push({ rule: rule.id, because: `not cleared: ${[...reasons, ...doubts].join(', ')}` });
        continue;
      }
      const allowed = cleared.filter((desk) => overrides.desks?.includes(desk) ?? true);
      for (const desk of cleared) {
        if (!allowed.includes(desk)) notChosen.push({ rule: rule.id, because: `${desk} has no cases of this account` });
      }
      const { fitting, passedOver, ...choice } = chooseVendor(allowed, message, assessment, policy, at, standings);
      away.push(...choice.away);
      notChosen.push(...passedOver.map((because) => ({ rule: rule.id, because })));
      if (fitting.length > 0) return decision(rule, route, fitting);
    }
    return decision({ id: 'default', ...policy.routing.default }, routeOf(policy, policy.routing.default.to));
  };

  const conditions = [...policy.routing.rules, ...policy.score.parts].map(({ when }) => when);
  return {
    decide,
    passedOver(message, { rule: chosen, notChosen }) {
      const { account } = accountOf(message);
      const tried = Map.groupBy(notChosen, ({ rule }) => rule);
      const end = policy.routing.rules.findIndex(({ id }) => id === chosen);
      const rules = end < 0 ? policy.routing.rules : policy.routing.rules.slice(0, end + 1);
      return rules.flatMap(({ id, when }) => {
        const because = unmetByAccount(when, message, account);
        return because === undefined ? (tried.get(id) ?? []) : [{ rule: id, because }];
      });
    },
    asksPreviousCases: conditions.some((when) => when.previous_cases !== undefined),
    sentimentDecides(message, assessment, at, standings) {
      if (assessment.missing.includes('text') || assessment.noise !== undefined) return false;
      const { sentiment: _, ...without } = assessment;
      const outcomes = (['positive', 'neutral', 'mixed', 'negative'] as const).map((label) => {
        const sentiment = { label, confidence: 1, source: 'comprehend' } as const;
        const { desk, route, priority } = decide(message, { ...without, sentiment }, at, standings);
        return `${route} ${desk} ${priority}`;
      });
      return new Set(outcomes).size > 1;
    },
  };
}

/** Where a rule's `to` leads. A desk that is no desk of the policy, or of no known kind, leads in-house. */
function routeOf(policy: Policy, to: string): Route {
  if (to === setAside) return setAside;
  if (to === anyVendor) return 'vendor';
  const kind = Object.hasOwn(policy.desks, to) ? policy.desks[to]?.kind : undefined;
  return kind === 'outsourced' ? 'vendor' : kind === 'product_ideas' ? 'product_ideas' : 'in_house';
}

/** Reasons that hold, strongest first: by their signals, or by how likely they are with all else that shows. */
function reasonsOf(policy: Policy, { signals, chances = {} }: Assessment): Reason[] {
  const bySignals = combined(signals);
  return reasons
    .map((reason) => ({ reason, confidence: Math.max(bySignals.get(reason) ?? 0, chances[reason] ?? 0) }))
    .filter(
      ({ reason, confidence }) => confidence >= (policy.score.holds.reasons?.[reason] ?? policy.score.holds.default),
    )
    .sort((a, b) => b.confidence - a.confidence || (a.reason < b.reason ? -1 : 1))
    .map(({ reason }) => reason);
}

/** Several weak signals for one reason add up as independent evidence. */
function combined(signals: Assessment['signals']): Map<Reason, number> {
  const against = new Map<Reason, number>();
  for (const { reason, confidence } of signals) {
    against.set(reason, (against.get(reason) ?? 1) * (1 - confidence));
  }
  return new Map([...against].map(([reason, doubt]) => [reason, 1 - doubt]));
}

/** What signals count beside a chance: no chance is so small that a list's word for it counts for nothing. */
const shareOfSignals = 0.3;

/** How sure each reason is for the risk score: by all that shows, as it was learnt, but never much less than by its signals; where nothing was learnt, by these alone. */
function likelihoods({ chances, signals }: Assessment): Map<Reason, number> {
  const bySignals = combined(signals);
  if (chances === undefined) return bySignals;
  return new Map(
    reasons.map((reason) => [reason, Math.max(chances[reason] ?? 0, shareOfSignals * (bySignals.get(reason) ?? 0))]),
  );
}

/** What keeps a message in-house without a reason. */
function doubtsOf(assessment: Assessment, listed: boolean): string[] {
  const doubts = assessment.missing.map((analysis) =>
    analysis === 'text' ? 'text_not_read' : analysis === 'language' ? 'unknown_language' : `${analysis}_unavailable`,
  );
  doubts.push(...(assessment.doubts ?? []));
  if (!listed) doubts.push('unknown_account');
  if (assessment.language.confidence < languageConfidence && !assessment.missing.includes('language')) {
    doubts.push('language_uncertain');
  }
  return doubts;
}

function partsOf(policy: Policy, facts: Facts): { name: string; points: number }[] {
  const parts: { name: string; points: number }[] = [];
  for (const [reason, confidence] of likelihoods(facts.assessment)) {
    const points = round((policy.score.reasons[reason] ?? 0) * confidence);
    if (points !== 0) parts.push({ name: reason, points });
  }
  const extra = facts.account?.overrides?.risk;
  if (extra !== undefined) parts.push({ name: 'this_account', points: extra });
  for (const { name, points, when } of facts.parts) {
    if (firstUnmet(when, facts) === undefined) parts.push({ name, points });
  }
  return parts;
}

function round(points: number): number {
  return Math.round(points * 100) / 100;
}

/** Whether a message on this topic gives a service team something to answer. */
function isMatter({ topic, confidence }: { topic: Topic; confidence: number }, atLeast = 0): boolean {
  return confidence >= atLeast && topic !== 'community' && topic !== 'spam' && topic !== 'other';
}

type Place = Pick<InboundEvent, 'channel' | 'accountId'>;

/** Finds the account a message came to, and what of the policy is for it; looked up once for each account that the policy lists. */
function placeFinder(policy: Policy, accountOf: ReturnType<typeof accountFinder>) {
  const forAccount = (place: Place) => {
    const { account, listed } = accountOf(place);
    const isFor = ({ when }: { readonly when: Condition }) => unmetByAccount(when, place, account) === undefined;
    return { account, listed, rules: policy.routing.rules.filter(isFor), parts: policy.score.parts.filter(isFor) };
  };
  const seen = new Map<string, ReturnType<typeof forAccount>>();
  return (place: Place) => {
    const name = `${place.channel} ${place.accountId}`;
    const known = seen.get(name) ?? forAccount(place);
    // Anybody may name an account that is not listed.
    if (known.listed) seen.set(name, known);
    return known;
  };
}

/** The first thing a condition asks of the account that does not hold, in words; `undefined` when all holds. */
function unmetByAccount(when: Condition, message: Place, account: Account | undefined): string | undefined {
  if (when.channels !== undefined && !when.channels.includes(message.channel)) return `channel is ${message.channel}`;
  if (when.accounts !== undefined && !when.accounts.includes(message.accountId)) return 'another account';
  if (when.purposes !== undefined && (account === undefined || !when.purposes.includes(account.purpose))) {
    return `purpose of the account is ${account?.purpose ?? 'not known'}`;
  }
  if (when.countries !== undefined && (account?.country === undefined || !when.countries.includes(account.country))) {
    return `country of the account is ${account?.country ?? 'not known'}`;
  }
  if (when.stores !== undefined && (account?.store === undefined || !when.stores.includes(account.store))) {
    return `store of the account is ${account?.store ?? 'not known'}`;
  }
  if (when.tags !== undefined && !when.tags.some((tag) => account?.tags?.includes(tag) === true)) {
    return `tags of the account are ${account?.tags?.join(', ') ?? 'none'}`;
  }
  return undefined;
}

/** The first thing a condition asks of the message that does not hold, in words; `undefined` when all holds. */
function firstUnmet(when: Condition, facts: Facts): string | undefined {
  const { message, assessment, reasons, doubts, risk } = facts;
  const holds = reasons.length === 0 ? 'no reason holds' : `reasons are ${reasons.join(', ')}`;
  if (when.reasons !== undefined && !when.reasons.some((reason) => reasons.includes(reason))) return holds;
  const recognised = ({ topic, confidence }: Assessment['topics'][number]) =>
    when.topics?.includes(topic) === true && confidence >= (when.topic_confidence ?? 0);
  if (when.topics !== undefined && !assessment.topics.some(recognised)) {
    return assessment.topics.length === 0
      ? 'no topic was recognised'
      : `topics are ${assessment.topics.map(({ topic }) => topic).join(', ')}`;
  }
  const [main] = assessment.topics;
  if (when.main_topics !== undefined && (main === undefined || !when.main_topics.includes(main.topic))) {
    return main === undefined ? 'no topic was recognised' : `the main topic is ${main.topic}`;
  }
  if (
    when.unrecognised !== undefined &&
    when.unrecognised ===
      (assessment.noise !== undefined || assessment.topics.some((found) => isMatter(found, when.topic_confidence)))
  ) {
    return when.unrecognised ? 'a matter of service was recognised' : 'no matter of service was recognised';
  }
  if (when.sentiment !== undefined) {
    const label = assessment.sentiment?.label;
    if (label === undefined || !when.sentiment.includes(label)) return `sentiment is ${label ?? 'not known'}`;
  }
  if (when.noise !== undefined && (assessment.noise === undefined || !when.noise.includes(assessment.noise))) {
    return assessment.noise === undefined ? 'is no noise' : `noise is ${assessment.noise}`;
  }
  if (when.languages !== undefined && !when.languages.includes(assessment.language.code)) {
    return `language is ${assessment.language.code}`;
  }
  if (when.public !== undefined && when.public !== message.public) return message.public ? 'is public' : 'is private';
  if (when.abusive !== undefined && when.abusive !== assessment.abusive) {
    return assessment.abusive ? 'wording is abusive' : 'wording is not abusive';
  }
  if (when.verified !== undefined && when.verified !== (message.author.verified ?? false)) {
    return when.verified ? 'author is not verified' : 'author is verified';
  }
  if (when.followers !== undefined && (message.author.followers ?? 0) < when.followers) {
    return `author has fewer than ${when.followers} known followers`;
  }
  if (when.previous_cases !== undefined && (message.author.previousCases ?? 0) < when.previous_cases) {
    return `author has fewer than ${when.previous_cases} known cases`;
  }
  if (when.earlier_messages !== undefined && (message.earlierMessages ?? 0) < when.earlier_messages) {
    return `its case held ${message.earlierMessages ?? 0} messages before`;
  }
  if (when.words !== undefined && countWords(message.text) < when.words) return `fewer than ${when.words} words`;
  if (when.stars !== undefined && (message.rating === undefined || message.rating > when.stars)) {
    return message.rating === undefined ? 'has no stars' : `has ${message.rating} stars`;
  }
  if (when.routine !== undefined && when.routine !== (reasons.length === 0 && doubts.length === 0)) {
    return when.routine ? `not routine: ${[...reasons, ...doubts].join(', ')}` : 'is routine';
  }
  if (when.doubt !== undefined && when.doubt !== doubts.length > 0) {
    return when.doubt ? 'nothing is in doubt' : `in doubt: ${doubts.join(', ')}`;
  }
  if (when.risk?.at_least !== undefined && risk < when.risk.at_least) {
    return `risk ${round(risk)} is below ${when.risk.at_least}`;
  }
  if (when.risk?.below !== undefined && risk >= when.risk.below) {
    return `risk ${round(risk)} is not below ${when.risk.below}`;
  }
  return undefined;
}
