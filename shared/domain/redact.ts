import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js/min';
import { type Finding, type OrderData, orderData } from './assessment.ts';

export interface Redaction {
  readonly text: string;
  /** What was masked, by kind, never the values. */
  masked: { kind: string; count: number }[];
}

/**
 * One kind of personal data: a pattern without unbounded repetition inside repetition, so that every text is read in linear time,
 * and where the pattern alone is not enough a closer look at what it found.
 */
interface Kind {
  readonly kind: string;
  readonly pattern: RegExp;
  /** Stands in all that the pattern matches: a text without it, as most are, is not searched. */
  readonly needs?: RegExp;
  /** The part of the match to mask, or `undefined` to leave it: by default all of it. */
  readonly pick?: (match: RegExpExecArray, text: string) => string | undefined;
}

const word = String.raw`[\p{L}\p{M}'’-]{1,30}`;
const name = String.raw`\p{Lu}[\p{L}\p{M}'’-]{0,30}`;
const particle = anyCase(
  'de|du|des|da|do|dos|das|di|del|dei|della|von|van|la|le|les|las|los|el|l|d|saint|sainte|santa|san',
);
const names = `${name}(?: (?:(?:${particle}) ){0,2}${name}){0,4}`;
const city = String.raw`(?:[ ,]{1,3}\d{5}(?:-\d{3})? ${names})?`;

/** Streets as written in French, English, Spanish, Italian, Portuguese and German; and British postcodes. */
const addresses: readonly string[] = [
  String.raw`\d{1,4}(?: ?(?:bis|ter))?,? ?(?:${anyCase('rue|avenue|boulevard|impasse|allée|bd')})\.? (?:(?:${particle})[ '’]){0,3}${word}(?:[ '’]${name}){0,3}${city}`,
  String.raw`\d{1,4}(?: ?(?:bis|ter))?,? ?(?:${anyCase('place|chemin|route|quai|cours|square|passage')}) (?:(?:${particle})[ '’]){0,3}${names}${city}`,
  String.raw`\d{1,5}[a-z]? (?:${name} ){1,4}(?:${anyCase('street|st|road|rd|avenue|ave|lane|drive|dr|court|way|close|boulevard|blvd|terrace|crescent|gardens|grove')})(?![\p{L}])`,
  String.raw`(?:${anyCase('calle|c/|avenida|avda.|avda|paseo|carretera|rua|travessa|alameda|praça|estrada|via|viale|piazza|corso|largo|vicolo')}) ?(?:(?:${particle}) ){0,3}${names},? ?(?:n[.º°o]{0,2} ?)?\d{1,5}(?!\d)${city}`,
  String.raw`${name}(?:stra(?:ß|ss)e|str\.|weg|allee|platz|gasse|damm|ufer) ?\d{1,4} ?(?:[a-z](?![\p{L}]))?${city}`,
  String.raw`[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}(?![\p{L}\p{N}])`,
];

const introductions = anyCase(
  "je m'appelle|je m’appelle|je me nomme|mon nom est|my name is|me llamo|mi nombre es|mein name ist|ich heiße|ich heisse|mi chiamo|il mio nome è|me chamo|meu nome é|au nom de|in the name of|a nombre de|auf den namen|a nome di|em nome de",
);
const signatures = anyCase(
  'cordialement|bien à vous|salutations|regards|sincerely|many thanks|un saludo|saludos|saludos cordiales|atentamente|mit freundlichen grüßen|freundliche grüße|viele grüße|liebe grüße|lg|mfg|gruß|saluti|atenciosamente|cumprimentos|abraços',
);
const greetings = anyCase(
  'bonjour|bonsoir|salut|hello|hi|hey|dear|cher|chère|hola|buenos días|buenas tardes|hallo|guten tag|liebe|lieber|ciao|buongiorno|olá|bom dia|boa tarde',
);
const titles =
  'M|Mr|Mrs|Ms|Mme|Mlle|Monsieur|Madame|Herr|Herrn|Frau|Sr|Sra|Señor|Señora|Signor|Signora|Sig|Senhor|Senhora|Dr|Dra';

/** What follows a greeting and is nobody's name. */
const noName =
  /^(?:team|all|everyone|everybody|guys|there|madame|monsieur|mesdames|messieurs|madam|sir|sirs|customer|support|service|équipe|equipe|tous|toutes|maison|a|à|les|le|la|je|j|i|my|we|the|you|your|how|can|is|are|do|what|when|why|please|just|mon|ma|mes|votre|vos|nous|on|est|mi|me|buenas|buenos|todos|equipo|ich|wir|mein|sehr|zusammen|team|io|il|un|una|tutti|eu|meu|minha|boa|bom|pessoal|gente|thanks|merci|gracias|danke|grazie|obrigad[oa]|instagram|facebook|twitter)$/iu;

