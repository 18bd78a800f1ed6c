import { randomUUID } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { type Dependencies, serveConsole } from '../../functions/serve-console/handler.ts';
import { createLines } from '../../functions/serve-console/lines.ts';
import { createMarker } from '../../functions/serve-console/reading.ts';
import { triageMessages } from '../../functions/triage-messages/handler.ts';
import {
  type ActName,
  caseListSchema,
  casePageSchema,
  comparisonSchema,
  healthSchema,
  nowSchema,
  reportPartSchema,
} from '../../shared/contracts/console.ts';
import { newHealth } from '../../shared/domain/account-health.ts';
import type { Policy } from '../../shared/domain/policy.ts';
import { conversationWith, inboundMessage, noonPlus } from '../support/samples.ts';
import { batchOf, url, World } from '../support/world.ts';

const routineWords = 'Where is my parcel';
const graveWords = 'Your cream made my daughter ill';

const html = '<!doctype html><title>Vigie</title>';

type Role = 'viewer' | 'agent' | 'lead';

class Console {
  readonly world = new World();
  dependencies: Dependencies = {
    ...this.world.dependencies,
    settings: {},
    rolesClaim: 'roles',
    page: { '/': { type: 'text/html; charset=utf-8', body: gzipSync(html).toString('base64'), immutable: false } },
    stages: { intake: url('intake'), timer: url('timers'), outcome: url('outcomes'), parked: url('parked') },
    depths: { of: async (urls) => urls.map(() => ({ waiting: 2, inFlight: 1 })) },
    marksOf: createMarker(this.world.dependencies.policy),
    toLine: createLines(this.world.dependencies.policy),
  };

  /** A case of Claire's with this message. */
  async caseWith(text: string): Promise<string> {
    await triageMessages(
      batchOf({ receivedAt: noonPlus(1), events: [inboundMessage('m1', text)] }),
      this.world.dependencies,
    );
    this.world.now = () => new Date(noonPlus(5));
    return (await this.case()).id;
  }

  async case() {
    const subject = await this.world.memory.current(conversationWith('claire'));
    if (subject === undefined) throw new Error('no case');
    return subject;
  }

  async call(role: string, method: 'GET' | 'POST', path: string, body?: unknown, fields: object = {}) {
    const [rawPath = '', query = ''] = path.split('?');
    const answer = await serveConsole(
      {
        rawPath,
        queryStringParameters: Object.fromEntries(new URLSearchParams(query)),
        headers: { 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        requestContext: {
          http: { method },
          authorizer: { jwt: { claims: { sub: 'u1', email: 'ana@example.com', roles: `[${role}]` } } },
        },
        ...fields,
      },
      this.dependencies,
    );
    return { status: answer.statusCode, headers: answer.headers, text: answer.body };
  }

  async act(role: Role, act: ActName, more: object = {}) {
    const { id: caseId, fence } = await this.case();
    return this.call(role, 'POST', `/api/cases/${caseId}/acts`, { id: randomUUID(), act, fence, ...more });
  }

  async story(role: Role = 'viewer') {
    const { text } = await this.call(role, 'GET', `/api/cases/${(await this.case()).id}`);
    return casePageSchema.parse(JSON.parse(text));
  }
}

describe('who gets in', () => {
  test.each([
    ['nobody, without a token', {}, 401],
    ['nobody, with a token that names no role', { authorizer: { jwt: { claims: { sub: 'u1' } } } }, 403],
    ['nobody, with a role of another kind', { authorizer: { jwt: { claims: { sub: 'u1', roles: '[leader]' } } } }, 403],
    ['a viewer', { authorizer: { jwt: { claims: { sub: 'u1', roles: 'viewer' } } } }, 200],
    ['whoever may sign for the account', { authorizer: { iam: { userArn: 'arn:aws:iam::1:user/ops' } } }, 200],
  ])('%s', async (_, context, status) => {
    const answer = await new Console().call('', 'GET', '/api/now', undefined, {
      requestContext: { http: { method: 'GET' }, ...context },
    });
    expect(answer.status).toBe(status);
  });

  test('a form posted by another site does nothing', async () => {
    const console = new Console();
    const caseId = await console.caseWith(routineWords);
    const headers = { 'content-type': 'text/plain' };
    const answer = await console.call('lead', 'POST', `/api/cases/${caseId}/acts`, {}, { headers });
    expect(answer.status).toBe(415);
    expect(await console.case()).toMatchObject({ version: 1 });
  });

  test('the page runs no script and no style but its own, may not be framed, and talks to the sign-in service alone', async () => {
    const console = new Console();
    const signIn = { issuer: 'https://login.example.com/realm', clientId: 'c', hosts: ['https://tokens.example.com'] };
    const answer = await serveConsole(
      { rawPath: '/', requestContext: { http: { method: 'GET' } } },
      { ...console.dependencies, settings: { signIn } },
    );
    expect(answer.headers['content-security-policy']).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' https://login.example.com https://tokens.example.com; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
    );
  });
});

