/** What stands in the place of content: while it loads, if there is none, if it failed. */
import type { ReactNode } from 'react';
import { ProblemError, type Problem } from '../api/problem';
import { common } from '../text/common';
import { useLanguage, useText } from '../text/language';
import { PROBLEMS } from '../text/problem-words';
import { Button } from './button';
import { useFocusBack } from './focus-back';
import { Said } from './said';

export const Loading = () => {
  const t = useText(common);
  return (
    <div className="state state-loading" role="status">
      <span className="spinner" aria-hidden="true" />
      {t('loading')}
    </div>
  );
};

export const Empty = ({ children }: { readonly children?: ReactNode }) => {
  const t = useText(common);
  return <div className="state">{children ?? t('nothing')}</div>;
};

interface FailureProps {
  readonly error: unknown;
  readonly onRetry?: () => void;
}

/** A failed request, as people read it. */
export const Failure = ({ error, onRetry }: FailureProps) => {
  const t = useText(common);
  const problem = error instanceof ProblemError ? error.problem : null;
  return (
    <div className="state state-failed" role="alert">
      <p className="state-title">{problem ? <ProblemTitle problem={problem} /> : t('failed')}</p>
      {problem?.code === 'OFFLINE' && <p>{t('offlineHelp')}</p>}
      {problem?.scope !== undefined && <p>{t('missingScope', { scope: problem.scope })}</p>}
      {problem?.detail !== undefined && (
        <p>
          <Said>{problem.detail}</Said>
        </p>
      )}
      {problem?.errors !== undefined && (
        <ul>
          {problem.errors.map(({ where, what }) => (
            <li key={where + what}>
              <code lang="en">{where}</code> <Said>{what}</Said>
            </li>
          ))}
        </ul>
      )}
      {problem?.retryAfterSeconds !== undefined && <p>{t('retryAfter', { seconds: problem.retryAfterSeconds })}</p>}
      {problem?.requestId !== undefined && <p className="quiet">{t('requestId', { id: problem.requestId })}</p>}
      {onRetry && <Retry onPress={onRetry} />}
    </div>
  );
};

/** Gone with the failure as soon as a retry succeeds. */
const Retry = ({ onPress }: { readonly onPress: () => void }) => {
  const t = useText(common);
  useFocusBack();
  return <Button onPress={onPress}>{t('retry')}</Button>;
};

/** The service's own title, in English, for a code that has no text here. */
const ProblemTitle = ({ problem: { code, title } }: { readonly problem: Problem }) => {
  const { language } = useLanguage();
  return PROBLEMS[code]?.[language] ?? <span lang="en">{title ?? code}</span>;
};