/** Words before a number that make it an order, a case or an article, and not a phone. */
const keptNumber =
  /(?:commande|colis|suivi|r[ée]f(?:[ée]rence)?|dossier|ticket|facture|contrat|article|client|order|parcel|tracking|reference|ref|case|invoice|booking|confirmation|flight|pedido|env[ií]o|factura|referencia|folio|reserva|bestell(?:ung|nummer)|sendung(?:snummer)?|auftrag|kunden(?:nummer)?|rechnung|vorgang|ordine|spedizione|fattura|pratica|encomenda|protocolo|nota fiscal|vuelo|vol)[\p{L}]{0,12}[^\p{L}\p{N}]{0,4}(?:(?:n[°ºo.]{0,2}|no|nr|num[ée]ro|number|número|nummer|numero|id|est|is|es|ist|[èeé])[^\p{L}\p{N}]{0,3}){0,3}$|#$/iu;
const phoneWord =
  /(?:t[ée]l(?:[ée]phone)?|tlf|portable|mobile|phone|call|ring|text|whats\s?app|m[óo]vil|celular|llam\p{L}{0,8}|handy|ruf\p{L}{0,4}|anruf\p{L}{0,4}|cell|cellulare|chiam\p{L}{0,8}|telem[óo]vel|lig\p{L}{0,4}|appel\p{L}{0,5}|joindre|numéro|number)[^\n]{0,24}$/iu;
/** What is masked already stands before a number like another one: its mark's words are not the customer's. */
const mark = /\[\w+\]/g;
const dateOrAddress = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}.*|\d{4}-\d{1,2}-\d{1,2}.*)$/u;
/** Where a number without a country code may be at home: the brand's markets. */
const countries: readonly CountryCode[] = ['FR', 'GB', 'DE', 'ES', 'IT', 'PT', 'BE', 'CH', 'US', 'MX', 'BR'];

/** Words that announce the number of an order or a case, and of a parcel, in six languages; a number of four digits or more follows within a few signs. */
const orderWords =
  'commandes?|cde|r[ée]f(?:[ée]rence)?|dossier|ticket|facture|contrat|client|order|reference|ref|case|invoice|booking|confirmation|pedido|factura|referencia|folio|reserva|bestell(?:ung|nummer|nr)|auftrag(?:snummer)?|kunden(?:nummer)?|rechnung(?:snummer)?|vorgang(?:snummer)?|ordine|fattura|pratica|encomenda|fatura|protocolo|nota fiscal';
const parcelWords =
  'colis|suivi|envoi|parcel|package|shipment|tracking|consignment|env[ií]o|paquete|seguimiento|sendung(?:snummer|sverfolgung)?|paket(?:nummer)?|spedizione|pacco|tracciamento|rastreio|rastreamento|remessa|objeto';
const announced = (words: string) =>
  String.raw`(?<![\p{L}\p{N}])(?:${words})[^\p{L}\p{N}\n]{0,4}(?:(?:n[°ºo.]{0,2}|no|nr|num[ée]ro|number|número|nummer|numero|num|id|code|código|codice|de|du|di|is|est|es|ist|é|è|suivi|commande|pedido|seguimiento|rastreio)[^\p{L}\p{N}\n]{0,4}){0,3}(?<number>\d{3}(?: \d{3}(?!\d)){1,3}|[A-Z]{0,4}[-/]?\d(?:[-/]?[\dA-Z]){3,24})(?![\p{L}\p{N}])`;

const digit = /\d/;

