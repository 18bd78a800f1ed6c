import { useId, useState } from 'preact/hooks';
import * as z from 'zod';
import { type ActName, actNameSchema, type CasePage } from '../../shared/contracts/console.ts';
import { call, troubleOf } from './api.ts';
import { troubleInWords } from './parts.tsx';
import { useWords } from './words.ts';

const doneSchema = z.object({ done: actNameSchema });

const needsReason: ReadonlySet<ActName> = new Set(['recall', 'hand_over', 'reroute', 'mark_misrouted']);

interface ActsProps {
  readonly page: CasePage;
  readonly deskTitle: (desk: string) => string;
  /** Called when something was done, so that the case is read again. */
  readonly onDone: () => void;
}

/** What whoever looks may do with the case: at once, or after saying why. */
export function Acts({ page, deskTitle, onDone }: ActsProps) {
  const words = useWords();
  const [asking, setAsking] = useState<ActName | undefined>();
  const [outcome, setOutcome] = useState<{ readonly text: string; readonly failed: boolean } | undefined>();
  const [busy, setBusy] = useState(false);
  if (page.acts.length === 0 && outcome === undefined) return null;

  const carryOut = async (act: ActName, more: { reason?: string; desk?: string } = {}) => {
    setBusy(true);
    try {
      const post = { id: crypto.randomUUID(), act, fence: page.fence, ...more };
      await call(`/api/cases/${page.case.id}/acts`, doneSchema, { post });
      setOutcome({ text: words.acts.done[act], failed: false });
      setAsking(undefined);
    } catch (error) {
      setOutcome({ text: troubleInWords(troubleOf(error), words), failed: true });
    } finally {
      setBusy(false);
      onDone();
    }
  };

  return (
    <section class="acts" aria-label={words.acts.title}>
      <p class="act-buttons">
        {page.acts.map((act) => (
          <button
            key={act}
            type="button"
            disabled={busy}
            aria-expanded={needsReason.has(act) ? asking === act : undefined}
            onClick={() => (needsReason.has(act) ? setAsking(asking === act ? undefined : act) : void carryOut(act))}
          >
            {words.acts.name[act]}
          </button>
        ))}
      </p>
      {asking !== undefined && page.acts.includes(asking) && (
        <Why
          key={asking}
          act={asking}
          desks={asking === 'reroute' || asking === 'hand_over' ? page.reroutes : []}
          deskTitle={deskTitle}
          busy={busy}
          onSay={(more) => void carryOut(asking, more)}
        />
      )}
      <p class={outcome?.failed === true ? 'problem' : 'good'} role="status" hidden={outcome === undefined}>
        {outcome?.text}
      </p>
    </section>
  );
}

interface WhyProps {
  readonly act: ActName;
  readonly desks: readonly string[];
  readonly deskTitle: (desk: string) => string;
  readonly busy: boolean;
  readonly onSay: (more: { reason: string; desk?: string }) => void;
}

function Why({ act, desks, deskTitle, busy, onSay }: WhyProps) {
  const words = useWords();
  const id = useId();
  const [reason, setReason] = useState('');
  const [desk, setDesk] = useState(desks[0]);
  return (
    <form
      class="why"
      onSubmit={(event) => {
        event.preventDefault();
        if (reason.trim() !== '') onSay({ reason: reason.trim(), ...(desk === undefined ? {} : { desk }) });
      }}
    >
      {desks.length > 0 && (
        <label>
          <span>{words.acts.where}</span>
          <select value={desk} onChange={({ currentTarget }) => setDesk(currentTarget.value)}>
            {desks.map((one) => (
              <option key={one} value={one}>
                {deskTitle(one)}
              </option>
            ))}
          </select>
        </label>
      )}
      <label for={id}>
        <span>{words.acts.why}</span>
        <input
          id={id}
          type="text"
          required
          maxLength={200}
          value={reason}
          onInput={({ currentTarget }) => setReason(currentTarget.value)}
        />
      </label>
      <button type="submit" class="main-button" disabled={busy}>
        {words.acts.name[act]}
      </button>
    </form>
  );
}
