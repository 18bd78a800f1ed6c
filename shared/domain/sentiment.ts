import { type Sentiment, type Topic, toHundredths } from './assessment.ts';
import { createLexiconMatcher, cueStrength, type Hit } from './lexicon.ts';
import type { Lexicon } from './policy.ts';
import { type Token, tokenise } from './text.ts';

/** Words further back than this do not turn a feeling round. */
const negationReach = 3;
/** Other languages' words count less: they may be others here. */
const foreignWeight = 0.4;
/** Who speaks of injury, lawyers or fraud is seldom content; but a stance is praised as often as blamed. */
const matterWeight = 0.7;
const standing: ReadonlySet<string> = new Set(['brand_or_community', 'vulnerable_person', 'press_or_influencer']);
/** Repeated words are no stronger feeling. */
const mostFeeling = 3;
/** Where things go wrong; who only mentions them is seldom glad. */
const troubles: ReadonlySet<Topic> = new Set(['order_delivery', 'product_quality', 'billing', 'refund_return']);

/** What of a text tells its feeling. */
type Sign = (typeof signs)[number];
const signs = [
  'positive',
  'negative',
  'glad',
  'cross',
  'asks',
  'exclaims',
  'link',
  'addressed',
  'few',
  'long',
  'shouted',
  'self',
  'swearing',
  'fury',
  'negated',
  'trouble',
  'complaint',
  'praise',
  'question',
] as const;

/** Measured on labelled messages, against none; how is told in `docs/routing.md`. */
const weights: Readonly<Record<'positive' | 'negative', { readonly base: number } & Partial<Record<Sign, number>>>> = {
  positive: {
    base: -1.9,
    positive: 0.5,
    negative: -1,
    glad: 0.9,
    cross: 0.3,
    asks: -1.3,
    exclaims: 1.4,
    addressed: -0.2,
    few: 0.3,
    long: -0.4,
    shouted: -0.2,
    self: 0.3,
    swearing: -0.5,
    fury: -0.6,
    negated: -0.4,
    trouble: -1.1,
    complaint: 0.6,
    praise: 2.3,
    question: -1.8,
  },
  negative: {
    base: -1.3,
    positive: -0.5,
    negative: 0.4,
    cross: 0.9,
    asks: -0.4,
    link: -0.6,
    addressed: 0.3,
    few: -0.3,
    long: -0.2,
    shouted: 0.4,
    self: 0.3,
    swearing: 1.9,
    fury: 0.9,
    negated: 0.7,
    trouble: 0.9,
    complaint: 1.3,
    praise: -0.3,
    question: -0.7,
  },
};

/** The feeling of a text by the policy's lists, coarser than Comprehend's verdict and marked as local. */
export function sentimentOf(tokens: readonly Token[], hits: readonly Hit[], language: string): Sentiment {
  const shown = signsOf(tokens, hits, language);
  const sum = (label: 'positive' | 'negative') =>
    signs.reduce((total, sign) => total + (weights[label][sign] ?? 0) * shown[sign], weights[label].base);
  const scores = { positive: Math.exp(sum('positive')), negative: Math.exp(sum('negative')), neutral: 1 };
  const label =
    scores.negative >= Math.max(scores.positive, 1) ? 'negative' : scores.positive > 1 ? 'positive' : 'neutral';
  const share = scores[label] / (scores.positive + scores.negative + scores.neutral);
  return { label, confidence: toHundredths(share), source: 'local' };
}

function signsOf(tokens: readonly Token[], hits: readonly Hit[], language: string): Readonly<Record<Sign, number>> {
  const own = hits.filter(({ language: from }) => from === language || from === 'any');
  const negators = new Set(
    own.filter(({ means }) => means.kind === 'cue' && means.name === 'negator').map(({ end }) => end - 1),
  );
  let positive = 0;
  let negative = 0;
  for (const { name, weight, start, end } of feelings(hits, language)) {
    let turned = false;
    for (let index = start - 1; index >= start - negationReach && index >= 0; index -= 1) {
      turned ||= negators.has(index) && tokens[index]?.clause === tokens[start]?.clause;
    }
    if ((name === 'positive') !== turned) positive += weight;
    else if (name === 'negative') negative += turned ? weight / 2 : weight * Math.min(2, end - start);
    else negative += weight;
  }
  const words = tokens.filter(({ kind }) => kind === 'word');
  const yes = (holds: boolean) => (holds ? 1 : 0);
  const topic = (named: (topic: Topic) => boolean) =>
    own.reduce(
      (most, { means, confidence }) =>
        means.kind === 'topic' && named(means.name) ? Math.max(most, confidence) : most,
      0,
    );
  return {
    positive: Math.min(mostFeeling, positive),
    negative: Math.min(mostFeeling, negative),
    glad: yes(positive > 0),
    cross: yes(negative > 0),
    asks: yes(tokens.some(({ forms }) => forms[0] === '?')),
    exclaims: yes(tokens.some(({ forms }) => forms[0] === '!')),
    link: yes(tokens.some(({ kind }) => kind === 'link')),
    addressed: yes(tokens[0]?.kind === 'mention'),
    few: yes(words.length <= 5),
    long: yes(words.length >= 25),
    shouted: words.length === 0 ? 0 : words.filter(({ shouted }) => shouted).length / words.length,
    self: cueStrength(own, 'self'),
    swearing: cueStrength(own, 'swearing'),
    fury: cueStrength(own, 'fury'),
    negated: yes(negators.size > 0),
    trouble: topic((name) => troubles.has(name)),
    complaint: topic((name) => name === 'complaint_service'),
    praise: topic((name) => name === 'praise'),
    question: topic((name) => name === 'how_to' || name === 'store_info'),
  };
}

/** One feeling of each kind per place, the strongest, and no glad word within a bitter phrase; the same word may stand in the lists of several languages. */
function feelings(hits: readonly Hit[], language: string) {
  const strongest = new Map<string, { name: string; weight: number; start: number; end: number }>();
  for (const { means, language: from, confidence, start, end } of hits) {
    const matter = means.kind === 'reason' && !standing.has(means.name);
    if (means.kind !== 'sentiment' && !matter) continue;
    const name = matter ? 'negative' : means.name;
    const own = from === language || from === 'any';
    const weight = confidence * (own ? 1 : foreignWeight) * (matter ? matterWeight : 1);
    const key = `${name} ${start}`;
    if ((strongest.get(key)?.weight ?? 0) < weight) strongest.set(key, { name, weight, start, end });
  }
  const found = [...strongest.values()];
  const bitter = found.filter(({ name, start, end }) => name === 'negative' && end - start > 1);
  return found.filter(
    ({ name, start, end }) => name === 'negative' || !bitter.some((other) => other.start <= start && end <= other.end),
  );
}

/** A reader of the feeling of single texts (language: ISO 639-1), for where there is no Comprehend. */
export function sentimentOfText(lexicons: readonly Lexicon[]): (text: string, language: string) => Sentiment {
  const matcher = createLexiconMatcher(lexicons);
  return (text, language) => {
    const tokens = tokenise(text);
    return sentimentOf(tokens, matcher.match(tokens), language);
  };
}
