import { type Assessment, type Reason, reasons, type Signal, toHundredths } from './assessment.ts';
import { featuresOf, type Reading } from './features.ts';
import type { InboundEvent } from './inbound-event.ts';
import { createJudge, type Judged, whether } from './learnt.ts';
import { createLexiconMatcher, cueStrength, type Hit } from './lexicon.ts';
import { noiseOf } from './noise.ts';
import { type Account, accountFinder, type Policy } from './policy.ts';
import { redact } from './redact.ts';
import { fold, type Token, tokenise } from './text.ts';
import { topicsOf } from './topics.ts';
import { traitsOf } from './traits.ts';

export interface LanguageDetector {
  /** ISO 639-1 or `und`, with a confidence of 0 to 1. Pure; never throws. */
  detect(text: string): { readonly code: string; readonly confidence: number };
}

/** Under so many words a detector guesses: the account's language is the better guess. */
const shortWords = 5;
const sureEnough = 0.5;
/** Words before a hit, in its own clause, in which a "not" turns it round. */
const negationReach = 4;
const factors = { refused: 0.2, absent: 0.6, quoted: 0.8, foreignPhrase: 0.9, foreignWord: 0.3 };
/** "Not a scam" takes an accusation back; "nobody was hurt" and "I will not sue" still name the matter, as "not delivered" does its topic. */
const takenBack: ReadonlySet<string> = new Set([
  'rumour_or_fraud_accusation',
  'strong_public_anger',
  'abuse_or_threat',
  'boycott',
  'discrimination',
]);
/** A foreign word shorter than this may be another word in this language ("sale", "crime", "pain"). */
const tellingLetters = 8;
const longTokens = 100;
/** How many entries of one reason count: a repeated word is no new evidence. */
const evidenceOfOneReason = 4;
/** Pictures without words can show anything; these cannot. */
const wordless = new Set(['sticker', 'gif', 'emoji']);

/** What a message is made of and shows, before anything is judged. */
export interface Read extends Reading {
  readonly language: Assessment['language'];
  readonly words: readonly Token[];
  readonly brand: readonly string[];
}

/** A function that takes messages apart by the policy's lexicons. */
export function createReader(
  policy: Pick<Policy, 'lexicons' | 'accounts'>,
  detector: LanguageDetector,
): (message: Pick<InboundEvent, 'channel' | 'accountId' | 'text' | 'language' | 'inReplyTo'>) => Read {
  const matcher = createLexiconMatcher(policy.lexicons);
  const languages = new Set(policy.lexicons.map(({ language }) => language));
  const accountOf = accountFinder(policy);

  return (message) => {
    const { account } = accountOf(message);
    const brand = brandWords(account);
    const tokens = withBrand(tokenise(message.text), brand);
    const words = tokens.filter(({ kind }) => kind === 'word');
    const language = languageOf(message, words.length, account, detector, languages);
    const { hits, unmeant } = weigh(matcher.match(tokens), tokens, language.code);
    const signals = signalsOf(hits, tokens);
    const shown = traitsOf({
      text: message.text,
      channel: message.channel,
      reply: message.inReplyTo !== undefined,
      tokens,
      hits,
      signals,
      brandKnown: brand.length > 0,
    });
    return { language, tokens, words, brand, hits, unmeant, signals, shown };
  };
}

/** A function that finds, in microseconds and without any call, all that the policy's lexicons, patterns and what was learnt tell of a message. */
export function createPrequalifier(policy: Policy, detector: LanguageDetector): (message: InboundEvent) => Assessment {
  const languages = new Set(policy.lexicons.map(({ language }) => language));
  const readMessage = createReader(policy, detector);
  const judge = policy.learnt === undefined ? undefined : createJudge(policy.learnt);

  return (message) => {
    const reading = readMessage(message);
    const { language, words, hits, signals } = reading;
    const unread = message.type === 'fetch_needed' || showsOnlyPictures(message);
    const judged = words.length === 0 ? undefined : judge?.(featuresOf(reading));
    const topics = topicsOf(hits, judged);
    const abusive = cueStrength(hits, 'insult') > 0 || cueStrength(hits, 'swearing') > 0;
    const read = !unread && (languages.has(language.code) || words.length === 0);
    const noise = read ? noiseOf({ ...reading, message, topics, judged }) : undefined;
    const missing: Assessment['missing'] = unread ? ['text'] : [];
    if (!unread && noise === undefined && !languages.has(language.code)) missing.push('language');
    return {
      language,
      signals: [...signals],
      ...(judged === undefined ? {} : { chances: chancesOf(judged) }),
      topics,
      ...(noise === undefined ? {} : { noise }),
      abusive,
      pii: redact(message.text).masked.map(({ kind }) => kind),
      missing,
    };
  };
}

