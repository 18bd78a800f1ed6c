import { createHash } from 'node:crypto';
import * as z from 'zod';
import { reasonSchema, topicSchema } from '../shared/domain/assessment.ts';
import { clockNameSchema, clockNames } from '../shared/domain/clocks.ts';
import { prioritySchema, type Targets } from '../shared/domain/decision.ts';
import { stepActions } from '../shared/domain/escalation.ts';
import { channelSchema } from '../shared/domain/inbound-event.ts';
import { learntSchema } from '../shared/domain/learnt.ts';
import {
  type Account,
  closedObject,
  comprehendSchema,
  conditionSchema,
  deskSchema,
  type Escalation,
  type Lexicon,
  type Meaning,
  overridesSchema,
  type Policy,
  policySchema,
  purposeSchema,
  scoreSchema,
} from '../shared/domain/policy.ts';
import { onChangeSchema } from '../shared/domain/promises.ts';
import { calendarsFile, compileCalendars } from './compile-calendars.ts';
import { exampleEntry, testExamples } from './policy-examples.ts';
import { lintPolicy, problemOfPhrase } from './policy-lint.ts';
import { type PolicyPath, type PolicyProblem, PolicySource } from './policy-source.ts';

export type { PolicyProblem } from './policy-source.ts';

const idSchema = z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, 'write a lower-case word: letters, digits and _');

const languagesEntry = z.array(z.string().regex(/^[a-z]{2}$/, 'write a language in two letters: fr')).min(1);
const desksFile = closedObject({
  desks: z.record(
    idSchema,
    closedObject({
      kind: deskSchema.shape.kind,
      title: z.string(),
      escalates_to: idSchema.optional(),
      languages: languagesEntry.optional(),
      topics: z.array(topicSchema).min(1).optional(),
      channels: z.array(channelSchema).min(1).optional(),
      hours: idSchema.optional(),
      weight: deskSchema.shape.weight,
      backlog: deskSchema.shape.backlog,
      masks: deskSchema.shape.masks,
    }),
  ),
  /** `earned`: weights fall with what desks break; `fixed`, as when absent: they do not. */
  shares: z.enum(['fixed', 'earned']).optional(),
});

/** CloudWatch looks back a week at most (CloudWatch user guide, "Evaluating an alarm"). */
const longestSilenceHours = 168;
const silence = z
  .string()
  .regex(/^[1-9]\d{0,2}[hd]$/, 'write hours or days, up to a week: 12h or 2d')
  .transform((text) => Number.parseInt(text, 10) * (text.endsWith('d') ? 24 : 1))
  .refine((hours) => hours <= longestSilenceHours, 'write hours or days, up to a week: 12h or 2d');

const accountDetails = {
  purpose: purposeSchema.optional(),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, 'write a country in two capitals: FR')
    .optional(),
  store: z.string().optional(),
  languages: languagesEntry.optional(),
  names: z.array(z.string().min(1)).optional(),
  tags: z.array(idSchema).optional(),
  overrides: overridesSchema.optional(),
  silent_after: silence.optional(),
};
const accountEntry = closedObject({
  channel: channelSchema,
  id: z.union([z.string(), z.number()]),
  title: z.string().optional(),
  ...accountDetails,
});

interface Group {
  readonly group: string;
  readonly purpose?: Account['purpose'] | undefined;
  readonly country?: string | undefined;
  readonly store?: string | undefined;
  readonly languages?: string[] | undefined;
  readonly names?: string[] | undefined;
  readonly tags?: string[] | undefined;
  readonly overrides?: Account['overrides'] | undefined;
  readonly silent_after?: number | undefined;
  readonly accounts?: z.infer<typeof accountEntry>[] | undefined;
  readonly groups?: Group[] | undefined;
}
const groupEntry: z.ZodType<Group> = closedObject({
  group: z.string(),
  ...accountDetails,
  accounts: z.array(accountEntry).optional(),
  groups: z.array(z.lazy(() => groupEntry)).optional(),
});
const accountsFile = closedObject({ groups: z.array(groupEntry).min(1) });

