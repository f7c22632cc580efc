/** A canvas takes no custom properties: what the tokens are in the theme of this moment. */
import { useSyncExternalStore } from 'react';

const TOKENS = ['accent', 'ink-quiet', 'warn', 'line', 'good', 'bad', 'violet', 'teal', 'pink'] as const;
export type Token = (typeof TOKENS)[number];
export type Colours = Readonly<Record<Token, string>>;

const read = (): string => {
  const probe = document.createElement('span');
  document.body.append(probe);
  const colours = TOKENS.map((token) => {
    probe.style.color = `var(--${token})`;
    return [token, getComputedStyle(probe).color];
  });
  probe.remove();
  return JSON.stringify(Object.fromEntries(colours));
};

const subscribe = (listener: () => void): (() => void) => {
  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  const chosen = new MutationObserver(listener);
  chosen.observe(document.documentElement, { attributeFilter: ['data-theme'] });
  dark.addEventListener('change', listener);
  return () => {
    chosen.disconnect();
    dark.removeEventListener('change', listener);
  };
};

/** As text, which is the same as long as the colours are. */
export const useColours = (): string => useSyncExternalStore(subscribe, read);
