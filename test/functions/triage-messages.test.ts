import { describe, expect, test } from 'vitest';
import { triageMessages } from '../../functions/triage-messages/handler.ts';
import type { InboundEvent } from '../../shared/domain/inbound-event.ts';
import { conversationWith, inboundMessage, noonPlus, routine, sensitive } from '../support/samples.ts';
import { batchOf, World } from '../support/world.ts';

const conversation = conversationWith('claire');

function intake(...events: readonly InboundEvent[]) {
  return { receivedAt: noonPlus(1), events };
}

const done = { batchItemFailures: [] };
const retried = { batchItemFailures: [{ itemIdentifier: 'r0' }] };
const parcel = inboundMessage('m1', 'Where is my parcel');
const ill = inboundMessage('m2', 'My son is ill', { postedAt: noonPlus(5) });
const edit = inboundMessage('m1', 'My son is ill from it', { type: 'message_edited', postedAt: noonPlus(2) });
const deletion = inboundMessage('m1', '', { type: 'message_deleted' });
const reply = inboundMessage('r1', 'We are looking', {
  type: 'own_reply',
  author: { id: '100200300' },
  toAuthorId: 'claire',
  postedAt: noonPlus(30),
});
const publicReply = inboundMessage('r2', 'We are looking', {
  type: 'own_reply',
  author: { id: '100200300' },
  inReplyTo: 'm1',
  postedAt: noonPlus(30),
});

async function triage(world: World, ...bodies: readonly unknown[]) {
  return triageMessages(batchOf(...bodies), world.dependencies);
}

