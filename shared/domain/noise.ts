import type { Assessment } from './assessment.ts';
import type { InboundEvent } from './inbound-event.ts';
import type { Judged } from './learnt.ts';
import { cueStrength, type Hit } from './lexicon.ts';
import type { Read } from './prequalify.ts';
import type { Token } from './text.ts';

/** With less of a chance (0 to 1) to be nothing for the brand, what only looks like noise is not taken for it. */
const leastChance = 0.3;
/** A wish this clear is for the brand, whoever else is addressed. */
const wish = 0.75;
/** A sign of a reason this strong overrules all that speaks for noise. */
const signOfReason = 0.3;

/** A link under so many words, none of them the author's own, is a headline that was passed on. */
const headlineWords = 4;
/** Who writes to so many at once chats with them. */
const manyMentions = 7;
/** Agents sign with their initials: "^JM", "/ar". */
const initials = /(?:\^[A-Z]{1,3}|\s\/[a-z]{2})(?:\s+https?:\S+)?\s*$/u;
/** So few words, with nothing known among them and nothing beside them, say nothing. */
const fragmentWords = 3;

interface Reading extends Read {
  readonly message: InboundEvent;
  readonly topics: Assessment['topics'];
  readonly judged: Judged | undefined;
}

/** Why there is nothing for the brand to do about a text, if so; any sign of a reason and any complaint with a matter speak against it. */
export function noiseOf(reading: Reading): Assessment['noise'] {
  const { message, shown, tokens, words, hits, signals, topics, judged } = reading;
  if (tokens.length === 0) return 'empty';
  if (signals.some(({ confidence }) => confidence >= signOfReason)) return undefined;
  const has = (kind: Token['kind']) => tokens.some((token) => token.kind === kind);
  const spam = (topics.find(({ topic }) => topic === 'spam')?.confidence ?? 0) >= 0.75;
  if (words.length === 0) {
    if (spam) return 'spam';
    const telling = hits.some(({ means }) => means.kind !== 'cue');
    if (has('hashtag') && telling) return undefined;
    if (tokens.some(({ kind, end, start }) => kind === 'number' && end - start >= 5)) return undefined;
    if (has('link')) return 'link_only';
    return has('hashtag') || has('mention') ? 'tags_only' : 'letterless';
  }
  if (cueStrength(hits, 'brand_voice') > 0 || initials.test(message.text))
    return message.public ? 'brand_voice' : undefined;
  const matter = shown.matter >= 0.5;
  const complaint = matter && (complains(reading) || (shown.asks > 0 && shown.self > 0));
  if (spam && !complaint) return 'spam';
  if (shown.insult >= 0.6 && !matter && words.length <= 12) return 'pure_insult';
  const chance = judged?.chance('set_aside');
  if (!message.public || (chance !== undefined && chance < leastChance) || shown.idea >= wish) return undefined;
  if (has('link') && words.length >= headlineWords && isHeadline(reading)) return 'headline';
  if (complaint) return undefined;
  if (isTalkWithOthers(reading)) return 'third_party';
  const says = hits.some(
    ({ means }) => (means.kind === 'topic' && means.name !== 'other') || means.kind === 'sentiment',
  );
  if (words.length <= fragmentWords && !says && words.length === tokens.length) {
    return 'fragment';
  }
  if (chance === undefined) return undefined;
  return shown.passedOn > 0 || shown.told > 0 || shown.retweeted > 0 ? 'headline' : 'third_party';
}

/** Whether an author shows: for himself, or by whom he writes to. */
function speaks(hits: readonly Hit[]): boolean {
  return cueStrength(hits, 'self') > 0 || cueStrength(hits, 'addressee') > 0;
}

/** Somebody who speaks for himself, and not content. */
function complains({ hits }: Reading): boolean {
  return speaks(hits) && hits.some(({ means }) => means.kind === 'sentiment' && means.name === 'negative');
}

/** News and offers that were passed on: by nobody, to nobody, and with no feeling but what the matter itself has ("delayed"). */
function isHeadline({ tokens, hits, shown }: Reading): boolean {
  const facts = new Set(
    hits.filter(({ means }) => means.kind === 'topic' && means.name !== 'complaint_service').map(({ start }) => start),
  );
  return (
    tokens.every(({ kind }, index) => kind !== 'mention' || tokens[index - 1]?.forms[0] === 'via') &&
    !speaks(hits) &&
    shown.swearing === 0 &&
    hits.every(({ means, start }) => means.kind !== 'sentiment' || (means.name === 'negative' && facts.has(start))) &&
    !tokens.some(({ kind, forms }) => kind === 'emoji' || forms[0] === '?' || forms[0] === '!')
  );
}

/** A text to a whole circle of handles; or one that begins with a name or handle which is not the brand's, where the brand's own are known. */
function isTalkWithOthers({ tokens, message, brand }: Reading): boolean {
  if (tokens.filter(({ kind }) => kind === 'mention').length >= manyMentions) return true;
  if (brand.length === 0) return false;
  const isBrand = ({ forms }: Token) => forms.some((form) => brand.some((name) => form.includes(name)));
  const thread = /^"*re: */iu.exec(message.text)?.[0];
  if (thread !== undefined) {
    return !tokens
      .filter(({ start }) => start >= thread.length)
      .slice(0, 2)
      .some(isBrand);
  }
  return tokens[0]?.kind === 'mention' && !tokens.some((token) => token.kind === 'mention' && isBrand(token));
}
