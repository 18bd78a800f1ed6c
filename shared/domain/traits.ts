import type { Signal, Topic } from './assessment.ts';
import { cueStrength, type Hit } from './lexicon.ts';
import type { Token } from './text.ts';

/** What a text shows besides its matter, each from 0 (not at all) to 1: how it is built, to whom it speaks, what it feels. The same in every language. */
export type Traits = Readonly<ReturnType<typeof traitsOf>>;

export interface Reading {
  readonly text: string;
  readonly channel: string;
  /** Whether it answers another message that is not the brand's post. */
  readonly reply: boolean;
  readonly tokens: readonly Token[];
  readonly hits: readonly Hit[];
  readonly signals: readonly Signal[];
  /** Whether the account's own names are known. */
  readonly brandKnown: boolean;
}

/** Channels where people comment on the brand's posts and talk below them. */
const commented: ReadonlySet<string> = new Set(['facebook', 'instagram', 'youtube', 'tiktok', 'linkedin', 'threads']);
const matters: ReadonlySet<Topic> = new Set([
  'order_delivery',
  'refund_return',
  'billing',
  'product_quality',
  'how_to',
  'store_info',
  'account_access',
  'complaint_service',
]);
const reasonGroups: Readonly<Record<'standing' | 'grave' | 'privacy' | 'accusing', ReadonlySet<string>>> = {
  standing: new Set(['brand_or_community', 'discrimination', 'boycott', 'press_or_influencer']),
  grave: new Set(['safety', 'vulnerable_person']),
  privacy: new Set(['data_privacy']),
  accusing: new Set(['rumour_or_fraud_accusation', 'legal', 'strong_public_anger', 'abuse_or_threat']),
};

/** Linear in the length of the text. */
export function traitsOf({ text, channel, reply, tokens, hits, signals, brandKnown }: Reading) {
  const words = tokens.filter(({ kind }) => kind === 'word');
  const count = words.length;
  const ofKind = (kind: Token['kind']) => tokens.filter((token) => token.kind === kind);
  const handles = ofKind('mention');
  const links = ofKind('link');
  const isBrand = ({ forms }: Token) => forms.includes('<brand>');
  const first = tokens[0];
  const last = tokens.at(-1);
  const strength = (holds: (hit: Hit) => boolean) =>
    hits.reduce((most, hit) => (holds(hit) ? Math.max(most, hit.confidence) : most), 0);
  const cue = (name: string) => cueStrength(hits, name);
  const topic = (name: Topic) => strength(({ means }) => means.kind === 'topic' && means.name === name);
  const feeling = (name: string) => strength(({ means }) => means.kind === 'sentiment' && means.name === name);
  const reason = (group: ReadonlySet<string>) =>
    signals.reduce((most, { reason, confidence }) => (group.has(reason) ? Math.max(most, confidence) : most), 0);
  const share = (part: number) => (count === 0 ? 0 : part / count);
  const capital = ({ start, shouted }: Token) => !shouted && /^\p{Lu}/u.test(text.slice(start, start + 2));
  const self = cue('self');
  const negative = feeling('negative');
  const impersonal = self === 0 && cue('addressee') === 0;
  const matter = strength(({ means }) => means.kind === 'topic' && matters.has(means.name));
  const yes = (holds: boolean) => (holds ? 1 : 0);
  return {
    retweeted: yes(/^["“]*RT\s+@/u.test(text)),
    titled: yes(/^["“]*re: /iu.test(text)),
    link: yes(links.length > 0),
    linkLast: yes(last?.kind === 'link'),
    cut: yes(/(?:…|\.\.\.)\s*(?:https?:\S+\s*)*$/u.test(text)),
    startsWithHandle: yes(first?.kind === 'mention'),
    startsWithOther: yes(brandKnown && first?.kind === 'mention' && !isBrand(first)),
    handles: yes(handles.length >= 2),
    circle: yes(handles.length >= 4),
    brandTagged: yes(handles.some(isBrand)),
    brandNamed: yes(tokens.some((token) => token.kind !== 'mention' && isBrand(token))),
    hashtags: Math.min(1, ofKind('hashtag').filter(({ forms }) => forms.includes('#')).length / 3),
    asks: yes(tokens.some(({ forms }) => forms[0] === '?')),
    exclaims: yes(tokens.some(({ forms }) => forms[0] === '!')),
    emoji: yes(tokens.some(({ kind }) => kind === 'emoji')),
    quoted: yes(/^["“«„]/u.test(text)),
    numbers: Math.min(1, ofKind('number').length / 6),
    price: yes(/\p{Sc}\s?\p{N}|\p{N}\s?(?:\p{Sc}|%)/u.test(text)),
    nameFirst: yes(startsWithName(tokens, hits, capital)),
    capitals: share(words.slice(1).filter(capital).length),
    shouted: share(words.filter(({ shouted }) => shouted).length),
    lowerStart: yes(words[0] !== undefined && /^\p{Ll}/u.test(text.slice(words[0].start, words[0].start + 2))),
    one: yes(count <= 2),
    few: yes(count <= 5),
    short: yes(count <= 10),
    long: yes(count >= 25),
    article: yes(count >= 50),
    reply: yes(reply),
    self,
    addressee: cue('addressee'),
    talk: cue('talk'),
    news: cue('news'),
    positive: feeling('positive'),
    negative,
    negated: cue('negator'),
    swearing: cue('swearing'),
    insult: cue('insult'),
    fury: cue('fury'),
    matter,
    standing: reason(reasonGroups.standing),
    grave: reason(reasonGroups.grave),
    privacy: reason(reasonGroups.privacy),
    accusing: reason(reasonGroups.accusing),
    complaining: self * negative,
    untagged: yes(brandKnown && !commented.has(channel) && !handles.some(isBrand)),
    passedOn: yes(links.length > 0 && impersonal),
    told: yes(count >= 15 && impersonal),
    spam: topic('spam'),
    praise: topic('praise'),
    idea: topic('idea'),
    reason: signals.reduce((most, { confidence }) => Math.max(most, confidence), 0),
  };
}

/** "Anna Muster look at this": two words with a capital that no list knows, and the sentence goes on without one. */
function startsWithName(tokens: readonly Token[], hits: readonly Hit[], capital: (token: Token) => boolean): boolean {
  const [one, two, three] = tokens;
  const isName = (token: Token | undefined, index: number) =>
    token?.kind === 'word' &&
    capital(token) &&
    (token.forms[0]?.length ?? 0) >= 2 &&
    !token.forms.includes('<brand>') &&
    !hits.some(({ start, end }) => start <= index && index < end);
  return (
    isName(one, 0) &&
    isName(two, 1) &&
    one?.clause === two?.clause &&
    !(three !== undefined && capital(three) && !isName(three, 2))
  );
}
