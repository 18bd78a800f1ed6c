import { useState } from 'preact/hooks';
import { type CaseLine, caseListSchema, caseStates, policyPageSchema } from '../../shared/contracts/console.ts';
import { reasons } from '../../shared/domain/assessment.ts';
import { priorities } from '../../shared/domain/decision.ts';
import { call, useReading } from './api.ts';
import { CaseView } from './case-view.tsx';
import { filterNames, goTo, hrefOf, type View } from './location.ts';
import { Loading, PriorityChip, Problem, PromiseState, RouteSign, Subject } from './parts.tsx';
import { channelName, languageName, moment, useWords } from './words.ts';

/** The list of cases and, beside it, the chosen one. */
export function CasesPage({ view, pulse }: { readonly view: View; readonly pulse: number }) {
  const words = useWords();
  const { value: policy } = useReading('/api/policy', policyPageSchema, 0);
  const deskTitle = (desk: string) => policy?.desks.find(({ id }) => id === desk)?.title ?? desk;
  const query = new URLSearchParams();
  for (const name of filterNames) if (view[name] !== undefined) query.set(name, view[name]);
  const { value: list, problem } = useReading(`/api/cases?${query}`, caseListSchema, pulse);
  const older = useOlder(query.toString(), list?.next);
  const cases = [
    ...(list?.cases ?? []),
    ...older.cases.filter(({ id }) => !list?.cases.some((line) => line.id === id)),
  ];
  const chosen = view.case;

  return (
    <>
      <h1 id="cases-title">{words.cases.title}</h1>
      <div class={chosen === undefined ? 'cases' : 'cases with-case'}>
        <section class="list" aria-labelledby="cases-title">
          <Filters view={view} desks={policy?.desks ?? []} />
          <Problem problem={problem} />
          {list === undefined ? (
            problem === undefined && <Loading />
          ) : (
            <>
              <p class="soft" role="status">
                {list.looked > 0 &&
                  words.cases.found(
                    cases.length,
                    list.looked + older.looked,
                    moment(older.since ?? list.since, words, Date.now()),
                  )}
              </p>
              {cases.length === 0 ? (
                <p>{list.looked === 0 ? words.now.quiet : words.cases.none}</p>
              ) : (
                <Table cases={cases} view={view} deskTitle={deskTitle} />
              )}
              {older.next !== undefined && (
                <button type="button" onClick={older.look}>
                  {words.cases.older}
                </button>
              )}
              {cases.length > 0 && <p class="soft keys">{words.cases.keys}</p>}
            </>
          )}
        </section>
        {chosen !== undefined && (
          <CaseView id={chosen} pulse={pulse} deskTitle={deskTitle} back={hrefOf({ ...view, case: undefined })} />
        )}
      </div>
    </>
  );
}

interface Older {
  readonly cases: readonly CaseLine[];
  readonly looked: number;
  readonly since: string | undefined;
  readonly next: string | undefined;
}
const nothingOlder: Older = { cases: [], looked: 0, since: undefined, next: undefined };

/** What lies behind the first part of a list, as far as it was asked for. */
function useOlder(query: string, first: string | undefined): Older & { readonly look: () => void } {
  const [older, setOlder] = useState({ query, ...nothingOlder, started: false });
  const current = older.query === query && older.started ? older : { ...nothingOlder, next: first };
  return {
    ...current,
    look() {
      if (current.next === undefined) return;
      const path = `/api/cases?${new URLSearchParams([...new URLSearchParams(query), ['before', current.next]])}`;
      call(path, caseListSchema).then(
        (list) =>
          setOlder({
            query,
            started: true,
            cases: [...current.cases, ...list.cases],
            looked: current.looked + list.looked,
            since: list.since,
            next: list.next,
          }),
        // The button stays: whoever wants more presses it again.
        () => {},
      );
    },
  };
}

