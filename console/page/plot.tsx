import { useEffect, useRef } from 'preact/hooks';
import { Scrolls } from './parts.tsx';
import { useWords } from './words.ts';

interface PlotProps {
  /** `YYYY-MM-DD`, in order. */
  readonly days: readonly string[];
  readonly series: readonly { readonly title: string; readonly on: (day: string) => number }[];
}

/** Lines that colours alone do not tell apart. */
const lines = [
  { colour: '--in-house', dash: [] },
  { colour: '--vendor', dash: [8, 4] },
  { colour: '--ideas', dash: [2, 3] },
  { colour: '--soon', dash: [12, 4, 2, 4] },
  { colour: '--aside', dash: [4, 4] },
  { colour: '--link', dash: [1, 4] },
] as const;
const lineOf = (index: number) => lines[index % lines.length] ?? lines[0];

const height = 240;
/** What a sheet of A4 leaves inside a panel, in CSS pixels. */
const paperWidth = 630;

/** Counts day by day, a line for each series, and the same figures as a table. */
export function Plot({ days, series }: PlotProps) {
  const words = useWords();
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    let left = false;
    let remove = () => {};
    // Loaded here only: no other page draws anything.
    void import('uplot').then(({ default: UPlot }) => {
      if (left) return;
      // On paper the page is light and narrow, and a canvas has to be drawn anew for that.
      const paper = window.matchMedia('print');
      const size = () => ({ width: paper.matches ? paperWidth : element.clientWidth, height });
      const draw = () => {
        // A canvas knows no `var()`: what it comes to is read from an element that has the colour.
        const colour = (name: string) => {
          element.style.color = `var(${name})`;
          return getComputedStyle(element).color;
        };
        const axis = {
          stroke: colour('--soft'),
          grid: { stroke: colour('--line'), width: 1 },
          ticks: { stroke: colour('--line') },
        };
        return new UPlot(
          {
            ...size(),
            legend: { show: false },
            cursor: { show: false },
            scales: { x: { time: true }, y: { range: (_, __, max) => [0, Math.max(4, max * 1.1)] } },
            axes: [
              { ...axis, values: (_, ticks) => ticks.map((second) => dayInWords(second * 1000, words.locale)) },
              { ...axis, values: (_, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? String(tick) : '')) },
            ],
            series: [
              {},
              ...series.map(({ title }, index) => ({
                label: title,
                stroke: colour(lineOf(index).colour),
                dash: [...lineOf(index).dash],
                width: 2,
                points: { show: true, size: 6 },
              })),
            ],
          },
          [days.map((day) => Date.parse(day) / 1000), ...series.map(({ on }) => days.map(on))],
          element,
        );
      };
      let plot = draw();
      const redraw = () => {
        plot.destroy();
        plot = draw();
      };
      const resized = new ResizeObserver(() => plot.setSize(size()));
      resized.observe(element);
      paper.addEventListener('change', redraw);
      const dark = window.matchMedia('(prefers-color-scheme: dark)');
      dark.addEventListener('change', redraw);
      remove = () => {
        paper.removeEventListener('change', redraw);
        dark.removeEventListener('change', redraw);
        resized.disconnect();
        plot.destroy();
      };
    });
    return () => {
      left = true;
      remove();
    };
  }, [days, series, words]);
  return (
    <>
      <div class="plot" ref={place} aria-hidden="true" />
      <ul class="plot-lines" aria-hidden="true">
        {series.map(({ title }, index) => (
          <li key={title}>
            <svg viewBox="0 0 36 8" width="36" height="8" aria-hidden="true">
              <path
                d="M0 4H36"
                stroke={`var(${lineOf(index).colour})`}
                stroke-width="2.5"
                stroke-dasharray={lineOf(index).dash.join(' ')}
              />
            </svg>{' '}
            {title}
          </li>
        ))}
      </ul>
      <details class="figures">
        <summary>{words.reports.figures}</summary>
        <Scrolls>
          <table>
            <thead>
              <tr>
                <th scope="col">{words.reports.day}</th>
                {series.map(({ title }) => (
                  <th key={title} scope="col" class="figure">
                    {title}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {days.map((day) => (
                <tr key={day}>
                  <th scope="row">{dayInWords(Date.parse(day), words.locale)}</th>
                  {series.map(({ title, on }) => (
                    <td key={title} class="figure">
                      {on(day).toLocaleString(words.locale)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </Scrolls>
      </details>
    </>
  );
}

function dayInWords(at: number, locale: string): string {
  return new Date(at).toLocaleDateString(locale, { day: 'numeric', month: 'short', timeZone: 'UTC' });
}
