import { useEffect, useMemo, useState } from 'preact/hooks';
import { policyPageSchema, type ReportPart, reportPartSchema } from '../../shared/contracts/console.ts';
import { reasons } from '../../shared/domain/assessment.ts';
import { dollarsPerAnalysis } from '../../shared/domain/comprehend-price.ts';
import { call, type Trouble, troubleOf, useReading } from './api.ts';
import { Loading, Problem, Scrolls } from './parts.tsx';
import { Plot } from './plot.tsx';
import { useWords } from './words.ts';

type Row = ReportPart['rows'][number];

const dayMs = 86_400_000;
const weeksShown = 4;

/** Monday of the week of a day (`YYYY-MM-DD`), by which weeks are named. */
function weekOf(day: string): string {
  const at = Date.parse(day);
  return new Date(at - ((new Date(at).getUTCDay() + 6) % 7) * dayMs).toISOString().slice(0, 10);
}

const firstDay = () =>
  new Date(Date.parse(weekOf(new Date().toISOString().slice(0, 10))) - (weeksShown - 1) * 7 * dayMs);

/** What was promised and kept, desk by desk and week by week, over the last four weeks. */
export function ReportsPage() {
  const words = useWords();
  const { value: policy } = useReading('/api/policy', policyPageSchema, 0);
  const { rows, looked, done, problem } = useReport();
  const [deskTitle, desks] = useMemo(() => {
    const titleOf = (desk: string) =>
      desk === 'set_aside' ? words.route.set_aside : (policy?.desks.find(({ id }) => id === desk)?.title ?? desk);
    return [titleOf, [...new Set(rows.map(({ desk }) => desk))].sort()] as const;
  }, [policy, rows, words]);
  const days = useMemo(() => daysFrom(firstDay()), []);
  // Drawn anew when the figures change, not whenever the page is.
  const series = useMemo(
    () =>
      desks.map((desk) => ({
        title: deskTitle(desk),
        on: (day: string) => sum(rows.filter((row) => row.desk === desk && row.day === day)).cases,
      })),
    [rows, desks, deskTitle],
  );
  const weeks = [...new Set(rows.map(({ day }) => weekOf(day)))].sort();
  return (
    <>
      <h1>{words.reports.title}</h1>
      <Problem problem={problem} />
      <p class="soft" role="status">
        {done ? words.reports.counted(looked) : words.reports.counting(looked)}
      </p>
      {rows.length === 0 ? (
        done ? (
          <p>{words.reports.none}</p>
        ) : (
          problem === undefined && <Loading />
        )
      ) : (
        <div class="stack">
          <section class="panel" aria-labelledby="volumes">
            <h2 id="volumes">{words.reports.volumes}</h2>
            <Plot days={days} series={series} />
          </section>
          <section class="panel" aria-labelledby="kept">
            <h2 id="kept">{words.reports.kept}</h2>
            <p class="soft">{words.reports.keptHint}</p>
            <Scrolls>
              <table>
                <thead>
                  <tr>
                    <th scope="col">{words.decision.desk}</th>
                    {weeks.map((week) => (
                      <th key={week} scope="col" class="figure">
                        {words.reports.week(shortDate(week, words.locale))}
                      </th>
                    ))}
                    <th scope="col" class="figure">
                      {words.now.heard}
                    </th>
                    <th scope="col" class="figure">
                      {words.reports.misrouted}
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {desks.map((desk) => {
                    const own = rows.filter((row) => row.desk === desk);
                    const all = sum(own);
                    return (
                      <tr key={desk}>
                        <th scope="row">{deskTitle(desk)}</th>
                        {weeks.map((week) => (
                          <td key={week} class="figure">
                            {share(sum(own.filter(({ day }) => weekOf(day) === week)), words.locale)}
                          </td>
                        ))}
                        <td class="figure">{all.cases.toLocaleString(words.locale)}</td>
                        <td class="figure">{all.misrouted.toLocaleString(words.locale)}</td>
                      </tr>
                    );
                  })}
                </tbody>
              </table>
            </Scrolls>
          </section>
          <section class="panel" aria-labelledby="by-reason">
            <h2 id="by-reason">{words.reports.reasons}</h2>
            <ReasonTable rows={rows} />
          </section>
          <Cost messages={rows.reduce((total, row) => total + (row.messages ?? 0), 0)} />
        </div>
      )}
    </>
  );
}

