import { describe, expect, test } from 'vitest';
import { isThanks } from '../../shared/domain/thanks.ts';

describe('nothing but thanks', () => {
  test.each([
    'Merci',
    'Merci beaucoup !!! 🙏',
    'Super, merci à vous et bonne journée',
    'MERCI POUR VOTRE RÉPONSE',
    'Parfait merci 😊',
    'Au revoir et merci',
    'Thanks!',
    'Thank you so much for your help, have a great day',
    'thx ❤️',
    'Muchas gracias por su ayuda',
    '¡Gracias! Un saludo',
    'Grazie mille, buona giornata',
    'Va bene, grazie',
    'Vielen Dank für Ihre Hilfe',
    'Danke schön und einen schönen Abend',
    'Obrigada pela ajuda, bom dia!',
    'Muito obrigado 👍',
  ])('%s', (text) => {
    expect(isThanks(text)).toBe(true);
  });
});

describe('more than thanks, or something else', () => {
  test.each([
    '',
    '👍',
    'ok',
    'Merci de me répondre rapidement',
    'Merci d’avance',
    'Merci pour rien',
    'Merci, mais mon colis n’est toujours pas là',
    'Merci 😡',
    'Merci ?',
    'Merci @marie',
    'Merci, commande 123456',
    'Thanks for nothing',
    'Thank you. When will it arrive?',
    'Thanks in advance',
    'Gracias pero sigue sin funcionar',
    'Grazie, ma il pacco è rotto',
    'Danke, aber das Kleid ist noch nicht da',
    'Obrigado, mas ainda não recebi',
    'Bonjour',
    'Nein danke',
    `Merci ${'beaucoup '.repeat(20)}`,
    'merci https://example.com',
  ])('%s', (text) => {
    expect(isThanks(text)).toBe(false);
  });
});