/** A chance of less is not worth keeping. */
const leastChance = 0.03;

function chancesOf(judged: Judged): NonNullable<Assessment['chances']> {
  return Object.fromEntries(
    reasons
      .map((reason) => [reason, toHundredths(judged.chance(whether(reason)) ?? 0)] as const)
      .filter(([, chance]) => chance >= leastChance),
  );
}

function showsOnlyPictures(message: InboundEvent): boolean {
  return message.text.trim() === '' && (message.attachments ?? []).some((kind) => !wordless.has(kind));
}

function languageOf(
  message: Pick<InboundEvent, 'text' | 'language'>,
  words: number,
  account: Account | undefined,
  detector: LanguageDetector,
  known: ReadonlySet<string>,
): Assessment['language'] {
  const stated = message.language?.slice(0, 2).toLowerCase();
  if (stated !== undefined && /^[a-z]{2}$/.test(stated)) return { code: stated, confidence: 0.95, source: 'platform' };
  const detected = detector.detect(message.text);
  const believable = detected.code !== 'und' && detected.confidence >= sureEnough;
  const spoken = account?.languages ?? [];
  if (believable && (words >= shortWords || spoken.includes(detected.code))) return { ...detected, source: 'local' };
  const own = spoken[0];
  if (own !== undefined && words < shortWords) return { code: own, confidence: 0.6, source: 'account' };
  if (spoken.includes(detected.code)) return { code: detected.code, confidence: sureEnough, source: 'local' };
  if (believable && known.has(detected.code)) return { ...detected, source: 'local' };
  return { code: 'und', confidence: 0, source: 'local' };
}

/**
 * The hits with what their surroundings leave of them: harmless idioms and other languages' short words are gone. And the places of words that are not meant: within a harmless idiom ("to die
 * for"), or an accusation that is taken back ("not a scam").
 */
function weigh(
  found: readonly Hit[],
  tokens: readonly Token[],
  language: string,
): { hits: Hit[]; unmeant: ReadonlySet<number> } {
  const isCue = (name: string) => (hit: Hit) =>
    hit.means.kind === 'cue' && hit.means.name === name && (hit.language === language || hit.language === 'any');
  const harmless = found.filter(isCue('harmless'));
  const unmeant = new Set<number>();
  const notMeant = ({ start, end }: Pick<Hit, 'start' | 'end'>) => {
    for (let index = start; index < end; index += 1) unmeant.add(index);
  };
  for (const hit of harmless) notMeant(hit);
  const negators = new Set(found.filter(isCue('negator')).map(({ end }) => end - 1));
  const negatorOf = ({ start }: Hit): number | undefined => {
    if (tokens[start]?.kind !== 'word') return undefined;
    const clause = tokens[start]?.clause;
    for (let index = start - 1; index >= Math.max(0, start - negationReach); index -= 1) {
      if (tokens[index]?.clause !== clause) return undefined;
      if (negators.has(index)) return index;
    }
    return undefined;
  };

  const hits = found.flatMap((hit) => {
    if (hit.means.kind === 'cue' && hit.means.name === 'harmless') return [];
    if (harmless.some(({ start, end }) => start <= hit.start && hit.end <= end)) return [];
    let { confidence } = hit;
    if (hit.language !== language && hit.language !== 'any') {
      const length = hit.end - hit.start;
      const letters = tokens[hit.start]?.forms[0]?.length ?? 0;
      if (length === 1 && letters < tellingLetters) return [];
      confidence *= length > 1 ? factors.foreignPhrase : factors.foreignWord;
    }
    const negator = hit.means.kind === 'topic' ? undefined : negatorOf(hit);
    if (negator !== undefined) {
      const { kind, name } = hit.means;
      const mentioned = kind === 'reason' && !takenBack.has(name);
      confidence *= mentioned ? factors.absent : factors.refused;
      if (kind === 'reason' && !mentioned) notMeant({ start: negator, end: hit.end });
    }
    if (tokens[hit.start]?.quoted === true) confidence *= factors.quoted;
    return [{ ...hit, confidence }];
  });
  return { hits, unmeant };
}

