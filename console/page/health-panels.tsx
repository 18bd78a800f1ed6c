import { type Health, healthSchema } from '../../shared/contracts/console.ts';
import { useReading } from './api.ts';
import { useEvery } from './clock.ts';
import { Scrolls } from './parts.tsx';
import { channelName, duration, moment, useWords } from './words.ts';

/** It costs more than the rest of the page and changes slowly. */
const rereadMs = 60_000;

/** How fast messages come through, and which accounts have gone silent; nothing where the API does not tell. */
export function HealthPanels() {
  const { value: health } = useReading('/api/health', healthSchema, useEvery(rereadMs));
  if (health === undefined) return null;
  return (
    <div class="columns">
      <Pace health={health} />
      <Accounts health={health} />
    </div>
  );
}

function Pace({ health: { looked, stages } }: { readonly health: Health }) {
  const words = useWords();
  const said = (seconds: number | undefined) => (seconds === undefined ? '—' : duration(seconds * 1000, words));
  return (
    <section class="panel" aria-labelledby="pace">
      <h2 id="pace">
        {words.now.pace} <span class="soft">· {words.now.paceOf(looked)}</span>
      </h2>
      {looked === 0 ? (
        <p class="soft">{words.now.paceNone}</p>
      ) : (
        <Scrolls>
          <table class="pace">
            <thead>
              <tr>
                <th scope="col">{words.now.columns.stage}</th>
                <th scope="col" class="figure">
                  {words.now.columns.median}
                </th>
                <th scope="col" class="figure">
                  {words.now.columns.slow}
                </th>
                <th scope="col" class="figure">
                  {words.now.columns.cases}
                </th>
              </tr>
            </thead>
            <tbody>
              {stages.map(({ stage, cases, medianSeconds, slowSeconds }) => (
                <tr key={stage}>
                  <th scope="row">{words.now.pacing[stage]}</th>
                  <td class="figure">{said(medianSeconds)}</td>
                  <td class="figure">{said(slowSeconds)}</td>
                  <td class="figure soft">{cases.toLocaleString(words.locale)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scrolls>
      )}
    </section>
  );
}

function Accounts({ health }: { readonly health: Health }) {
  const words = useWords();
  const latest = health.accounts.toSorted((a, b) => ((a.heardAt ?? '') > (b.heardAt ?? '') ? -1 : 1));
  const silent = latest.filter((account) => account.silent);
  return (
    <section class="panel" aria-labelledby="accounts">
      <h2 id="accounts">{words.now.accounts}</h2>
      {silent.length > 0 ? (
        <>
          <p class="broken">{words.now.silent(silent.length)}</p>
          <AccountList accounts={silent} at={health.at} />
        </>
      ) : (
        <p class="good">{words.now.silentNone}</p>
      )}
      {health.tokens.map(({ platform, title, days }) => (
        <p key={`${platform} ${title}`} class="broken">
          {words.now.tokenEnds(
            title === undefined ? channelName(platform) : `${channelName(platform)} · ${title}`,
            days,
          )}
        </p>
      ))}
      <details>
        <summary>{words.now.allAccounts(latest.length)}</summary>
        <AccountList accounts={latest} at={health.at} />
      </details>
    </section>
  );
}

function AccountList({ accounts, at }: { readonly accounts: Health['accounts']; readonly at: string }) {
  const words = useWords();
  return (
    <ul class="accounts">
      {accounts.map(({ channel, title, since, heardAt, expected }) => (
        <li key={`${channel} ${title}`}>
          <span>
            {channelName(channel)} · {title}
          </span>
          <span class="soft">
            {heardAt === undefined ? words.now.notSince : words.now.lastHeard}{' '}
            <time dateTime={heardAt ?? since}>{moment(heardAt ?? since, words, Date.parse(at))}</time>
            {expected !== undefined && `, ${words.now.expected(expected)}`}
          </span>
        </li>
      ))}
    </ul>
  );
}
