import type { Casework } from '../../shared/casework.ts';
import { actSchema, caseFilterSchema, reportQuerySchema, trialSchema } from '../../shared/contracts/console.ts';
import { type CaseStore, StoreUnavailableError, type TextAnalyser } from '../../shared/ports.ts';
import type { Log } from '../../shared/runtime/log.ts';
import { carryOut } from './acts.ts';
import { type Sources as CaseSources, readCase } from './case-page.ts';
import { candidateSchema, compareRules, misledRule } from './compare.ts';
import { readHealth } from './health.ts';
import {
  type Answer,
  type ConsoleFile,
  encodedFor,
  json,
  problem,
  type Request,
  requestSchema,
  securityHeaders,
} from './http.ts';
import { listCases } from './list.ts';
import { readNow } from './now.ts';
import { may, type Person, personOf } from './person.ts';
import { judge, policyPage } from './policy-page.ts';
import { countCases } from './report.ts';

export interface Dependencies
  extends Casework,
    CaseSources,
    Omit<Parameters<typeof readNow>[0], keyof CaseSources>,
    ConsoleFile {
  readonly store: CaseStore;
  readonly analyser: Pick<TextAnalyser, 'sentiment'>;
  readonly now: () => Date;
  readonly log: Log;
}

/**
 * Answers the console: its page to anybody, for it holds nothing, and the API to whom API Gateway has let in with a role. 400 says what is wrong with a
 * call, 403 that no role allows it, 503 that the table was not reached.
 */
export async function serveConsole(event: unknown, dependencies: Dependencies): Promise<Answer> {
  const request = requestSchema.parse(event);
  const isApi = request.path.startsWith('/api/');
  const startedAt = dependencies.now().getTime();
  const answer = isApi ? await answerApi(request, dependencies) : pageFile(request, dependencies);
  if (isApi) {
    // What is asked for, not about which case: of that `case_viewed` tells.
    const [, , call = ''] = request.path.split('/');
    const ms = dependencies.now().getTime() - startedAt;
    dependencies.log({ event: 'console_answered', call: call.slice(0, 20), status: answer.statusCode, ms });
  }
  const encoded = encodedFor(request, answer);
  return { ...encoded, headers: { ...securityHeaders(dependencies.settings), ...encoded.headers } };
}

function pageFile({ path }: Request, { page, settings }: Dependencies): Answer {
  if (path === '/console/settings.json') return json(200, settings);
  const file = Object.hasOwn(page, path) ? page[path] : undefined;
  if (file === undefined) return problem(404, 'There is no such page.');
  return {
    statusCode: 200,
    headers: {
      'content-type': file.type,
      'content-encoding': 'gzip',
      'cache-control': file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
    },
    body: file.body,
    isBase64Encoded: true,
  };
}

async function answerApi(request: Request, dependencies: Dependencies): Promise<Answer> {
  const { authorizer, path, method } = request;
  if (authorizer === undefined) return problem(401, 'Sign in first.');
  const person = personOf(authorizer, dependencies.rolesClaim);
  if (person === undefined) {
    return problem(
      403,
      `You are signed in, but your account has no role here: ask for viewer, agent or lead in ${dependencies.rolesClaim}.`,
    );
  }
  // Another site can have a browser post a form here, but not JSON without asking first.
  if (method === 'POST' && !request.contentType.startsWith('application/json')) {
    return problem(415, 'Post JSON, as content-type application/json.');
  }
  try {
    return await routed(`${method} ${path}`, request, person, dependencies);
  } catch (error) {
    if (!(error instanceof StoreUnavailableError)) throw error;
    return problem(503, 'The case table was not reached; the page tries again.');
  }
}

async function routed(route: string, request: Request, person: Person, dependencies: Dependencies): Promise<Answer> {
  const now = dependencies.now();
  if (!may(person, 'viewer')) return problem(403, 'This needs the role viewer.');
  switch (route) {
    case 'GET /api/me':
      return json(200, person);
    case 'GET /api/now':
      return json(200, await readNow(dependencies, now));
    case 'GET /api/health':
      return json(200, await readHealth(dependencies, now));
    case 'GET /api/policy':
      return json(200, policyPage(dependencies.policy));
    case 'GET /api/cases': {
      const filter = caseFilterSchema.safeParse(request.query);
      if (!filter.success) return problem(400, firstIssue(filter.error));
      return json(200, await listCases(dependencies, filter.data, now));
    }
    case 'GET /api/report': {
      const query = reportQuerySchema.safeParse(request.query);
      if (!query.success) return problem(400, firstIssue(query.error));
      return json(200, await countCases(dependencies, query.data, now));
    }
    case 'GET /api/routing': {
      const { routing, score } = dependencies.policy;
      return json(200, { ...routing, score });
    }
    case 'POST /api/compare':
      return answerComparison(request.body, person, dependencies, now);
    case 'POST /api/decide': {
      const trial = trialSchema.safeParse(parsed(request.body));
      if (!trial.success) return problem(400, firstIssue(trial.error));
      return json(200, await judge(dependencies, trial.data, now.toISOString()));
    }
  }
  const [, method, caseId, rest] = /^(GET|POST) \/api\/cases\/([0-9a-f-]{1,64})(\/acts)?$/.exec(route) ?? [];
  if (caseId === undefined || (method === 'POST') !== (rest !== undefined)) {
    return problem(404, 'There is no such call.');
  }
  return method === 'GET'
    ? answerCase(caseId, person, dependencies, now)
    : answerAct(caseId, request.body, person, dependencies, now);
}

async function answerComparison(body: string, person: Person, dependencies: Dependencies, now: Date): Promise<Answer> {
  if (!may(person, 'lead')) return problem(403, 'This needs the role lead.');
  const candidate = candidateSchema.safeParse(parsed(body));
  if (!candidate.success) return problem(400, firstIssue(candidate.error));
  const misled = misledRule(candidate.data, dependencies.policy);
  if (misled !== undefined) return problem(400, misled);
  return json(200, await compareRules(dependencies, candidate.data, now));
}

async function answerCase(caseId: string, person: Person, dependencies: Dependencies, now: Date): Promise<Answer> {
  const found = await readCase(dependencies, caseId, person, now);
  if (found === undefined) return problem(404, 'There is no such case.');
  // Who has read a customer's words can be told.
  dependencies.log({ event: 'case_viewed', caseId, by: person.name });
  return json(200, found);
}

async function answerAct(
  caseId: string,
  body: string,
  person: Person,
  dependencies: Dependencies,
  now: Date,
): Promise<Answer> {
  const act = actSchema.safeParse(parsed(body));
  if (!act.success) return problem(400, firstIssue(act.error));
  const subject = await dependencies.store.find(caseId);
  if (subject === undefined) return problem(404, 'There is no such case.');
  const result = await carryOut(dependencies, subject, act.data, person, now);
  switch (result.kind) {
    case 'done':
      return json(200, { done: act.data.act });
    case 'forbidden':
      return problem(403, `This needs the role ${result.role}.`);
    case 'misfit':
    case 'refused':
    case 'park':
      return problem(409, 'The case has changed meanwhile: look at it again.');
    case 'retry':
      return problem(503, 'Not everything was reached; try again, nothing is done twice.');
  }
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** Field and expectation only: what was sent may hold a customer's words. */
function firstIssue({
  issues: [issue],
}: {
  readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[];
}): string {
  const field = issue?.path.map(String).join('.') ?? '';
  return `${field === '' ? 'body' : field}: ${issue?.message ?? 'wrong'}`;
}