function Filters({ view, desks }: { readonly view: View; readonly desks: readonly { id: string; title: string }[] }) {
  const words = useWords();
  const options = {
    state: caseStates.map((state) => [state, words.state[state]] as const),
    desk: desks.map(({ id, title }) => [id, title] as const),
    reason: reasons.map((reason) => [reason, words.reason[reason]] as const),
    priority: priorities.map((priority) => [priority, words.priority[priority]] as const),
    deadline: (['missed', 'soon'] as const).map((value) => [value, words.cases.deadlines[value]] as const),
    language: ['fr', 'en', 'de', 'es', 'it', 'pt'].map((code) => [code, languageName(code, words)] as const),
  };
  const filtered = filterNames.some((name) => view[name] !== undefined);
  return (
    <form class="filters" aria-label={words.cases.filters} onSubmit={(event) => event.preventDefault()}>
      <label class="search">
        <span>{words.cases.search}</span>
        <input
          type="search"
          value={view.words ?? ''}
          minLength={2}
          maxLength={80}
          onChange={({ currentTarget }) =>
            goTo({ ...view, words: currentTarget.value.trim().length < 2 ? undefined : currentTarget.value.trim() })
          }
        />
      </label>
      {(['state', 'desk', 'reason', 'priority', 'language', 'deadline'] as const).map((name) => (
        <label key={name}>
          <span>{words.cases[name]}</span>
          <select
            value={view[name] ?? ''}
            onChange={({ currentTarget }) =>
              goTo({ ...view, [name]: currentTarget.value === '' ? undefined : currentTarget.value })
            }
          >
            <option value="">{words.cases.any}</option>
            {options[name].map(([value, label]) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </select>
        </label>
      ))}
      <label>
        <span>{words.cases.account}</span>
        <input
          type="search"
          value={view.account ?? ''}
          maxLength={80}
          onChange={({ currentTarget }) =>
            goTo({ ...view, account: currentTarget.value === '' ? undefined : currentTarget.value })
          }
        />
      </label>
      {view.customerOf !== undefined && (
        <span class="chip plain">{words.cases.ofCustomer(view.customerOf.slice(0, 8))}…</span>
      )}
      {filtered && <a href={hrefOf({ page: 'cases', case: view.case })}>{words.cases.clear}</a>}
    </form>
  );
}

interface TableProps {
  readonly cases: readonly CaseLine[];
  readonly view: View;
  readonly deskTitle: (desk: string) => string;
}

function Table({ cases, view, deskTitle }: TableProps) {
  const words = useWords();
  const now = Date.now();
  return (
    <table class="case-table" onKeyDown={moveBetweenRows}>
      <thead>
        <tr>
          {(['case', 'where', 'state', 'promise', 'heard'] as const).map((name) => (
            <th key={name} scope="col" class={`col-${name}`}>
              {words.cases.columns[name]}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {cases.map((line) => (
          <tr key={line.id} class={line.id === view.case ? 'chosen' : ''}>
            <th scope="row" class="col-case">
              <a
                class="row-link"
                href={hrefOf({ ...view, case: line.id })}
                aria-current={line.id === view.case ? 'true' : undefined}
              >
                <PriorityChip priority={line.priority} /> <Subject line={line} />
                <span class="soft origin">
                  {channelName(line.channel)} · {line.account} · {languageName(line.language, words)}
                </span>
              </a>
            </th>
            <td class="col-where">
              <RouteSign route={line.route} />{' '}
              {line.desk === undefined ? words.route[line.route] : deskTitle(line.desk)}
            </td>
            <td class="col-state">{words.state[line.state]}</td>
            <td class="col-promise">
              <PromiseState line={line} />
            </td>
            <td class="col-heard">
              {line.heardAt !== undefined && <time dateTime={line.heardAt}>{moment(line.heardAt, words, now)}</time>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Arrow keys go from one case to the next. */
function moveBetweenRows(event: KeyboardEvent & { readonly currentTarget: HTMLElement }): void {
  const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
  if (step === 0) return;
  const links = [...event.currentTarget.querySelectorAll<HTMLElement>('a.row-link')];
  const at = links.findIndex((link) => link.matches(':focus'));
  if (at === -1) return;
  event.preventDefault();
  links[Math.min(links.length - 1, Math.max(0, at + step))]?.focus();
}
