import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { proofsPage, runNames } from '../proofs/page.ts';
import { places, readRecord } from '../proofs/run-record.ts';

test('docs/proofs.md says what the runs left behind, and nothing else', () => {
  const records = runNames.flatMap((name) => readRecord(places.kept, name) ?? []);
  expect(readFileSync(places.page, 'utf8'), 'run `npm run proofs -- --page`').toBe(proofsPage(records));
});