describe('a message', () => {
  test('becomes a case that is offered to the desk it was decided for, with its words redacted for a vendor', async () => {
    const world = new World();
    const message = inboundMessage('m1', 'Where is my parcel, write to claire@example.com');
    expect(await triage(world, intake(message))).toEqual(done);
    const [offer] = world.deskMessages('vendor_atlas-standard.fifo');
    if (offer?.message.type !== 'case.offered') throw new Error('no offer');
    expect(offer.message.data).toMatchObject({
      channel: 'messenger',
      deadlines: { firstReply: noonPlus(60), resolution: noonPlus(1440) },
      messages: [{ id: 'm1', postedAt: noonPlus(0), edited: false, masked: [{ kind: 'email', count: 1 }] }],
    });
    expect(offer.message.data.messages[0]?.text).not.toContain('claire@example.com');
  });

  test('reaches a vendor without what the analyser found in it besides, also when it is offered again', async () => {
    const world = new World();
    world.personalData = (text) => [{ kind: 'name', start: text.indexOf('Claire'), end: text.indexOf('Claire') + 6 }];
    await triage(world, intake(inboundMessage('m1', 'Claire here, where is my parcel? claire@example.com')));
    await triage(world, intake(inboundMessage('m2', 'It is Claire again', { postedAt: noonPlus(1) })));
    const shown = world.deskMessages('vendor_atlas-standard.fifo').at(-1)?.message;
    expect(shown?.data).toMatchObject({
      messages: [
        {
          text: '[name] here, where is my parcel? [email]',
          masked: [
            { kind: 'name', count: 1 },
            { kind: 'email', count: 1 },
          ],
        },
        { text: 'It is [name] again' },
      ],
    });
  });

  test('is redacted by our own patterns alone, at once, when the analyser does not answer or must not be asked', async () => {
    for (const asked of [true, false]) {
      const world = new World();
      world.personalData = () => 'unavailable';
      const policy = { ...world.dependencies.policy, comprehend: { personal_data: asked, toxicity: false } };
      const message = inboundMessage('m1', 'Claire here, claire@example.com');
      expect(await triageMessages(batchOf(intake(message)), { ...world.dependencies, policy })).toEqual(done);
      const [offer] = world.deskMessages('vendor_atlas-standard.fifo');
      expect(offer?.message.data).toMatchObject({ messages: [{ text: 'Claire here, [email]' }] });
    }
  });

  test('is marked for its tone and kept for its class, where our own lists leave these open', async () => {
    const world = new World();
    const heated = { reason: 'strong_public_anger', confidence: 0.2, source: 'pattern', entry: 'x' } as const;
    const assess: typeof world.dependencies.assess = (message) => ({
      ...world.dependencies.assess(message),
      signals: [heated],
    });
    world.toxicity = 0.9;
    world.classes = [{ name: 'in_house', confidence: 0.9 }];
    const router: typeof world.dependencies.router = {
      ...world.dependencies.router,
      decide: (_, { doubts = [] }) => (doubts.length > 0 ? { ...sensitive, reasons: [], doubts } : routine),
    };
    await triageMessages(batchOf(intake(parcel)), { ...world.dependencies, assess, router });
    const [offer] = world.deskMessages('in_house-urgent.fifo');
    expect(offer?.message.data).toMatchObject({ doubts: ['classified_in_house'], messages: [{ abusive: true }] });
  });

  test('stays in-house whatever a second opinion says, and waits for none', async () => {
    for (const classes of [[{ name: 'billing', confidence: 0.9 }], 'unavailable'] as const) {
      const world = new World();
      world.classes = classes;
      const router: typeof world.dependencies.router = {
        ...world.dependencies.router,
        decide: (_, { topics }) => (topics.length > 0 ? routine : { ...sensitive, reasons: [] }),
      };
      expect(await triageMessages(batchOf(intake(parcel)), { ...world.dependencies, router })).toEqual(done);
      expect(world.deskMessages('in_house-urgent.fifo')).toHaveLength(1);
    }
  });

  test('reaches the in-house desk in its own words', async () => {
    const world = new World();
    await triage(world, intake(inboundMessage('m1', 'ill, write to claire@example.com')));
    const [offer] = world.deskMessages('in_house-urgent.fifo');
    expect(offer?.message.data).toMatchObject({ messages: [{ text: 'ill, write to claire@example.com' }] });
  });

  test('to an account that nobody listed says so in the log, for the alarm', async () => {
    const world = new World();
    const doubtful = { ...sensitive, doubts: ['unknown_account'] };
    const router = { ...world.dependencies.router, decide: () => doubtful };
    await triageMessages(batchOf(intake(parcel)), { ...world.dependencies, router });
    expect(world.logs).toContainEqual({
      event: 'account_unknown',
      channel: 'messenger',
      accountId: '100200300',
      messageId: 'm1',
    });
  });

  test('beside others of the same person, an album and words in a row, is part of one case with one offer', async () => {
    const world = new World();
    const picture = (id: string, minutes: number) =>
      inboundMessage(id, '', { attachments: ['image'], postedAt: noonPlus(minutes) });
    const album = [picture('p1', 0), picture('p2', 0), picture('p3', 0)];
    const words = inboundMessage('m1', 'this is how the parcel arrived', { postedAt: noonPlus(1) });
    await triage(world, intake(...album), intake(words));
    expect(world.deskMessages().filter(({ message }) => message.type === 'case.offered')).toHaveLength(1);
    expect(await world.memory.current(conversation)).toMatchObject({ number: 1, fence: 1, messages: { count: 4 } });
  });

  test('that repeats changes nothing and tells nobody twice', async () => {
    const world = new World();
    for (const _ of [1, 2, 3]) expect(await triage(world, intake(parcel))).toEqual(done);
    expect(await triage(world, intake(parcel, parcel), intake(parcel))).toEqual(done);
    expect(world.deskMessages()).toHaveLength(1);
    expect((await world.memory.current(conversation))?.version).toBe(1);
  });

  test('without text is still a message', async () => {
    const world = new World();
    expect(await triage(world, intake(inboundMessage('m1', '', { type: 'fetch_needed' })))).toEqual(done);
    expect(world.deskMessages()).toHaveLength(1);
  });

  test('whose promise falls due at once is armed at once', async () => {
    const world = new World();
    world.now = () => new Date(noonPlus(59));
    await triage(world, intake(parcel));
    expect(world.timers()).toMatchObject([{ clock: 'first_reply', dueAt: noonPlus(60) }]);
    expect(world.queued.find(({ queueUrl }) => queueUrl.endsWith('timers'))?.delaySeconds).toBe(60);
  });
});

