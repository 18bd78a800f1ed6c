import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { LiveEntry } from '../../shared/contracts/console.ts';
import { type Liveness, useLive } from './api.ts';
import { CasesPage } from './cases-page.tsx';
import { type Theme, themes, useLanguage, useTheme } from './choices.ts';
import { hrefOf, onLinkClick, useView } from './location.ts';
import { NowPage } from './now-page.tsx';
import { PolicyPage } from './policy-page.tsx';
import { ReportsPage } from './reports-page.tsx';
import { type Language, languages, useWords, WordsContext } from './words.ts';

const keptEntries = 12;

/** An entry as the page shows it; `n` tells two alike apart. */
export interface Happening {
  readonly n: number;
  readonly entry: LiveEntry;
}

export function App() {
  const view = useView();
  const [language, setLanguage] = useLanguage();
  const [theme, setTheme] = useTheme();
  const [happenings, setHappenings] = useState<readonly Happening[]>([]);
  const count = useRef(0);
  const onEntry = useCallback((entry: LiveEntry) => {
    // Said already, when the message was triaged.
    if (entry.event === 'case_changed' && entry.by === 'message_received') return;
    count.current += 1;
    const happening = { n: count.current, entry };
    setHappenings((before) => [happening, ...before].slice(0, keptEntries));
  }, []);
  const { liveness, pulse } = useLive(onEntry);
  const words = languages[language];
  const title = words.pages[view.page];

  useEffect(() => {
    document.title = `${title} · Vigie`;
  }, [title]);
  useEffect(() => {
    document.addEventListener('click', onLinkClick);
    return () => document.removeEventListener('click', onLinkClick);
  }, []);

  return (
    <WordsContext.Provider value={words}>
      <a class="skip" href="#content">
        {words.shell.skip}
      </a>
      <Header
        page={view.page}
        liveness={liveness}
        language={language}
        setLanguage={setLanguage}
        theme={theme}
        setTheme={setTheme}
      />
      <main id="content" tabIndex={-1}>
        {view.page === 'now' && <NowPage pulse={pulse} happenings={happenings} told={liveness !== 'polling'} />}
        {view.page === 'cases' && <CasesPage view={view} pulse={pulse} />}
        {view.page === 'policy' && <PolicyPage />}
        {view.page === 'reports' && <ReportsPage />}
      </main>
    </WordsContext.Provider>
  );
}

interface HeaderProps {
  readonly page: keyof ReturnType<typeof useWords>['pages'];
  readonly liveness: Liveness;
  readonly language: Language;
  readonly setLanguage: (language: Language) => void;
  readonly theme: Theme;
  readonly setTheme: (theme: Theme) => void;
}

function Header({ page, liveness, language, setLanguage, theme, setTheme }: HeaderProps) {
  const words = useWords();
  return (
    <header class="top">
      <a class="brand" href={hrefOf({ page: 'now' })}>
        <img src="/console/icon.svg" alt="" width="28" height="28" />
        <span>Vigie</span>
      </a>
      <nav aria-label={words.shell.nav}>
        {(['now', 'cases', 'policy', 'reports'] as const).map((name) => (
          <a
            key={name}
            class="page-link"
            href={hrefOf({ page: name })}
            aria-current={page === name ? 'page' : undefined}
          >
            {words.pages[name]}
          </a>
        ))}
      </nav>
      <p class={`liveness ${liveness}`} role="status">
        {words.shell.liveness[liveness]}
      </p>
      <label class="quiet-select">
        <span class="hidden">{words.shell.themeLabel}</span>
        <select
          value={theme}
          onChange={({ currentTarget }) => setTheme(themes.find((name) => name === currentTarget.value) ?? 'auto')}
        >
          {themes.map((name) => (
            <option key={name} value={name}>
              {words.shell.theme[name]}
            </option>
          ))}
        </select>
      </label>
      <fieldset class="languages">
        <legend class="hidden">{words.shell.languageLabel}</legend>
        {(['en', 'fr'] as const).map((name) => (
          <button
            key={name}
            type="button"
            lang={name}
            aria-pressed={language === name}
            onClick={() => setLanguage(name)}
          >
            <abbr title={name === 'en' ? 'English' : 'Français'}>{name.toUpperCase()}</abbr>
          </button>
        ))}
      </fieldset>
    </header>
  );
}
