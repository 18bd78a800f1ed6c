import { existsSync, readFileSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { parseArgs } from 'node:util';
import type { Platform } from '../../shared/platforms/platform.ts';
import { platformNamed, platforms } from '../../shared/platforms/registry.ts';
import { postSigned } from '../webhook-client.ts';
import { reportUsage, UsageError } from './usage.ts';

export const usage = 'vigie send FILE [--platform P] [--account A] [--data DIR]';
const fixtures = resolve(import.meta.dirname, '..', '..', 'test', 'fixtures');

/**
 * `vigie send`: signs a payload, byte for byte as it is, as its platform would, and posts it to the run over `--data`. FILE is a path, or a path inside
 * `test/fixtures`; the platform is told by a folder in it unless `--platform` says it.
 */
export function run(args: readonly string[]): Promise<number> {
  return reportUsage(async () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        platform: { type: 'string' },
        account: { type: 'string' },
        data: { type: 'string', default: '.vigie' },
      },
    });
    const [name, ...others] = positionals;
    if (name === undefined || others.length > 0) throw new UsageError(`send takes one file: ${usage}`);
    const file = [name, join(fixtures, name), join(fixtures, `${name}.json`)].find((path) => existsSync(path));
    if (file === undefined) throw new UsageError(`${name} is no file, here or in test/fixtures`);
    const platform = platformOf(values.platform, file);
    const body = readFileSync(file);
    const { status, text } = await postSigned(platform, body, {
      dataDir: values.data,
      account: values.account,
      now: new Date(),
    });
    console.log(`${platform.name} ← ${status}${text === '' ? '' : ` ${text}`}`);
    describe(platform, body, values.account);
    return status === 200 ? 0 : 1;
  });
}

function platformOf(asked: string | undefined, file: string): Platform {
  if (asked !== undefined) {
    const platform = platformNamed(asked);
    if (platform !== undefined) return platform;
    throw new UsageError(`no platform is called ${asked}; there are: ${platforms.map(({ name }) => name).join(', ')}`);
  }
  const folders = resolve(file).split(sep).reverse();
  const told = folders.map(platformNamed).find((platform) => platform !== undefined);
  if (told === undefined) throw new UsageError(`which platform sends ${file}? add --platform P`);
  return told;
}

/** Says what was in it, and warns of messages so old that their promises are broken on arrival. */
function describe(platform: Platform, body: Uint8Array, account: string | undefined): void {
  const read = platform.read(body, { pathAccount: account }, {});
  if (read.kind === 'malformed') {
    console.log(`malformed: ${read.detail}`);
    return;
  }
  const ignored = read.ignored.map(({ reason }) => reason);
  console.log(
    `read as ${read.events.length === 0 ? 'nothing' : read.events.map(({ type, messageId }) => `${type} ${messageId}`).join(', ')}${
      ignored.length === 0 ? '' : `; ignored: ${ignored.join(', ')}`
    }`,
  );
  const oldest = read.events.flatMap(({ postedAt }) => postedAt ?? []).sort()[0];
  if (oldest !== undefined && Date.now() - Date.parse(oldest) > 3_600_000) {
    console.log(
      `written ${new Date(oldest).toLocaleString('en-GB')}: clocks run from then, so that a breach may be told at once`,
    );
  }
}
