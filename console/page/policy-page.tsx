import { useEffect, useState } from 'preact/hooks';
import {
  type PolicyPage as Policy,
  policyPageSchema,
  type Verdict,
  verdictSchema,
} from '../../shared/contracts/console.ts';
import { Alternatives } from './alternatives.tsx';
import { call, type Trouble, troubleOf, useReading } from './api.ts';
import { Compare } from './compare.tsx';
import { DecisionCard } from './decision-card.tsx';
import { MarkedText } from './marked-text.tsx';
import { Loading, PriorityChip, Problem, Scrolls } from './parts.tsx';
import { unmetInWords } from './unmet.ts';
import { channelName, duration, languageName, spaced, useWords } from './words.ts';

/** A pause in typing after which the message is judged. */
const pauseMs = 250;

interface Draft {
  readonly text: string;
  /** Position in the policy's accounts. */
  readonly account: number;
  readonly public: boolean;
}

/** The rules in force, and what they make of a message as it is typed. */
export function PolicyPage() {
  const words = useWords();
  const { value: policy, problem } = useReading('/api/policy', policyPageSchema, 0);
  const [draft, setDraft] = useState<Draft>({ text: '', account: 0, public: true });
  const { verdict, problem: refused } = useVerdict(draft, policy);
  const deskTitle = (desk: string) =>
    desk === 'set_aside'
      ? words.route.set_aside
      : desk === 'outsourced'
        ? words.policy.anyVendor
        : (policy?.desks.find(({ id }) => id === desk)?.title ?? desk);
  return (
    <>
      <h1>{words.policy.title}</h1>
      <Problem problem={problem} />
      {policy === undefined ? (
        problem === undefined && <Loading />
      ) : (
        <>
          <p class="soft">
            {words.policy.version} <code>{policy.version}</code>
          </p>
          <div class="trial">
            <Form policy={policy} draft={draft} setDraft={setDraft} />
            <section class="panel" aria-live="polite">
              <Problem problem={refused} />
              {verdict === undefined ? (
                <p class="soft empty">{words.policy.empty}</p>
              ) : (
                <>
                  <DecisionCard decision={verdict.decision} deskTitle={deskTitle} />
                  <Alternatives alternatives={verdict.alternatives} deskTitle={deskTitle} />
                </>
              )}
            </section>
          </div>
          {verdict !== undefined && <Findings text={draft.text} verdict={verdict} />}
          <Rules policy={policy} verdict={verdict} deskTitle={deskTitle} />
          <Compare deskTitle={deskTitle} />
          <PromiseTable policy={policy} />
        </>
      )}
    </>
  );
}

/** What the policy makes of the draft, once typing pauses; nothing for an empty one. */
function useVerdict(
  draft: Draft,
  policy: Policy | undefined,
): { readonly verdict: Verdict | undefined; readonly problem: Trouble | undefined } {
  const [judged, setJudged] = useState<{ verdict: Verdict | undefined; problem: Trouble | undefined }>({
    verdict: undefined,
    problem: undefined,
  });
  const account = policy?.accounts[draft.account];
  useEffect(() => {
    if (draft.text.trim() === '' || account === undefined) {
      setJudged({ verdict: undefined, problem: undefined });
      return;
    }
    const left = new AbortController();
    const pause = window.setTimeout(() => {
      const trial = { text: draft.text, channel: account.channel, accountId: account.id, public: draft.public };
      call('/api/decide', verdictSchema, { post: trial, signal: left.signal }).then(
        (verdict) => setJudged({ verdict, problem: undefined }),
        (error: unknown) => {
          if (left.signal.aborted) return;
          setJudged({ verdict: undefined, problem: troubleOf(error) });
        },
      );
    }, pauseMs);
    return () => {
      window.clearTimeout(pause);
      left.abort();
    };
  }, [draft, account]);
  return judged;
}

interface FormProps {
  readonly policy: Policy;
  readonly draft: Draft;
  readonly setDraft: (draft: Draft) => void;
}

function Form({ policy, draft, setDraft }: FormProps) {
  const words = useWords();
  return (
    <form class="panel try" onSubmit={(event) => event.preventDefault()}>
      <h2>{words.policy.tryOut}</h2>
      <p class="soft" id="try-hint">
        {words.policy.tryHint}
      </p>
      <label>
        <span>{words.policy.message}</span>
        <textarea
          rows={5}
          maxLength={8_000}
          dir="auto"
          aria-describedby="try-hint"
          placeholder={words.policy.example}
          value={draft.text}
          onInput={({ currentTarget }) => setDraft({ ...draft, text: currentTarget.value })}
        />
      </label>
      <p class="examples">
        <span class="soft">
          {words.policy.examples}
          {words.colon}
        </span>
        {words.policy.exampleTexts.map((text) => (
          <button key={text} type="button" onClick={() => setDraft({ ...draft, text })}>
            {text}
          </button>
        ))}
      </p>
      <div class="row">
        <label>
          <span>{words.policy.account}</span>
          <select
            value={String(draft.account)}
            onChange={({ currentTarget }) => setDraft({ ...draft, account: Number(currentTarget.value) })}
          >
            {policy.accounts.map(({ channel, id, title, languages }, index) => (
              <option key={`${channel} ${id}`} value={String(index)}>
                {channelName(channel)} · {title} ({languages.map((code) => languageName(code, words)).join(', ')})
              </option>
            ))}
          </select>
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={draft.public}
            onChange={({ currentTarget }) => setDraft({ ...draft, public: currentTarget.checked })}
          />
          <span>{words.policy.visibility}</span>
        </label>
      </div>
    </form>
  );
}

