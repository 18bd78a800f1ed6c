import { readdirSync, readFileSync } from 'node:fs';
import type { InboundEvent } from '../../shared/domain/inbound-event.ts';
import type { Platform, WebhookRequest } from '../../shared/platforms/platform.ts';

/** The bytes of one of the project's own payloads, `test/fixtures/<platform>/<file>`. */
export function fixtureBytes(platform: Platform, file: string): Buffer {
  return readFileSync(new URL(`../fixtures/${platform.name}/${file}`, import.meta.url));
}

export function fixtureFiles(platform: Platform): string[] {
  return readdirSync(new URL(`../fixtures/${platform.name}/`, import.meta.url)).sort();
}

/** The events and the reasons for the rest that a platform reads out of one of its payloads; fails when it reads none at all. */
export function readFixture(
  platform: Platform,
  file: string,
  pathAccount?: string,
): { events: readonly InboundEvent[]; reasons: readonly string[] } {
  const result = platform.read(fixtureBytes(platform, file), { pathAccount }, {});
  if (result.kind === 'malformed') throw new Error(`${file}: ${result.detail}`);
  return { events: result.events, reasons: result.ignored.map(({ reason }) => reason) };
}

export function postOf(body: Uint8Array | string): WebhookRequest {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  return {
    method: 'POST',
    url: 'https://hooks.example.com/webhooks',
    headers: {},
    body: bytes,
    pathAccount: undefined,
  };
}

export function getOf(url: string): WebhookRequest {
  return { method: 'GET', url, headers: {}, body: new Uint8Array(), pathAccount: undefined };
}
