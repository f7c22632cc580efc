/**
 * The pages in the order of the navigation. A page that is built gets its line here and its route in routes.tsx; its folder
 * in pages/ has a page.tsx, which is loaded when somebody opens it.
 */
import type { text } from './text';

interface Entry {
  readonly to: string;
  readonly label: keyof (typeof text)['en'];
}

export const NAVIGATION = [
  { to: '/now', label: 'now' },
  { to: '/calls', label: 'calls' },
  { to: '/figures', label: 'figures' },
  { to: '/providers', label: 'providers' },
  { to: '/people', label: 'people' },
  { to: '/webhooks', label: 'webhooks' },
  { to: '/protection', label: 'protection' },
  { to: '/audit', label: 'audit' },
] as const satisfies readonly Entry[];
