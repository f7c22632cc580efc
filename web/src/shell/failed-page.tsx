import { useMutation } from '@tanstack/react-query';
import { Link, type ErrorComponentProps } from '@tanstack/react-router';
import { api, ok } from '../api/client';
import { ProblemError } from '../api/problem';
import { useText } from '../text/language';
import { PageHeading } from '../parts/page-heading';
import { Failure } from '../parts/states';
import { text } from './text';

/** For an error of a page itself, and for a part of it that could not be fetched. */
export const FailedPage = ({ error }: ErrorComponentProps) => {
  const t = useText(text);
  const again = useMutation({ mutationFn: loadAgain });
  return (
    <>
      <PageHeading title={t('crashed')} />
      <Failure error={again.error ?? error} onRetry={() => again.mutate()} />
    </>
  );
};

/**
 * By the browser: after an upgrade the part has another name, and not every browser asks twice for a part that has failed.
 * Only if the service answers, because the browser's own page of a failure has no way back to this one.
 */
const loadAgain = async (): Promise<void> => {
  await ok(api.GET('/v1/desk/sign-in'));
  window.location.reload();
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
