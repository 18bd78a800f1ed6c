import type { CaseLine, Depth, Now } from '../../shared/contracts/console.ts';
import type { Case } from '../../shared/domain/case.ts';
import type { Policy } from '../../shared/domain/policy.ts';
import type { Destinations } from '../../shared/hand-over.ts';
import { ownOutcomeQueue } from '../../shared/outcome-queues.ts';
import type { CaseStore, HeardCase, OpenCase, QueueDepths } from '../../shared/ports.ts';

interface Sources {
  readonly store: CaseStore;
  readonly policy: Policy;
  readonly depths: QueueDepths;
  readonly destinations: Destinations;
  readonly stages: Readonly<Record<keyof Now['stages'], string>>;
  readonly toLine: (subject: Case, now: string) => CaseLine;
}

const dayMs = 86_400_000;
const hourMs = 3_600_000;
/** What one view reads at most: index entries of some 150 bytes, and some 20 cases. */
const limits = { heard: 2_000, open: 2_000, listed: 10 };

/** What is going on at this instant. Rejects with `StoreUnavailableError`. */
export async function readNow(
  { store, policy, depths, destinations, stages, toLine }: Sources,
  now: Date,
): Promise<Now> {
  const at = now.toISOString();
  const since = new Date(now.getTime() - dayMs).toISOString();
  const outcomeQueues = [
    stages.outcome,
    ...Object.entries(destinations.deskQueues).flatMap(([desk, queues]) =>
      policy.desks[desk]?.kind === 'outsourced' ? [ownOutcomeQueue(queues)] : [],
    ),
  ];
  const [heard, open, waiting] = await Promise.all([
    heardSince(store, since, at),
    store.open(limits.open),
    depthsOf(depths, [
      ...Object.values(destinations.deskQueues).flatMap(({ urgent, standard }) => [urgent, standard]),
      ...Object.values(stages),
      ...outcomeQueues,
    ]),
  ]);
  const late = open.filter(({ deadline }) => deadline !== undefined && deadline.dueAt < at);
  const coming = open.filter(({ deadline }) => deadline !== undefined && deadline.dueAt >= at);
  const withinTheHour = new Date(now.getTime() + hourMs).toISOString();
  const listed = [...late.slice(0, limits.listed), ...coming.slice(0, limits.listed)];
  const found = new Map((await store.findAll(listed.map(({ caseId }) => caseId))).map((one) => [one.id, one]));
  const lines = (entries: readonly OpenCase[]) =>
    entries.slice(0, limits.listed).flatMap(({ caseId }) => {
      const subject = found.get(caseId);
      return subject === undefined ? [] : [toLine(subject, at)];
    });
  return {
    at,
    sample: {
      cases: heard.length,
      since: heard.length < limits.heard ? since : (heard.at(-1)?.at ?? since),
      complete: heard.length < limits.heard,
    },
    setAside: heard.filter(({ route }) => route === 'set_aside').length,
    desks: Object.entries(policy.desks).map(([id, { title, kind }]) => {
      const own = open.filter(({ desk }) => desk === id);
      const nextDueAt = own.find(({ deadline }) => deadline !== undefined && deadline.dueAt >= at)?.deadline?.dueAt;
      const queues = destinations.deskQueues[id];
      return {
        id,
        title,
        kind,
        received: heard.filter(({ desk }) => desk === id).length,
        active: own.length,
        unanswered: own.filter(({ state }) => state === 'open').length,
        breached: late.filter(({ desk }) => desk === id).length,
        soon: coming.filter(({ desk, deadline }) => desk === id && (deadline?.dueAt ?? '') <= withinTheHour).length,
        ...(nextDueAt === undefined ? {} : { nextDueAt }),
        queues: { urgent: waiting.get(queues?.urgent ?? ''), standard: waiting.get(queues?.standard ?? '') },
      };
    }),
    stages: {
      intake: waiting.get(stages.intake),
      timer: waiting.get(stages.timer),
      outcome: sumOf(outcomeQueues.map((queue) => waiting.get(queue))),
      parked: waiting.get(stages.parked),
    },
    late: late.length,
    deadlines: lines(coming),
    breaches: lines(late),
  };
}

async function heardSince(store: CaseStore, since: string, now: string): Promise<readonly HeardCase[]> {
  const days = [...new Set([now.slice(0, 10), since.slice(0, 10)])];
  const heard = await Promise.all(days.map((day) => store.heardOn(day, limits.heard)));
  return heard
    .flat()
    .filter(({ at }) => at >= since)
    .slice(0, limits.heard);
}

/** All of them together, as far as each is known. */
function sumOf(depths: readonly Depth[]): Depth {
  const known = depths.filter((depth) => depth !== undefined);
  if (known.length === 0) return undefined;
  const sum = (count: (depth: NonNullable<Depth>) => number) => known.reduce((total, depth) => total + count(depth), 0);
  return { waiting: sum(({ waiting }) => waiting), inFlight: sum(({ inFlight }) => inFlight) };
}

async function depthsOf(depths: QueueDepths, urls: readonly string[]): Promise<ReadonlyMap<string, Depth>> {
  const found = await depths.of(urls);
  return new Map(urls.map((url, index) => [url, found[index]]));
}
