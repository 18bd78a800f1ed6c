import { useEffect, useRef, useState } from 'preact/hooks';
import { type CasePage, casePageSchema, type StoryEntry } from '../../shared/contracts/console.ts';
import { type Clock, type ClockName, clockNames, verdictOf } from '../../shared/domain/clocks.ts';
import { Acts } from './acts.tsx';
import { Alternatives } from './alternatives.tsx';
import { useReading } from './api.ts';
import { useSecond } from './clock.ts';
import { DecisionCard } from './decision-card.tsx';
import { hrefOf } from './location.ts';
import { MarkedText } from './marked-text.tsx';
import { Loading, PriorityChip, Problem, RouteSign, Subject } from './parts.tsx';
import { channelName, duration, languageName, moment, useWords } from './words.ts';

interface CaseViewProps {
  readonly id: string;
  readonly pulse: number;
  readonly deskTitle: (desk: string) => string;
  readonly back: string;
}

/** One case: why it is where it is, its promises, and all that happened to it. */
export function CaseView({ id, pulse, deskTitle, back }: CaseViewProps) {
  const words = useWords();
  const [acted, setActed] = useState(0);
  const path = `/api/cases/${encodeURIComponent(id)}`;
  const { value: page, problem } = useReading(path, casePageSchema, pulse + acted);
  const heading = useRef<HTMLHeadingElement>(null);
  const shown = page?.case.id;
  // Whoever opened the case reads on here, by ear as well.
  useEffect(() => {
    if (shown !== undefined) heading.current?.focus();
  }, [shown]);

  return (
    <article class="case" aria-labelledby="case-title">
      <p>
        <a class="back" href={back}>
          ← {words.case.back}
        </a>
      </p>
      <Problem problem={problem} />
      {page === undefined ? (
        problem === undefined && <Loading />
      ) : (
        <>
          <h2 id="case-title" ref={heading} tabIndex={-1}>
            <RouteSign route={page.case.route} />{' '}
            {page.case.desk === undefined ? words.route[page.case.route] : deskTitle(page.case.desk)}
          </h2>
          <p class="chips">
            <PriorityChip priority={page.case.priority} />{' '}
            <span class="chip plain">{words.state[page.case.state]}</span> <Subject line={page.case} />
          </p>
          <dl class="facts-list">
            <div>
              <dt>{words.case.account}</dt>
              <dd>
                {page.case.account} ({channelName(page.case.channel)})
              </dd>
            </div>
            <div>
              <dt>{words.case.language}</dt>
              <dd>{languageName(page.case.language, words)}</dd>
            </div>
            <div>
              <dt>{words.case.visibility}</dt>
              <dd>{page.case.public ? words.case.public : words.case.private}</dd>
            </div>
            {page.previous !== undefined && (
              <div>
                <dt>{words.case.previous}</dt>
                <dd>
                  <a href={hrefOf({ page: 'cases', case: page.previous })}>{page.previous.slice(0, 8)}…</a>
                </dd>
              </div>
            )}
          </dl>
          <p>
            <a href={hrefOf({ page: 'cases', case: page.case.id, customerOf: page.case.id })}>
              {words.case.allOfCustomer}
            </a>
          </p>
          <Acts key={page.case.id} page={page} deskTitle={deskTitle} onDone={() => setActed((before) => before + 1)} />
          <Promises page={page} />
          <Why page={page} deskTitle={deskTitle} />
          <h3>{words.case.story}</h3>
          <ol class="story">
            {page.story.map((entry, index) => (
              <Entry key={`${index} ${entry.type}`} entry={entry} at={Date.parse(page.at)} deskTitle={deskTitle} />
            ))}
          </ol>
        </>
      )}
    </article>
  );
}

/** The decision that put the case where it is: of the message whose rule the case carries. */
function Why({ page, deskTitle }: { readonly page: CasePage; readonly deskTitle: (desk: string) => string }) {
  const words = useWords();
  const decided = page.story.flatMap((entry) => ('decision' in entry ? [entry] : []));
  const entry = decided.findLast(({ decision }) => decision.rule === page.case.rule) ?? decided.at(-1);
  if (entry === undefined) return null;
  const { decision, alternatives } = entry;
  return (
    <>
      <h3>{words.case.decision}</h3>
      {page.because !== decision.because && page.because !== '' && (
        <p class="now-because">{words.case.because[page.because] ?? page.because}</p>
      )}
      <DecisionCard decision={decision} deskTitle={deskTitle} />
      <Alternatives alternatives={alternatives} deskTitle={deskTitle} />
    </>
  );
}

function Promises({ page }: { readonly page: CasePage }) {
  const words = useWords();
  const clocks = clockNames.flatMap((name) => {
    const clock = page.case.clocks[name];
    return clock === undefined ? [] : [{ name, clock }];
  });
  if (clocks.length === 0) return null;
  return (
    <>
      <h3>{words.case.clocks}</h3>
      <ul class="clocks">
        {clocks.map(({ name, clock }) => (
          <Track key={name} name={name} clock={clock} page={page} />
        ))}
      </ul>
    </>
  );
}

