import { useId, useState } from 'preact/hooks';
import { type Comparison, comparisonSchema, personSchema, rulesInForceSchema } from '../../shared/contracts/console.ts';
import { call, type Trouble, troubleOf, useReading } from './api.ts';
import { hrefOf } from './location.ts';
import { Problem, Reasons, Scrolls } from './parts.tsx';
import { moment, useWords } from './words.ts';

interface CompareProps {
  readonly deskTitle: (desk: string) => string;
}

/** What other rules would make of the latest messages; only for those who may ask. */
export function Compare({ deskTitle }: CompareProps) {
  const { value: person } = useReading('/api/me', personSchema, 0);
  return person?.role === 'lead' ? <ComparePanel deskTitle={deskTitle} /> : null;
}

function ComparePanel({ deskTitle }: CompareProps) {
  const words = useWords();
  const id = useId();
  const [text, setText] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Trouble | undefined>();
  const [comparison, setComparison] = useState<Comparison | undefined>();

  const run = async (work: () => Promise<void>) => {
    setBusy(true);
    setProblem(undefined);
    try {
      await work();
    } catch (error) {
      setProblem(troubleOf(error));
    } finally {
      setBusy(false);
    }
  };
  const takeOver = () =>
    run(async () => {
      const [inForce, { Document, isCollection, isScalar, visit }] = await Promise.all([
        call('/api/routing', rulesInForceSchema),
        import('yaml'),
      ]);
      const document = new Document(inForce);
      // As people write it: what a rule asks, and a part of the score, on one line.
      visit(document, {
        Pair(_, { key, value }) {
          if (isScalar(key) && key.value === 'when' && isCollection(value)) value.flow = true;
          if (isScalar(key) && key.value === 'parts' && isCollection(value)) {
            for (const item of value.items) if (isCollection(item)) item.flow = true;
          }
        },
      });
      setText(document.toString({ lineWidth: 0 }));
    });
  const compare = () =>
    run(async () => {
      setComparison(undefined);
      const { parseDocument } = await import('yaml');
      const document = parseDocument(text);
      const [wrong] = document.errors;
      if (wrong !== undefined) {
        setProblem({ status: 400, message: words.compare.notYaml(wrong.linePos?.[0].line ?? 1) });
        return;
      }
      setComparison(await call('/api/compare', comparisonSchema, { post: document.toJS({ maxAliasCount: 100 }) }));
    });

  return (
    <section class="panel" aria-labelledby="compare">
      <h2 id="compare">{words.compare.title}</h2>
      <p class="soft" id={`${id}-hint`}>
        {words.compare.hint}
      </p>
      <form
        class="try"
        onSubmit={(event) => {
          event.preventDefault();
          void compare();
        }}
      >
        <p class="act-buttons">
          <button type="button" disabled={busy} onClick={() => void takeOver()}>
            {words.compare.takeOver}
          </button>
          <label class="file">
            <span>{words.compare.file}</span>
            <input
              type="file"
              accept=".yaml,.yml"
              onChange={({ currentTarget }) => {
                const [file] = currentTarget.files ?? [];
                if (file !== undefined) void file.text().then(setText);
              }}
            />
          </label>
        </p>
        <label>
          <span>{words.compare.rules}</span>
          <textarea
            class="code"
            rows={text === '' ? 3 : 16}
            spellcheck={false}
            aria-describedby={`${id}-hint`}
            value={text}
            onInput={({ currentTarget }) => setText(currentTarget.value)}
          />
        </label>
        <p>
          <button type="submit" class="main-button" disabled={busy || text.trim() === ''}>
            {words.compare.run}
          </button>
        </p>
      </form>
      <Problem problem={problem} />
      <div aria-live="polite">
        {comparison !== undefined && <Result comparison={comparison} deskTitle={deskTitle} />}
      </div>
    </section>
  );
}

function Result({ comparison, deskTitle }: CompareProps & { readonly comparison: Comparison }) {
  const words = useWords();
  const { messages, since, moved, otherPriority, leakRisk, lanes, before, after } = comparison;
  const desks = [...new Set([...Object.keys(before.byDesk), ...Object.keys(after.byDesk)])].sort();
  const dollars = (value: number) =>
    value.toLocaleString(words.locale, { style: 'currency', currency: 'USD', maximumFractionDigits: 0 });
  return (
    <>
      <p class="verdict">
        <strong>{words.compare.moved(moved, messages)}</strong>{' '}
        <span class="soft">
          {since !== undefined && words.compare.since(moment(since, words, Date.now()))}{' '}
          {otherPriority > 0 && words.compare.otherPriority(otherPriority)}
        </span>
      </p>
      <h3>{words.compare.leaks}</h3>
      {leakRisk.length === 0 ? (
        <p class="good">{words.compare.noLeak}</p>
      ) : (
        <>
          <p class="broken">{words.compare.leak(leakRisk.length)}</p>
          <Moved examples={leakRisk} />
        </>
      )}
      {lanes.map(({ from, to, messages: count, examples }) => (
        <details key={`${from} ${to}`} open={lanes.length <= 4}>
          <summary>
            {deskTitle(from)} → {deskTitle(to)}
            {words.colon}
            {count.toLocaleString(words.locale)}
          </summary>
          <Moved examples={examples} />
        </details>
      ))}
      <h3>{words.compare.volumes}</h3>
      <Scrolls>
        <table class="narrow">
          <thead>
            <tr>
              <th scope="col">{words.decision.desk}</th>
              <th scope="col" class="figure">
                {words.compare.before}
              </th>
              <th scope="col" class="figure">
                {words.compare.after}
              </th>
            </tr>
          </thead>
          <tbody>
            {desks.map((desk) => (
              <tr key={desk}>
                <th scope="row">{deskTitle(desk)}</th>
                <td class="figure">{(before.byDesk[desk] ?? 0).toLocaleString(words.locale)}</td>
                <td class="figure">{(after.byDesk[desk] ?? 0).toLocaleString(words.locale)}</td>
              </tr>
            ))}
            <tr>
              <th scope="row">{words.compare.cost}</th>
              <td class="figure">{dollars(before.dollarsPerMillion)}</td>
              <td class="figure">{dollars(after.dollarsPerMillion)}</td>
            </tr>
          </tbody>
        </table>
      </Scrolls>
    </>
  );
}

function Moved({ examples }: { readonly examples: Comparison['leakRisk'] }) {
  const words = useWords();
  return (
    <ul class="not-chosen">
      {examples.map(({ id, before, after, reasonsBefore }, index) => (
        <li key={`${id} ${index}`}>
          <a href={hrefOf({ page: 'cases', case: id })}>
            {words.compare.case} {id.slice(0, 8)}…
          </a>{' '}
          <code>{before}</code> → <code>{after}</code> <Reasons reasons={reasonsBefore} />
        </li>
      ))}
    </ul>
  );
}
