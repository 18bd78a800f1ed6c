import type { ComponentChildren } from 'preact';
import type { CaseLine } from '../../shared/contracts/console.ts';
import type { Reason } from '../../shared/domain/assessment.ts';
import type { Priority, Route } from '../../shared/domain/decision.ts';
import type { Trouble } from './api.ts';
import { useSecond } from './clock.ts';
import { countdown, spaced, useWords, type Words } from './words.ts';

/** The sign of where something goes: a shape beside the colour, for whoever does not see colours. */
export function RouteSign({ route }: { readonly route: Route }) {
  const shapes = {
    in_house: <path d="M8 1 15 8 8 15 1 8z" />,
    vendor: <circle cx="8" cy="8" r="6" />,
    product_ideas: <path d="M8 2 15 14H1z" />,
    set_aside: <path d="M2 7h12v2H2z" />,
  };
  return (
    <svg class={`sign ${route}`} viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
      {shapes[route]}
    </svg>
  );
}

export function routeOfKind(kind: 'in_house' | 'outsourced' | 'product_ideas'): Route {
  return kind === 'outsourced' ? 'vendor' : kind;
}

export function PriorityChip({ priority }: { readonly priority: Priority }) {
  const words = useWords();
  return <span class={`chip priority ${priority}`}>{words.priority[priority]}</span>;
}

export function Reasons({ reasons }: { readonly reasons: readonly Reason[] }) {
  const words = useWords();
  return (
    <>
      {reasons.map((reason) => (
        <span key={reason} class="chip reason">
          {words.reason[reason]}
        </span>
      ))}
    </>
  );
}

/** The time left until an instant, counting down; how late it is once it has passed. */
export function Countdown({ to }: { readonly to: string }) {
  const words = useWords();
  const left = Date.parse(to) - useSecond();
  const danger = left < 0 ? 'late' : left < 10 * 60_000 ? 'soon' : '';
  return (
    <time class={`countdown ${danger}`} dateTime={to} title={new Date(to).toLocaleString(words.locale)}>
      {left < 0 ? `${words.now.late} ${countdown(-left, words)}` : countdown(left, words)}
    </time>
  );
}

/** The time since a missed deadline. */
export function Overdue({ since }: { readonly since: string }) {
  const words = useWords();
  const late = useSecond() - Date.parse(since);
  return (
    <time class="broken" dateTime={since} title={new Date(since).toLocaleString(words.locale)}>
      <span class="hidden">{words.now.late} </span>
      {countdown(late, words)}
    </time>
  );
}

/** What a case is about, in a few words. */
export function Subject({ line }: { readonly line: CaseLine }) {
  const words = useWords();
  if (line.reasons.length > 0) return <Reasons reasons={line.reasons} />;
  const [doubt] = line.doubts;
  const calm = {
    ...words.route,
    // Nothing speaks against it: the rule says more than that it is here.
    in_house: spaced(line.rule),
    vendor: words.cases.routine,
    set_aside: words.now.setAsideHint,
  }[line.route];
  return <span class="chip plain">{doubt === undefined ? calm : (words.doubt[doubt] ?? spaced(doubt))}</span>;
}

/** The promise of a case in a list: what is left of it, broken, kept, or none. */
export function PromiseState({ line }: { readonly line: CaseLine }) {
  const words = useWords();
  if (line.breached.length > 0) {
    return (
      <span class="broken">
        {line.breached.map((clock) => `${words.clock[clock]} ${words.verdict.breached}`).join(', ')}
      </span>
    );
  }
  if (line.next !== undefined) {
    return (
      <span class="running">
        {words.clock[line.next.clock]} {words.cases.dueIn} <Countdown to={line.next.dueAt} />
      </span>
    );
  }
  return <span class="soft">{line.clocks.first_reply === undefined ? words.cases.noPromise : words.cases.kept}</span>;
}

export function Problem({ problem }: { readonly problem: Trouble | undefined }) {
  const words = useWords();
  if (problem === undefined) return null;
  return (
    <p class="problem" role="alert">
      {troubleInWords(problem, words)}
    </p>
  );
}

/** What went wrong in the page's language; what only the answer knows (a wrong field) in the answer's words. */
export function troubleInWords({ status, message }: Trouble, words: Words): string {
  if (status === 0) return words.problem.unreachable;
  return words.problem.byStatus[status] ?? message;
}

export function Loading() {
  return <p class="soft loading">{useWords().problem.loading}</p>;
}

/** What may be wider than the screen and then scrolls by itself. */
export function Scrolls({ children }: { readonly children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: without it, nobody could scroll here by keyboard
    <div class="scrolls" tabIndex={0}>
      {children}
    </div>
  );
}