describe('who wrote a message', () => {
  const comment = inboundMessage('c1', 'Where is my parcel', { channel: 'facebook', thread: 'c1', public: true });

  test('has the cases of all threads on the account noted under their name, comments and private messages alike', async () => {
    const world = new World();
    await triage(world, intake(parcel, comment), intake(ill));
    const [noted] = await world.memory.casesOfPersons([conversation]);
    const cases = [
      await world.memory.current(conversation),
      await world.memory.current({ ...conversationWith('claire', 'c1'), channel: 'facebook' }),
    ];
    expect(noted?.map(({ caseId, public: isPublic }) => [caseId, isPublic]).sort()).toEqual(
      [
        [cases[0]?.id, false],
        [cases[1]?.id, true],
      ].sort(),
    );
  });

  test('is noted by a twin where the first died before it could', async () => {
    const world = new World();
    world.memory.fail = (method) => method === 'notePersons';
    expect(await triage(world, intake(parcel))).toEqual(retried);
    world.memory.fail = () => false;
    expect(await triage(world, intake(parcel))).toEqual(done);
    expect((await world.memory.casesOfPersons([conversation])).flat()).toHaveLength(1);
  });

  test('is decided on with the messages that the open case held before', async () => {
    const world = new World();
    const seen: (number | undefined)[] = [];
    const { decide } = world.dependencies.router;
    const router = {
      ...world.dependencies.router,
      decide: (...given: Parameters<typeof decide>) => {
        seen.push(given[0].earlierMessages);
        return decide(...given);
      },
    };
    for (const event of [parcel, ill, comment]) {
      await triageMessages(batchOf(intake(event)), { ...world.dependencies, router });
    }
    expect(seen).toEqual([0, 1, 0]);
  });

  test('is decided on with the number of their other cases, where the policy asks', async () => {
    const world = new World();
    const seen: (number | undefined)[] = [];
    const router = {
      ...world.dependencies.router,
      decide: (message: InboundEvent) => {
        seen.push(message.author.previousCases);
        return world.dependencies.router.decide(message, world.dependencies.assess(message));
      },
    };
    for (const event of [parcel, comment, ill]) {
      expect(await triageMessages(batchOf(intake(event)), { ...world.dependencies, router })).toEqual(done);
    }
    expect(seen).toEqual([0, 1, 1]);
    await triageMessages(batchOf(intake(inboundMessage('m9', 'hello'))), {
      ...world.dependencies,
      router: { ...router, asksPreviousCases: false },
    });
    expect(seen.at(-1)).toBeUndefined();
  });
});

