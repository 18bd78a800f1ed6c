import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compilePolicy, formatProblems } from '../../infra/compile-policy.ts';
import { eldLanguageDetector } from '../../shared/adapters/eld-language.ts';
import type { Assessment } from '../../shared/domain/assessment.ts';
import type { InboundEvent } from '../../shared/domain/inbound-event.ts';
import { createPrequalifier } from '../../shared/domain/prequalify.ts';
import { createRouter } from '../../shared/domain/routing.ts';

const compiled = compilePolicy(fileURLToPath(new URL('../../policy', import.meta.url)));
if (!compiled.ok) throw new Error(formatProblems(compiled.problems));
const { policy } = compiled;
const account = policy.accounts.find(({ id, purpose }) => id !== '*' && purpose === 'after_sales');
if (account === undefined) throw new Error('the policy lists no after-sales account');
const prequalify = createPrequalifier(policy, eldLanguageDetector());
const router = createRouter(policy);

function messageOf(text: string, language: string | undefined, isPublic = true): InboundEvent {
  return {
    type: 'message_received',
    platform: 'test',
    channel: account?.channel ?? '',
    accountId: account?.id ?? '',
    messageId: '1',
    thread: '1',
    author: {},
    public: isPublic,
    text,
    ...(language === undefined ? {} : { language }),
  };
}

function assess(text: string, language?: string, isPublic = true): Assessment {
  return prequalify(messageOf(text, language, isPublic));
}

function reasonsIn(text: string, language: string): readonly string[] {
  return router.decide(messageOf(text, language), assess(text, language)).reasons;
}

