import { useEffect, useRef } from 'preact/hooks';
import { useWords } from './words.ts';

interface PlotProps {
  /** `YYYY-MM-DD`, in order. */
  readonly days: readonly string[];
  readonly series: readonly { readonly title: string; readonly on: (day: string) => number }[];
}

const colours = ['--in-house', '--vendor', '--ideas', '--soon', '--aside', '--link'];
/** Lines that colours alone do not tell apart. */
const dashes = [[], [8, 4], [2, 3], [12, 4, 2, 4], [4, 4], [1, 4]];
const height = 240;

/** Counts day by day, a line for each series; the same figures stand in a table below. */
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
      const style = getComputedStyle(element);
      const colour = (name: string) => style.getPropertyValue(name);
      const axis = {
        stroke: colour('--soft'),
        grid: { stroke: colour('--line'), width: 1 },
        ticks: { stroke: colour('--line') },
      };
      const plot = new UPlot(
        {
          width: element.clientWidth,
          height,
          legend: { live: false },
          cursor: { show: false },
          scales: { x: { time: true }, y: { range: (_, __, max) => [0, Math.max(4, max * 1.1)] } },
          axes: [
            {
              ...axis,
              values: (_, ticks) =>
                ticks.map((second) =>
                  new Date(second * 1000).toLocaleDateString(words.locale, {
                    day: 'numeric',
                    month: 'short',
                    timeZone: 'UTC',
                  }),
                ),
            },
            { ...axis, values: (_, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? String(tick) : '')) },
          ],
          series: [
            {},
            ...series.map(({ title }, index) => ({
              label: title,
              stroke: colour(colours[index % colours.length] ?? '--ink'),
              dash: dashes[index % dashes.length] ?? [],
              width: 2,
              points: { show: true, size: 6 },
            })),
          ],
        },
        [days.map((day) => Date.parse(day) / 1000), ...series.map(({ on }) => days.map(on))],
        element,
      );
      const resized = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }));
      resized.observe(element);
      remove = () => {
        resized.disconnect();
        plot.destroy();
      };
    });
    return () => {
      left = true;
      remove();
    };
  }, [days, series, words]);
  return <div class="plot" ref={place} aria-hidden="true" />;
}
