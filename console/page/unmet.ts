import { reasonSchema, topicSchema } from '../../shared/domain/assessment.ts';
import type { Words } from './words.ts';

type Phrase = readonly [pattern: RegExp, inFrench: (words: Words, ...parts: string[]) => string];

const listed = (part: string, wordOf: (name: string) => string) => part.split(', ').map(wordOf).join(', ');

/** Why a rule did not fit, as `shared/domain/routing.ts` words it, and the same in French. */
const phrases: readonly Phrase[] = [
  [/^no reason holds$/, () => 'aucun motif ne tient'],
  [
    /^reasons are (.+)$/,
    (words, reasons = '') => `les motifs sont : ${listed(reasons, (name) => wordOf(words, name))}`,
  ],
  [/^no topic was recognised$/, () => 'aucun sujet reconnu'],
  [/^topics are (.+)$/, (words, topics = '') => `les sujets sont : ${listed(topics, (name) => wordOf(words, name))}`],
  [/^the main topic is (.+)$/, (words, topic = '') => `le sujet principal est : ${wordOf(words, topic)}`],
  [/^a matter of service was recognised$/, () => 'une demande de service a été reconnue'],
  [/^no matter of service was recognised$/, () => 'aucune demande de service reconnue'],
  [/^sentiment is not known$/, () => 'le ton n’est pas connu'],
  [/^sentiment is (.+)$/, (words, label = '') => `le ton est ${wordOf(words, label)}`],
  [/^is no noise$/, () => 'ce n’est pas du bruit'],
  [/^noise is (.+)$/, (words, kind = '') => `le bruit est : ${wordOf(words, kind)}`],
  [/^channel is (.+)$/, (_, channel = '') => `le canal est ${channel}`],
  [/^skipped on this account$/, () => 'ne vaut pas pour ce compte'],
  [/^(\w+) has no cases of this account$/, (_, desk = '') => `${desk} ne reçoit rien de ce compte`],
  [/^another account$/, () => 'un autre compte'],
  [/^purpose of the account is not known$/, () => 'la vocation du compte n’est pas connue'],
  [
    /^purpose of the account is (.+)$/,
    (_, purpose = '') => `la vocation du compte est ${purpose.replaceAll('_', ' ')}`,
  ],
  [/^country of the account is not known$/, () => 'le pays du compte n’est pas connu'],
  [/^country of the account is (.+)$/, (_, country = '') => `le pays du compte est ${country}`],
  [/^store of the account is not known$/, () => 'le magasin du compte n’est pas connu'],
  [/^store of the account is (.+)$/, (_, store = '') => `le magasin du compte est ${store}`],
  [/^tags of the account are (.+)$/, (_, tags = '') => `les étiquettes du compte sont : ${tags}`],
  [/^(\w+) does not read (\w+)$/, (_, desk = '', language = '') => `${desk} ne lit pas cette langue (${language})`],
  [/^(\w+) does not answer on (\w+)$/, (_, desk = '', channel = '') => `${desk} ne répond pas sur ${channel}`],
  [/^(\w+) does not take (\w+)$/, (words, desk = '', topic = '') => `${desk} ne prend pas : ${wordOf(words, topic)}`],
  [
    /^(\w+) takes only (.+), and no topic was recognised$/,
    (words, desk = '', topics = '') =>
      `${desk} ne prend que : ${listed(topics, (name) => wordOf(words, name))} ; aucun sujet reconnu`,
  ],
  [
    /^(\w+) has its agreed backlog of (\d+) cases$/,
    (_, desk = '', cases = '') => `${desk} a déjà les ${cases} dossiers convenus`,
  ],
  [/^(\w+) is closed at (\S+)$/, (words, desk = '', at = '') => `${desk} est fermé : ${momentOf(at, words)}`],
  [
    /^(\w+) fits too; this conversation is (\w+)'s by shares (.+)$/,
    (_, desk = '', chosen = '', shares = '') =>
      `${desk} conviendrait aussi ; cette conversation revient à ${chosen} selon les parts ${shares}`,
  ],
  [/^language is (.+)$/, (_, language = '') => `la langue est ${language}`],
  [/^is public$/, () => 'est public'],
  [/^is private$/, () => 'est privé'],
  [/^wording is abusive$/, () => 'les propos sont injurieux'],
  [/^wording is not abusive$/, () => 'les propos sont corrects'],
  [/^author is not verified$/, () => 'l’auteur n’est pas vérifié'],
  [/^author is verified$/, () => 'l’auteur est vérifié'],
  [/^author has fewer than (\d+) known followers$/, (_, count = '') => `l’auteur a moins de ${count} abonnés connus`],
  [/^author has fewer than (\d+) known cases$/, (_, count = '') => `l’auteur a moins de ${count} dossiers connus`],
  [/^its case held (\d+) messages before$/, (_, count = '') => `son dossier contenait ${count} messages auparavant`],
  [/^has no stars$/, () => 'n’a pas d’étoiles'],
  [/^has ([\d.]+) stars$/, (_, stars = '') => `a ${stars} étoiles`],
  [/^not routine: (.+)$/, (words, names = '') => `pas courant : ${listed(names, (name) => wordOf(words, name))}`],
  [/^is routine$/, () => 'est courant'],
  [/^nothing is in doubt$/, () => 'rien n’est en doute'],
  [/^in doubt: (.+)$/, (words, names = '') => `en doute : ${listed(names, (name) => wordOf(words, name))}`],
  [/^risk ([\d.-]+) is below ([\d.-]+)$/, (_, risk = '', limit = '') => `le risque ${risk} est sous ${limit}`],
  [
    /^risk ([\d.-]+) is not below ([\d.-]+)$/,
    (_, risk = '', limit = '') => `le risque ${risk} n’est pas sous ${limit}`,
  ],
  [/^not cleared: (.+)$/, (words, names = '') => `pas autorisé : ${listed(names, (name) => wordOf(words, name))}`],
];

const momentOf = (at: string, { locale }: Words) =>
  new Date(at).toLocaleString(locale, { dateStyle: 'medium', timeStyle: 'short' });

/** The words for why a rule did not fit, in the page's language; a phrase that is not known stays as it is. */
export function unmetInWords(unmet: string, words: Words): string {
  if (words.locale.startsWith('en')) return unmet.replaceAll('_', ' ');
  for (const [pattern, inFrench] of phrases) {
    const found = pattern.exec(unmet);
    if (found !== null) return inFrench(words, ...found.slice(1));
  }
  return unmet;
}

function wordOf(words: Words, name: string): string {
  const reason = reasonSchema.safeParse(name);
  if (reason.success) return words.reason[reason.data].toLowerCase();
  const topic = topicSchema.safeParse(name);
  if (topic.success) return words.topic[topic.data];
  const sentiments: Readonly<Record<string, string>> = words.sentiment;
  const noises: Readonly<Record<string, string>> = words.noise;
  return words.doubt[name]?.toLowerCase() ?? sentiments[name] ?? noises[name] ?? name.replaceAll('_', ' ');
}
