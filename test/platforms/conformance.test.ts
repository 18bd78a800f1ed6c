import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { describeResult } from '../../local/commands/read.ts';
import { judgeVectors } from '../../local/commands/verify.ts';
import { platformNamed, platforms } from '../../shared/platforms/registry.ts';

/** Sample payloads with the result that each must give; they lie beside the project, not in it. */
const folder = new URL('../../../shared/fixtures/', import.meta.url);
const isThere = existsSync(new URL('index.json', folder));

const indexSchema = z.array(
  z.object({
    file: z.string(),
    platform: z.string(),
    case: z.enum(['yes', 'no', 'fetch', 'mixed', 'handshake']),
    id: z.string().nullable(),
    tenant: z.string().nullable(),
  }),
);

/** Entries in which the index says something else than the payload and the contract do. */
const disputed: ReadonlyMap<string, string> = new Map([
  ['meta-whatsapp/message-emoji.json', 'indexed as a text with an emoji, but its type is reaction'],
  ['linkedin/comment-second-admin.json', 'a second delivery: alone it is a message, its key makes it a twin'],
]);

const fixtures = isThere ? indexSchema.parse(JSON.parse(readFileSync(new URL('index.json', folder), 'utf8'))) : [];
const byPlatform = [...Map.groupBy(fixtures, ({ platform }) => platform)];

const where = isThere ? '' : ' (SKIPPED: ../shared/fixtures is not there)';

describe.skipIf(!isThere)(`every sample payload gives its stated result${where}`, () => {
  test('there are some of every platform', () => {
    const covered = new Set(byPlatform.map(([name]) => platformNamed(name)));
    expect(platforms.filter((platform) => !covered.has(platform))).toEqual([]);
  });

  test.each(byPlatform)('%s', (name, entries) => {
    const wrong = entries.flatMap((entry) => {
      const problem = problemOf(entry);
      return disputed.has(entry.file) === (problem === undefined) ? [`${entry.file}: ${problem ?? 'no dispute'}`] : [];
    });
    expect(wrong).toEqual([]);
    console.log(`${name}: ${entries.length} payloads`);
  });
});

type Entry = z.infer<typeof indexSchema>[number];

function problemOf(entry: Entry): string | undefined {
  const platform = platformNamed(entry.platform);
  if (platform === undefined) return 'unknown platform';
  const result = platform.read(readFileSync(new URL(entry.file, folder)), { pathAccount: 'by-path' }, {});
  const { verdict, events } = describeResult(result);
  if (verdict !== entry.case) return `${verdict} instead of ${entry.case}`;
  const messages = events.filter(({ type }) => type === 'message_received' || type === 'fetch_needed');
  const stated = { ids: valuesIn(entry.id), tenants: valuesIn(entry.tenant) };
  for (const { messageId } of entry.case === 'mixed' ? messages : events) {
    if (stated.ids.length > 0 && !stated.ids.includes(messageId)) return `id ${messageId} instead of ${entry.id}`;
  }
  for (const { accountId } of events) {
    if (stated.tenants.length > 0 && !stated.tenants.includes(accountId)) {
      return `account ${accountId} instead of ${entry.tenant}`;
    }
  }
  const batches = new Map([['meta-facebook/constructed-batch-two-pages.wire.json', 2]]);
  const expected = entry.case === 'no' || entry.case === 'handshake' ? 0 : (batches.get(entry.file) ?? 1);
  return messages.length === expected ? undefined : `${messages.length} messages instead of ${expected}`;
}

/** The values in an id or tenant of the index, which may say in words around them, or instead of them, where they come from. */
function valuesIn(stated: string | null): string[] {
  const words = (stated ?? '').split(/[\s,;()]+/);
  return words.length === 1 || words.some((word) => /\d/.test(word)) ? words.filter((word) => !isFieldName(word)) : [];
}

function isFieldName(word: string): boolean {
  return word === '' || /^(user_openid|data\.message\.app_id|VIDEO_ID)$/.test(word);
}

test.skipIf(!isThere)(`every signature vector verifies or fails as stated${where}`, async () => {
  const { results, problems } = await judgeVectors(new URL('signature-vectors.json', folder).pathname);
  expect(results.filter(({ expected, got }) => expected !== got)).toEqual([]);
  expect(results.length).toBeGreaterThan(0);
  // A vector of which the body was not handed over cannot be judged.
  expect(problems.filter((problem) => !problem.endsWith('cannot be opened'))).toEqual([]);
  console.log(`${results.length} vectors, ${problems.length} without their body`);
});