const routingFile = closedObject({
  rules: z.array(
    closedObject({
      id: idSchema,
      when: conditionSchema,
      to: idSchema,
      priority: prioritySchema,
      because: z.string().min(1),
    }),
  ),
  default: closedObject({ to: idSchema, priority: prioritySchema, because: z.string().min(1) }),
  score: scoreSchema,
  comprehend: comprehendSchema.optional(),
  /** Decided whenever the policy is compiled; one that goes elsewhere is an error. */
  examples: z.array(exampleEntry).optional(),
});

const duration = z.string().regex(/^[1-9][0-9]{0,4}[smhd]$/, 'write a duration as 30m, 4h or 2d');
/** `keep`, as when absent: promises that run stay as they were made. */
const onChange = z.enum(['keep', ...onChangeSchema.options]);
const targetsEntry = closedObject({
  first_reply: duration,
  /** As `first_reply` when absent. */
  next_reply: duration.optional(),
  resolution: duration,
  claim: duration.optional(),
  answer: duration.optional(),
  calendar: idSchema.optional(),
  on_change: onChange.optional(),
});
const stepEntry = closedObject({
  clocks: z.array(clockNameSchema).min(1),
  before: duration.optional(),
  after: duration.optional(),
  tell: idSchema,
  do: z.enum(stepActions),
});
const escalationEntry = closedObject({
  silence: duration,
  levels: z.record(
    idSchema,
    closedObject({ title: z.string().min(1), hours: z.partialRecord(prioritySchema, idSchema).optional() }),
  ),
  ladder: z.array(stepEntry).min(1),
});
const slaFile = closedObject({
  /** So long before the platform takes no more answers a private message falls due. */
  reply_window_margin: duration.optional(),
  /** So long after its end a customer's message reopens a resolved case. */
  reopen_within: duration.optional(),
  /** What new targets do to promises that run, where a desk or priority does not say otherwise. */
  on_change: onChange.optional(),
  escalation: escalationEntry.optional(),
  sla: z.record(
    idSchema,
    closedObject({
      /** By which the times of this desk count, where a priority does not name another. */
      calendar: idSchema.optional(),
      on_change: onChange.optional(),
      urgent: targetsEntry.optional(),
      high: targetsEntry.optional(),
      normal: targetsEntry.optional(),
      low: targetsEntry.optional(),
    }),
  ),
});
/** Named like a calendar where time never stands still. */
const aroundTheClock = 'around_the_clock';

const phraseLists = z.array(
  z.union([z.string(), closedObject({ confidence: z.number().gt(0).max(1), phrases: z.array(z.string()).min(1) })]),
);
const lexiconFile = closedObject({
  language: z.string().regex(/^(?:[a-z]{2}|any)$/, 'write a language in two letters, or any'),
  reasons: z.partialRecord(reasonSchema, phraseLists).optional(),
  topics: z.partialRecord(topicSchema, phraseLists).optional(),
  sentiment: z.partialRecord(z.enum(['positive', 'negative']), phraseLists).optional(),
  cues: z.record(idSchema, phraseLists).optional(),
});

/** What each policy file may hold, by its path: a lexicon stands for all of them. */
export const policyFiles: Readonly<Record<string, z.ZodType>> = {
  accounts: accountsFile,
  calendars: calendarsFile,
  desks: desksFile,
  lexicon: lexiconFile,
  routing: routingFile,
  sla: slaFile,
};

const plainConfidence = 0.8;

/**
 * Reads a policy directory and compiles it to one document, whose version is a hash of its content; or says everything that is wrong
 * with it, with file, line and what to write. Never throws for what is in the files. `unlearnt`: without what was learnt, and without the examples, which count on it.
 */
