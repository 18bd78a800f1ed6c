import { isDeepStrictEqual } from 'node:util';
import { parsePhrase } from '../shared/domain/lexicon.ts';
import type { Condition, Policy } from '../shared/domain/policy.ts';
import { anyVendor } from '../shared/domain/vendors.ts';
import type { PolicyPath, PolicySource } from './policy-source.ts';

const setAside = 'set_aside';
/** What only an outsourced desk can declare. */
const outsourcedOnly = ['languages', 'topics', 'channels', 'hours', 'weight', 'backlog', 'masks'] as const;

/** Notes in `source` all that would make a readable policy a dangerous one. */
export function lintPolicy(policy: Policy, source: PolicySource): void {
  lintDesks(policy, source);
  lintAccounts(policy, source);
  lintRules(policy, source);
  lintTargets(policy, source);
}

/** What a count of one page of the index can hold (DynamoDB developer guide, "Query": 1 MB). */
const mostBacklog = 5_000;

function lintDesks({ desks, calendars = {}, shares, sla }: Policy, source: PolicySource): void {
  const file = 'desks.yaml';
  const ofKind = (kind: string) => Object.keys(desks).filter((id) => desks[id]?.kind === kind);
  const owing = ofKind('outsourced').filter((id) =>
    Object.values(sla[id] ?? {}).some(({ claimSeconds, answerSeconds }) => claimSeconds ?? answerSeconds),
  );
  if (shares === 'earned' && owing.length === 0) {
    source.report(
      file,
      ['shares'],
      'shares: no outsourced desk owes a claim or an answer in sla.yaml by which it could earn one',
    );
  }
  for (const kind of ['in_house', 'product_ideas']) {
    if (desks[kind]?.kind !== kind) source.report(file, ['desks'], `a desk named ${kind} of kind ${kind} is missing`);
  }
  for (const [id, desk] of Object.entries(desks)) {
    if (id === setAside) source.report(file, ['desks', id], `${setAside} is not a desk: it is where nothing is done`);
    if (id === anyVendor)
      source.report(file, ['desks', id], `${anyVendor} stands for any outsourced desk: name it otherwise`);
    if (desk.hours !== undefined && !Object.hasOwn(calendars, desk.hours)) {
      const known = Object.keys(calendars).join(', ');
      source.report(file, ['desks', id, 'hours'], `there is no calendar ${desk.hours}; known: ${known}`);
    }
    if ((desk.backlog ?? 0) > mostBacklog) {
      source.report(file, ['desks', id, 'backlog'], `backlog: write ${mostBacklog} cases at most, or leave it out`);
    }
    for (const name of outsourcedOnly) {
      if (desk.kind !== 'outsourced' && desk[name] !== undefined) {
        source.report(file, ['desks', id, name], `${name}: only an outsourced desk has it; leave it out`);
      }
    }
    if (desk.kind === 'in_house') continue;
    if (desk.escalatesTo === undefined) {
      source.report(file, ['desks', id], `desk ${id} has no escalates_to: write the in-house desk that takes over`);
    } else if (desks[desk.escalatesTo]?.kind !== 'in_house') {
      source.report(
        file,
        ['desks', id, 'escalates_to'],
        `desk ${id} escalates to ${desk.escalatesTo}, which is no in-house desk; allowed: ${ofKind('in_house').join(', ')}`,
      );
    }
  }
}

function lintAccounts({ accounts }: Policy, source: PolicySource): void {
  const seen = new Set<string>();
  for (const { channel, id } of accounts) {
    const key = `${channel} ${id}`;
    if (seen.has(key)) source.report('accounts.yaml', ['groups'], `account ${id} on ${channel} is listed twice`);
    seen.add(key);
  }
}

/** Names in a condition that no account has: a rule that asks for them waits for something that never comes. */
function lintNames(when: Condition, accounts: Policy['accounts'], path: PolicyPath, source: PolicySource): void {
  const known = {
    channels: accounts.map(({ channel }) => channel),
    accounts: accounts.map(({ id }) => id).filter((id) => id !== '*'),
    countries: accounts.flatMap(({ country }) => country ?? []),
    stores: accounts.flatMap(({ store }) => store ?? []),
    tags: accounts.flatMap(({ tags }) => tags ?? []),
  };
  for (const [key, names] of Object.entries(known)) {
    const asked = Object.entries(when).find(([name]) => name === key)?.[1];
    if (!Array.isArray(asked)) continue;
    for (const name of asked) {
      if (names.includes(String(name))) continue;
      const allowed = [...new Set(names)].sort().join(', ');
      source.report('routing.yaml', [...path, 'when', key], `${key}: no account has ${name}; allowed: ${allowed}`);
    }
  }
}

