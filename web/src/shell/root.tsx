import { Outlet, useNavigate, useRouterState } from '@tanstack/react-router';
import { useEffect } from 'react';
import { useSession } from '../api/session';
import { Failure, Loading } from '../parts/states';
import { ForbiddenPage } from './failed-page';
import { missingScope } from './navigation';
import { Shell } from './shell';
import { keepWayBack } from './way-back';

const SIGN_IN = '/sign-in';

/** Shows the pages to those who are signed in, and the page for signing in to all others. */
export const Root = () => {
  // What the outlet shows: the address may already be that of the page for signing in while its part is being fetched.
  const route = useRouterState({ select: ({ matches }) => matches.at(-1)?.routeId ?? '' });
  const session = useSession();
  if (route === SIGN_IN) return <Outlet />;
  if (session.data) {
    const scope = missingScope(session.data, route);
    return (
      <Shell session={session.data}>{scope === null ? <Outlet /> : <ForbiddenPage key={route} scope={scope} />}</Shell>
    );
  }
  if (session.data === null) return <ToSignIn />;
  return (
    <main className="alone">
      {session.isError ? <Failure error={session.error} onRetry={() => void session.refetch()} /> : <Loading />}
    </main>
  );
};

/** Keeps the address first. */
const ToSignIn = () => {
  const navigate = useNavigate();
  useEffect(() => {
    keepWayBack();
    void navigate({ to: SIGN_IN, replace: true });
  }, [navigate]);
  return null;
};