export function compilePolicy(
  dir: string,
  { unlearnt = false }: { readonly unlearnt?: boolean } = {},
):
  | { ok: true; policy: Policy /** How many examples were decided. */; examples: number }
  | { ok: false; problems: readonly PolicyProblem[] } {
  const source = new PolicySource(dir);
  const desks = source.read('desks.yaml', desksFile);
  const accounts = source.read('accounts.yaml', accountsFile);
  const routing = source.read('routing.yaml', routingFile);
  const sla = source.read('sla.yaml', slaFile);
  const calendars = compileCalendars(source);
  const lexicons = source.list('lexicons').map((file) => ({ file, content: source.read(file, lexiconFile) }));
  const learnt = unlearnt ? undefined : source.readWritten('learnt.json', learntSchema);
  if (
    source.problems.length > 0 ||
    desks === undefined ||
    accounts === undefined ||
    routing === undefined ||
    sla === undefined
  ) {
    return { ok: false, problems: source.problems };
  }

  const { score, comprehend, examples = [], ...rules } = routing;
  const content = {
    desks: Object.fromEntries(
      Object.entries(desks.desks).map(([id, { escalates_to, ...desk }]) => [
        id,
        { ...desk, ...(escalates_to === undefined ? {} : { escalatesTo: escalates_to }) },
      ]),
    ),
    ...(desks.shares === 'earned' ? { shares: desks.shares } : {}),
    accounts: accounts.groups.flatMap((group) => flatten(group, {})),
    routing: rules,
    score,
    ...(comprehend === undefined ? {} : { comprehend }),
    sla: Object.fromEntries(
      Object.entries(sla.sla).map(([desk, { calendar, on_change = sla.on_change, ...targets }]) => [
        desk,
        Object.fromEntries(
          Object.entries(targets).flatMap(([priority, entry]) =>
            entry === undefined
              ? []
              : [[priority, toTargets(source, ['sla', desk, priority], { calendar, on_change, ...entry }, calendars)]],
          ),
        ),
      ]),
    ),
    calendars,
    ...(sla.escalation === undefined ? {} : { escalation: toEscalation(source, sla.escalation, calendars) }),
    ...(sla.reply_window_margin === undefined ? {} : { replyWindowMarginSeconds: secondsOf(sla.reply_window_margin) }),
    ...(sla.reopen_within === undefined ? {} : { reopenWithinSeconds: secondsOf(sla.reopen_within) }),
    lexicons: lexicons.flatMap(({ file, content: lexicon }) =>
      lexicon === undefined ? [] : [toLexicon(source, file, lexicon)],
    ),
    ...(learnt === undefined ? {} : { learnt }),
  };
  const version = createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 12);
  const policy = policySchema.parse({ version, ...content });
  lintPolicy(policy, source);
  lintOverrides(source, accounts.groups, ['groups'], policy);
  if (source.problems.length === 0 && !unlearnt) testExamples(policy, examples, source);
  return source.problems.length > 0
    ? { ok: false, problems: source.problems }
    : { ok: true, policy, examples: examples.length };
}

function secondsOf(text: string): number {
  return Number(text.slice(0, -1)) * ({ s: 1, m: 60, h: 3600, d: 86_400 }[text.slice(-1)] ?? 0);
}

function toTargets(
  source: PolicySource,
  path: PolicyPath,
  entry: z.infer<typeof targetsEntry>,
  calendars: Readonly<Record<string, unknown>>,
): Targets & { readonly onChange?: z.infer<typeof onChangeSchema> } {
  const {
    on_change = 'keep',
    calendar = aroundTheClock,
    next_reply = entry.first_reply,
    first_reply,
    resolution,
    claim,
    answer,
  } = entry;
  const counted = calendar !== aroundTheClock;
  if (counted && !Object.hasOwn(calendars, calendar)) {
    const known = [aroundTheClock, ...Object.keys(calendars)].join(', ');
    source.report('sla.yaml', path, `there is no calendar ${calendar}; known: ${known}`);
  }
  for (const [name, value] of Object.entries({ first_reply, next_reply, resolution, claim, answer })) {
    if (counted && value?.endsWith('d') === true) {
      const hours = Number(value.slice(0, -1)) * 24;
      source.report(
        'sla.yaml',
        [...path, name],
        `${name}: ${value} by calendar ${calendar} would be ${hours} open hours, several working days: write hours, 8h for a day`,
      );
    }
  }
  if (claim !== undefined && answer !== undefined && secondsOf(claim) > secondsOf(answer)) {
    source.report(
      'sla.yaml',
      [...path, 'claim'],
      'an offer is claimed before it is answered: write a claim below answer',
    );
  }
  return {
    firstReplySeconds: secondsOf(first_reply),
    nextReplySeconds: secondsOf(next_reply),
    resolutionSeconds: secondsOf(resolution),
    ...(claim === undefined ? {} : { claimSeconds: secondsOf(claim) }),
    ...(answer === undefined ? {} : { answerSeconds: secondsOf(answer) }),
    ...(counted ? { calendar } : {}),
    ...(on_change === 'keep' ? {} : { onChange: on_change }),
  };
}

