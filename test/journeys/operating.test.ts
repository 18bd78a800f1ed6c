import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import * as erase from '../../local/commands/erase.ts';
import * as parked from '../../local/commands/parked.ts';
import * as promises from '../../local/commands/promises.ts';
import * as timeline from '../../local/commands/timeline.ts';
import { Journey, scratchDirectory } from '../support/embedded.ts';

const scratch = scratchDirectory();
let journey: Journey;
beforeAll(async () => {
  journey = await Journey.start(scratch.dataDir);
});
afterAll(async () => {
  await journey.run.stop();
  scratch.remove();
});

/** What a command prints, and its exit code. */
async function vigie(command: { run(args: readonly string[]): Promise<number> }, ...args: readonly string[]) {
  const lines: string[] = [];
  const spies = (['log', 'error'] as const).map((way) =>
    vi.spyOn(console, way).mockImplementation((line) => void lines.push(String(line))),
  );
  const code = await command.run([...args, '--data', scratch.dataDir]);
  for (const spy of spies) spy.mockRestore();
  return { code, said: lines.join('\n') };
}

async function says(customer: string, mid: string, text: string) {
  const message = {
    sender: { id: customer },
    recipient: { id: '100200300' },
    timestamp: Date.now(),
    message: { mid, text },
  };
  const body = { object: 'page', entry: [{ id: '100200300', time: Date.now(), messaging: [message] }] };
  expect(await journey.post('meta', JSON.stringify(body))).toBe(200);
  await journey.run.idle();
}

async function comments(customer: string, id: string, text: string) {
  const value = { item: 'comment', verb: 'add', post_id: '100200300_1', parent_id: '100200300_1', comment_id: id };
  const said = {
    ...value,
    from: { id: customer, name: 'Ines' },
    message: text,
    created_time: Math.floor(Date.now() / 1000),
  };
  const entry = [{ id: '100200300', time: Math.floor(Date.now() / 1000), changes: [{ field: 'feed', value: said }] }];
  expect(await journey.post('meta', JSON.stringify({ object: 'page', entry }))).toBe(200);
  await journey.run.idle();
}

async function offersTo(desk: string) {
  return (await journey.take(desk)).flatMap((message) => (message.type === 'case.offered' ? [message.data] : []));
}

describe('a record that can never succeed', () => {
  const send = async (MessageBody: string) => {
    const sqs = new SQSClient({
      endpoint: journey.run.sqsEndpoint,
      region: 'eu-west-1',
      credentials: { accessKeyId: 'somebody', secretAccessKey: 'local' },
    });
    await sqs.send(new SendMessageCommand({ QueueUrl: journey.run.queueUrl('outcome'), MessageBody }));
    await journey.run.idle();
  };

  test('is listed with its reason, shown, sent again to its own queue, and dropped', async () => {
    expect(await vigie(parked, 'list')).toEqual({ code: 0, said: 'Nothing is parked.' });
    const outcome = {
      id: 'o1',
      type: 'claimed',
      caseId: 'c1',
      offerId: 'f1',
      fence: 1,
      desk: 'vendor_gone',
      at: new Date().toISOString(),
    };
    await send(JSON.stringify(outcome));
    const { said } = await vigie(parked, 'list');
    expect(said).toMatch(/^[0-9a-f]{8} {2}20\S+Z {2}vigie-dev-outcome {2}unknown desk vendor_gone$/);
    const id = said.slice(0, 8);
    const shown = await vigie(parked, 'show', id);
    expect(JSON.parse(shown.said.split('\n')[2] ?? '')).toEqual(outcome);
    // Nothing was repaired meanwhile: it comes back, as another record.
    expect(await vigie(parked, 'retry', '--all')).toEqual({ code: 0, said: `${id}  sent to vigie-dev-outcome again` });
    await journey.run.idle();
    const again = (await vigie(parked, 'list')).said;
    expect(again).toMatch(/^[0-9a-f]{8} .* unknown desk vendor_gone$/);
    expect(again).not.toContain(id);
    expect((await vigie(parked, 'drop', again.slice(0, 8))).said).toBe(`${again.slice(0, 8)}  dropped`);
    expect((await vigie(parked, 'list')).said).toBe('Nothing is parked.');
  });

  test.each([
    [['retry'], 'vigie parked list'],
    [['drop', '--all'], 'vigie parked list'],
    [['show', 'nothing'], 'no parked record nothing'],
  ])('%j is answered in one line', async (args, reason) => {
    const { code, said } = await vigie(parked, ...args);
    expect([code, said.split('\n')]).toEqual([1, [expect.stringContaining(reason)]]);
  });
});

