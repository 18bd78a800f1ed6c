import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { createRowTriage, loadPolicy, type MessageRow } from '../../../local/commands/decide.ts';
import type { LabelledRow } from '../../../local/commands/evaluate.ts';
import { labelsIn, messagesIn, trainingLine } from '../../../local/commands/export.ts';
import { examplesOf } from '../../../local/commands/learn.ts';
import type { CaseEvent } from '../../../shared/domain/case.ts';
import { simulationOf } from '../../../shared/domain/simulation.ts';
import { conversationWith, received } from '../../support/samples.ts';

const policy = loadPolicy(fileURLToPath(new URL('../../../policy', import.meta.url)));

test('a simulation tells what moves, and first what a vendor would newly see', () => {
  const rows: MessageRow[] = [
    { id: 'a', text: 'The cream burned my skin', lang: 'en' },
    { id: 'b', text: 'Where is my order?', lang: 'en' },
    { id: 'c', text: 'https://example.com', lang: 'en' },
  ];
  const deaf = {
    ...policy,
    lexicons: policy.lexicons.map((lexicon) => ({
      ...lexicon,
      entries: lexicon.entries.filter(({ means }) => means.kind !== 'reason'),
    })),
  };
  const before = createRowTriage(policy, rows);
  const after = createRowTriage(deaf, rows);
  const report = simulationOf(
    rows.map((row) => ({ id: row.id, before: before(row), after: after(row) })),
    1,
  );
  expect(report).toMatchObject({ messages: 3, moved: 1 });
  expect(report.leakRisk).toEqual([{ id: 'a', before: 'people_at_risk', after: 'routine', reasonsBefore: ['safety'] }]);
  expect(report.lanes).toHaveLength(1);
  expect(JSON.stringify(report)).not.toContain('burned');
});

describe('what a desk gave back', () => {
  const stored = (version: number, event: CaseEvent, text: string) => ({
    caseId: 'case',
    version,
    conversation: conversationWith('author'),
    event,
    text,
    effects: [],
  });
  const handBack = (code: 'needs_in_house' | 'duplicate') =>
    stored(
      3,
      {
        type: 'handed_back',
        id: 'o',
        at: '2026-03-02T10:00:00.000Z',
        recordedAt: '2026-03-02T10:00:00.000Z',
        offerId: 'o',
        fence: 1,
        desk: 'vendor',
        code,
        reason: 'see',
      },
      '',
    );
  const first = stored(1, received('m1', 0), 'Where is my order?');
  const last = stored(2, received('m2', 1), 'It said "soon",\nI was hurt by it');

  test('labels the last message before it with where it belonged', () => {
    expect(labelsIn([first, last, handBack('needs_in_house')])).toMatchObject([{ text: last.text, route: 'in_house' }]);
  });

  test('labels nothing when the code does not tell', () => {
    expect(labelsIn([first, last, handBack('duplicate')])).toEqual([]);
  });

  test('labels nothing whose words were erased', () => {
    expect(labelsIn([stored(1, received('m1', 0), ''), handBack('needs_in_house')])).toEqual([]);
    expect(messagesIn([stored(1, received('m1', 0), ''), last])).toHaveLength(1);
  });

  test('is one line of the training file, whatever is in the text', () => {
    const [row] = labelsIn([first, last, handBack('needs_in_house')]);
    expect(row === undefined ? '' : trainingLine(row)).toBe('in_house,"It said ""soon"", I was hurt by it"\n');
  });
});

describe('learning from labelled messages', () => {
  const row = (text: string, route: LabelledRow['route'], reasons: LabelledRow['reasons'] = []): LabelledRow => ({
    id: text,
    text,
    lang: 'en',
    context: { brand: 'Lunaro', channel: 'twitter' },
    route,
    reasons,
  });

  test('names nobody: neither people and places, nor the brand, nor handles and numbers', () => {
    const rows = [
      row('@Lunaro I told him twice, said Ernestine in Lubbock, order 4711', 'vendor'),
      row('the Lunaro shop where Ernestine works, near Lubbock', 'vendor'),
    ];
    const words = examplesOf(policy, rows).flatMap(({ features }) => [...features.keys()]);
    expect(words.join(' ')).not.toMatch(/ernest|lubbo|lunar|4711/);
    expect(words).toEqual(expect.arrayContaining(['told', 'told him', 'shop', '<brand>']));
  });

  test('keeps what a label says, and trusts a doubtful one less', () => {
    const [sure, doubtful] = examplesOf(policy, [
      { ...row('I fell', 'in_house', ['safety']), topic: 'product_quality', sentiment: 'neg' },
      { ...row('I nearly fell', 'in_house', ['safety']), confidence: 'low' },
    ]);
    expect(sure).toMatchObject({
      route: 'in_house',
      reasons: ['safety'],
      topic: 'product_quality',
      sentiment: 'negative',
    });
    expect(doubtful?.weight).toBeLessThan(sure?.weight ?? 0);
  });
});
