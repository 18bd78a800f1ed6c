import { type CaseLine, type Depth, type Now, nowSchema } from '../../shared/contracts/console.ts';
import type { Route } from '../../shared/domain/decision.ts';
import { useReading } from './api.ts';
import type { Happening } from './app.tsx';
import { HealthPanels } from './health-panels.tsx';
import { hrefOf } from './location.ts';
import { Countdown, Loading, Overdue, PriorityChip, Problem, RouteSign, routeOfKind, Subject } from './parts.tsx';
import { channelName, moment, useWords } from './words.ts';

interface NowProps {
  readonly pulse: number;
  readonly happenings: readonly Happening[];
  /** Whether anybody tells what happens; where nobody does, an empty list would say that nothing happens. */
  readonly told: boolean;
}

/** What is going on, and which promise is in danger. */
export function NowPage({ pulse, happenings, told }: NowProps) {
  const words = useWords();
  const { value: now, problem } = useReading('/api/now', nowSchema, pulse);
  // Below the shorter of the two lists.
  const beside = now !== undefined && now.breaches.length <= now.deadlines.length;
  const happening = (
    <section class="panel" aria-labelledby="happening">
      <h2 id="happening">{words.now.happening}</h2>
      <Happenings happenings={happenings} at={Date.parse(now?.at ?? '')} />
    </section>
  );
  return (
    <>
      <h1 class="hidden">{words.pages.now}</h1>
      <Problem problem={problem} />
      {now === undefined ? (
        problem === undefined && <Loading />
      ) : (
        <>
          <Call now={now} told={told} />
          <Flow now={now} happenings={happenings} />
          <div class="columns">
            <div class="stack">
              <section class="panel" aria-labelledby="deadlines">
                <h2 id="deadlines">{words.now.deadlines}</h2>
                {now.deadlines.length === 0 ? (
                  <p class="soft">{words.now.deadlinesNone}</p>
                ) : (
                  <Promises lines={now.deadlines} now={now} />
                )}
              </section>
              {told && !beside && happening}
            </div>
            <div class="stack">
              <section class="panel" aria-labelledby="breaches">
                <h2 id="breaches">{words.now.breaches}</h2>
                {now.breaches.length === 0 ? (
                  <p class="good">{words.now.breachesNone}</p>
                ) : (
                  <Promises lines={now.breaches} now={now} />
                )}
              </section>
              {told && beside && happening}
            </div>
          </div>
          <Stages stages={now.stages} />
          <HealthPanels />
        </>
      )}
    </>
  );
}

/** The look-out's call: the one sentence to read from across the room. */
function Call({ now, told }: { readonly now: Now; readonly told: boolean }) {
  const words = useWords();
  const [next] = now.deadlines;
  const open = now.desks.reduce((sum, { active }) => sum + active, 0);
  if (now.sample.cases === 0) {
    return (
      <section class="call">
        <p class="headline">{words.now.quiet}</p>
        <p class="soft">{told ? words.now.quietHint : words.now.quietHintRemote}</p>
      </section>
    );
  }
  return (
    <section class={`call ${now.late > 0 ? 'alarm' : ''}`}>
      <p class="headline">{now.late > 0 ? words.now.broken(now.late) : words.now.calm}</p>
      <p class="facts">
        <span>{words.now.open(open)}</span>
        {next?.next === undefined ? (
          <span>{words.now.noneDue}</span>
        ) : (
          <a href={hrefOf({ page: 'cases', case: next.id })}>
            {words.now.nextDue} <Countdown to={next.next.dueAt} />
          </a>
        )}
      </p>
    </section>
  );
}

/** What happened longer ago was told to catch up. */
const sparkMs = 5_000;

interface Lane {
  readonly key: string;
  readonly route: Route;
  readonly received: number;
}

