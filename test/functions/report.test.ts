import { expect, test } from 'vitest';
import { reportCsv, reportPage } from '../../local/report-page.ts';
import type { Decision } from '../../shared/domain/decision.ts';
import { replay } from '../../shared/domain/replay.ts';
import { ReportBuilder } from '../../shared/domain/report.ts';
import { inboundMessage, noonPlus, routine } from '../support/samples.ts';
import { Simulation } from '../support/simulation.ts';
import { World } from '../support/world.ts';

const hour = 3600;
const owing: Decision = {
  ...routine,
  targets: {
    firstReplySeconds: 2 * hour,
    nextReplySeconds: hour,
    resolutionSeconds: 48 * hour,
    claimSeconds: hour / 2,
    answerSeconds: 3 * hour,
  },
};
const period = { from: noonPlus(0), to: noonPlus(24 * 60) };

/** An afternoon at a vendor: one is answered in time, one late, one never claimed, one handed back. */
async function afternoon(): Promise<Simulation> {
  const { router } = new World().dependencies;
  const simulation = new Simulation(noonPlus(0), {
    router: { ...router, decide: () => owing, sentimentDecides: () => false },
  });
  for (const author of ['prompt', 'slow', 'forgotten', 'foreign']) {
    await simulation.post(
      inboundMessage(`m-${author}`, 'Where is my parcel', { thread: `dm:${author}`, author: { id: author } }),
    );
  }
  await simulation.pass(10);
  for (const author of ['prompt', 'slow']) await simulation.report(author, 'claimed');
  await simulation.report('foreign', 'handed_back', { code: 'wrong_language', reason: 'writes in Dutch' });
  await simulation.pass(10);
  await simulation.report('prompt', 'answered');
  await simulation.pass(130);
  await simulation.report('slow', 'answered');
  await simulation.pass(600);
  return simulation;
}

async function reportOn(simulation: Simulation, order: 'as stored' | 'backwards', desk?: string) {
  const builder = new ReportBuilder(period, desk);
  const threads = await Array.fromAsync(simulation.world.memory.threads());
  for (const thread of order === 'backwards' ? threads.toReversed() : threads) {
    builder.add([...replay(order === 'backwards' ? thread.toReversed() : thread)]);
  }
  return builder.report();
}

test('counts what each desk kept and broke, by how much, and how it dealt with what it was given', async () => {
  const { clocks, desks, cases } = await reportOn(await afternoon(), 'as stored');
  expect(cases).toBe(4);
  expect(clocks.filter(({ desk }) => desk === 'vendor_atlas')).toEqual([
    // The slow one was broken while the vendor had it; it was answered in-house half an hour later.
    { desk: 'vendor_atlas', clock: 'first_reply', met: 1, breached: 1, lateP50: 30 * 60, lateP95: 30 * 60 },
    { desk: 'vendor_atlas', clock: 'claim', met: 2, breached: 1, lateP50: 0, lateP95: 0 },
    { desk: 'vendor_atlas', clock: 'answer', met: 1, breached: 0, lateP50: undefined, lateP95: undefined },
  ]);
  expect(clocks.find(({ desk, clock }) => desk === 'in_house' && clock === 'first_reply')).toMatchObject({
    met: 0,
    breached: 2,
    lateP95: (24 - 2) * hour,
  });
  expect(desks.find(({ desk }) => desk === 'vendor_atlas')).toEqual({
    desk: 'vendor_atlas',
    offers: 4,
    claims: 2,
    misroutes: 1,
    escalations: 2,
    handBacks: { wrong_language: 1 },
    recalls: { not_claimed: 1, past_promise: 1 },
  });
});

test('gives the same numbers from a replay in any order', async () => {
  const simulation = await afternoon();
  expect(await reportOn(simulation, 'backwards')).toEqual(await reportOn(simulation, 'as stored'));
});

test('gives the numbers that a tally kept at the time would give', async () => {
  const simulation = await afternoon();
  const { desks } = await reportOn(simulation, 'as stored');
  const sent = simulation.world.deskMessages();
  for (const { desk, offers } of desks) {
    const told = sent.filter(({ queue, message }) => queue.startsWith(desk) && message.type === 'case.offered');
    expect(offers, desk).toBe(told.length);
  }
  const escalations = desks.reduce((sum, one) => sum + one.escalations, 0);
  expect(escalations).toBe(simulation.world.escalated().length);
});

test('tells of one desk, or of a period in which nothing was decided', async () => {
  const simulation = await afternoon();
  const own = await reportOn(simulation, 'as stored', 'in_house');
  expect(new Set([...own.clocks, ...own.desks].map(({ desk }) => desk))).toEqual(new Set(['in_house']));
  const before = new ReportBuilder({ from: noonPlus(-600), to: noonPlus(-60) });
  for await (const thread of simulation.world.memory.threads()) before.add([...replay(thread)]);
  expect(before.report()).toMatchObject({ cases: 0, clocks: [], desks: [] });
  expect(reportPage(before.report(), {})).toContain('Nothing was decided');
});

test('is written as lines for a spreadsheet and as a page that needs nothing else', async () => {
  const report = await reportOn(await afternoon(), 'as stored');
  expect(reportCsv(report).split('\n')).toEqual(
    expect.arrayContaining([
      'desk,figure,detail,value',
      'vendor_atlas,met,claim,2',
      'vendor_atlas,late_p95_seconds,first_reply,1800',
      'vendor_atlas,hand_backs,wrong_language,1',
    ]),
  );
  const page = reportPage(report, { vendor_atlas: 'Atlas <Relation> & Client' });
  expect(page).toContain('<h2>Atlas &lt;Relation&gt; &amp; Client</h2>');
  expect(page).toContain('<svg');
  expect(page).not.toMatch(/(?:src|href)=/);
});
