import { useEffect, useState } from 'preact/hooks';
import * as z from 'zod';

/** What the address says to show. The page is one document; where one is in it stands in the query. */
const viewSchema = z.object({
  page: z.enum(['now', 'cases', 'policy', 'reports']).catch('now').default('now'),
  case: z.string().optional(),
  state: z.string().optional(),
  desk: z.string().optional(),
  reason: z.string().optional(),
  priority: z.string().optional(),
  channel: z.string().optional(),
  language: z.string().optional(),
  account: z.string().optional(),
  deadline: z.string().optional(),
  words: z.string().optional(),
  customerOf: z.string().optional(),
});
export type View = z.infer<typeof viewSchema>;

export const filterNames = [
  'state',
  'desk',
  'reason',
  'priority',
  'channel',
  'language',
  'account',
  'deadline',
  'words',
  'customerOf',
] as const;

const listeners = new Set<() => void>();
const told = () => {
  for (const listener of listeners) listener();
};
window.addEventListener('popstate', told);

function currentView(): View {
  return viewSchema.parse(Object.fromEntries(new URLSearchParams(window.location.search)));
}

export function hrefOf(view: Partial<View>): string {
  const query = new URLSearchParams(
    Object.entries(view).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  if (query.get('page') === 'now') query.delete('page');
  return query.size === 0 ? '/' : `/?${query}`;
}

export function goTo(view: Partial<View>): void {
  window.history.pushState(undefined, '', hrefOf(view));
  told();
}

/** The view to show, now and whenever it changes. */
export function useView(): View {
  const [view, setView] = useState(currentView);
  useEffect(() => {
    const update = () => setView(currentView());
    listeners.add(update);
    return () => {
      listeners.delete(update);
    };
  }, []);
  return view;
}

/** Follows a link within the page; other links, and clicks for a new tab, are the browser's. */
export function onLinkClick(event: MouseEvent): void {
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  if (link === null || event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || link.target !== '') return;
  if (link.origin !== window.location.origin || link.pathname !== '/' || link.hash !== '') return;
  event.preventDefault();
  window.history.pushState(undefined, '', link.href);
  told();
}