/** The flow as a picture: all cases on the left, a ribbon to each desk, as wide as its share. */
function Flow({ now, happenings }: { readonly now: Now; readonly happenings: readonly Happening[] }) {
  const words = useWords();
  const lanes: Lane[] = [
    ...now.desks.map(({ id, kind, received }) => ({ key: id, route: routeOfKind(kind), received })),
    { key: 'set_aside', route: 'set_aside', received: now.setAside },
  ];
  const { cases, complete } = now.sample;
  const said = complete ? words.now.sampleDay(cases) : words.now.sampleLatest(cases);
  return (
    <section class="flow panel" aria-labelledby="flow">
      <h2 id="flow">
        {words.now.flow} <span class="soft">· {said}</span>
      </h2>
      <div class="picture">
        <div class="source">
          <strong>{cases}</strong>
          <span>{words.now.heard}</span>
        </div>
        <Ribbons lanes={lanes} total={cases} happenings={happenings} />
        <ul class="desks">
          {now.desks.map((desk) => (
            <li key={desk.id} class={routeOfKind(desk.kind)}>
              <a class="desk-name" href={hrefOf({ page: 'cases', desk: desk.id })}>
                <RouteSign route={routeOfKind(desk.kind)} /> {desk.title}
              </a>
              <p class="numbers">
                <Figure value={desk.received} label={words.now.received(desk.received)} />
                <Figure value={desk.active} label={words.now.active(desk.active)} />
                <Figure value={desk.unanswered} label={words.now.unanswered(desk.unanswered)} />
                {desk.breached > 0 && <Figure value={desk.breached} label={words.now.breached(desk.breached)} alarm />}
                {(desk.soon ?? 0) > 0 && <Figure value={desk.soon ?? 0} label={words.now.soon(desk.soon ?? 0)} />}
                <Queues queues={desk.queues} />
              </p>
              <Load desk={desk} />
              {desk.nextDueAt !== undefined && (
                <p class="next">
                  <span class="soft">{words.now.nextDue}</span> <Countdown to={desk.nextDueAt} />
                </p>
              )}
            </li>
          ))}
          <li class="set_aside">
            <a class="desk-name" href={hrefOf({ page: 'cases', state: 'set_aside' })}>
              <RouteSign route="set_aside" /> {words.now.setAside}
            </a>
            <p class="numbers">
              <Figure value={now.setAside} label={words.now.setAsideHint} />
            </p>
          </li>
        </ul>
      </div>
    </section>
  );
}

function Figure({
  value,
  label,
  alarm = false,
}: {
  readonly value: number;
  readonly label: string;
  readonly alarm?: boolean;
}) {
  return (
    <span class={alarm ? 'number alarm' : 'number'}>
      <strong>{value}</strong> {label}
    </span>
  );
}

/** A desk's open cases against their promises, as parts of a bar; the figures above say the same. */
function Load({ desk: { active, breached, soon = 0 } }: { readonly desk: Now['desks'][number] }) {
  if (active === 0) return null;
  return (
    <svg class="load" viewBox={`0 0 ${active} 1`} preserveAspectRatio="none" aria-hidden="true">
      <rect class="later" width={active} height="1" />
      <rect class="soon" width={breached + soon} height="1" />
      <rect class="late" width={breached} height="1" />
    </svg>
  );
}

function Queues({ queues }: { readonly queues: Now['desks'][number]['queues'] }) {
  const words = useWords();
  const { urgent, standard } = queues;
  if (urgent === undefined || standard === undefined) return null;
  const waiting = urgent.waiting + urgent.inFlight + standard.waiting + standard.inFlight;
  if (waiting === 0) return null;
  return (
    <span class="number">
      <strong>{waiting}</strong> {words.now.queue(waiting)}
      {urgent.waiting > 0 && ` (${urgent.waiting} ${words.now.urgent(urgent.waiting)})`}
    </span>
  );
}

function Ribbons({
  lanes,
  total,
  happenings,
}: {
  readonly lanes: readonly Lane[];
  readonly total: number;
  readonly happenings: readonly Happening[];
}) {
  const pathOf = (index: number) => {
    const y = ((index + 0.5) / lanes.length) * 100;
    // Side by side where they start, so that none hides another.
    const start = 50 + (index - (lanes.length - 1) / 2) * 3;
    return `M0,${start} C55,${start} 45,${y} 100,${y}`;
  };
  const sparks = happenings.flatMap(({ n, entry }) => {
    if (entry.event !== 'message_triaged' || Date.parse(entry.at) < Date.now() - sparkMs) return [];
    const { route, desk } = entry.decision;
    const index = lanes.findIndex(({ key }) => key === (desk ?? route));
    return index === -1 ? [] : [{ n, route, path: pathOf(index) }];
  });
  return (
    <svg class="ribbons" viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
      {lanes.map(({ key, route, received }, index) => (
        <path
          key={key}
          class={`ribbon ${route} ${received === 0 ? 'empty' : ''}`}
          d={pathOf(index)}
          stroke-width={received === 0 ? 1 : 3 + 25 * Math.sqrt(received / Math.max(1, total))}
          vector-effect="non-scaling-stroke"
        />
      ))}
      {sparks.map(({ n, route, path }) => (
        <path key={n} class={`spark ${route}`} d={path} pathLength={100} vector-effect="non-scaling-stroke" />
      ))}
    </svg>
  );
}