/** Signals by reason, the strongest entries only; overlapping entries are one piece of evidence. */
function signalsOf(hits: readonly Hit[], tokens: readonly Token[]): Signal[] {
  const byReason = new Map<Reason, Hit[]>();
  for (const hit of hits) {
    if (hit.means.kind !== 'reason') continue;
    const found = byReason.get(hit.means.name);
    if (found === undefined) byReason.set(hit.means.name, [hit]);
    else found.push(hit);
  }
  const signals: Signal[] = [];
  for (const [reason, found] of byReason) {
    const kept: Hit[] = [];
    for (const hit of found.toSorted((a, b) => b.confidence - a.confidence)) {
      if (kept.length === evidenceOfOneReason) break;
      if (kept.some((other) => (hit.start < other.end && other.start < hit.end) || hit.phrase === other.phrase))
        continue;
      kept.push(hit);
    }
    for (const { confidence, language, phrase } of kept) {
      signals.push({
        reason,
        confidence: toHundredths(confidence),
        source: 'lexicon',
        entry: `${language}: ${phrase}`,
      });
    }
  }
  return [...signals, ...angerOf(hits, tokens)].sort(
    (a, b) => b.confidence - a.confidence || (a.entry < b.entry ? -1 : 1),
  );
}

/** Outrage is two of three: extreme wording, grave or long harm, and calling others to witness. One of them is a complaint. */
function angerOf(hits: readonly Hit[], tokens: readonly Token[]): Signal[] {
  const shouted = tokens.filter(({ kind, shouted }) => kind === 'word' && shouted).length;
  const parts = {
    'extreme wording': Math.max(cueStrength(hits, 'fury'), shouted >= 4 ? 0.6 : 0),
    'grave or long harm': cueStrength(hits, 'harm'),
    'call to witness': cueStrength(hits, 'witness'),
  };
  const present = Object.entries(parts).filter(([, strength]) => strength >= 0.4);
  const strength = present.reduce((sum, [, part]) => sum + part, 0);
  if (present.length === 0) return [];
  // In a long text two of them meet by chance.
  const together = tokens.length > longTokens && present.length === 2 ? 0.3 : 0.46;
  const confidence = present.length === 1 ? 0.15 * strength : Math.min(0.95, together * strength);
  return [
    {
      reason: 'strong_public_anger',
      confidence: toHundredths(confidence),
      source: 'pattern',
      entry: present.map(([name]) => name).join(' + '),
    },
  ];
}

/** The brand's own name has the form `<brand>` too; where no name is known, whoever is mentioned may be the brand. */
function withBrand(tokens: readonly Token[], brand: readonly string[]): Token[] {
  return tokens.map((token) => {
    const { kind, forms } = token;
    const named =
      kind === 'mention' || kind === 'hashtag'
        ? (kind === 'mention' && brand.length === 0) || forms.some((form) => brand.some((name) => form.includes(name)))
        : kind === 'word' && forms.some((form) => brand.includes(form));
    return named ? { ...token, forms: [...forms, '<brand>'] } : token;
  });
}

/** The words of the account's names in the form tokens have; words of under four letters stand for too much else. */
function brandWords(account: Account | undefined): string[] {
  return (account?.names ?? [])
    .flatMap((name) => fold(name).split(/[^\p{L}\p{N}]+/u))
    .filter((word) => word.length >= 4);
}
