import type { ClockLine, Report } from '../shared/domain/report.ts';

/** Comma-separated lines, one figure each: desk, what, detail, value. Opens in any spreadsheet. */
export function reportCsv({ clocks, desks }: Report): string {
  const rows = [
    ...clocks.flatMap(({ desk, clock, met, breached, lateP50, lateP95 }) => [
      [desk, 'met', clock, met],
      [desk, 'breached', clock, breached],
      [desk, 'late_p50_seconds', clock, lateP50 ?? ''],
      [desk, 'late_p95_seconds', clock, lateP95 ?? ''],
    ]),
    ...desks.flatMap(({ desk, offers, claims, misroutes, escalations, handBacks, recalls }) => [
      [desk, 'offers', '', offers],
      [desk, 'claims', '', claims],
      ...Object.entries(handBacks).map(([code, count]) => [desk, 'hand_backs', code, count]),
      ...Object.entries(recalls).map(([code, count]) => [desk, 'recalls', code, count]),
      [desk, 'misroutes', '', misroutes],
      [desk, 'escalations', '', escalations],
    ]),
  ];
  // Names come from the policy and are words: nothing in them needs quotes.
  return ['desk,figure,detail,value', ...rows.map((row) => row.join(','))].join('\n').concat('\n');
}

/** A page that needs nothing else: figures, and plots as SVG. `titles` are the desks' names in the policy. */
export function reportPage(report: Report, titles: Readonly<Record<string, string>>): string {
  const { period, cases, clocks, desks, days } = report;
  const named = (desk: string) => escapeHtml(titles[desk] ?? desk);
  const deskNames = [...new Set([...clocks, ...desks].map(({ desk }) => desk))].sort();
  const sections = deskNames.map((desk) => {
    const own = clocks.filter((line) => line.desk === desk);
    const line = desks.find((one) => one.desk === desk);
    const rows = own.map(
      ({ clock, met, breached, lateP50, lateP95 }) =>
        `<tr><th scope="row">${clock}</th><td>${met}</td><td>${breached}</td><td>${share(met, breached)}</td><td>${span(lateP50)}</td><td>${span(lateP95)}</td></tr>`,
    );
    const counts = (of: Readonly<Record<string, number>>) =>
      Object.entries(of)
        .map(([code, count]) => `${count} ${escapeHtml(code)}`)
        .join(', ') || 'none';
    return `<section><h2>${named(desk)}</h2>
<table><thead><tr><th scope="col">clock</th><th scope="col">met</th><th scope="col">breached</th><th scope="col">met, %</th><th scope="col">late, p50</th><th scope="col">late, p95</th></tr></thead><tbody>${rows.join('')}</tbody></table>
${bars(own)}
${
  line === undefined
    ? ''
    : `<p>${line.offers} offers, ${line.claims} claims. Hand-backs: ${counts(line.handBacks)}; of these ${line.misroutes} were routed wrongly. Recalls: ${counts(line.recalls)}. People were told ${line.escalations} times.</p>`
}
${course(days.filter((one) => one.desk === desk))}</section>`;
  });
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Promises ${period.from.slice(0, 10)} to ${period.to.slice(0, 10)}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}table{border-collapse:collapse}th,td{padding:.25rem .75rem;text-align:right;border-bottom:1px solid #ccc}th:first-child{text-align:left}svg{display:block;margin:1rem 0;max-width:100%}</style></head>
<body><h1>Promises, ${period.from.slice(0, 10)} to ${period.to.slice(0, 10)}</h1>
<p>${cases} cases. A clock counts in the period in which it was kept or fell due, for the desk that had the case then; verdicts are judged by the events' own times. What is still unanswered at the end of the period is late until then.</p>
${sections.join('\n') || '<p>Nothing was decided in this period.</p>'}
</body></html>
`;
}

const metColour = '#00695c';
const breachedColour = '#b71c1c';

/** One bar per clock: met on the left, breached on the right. */
function bars(lines: readonly ClockLine[]): string {
  if (lines.length === 0) return '';
  const most = Math.max(1, ...lines.map(({ met, breached }) => met + breached));
  const width = (count: number) => (count / most) * 440;
  const rows = lines.map(({ clock, met, breached }, index) => {
    const y = index * 26;
    return `<text x="0" y="${y + 16}" font-size="14">${clock}</text><rect x="110" y="${y + 3}" width="${round(width(met))}" height="18" fill="${metColour}"/><rect x="${round(110 + width(met))}" y="${y + 3}" width="${round(width(breached))}" height="18" fill="${breachedColour}"/><text x="${round(116 + width(met + breached))}" y="${y + 16}" font-size="12">${met} met, ${breached} breached</text>`;
  });
  const label = lines.map(({ clock, met, breached }) => `${clock}: ${met} met, ${breached} breached`).join('; ');
  return `<svg viewBox="0 0 700 ${lines.length * 26}" width="700" role="img" aria-label="${label}">${rows.join('')}</svg>`;
}

/** Share of met clocks by day. */
function course(days: Report['days']): string {
  if (days.length < 2) return '';
  const x = (index: number) => round(40 + (index / (days.length - 1)) * 640);
  const y = (met: number, breached: number) => round(10 + (1 - met / Math.max(1, met + breached)) * 100);
  const points = days.map(({ met, breached }, index) => `${x(index)},${y(met, breached)}`).join(' ');
  const dots = days.map(
    ({ day, met, breached }, index) =>
      `<circle cx="${x(index)}" cy="${y(met, breached)}" r="3" fill="${metColour}"><title>${day}: ${share(met, breached)} % of ${met + breached}</title></circle>`,
  );
  return `<svg viewBox="0 0 700 140" width="700" role="img" aria-label="Share of kept promises by day, ${days[0]?.day} to ${days.at(-1)?.day}"><text x="0" y="14" font-size="11">100 %</text><text x="0" y="114" font-size="11">0 %</text><line x1="40" y1="110" x2="680" y2="110" stroke="#999"/><polyline points="${points}" fill="none" stroke="${metColour}" stroke-width="2"/>${dots.join('')}<text x="40" y="132" font-size="11">${days[0]?.day}</text><text x="680" y="132" font-size="11" text-anchor="end">${days.at(-1)?.day}</text></svg>`;
}

function share(met: number, breached: number): string {
  return met + breached === 0 ? '' : ((met / (met + breached)) * 100).toFixed(1);
}

/** Seconds as people say them. */
function span(seconds: number | undefined): string {
  if (seconds === undefined) return '';
  if (seconds < 90) return `${Math.round(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