describe('a reason is heard however it is written', () => {
  test.each([
    ['a plain word', 'fr', "C'est une arnaque, votre site ment", 'rumour_or_fraud_accusation'],
    ['a word form', 'fr', 'Vous avez arnaqué ma voisine', 'rumour_or_fraud_accusation'],
    ['missing accents', 'fr', 'La creme a brule la peau de ma fille, elle est aux urgences', 'safety'],
    ['accents and capitals', 'fr', 'JE VAIS PORTER PLAINTE, ÉCŒURÉE', 'legal'],
    ['stretched letters', 'en', 'This is a scaaaaaam, you are scammers', 'rumour_or_fraud_accusation'],
    ['a missing apostrophe', 'en', 'I dont feel safe in your store', 'safety'],
    ['a curly apostrophe', 'en', 'I don’t feel safe in your store', 'safety'],
    ['a hashtag in camel case', 'en', 'never going there again #BoycottMaison', 'boycott'],
    ['a hashtag in lower case', 'es', 'qué decepción #boicot', 'boycott'],
    ['a tagged regulator', 'es', 'sigo sin respuesta @CondusefMX', 'legal'],
    ['words glued together', 'en', 'missed my surgeryHELP me please', 'vulnerable_person'],
    ['a phrase of another language', 'fr', 'sérieux, I will sue you', 'legal'],
    [
      'no negation between "not" and another clause',
      'en',
      'No answer, they are scammers',
      'rumour_or_fraud_accusation',
    ],
    ['an injury that is denied is still about injuries', 'en', 'Nobody was injured when the shelf fell', 'safety'],
    ['a child alone', 'de', 'Meine Tochter wurde allein am Bahnhof stehen gelassen', 'vulnerable_person'],
    ['a stolen identity', 'it', 'Hanno clonato la mia carta sul vostro sito', 'data_privacy'],
    ['an accusation in Portuguese', 'pt', 'Vocês são ladrões, fui enganado', 'rumour_or_fraud_accusation'],
    ['the brand by its own name', 'en', 'I say we ditch Maison', 'boycott'],
    ['something found in food', 'en', 'My son bit into the biscuit and there was a tiny screw in it', 'safety'],
    ['an accident in a shop', 'fr', "J'ai glissé dans votre magasin, sol mouillé, poignet cassé", 'safety'],
    ['driving', 'en', 'Your courier nearly ran over my dog doing 50 in a 20', 'safety'],
    ['a deadline and a lawyer', 'de', 'Frist bis Freitag, danach geht die Sache zum Anwalt', 'legal'],
    ['a card that others use', 'de', 'auf meiner karte sind abbuchungen, die ich nie getätigt habe', 'data_privacy'],
    ['advice to stay away', 'de', 'macht lieber einen großen bogen um den laden', 'boycott'],
    ['a fired workforce', 'es', 'Despiden a 200 trabajadores y el director se sube el sueldo', 'brand_or_community'],
    ['somebody else’s data', 'it', 'Vedo gli ordini di un altro cliente nel mio profilo', 'data_privacy'],
    ['a threat', 'en', "If that manager talks to me again I swear I'll break his jaw", 'abuse_or_threat'],
    ['an old mother', 'en', "My mum is 84 and can't reach anyone, her line is dead", 'vulnerable_person'],
    ['a near miss', 'fr', 'Le panneau est tombé à 20 cm près de la poussette, ça aurait pu mal finir', 'safety'],
    ['an age that speaks for itself', 'fr', 'À 87 ans elle monte six étages à pied', 'vulnerable_person'],
    [
      'an advertisement that is loathed',
      'it',
      'Quanta volgarità, appena parte lo spot cambio canale',
      'brand_or_community',
    ],
    ['a gift that nobody wants', 'it', 'Quei biscotti neanche se me li regalano', 'boycott'],
    ['a message that may be forged', 'it', 'Gira su whatsapp un buono da 100 euro, è vero?', 'data_privacy'],
    ['a month without service', 'fr', 'Ça fait un mois que je n’ai plus internet', 'strong_public_anger'],
    ['a hazard told in passing', 'es', 'el chofer venía viendo el celular a 120 por hora', 'safety'],
    ['unequal treatment without the word', 'es', 'no nos dejaron entrar con el perro guía', 'discrimination'],
    ['a call to leave', 'es', 'yo en su lugar me iba a otra compañía, ni se acerquen', 'boycott'],
    ['a door that shut on somebody', 'en', "The tram doors closed on my daughter's hand", 'safety'],
    ['eyes on an account', 'en', 'Why can I see another customer’s statement in my app?', 'data_privacy'],
    ['hands laid on somebody', 'en', 'Your bouncer grabbed my brother by the neck', 'abuse_or_threat'],
    [
      'a debt of honour',
      'en',
      'We missed our own wedding because of you and I will never forgive this',
      'strong_public_anger',
    ],
    [
      'staked wages',
      'en',
      'I lost my rent money on your site again, please ban me before it gets worse',
      'vulnerable_person',
    ],
    ['money that someone else moved', 'pt', 'meu chip parou e em seguida limparam minha conta', 'data_privacy'],
    ['a shove', 'pt', 'fui empurrada por um funcionário na saída', 'abuse_or_threat'],
    ['a stance', 'en', 'Thank you for standing up for diversity', 'brand_or_community'],
    ['a short form of "is"', 'en', "Glad to see you doing what's right", 'brand_or_community'],
    ['how staff is treated', 'en', 'I work there and we have had no raise in four years', 'brand_or_community'],
    ['money that will be spent elsewhere', 'en', 'Not another dime from this family', 'boycott'],
    [
      'a price that was raised for the sale',
      'en',
      'They mark up the price before the sale',
      'rumour_or_fraud_accusation',
    ],
    ['a newspaper that asks', 'en', 'Laura from the Evening Post here, who can comment?', 'press_or_influencer'],
    ['an accent that is mocked', 'en', 'He mimicked my accent in front of the queue', 'discrimination'],
  ])('%s', (_, language, text, reason) => {
    expect(reasonsIn(text, language)).toContain(reason);
  });
});