describe('the words that a webhook left out', () => {
  const mention = inboundMessage('m1', '', { type: 'fetch_needed', author: {}, thread: 'm1' });
  const found = { kind: 'found', message: { text: 'My son is ill', author: { id: 'lea', name: 'Léa' } } } as const;

  test('are fetched before the message is decided, and so is its author', async () => {
    const world = new World();
    world.words = () => found;
    expect(await triage(world, intake(mention))).toEqual(done);
    expect(world.deskMessages('in_house-urgent.fifo')).toMatchObject([
      { message: { data: { messages: [{ text: 'My son is ill' }] } } },
    ]);
    expect(await world.memory.current(conversationWith('lea', 'm1'))).toMatchObject({ messages: { count: 1 } });
  });

  test('come with the answer of the brand, which stops the clock of the review', async () => {
    const world = new World();
    const review = { ...mention, messageKey: 'r', messageId: 'n1', thread: 'r' };
    world.words = () => ({ kind: 'found', message: { text: 'Slow parcel' } });
    await triage(world, intake(review));
    world.words = () => ({ kind: 'found', message: { text: 'Slow parcel', answeredAt: noonPlus(20) } });
    const updated = inboundMessage('n2', '', { ...review, messageId: 'n2', type: 'message_edited', unread: true });
    for (const _ of [1, 2]) expect(await triage(world, intake(updated))).toEqual(done);
    expect(await world.memory.current(conversationWith('r', 'r'))).toMatchObject({
      state: 'answered',
      clocks: { first_reply: { fulfilledAt: noonPlus(20) } },
    });
  });

  test('are fetched once, however often the webhook comes', async () => {
    const world = new World();
    let calls = 0;
    world.words = () => {
      calls += 1;
      return found;
    };
    for (const _ of [1, 2, 3]) expect(await triage(world, intake(mention))).toEqual(done);
    expect(calls).toBe(1);
    expect(world.deskMessages()).toHaveLength(1);
    expect(await world.memory.current(conversationWith('lea', 'm1'))).toMatchObject({ version: 1 });
  });

  test('are waited for while the API is down, for a quarter of an hour; then the case goes on unread', async () => {
    const world = new World();
    world.words = () => ({ kind: 'later', because: 'status 503' });
    expect(await triage(world, intake(mention, parcel))).toEqual(retried);
    expect(world.deskMessages()).toHaveLength(1);
    world.now = () => new Date(noonPlus(17));
    expect(await triage(world, intake(mention))).toEqual(done);
    expect(world.logs).toContainEqual(expect.objectContaining({ event: 'message_triaged', type: 'fetch_needed' }));
  });

  test('are parked with the reason when the platform refuses them', async () => {
    const world = new World();
    world.words = () => ({ kind: 'refused', because: 'error 190' });
    expect(await triage(world, intake(mention, parcel))).toEqual(done);
    expect(world.parked()).toMatchObject([{ reason: 'words refused by messenger: error 190' }]);
    expect(JSON.parse(world.parked()[0]?.body ?? '')).toEqual(intake(mention));
    expect(world.deskMessages()).toHaveLength(1);
  });

  test('of an edit are fetched as well, and it is judged by them; without them it changes nothing', async () => {
    const world = new World();
    await triage(world, intake(parcel));
    const unread = inboundMessage('m1', '', { type: 'message_edited', postedAt: noonPlus(2), unread: true });
    for (const kind of ['no_access', 'gone'] as const) {
      world.words = () => ({ kind });
      expect(await triage(world, intake(unread))).toEqual(done);
    }
    expect(await world.memory.current(conversation)).toMatchObject({ version: 1, desk: 'vendor_atlas' });
    world.words = () => ({ kind: 'found', message: { text: 'My son is ill from it' } });
    expect(await triage(world, intake(unread))).toEqual(done);
    expect(await world.memory.current(conversation)).toMatchObject({ version: 2, desk: 'in_house' });
  });

  test('that their author has removed make no case, and neither do those of the brand', async () => {
    const world = new World();
    world.words = () => ({ kind: 'gone' });
    expect(await triage(world, intake(mention))).toEqual(done);
    world.words = () => ({ kind: 'found', message: { text: 'Our new shop', author: { id: mention.accountId } } });
    expect(await triage(world, intake(mention))).toEqual(done);
    expect(world.deskMessages()).toEqual([]);
  });
});

describe('the analyser', () => {
  const question = inboundMessage('m1', 'Where is my parcel?');

  test('is asked only where its verdict can decide', async () => {
    const world = new World();
    await triage(world, intake(parcel, inboundMessage('m3', 'really?')));
    expect(world.analysed).toEqual(['really?']);
  });

  test('is waited for while it is down, and its message stays in the queue', async () => {
    const world = new World();
    world.verdict = 'unavailable';
    expect(await triage(world, intake(question, inboundMessage('m3', 'thanks')))).toEqual(retried);
    expect(world.deskMessages()).toHaveLength(1);
    world.verdict = { label: 'neutral', confidence: 1, source: 'comprehend' };
    expect(await triage(world, intake(question, inboundMessage('m3', 'thanks')))).toEqual(done);
    expect(world.deskMessages()).toHaveLength(2);
  });

  test('is done without after a minute, and the decision says so', async () => {
    const world = new World();
    world.verdict = 'unavailable';
    world.now = () => new Date(noonPlus(3));
    expect(await triage(world, intake(question))).toEqual(done);
    expect(world.logs).toContainEqual(expect.objectContaining({ event: 'message_triaged', missing: ['sentiment'] }));
  });
});

