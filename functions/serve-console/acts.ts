import { type Casework, type ChangeResult, changeCases } from '../../shared/casework.ts';
import { type Act, type ActName, actNames } from '../../shared/contracts/console.ts';
import { type Case, type CaseEvent, isActive } from '../../shared/domain/case.ts';
import { clocksByName } from '../../shared/domain/case-clocks.ts';
import { verdictOf } from '../../shared/domain/clocks.ts';
import type { Route } from '../../shared/domain/decision.ts';
import { OutsourcingClearance } from '../../shared/domain/gate.ts';
import type { Policy } from '../../shared/domain/policy.ts';
import { may, type Person, type Role } from './person.ts';

const inHouse = 'in_house';

const roleFor: Readonly<Record<ActName, Role>> = {
  claim: 'agent',
  answer: 'agent',
  wait: 'agent',
  resolve: 'agent',
  recall: 'agent',
  hand_over: 'agent',
  mark_misrouted: 'agent',
  reroute: 'lead',
  acknowledge: 'lead',
};

/** What the desk's own people report; an outsourced desk's case has to be recalled first. */
const outcomes = { claim: 'claimed', answer: 'answered', wait: 'waiting_for_customer', resolve: 'resolved' } as const;

function isOutcome(act: ActName): act is keyof typeof outcomes {
  return Object.hasOwn(outcomes, act);
}

/** What a person may do with a case as it is at an instant (ISO 8601 UTC). */
export function actsOn(subject: Case, person: Person, policy: Policy, now: string): ActName[] {
  return actNames.filter((act) => may(person, roleFor[act]) && fits(act, subject, policy, now));
}

function fits(act: ActName, subject: Case, policy: Policy, now: string): boolean {
  const { offer, desk, state } = subject;
  if (isOutcome(act)) {
    if (offer === undefined || !isActive(subject) || policy.desks[offer.desk]?.kind === 'outsourced') return false;
    return act === 'claim' ? !offer.claimed : act === 'resolve' || state === 'open';
  }
  switch (act) {
    case 'recall':
      return (isActive(subject) || state === 'set_aside') && desk !== inHouse;
    case 'hand_over':
      return isOfTheHouse(subject, policy) && reroutesOf(subject, policy).length > 0;
    case 'reroute':
      return !isOfTheHouse(subject, policy) && reroutesOf(subject, policy).length > 0;
    case 'mark_misrouted':
      return state !== 'quiet' && state !== 'withdrawn' && subject.misrouted !== true;
    case 'acknowledge':
      return (
        isActive(subject) &&
        [...clocksByName(subject).values()].some((clock) => {
          const { dueAt = '' } = clock;
          return verdictOf(clock, now) === 'breached' && dueAt > (subject.acknowledgedAt ?? '');
        })
      );
  }
}

/** Whether the house's own people have the case: they may hand it over; what others have, a lead re-routes. */
function isOfTheHouse({ desk }: Case, policy: Policy): boolean {
  return desk !== undefined && policy.desks[desk]?.kind !== 'outsourced';
}

/** Desks that a case may be moved to: those of the house, and outsourced ones that the gate would let have it. */
export function reroutesOf(subject: Case, policy: Policy): string[] {
  if (!isActive(subject) && subject.state !== 'set_aside') return [];
  return Object.keys(policy.desks).filter((desk) => {
    if (desk === subject.desk) return false;
    const route = routeTo(desk, policy);
    return route !== 'vendor' || OutsourcingClearance.for({ ...subject, route, desk }, policy) !== undefined;
  });
}

function routeTo(desk: string, policy: Policy): Exclude<Route, 'set_aside'> {
  const kind = policy.desks[desk]?.kind;
  return kind === 'outsourced' ? 'vendor' : kind === 'product_ideas' ? 'product_ideas' : 'in_house';
}

/** `forbidden`: not by this person; `misfit`: not with this case as it is now. */
export type ActResult =
  | ChangeResult
  | { readonly kind: 'forbidden'; readonly role: Role }
  | { readonly kind: 'misfit' };

/** Does what a person asks for: an event of the case with its author, written and told to the world as any other. */
export async function carryOut(
  casework: Casework,
  subject: Case,
  act: Act,
  person: Person,
  now: Date,
): Promise<ActResult> {
  if (!may(person, roleFor[act.act])) return { kind: 'forbidden', role: roleFor[act.act] };
  const at = now.toISOString();
  const id = `act:${act.id}`;
  const [again] = await casework.store.events([{ thread: subject.conversation, eventId: id }]);
  const event =
    again?.caseId === subject.id ? again.event : eventOf(subject, act, casework.policy, { id, at, by: person.name });
  if (event === undefined) return { kind: 'misfit' };
  const change = {
    conversation: subject.conversation,
    caseId: subject.id,
    known: { current: subject },
    text: '',
    event,
  };
  const [result] = await changeCases(casework, [change]);
  return result ?? { kind: 'retry', because: 'not reached' };
}

function eventOf(
  subject: Case,
  { act, desk, fence, reason = 'no reason given' }: Act,
  policy: Policy,
  { id, at, by }: { readonly id: string; readonly at: string; readonly by: string },
): CaseEvent | undefined {
  if (subject.fence !== fence || !fits(act, subject, policy, at)) return undefined;
  const base = { id, at, recordedAt: at, by };
  if (isOutcome(act)) {
    const { offer } = subject;
    if (offer === undefined) return undefined;
    return { type: outcomes[act], ...base, offerId: offer.id, fence: offer.fence, desk: offer.desk };
  }
  switch (act) {
    case 'recall':
      return { type: 'rerouted', ...base, route: 'in_house', desk: inHouse, because: reason };
    case 'hand_over':
    case 'reroute':
      return desk === undefined || !reroutesOf(subject, policy).includes(desk)
        ? undefined
        : { type: 'rerouted', ...base, route: routeTo(desk, policy), desk, because: reason };
    case 'mark_misrouted':
      return { type: 'marked_misrouted', ...base, because: reason };
    case 'acknowledge':
      return { type: 'escalation_acknowledged', ...base };
  }
}
