import { chatwoot } from './chatwoot.ts';
import { discord } from './discord.ts';
import { freshchat } from './freshchat.ts';
import { googleBusiness } from './google-business.ts';
import { intercom } from './intercom.ts';
import { linkedin } from './linkedin.ts';
import { mastodon } from './mastodon.ts';
import { meta } from './meta.ts';
import type { Platform } from './platform.ts';
import { slack } from './slack.ts';
import { standardWebhooks } from './standard-webhooks.ts';
import { telegram } from './telegram.ts';
import { tiktok } from './tiktok.ts';
import { trustpilot } from './trustpilot.ts';
import { twilio } from './twilio.ts';
import { x } from './x.ts';
import { youtube } from './youtube.ts';
import { zendesk } from './zendesk.ts';

/** Every platform that Vigie knows: adding one is a file, a folder of fixtures, and a line here. */
export const platforms: readonly Platform[] = [
  meta,
  x,
  twilio,
  telegram,
  linkedin,
  tiktok,
  youtube,
  trustpilot,
  googleBusiness,
  slack,
  discord,
  intercom,
  zendesk,
  chatwoot,
  freshchat,
  mastodon,
  standardWebhooks,
];

const byName = new Map(
  platforms.flatMap((platform) => [platform.name, ...platform.aliases].map((name) => [name, platform] as const)),
);

/** The platform of that name or alias, in any case; `undefined` for a stranger. */
export function platformNamed(name: string): Platform | undefined {
  return byName.get(name.toLowerCase());
}
