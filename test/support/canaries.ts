import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readPlatformSecrets } from '../../local/platform-secrets.ts';
import { platforms } from '../../shared/platforms/registry.ts';

/** A word that stands in the texts which the runs send, and in nothing else. */
export const canary = 'zqkanarie';

/** Below this length the base64 of a text may stand somewhere by chance. */
const longEnough = 8;

/** Finds the lines in which one of the canaries stands: as it is, escaped for JSON or a URL, in hexadecimal, or in base64 wherever it begins. */
export function leakScanner(canaries: readonly string[]): (lines: Iterable<string>) => string[] {
  const forms = [...new Set(canaries.flatMap(formsOf))];
  return (lines) => [...new Set(lines)].filter((line) => forms.some((form) => line.includes(form)));
}

export function leaks(lines: Iterable<string>, canaries: readonly string[]): string[] {
  return leakScanner(canaries)(lines);
}

/** Throws, with the beginning of each line in which one of the canaries stands. */
export function requireNoLeak(lines: Iterable<string>, canaries: readonly string[]): void {
  const found = leaks(lines, canaries);
  if (found.length === 0) return;
  throw new Error(
    `words or secrets stand in ${found.length} lines: ${found.map((line) => line.slice(0, 200)).join('\n')}`,
  );
}

/** Every line that the functions of an embedded run over `dataDir` wrote, whatever they wrote it to. */
export function loggedLines(dataDir: string): string[] {
  const directory = join(dataDir, 'logs');
  return readdirSync(directory).flatMap((name) => readFileSync(join(directory, name), 'utf8').split('\n'));
}

/** What the platforms sign with in an embedded run over `dataDir`; of a key in several lines each line. */
export function secretsOf(dataDir: string): string[] {
  return platforms.flatMap(({ name }) => {
    const { secrets = [], verifyToken } = readPlatformSecrets(dataDir, name) ?? {};
    return [...secrets, ...(verifyToken === undefined ? [] : [verifyToken])].flatMap(secretLines);
  });
}

/** A secret as it could be found in one line of a log. */
export function secretLines(secret: string): string[] {
  return secret.split('\n').filter((line) => line.length >= longEnough && !line.startsWith('-----'));
}

function formsOf(text: string): string[] {
  const plain = [text, JSON.stringify(text).slice(1, -1), encodeURIComponent(text)];
  if (text.length < longEnough) return plain;
  const bytes = Buffer.from(text);
  // At each of three places in a group of three bytes; the characters that its neighbours take part in are left out.
  const encoded = [0, 1, 2].map((before) => {
    const base64 = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replaceAll('=', '');
    const after = (before + bytes.length) % 3 === 0 ? undefined : -1;
    return base64.slice(before === 0 ? 0 : before + 1, after);
  });
  return [
    ...plain,
    bytes.toString('hex'),
    ...encoded,
    ...encoded.map((form) => form.replace(/\+/g, '-').replace(/\//g, '_')),
  ];
}
