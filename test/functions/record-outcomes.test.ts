import { expect, test } from 'vitest';
import { recordOutcomes } from '../../functions/record-outcomes/handler.ts';
import { triageMessages } from '../../functions/triage-messages/handler.ts';
import { verdictOf } from '../../shared/domain/clocks.ts';
import { conversationWith, inboundMessage, noonPlus } from '../support/samples.ts';
import { batchOf, World } from '../support/world.ts';

const done = { batchItemFailures: [] };

async function withOffer(world = new World()) {
  const events = [inboundMessage('m1', 'Where is my parcel')];
  await triageMessages(batchOf({ receivedAt: noonPlus(1), events }), world.dependencies);
  const subject = await world.memory.current(conversationWith('claire'));
  if (subject?.offer === undefined) throw new Error('no offer');
  const outcome = {
    id: 'o1',
    type: 'answered',
    caseId: subject.id,
    offerId: subject.offer.id,
    fence: subject.offer.fence,
    desk: 'vendor_atlas',
    at: noonPlus(20),
  };
  world.now = () => new Date(noonPlus(25));
  return { world, outcome };
}

async function caseIn(world: World) {
  return world.memory.current(conversationWith('claire'));
}

test('an answer stops the first-reply clock at the time it was given', async () => {
  const { world, outcome } = await withOffer();
  expect(await recordOutcomes(batchOf(outcome, outcome), world.dependencies)).toEqual(done);
  expect(await caseIn(world)).toMatchObject({
    state: 'answered',
    version: 2,
    clocks: { first_reply: { fulfilledAt: noonPlus(20) } },
  });
});

test('a desk whose clock runs ahead wins no time', async () => {
  const { world, outcome } = await withOffer();
  await recordOutcomes(batchOf({ ...outcome, at: noonPlus(600) }), world.dependencies);
  expect(await caseIn(world)).toMatchObject({ clocks: { first_reply: { fulfilledAt: noonPlus(25) } } });
});

test('an answer at the very deadline is in time, however the desk writes the instant', async () => {
  const { world, outcome } = await withOffer();
  world.now = () => new Date(noonPlus(70));
  await recordOutcomes(batchOf({ ...outcome, at: '2026-03-02T13:00:00Z' }), world.dependencies);
  const clock = (await caseIn(world))?.clocks.first_reply;
  expect(clock).toMatchObject({ dueAt: noonPlus(60), fulfilledAt: noonPlus(60) });
  expect(clock && verdictOf(clock)).toBe('met');
});

test('a case handed back is offered in-house with the reason', async () => {
  const { world, outcome } = await withOffer();
  const handedBack = { ...outcome, type: 'handed_back', reason: 'a journalist asks' };
  expect(await recordOutcomes(batchOf(handedBack), world.dependencies)).toEqual(done);
  const [offer] = world.deskMessages('in_house-standard.fifo');
  expect(offer?.message.data).toMatchObject({ because: 'handed back: a journalist asks', fence: 2 });
});

test.each([
  ['a stale fence', { fence: 7 }, 'stale_fence'],
  ['a made-up case', { caseId: `${'0'.repeat(20)}-${'0'.repeat(10)}-1` }, 'unknown_case'],
  ['no case id at all', { caseId: 'hello' }, 'unknown_case'],
])('an outcome with %s is refused on the desk’s queue and changes nothing', async (_, fields, because) => {
  const { world, outcome } = await withOffer();
  const before = await caseIn(world);
  expect(await recordOutcomes(batchOf({ ...outcome, ...fields }), world.dependencies)).toEqual(done);
  expect(world.deskMessages('vendor_atlas-standard.fifo').at(-1)?.message).toMatchObject({
    type: 'outcome.refused',
    data: { outcomeId: 'o1', because },
  });
  expect(await caseIn(world)).toEqual(before);
});

test('an outcome for a closed case is refused and changes nothing', async () => {
  const { world, outcome } = await withOffer();
  await recordOutcomes(batchOf({ ...outcome, type: 'resolved' }), world.dependencies);
  const before = await caseIn(world);
  await recordOutcomes(batchOf({ ...outcome, id: 'o2' }), world.dependencies);
  expect(world.deskMessages('vendor_atlas-standard.fifo').at(-1)?.message.data).toMatchObject({
    outcomeId: 'o2',
    because: 'case_closed',
  });
  expect(await caseIn(world)).toEqual(before);
});

test('an outcome for another desk’s case is refused', async () => {
  const { world, outcome } = await withOffer();
  await recordOutcomes(batchOf({ ...outcome, desk: 'in_house' }), world.dependencies);
  expect(world.deskMessages('in_house-standard.fifo').at(-1)?.message.data).toMatchObject({ because: 'foreign_desk' });
});

test.each([
  ['another outsourced desk', 'vendor_boreal-outcome'],
  ['a queue that is nobody’s', 'a-queue'],
])(
  'an outcome that is right in all but that it came from %s is counted, parked with its reason and changes nothing',
  async (_, from) => {
    const { world, outcome } = await withOffer();
    const [record] = batchOf(outcome).Records;
    const eventSourceARN = `arn:aws:sqs:eu-west-1:123456789012:vigie-test-${from}`;
    const before = await caseIn(world);
    const told = world.deskMessages('vendor_atlas-standard.fifo').length;
    expect(await recordOutcomes({ Records: [{ ...record, eventSourceARN }] }, world.dependencies)).toEqual(done);
    expect(await caseIn(world)).toEqual(before);
    expect(world.parked()).toMatchObject([{ reason: `vigie-test-${from} may not report for vendor_atlas` }]);
    expect(world.logs).toContainEqual({
      event: 'outcome_refused',
      caseId: outcome.caseId,
      desk: 'vendor_atlas',
      because: 'foreign_queue',
    });
    expect(world.deskMessages('vendor_atlas-standard.fifo')).toHaveLength(told);
  },
);

test('an outsourced desk reports on its own queue', async () => {
  const { world, outcome } = await withOffer();
  const [record] = batchOf(outcome).Records;
  const eventSourceARN = 'arn:aws:sqs:eu-west-1:123456789012:vigie-test-vendor_atlas-outcome';
  expect(await recordOutcomes({ Records: [{ ...record, eventSourceARN }] }, world.dependencies)).toEqual(done);
  expect(await caseIn(world)).toMatchObject({ state: 'answered' });
});

test('a desk that lost a case cannot speak for the next one by counting on', async () => {
  const { world, outcome } = await withOffer();
  world.nonce = 'unknown-to-the-first-desk';
  await recordOutcomes(batchOf({ ...outcome, type: 'handed_back' }), world.dependencies);
  const forged = { ...outcome, id: 'o2', desk: 'in_house', type: 'resolved', fence: 2 };
  for (const offerId of [`${outcome.caseId}-2`, outcome.offerId, outcome.offerId.replace('-1-n', '-2-n')]) {
    await recordOutcomes(batchOf({ ...forged, offerId }), world.dependencies);
  }
  expect(await caseIn(world)).toMatchObject({ state: 'open', desk: 'in_house', fence: 2, version: 2 });
});

test('what is no outcome, or comes from no desk, is parked with its reason', async () => {
  const { world, outcome } = await withOffer();
  await recordOutcomes(batchOf({ ...outcome, desk: 'nobody' }, { ...outcome, fence: '1' }), world.dependencies);
  expect(
    world
      .parked()
      .map(({ reason }) => reason)
      .sort(),
  ).toEqual(['unknown desk nobody', 'wrong shape at fence: invalid_type']);
});
