import type { Decision } from '../../shared/domain/decision.ts';
import { PriorityChip, Reasons, RouteSign } from './parts.tsx';
import { unmetInWords } from './unmet.ts';
import { duration, spaced, useWords } from './words.ts';

/** A decision as an agent, a lawyer and the vendor would read it alike. */
export function DecisionCard({
  decision,
  deskTitle,
}: {
  readonly decision: Decision;
  readonly deskTitle: (desk: string) => string;
}) {
  const words = useWords();
  const reasonNames: Readonly<Record<string, string>> = words.reason;
  return (
    <div class={`decision ${decision.route}`}>
      <p class="verdict">
        <RouteSign route={decision.route} /> <strong>{words.decision.goes[decision.route]}</strong>{' '}
        <PriorityChip priority={decision.priority} />
      </p>
      <blockquote>{decision.because}</blockquote>
      <dl class="facts-list">
        {decision.desk !== undefined && (
          <div>
            <dt>{words.decision.desk}</dt>
            <dd>{deskTitle(decision.desk)}</dd>
          </div>
        )}
        <div>
          <dt>{words.decision.reasons}</dt>
          <dd>{decision.reasons.length === 0 ? words.decision.noReasons : <Reasons reasons={decision.reasons} />}</dd>
        </div>
        <div>
          <dt>{words.decision.doubts}</dt>
          <dd>
            {decision.doubts.length === 0
              ? words.decision.noDoubts
              : decision.doubts.map((doubt) => words.doubt[doubt] ?? spaced(doubt)).join(', ')}
          </dd>
        </div>
        <div>
          <dt>{words.decision.risk}</dt>
          <dd>
            {decision.score.total.toLocaleString(words.locale)}
            {decision.score.parts.length > 0 &&
              ` = ${decision.score.parts
                .map(
                  ({ name, points }) =>
                    `${points.toLocaleString(words.locale)} ${reasonNames[name]?.toLowerCase() ?? spaced(name)}`,
                )
                .join(' + ')}`}
          </dd>
        </div>
        {decision.targets !== undefined && (
          <div>
            <dt>{words.decision.promise}</dt>
            <dd>
              {words.decision.promised(
                duration(decision.targets.firstReplySeconds * 1000, words),
                duration(decision.targets.resolutionSeconds * 1000, words),
              )}
            </dd>
          </div>
        )}
        <div>
          <dt>{words.decision.rule}</dt>
          <dd>
            <code>{decision.rule}</code>{' '}
            <span class="soft">
              {words.decision.policy} <code>{decision.policyVersion}</code>
            </span>
          </dd>
        </div>
      </dl>
      {decision.notChosen.length > 0 && (
        <details>
          <summary>{words.decision.notChosen(decision.notChosen.length)}</summary>
          <ul class="not-chosen">
            {decision.notChosen.map(({ rule, because }) => (
              <li key={rule}>
                <code>{rule}</code> {unmetInWords(because, words)}
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}
