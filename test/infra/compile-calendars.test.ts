import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compileCalendars } from '../../infra/compile-calendars.ts';
import { PolicySource } from '../../infra/policy-source.ts';

function compile(text: string) {
  const dir = mkdtempSync(join(tmpdir(), 'vigie-calendars-'));
  try {
    writeFileSync(join(dir, 'calendars.yaml'), text);
    const source = new PolicySource(dir);
    return { calendars: compileCalendars(source), problems: source.problems };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

const years = 'years: { first: 2026, last: 2027 }\n';

test('a calendar takes from the one it extends what it does not say itself', () => {
  const { calendars, problems } = compile(`${years}calendars:
  france:
    zone: Europe/Paris
    hours: { mon-fri: [09:00-13:00, 14:00-18:00] }
    holidays: { country: FR }
    open: [2026-05-25]
    closed: [2026-08-14]
    special: { 2026-12-24: [09:00-12:00] }
  moselle:
    extends: france
    holidays: { country: FR, region: '57' }
    special: { 2026-12-31: [] }
`);
  expect(problems).toEqual([]);
  const { france, moselle } = calendars;
  expect(france?.closed).toContain('2026-04-06');
  expect(france?.closed).toContain('2026-08-14');
  expect(france?.closed).not.toContain('2026-05-25');
  expect(france?.closed).not.toContain('2026-12-26');
  expect(moselle).toMatchObject({ id: 'moselle', zone: 'Europe/Paris', weeks: france?.weeks });
  expect(moselle?.closed).toEqual(expect.arrayContaining(['2026-04-03', '2026-12-26', '2027-03-26', '2026-08-14']));
  expect(moselle?.closed).not.toContain('2026-05-25');
  expect(moselle?.special).toEqual({ '2026-12-24': [[540, 720]], '2026-12-31': [] });
  expect(moselle?.version).not.toBe(france?.version);
});

test('ranges of days go over the end of the week, and later lines win', () => {
  const { calendars } = compile(`${years}calendars:
  shop: { zone: Europe/Lisbon, hours: { sat-mon: [10:00-12:00], sun: [] } }
`);
  expect(calendars['shop']?.weeks[0]?.days).toEqual([[[600, 720]], [], [], [], [], [[600, 720]], []]);
});

test('its own weekly hours replace the changes of the calendar it extends', () => {
  const { calendars } = compile(`${years}calendars:
  base: { zone: UTC, hours: { mon: [08:00-09:00] }, changes: [{ from: 2026-07-01, hours: { tue: [08:00-09:00] } }] }
  own: { extends: base, hours: { wed: [08:00-24:00] } }
`);
  expect(calendars['base']?.weeks).toHaveLength(2);
  expect(calendars['own']?.weeks).toHaveLength(1);
});

test.each([
  ['a zone that does not exist', '{ zone: Mars/Base, hours: { mon: [08:00-09:00] } }', 'IANA'],
  ['no zone', '{ hours: { mon: [08:00-09:00] } }', 'zone: Europe/Paris'],
  ['no hours', '{ zone: UTC }', 'hours:'],
  ['never open', '{ zone: UTC, hours: { mon: [] } }', 'at least one open slot'],
  ['a time of no clock', '{ zone: UTC, hours: { mon: [08:00-25:00] } }', '09:00-13:00'],
  ['overlap', '{ zone: UTC, hours: { mon: [08:00-12:00, 11:00-13:00] } }', 'without overlap'],
  ['an unknown day name', '{ zone: UTC, hours: { monday: [08:00-12:00] } }', 'mon-fri'],
  ['an unknown country', '{ zone: UTC, hours: { mon: [08:00-12:00] }, holidays: { country: XX } }', 'two capitals'],
  ['an unknown region', "{ zone: UTC, hours: { mon: [08:00-12:00] }, holidays: { country: FR, region: '99' } }", '57'],
  ['nothing to extend', '{ extends: nowhere }', 'there is no calendar nowhere'],
  ['a circle', '{ extends: shop }', 'extends itself'],
  [
    'a removed holiday that is none',
    '{ zone: UTC, hours: { mon: [08:00-12:00] }, open: [2026-03-03] }',
    'no public holiday',
  ],
  ['a misspelt name', '{ zone: UTC, hour: { mon: [08:00-12:00] } }', 'unknown name hour'],
])('%s is said with its line', (_, entry, message) => {
  const { problems } = compile(`${years}calendars:\n  shop: ${entry}\n`);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatchObject({ file: 'calendars.yaml', line: 3, message: expect.stringContaining(message) });
});