/** Cases with a promise, the most pressing first. */
function Promises({ lines, now }: { readonly lines: readonly CaseLine[]; readonly now: Now }) {
  const words = useWords();
  const titleOf = (desk: string | undefined) => now.desks.find(({ id }) => id === desk)?.title ?? desk ?? '';
  return (
    <ol class="promises">
      {lines.map((line) => (
        <li key={line.id}>
          <a href={hrefOf({ page: 'cases', case: line.id })}>
            <span class="due">
              <Due line={line} />
            </span>
            <span class="what">
              <span class="where">
                <RouteSign route={line.route} /> {titleOf(line.desk)}
              </span>
              <span class="chips">
                <PriorityChip priority={line.priority} />
                <Subject line={line} />
              </span>
            </span>
            <span class="soft clock-name">
              {line.breached.length > 0
                ? line.breached.map((clock) => words.clock[clock]).join(', ')
                : line.next !== undefined && words.clock[line.next.clock]}
            </span>
          </a>
        </li>
      ))}
    </ol>
  );
}

/** What is left until the next deadline, or how long ago the first that was missed has passed. */
function Due({ line: { breached, clocks, next } }: { readonly line: CaseLine }) {
  const [missed] = breached.flatMap((clock) => clocks[clock]?.dueAt ?? []).sort();
  if (missed !== undefined) return <Overdue since={missed} />;
  return next === undefined ? null : <Countdown to={next.dueAt} />;
}

function Happenings({ happenings, at }: { readonly happenings: readonly Happening[]; readonly at: number }) {
  const words = useWords();
  if (happenings.length === 0) return <p class="soft">{words.now.happeningNone}</p>;
  return (
    <ol class="happenings">
      {happenings.map(({ n, entry }) => (
        <li key={n}>
          <time dateTime={entry.at}>{moment(entry.at, words, at)}</time> <Happened entry={entry} />
        </li>
      ))}
    </ol>
  );
}

function Happened({ entry }: Pick<Happening, 'entry'>) {
  const words = useWords();
  switch (entry.event) {
    case 'message_triaged':
      return (
        <span>
          <RouteSign route={entry.decision.route} />{' '}
          {words.live.triaged(words.toRoute[entry.decision.route], channelName(entry.channel))}
        </span>
      );
    case 'case_changed':
      return <a href={hrefOf({ page: 'cases', case: entry.caseId })}>{words.live.changed[entry.by] ?? entry.by}</a>;
    case 'timer_fired':
      return (
        <a href={hrefOf({ page: 'cases', case: entry.caseId })}>
          {words.live.timer(words.clock[entry.clock], entry.lagMs)}
        </a>
      );
    case 'outcome_refused':
      return <a href={hrefOf({ page: 'cases', case: entry.caseId })}>{words.live.refused}</a>;
    case 'record_parked':
      return <span>{words.live.parked}</span>;
  }
}

function Stages({ stages }: { readonly stages: Now['stages'] }) {
  const words = useWords();
  return (
    <section class="stages" aria-labelledby="stages">
      <h2 id="stages">{words.now.stages}</h2>
      <dl>
        {(['intake', 'timer', 'outcome', 'parked'] as const).map((name) => (
          <div key={name} class={name === 'parked' && (stages.parked?.waiting ?? 0) > 0 ? 'alarm' : ''}>
            <dt>{words.now.stage[name]}</dt>
            <dd>
              <DepthNumber depth={stages[name]} />
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function DepthNumber({ depth }: { readonly depth: Depth }) {
  const words = useWords();
  if (depth === undefined) return <span class="soft">{words.now.unknownDepth}</span>;
  return (
    <>
      <strong>{depth.waiting}</strong>
      {depth.inFlight > 0 && <span class="soft"> {words.now.inFlight(depth.inFlight)}</span>}
    </>
  );
}
