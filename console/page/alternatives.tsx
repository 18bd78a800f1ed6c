import type { Alternative } from '../../shared/contracts/console.ts';
import { RouteSign } from './parts.tsx';
import { spaced, useWords } from './words.ts';

/** What would have put the message elsewhere. */
export function Alternatives({
  alternatives,
  deskTitle,
}: {
  readonly alternatives: readonly Alternative[];
  readonly deskTitle: (desk: string) => string;
}) {
  const words = useWords();
  const reasonNames: Readonly<Record<string, string>> = words.reason;
  const moods: Readonly<Record<string, string>> = words.sentiment;
  if (alternatives.length === 0) return null;
  const named = (what: string) => reasonNames[what] ?? words.doubt[what] ?? moods[what] ?? spaced(what);
  return (
    <details class="alternatives">
      <summary>{words.decision.otherwise}</summary>
      <ul class="not-chosen">
        {alternatives.map(({ kind, what, route, desk, priority }) => (
          <li key={`${kind} ${what}`}>
            {words.decision.if[kind](named(what))}{' '}
            <span class="where">
              <RouteSign route={route} /> {desk === undefined ? words.route[route] : deskTitle(desk)},{' '}
              {words.priority[priority].toLowerCase()}
            </span>
          </li>
        ))}
      </ul>
    </details>
  );
}