describe('what is compressed', () => {
  test.each([
    ['gzip, deflate, br, zstd', true],
    ['br;q=1.0, gzip;q=0.8', true],
    ['*', true],
    ['', false],
    ['identity', false],
    ['gzip;q=0, *', false],
  ])('for a client that takes “%s”: %s', async (acceptEncoding, compressed) => {
    const console = new Console();
    const headers = { 'accept-encoding': acceptEncoding };
    const answerTo = async (rawPath: string) => {
      const requestContext = { http: { method: 'GET' }, authorizer: { iam: { userArn: 'arn:aws:iam::1:user/ops' } } };
      const {
        body,
        isBase64Encoded,
        headers: told,
      } = await serveConsole({ rawPath, headers, requestContext }, console.dependencies);
      const bytes = Buffer.from(body, isBase64Encoded === true ? 'base64' : 'utf8');
      expect([told['content-encoding'], told['vary']]).toEqual([compressed ? 'gzip' : undefined, 'accept-encoding']);
      return (compressed ? gunzipSync(bytes) : bytes).toString('utf8');
    };
    await console.caseWith(routineWords);
    expect(await answerTo('/')).toBe(html);
    expect(nowSchema.parse(JSON.parse(await answerTo('/api/now'))).sample.cases).toBe(1);
  });
});