function Findings({ text, verdict }: { readonly text: string; readonly verdict: Verdict }) {
  const words = useWords();
  const { assessment, marks, askedSentiment } = verdict;
  const percent = (confidence: number) =>
    confidence.toLocaleString(words.locale, { style: 'percent', maximumFractionDigits: 0 });
  const mood =
    assessment.sentiment === undefined
      ? askedSentiment
        ? words.policy.notKnown
        : words.policy.notAsked
      : `${words.sentiment[assessment.sentiment.label]} (${percent(assessment.sentiment.confidence)})`;
  return (
    <section class="panel" aria-labelledby="read">
      <h2 id="read">{words.policy.read}</h2>
      <MarkedText text={text} marks={marks} />
      <dl class="facts-list">
        <div>
          <dt>{words.case.signals}</dt>
          <dd>
            {assessment.signals.length === 0
              ? words.policy.none
              : assessment.signals.map(({ reason, confidence, entry }) => (
                  <span key={`${reason} ${entry}`} class="chip reason">
                    {words.reason[reason]} {percent(confidence)} <code>{entry}</code>
                  </span>
                ))}
          </dd>
        </div>
        <div>
          <dt>{words.policy.found.language}</dt>
          <dd>
            {languageName(assessment.language.code, words)} ({percent(assessment.language.confidence)})
          </dd>
        </div>
        <div>
          <dt>{words.policy.found.topics}</dt>
          <dd>
            {assessment.topics.length === 0
              ? words.policy.none
              : assessment.topics
                  .map(({ topic, confidence }) => `${words.topic[topic]} (${percent(confidence)})`)
                  .join(', ')}
          </dd>
        </div>
        <div>
          <dt>{words.policy.found.sentiment}</dt>
          <dd>{mood}</dd>
        </div>
        {assessment.noise !== undefined && (
          <div>
            <dt>{words.policy.found.noise}</dt>
            <dd>{words.noise[assessment.noise] ?? spaced(assessment.noise)}</dd>
          </div>
        )}
        <div>
          <dt>{words.policy.found.abusive}</dt>
          <dd>{assessment.abusive ? words.policy.abusive : words.policy.civil}</dd>
        </div>
        {assessment.pii.length > 0 && (
          <div>
            <dt>{words.policy.found.pii}</dt>
            <dd>
              {assessment.pii.join(', ')} — {words.policy.masked}
            </dd>
          </div>
        )}
      </dl>
    </section>
  );
}

interface RulesProps {
  readonly policy: Policy;
  readonly verdict: Verdict | undefined;
  readonly deskTitle: (desk: string) => string;
}

/** The rules in their order; with a verdict, which of them fits and why those before it do not. */
function Rules({ policy, verdict, deskTitle }: RulesProps) {
  const words = useWords();
  const unmet = new Map(verdict?.decision.notChosen.map(({ rule, because }) => [rule, because]));
  return (
    <section class="panel" aria-labelledby="rules">
      <h2 id="rules">{words.policy.rules}</h2>
      <p class="soft">{words.policy.ownWords}</p>
      <ol class="rules">
        {policy.rules.map(({ id, to, priority, because }) => {
          const matched = verdict?.decision.rule === id;
          const passed = unmet.get(id);
          return (
            <li key={id} class={matched ? 'matched' : passed === undefined ? '' : 'passed'}>
              <p>
                <code>{id === 'default' ? words.policy.default : id}</code> {words.policy.goesTo}{' '}
                <strong>{deskTitle(to)}</strong> <PriorityChip priority={priority} />
                {matched && <span class="chip matched-chip">✓ {words.policy.matched}</span>}
              </p>
              <p class="soft">{because}</p>
              {passed !== undefined && (
                <p class="unmet">
                  {words.policy.passed}
                  {words.colon}
                  {unmetInWords(passed, words)}
                </p>
              )}
            </li>
          );
        })}
      </ol>
    </section>
  );
}

function PromiseTable({ policy }: { readonly policy: Policy }) {
  const words = useWords();
  return (
    <section class="panel" aria-labelledby="promises">
      <h2 id="promises">{words.policy.promises}</h2>
      <Scrolls>
        <table class="promise-table">
          <thead>
            <tr>
              <th scope="col">{words.decision.desk}</th>
              <th scope="col">{words.cases.priority}</th>
              <th scope="col">{words.policy.reply}</th>
              <th scope="col">{words.policy.resolution}</th>
              <th scope="col">{words.policy.hours}</th>
            </tr>
          </thead>
          {policy.desks.map(({ id, title, promises }) => (
            <tbody key={id}>
              {promises.map(({ priority, firstReplySeconds, resolutionSeconds, inBusinessHours }, index) => (
                <tr key={priority}>
                  {index === 0 && (
                    <th scope="rowgroup" rowSpan={promises.length}>
                      {title}
                    </th>
                  )}
                  <td>{words.priority[priority]}</td>
                  <td>{duration(firstReplySeconds * 1000, words)}</td>
                  <td>{duration(resolutionSeconds * 1000, words)}</td>
                  <td>{inBusinessHours ? words.policy.businessHours : words.policy.aroundTheClock}</td>
                </tr>
              ))}
            </tbody>
          ))}
        </table>
      </Scrolls>
    </section>
  );
}
