/**
 * 中文 and English. Each page has its own texts:
 *
 *     export const text = defineText({ title: 'Providers', open: '{count} open calls' }, { title: '运营商', open: '{count} 路通话' });
 *     const t = useText(text);
 *     t('open', { count: 3 })
 *
 * A key that one of the languages lacks, and a key that neither has, fail tsc.
 */
import { createContext, use, useCallback, useMemo, useState, type ReactNode } from 'react';

export const LANGUAGES = ['en', 'zh'] as const;
export type Language = (typeof LANGUAGES)[number];

/** As browsers and Intl name them. */
const TAGS: Readonly<Record<Language, string>> = { en: 'en', zh: 'zh-CN' };

type Entries = Readonly<Record<string, string>>;
export type Texts<Key extends string> = Readonly<Record<Language, Readonly<Record<Key, string>>>>;
export type Translate<Key extends string> = (key: Key, values?: Readonly<Record<string, string | number>>) => string;

export const defineText = <En extends Entries>(
  en: En,
  zh: { readonly [Key in keyof En]: string },
): Texts<keyof En & string> => ({ en, zh });

interface Languages {
  readonly language: Language;
  readonly setLanguage: (language: Language) => void;
}

const Context = createContext<Languages | null>(null);

const KEPT_AS = 'ringback.language';

/** The one that was chosen here, or else the first of the browser's that we have. */
const initialLanguage = (): Language => {
  const kept = localStorage.getItem(KEPT_AS);
  const wanted = [kept ?? '', ...navigator.languages];
  return wanted.map((tag) => LANGUAGES.find((language) => tag.split('-')[0] === language)).find(Boolean) ?? 'en';
};

export const LanguageProvider = ({ children }: { readonly children: ReactNode }) => {
  const [language, setState] = useState(initialLanguage);
  document.documentElement.lang = TAGS[language];
  const setLanguage = useCallback((chosen: Language) => {
    localStorage.setItem(KEPT_AS, chosen);
    setState(chosen);
  }, []);
  const value = useMemo(() => ({ language, setLanguage }), [language, setLanguage]);
  return <Context value={value}>{children}</Context>;
};

export const useLanguage = (): Languages => {
  const languages = use(Context);
  if (!languages) throw new Error('useLanguage is for parts within LanguageProvider');
  return languages;
};

/** For Intl and for the attribute lang. */
export const useLanguageTag = (): string => TAGS[useLanguage().language];

export const useText = <Key extends string>(texts: Texts<Key>): Translate<Key> => {
  const { language } = useLanguage();
  return useCallback(
    (key, values = {}) =>
      texts[language][key].replace(/\{(\w+)\}/g, (place, name: string) => String(values[name] ?? place)),
    [texts, language],
  );
};
