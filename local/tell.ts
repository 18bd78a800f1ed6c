import type { ToldEntry } from './journal-client.ts';

/** One journal entry in words, a line or a few; times in this machine's zone. */
export function tell(entry: ToldEntry): string {
  const [first = '', ...more] = sentencesOf(entry);
  return [`${localTime(entry.at)}  ${first}`, ...more.map((line) => `          ${line}`)].join('\n');
}

function sentencesOf(entry: ToldEntry): string[] {
  switch (entry.event) {
    case 'webhook_received': {
      const ignored = Object.entries(entry.ignored).map(([reason, count]) => `${count} ${reason.replaceAll('_', ' ')}`);
      const rest = ignored.length === 0 ? '' : `, ignored: ${ignored.join(', ')}`;
      return [`${entry.platform}: verified, read as ${counted(entry.events, 'message')}${rest}, stored`];
    }
    case 'webhook_refused':
      return [`${entry.platform}: refused with ${entry.status} (${entry.code.replaceAll('_', ' ')})`];
    case 'message_triaged':
      return triaged(entry);
    case 'case_changed':
      return changed(entry);
    case 'event_known':
      return [`case ${short(entry.caseId)}: the same ${entry.by.replaceAll('_', ' ')} again, nothing changes`];
    case 'effect_sent':
      return [`case ${short(entry.caseId)}: ${effect(entry)}`];
    case 'event_waits':
      return [`${entry.type.replaceAll('_', ' ')} ${entry.messageId} waits for the message it is about`];
    case 'timer_fired':
      return [
        `case ${short(entry.caseId)}: ${spaced(entry.clock)} was due ${localTime(entry.dueAt)} and is breached (told ${lasting(entry.lagMs)} later)`,
      ];
    case 'outcome_refused':
      return [`case ${short(entry.caseId)}: outcome of ${entry.desk} refused (${spaced(entry.because)})`];
    case 'record_parked':
      return [`parked, for a person to look at: ${entry.reason}`];
    case 'record_retried':
      return [`not done, will be tried again: ${entry.because}`];
    case 'policy_in_force':
      return [`${entry.function} decides by policy ${entry.version}`];
    case 'policy_refused':
      return [`${entry.function} cannot use the policy (${entry.because}) and decides by the one before`];
    case 'analyser_degraded':
      return [`${entry.service} cannot be asked (${entry.because})`];
  }
}

function triaged(entry: Extract<ToldEntry, { event: 'message_triaged' }>): string[] {
  const { decision } = entry;
  const found = [
    `language ${entry.language === 'und' ? 'unknown' : entry.language}`,
    `sentiment ${entry.sentiment ?? 'not asked'}`,
    ...(entry.topics.length === 0 ? [] : [`topic ${entry.topics.map(spaced).join(', ')}`]),
    ...strongest(entry.signals).map(([reason, confidence]) => `${spaced(reason)} ${Math.round(confidence * 100)} %`),
    ...(entry.noise === undefined ? [] : [`noise: ${spaced(entry.noise)}`]),
    ...(entry.missing.length === 0 ? [] : [`missing ${entry.missing.join(', ')}`]),
  ];
  const reasons = [...decision.reasons, ...decision.doubts].map(spaced);
  return [
    `${entry.channel} message ${entry.messageId} assessed: ${found.join(' · ')}`,
    `decided: ${decision.desk ?? 'set aside'}, ${decision.priority}${reasons.length === 0 ? '' : ` (${reasons.join(', ')})`}`,
    `because of rule ${decision.rule}: ${decision.because}`,
  ];
}

/** Each reason once, with its surest sign. */
function strongest(signals: readonly { readonly reason: string; readonly confidence: number }[]): [string, number][] {
  return [...Map.groupBy(signals, ({ reason }) => reason)].map(([reason, all]) => [
    reason,
    Math.max(...all.map(({ confidence }) => confidence)),
  ]);
}

function changed(entry: Extract<ToldEntry, { event: 'case_changed' }>): string[] {
  const clocks = Object.entries(entry.clocks).map(([name, dueAt]) => `${spaced(name)} by ${localTime(dueAt)}`);
  const place =
    entry.desk === undefined ? entry.state.replaceAll('_', ' ') : `${entry.state}, ${entry.desk}, ${entry.priority}`;
  const promises = clocks.length === 0 ? [] : [`clocks running: ${clocks.join(', ')}`];
  return [`case ${short(entry.caseId)}: ${spaced(entry.by)} → ${place}`, ...promises];
}

function effect({ kind, desk, lane, fence, again }: Extract<ToldEntry, { event: 'effect_sent' }>): string {
  const queue = `${desk}-${lane}.fifo`;
  if (again) return `${kind} sent again to ${queue} under the same id, which the queue knows and drops`;
  switch (kind) {
    case 'offer':
      return `offered to ${queue} (fence ${fence})`;
    case 'update':
      return `update sent to ${queue}`;
    case 'recall':
      return `recalled from ${queue} (fence ${fence} is dead)`;
    case 'erase':
      return `erasure sent to ${queue}`;
    default:
      return `people are told through the escalation topic (${desk} was in charge)`;
  }
}

/** The end of a case id tells cases apart on a screen. */
function short(caseId: string): string {
  return `${caseId.slice(0, 6)}…${caseId.slice(-6)}`;
}

function spaced(word: string): string {
  return word.replaceAll('_', ' ');
}

/** Milliseconds in the largest unit of which there are two. */
function lasting(ms: number): string {
  const units = [
    ['day', 86_400_000],
    ['hour', 3_600_000],
    ['minute', 60_000],
    ['second', 1_000],
  ] as const;
  const fitting = units.find(([, size]) => ms >= 2 * size);
  return fitting === undefined ? `${ms} ms` : counted(Math.round(ms / fitting[1]), fitting[0]);
}

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

function localTime(instant: string): string {
  const date = new Date(instant);
  const sameDay = Math.abs(Date.now() - date.getTime()) < 12 * 3_600_000;
  return date.toLocaleString('en-GB', sameDay ? { timeStyle: 'medium' } : { dateStyle: 'medium', timeStyle: 'short' });
}