function toEscalation(
  source: PolicySource,
  { silence, levels, ladder }: z.infer<typeof escalationEntry>,
  calendars: Readonly<Record<string, unknown>>,
): Escalation {
  const report = (path: PolicyPath, message: string) => source.report('sla.yaml', ['escalation', ...path], message);
  for (const [level, { hours = {} }] of Object.entries(levels)) {
    for (const [priority, calendar] of Object.entries(hours)) {
      if (calendar === aroundTheClock || Object.hasOwn(calendars, calendar)) continue;
      const known = [aroundTheClock, ...Object.keys(calendars)].join(', ');
      report(['levels', level, 'hours', priority], `there is no calendar ${calendar}; known: ${known}`);
    }
  }
  const seen = new Set<string>();
  const steps = ladder.flatMap(({ clocks, before, after, tell, do: action }, index) => {
    const path = ['ladder', index];
    if (before !== undefined && after !== undefined) report(path, 'a step is before the deadline, after it, or at it');
    if (!Object.hasOwn(levels, tell)) {
      report([...path, 'tell'], `there is no level ${tell}; known: ${Object.keys(levels).join(', ')}`);
    }
    const seconds = after === undefined ? (before === undefined ? 0 : -secondsOf(before)) : secondsOf(after);
    return clocks.map((clock) => {
      const name = `${clock} ${seconds} ${tell}`;
      if (seen.has(name)) report(path, `${tell} is told of ${clock} twice at the same moment`);
      seen.add(name);
      return { clock, seconds, tell, do: action };
    });
  });
  for (const clock of clockNames) {
    if (steps.some((step) => step.clock === clock && step.seconds === 0)) continue;
    report(['ladder'], `nobody is told when ${clock} is broken: add a step for it without before and after`);
  }
  return {
    ladder: { silenceSeconds: secondsOf(silence), steps },
    levels: Object.fromEntries(
      Object.entries(levels).map(([level, { title, hours = {} }]) => [
        level,
        { title, hours: Object.fromEntries(Object.entries(hours).filter(([, id]) => id !== aroundTheClock)) },
      ]),
    ),
  };
}

type Inherited = Pick<Account, 'country' | 'store' | 'names' | 'tags' | 'overrides'> &
  Partial<Pick<Account, 'purpose' | 'languages'>> & { readonly silent_after?: number };

/** The accounts of a group and of the groups within, each with what it does not say itself taken from the nearest group that does; tags and skipped rules add up. */
function flatten({ group, accounts = [], groups = [], ...own }: Group, inherited: Inherited): Account[] {
  const given = withDefaults(own, inherited);
  return [
    ...accounts.map(({ channel, id, title, ...details }) => {
      const { purpose = 'corporate', languages = [], silent_after, ...rest } = withDefaults(details, given);
      // Whatever is not listed has no webhook of its own.
      const watched = silent_after === undefined || id === '*' ? {} : { silentAfterHours: silent_after };
      return { channel, id: String(id), title: title ?? group, purpose, languages, ...rest, ...watched };
    }),
    ...groups.flatMap((child) => flatten(child, given)),
  ];
}

function withDefaults(own: { [K in keyof Inherited]?: Inherited[K] | undefined }, inherited: Inherited): Inherited {
  const purpose = own.purpose ?? inherited.purpose;
  const country = own.country ?? inherited.country;
  const store = own.store ?? inherited.store;
  const languages = own.languages ?? inherited.languages;
  const names = own.names ?? inherited.names;
  const tags = own.tags === undefined ? inherited.tags : [...new Set([...(inherited.tags ?? []), ...own.tags])];
  const silent_after = own.silent_after ?? inherited.silent_after;
  const overrides = withOverrides(own.overrides, inherited.overrides);
  return {
    ...(purpose === undefined ? {} : { purpose }),
    ...(country === undefined ? {} : { country }),
    ...(store === undefined ? {} : { store }),
    ...(languages === undefined ? {} : { languages }),
    ...(names === undefined ? {} : { names }),
    ...(tags === undefined ? {} : { tags }),
    ...(silent_after === undefined ? {} : { silent_after }),
    ...(overrides === undefined ? {} : { overrides }),
  };
}