describe('what is about a message', () => {
  test.each([
    ['in its order', [[parcel], [edit]]],
    ['in one POST', [[parcel, edit]]],
    ['in one POST before the message', [[edit, parcel]]],
  ])('an edit that comes %s raises the risk', async (_, posts) => {
    const world = new World();
    for (const post of posts) expect(await triage(world, intake(...post))).toEqual(done);
    expect(world.deskMessages().map(({ queue, message }) => `${message.type} ${queue}`)).toEqual([
      'case.offered vendor_atlas-standard.fifo',
      'case.recalled vendor_atlas-standard.fifo',
      'case.offered in_house-urgent.fifo',
    ]);
    const { message } = world.deskMessages().at(-1) ?? {};
    expect(message?.data).toMatchObject({ messages: [{ id: 'm1', edited: true, text: 'My son is ill from it' }] });
  });

  test('an edit of a message that was never seen is a message', async () => {
    const world = new World();
    expect(await triage(world, intake(edit))).toEqual(done);
    expect(world.deskMessages('in_house-urgent.fifo')).toMatchObject([
      { message: { type: 'case.offered', data: { messages: [{ id: 'm1', text: 'My son is ill from it' }] } } },
    ]);
    expect(await triage(world, intake(parcel))).toEqual(done);
    expect(await world.memory.current(conversation)).toMatchObject({ desk: 'in_house', messages: { count: 1 } });
    expect(world.deskMessages('in_house-urgent.fifo').at(-1)?.message.data).toMatchObject({
      messages: [{ id: 'm1', text: 'My son is ill from it', edited: true }],
    });
  });

  test('an edit that is late does not bring deleted words back', async () => {
    const world = new World();
    for (const event of [parcel, deletion, edit]) expect(await triage(world, intake(event))).toEqual(done);
    expect(await world.memory.current(conversation)).toMatchObject({ state: 'withdrawn', version: 2 });
    expect(JSON.stringify(world.deskMessages())).not.toContain('ill from it');
  });

  test('a deletion that meets an edit on its way takes its words along', async () => {
    const world = new World();
    await triage(world, intake(parcel));
    world.step = async (call) => {
      if (call !== 'after eventsNamed') return;
      world.step = () => {};
      await triage(world, intake(edit));
    };
    await triage(world, intake(deletion));
    expect(await world.memory.eventsNamed(conversation, 'message_edited:m1:')).toMatchObject([{ text: '' }]);
  });

  test.each([
    ['in its order', [[parcel], [deletion]]],
    ['before the message', [[deletion], [parcel]]],
  ])('a deletion that comes %s erases the words and recalls the offer', async (_, posts) => {
    const world = new World();
    for (const post of posts) expect(await triage(world, intake(...post))).toEqual(done);
    expect(world.deskMessages().map(({ message }) => message.type)).toEqual([
      'case.offered',
      'case.erased',
      'case.recalled',
    ]);
    expect(await world.memory.current(conversation)).toMatchObject({ state: 'withdrawn' });
    expect(await world.memory.events([{ thread: conversation, eventId: 'message_received:m1' }])).toMatchObject([
      { text: '' },
    ]);
  });

  test.each([
    ['one after the other', [[parcel], [edit], [deletion]]],
    ['in one POST', [[parcel, edit, deletion]]],
    ['in one POST before the edit', [[parcel], [deletion, edit]]],
  ])('a deletion takes the words of every edit along: %s', async (_, posts) => {
    const world = new World();
    for (const post of posts) await triage(world, intake(...post));
    const subject = await world.memory.current(conversation);
    if (subject === undefined) throw new Error('no case');
    expect((await world.memory.history(subject)).map(({ text }) => text).join('')).toBe('');
  });

  test.each([
    ['after', [[parcel], [reply]]],
    ['before', [[reply], [parcel]]],
    ['after, naming only the message,', [[parcel], [publicReply]]],
    ['before, naming only the message,', [[publicReply], [parcel]]],
  ])('the brand’s own reply that comes %s stops the first-reply clock and makes no case', async (_, posts) => {
    const world = new World();
    for (const post of posts) expect(await triage(world, intake(...post))).toEqual(done);
    expect(await world.memory.current(conversation)).toMatchObject({
      number: 1,
      messages: { count: 1 },
      clocks: { first_reply: { fulfilledAt: noonPlus(30) } },
    });
  });

  test('a post of the brand to nobody is counted and done', async () => {
    const world = new World();
    const { toAuthorId: _, ...toNobody } = reply;
    expect(await triage(world, intake(toNobody))).toEqual(done);
    expect(world.logs).toContainEqual({ event: 'event_without_case', type: 'own_reply', messageId: 'r1' });
  });
});