/** What `npm run cost` measured (docs/operations.md, "What it costs"). */
const dollarsPerMillion = 18;

/** What so many messages cost in AWS, roughly; nothing where the API does not count them. */
function Cost({ messages }: { readonly messages: number }) {
  const words = useWords();
  if (messages === 0) return null;
  const least = (messages * dollarsPerMillion) / 1e6;
  const dollars = (value: number) =>
    value.toLocaleString(words.locale, {
      style: 'currency',
      currency: 'USD',
      ...(value < 100 ? { maximumSignificantDigits: 2 } : { maximumFractionDigits: 0 }),
    });
  return (
    <section class="panel" aria-labelledby="cost">
      <h2 id="cost">{words.reports.cost}</h2>
      <p>{words.reports.costOf(messages, dollars(least), dollars(least + messages * dollarsPerAnalysis('')))}</p>
      <p class="soft">{words.reports.costHint(dollars(dollarsPerMillion))}</p>
    </section>
  );
}

function ReasonTable({ rows }: { readonly rows: readonly Row[] }) {
  const words = useWords();
  const counts = reasons
    .map((reason) => ({ reason, count: rows.reduce((total, row) => total + (row.reasons[reason] ?? 0), 0) }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count);
  if (counts.length === 0) return <p class="soft">{words.reports.noReasons}</p>;
  const most = counts[0]?.count ?? 1;
  return (
    <table class="reason-table">
      <tbody>
        {counts.map(({ reason, count }) => (
          <tr key={reason}>
            <th scope="row">{words.reason[reason]}</th>
            <td class="figure">{count.toLocaleString(words.locale)}</td>
            <td class="bar-cell">
              <meter min={0} max={most} value={count} aria-hidden="true" />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function sum(rows: readonly Row[]) {
  const total = { cases: 0, kept: 0, broken: 0, misrouted: 0 };
  for (const row of rows) {
    total.cases += row.cases;
    total.kept += row.kept;
    total.broken += row.broken;
    total.misrouted += row.misrouted;
  }
  return total;
}

/** Kept of all that were judged: `94 % (17 of 18)`; a dash where none was. */
function share({ kept, broken }: { readonly kept: number; readonly broken: number }, locale: string): string {
  if (kept + broken === 0) return '—';
  const percent = (kept / (kept + broken)).toLocaleString(locale, { style: 'percent', maximumFractionDigits: 0 });
  return `${percent} (${kept}/${kept + broken})`;
}

function shortDate(day: string, locale: string): string {
  return new Date(day).toLocaleDateString(locale, { day: 'numeric', month: 'short', timeZone: 'UTC' });
}

function daysFrom(first: Date): string[] {
  const days: string[] = [];
  for (let at = first.getTime(); at <= Date.now(); at += dayMs) days.push(new Date(at).toISOString().slice(0, 10));
  return days;
}

interface Report {
  readonly rows: readonly Row[];
  readonly looked: number;
  readonly done: boolean;
  readonly problem: Trouble | undefined;
}

/** The report, part by part as it is counted. */
function useReport(): Report {
  const [report, setReport] = useState<Report>({ rows: [], looked: 0, done: false, problem: undefined });
  useEffect(() => {
    const left = new AbortController();
    const until = firstDay().toISOString().slice(0, 10);
    const count = async () => {
      let before: string | undefined;
      do {
        const query = new URLSearchParams({ until, ...(before === undefined ? {} : { before }) });
        const part = await call(`/api/report?${query}`, reportPartSchema, { signal: left.signal });
        before = part.next;
        setReport((sofar) => ({
          rows: [...sofar.rows, ...part.rows],
          looked: sofar.looked + part.looked,
          done: part.next === undefined,
          problem: undefined,
        }));
      } while (before !== undefined);
    };
    count().catch((error: unknown) => {
      if (left.signal.aborted) return;
      setReport((sofar) => ({ ...sofar, problem: troubleOf(error) }));
    });
    return () => left.abort();
  }, []);
  return report;
}
