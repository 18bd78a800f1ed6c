import { promised } from './apply-event.ts';
import type { Calendar } from './calendar.ts';
import { type Case, type CaseEvent, isActive } from './case.ts';
import { type Priority, priorities } from './decision.ts';
import type { Policy } from './policy.ts';
import { nameOfTerms, termsInForce } from './promises.ts';

type MessageEvent = Extract<CaseEvent, { decision: unknown }>;
type TermsChanged = Extract<CaseEvent, { type: 'terms_changed' }>;
type Target = NonNullable<Policy['sla'][string][Priority]>;

/**
 * The event by which a case's running promises come under a policy, as `on_change` of each of its targets says; `undefined` where nothing changes for the
 * case: it is closed, its targets are as they were, or they are to be kept. `messages` are the case's own; `at` (ISO 8601 UTC) is when the change holds.
 */
export function termsChange(
  subject: Case,
  messages: readonly MessageEvent[],
  policy: Policy,
  at: string,
): TermsChanged | undefined {
  if (!isActive(subject)) return undefined;
  const known = Object.values(policy.calendars ?? {});
  const inForce = termsInForce(subject.timeline);
  const promises = new Map<string, TermsChanged['promises'][number]>();
  for (const { decision, calendars } of messages) {
    const { targets, desk, priority, policyVersion } = decision;
    if (targets === undefined || desk === undefined) continue;
    const from = nameOfTerms(promised(targets, policyVersion, calendars).promise);
    const current = inForce.get(from);
    const target = policy.sla[desk]?.[priority];
    if (current === undefined || target?.onChange === undefined) continue;
    const terms = promised(target, policy.version, known).promise;
    if (!isSame(current, terms)) promises.set(from, { from, how: target.onChange, terms });
  }
  const leases = Object.fromEntries(
    Object.entries(subject.leaseTerms).flatMap(([desk, current]) => {
      const target = strictestTarget(policy, desk, messages);
      if (target?.onChange === undefined) return [];
      const terms = promised(target, policy.version, known).lease;
      return isSame(current, terms) ? [] : [[desk, { how: target.onChange, terms }]];
    }),
  );
  if (promises.size === 0 && Object.keys(leases).length === 0) return undefined;
  const named = new Set([...promises.values(), ...Object.values(leases)].flatMap(({ terms }) => terms.calendar ?? []));
  return {
    type: 'terms_changed',
    id: `terms_changed:${subject.id}:${policy.version}`,
    at,
    recordedAt: at,
    policyVersion: policy.version,
    promises: [...promises.values()],
    leases,
    calendars: known.filter(({ version }: Calendar) => named.has(version)),
    ...(policy.escalation === undefined ? {} : { ladder: policy.escalation.ladder }),
  };
}

/** The target of a desk for the highest priority that the case's messages were given. */
function strictestTarget({ sla }: Policy, desk: string, messages: readonly MessageEvent[]): Target | undefined {
  const given = new Set(messages.map(({ decision }) => decision.priority));
  const highest = priorities.find((priority) => given.has(priority) && sla[desk]?.[priority] !== undefined);
  return highest === undefined ? undefined : sla[desk]?.[highest];
}

/** Whether terms promise the same, whatever the version of the policy that says so. */
function isSame<Terms extends { readonly policyVersion: string }>(a: Terms, b: Terms): boolean {
  const said = ({ policyVersion: _, ...terms }: Terms) => JSON.stringify(Object.entries(terms).sort());
  return said(a) === said(b);
}
