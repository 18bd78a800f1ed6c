import { describe, expect, test } from 'vitest';
import { chatwoot } from '../../shared/platforms/chatwoot.ts';
import { discord } from '../../shared/platforms/discord.ts';
import { freshchat } from '../../shared/platforms/freshchat.ts';
import { linkedin } from '../../shared/platforms/linkedin.ts';
import { meta } from '../../shared/platforms/meta.ts';
import type { Platform } from '../../shared/platforms/platform.ts';
import { slack } from '../../shared/platforms/slack.ts';
import { standardWebhooks } from '../../shared/platforms/standard-webhooks.ts';
import { telegram } from '../../shared/platforms/telegram.ts';
import { tiktok } from '../../shared/platforms/tiktok.ts';
import { trustpilot } from '../../shared/platforms/trustpilot.ts';
import { x } from '../../shared/platforms/x.ts';
import { zendesk } from '../../shared/platforms/zendesk.ts';
import { fixtureBytes } from './fixture.ts';

const words: readonly (readonly [string, string])[] = [
  ['emoji of several code points', 'où ? 👩‍👩‍👧‍👦 🇫🇷 👍🏽'],
  ['right-to-left text', 'أين طلبي؟ \u200f№ 123'],
  ['ten thousand characters', 'Warum? '.repeat(1_500)],
  ['a null character', 'before\u0000after'],
  ['a lone surrogate', 'cut \ud83d here'],
  ['space at both ends', '  \n untrimmed \t'],
];

/** Payloads with one text field, and the words in it that a test replaces. */
const payloads: readonly (readonly [Platform, string, string])[] = [
  [chatwoot, 'incoming.json', '¿Hola?'],
  [discord, 'lobby-message.json', 'the shop took my coins twice'],
  [freshchat, 'by-user.json', "Ciao,\ndov'è il pacco?"],
  [linkedin, 'comment-for-two-administrators.json', 'Toujours aucune nouvelle de mon colis…'],
  [meta, 'comment.json', 'Encore en retard'],
  [slack, 'edited.json', 'new words'],
  [standardWebhooks, 'created.json', ' No puedo entrar '],
  [telegram, 'edited.json', 'corrigé'],
  [tiktok, 'comment-reply-insert.json', 'Same here, still waiting 😤'],
  [trustpilot, 'created.json', 'Llegó roto y nadie responde.'],
  [x, 'activity-dm.json', 'hi'],
  [zendesk, 'message-by-customer.json', 'Hallo?'],
];

describe.each(payloads)('$name', (platform, file, written) => {
  test.each(words)('keeps %s as written', (_, text) => {
    const payload = fixtureBytes(platform, file).toString();
    // TikTok writes its content as JSON inside a JSON string.
    const inBody = (part: string) => (platform === tiktok ? escaped(escaped(part)) : escaped(part));
    const body = payload.replaceAll(inBody(written), () => inBody(text));
    const result = platform.read(Buffer.from(body), { pathAccount: undefined }, {});
    const texts = result.kind === 'events' ? result.events.map((event) => event.text) : [result.detail];
    const title = platform === trustpilot ? 'Decepción\n' : '';
    expect(texts).toEqual([title + text]);
  });
});

function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
