import { tokenise } from './text.ts';

/** Words as `tokenise` spells them: lower case, without accents. */
interface Vocabulary {
  /** A text needs one of these. */
  readonly thanks: readonly string[];
  /** These may stand around them; any other word makes the text more than thanks. */
  readonly around: readonly string[];
}

const words = (text: string) => text.split(' ');

/**
 * Small on purpose: what is not surely nothing but thanks waits for an answer. "Merci d'avance", "merci de répondre" and "thanks for nothing" hold
 * words that are not here.
 */
const vocabularies: readonly Vocabulary[] = [
  {
    thanks: words('merci mercii mille revoir'),
    around: words(
      'beaucoup infiniment bien encore tout tres a au vous toi toute equipe l votre vos pour aide reponse rapidite reactivite gentillesse et bonne bon excellente journee soiree nuit week end weekend continuation parfait super top genial nickel ok d accord c est gentil note cordialement bonjour bonsoir bises',
    ),
  },
  {
    thanks: words('thanks thank thx ty cheers bye goodbye'),
    around: words(
      'you u so very much a lot many again all for your the help support quick fast reply response answer time kind kindness and have great good nice lovely day evening night weekend one perfect brilliant awesome ok okay really appreciated appreciate it i everyone team hi hello best regards kind',
    ),
  },
  {
    thanks: words('gracias adios'),
    around: words(
      'muchas muchisimas mil por su tu la ayuda respuesta rapidez atencion y que tenga tengas buen buena dia tarde noche noches tardes perfecto genial vale ok de nuevo todo a ustedes vosotros usted hola un saludo saludos muy amable amables',
    ),
  },
  {
    thanks: words('grazie arrivederci'),
    around: words(
      'mille tante infinite di cuore molte a voi lei te per l aiuto la risposta vostra vostro tua gentilezza disponibilita e buona buon giornata serata notte perfetto ottimo ok va bene ancora tutto tutti gentilissimi gentilissima gentilissimo ciao buongiorno saluti cordiali',
    ),
  },
  {
    thanks: words('danke dankeschon dank tschuss wiedersehen'),
    around: words(
      'vielen herzlichen besten schon schonen sehr fur die das ihre eure deine hilfe antwort schnelle ruckmeldung und einen noch tag abend wochenende super perfekt toll alles klar gut ok ihnen euch dir auf hallo liebe grusse viele freundliche mit freundlichen grussen gerne',
    ),
  },
  {
    thanks: words('obrigado obrigada brigado brigada agradeco agradecido agradecida'),
    around: words(
      'muito muita mesmo pela pelo ajuda resposta atencao rapidez a vossa vosso sua seu e bom boa dia tarde noite semana perfeito otimo otima ok tudo todos vos voces voce tenha um uma ola abraco abracos cumprimentos de novo',
    ),
  },
];

/** Longer texts say something. */
const mostWords = 14;
const warmEmoji = new Set([
  '🙏',
  '👍',
  '👌',
  '❤',
  '🧡',
  '💛',
  '💚',
  '💙',
  '💜',
  '🤍',
  '🥰',
  '😍',
  '😊',
  '🙂',
  '😀',
  '😃',
  '😄',
  '😁',
  '😘',
  '🤗',
  '☺',
  '💐',
  '🌸',
  '👏',
  '🎉',
  '✨',
  ':)',
  ':-)',
  ':D',
  '<3',
]);

const sets = vocabularies.map(({ thanks, around }) => ({
  thanks: new Set(thanks),
  allowed: new Set([...thanks, ...around]),
}));

/**
 * Whether a text does nothing but thank or take leave, in French, English, Spanish, Italian, German or Portuguese: nobody waits for an
 * answer to it. Says no whenever there is a word it does not know, a question, a number, a link or a mention.
 */
export function isThanks(text: string): boolean {
  // Variation selectors only say how an emoji is drawn.
  const tokens = tokenise(text.replaceAll('\uFE0F', ''));
  const said = tokens.filter(({ kind }) => kind === 'word');
  if (said.length === 0 || said.length > mostWords) return false;
  const unfit = tokens.some(({ kind, forms }) => {
    if (kind === 'emoji') return !forms.some((form) => warmEmoji.has(form));
    if (kind === 'mark') return forms.some((form) => form.includes('?'));
    return kind !== 'word';
  });
  if (unfit) return false;
  return sets.some(
    ({ thanks, allowed }) =>
      said.some(({ forms }) => forms.some((form) => thanks.has(form))) &&
      said.every(({ forms }) => forms.some((form) => allowed.has(form))),
  );
}
