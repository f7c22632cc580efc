import { Link, type ErrorComponentProps } from '@tanstack/react-router';
import { ProblemError } from '../api/problem';
import { useText } from '../text/language';
import { PageHeading } from '../parts/page-heading';
import { Failure } from '../parts/states';
import { text } from './text';

/** For an error of a page itself, and for a part of it that could not be fetched. */
export const FailedPage = ({ error, reset }: ErrorComponentProps) => {
  const t = useText(text);
  return (
    <>
      <PageHeading title={t('crashed')} />
      <Failure error={error} onRetry={reset} />
    </>
  );
};

/** Typed by hand, or sent by somebody: the navigation does not lead to it. */
export const ForbiddenPage = ({ scope }: { readonly scope: string }) => {
  const t = useText(text);
  return (
    <>
      <PageHeading title={t('forbidden')} />
      <Failure error={new ProblemError({ status: 403, code: 'FORBIDDEN', scope })} />
    </>
  );
};

export const NotFoundPage = () => {
  const t = useText(text);
  return (
    <>
      <PageHeading title={t('notFound')} about={t('notFoundHelp')} />
      <p>
        <Link to="/">{t('toStart')}</Link>
      </p>
    </>
  );
};
