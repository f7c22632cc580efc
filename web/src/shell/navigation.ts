/**
 * The pages in the order of the navigation. A page that is built gets its line here and its route in routes.tsx; its folder
 * in pages/ has a page.tsx, which is loaded when somebody opens it.
 */
import { mayWith, type Session } from '../api/session';
import type { text } from './text';

interface Entry {
  readonly to: string;
  readonly label: keyof (typeof text)['en'];
  /** Without which the service answers nothing that the page shows. */
  readonly scope: string;
}

const PAGES = [
  { to: '/now', label: 'now', scope: 'admin:read' },
  { to: '/calls', label: 'calls', scope: 'admin:read' },
  { to: '/figures', label: 'figures', scope: 'admin:read' },
  { to: '/providers', label: 'providers', scope: 'admin:read' },
  { to: '/people', label: 'people', scope: 'admin:read' },
  { to: '/webhooks', label: 'webhooks', scope: 'admin:read' },
  { to: '/protection', label: 'protection', scope: 'admin:read' },
  { to: '/audit', label: 'audit', scope: 'admin:audit:read' },
] as const satisfies readonly Entry[];

/** Those that the person may see. */
export const pagesOf = (session: Session) => PAGES.filter(({ scope }) => mayWith(session, scope));

export const firstPageOf = (session: Session) => (pagesOf(session)[0] ?? PAGES[0]).to;

/** @param path of the route, such as `/calls/$callSid` */
export const missingScope = (session: Session, path: string): string | null => {
  const page = PAGES.find(({ to }) => path === to || path.startsWith(`${to}/`));
  return page === undefined || mayWith(session, page.scope) ? null : page.scope;
};
