import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { fireTimers } from '../../functions/fire-timers/handler.ts';
import { recordOutcomes } from '../../functions/record-outcomes/handler.ts';
import { triageMessages } from '../../functions/triage-messages/handler.ts';
import { compilePolicy } from '../../infra/compile-policy.ts';
import { ConfigurationError, parseSettings } from '../../infra/settings.ts';
import { createPrequalifier } from '../../shared/domain/prequalify.ts';
import { redact } from '../../shared/domain/redact.ts';
import { createRouter } from '../../shared/domain/routing.ts';
import { isThanks } from '../../shared/domain/thanks.ts';
import { htmlToText } from '../../shared/platforms/html-text.ts';
import { platforms } from '../../shared/platforms/registry.ts';
import { inboundMessage, noonPlus } from '../support/samples.ts';
import { batchOf, World } from '../support/world.ts';

const policyDir = join(import.meta.dirname, '..', '..', 'policy');
/** Far above what any of this takes on a busy machine, far below what an exponential or quadratic reader would. */
const longestMs = 5_000;

function timed<Result>(work: () => Result): { result: Result; ms: number } {
  const started = performance.now();
  const result = work();
  return { result, ms: performance.now() - started };
}

function nested(open: string, close: string, depth: number): Buffer {
  return Buffer.from(`${open.repeat(depth)}1${close.repeat(depth)}`);
}

const bodies: readonly (readonly [string, Buffer])[] = [
  ['lists 100,000 deep', nested('[', ']', 100_000)],
  ['objects 50,000 deep', nested('{"entry":', '}', 50_000)],
  ['lists that never end', Buffer.from('['.repeat(200_000))],
  ['a text of 4 MB', Buffer.from(JSON.stringify({ object: 'page', entry: 'a'.repeat(4_000_000) }))],
  ['a number of 200,000 digits', Buffer.from(`{"object":"page","entry":[{"id":${'9'.repeat(200_000)}}]}`)],
  [
    '50,000 names',
    Buffer.from(`{${Array.from({ length: 50_000 }, (_, index) => `"k${index}":1`).join()},"object":"page"}`),
  ],
  ['50,000 entries', Buffer.from(`{"object":"page","entry":[${'{},'.repeat(49_999)}{}]}`)],
  ['bytes that are no text', Buffer.alloc(200_000, 0xff)],
  ['markup 50,000 deep', Buffer.from(`${'<a>'.repeat(50_000)}`)],
  [
    'entities that name each other',
    Buffer.from('<!DOCTYPE a [<!ENTITY b "&c;&c;"><!ENTITY c "&b;&b;">]><feed>&b;</feed>'),
  ],
];

describe.each(platforms.map((platform) => [platform.name, platform] as const))('the reader of %s', (_, platform) => {
  test.each(bodies)('survives %s', (__, body) => {
    const { result, ms } = timed(() => platform.read(body, { pathAccount: 'one' }, {}));
    expect(['events', 'malformed']).toContain(result.kind);
    expect(ms).toBeLessThan(longestMs);
  });
});

const pollution = '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}';

test('names that JavaScript gives a meaning change nothing but their own message', async () => {
  const world = new World();
  const event = { ...inboundMessage('m1', 'Where is my parcel'), ...JSON.parse(pollution) };
  const body = JSON.stringify({ receivedAt: noonPlus(1), events: [event] }).replace(
    '"author":{',
    '"author":{"__proto__":{"polluted":true},',
  );
  await triageMessages(batchOf(body, pollution), world.dependencies);
  await recordOutcomes(
    batchOf(pollution, `{"caseId":"__proto__","id":"constructor","desk":"__proto__"}`),
    world.dependencies,
  );
  await fireTimers(batchOf(pollution, `{"caseId":"__proto__","clock":"constructor","dueAt":"toString"}`), {
    ...world.dependencies,
    waitUntil: async () => {},
  });
  for (const platform of platforms)
    platform.read(Buffer.from(pollution), { pathAccount: '__proto__' }, JSON.parse(pollution));
  expect(Reflect.get({}, 'polluted')).toBeUndefined();
  expect(world.deskMessages()).toHaveLength(1);
});

