import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { InboundEvent } from '../../shared/domain/inbound-event.ts';
import type { Platform, ReadResult } from '../../shared/platforms/platform.ts';
import { platformsOwnId } from '../../shared/platforms/reading.ts';
import { platformNamed, platforms } from '../../shared/platforms/registry.ts';

export const usage = 'vigie read --platform P [--account A] FILE…';

/**
 * What a payload would do: `yes` it holds messages that may open or extend a case and nothing else, `fetch` such messages come without
 * their text, `no` nothing in it may become a case, `mixed` several of these, `handshake` it is answered and that is all.
 */
export type Verdict = 'yes' | 'fetch' | 'no' | 'mixed' | 'handshake';

/**
 * `vigie read`: prints what a platform's adapter reads out of each file (a body as it came over the wire), one JSON line per file. The
 * exit code is 1 when a file cannot be opened or an argument is wrong; the other files are printed all the same.
 */
export async function run(args: readonly string[]): Promise<number> {
  const options = optionsIn(args);
  if (typeof options === 'string') {
    console.error(options);
    return 1;
  }
  let exitCode = 0;
  for (const file of options.files) {
    const body = await readFile(file).catch(() => undefined);
    if (body === undefined) {
      console.error(`read: ${file} cannot be opened: give the path of a file that holds one body`);
      exitCode = 1;
      continue;
    }
    const result = options.platform.read(body, { pathAccount: options.account }, {});
    if (result.kind === 'malformed') console.error(`read: ${file}: ${result.detail}`);
    console.log(JSON.stringify({ file, ...describeResult(result) }));
  }
  return exitCode;
}

function optionsIn(args: readonly string[]) {
  let parsed: ReturnType<typeof parseReadArgs>;
  try {
    parsed = parseReadArgs(args);
  } catch (error) {
    return `read: ${error instanceof Error ? error.message : 'wrong arguments'}; ${usage}`;
  }
  const { values, positionals } = parsed;
  if (values.platform === undefined || positionals.length === 0) return `read: nothing to read; ${usage}`;
  const platform = platformNamed(values.platform);
  if (platform === undefined) return unknownPlatform('read', values.platform);
  return { platform, account: values.account, files: positionals };
}

function parseReadArgs(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: { platform: { type: 'string' }, account: { type: 'string' } },
    allowPositionals: true,
  });
}

/** One line that says which platforms there are. */
export function unknownPlatform(command: string, name: string): string {
  return `${command}: unknown platform ${name}; known are ${platforms.map((one: Platform) => one.name).join(', ')}`;
}

/**
 * The verdict on a body and what was read out of it, as `vigie read` prints them; what the platform does not tell is null. A body that is
 * refused with 400 is ignored as `malformed`.
 */
export function describeResult(result: ReadResult) {
  if (result.kind === 'malformed')
    return { verdict: 'no' satisfies Verdict, events: [], ignored: [{ reason: 'malformed' }] };
  return {
    verdict: verdictOn(result),
    events: result.events.map((event) => ({
      type: event.type,
      messageId: platformsOwnId(event),
      accountId: event.accountId,
      channel: event.channel,
      authorId: event.author.id ?? null,
      conversation: event.thread,
      text: event.text,
      postedAt: event.postedAt ?? null,
    })),
    ignored: result.ignored.map(({ reason }) => ({ reason })),
  };
}

function verdictOn({ events, ignored }: Extract<ReadResult, { kind: 'events' }>): Verdict {
  const kinds = new Set([...events.map(kindOf), ...ignored.map(() => 'no' as const)]);
  if (ignored.some(({ reason }) => reason === 'handshake')) return 'handshake';
  const [only = 'no', another] = kinds;
  return another === undefined ? only : 'mixed';
}

function kindOf({ type }: InboundEvent): 'yes' | 'fetch' | 'no' {
  if (type === 'message_received') return 'yes';
  return type === 'fetch_needed' ? 'fetch' : 'no';
}
