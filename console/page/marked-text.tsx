import { useState } from 'preact/hooks';
import type { Mark } from '../../shared/contracts/console.ts';
import { useWords } from './words.ts';

/** More than this is folded: a customer may paste a book. */
const shownCharacters = 1_500;

/** The customer's words with every sign marked and named where it ends; whatever they hold, they are only ever text. */
export function MarkedText({ text, marks }: { readonly text: string; readonly marks: readonly Mark[] }) {
  const words = useWords();
  const [whole, setWhole] = useState(false);
  const shown = whole ? text : text.slice(0, shownCharacters);
  return (
    <>
      <p class="customer-words" dir="auto">
        {segmentsOf(shown, marks).map(({ start, part, reasons, ending }) =>
          reasons.length === 0 ? (
            part
          ) : (
            <mark key={start}>
              {part}
              {ending.map((reason) => (
                <span key={reason} class="mark-name">
                  {words.reason[reason]}
                </span>
              ))}
            </mark>
          ),
        )}
        {shown.length < text.length && '…'}
      </p>
      {shown.length < text.length && (
        <button type="button" class="text-button" onClick={() => setWhole(true)}>
          {words.case.longText}
        </button>
      )}
    </>
  );
}

interface Segment {
  readonly start: number;
  readonly part: string;
  readonly reasons: readonly Mark['reason'][];
  /** Reasons whose mark ends with this segment. */
  readonly ending: readonly Mark['reason'][];
}

/** The text cut wherever a mark begins or ends. */
function segmentsOf(text: string, marks: readonly Mark[]): Segment[] {
  const cuts = [...new Set([0, text.length, ...marks.flatMap(({ start, end }) => [start, end])])]
    .filter((cut) => cut <= text.length)
    .sort((a, b) => a - b);
  return cuts.slice(0, -1).map((start, index) => {
    const end = cuts[index + 1] ?? text.length;
    const over = marks.filter((mark) => mark.start <= start && mark.end >= end);
    return {
      start,
      part: text.slice(start, end),
      reasons: over.map(({ reason }) => reason),
      ending: over.filter((mark) => mark.end === end).map(({ reason }) => reason),
    };
  });
}