describe('when something breaks', () => {
  test('a record that cannot be read is parked with its reason, its neighbours are done', async () => {
    const world = new World();
    const broken = { receivedAt: noonPlus(1), events: [{ ...parcel, channel: 7 }] };
    expect(await triage(world, broken, '{', intake(ill))).toEqual(done);
    expect(world.parked().map(({ reason }) => reason)).toEqual([
      'wrong shape at events.0.channel: invalid_type',
      'not JSON',
    ]);
    expect(world.deskMessages()).toHaveLength(1);
  });

  test('a record that cannot even be parked is retried', async () => {
    const world = new World();
    world.accepts = () => false;
    expect(await triage(world, '{')).toEqual(retried);
  });

  test('an offer that a queue refuses is sent when its record comes again', async () => {
    const world = new World();
    world.accepts = () => false;
    expect(await triage(world, intake(parcel))).toEqual(retried);
    world.accepts = () => true;
    expect(await triage(world, intake(parcel))).toEqual(done);
    expect(world.deskMessages()).toHaveLength(1);
  });

  test('an unreachable store retries the record and loses nothing', async () => {
    const world = new World();
    world.memory.fail = (method) => method === 'append';
    expect(await triage(world, intake(parcel))).toEqual(retried);
    expect(world.postponed).toEqual([4]);
    world.memory.fail = () => false;
    expect(await triage(world, intake(parcel))).toEqual(done);
    expect(world.deskMessages()).toHaveLength(1);
  });

  test('a late twin does not hand over again what was recalled since', async () => {
    const world = new World();
    world.accepts = ({ queueUrl }) => !queueUrl.includes('vendor_atlas');
    expect(await triage(world, intake(parcel))).toEqual(retried);
    world.accepts = () => true;
    await triage(world, intake(ill));
    expect(await triage(world, intake(parcel))).toEqual(done);
    expect(world.deskMessages().map(({ queue, message }) => `${message.type} ${queue}`)).toEqual([
      'case.recalled vendor_atlas-standard.fifo',
      'case.offered in_house-urgent.fifo',
    ]);
  });

  test('one entry a batch says how many records it had, where they were sent and why', async () => {
    const world = new World();
    await triage(world, intake(parcel, ill), 'broken');
    expect(world.logs.filter(({ event }) => event === 'batch_settled')).toMatchObject([
      {
        records: 2,
        retried: 0,
        parked: 1,
        entries: { message_triaged: 2, case_changed: 2, record_parked: 1 },
        decided: { desk: { vendor_atlas: 1, in_house: 1 }, priority: { normal: 1, urgent: 1 }, reason: { safety: 1 } },
      },
    ]);
  });

  test('no log line holds a customer’s words', async () => {
    const world = new World();
    await triage(world, intake(inboundMessage('m1', 'xyzzy ill?'), edit), '{"xyzzy":1}');
    expect(world.logs.length).toBeGreaterThan(3);
    expect(JSON.stringify(world.logs)).not.toContain('xyzzy');
  });
});