describe('a case', () => {
  test('is told from its first event to now, without the customer’s words unless asked for', async () => {
    await says('6101', 'm_t1', 'Bonjour, où est mon colis ?');
    const [offer] = await offersTo('vendor_atlas');
    if (offer === undefined) throw new Error('no offer');
    const { caseId, offerId, fence, policyVersion } = offer;
    await journey.report({
      id: 'o2',
      type: 'claimed',
      caseId,
      offerId,
      fence,
      desk: 'vendor_atlas',
      at: new Date().toISOString(),
    });
    await journey.run.idle();
    const { code, said } = await vigie(timeline, caseId);
    expect(code).toBe(0);
    expect(said).toMatch(/: (?:facebook|messenger), account 100200300, private, fr\nNow open at vendor_atlas, /);
    expect(said).toMatch(/the customer wrote \(message m_t1\)\n +decided: vendor_atlas, \w+\n +by rule \w+ of policy /);
    expect(said).toContain(`of policy ${policyVersion}: `);
    expect(said).toMatch(/\n +offered to vendor_atlas, standard \(fence 1\)\n/);
    expect(said).toContain('vendor_atlas reported: claimed');
    expect(said).toMatch(/Clocks:\n {2}first reply: running, due 20\S+ \S+, in \d+/);
    expect(said).not.toContain('colis');
    expect((await vigie(timeline, caseId, '--text')).said).toContain('« Bonjour, où est mon colis ? »');
  });

  test('that does not exist is answered in one line', async () => {
    expect(await vigie(timeline, 'nobody')).toEqual({ code: 1, said: 'there is no case nobody' });
  });
});

describe('a person who asks to be forgotten', () => {
  test('is erased from the table, and every desk that had a case of theirs is told', async () => {
    await says('6201', 'm_e1', 'Bonjour, où est mon colis ?');
    await says('6202', 'm_other', 'Bonjour, où est mon colis ?');
    await comments('6201', '1_77', 'Bonjour, où est mon colis ?');
    const offers = await offersTo('vendor_atlas');
    const of = (mid: string) => offers.find(({ messages }) => messages.some(({ id }) => id === mid));
    const { caseId = '', channel = '' } = of('m_e1') ?? {};
    const person = ['--author', '6201', '--channel', channel];

    const planned = await vigie(erase, ...person);
    expect(planned.said).toContain(`case ${caseId}: 1 messages, handed to vendor_atlas\nNothing is erased yet.`);
    expect((await vigie(timeline, caseId)).code).toBe(0);

    // A page knows a person by one id in comments and in private.
    const inPublic = of('1_77')?.caseId ?? '';
    expect((await vigie(timeline, inPublic)).said).toMatch(
      new RegExp(`The same person wrote in private at 20.*: case ${caseId}`),
    );

    const done = await vigie(erase, ...person, '--yes');
    expect(done.said).toContain('Erased 1 cases.\n\nWhat remains, and until when:\n');
    expect(done.said).toMatch(/backups of the table .*: until 20\d\d-/);
    expect(await vigie(timeline, caseId)).toEqual({ code: 1, said: `there is no case ${caseId}` });
    const told = await journey.take('vendor_atlas');
    expect(told.map(({ type, subject }) => [type, subject])).toEqual([
      ['case.erased', caseId],
      ['case.recalled', caseId],
    ]);
    expect((await vigie(timeline, of('m_other')?.caseId ?? '')).code).toBe(0);
    expect((await vigie(timeline, inPublic)).said).not.toContain('The same person');
    expect((await vigie(erase, ...person, '--yes')).said).toBe(`The table holds no case of 6201 on ${channel}.`);
  });
});

test('new promises reach open cases when the policy says so, once', async () => {
  await says('5550', 'm_promises', 'Bonjour, où est mon colis ?');
  const policy = mkdtempSync(join(tmpdir(), 'vigie-policy-'));
  cpSync(join(import.meta.dirname, '../../policy'), policy, { recursive: true });
  const sla = join(policy, 'sla.yaml');
  expect(await vigie(promises, '--policy', policy)).toMatchObject({
    code: 1,
    said: expect.stringContaining('on_change: carry or restart'),
  });
  const written = readFileSync(sla, 'utf8').replaceAll('first_reply: 4h', 'first_reply: 3h');
  writeFileSync(sla, written.replace('\nsla:\n', '\non_change: restart\nsla:\n'));
  const changes = async (...args: readonly string[]) =>
    Number(/: (\d+) of \d+ open cases/.exec((await vigie(promises, '--policy', policy, ...args)).said)?.[1]);
  const would = await changes();
  expect(would).toBeGreaterThan(0);
  expect(await changes('--yes')).toBe(would);
  expect(await changes('--yes')).toBe(0);
  const told = (await journey.take('vendor_atlas')).filter(({ type }) => type === 'case.updated');
  expect(told.length).toBeGreaterThan(0);
  rmSync(policy, { recursive: true, force: true });
});