test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('a desk called %s is nobody', async (desk) => {
  const world = new World();
  const outcome = {
    id: 'o1',
    type: 'claimed',
    caseId: `${'0'.repeat(20)}-${'0'.repeat(10)}-1`,
    offerId: 'x',
    fence: 1,
    desk,
    at: noonPlus(1),
  };
  expect(await recordOutcomes(batchOf(outcome), world.dependencies)).toEqual({ batchItemFailures: [] });
  expect(world.parked()).toHaveLength(1);
});

describe('a text made to be slow', () => {
  const compiled = compilePolicy(policyDir);
  if (!compiled.ok) throw new Error('the policy does not compile');
  const assess = createPrequalifier(compiled.policy, { detect: () => ({ code: 'en', confidence: 1 }) });
  const router = createRouter(compiled.policy);
  const parts = [
    'a',
    ' ',
    '0',
    '0 ',
    '+33 6 ',
    '(',
    '.-',
    'a@',
    'a@a.',
    '@',
    '#',
    'http://',
    'http://a.',
    '\u{200d}',
    '👩‍👩‍👧',
    'é\u{301}',
    'Aa ',
    'rue de la ',
    '1 rue ',
    'FR76 3000 ',
    '4111 1111 ',
    'my name is ',
    'Mr. ',
    '\n',
    '-- \n',
    'not ',
    "n't ",
    '&amp;',
    '<',
    '<!--',
    '&#',
    'thanks ',
    '﷽',
  ];
  const readers: readonly (readonly [string, (text: string) => unknown])[] = [
    ['redaction', redact],
    ['thanks', isThanks],
    ['markup', htmlToText],
    ['triage', (text) => router.decide(inboundMessage('m1', text), assess(inboundMessage('m1', text)))],
  ];

  test.each(readers)('takes %s no more than in proportion', (_, read) => {
    for (const part of parts) {
      const text = part.repeat(Math.ceil(50_000 / part.length));
      const { ms } = timed(() => read(text));
      expect(ms, JSON.stringify(part)).toBeLessThan(longestMs);
    }
  });
});

