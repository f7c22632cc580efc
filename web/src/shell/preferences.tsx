import { Select } from '../parts/fields';
import { LANGUAGES, useLanguage, useText, type Language } from '../text/language';
import { text } from './text';
import { THEMES, useTheme } from './theme';

/** In their own language, for those who cannot read the other one. */
const NAMES: Readonly<Record<Language, string>> = { en: 'English', zh: '中文' };

export const Preferences = () => {
  const t = useText(text);
  const { language, setLanguage } = useLanguage();
  const [theme, setTheme] = useTheme();
  return (
    <div className="preferences">
      <Select
        label={t('language')}
        options={LANGUAGES.map((value) => ({ value, label: NAMES[value] }))}
        value={language}
        onChange={setLanguage}
      />
      <Select
        label={t('theme')}
        options={THEMES.map((value) => ({ value, label: t(`theme.${value}`) }))}
        value={theme}
        onChange={setTheme}
      />
    </div>
  );
};