function lintRules({ routing, desks, score, accounts }: Policy, source: PolicySource): void {
  const file = 'routing.yaml';
  const allowed = [...Object.keys(desks), anyVendor, setAside];
  const targets = [
    ...routing.rules.map((rule, index) => ({ rule, path: ['rules', index] })),
    { rule: { id: 'default', ...routing.default, when: {} }, path: ['default'] },
  ];
  for (const { rule, path } of targets) {
    if (!allowed.includes(rule.to)) {
      source.report(
        file,
        [...path, 'to'],
        `rule ${rule.id} leads to ${rule.to}, which is unknown; allowed: ${allowed.join(', ')}`,
      );
    }
  }
  if (desks[routing.default.to]?.kind !== 'in_house') {
    source.report(file, ['default', 'to'], 'the default must lead in-house: what no rule knows is in doubt');
  }
  const ids = new Set<string>(['default']);
  for (const [index, rule] of routing.rules.entries()) {
    const path = ['rules', index];
    if (ids.has(rule.id)) source.report(file, [...path, 'id'], `rule ${rule.id} is named twice`);
    ids.add(rule.id);
    if (isGated(rule.to, desks)) {
      if (rule.when.routine !== true) {
        source.report(
          file,
          [...path, 'when'],
          `rule ${rule.id} leads to an outsourced desk with risk unknown: add "routine: true"`,
        );
      }
      if (rule.when.risk?.below === undefined) {
        source.report(
          file,
          [...path, 'when'],
          `rule ${rule.id} leads to an outsourced desk with risk unknown: add "risk: { below: … }"`,
        );
      }
    }
    lintNames(rule.when, accounts, path, source);
    const impossible = impossibility(rule.when);
    if (impossible !== undefined)
      source.report(file, [...path, 'when'], `rule ${rule.id} can never match: ${impossible}`);
    const above = routing.rules
      .slice(0, index)
      .find((other) => implies(rule.when, other.when) && !isGated(other.to, desks));
    if (above !== undefined) {
      source.report(
        file,
        path,
        `rule ${rule.id} is unreachable: whatever it matches, rule ${above.id} above matches first`,
      );
    }
  }
  for (const [index, { name, when }] of score.parts.entries()) {
    lintNames(when, accounts, ['score', 'parts', index], source);
    const impossible = impossibility(when);
    if (impossible !== undefined)
      source.report(file, ['score', 'parts', index], `part ${name} can never count: ${impossible}`);
  }
}

/** A rule to an outsourced desk may be refused by the gate or by every desk, so that what it matches can still reach a later rule. */
function isGated(to: string, desks: Policy['desks']): boolean {
  return to === anyVendor || desks[to]?.kind === 'outsourced';
}

function impossibility(when: Condition): string | undefined {
  if (when.routine === true && when.reasons !== undefined) return 'what is routine has no reason';
  if (when.routine === true && when.doubt === true) return 'what is routine is not in doubt';
  const { at_least: atLeast, below } = when.risk ?? {};
  if (atLeast !== undefined && below !== undefined && atLeast >= below) return 'no risk is both';
  return undefined;
}

/** Whether everything that `narrow` matches, `wide` matches too. Says no when it cannot tell. */
function implies(narrow: Condition, wide: Condition): boolean {
  return Object.entries(wide).every(([key, asked]) => {
    const given = Object.entries(narrow).find(([name]) => name === key)?.[1];
    if (given === undefined) return key === 'doubt' && asked === false && narrow.routine === true;
    if (Array.isArray(asked) && Array.isArray(given)) {
      const known: readonly unknown[] = asked;
      return given.every((value) => known.includes(value));
    }
    if (key === 'risk') return impliesRisk(narrow, wide);
    if (key === 'followers' || key === 'previous_cases' || key === 'earlier_messages' || key === 'words')
      return Number(given) >= Number(asked);
    if (key === 'stars') return Number(given) <= Number(asked);
    return isDeepStrictEqual(asked, given);
  });
}

function impliesRisk(narrow: Condition, wide: Condition): boolean {
  const { at_least: wideFrom = -Infinity, below: wideTo = Infinity } = wide.risk ?? {};
  const { at_least: from = -Infinity, below: to = Infinity } = narrow.risk ?? {};
  return from >= wideFrom && to <= wideTo;
}

function lintTargets({ sla, desks, routing }: Policy, source: PolicySource): void {
  const file = 'sla.yaml';
  for (const id of Object.keys(desks)) {
    if (!Object.hasOwn(sla, id))
      source.report(
        file,
        ['sla'],
        `desk ${id} has no targets: add it with a first_reply and a resolution per priority`,
      );
  }
  for (const [id, byPriority] of Object.entries(sla)) {
    if (!Object.hasOwn(desks, id)) {
      source.report(file, ['sla', id], `${id} is no desk; allowed: ${Object.keys(desks).join(', ')}`);
    }
    for (const [priority, targets] of Object.entries(byPriority)) {
      if (targets.firstReplySeconds > targets.resolutionSeconds) {
        source.report(file, ['sla', id, priority], `${id} promises an end (${priority}) before its first reply`);
      }
    }
  }
  for (const { id, to, priority } of [...routing.rules, { id: 'default', ...routing.default }]) {
    const led = to === anyVendor ? Object.keys(desks).filter((desk) => isGated(desk, desks)) : [to];
    for (const desk of led) {
      if (sla[desk] === undefined || sla[desk][priority] !== undefined) continue;
      source.report(
        file,
        ['sla', desk],
        `rule ${id} gives priority ${priority} to ${desk}, which has no targets for it`,
      );
    }
  }
}

/** Why a phrase of a lexicon cannot be read, or `undefined`. */
export function problemOfPhrase(phrase: string): string | undefined {
  const parsed = parsePhrase(phrase);
  return parsed.ok ? undefined : parsed.problem;
}
