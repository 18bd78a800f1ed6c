import type { Platform, WebhookRequest } from '../shared/platforms/platform.ts';
import { readPlatformSecrets } from './platform-secrets.ts';
import { readRunUrl } from './run.ts';

/** What a person did wrong or must do first, in one line; shown without a stack trace. */
export class WebhookClientError extends Error {
  override name = 'WebhookClientError';
}

/** The address of the run over a data directory. @throws WebhookClientError when none is running. */
export function runningAt(dataDir: string): string {
  const url = readRunUrl(dataDir);
  if (url === undefined) throw new WebhookClientError(`Nothing runs over ${dataDir}. Start it first: npm start`);
  return url;
}

/**
 * Posts a body to the run over `dataDir`, signed at `now` as the platform would sign it, and gives the answer's status and text.
 * @throws WebhookClientError when nothing runs there.
 */
export async function postSigned(
  platform: Platform,
  body: Uint8Array,
  { dataDir, account, now }: { dataDir: string; account: string | undefined; now: Date },
): Promise<{ status: number; text: string }> {
  const base = runningAt(dataDir);
  const secrets = readPlatformSecrets(dataDir, platform.name);
  if (secrets === undefined) {
    throw new WebhookClientError(`The run over ${dataDir} does not know ${platform.name}.`);
  }
  const request: WebhookRequest = {
    method: 'POST',
    url: `${base}/webhooks/${platform.name}${account === undefined ? '' : `/${encodeURIComponent(account)}`}`,
    headers: {
      'content-type': body[0] === 0x7b || body[0] === 0x5b ? 'application/json' : 'application/x-www-form-urlencoded',
    },
    body,
    pathAccount: account,
  };
  const headers = { ...request.headers, ...platform.sign(request, secrets, now) };
  try {
    const answer = await fetch(request.url, { method: 'POST', headers, body: Buffer.from(body) });
    return { status: answer.status, text: await answer.text() };
  } catch (cause) {
    throw new WebhookClientError(`Nothing answers at ${base}. Start it first: npm start`, { cause });
  }
}