const kinds: readonly Kind[] = [
  {
    kind: 'email',
    pattern: /[\p{L}\p{N}._%+-]{1,64}(?:@|\s?(?:\(at\)|\[at\])\s?)[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63}){1,4}/giu,
    needs: /@|[([]at[)\]]/i,
  },
  {
    kind: 'iban',
    pattern: /\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{1,4}){3,8}\b/giu,
    needs: digit,
    pick: ([found]) => cutToFit(found, isIban, 15),
  },
  {
    kind: 'card',
    pattern: /(?<![\p{L}\p{N}+])[2-6]\d{3}(?:[ .-]?\d{2,6}){2,4}(?![\p{L}\p{N}])/gu,
    needs: digit,
    pick: ([found]) => cutToFit(found, isCard, 13),
  },
  // Before phones: a house number and a postcode beside each other look like one.
  ...addresses.map(
    (source): Kind => ({
      kind: 'address',
      pattern: new RegExp(`(?<![\\p{L}\\p{N}])${source}`, 'gu'),
      needs: digit,
    }),
  ),
  // A shop's order, before phones: its first half looks like one.
  { kind: 'order_number', pattern: /(?<![\p{L}\p{N}-])\d{3}-\d{7}-\d{7}(?![\p{L}\p{N}-])/gu, needs: digit },
  {
    kind: 'phone',
    pattern: /(?<![\p{L}\p{N}_/=.,-])(?:\+|00)?\(?\d(?:[ .()/-]{0,2}\d){6,15}(?![\p{L}\p{N}])/gu,
    needs: digit,
    pick: (match, text) =>
      isPhone(match[0], text.slice(Math.max(0, match.index - 48), match.index).replace(mark, '0'))
        ? match[0]
        : undefined,
  },
  // After phones, which may stand beside them. Formats that say by themselves what they are: UPS, the postal union's S10, Colissimo; then what a word announces.
  {
    kind: 'tracking_number',
    pattern: /(?<![\p{L}\p{N}])(?:1Z[\dA-Z]{16}|[A-Z]{2}\d{9}[A-Z]{2}|[68][A-Z]\d{11})(?![\p{L}\p{N}])/gu,
    needs: digit,
  },
  { kind: 'tracking_number', pattern: new RegExp(announced(parcelWords), 'giu'), needs: digit, pick: orderNumber },
  { kind: 'order_number', pattern: new RegExp(announced(orderWords), 'giu'), needs: digit, pick: orderNumber },
  { kind: 'handle', pattern: /(?<![\p{L}\p{N}_.])@[\p{L}\p{N}_](?:[\p{L}\p{N}_.]{0,38}[\p{L}\p{N}_])?/gu, needs: /@/ },
  named(`(?:${introductions})[ :]{1,3}(?<name>${names})`),
  named(String.raw`(?:${titles})\.? (?<name>${names})`),
  named(String.raw`(?:${signatures})[ ,.!\n\r-]{1,6}(?<name>${names})[\s.!]{0,8}$`),
  named(String.raw`(?:${greetings}),? (?<name>${names})(?=\s?(?:[,!.:\n]|$))`),
];

/**
 * The text with personal data replaced by `[kind]`, and what was masked by kind with counts. Linear in the text's length. Names that nothing marks
 * as names stay, and so do numbers of orders and parcels unless `mask` asks for them: a vendor could not work otherwise. `found` is what
 * somebody else found in this text; it is masked besides, but for what lies in a number that stays.
 */
export function redact(
  text: string,
  { found = [], mask = [] }: { readonly found?: readonly Finding[]; readonly mask?: readonly OrderData[] } = {},
): Redaction {
  const own = ownFindings(text);
  const stays = (finding: Finding) => orderKinds.has(finding.kind) && !mask.some((kind) => kind === finding.kind);
  const kept = own.filter(stays);
  const others = found.flatMap(({ kind, start, end }): Finding[] => {
    const reach = { kind, start: Math.max(0, start), end: Math.min(end, text.length) };
    const needless = reach.start >= reach.end || kept.some((one) => one.start <= reach.start && reach.end <= one.end);
    return needless ? [] : [reach];
  });
  const masked = joined([...own.filter((finding) => !stays(finding)), ...others]);
  const counts = new Map<string, number>();
  for (const { kind } of masked) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return { text: withMarks(text, masked), masked: [...counts].map(([kind, count]) => ({ kind, count })) };
}

const orderKinds: ReadonlySet<string> = new Set(orderData);

/** What the patterns find, in order and apart from each other. Each kind is looked for in the text with the kinds before it already masked. */
function ownFindings(text: string): Finding[] {
  let findings: Finding[] = [];
  let current = text;
  for (const kind of kinds) {
    const here = matchesOf(current, kind);
    if (here.length === 0) continue;
    findings = [...findings, ...inOriginal(here, findings)].sort((a, b) => a.start - b.start);
    current = withMarks(text, findings);
  }
  return findings;
}

function matchesOf(text: string, { kind, pattern, needs, pick }: Kind): Finding[] {
  if (needs?.test(text) === false) return [];
  const search = new RegExp(pattern);
  const matches: Finding[] = [];
  for (let match = search.exec(text); match !== null; match = search.exec(text)) {
    const value = pick === undefined ? match[0] : pick(match, text);
    if (value === undefined || value === '') continue;
    const start = match.index + (match[0].startsWith(value) ? 0 : match[0].lastIndexOf(value));
    matches.push({ kind, start, end: start + value.length });
    // What was found beside it may be another of its kind.
    search.lastIndex = start + value.length;
  }
  return matches;
}