describe('what is shown', () => {
  test('Now counts cases by desk and lists the deadlines that come', async () => {
    const console = new Console();
    const caseId = await console.caseWith(routineWords);
    const now = nowSchema.parse(JSON.parse((await console.call('viewer', 'GET', '/api/now')).text));
    expect(now.sample).toMatchObject({ cases: 1, complete: true });
    expect(now.desks.find(({ id }) => id === 'vendor_atlas')).toMatchObject({ received: 1, active: 1, unanswered: 1 });
    expect(now.deadlines.map(({ id }) => id)).toEqual([caseId]);
    expect(now.late).toBe(0);
    console.world.now = () => new Date(noonPlus(6 * 60));
    const later = nowSchema.parse(JSON.parse((await console.call('viewer', 'GET', '/api/now')).text));
    expect([later.late, later.breaches.map(({ id }) => id)]).toEqual([1, [caseId]]);
  });

  test('each stage of the way is timed, and an account that was expected to speak is silent, a token ends', async () => {
    const console = new Console();
    const { channel, accountId } = inboundMessage('m1', '');
    const watched = { channel, title: 'Page', purpose: 'after_sales' as const, languages: ['en'] };
    const accounts: Policy['accounts'] = [
      { ...watched, id: accountId, silentAfterHours: 12 },
      { ...watched, id: 'unheard', silentAfterHours: 48 },
      { ...watched, id: 'unwatched' },
      { ...watched, id: '*' },
    ];
    console.dependencies = {
      ...console.dependencies,
      policy: { ...console.dependencies.policy, accounts },
    };
    const token = { fingerprint: 'a', askedAt: noonPlus(0), isValid: true };
    await console.world.memory.keepTokenHealth({
      meta: token,
      [`meta ${accountId}`]: { ...token, endsAt: noonPlus(3 * 24 * 60) },
      google: { ...token, isValid: false },
    });
    const unheard = { account: { channel, id: 'unheard' }, health: newHealth(noonPlus(-48 * 60)) };
    await console.world.memory.keepHealth([unheard]);
    await console.caseWith(graveWords);
    await console.act('agent', 'claim');
    await console.act('agent', 'answer');
    const health = async () => {
      const { stages, accounts, looked, tokens } = healthSchema.parse(
        JSON.parse((await console.call('viewer', 'GET', '/api/health')).text),
      );
      const times = stages.map(({ stage, cases, medianSeconds }) => [stage, cases, medianSeconds]);
      return { looked, times, tokens, accounts: accounts.map(({ silent, heardAt }) => [silent, heardAt]) };
    };
    expect(await health()).toEqual({
      looked: 1,
      times: [
        ['delivered', 1, 60],
        ['triaged', 1, 0],
        ['claimed', 0, undefined],
        ['replied', 1, 300],
      ],
      tokens: [
        { platform: 'meta', title: 'Page', days: 3 },
        { platform: 'google', days: 0 },
      ],
      accounts: [
        [false, noonPlus(0)],
        [true, undefined],
        [false, undefined],
      ],
    });
    console.world.now = () => new Date(noonPlus(13 * 60));
    const kept = { ...newHealth(noonPlus(0)), heardAt: noonPlus(0) };
    await console.world.memory.keepHealth([{ account: { channel, id: accountId }, health: kept }]);
    expect((await health()).accounts.map(([silent]) => silent)).toEqual([true, true, false]);
  });

  test.each([
    ['', 1],
    ['?desk=vendor_atlas&state=open', 1],
    ['?desk=in_house', 0],
    ['?reason=safety', 0],
    ['?deadline=missed', 0],
    ['?account=nobody', 0],
    ['?words=where+PARCÉL', 1],
    ['?words=where+letter', 0],
    ['?words=claire', 1],
  ])('the list of cases narrowed by "%s" has %i', async (query, count) => {
    const console = new Console();
    await console.caseWith(routineWords);
    const list = caseListSchema.parse(JSON.parse((await console.call('viewer', 'GET', `/api/cases${query}`)).text));
    expect([list.cases.length, list.looked]).toEqual([count, 1]);
    expect(JSON.stringify(list)).not.toContain(routineWords);
  });

  test('all cases of a customer are found by one of them, however many others wrote since', async () => {
    const console = new Console();
    const caseId = await console.caseWith(routineWords);
    const others = Array.from({ length: 120 }, (_, index) => ({
      ...inboundMessage(`o${index}`, 'Hello'),
      thread: `t${index}`,
      author: { id: `other-${index}` },
    }));
    await triageMessages(batchOf({ receivedAt: noonPlus(2), events: others }), console.world.dependencies);
    const found = async (query: string) =>
      caseListSchema.parse(JSON.parse((await console.call('viewer', 'GET', `/api/cases?${query}`)).text));
    const mine = await found(`customerOf=${caseId}`);
    expect([mine.cases.map(({ id }) => id), mine.looked]).toEqual([[caseId], 121]);
    const first = await found('words=hello');
    expect(first.cases.length).toBe(50);
    const second = await found(`words=hello&before=${first.next}`);
    expect(new Set([...first.cases, ...second.cases].map(({ id }) => id)).size).toBe(100);
    expect((await found(`customerOf=none`)).cases).toEqual([]);
  });

  test.each(['?state=odd', '?words=a', '?before=yesterday', `?desk=${'x'.repeat(65)}`])(
    'a filter that is wrong is said to be: %s',
    async (query) => {
      const answer = await new Console().call('viewer', 'GET', `/api/cases${query}`);
      expect(answer.status).toBe(400);
      expect(answer.text).toMatch(/^\{"message":"(state|before|desk|words): \w/);
    },
  );

  test('a report counts by day and desk what was kept and what was wrong', async () => {
    const console = new Console();
    await console.caseWith(graveWords);
    await console.act('agent', 'answer');
    await console.act('agent', 'mark_misrouted', { reason: 'it was a joke' });
    const answer = await console.call('viewer', 'GET', `/api/report?until=${noonPlus(0).slice(0, 10)}`);
    expect(JSON.parse(answer.text)).toEqual({
      rows: [
        {
          day: noonPlus(0).slice(0, 10),
          desk: 'in_house',
          cases: 1,
          messages: 1,
          kept: 1,
          broken: 0,
          misrouted: 1,
          reasons: Object.fromEntries((await console.case()).reasons.map((reason) => [reason, 1])),
        },
      ],
      looked: 1,
    });
    expect((await console.call('viewer', 'GET', '/api/report')).status).toBe(400);
  });

  test('a promise counts under the desk that held it, on the day of its verdict', async () => {
    const console = new Console();
    await console.caseWith(routineWords);
    // Past the promise on the next day; then taken in-house, where it is answered too late.
    console.world.now = () => new Date(noonPlus(24 * 60));
    await console.act('agent', 'recall', { reason: 'ours' });
    await console.act('agent', 'answer');
    const part = JSON.parse((await console.call('viewer', 'GET', '/api/report?until=2000-01-01')).text);
    const counts = reportPartSchema.parse(part).rows.map(({ day, desk, cases, broken }) => [day, desk, cases, broken]);
    expect(counts).toEqual([
      [noonPlus(0).slice(0, 10), 'in_house', 1, 0],
      [noonPlus(0).slice(0, 10), 'vendor_atlas', 0, 1],
    ]);
  });

  test('a case page says who has looked', async () => {
    const console = new Console();
    const caseId = await console.caseWith(routineWords);
    await console.story();
    expect(console.world.logs).toContainEqual({ event: 'case_viewed', caseId, by: 'ana@example.com' });
  });

  test.each(['/api/cases/none', '/api/cases/0-0-1/acts', '/api/nothing', '/api/cases/..%2f', '/nothing'])(
    '%s is not there',
    async (path) => {
      expect((await new Console().call('lead', 'GET', path)).status).toBe(404);
    },
  );

  test('a table that cannot be reached is no crash', async () => {
    const console = new Console();
    console.world.memory.fail = () => true;
    expect((await console.call('viewer', 'GET', '/api/now')).status).toBe(503);
  });
});

describe('other rules, compared on the latest messages', () => {
  const because = 'a try';
  const score = { holds: { default: 0.5 }, reasons: {}, parts: [] };
  const rules = (to: string) => ({
    rules: [{ id: 'everything', when: {}, to, priority: 'normal', because }],
    default: { to: 'in_house', priority: 'normal', because },
    score,
  });

  test('what would move is told by lane, with its cases, and nothing is changed', async () => {
    const console = new Console();
    const id = await console.caseWith(routineWords);
    const before = console.world.memory.contents();
    const { status, text } = await console.call('lead', 'POST', '/api/compare', rules('in_house'));
    const { lanes, ...counts } = comparisonSchema.parse(JSON.parse(text));
    expect([status, counts.messages, counts.moved, counts.leakRisk]).toEqual([200, 1, 1, []]);
    expect(lanes).toMatchObject([{ from: 'vendor_atlas', to: 'in_house', messages: 1, examples: [{ id }] }]);
    expect(text).not.toContain(routineWords);
    expect(console.world.memory.contents()).toEqual(before);
  });

  test('no rule that is tried sends a message out for which a reason holds', async () => {
    const console = new Console();
    await console.caseWith(graveWords);
    const { text } = await console.call('lead', 'POST', '/api/compare', rules('vendor_atlas'));
    expect(comparisonSchema.parse(JSON.parse(text))).toMatchObject({ messages: 1, moved: 0, leakRisk: [] });
  });

  test.each<[string, Role, unknown, number, RegExp]>([
    ['by an agent', 'agent', rules('in_house'), 403, /lead/],
    ['that are none', 'lead', { rules: [] }, 400, /^\{"message":"default: /],
    [
      'with a misspelt condition',
      'lead',
      { ...rules('x'), rules: [{ id: 'a', when: { reson: [] } }] },
      400,
      /rules\.0/,
    ],
    [
      'that lead nowhere',
      'lead',
      rules('vendor_atlass'),
      400,
      /everything: there is no desk vendor_atlass; known: in_house/,
    ],
  ])('rules %s are refused', async (_, role, body, status, says) => {
    const answer = await new Console().call(role, 'POST', '/api/compare', body);
    expect([answer.status, answer.text]).toEqual([status, expect.stringMatching(says)]);
  });
});

describe('what is done', () => {
  test('every act is an event of the case with its author', async () => {
    const console = new Console();
    await console.caseWith(graveWords);
    for (const act of ['claim', 'answer', 'resolve'] as const) {
      expect((await console.act('agent', act)).status, act).toBe(200);
    }
    expect(await console.case()).toMatchObject({ state: 'resolved' });
    const told = (await console.story()).story.map((entry) => [entry.type, 'by' in entry ? entry.by : undefined]);
    expect(told.slice(2)).toEqual([
      ['claimed', 'ana@example.com'],
      ['answered', 'ana@example.com'],
      ['resolved', 'ana@example.com'],
    ]);
  });

  test('a vendor’s case is taken in-house: recalled there, offered here', async () => {
    const console = new Console();
    await console.caseWith(routineWords);
    expect((await console.act('agent', 'recall', { reason: 'a journalist asks by phone' })).status).toBe(200);
    expect(await console.case()).toMatchObject({ route: 'in_house', desk: 'in_house', fence: 2 });
    expect(console.world.deskMessages().map(({ queue, message }) => [queue, message.type])).toEqual([
      ['vendor_atlas-standard.fifo', 'case.offered'],
      ['vendor_atlas-standard.fifo', 'case.recalled'],
      ['in_house-standard.fifo', 'case.offered'],
    ]);
  });

  test('nobody sends an image-sensitive case out of the house', async () => {
    const console = new Console();
    await console.caseWith(graveWords);
    expect((await console.story('lead')).reroutes).toEqual([]);
    const sent = console.world.queued.length;
    for (const act of ['reroute', 'hand_over'] as const) {
      const answer = await console.act('lead', act, { desk: 'vendor_atlas', reason: 'they have time' });
      expect([answer.status, console.world.queued.length]).toEqual([409, sent]);
    }
    expect(await console.case()).toMatchObject({ desk: 'in_house', version: 1 });
  });

  test('an agent hands over what the house has, and leaves to a lead what a vendor has', async () => {
    const console = new Console();
    await console.caseWith(routineWords);
    const to = { desk: 'vendor_atlas', reason: 'they know the shop' };
    expect((await console.story('agent')).acts).not.toContain('hand_over');
    expect((await console.act('agent', 'hand_over', to)).status).toBe(409);
    await console.act('agent', 'recall', { reason: 'ours' });
    expect(await console.story('agent')).toMatchObject({ acts: expect.arrayContaining(['hand_over']) });
    expect((await console.act('agent', 'hand_over', { ...to, desk: 'nobody' })).status).toBe(409);
    expect((await console.act('agent', 'hand_over', to)).status).toBe(200);
    expect(await console.case()).toMatchObject({ route: 'vendor', desk: 'vendor_atlas', fence: 3 });
    expect((await console.story()).story).toContainEqual(
      expect.objectContaining({ type: 'rerouted', desk: 'vendor_atlas', by: 'ana@example.com', reason: to.reason }),
    );
  });

  test('an act sent twice is done once', async () => {
    const console = new Console();
    const caseId = await console.caseWith(routineWords);
    const act = { id: randomUUID(), act: 'recall', fence: 1, reason: 'ours' };
    const answers = [1, 2].map(() => console.call('agent', 'POST', `/api/cases/${caseId}/acts`, act));
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200]);
    expect(await console.case()).toMatchObject({ version: 2, fence: 2 });
  });

  test('what was seen of another hand-over is no longer acted on', async () => {
    const console = new Console();
    await console.caseWith(graveWords);
    expect((await console.act('agent', 'claim', { fence: 7 })).status).toBe(409);
  });

  test.each<[Role, ActName, number]>([
    ['viewer', 'claim', 403],
    ['viewer', 'mark_misrouted', 403],
    ['agent', 'reroute', 403],
    ['agent', 'acknowledge', 403],
    ['agent', 'mark_misrouted', 200],
    ['lead', 'claim', 200],
    ['lead', 'acknowledge', 409],
  ])('a %s who tries to %s is answered %i', async (role, act, status) => {
    const console = new Console();
    await console.caseWith(graveWords);
    expect((await console.act(role, act, { reason: 'because' })).status).toBe(status);
  });

  test('a broken promise is acknowledged once', async () => {
    const console = new Console();
    await console.caseWith(graveWords);
    console.world.now = () => new Date(noonPlus(30 * 60));
    expect((await console.story('lead')).acts).toContain('acknowledge');
    expect((await console.act('lead', 'acknowledge')).status).toBe(200);
    expect((await console.story('lead')).acts).not.toContain('acknowledge');
  });

  test('names that JavaScript gives a meaning change nothing', async () => {
    const console = new Console();
    const caseId = await console.caseWith(routineWords);
    const polluted = JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}');
    const act = { id: randomUUID(), act: 'claim', fence: 1, ...polluted };
    for (const path of [
      `/api/cases/${caseId}/acts`,
      '/api/trial',
      '/api/compare',
      '/api/__proto__',
      '/api/constructor',
    ]) {
      expect((await console.call('lead', 'POST', path, act)).status).toBeGreaterThanOrEqual(400);
      const query = '__proto__=x&constructor=x&desk=__proto__&account=constructor';
      expect((await console.call('lead', 'GET', `${path}?${query}`)).status).toBeLessThan(500);
    }
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
    expect(await console.case()).toMatchObject({ version: 1 });
  });

  test.each([{}, { id: 'x', act: 'claim', fence: 1 }, { id: randomUUID(), act: 'delete', fence: 1 }])(
    'an act that is none is refused: %j',
    async (body) => {
      const console = new Console();
      const caseId = await console.caseWith(routineWords);
      expect((await console.call('lead', 'POST', `/api/cases/${caseId}/acts`, body)).status).toBe(400);
    },
  );
});