/** A clock as a line of time: how much of the promise is used, what happened meanwhile, and the hours in which nobody works. */
function Track({ name, clock, page }: { readonly name: ClockName; readonly clock: Clock; readonly page: CasePage }) {
  const words = useWords();
  const second = useSecond();
  const verdict = verdictOf(clock, new Date(second).toISOString());
  const start = Date.parse(clock.startedAt);
  const ended = clock.fulfilledAt ?? clock.cancelledAt ?? clock.pausedAt;
  const end = ended === undefined ? second : Date.parse(ended);
  const due = clock.dueAt === undefined ? undefined : Date.parse(clock.dueAt);
  const aim = due ?? end;
  // What is long overdue would squeeze the promise itself.
  const last = Math.max(aim, Math.min(end, aim + (aim - start)), start + 1);
  const percent = (at: number) => Math.min(100, Math.max(0, ((at - start) / (last - start)) * 100));
  const between = (from: number, to: number) => ({
    left: `${percent(from)}%`,
    width: `${percent(to) - percent(from)}%`,
  });
  const events = page.story.filter(({ at }) => Date.parse(at) >= start && Date.parse(at) <= last);
  return (
    <li class={`clock ${verdict}`}>
      <p>
        <strong>{words.clock[name]}</strong> <span class={`verdict-word ${verdict}`}>{words.verdict[verdict]}</span>{' '}
        <span class="soft">
          {due !== undefined && end > due
            ? words.case.lateBy(duration(end - due, words))
            : words.case.of(duration(end - start, words), duration(clock.seconds * 1000, words))}
          {clock.calendar !== undefined && ` ${words.case.businessHours}`}
          {clock.dueAt !== undefined && (
            <>
              {', '}
              {words.case.due} <time dateTime={clock.dueAt}>{moment(clock.dueAt, words, second)}</time>
            </>
          )}
          {clock.bound !== undefined && ` (${words.case.bound})`}
        </span>
      </p>
      <div class="track" aria-hidden="true">
        {page.closed[name]?.map(({ from, to }) => (
          <span key={from} class="closed-hours" style={between(Date.parse(from), Date.parse(to))} />
        ))}
        <span class="used" style={between(start, Math.min(end, aim))} />
        {end > aim && <span class="over" style={between(aim, end)} />}
        {events.map((entry, index) => (
          <span
            key={`${index} ${entry.type}`}
            class={`tick ${entry.type}`}
            style={{ left: `${percent(Date.parse(entry.at))}%` }}
            title={`${words.case.entry[entry.type]} ${moment(entry.at, words, second)}`}
          />
        ))}
        {due !== undefined && <span class="due-mark" style={{ left: `${percent(due)}%` }} />}
      </div>
    </li>
  );
}

interface EntryProps {
  readonly entry: StoryEntry;
  readonly at: number;
  readonly deskTitle: (desk: string) => string;
}

function Entry({ entry, at, deskTitle }: EntryProps) {
  const words = useWords();
  return (
    <li class={`entry ${entry.type}`}>
      <p class="entry-head">
        <time dateTime={entry.at}>{moment(entry.at, words, at)}</time> <strong>{words.case.entry[entry.type]}</strong>
        <EntryDetail entry={entry} deskTitle={deskTitle} />
      </p>
      {(entry.type === 'message_received' || entry.type === 'message_edited') && <Message entry={entry} />}
    </li>
  );
}

function EntryDetail({ entry, deskTitle }: Omit<EntryProps, 'at'>) {
  const words = useWords();
  switch (entry.type) {
    case 'message_received':
    case 'message_edited':
      return <span class="soft"> · {entry.author ?? words.case.customer}</span>;
    case 'offered':
    case 'recalled':
      return (
        <span class="soft">
          {' '}
          · {deskTitle(entry.desk)}, {words.case.offer(entry.fence)}
          {entry.because !== undefined && ` · ${words.case.because[entry.because] ?? entry.because}`}
        </span>
      );
    case 'claimed':
    case 'heartbeat':
    case 'answered':
    case 'waiting_for_customer':
    case 'resolved':
      return (
        <span class="soft">
          {' '}
          · {deskTitle(entry.desk)}
          {entry.by !== undefined && ` ${words.case.by(entry.by)}`}
        </span>
      );
    case 'rerouted':
      return (
        <span class="soft">
          {' '}
          · {deskTitle(entry.desk)} {words.case.by(entry.by)}
          {words.colon}
          {entry.reason}
        </span>
      );
    case 'marked_misrouted':
      return (
        <span class="soft">
          {' '}
          · {words.case.by(entry.by)}
          {words.colon}
          {entry.reason}
        </span>
      );
    case 'escalation_acknowledged':
      return <span class="soft"> · {words.case.by(entry.by)}</span>;
    case 'terms_changed':
      return <span class="soft"> · {entry.policyVersion}</span>;
    case 'handed_back':
      return (
        <span class="soft">
          {' '}
          · {deskTitle(entry.desk)}
          {words.colon}
          {entry.reason}
        </span>
      );
    case 'timer_fired':
    case 'escalated':
      return <span class="soft"> · {words.clock[entry.clock]}</span>;
    case 'message_deleted':
    case 'own_reply':
      return null;
  }
}

type MessageEntry = Extract<StoryEntry, { text: string }>;

function Message({ entry }: { readonly entry: MessageEntry }) {
  const words = useWords();
  const [revealed, setRevealed] = useState(false);
  const hidden = entry.abusive && !revealed;
  return (
    <div class="message">
      {entry.rating !== undefined && <p>{words.case.stars(entry.rating)}</p>}
      {entry.text === '' ? (
        <p class="soft">{entry.attachments.length > 0 ? words.case.noText : words.case.erased}</p>
      ) : hidden ? (
        <p class="masked">
          {words.case.abusive}{' '}
          <button type="button" onClick={() => setRevealed(true)}>
            {words.case.reveal}
          </button>
        </p>
      ) : (
        <MarkedText text={entry.text} marks={entry.marks} />
      )}
      {entry.attachments.length > 0 && (
        <p class="soft">
          {words.case.attachments}
          {words.colon}
          {entry.attachments.join(', ')}
        </p>
      )}
      {entry.permalink?.startsWith('https://') === true && (
        <p>
          <a href={entry.permalink} target="_blank" rel="noreferrer noopener">
            {words.case.onPlatform}
          </a>
        </p>
      )}
    </div>
  );
}