/** Places in a text that carries marks (`withMarks`) as places in the text before. */
function inOriginal(places: readonly Finding[], marks: readonly Finding[]): Finding[] {
  let next = 0;
  let shift = 0;
  return places.map(({ kind, start, end }) => {
    for (let one = marks[next]; one !== undefined && one.start - shift < start; one = marks[next]) {
      shift += one.end - one.start - markOf(one).length;
      next += 1;
    }
    return { kind, start: start + shift, end: end + shift };
  });
}

/** In order; those that overlap as one, of the kind that begins first. */
function joined(findings: readonly Finding[]): Finding[] {
  const apart: Finding[] = [];
  for (const finding of findings.toSorted((a, b) => a.start - b.start)) {
    const last = apart.at(-1);
    if (last === undefined || finding.start >= last.end) apart.push({ ...finding });
    else last.end = Math.max(last.end, finding.end);
  }
  return apart;
}

function withMarks(text: string, findings: readonly Finding[]): string {
  let result = '';
  let done = 0;
  for (const finding of findings) {
    result += `${text.slice(done, finding.start)}${markOf(finding)}`;
    done = finding.end;
  }
  return result + text.slice(done);
}

function markOf({ kind }: Finding): string {
  return `[${kind}]`;
}

/** The number behind a word that announces one: four digits at least, or it is a size, and no date. */
function orderNumber({ groups }: RegExpExecArray): string | undefined {
  const number = groups?.['number']?.trim() ?? '';
  return number.replace(/\D/g, '').length >= 4 && !dateOrAddress.test(number) ? number : undefined;
}

/** A name behind words that announce one; capital letters tell it from what else may stand there. */
function named(source: string): Kind {
  return {
    kind: 'name',
    pattern: new RegExp(`(?<![\\p{L}\\p{N}])${source}`, 'gu'),
    pick: ({ groups }) => {
      const found = groups?.['name'];
      const first = found?.split(' ')[0] ?? '';
      return noName.test(first) ? undefined : found;
    },
  };
}

/** The words of an alternation in lower and upper case, where the rest of a pattern must tell cases apart. */
function anyCase(words: string): string {
  return words
    .split('|')
    .map((text) =>
      [...text]
        .map((letter) => {
          const upper = letter.toUpperCase();
          return upper === letter || upper.length > 1 ? letter.replace('.', '\\.') : `[${letter}${upper}]`;
        })
        .join(''),
    )
    .join('|');
}

/** The longest beginning that is what it looks like: a word or another number may have been taken along behind it. */
function cutToFit(found: string, fits: (text: string) => boolean, least: number): string | undefined {
  for (let end = found.length; end >= least; end = found.lastIndexOf(' ', end - 1)) {
    const part = found.slice(0, end);
    if (fits(part)) return part;
  }
  return undefined;
}

/** ISO 13616: letters as numbers, first four characters last, remainder 1 by 97. */
function isIban(text: string): boolean {
  const plain = text.replace(/[ -]/g, '').toUpperCase();
  if (plain.length < 15 || plain.length > 34) return false;
  let remainder = 0;
  for (const character of plain.slice(4) + plain.slice(0, 4)) {
    for (const digit of String(Number.parseInt(character, 36))) remainder = (remainder * 10 + Number(digit)) % 97;
  }
  return remainder === 1;
}

/** ISO/IEC 7812: 13 to 19 digits with the Luhn check digit. */
function isCard(text: string): boolean {
  const digits = text.replace(/\D/g, '');
  if (digits.length < 13 || digits.length > 19) return false;
  const sum = [...digits].reverse().reduce((total, character, index) => {
    const digit = Number(character) * (index % 2 === 1 ? 2 : 1);
    return total + (digit > 9 ? digit - 9 : digit);
  }, 0);
  return sum % 10 === 0;
}

function isPhone(found: string, before: string): boolean {
  if (dateOrAddress.test(found)) return false;
  const international = /^(?:\+|00)/.test(found);
  if (international) return parsePhoneNumberFromString(found.replace(/^00/, '+'))?.isPossible() ?? false;
  if (keptNumber.test(before)) return false;
  if (phoneWord.test(before)) return true;
  return countries.some((country) => parsePhoneNumberFromString(found, country)?.isValid() === true);
}