describe('a policy file made to do harm', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'vigie-hostile-'));
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  /** The policy of the project in one language and without examples: files of it are replaced many times. */
  const plain = join(scratch, 'plain');
  cpSync(policyDir, plain, {
    recursive: true,
    filter: (path) => !path.includes('lexicons') || /lexicons$|lexicons.(any|en)\.yaml$/.test(path),
  });
  const routing = readFileSync(join(plain, 'routing.yaml'), 'utf8');
  writeFileSync(join(plain, 'routing.yaml'), routing.slice(0, routing.search(/^examples:/m)));

  /** What is said of that policy with one of its files replaced. */
  function problemsWith(file: string, content: string): readonly string[] {
    const dir = mkdtempSync(join(scratch, 'policy-'));
    cpSync(plain, dir, { recursive: true });
    writeFileSync(join(dir, file), content);
    const { result, ms } = timed(() => compilePolicy(dir));
    expect(ms).toBeLessThan(longestMs);
    return result.ok ? [] : result.problems.map((problem) => `${problem.file}:${problem.line} ${problem.message}`);
  }

  test('is told from one that does none', () => {
    expect(compilePolicy(plain)).toMatchObject({ ok: true });
  });

  const bomb = Array.from(
    { length: 12 },
    (_, level) =>
      `a${level}: &a${level} [${Array.from({ length: 10 }, () => (level === 0 ? 'lol' : `*a${level - 1}`)).join(', ')}]`,
  ).join('\n');
  test.each([
    ['aliases that multiply', bomb],
    ['lists 20,000 deep', `desks: ${'['.repeat(20_000)}${']'.repeat(20_000)}`],
    ['a tag that asks for code', 'desks: !!js/function "function () { process.exit(1) }"'],
    [
      'names that JavaScript gives a meaning',
      '__proto__: { polluted: true }\nconstructor: { prototype: { polluted: true } }',
    ],
    ['a merge of itself', 'desks: &x { <<: *x }'],
    ['a name twice', 'desks: {}\ndesks: {}'],
    ['a name in other letters', 'd\u0435sks: {}\nrul\u0435s: []\nsl\u0430: {}\ngr\u043eups: []\nl\u0430nguage: en'],
    ['sets and dates for names', '? 2026-01-01\n: !!set { a, b }\n? 1\n: 1'],
    ['no text', '\u{0}\u{1}\u{2}'],
    ['a megabyte of one line', `desks: ${'x'.repeat(1_000_000)}`],
  ])('with %s is refused with its place', (_, content) => {
    for (const file of ['desks.yaml', 'routing.yaml', 'sla.yaml', 'accounts.yaml', 'lexicons/en.yaml']) {
      const problems = problemsWith(file, content);
      expect(problems.length, file).toBeGreaterThan(0);
      expect(problems[0]).toMatch(/^[\w/.]+:\d+ \S/);
    }
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });

  /** One of its files with one text replaced. */
  const changed = (file: string, text: string, by: string): string => {
    const before = readFileSync(join(plain, file), 'utf8');
    expect(before).toContain(text);
    return before.replace(text, by);
  };

  test.each([
    ['desks.yaml', 'languages: [en, de]', 'weight: .inf'],
    ['desks.yaml', 'languages: [en, de]', 'weight: -1'],
    ['desks.yaml', 'languages: [en, de]', 'weight: .nan'],
    ['desks.yaml', 'languages: [en, de]', 'backlog: 1e400'],
    ['desks.yaml', 'languages: [en, de]', 'backlog: 99999999999999999999'],
    ['sla.yaml', 'first_reply: 30m', 'first_reply: 99999999999999999999h'],
    ['sla.yaml', 'first_reply: 30m', 'first_reply: 9007199254740993h'],
    ['sla.yaml', 'first_reply: 30m', 'first_reply: -5m'],
    ['sla.yaml', 'first_reply: 30m', 'first_reply: 1e9'],
    ['routing.yaml', 'holds: { default: 0.6 }', 'holds: { default: 1e308 }'],
    ['routing.yaml', 'points: 0.35', 'points: .inf'],
    ['routing.yaml', 'points: 0.35', 'points: 0x7fffffffffffffffffffffff'],
    ['routing.yaml', 'followers: 10000', 'followers: 1e400'],
  ])('in %s: a number beyond all measure instead of %s is refused at its line: %s', (file, text, by) => {
    const problems = problemsWith(file, changed(file, text, by));
    expect(problems.length).toBeGreaterThan(0);
    expect(problems[0]).toMatch(new RegExp(`^${file}:\\d+ \\S`));
  });

  test.each([
    ['routing.yaml', 'to: in_house', 'to: \u0456n_house'],
    ['desks.yaml', 'escalates_to: in_house', 'escalates_to: in_hous\u0435'],
    ['desks.yaml', 'escalates_to: in_house', 'escalates_to: in_house\u200b'],
    ['desks.yaml', 'escalates_to: in_house', 'escalates_to: __proto__'],
    ['sla.yaml', '  in_house:', '  in_hous\u0435:'],
    ['sla.yaml', '  vendor_boreal: *vendor', '  vendor_boreal: *vendor\n  constructor: *vendor'],
    ['sla.yaml', 'calendar: france', 'calendar: toString'],
  ])('in %s: a desk that looks like another is none: %s, %j', (file, text, by) => {
    const problems = problemsWith(file, changed(file, text, by));
    expect(problems.length).toBeGreaterThan(0);
    expect(problems[0]).toMatch(/^[\w/.]+:\d+ \S/);
  });

  test.each([
    ['aliases that multiply', bomb],
    ['a tag that asks for code', 'vendors: !!js/function "function () { process.exit(1) }"'],
    ['names that JavaScript gives a meaning', '__proto__: { polluted: true }'],
    ['a vendor that JavaScript gives a meaning', "vendors: { __proto__: { account: '2', role: x } }"],
    ['lists 20,000 deep', `vendors: ${'['.repeat(20_000)}${']'.repeat(20_000)}`],
  ])('settings with %s are refused in a line', (_, content) => {
    const { ms } = timed(() => expect(() => parseSettings(content, 'dev.yaml')).toThrow(ConfigurationError));
    expect(ms).toBeLessThan(longestMs);
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });

  test.each(['(a+)+$', '.*.*.*x', '[a-z', '\\', '((((((((((', '*'.repeat(5_000), 'a '.repeat(20_000)])(
    'a phrase of a lexicon is never a regular expression: %j',
    (phrase) => {
      const lexicon = `language: en\nentries:\n  - { reason: safety, confidence: 0.9, phrases: [${JSON.stringify(phrase)}] }\n`;
      problemsWith('lexicons/en.yaml', lexicon);
    },
  );
});