function withOverrides(own: Account['overrides'], inherited: Account['overrides']): Account['overrides'] {
  if (own === undefined || inherited === undefined) return own ?? inherited;
  const skip = [...new Set([...(inherited.skip ?? []), ...(own.skip ?? [])])];
  return { ...inherited, ...own, ...(skip.length === 0 ? {} : { skip }) };
}

/** Notes what the overrides of groups and accounts name and nobody has, or must not be taken away. */
function lintOverrides(source: PolicySource, groups: readonly Group[], above: PolicyPath, policy: Policy): void {
  const outsourced = Object.keys(policy.desks).filter((id) => policy.desks[id]?.kind === 'outsourced');
  const { rules } = policy.routing;
  const skippable = rules.filter(({ to }) => policy.desks[to]?.kind !== 'in_house').map(({ id }) => id);
  const check = (overrides: Account['overrides'], path: PolicyPath) => {
    const report = (key: string, index: number, message: string) =>
      source.report('accounts.yaml', [...path, 'overrides', key, index], `overrides.${key}: ${message}`);
    for (const [index, desk] of (overrides?.desks ?? []).entries()) {
      if (!outsourced.includes(desk))
        report('desks', index, `${desk} is no outsourced desk; allowed: ${outsourced.join(', ')}`);
    }
    for (const [index, id] of (overrides?.skip ?? []).entries()) {
      if (!rules.some((rule) => rule.id === id))
        report('skip', index, `there is no rule ${id}; allowed: ${skippable.join(', ')}`);
      else if (!skippable.includes(id))
        report(
          'skip',
          index,
          `rule ${id} keeps messages in-house and holds everywhere; allowed: ${skippable.join(', ')}`,
        );
    }
  };
  for (const [index, { overrides, accounts = [], groups: inner = [] }] of groups.entries()) {
    const path = [...above, index];
    check(overrides, path);
    for (const [place, account] of accounts.entries()) check(account.overrides, [...path, 'accounts', place]);
    lintOverrides(source, inner, [...path, 'groups'], policy);
  }
}

function toLexicon(source: PolicySource, file: string, written: z.infer<typeof lexiconFile>): Lexicon {
  const entries: Lexicon['entries'] = [];
  const add = (section: string, name: string, lists: z.infer<typeof phraseLists>, means: Meaning) => {
    for (const [index, list] of lists.entries()) {
      const { confidence, phrases } =
        typeof list === 'string' ? { confidence: plainConfidence, phrases: [list] } : list;
      for (const [position, phrase] of phrases.entries()) {
        const problem = problemOfPhrase(phrase);
        const path = typeof list === 'string' ? [section, name, index] : [section, name, index, 'phrases', position];
        if (problem !== undefined) source.report(file, path, `"${phrase}": ${problem}`);
      }
      entries.push({ means, confidence, phrases });
    }
  };
  for (const [name, lists] of Object.entries(written.reasons ?? {})) {
    add('reasons', name, lists, { kind: 'reason', name: reasonSchema.parse(name) });
  }
  for (const [name, lists] of Object.entries(written.topics ?? {})) {
    add('topics', name, lists, { kind: 'topic', name: topicSchema.parse(name) });
  }
  for (const [name, lists] of Object.entries(written.sentiment ?? {})) {
    add('sentiment', name, lists, { kind: 'sentiment', name: name === 'positive' ? 'positive' : 'negative' });
  }
  for (const [name, lists] of Object.entries(written.cues ?? {})) add('cues', name, lists, { kind: 'cue', name });
  return { language: written.language, entries };
}

/** One line per problem, as compilers write them: `file:line:column: message`. */
export function formatProblems(problems: readonly PolicyProblem[]): string {
  return problems.map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`).join('\n');
}
