import type * as z from 'zod';
import type { Comparison } from '../../shared/contracts/console.ts';
import type { Assessment } from '../../shared/domain/assessment.ts';
import { comprehendDollars } from '../../shared/domain/comprehend-price.ts';
import type { InboundEvent } from '../../shared/domain/inbound-event.ts';
import { type Policy, routingSchema, scoreSchema } from '../../shared/domain/policy.ts';
import { createRouter, type Router } from '../../shared/domain/routing.ts';
import { sentimentOfText } from '../../shared/domain/sentiment.ts';
import { type Replayed, simulationOf } from '../../shared/domain/simulation.ts';
import { anyVendor } from '../../shared/domain/vendors.ts';
import type { CaseStore, Thread } from '../../shared/ports.ts';
import { assessmentBehind, messageOf } from './reading.ts';
import { walkBack } from './walk.ts';

interface Sources {
  readonly store: CaseStore;
  readonly policy: Policy;
  readonly router: Router;
  readonly assess: (message: InboundEvent) => Assessment;
}

/** The rules and the score of `routing.yaml`; what else stands in the file is left aside. */
export const candidateSchema = routingSchema.extend({ score: scoreSchema });
export type Candidate = z.infer<typeof candidateSchema>;

/** The latest cases, and of each so many of its latest messages, are decided; so many messages that move are named for each way. */
const limits = { cases: 200, messagesOfCase: 3, examples: 5 };

/** The first rule that leads to a desk that there is not, in one line; `undefined` when all lead somewhere. */
export function misledRule({ rules, default: otherwise }: Candidate, { desks }: Policy): string | undefined {
  const known = [...Object.keys(desks), anyVendor, 'set_aside'];
  const misled = [...rules, { id: 'default', ...otherwise }].find(({ to }) => !known.includes(to));
  return misled === undefined
    ? undefined
    : `rule ${misled.id}: there is no desk ${misled.to}; known: ${known.join(', ')}`;
}

/**
 * What other rules would make of the latest messages: each is decided by the rules in force and by the others, with the mood under which it was
 * decided, or else with the local one. Nothing is kept or sent. Rejects with `StoreUnavailableError`.
 */
export async function compareRules(sources: Sources, candidate: Candidate, now: Date): Promise<Comparison> {
  const { store, policy, router, assess } = sources;
  const { score, ...routing } = candidate;
  const other = createRouter({ ...policy, version: 'candidate', routing, score });
  const readSentiment = sentimentOfText(policy);
  const messages = await latestMessages(store, now);
  const replayed = messages.map(({ caseId, message, event }): Replayed => {
    const read = assess(message);
    const { recordedAt } = event;
    const known = assessmentBehind(router, message, read, event) ?? read;
    const asks = (by: Router) => by.sentimentDecides(message, read, recordedAt);
    const [askedBefore, askedAfter] = [asks(router), asks(other)];
    const unfelt = known.sentiment === undefined && !known.missing.includes('sentiment');
    const assessment =
      unfelt && (askedBefore || askedAfter)
        ? { ...known, sentiment: readSentiment(message.text, known.language.code, message) }
        : known;
    const decidedBy = (by: Router, askedSentiment: boolean) => {
      const decision = by.decide(message, assessment, recordedAt);
      return {
        decision,
        dollars: comprehendDollars(policy, { text: message.text, assessment, decision, askedSentiment }),
      };
    };
    return { id: caseId, before: decidedBy(router, askedBefore), after: decidedBy(other, askedAfter) };
  });
  const times = messages.map(({ event }) => event.at).sort();
  return { ...simulationOf(replayed, limits.examples), ...(times[0] === undefined ? {} : { since: times[0] }) };
}

async function latestMessages(store: CaseStore, now: Date) {
  const keys: { readonly thread: Thread; readonly eventId: string }[] = [];
  let cases = 0;
  for await (const { subject } of walkBack(store, {}, now)) {
    if (subject === undefined) continue;
    const { conversation, messages } = subject;
    const latest = messages.recent.slice(-limits.messagesOfCase);
    keys.push(...latest.map(({ eventId }) => ({ thread: conversation, eventId })));
    cases += 1;
    if (cases === limits.cases) break;
  }
  const stored = await store.events(keys);
  return stored.flatMap((one) =>
    one === undefined || !('decision' in one.event)
      ? []
      : [{ caseId: one.caseId, event: one.event, message: messageOf(one, one.event) }],
  );
}