describe('what only sounds like a reason is none', () => {
  test.each([
    ['negation', 'fr', "ce n'est pas une arnaque, tout va bien"],
    ['negation with a word between', 'en', 'it is not really a scam, just late'],
    ['hyperbole', 'en', 'I am dying to know when my order ships'],
    ['hyperbole of laughter', 'fr', 'je suis mort de rire, merci'],
    ['hyperbole of hunger', 'es', 'me muero de hambre, ¿cuándo llega el pedido?'],
    ['a broken thing', 'en', 'my phone just died during the update'],
    ['a participle that looks like danger', 'de', 'Wir sind mit dem Zug gefahren, danke'],
    ['air conditioning is no climate', 'de', 'Die Klimaanlage im Laden ist kaputt'],
    ['what hinders traffic hinders no person', 'de', 'Autofahrer müssen mit Behinderungen rechnen'],
    ['an Italian article is no acronym', 'it', 'quando arrivano i colori dei rossetti?'],
    ['being mistaken is not being cheated', 'fr', 'je me suis trompé de taille, comment échanger ?'],
    ['a transaction is no fraud', 'es', 'la transacción no aparece en la app'],
    ['a policy is no politics', 'es', '¿cuál es la política de devoluciones?'],
    ['a seat', 'pt', 'qual o processo para trocar o produto?'],
    ['leaving after bad service', 'en', 'Two hours on hold, never again'],
    ['a brand as a place', 'en', 'The people at the counter were lovely'],
    ['a phone has no mother', 'en', 'The wifi died in the middle of my call'],
    ['a soothing word', 'en', 'Is the hand cream safe for sensitive skin?'],
    ['an accusation that is doubted from afar', 'en', "I'm not saying it's a scam, how do the points work?"],
    ['a phone that died', 'es', 'se me murió el celular en plena llamada jaja'],
    ['an answer that is awaited', 'pt', 'aguardo um posicionamento da empresa sobre a troca'],
    ['a leaking tap', 'pt', 'o vazamento de água da torneira continua, quando vem o técnico?'],
    ['however', 'es', 'sin embargo, el pedido llegó bien'],
    ['a card that expires is no spoilt food', 'it', 'la mia carta è scaduta, quando arriva la nuova?'],
    ['a bill that explodes', 'fr', 'ma facture a explosé ce mois-ci, pourquoi ?'],
    ['a privacy policy is no politics', 'fr', 'où lire votre politique de confidentialité ?'],
    ['an avocado', 'fr', 'un masque à l’avocat mûr, ça existe ?'],
  ])('%s', (_, language, text) => {
    expect(reasonsIn(text, language)).toEqual([]);
  });
});

test('words between quotation marks weigh less than the author’s own', () => {
  const strength = (text: string) => assess(text, 'en').signals[0]?.confidence ?? 0;
  expect(strength('they told me "you are scammers"')).toBeLessThan(strength('they told me you are scammers'));
});

test('emoji tell a feeling and a topic', () => {
  expect(assess('😍😍', 'en').topics.map(({ topic }) => topic)).toContain('praise');
});

describe('tone and merit are judged apart', () => {
  test('an insult with a complaint stays a case, marked abusive', () => {
    const text = 'You idiots, where is my refund? The parcel came back three days ago';
    const assessment = assess(text, 'en');
    expect(assessment).toMatchObject({ abusive: true });
    expect(assessment.noise).toBeUndefined();
    expect(router.decide(messageOf(text, 'en'), assessment).route).toBe('vendor');
  });

  test('an insult with a danger in it is a danger', () => {
    expect(reasonsIn('You morons, the charger caught fire', 'en')).toContain('safety');
  });

  test('an insult alone is set aside', () => {
    expect(assess('idiots', 'en').noise).toBe('pure_insult');
  });
});

