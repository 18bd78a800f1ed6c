import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { openNgrams, packNgrams } from '../../shared/adapters/ngram-table.ts';

const path = join(import.meta.dirname, '../../node_modules/eld/src/ngrams/extrasmall.js');
const { ngrams } = z
  .object({ ngramsData: z.object({ ngrams: z.record(z.string(), z.record(z.string(), z.number())) }) })
  .parse({ ...(await import(pathToFileURL(path).href)) }).ngramsData;

test('the packed table says of every n-gram what the detector’s own says', () => {
  const open = openNgrams(packNgrams(ngrams));
  const different = Object.entries(ngrams).filter(
    ([ngram, scores]) => JSON.stringify(open[ngram]) !== JSON.stringify(scores),
  );
  expect(Object.keys(ngrams).length).toBeGreaterThan(10_000);
  expect(different).toEqual([]);
});

test('an n-gram that is not in the table has no scores, whatever JavaScript calls so', () => {
  const open = openNgrams(packNgrams({ ' aL': { 3: 70 } }));
  for (const ngram of [' bL', 'xyz', '__proto__', 'constructor', '']) expect(open[ngram]).toBeUndefined();
});

test.each([
  ['an n-gram with the separator in it', { ' `L': { 3: 70 } }],
  ['a score too large for two digits', { ' aL': { 3: 1_296 } }],
  ['a score that is no whole number', { ' aL': { 3: 7.5 } }],
])('%s is refused when functions are bundled', (_, table) => {
  expect(() => packNgrams(table)).toThrow('cannot be packed');
});
