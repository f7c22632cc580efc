import { RULES, chineseOf } from '../text/service-words';
import { useLanguage } from '../text/language';

/** A sentence of the service, in the person's language if the desk knows it in that. */
export const Said = ({ children }: { readonly children: string }) => {
  const { language } = useLanguage();
  return (language === 'zh' ? chineseOf(children) : null) ?? <span lang="en">{children}</span>;
};

/** Likewise, where only a text can stand. */
export const useSaid = (): ((text: string) => string) => {
  const { language } = useLanguage();
  return (text) => (language === 'zh' ? chineseOf(text) : null) ?? text;
};

/** With its code, which the documentation and the API have. A newer service may know further rules. */
export const RuleName = ({ rule }: { readonly rule: string }) => {
  const { language } = useLanguage();
  const words = RULES[rule];
  return (
    <span className="rule">
      {words?.[language]} <code>{rule}</code>
    </span>
  );
};
