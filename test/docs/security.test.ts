import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const root = new URL('../../', import.meta.url);
const page = readFileSync(new URL('docs/security.md', root), 'utf8');
const rows = [...page.matchAll(/^\|(?<cells>.*)\|$/gm)]
  .map(({ groups }) => (groups?.['cells'] ?? '').split('|').map((cell) => cell.trim()))
  .filter((cells) => cells.length === 4 && cells[0] !== 'STRIDE' && cells[0] !== '---');

test('every threat of docs/security.md names tests that exist', () => {
  expect(rows.length).toBeGreaterThan(30);
  for (const [, , , named = ''] of rows) {
    const [, file = '', name = ''] = /^`(test\/[\w/.-]+\.test\.ts)` › (.+)$/.exec(named) ?? [];
    expect(existsSync(new URL(file, root)) && file !== '', named).toBe(true);
    expect(readFileSync(new URL(file, root), 'utf8'), named).toContain(name);
  }
});

test('all six kinds of threat are there', () => {
  expect(rows.map(([kind]) => kind).filter((kind) => kind !== '')).toEqual([
    'Spoofing',
    'Tampering',
    'Repudiation',
    'Information disclosure',
    'Denial of service',
    'Elevation of privilege',
  ]);
});