describe('what needs no answer', () => {
  test.each([
    ['a link alone', 'https://example.com/a', 'link_only'],
    ['tags alone', '@maisonlune @friend', 'tags_only'],
    ['emoji alone', '🎈', 'letterless'],
    ['nothing', '   ', 'empty'],
    ['a headline that was passed on', 'Maison Lune opens store in Lyon next spring https://example.com/n', 'headline'],
    ['talk that begins with another name', '@leonie see you there on Friday then', 'third_party'],
    ['an answer by an agent', 'We are so sorry to hear this, please DM us your order number. ^JM', 'brand_voice'],
    ['a word that says nothing', 'Jonas Weber', 'fragment'],
    ['advertising', 'Check out my store, use code SAVE20 https://example.com', 'spam'],
  ])('%s', (_, text, noise) => {
    expect(assess(text, 'en').noise).toBe(noise);
  });

  test('a complaint that begins with another name is still a complaint', () => {
    expect(assess('@leonie my order never arrived, worst service', 'en').noise).toBeUndefined();
  });

  test('a mention of the brand makes talk a message to it', () => {
    expect(assess('@leonie see what @MaisonLune posted', 'en').noise).toBeUndefined();
  });

  test.each([
    ['another customer’s words passed on', 'en', 'RT @leonie: watching the game with the boys tonight'],
    [
      'an article',
      'de',
      'Neue Filiale in Kassel: Am Samstag eröffnet die Kette laut Betreiber einen Markt am Rathaus https://example.com/n',
    ],
    ['talk with somebody by name', 'it', 'Paola Rinaldi guarda che avevi ragione tu'],
    ['a circle of friends', 'fr', '@leonie @tom @max pareil, bien dit'],
    ['business news', 'es', 'La cadena anuncia 20 aperturas en 2027 según analistas https://example.com/a'],
  ])('%s is nothing for the brand to do', (_, language, text) => {
    expect(assess(text, language).noise).toBeDefined();
  });

  test.each([
    ['a complaint that names a friend', 'en', '@leonie @tom @max my parcel is lost and @MaisonLune does not answer'],
    ['a complaint with a link', 'fr', 'Mon colis est arrivé cassé https://example.com/photo'],
    ['a question of one’s own', 'es', '¿Puedo cambiar mi pedido? https://example.com/p'],
    ['a danger told among customers', 'de', '@leonie bei mir hat das Ladegerät Feuer gefangen'],
  ])('%s is not set aside', (_, language, text) => {
    expect(assess(text, language).noise).toBeUndefined();
  });

  test('in private nothing short is set aside', () => {
    expect(assess('Jonas Weber', 'en', false).noise).toBeUndefined();
  });

  test('a text in no known language is a doubt, not noise', () => {
    expect(assess('привет как дела сегодня', 'ru')).toMatchObject({ missing: ['language'] });
  });
});

describe('the main matter comes first', () => {
  test.each([
    ['en', 'Where is my order? The tracking has not moved', 'order_delivery'],
    ['en', 'How do I change the size of my booking?', 'how_to'],
    ['en', 'You charged my card twice for one bottle', 'billing'],
    ['fr', 'Je veux être remboursé, le colis est revenu', 'refund_return'],
    ['es', 'La app no funciona, sale un error', 'product_quality'],
    ['de', 'Vielen Dank, super Service!', 'praise'],
    ['it', 'Non riesco ad accedere al mio account, password dimenticata', 'account_access'],
    ['en', 'Would be great if you could add a refill option', 'idea'],
    ['en', 'Your CEO supports Trump, shame on this company', 'community'],
  ])('%s: %s', (language, text, topic) => {
    expect(assess(text, language).topics[0]?.topic).toBe(topic);
  });
});

test('no text makes it throw, and what it says can be stored', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => {
      const { signals, topics } = assess(text);
      for (const { confidence } of [...signals, ...topics]) expect(confidence).toBeGreaterThanOrEqual(0);
    }),
    { numRuns: 200 },
  );
});
