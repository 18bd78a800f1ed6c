import { readFile, writeFile } from 'node:fs/promises';
import type { Platform } from '../../shared/platforms/platform.ts';
import { platforms } from '../../shared/platforms/registry.ts';

export const usage = 'vigie platforms-doc [--check]';

const page = new URL('../../docs/platforms.md', import.meta.url);

/**
 * Writes docs/platforms.md from what each platform says about itself; with `--check`, only says whether the page is current. The exit code
 * is 1 when it is not, or when an argument is unknown.
 */
export async function run(args: readonly string[]): Promise<number> {
  const unknown = args.find((arg) => arg !== '--check');
  if (unknown !== undefined) {
    console.error(`platforms-doc: unknown argument ${unknown}; ${usage}`);
    return 1;
  }
  const current = await readFile(page, 'utf8').catch(() => '');
  const wanted = platformsPage(platforms);
  if (current === wanted) {
    console.log('docs/platforms.md is current');
    return 0;
  }
  if (args.includes('--check')) {
    console.error('docs/platforms.md is not current: run `npm run -s vigie -- platforms-doc`');
    return 1;
  }
  await writeFile(page, wanted);
  console.log('docs/platforms.md written');
  return 0;
}

/** The page as Markdown, platforms in the order of their titles. */
export function platformsPage(all: readonly Platform[]): string {
  const sorted = [...all].sort((a, b) => a.about.title.localeCompare(b.about.title, 'en'));
  return [introduction, ...sorted.map(sectionOf), fetching, polling, addingOne].join('\n');
}

const introduction = `# Platforms

What each platform must be told, what it then delivers, and what it does not. This page is written by
\`npm run -s vigie -- platforms-doc\` from the platforms' own descriptions in \`shared/platforms/\`; change it there.

The webhook URL of every platform is \`https://<host>/webhooks/<name>\`, or \`https://<host>/webhooks/<name>/<account>\` where
the payload does not say which account it is about. Its secrets are one JSON document in Secrets Manager; \`secrets\` in it is a list,
and holds two values while one replaces the other. A call without a valid signature is answered with 401 (WebSub: with 202, as it asks) and stored nowhere.
`;

function sectionOf({ name, about }: Platform): string {
  return `## ${about.title}

Name: \`${name}\`

- **Configure.** ${about.configure}
- **Becomes a case.** ${about.becomesCase}
- **Not seen.** ${about.notSeen}
- **Secrets.** ${about.secrets}
`;
}

const fetching = `## Words that are fetched

Some webhooks carry ids only: mentions on Instagram, TikTok and (in their old form) Facebook, comments on Facebook reviews, Google reviews.
Their words are asked from the platform's API before anything is decided. The tokens are one JSON document in the secret
\`vigie/<stage>/api-tokens\`; a platform that is left out is not asked.

\`\`\`json
{
  "meta": { "token": "of a system user", "accounts": { "<page id>": "of that page" }, "appId": "of the app", "appSecret": "of the app" },
  "google": { "clientId": "…", "clientSecret": "…", "refreshToken": "with the scope business.manage" },
  "tiktok": { "accounts": { "<user_openid>": "of that account" } },
  "youtube": { "token": "an API key" }
}
\`\`\`

- Without a token the message goes in-house unread, with the doubt \`text_not_read\`: no outsourced desk gets it.
- While the API is down, slow or asks for a pause (\`Retry-After\`, Meta's usage headers), the message stays in the queue. After a quarter of an
  hour it goes in-house unread.
- When the API refuses (a token that ended, a permission that is missing, something that is not there), the message is parked with the
  reason; see \`records-parked\` in the runbook. When the API says that the message is gone, there is no case.
- Once a day Meta and Google are asked how long a token holds; see \`token-ends\` in the runbook. Meta tells it of every token to the app itself (\`appId\` and
  \`appSecret\`), else only of tokens of the app's own people.
- The log entry \`words_fetched\` says for each message what came of it.
`;

const polling = `## What is polled

Every five minutes \`poll-accounts\` reads, for each account of \`policy/accounts.yaml\` that has a token in \`vigie/<stage>/api-tokens\`, what was
written since it was last read. An account without a token is not polled. The first run of an account only notes where it begins.

| channel | read | behind by | permissions |
| --- | --- | --- | --- |
| facebook | \`/<page>/feed\`: the 25 latest posts, visitors' among them, and the comments below them | 10 min | \`pages_read_engagement\`, \`pages_read_user_content\` |
| messenger | \`/<page>/conversations\` | 10 min | \`pages_messaging\` |
| instagram | \`/<account>/media\`: the comments below the 25 latest media, with their replies | 10 min | \`instagram_basic\`, \`instagram_manage_comments\` |
| youtube | \`commentThreads.list\`, one unit of 10,000 a day for each call | 1 min | an API key |

- What is read goes on the intake queue as if a webhook had told it, under the same id: what came both ways is one case.
- Where there is a webhook, a message that the poll brings first, ten minutes after it was written, is logged as \`message_repaired\`. That count
  measures lost webhooks; see \`messages-repaired\` in the runbook.
- A run makes at most twelve calls for an account. What it does not reach is left to the next run, which may make up to thirty, more the further it is
  behind; only what thirty calls or a day do not reach is left out. Both are logged as \`poll_failed\`. After a limit or an outage the platform is
  left alone for as long as it asks, or five minutes, and nothing is lost by that.
- YouTube shows comments late that were held for review: each run looks again at the last ten minutes before its checkpoint.
- Private messages on Instagram are not polled: they can be read through the Facebook page that the account belongs to only.
- \`apiUrl\` beside a token asks another address than the platform's: a gateway of your own, or a server in a test.
`;

const addingOne = `## Adding a platform

1. One file, \`shared/platforms/<name>.ts\`: how a call is verified and read, how a handshake is answered, and the descriptions above.
   Nothing of a platform stands outside its file.
2. One folder, \`test/fixtures/<name>/\`: payloads of made-up people, with a test beside the others in \`test/platforms/\`.
3. One line in \`shared/platforms/registry.ts\`. The routes, the commands, the secrets of the deployed stack and this page follow from it.
`;
