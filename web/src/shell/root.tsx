import { Outlet, useNavigate, useRouterState } from '@tanstack/react-router';
import { useEffect } from 'react';
import { useSession } from '../api/session';
import { Failure, Loading } from '../parts/states';
import { keepWayBack } from './way-back';
import { Shell } from './shell';

const SIGN_IN = '/sign-in';

/** Shows the pages to those who are signed in, and the page for signing in to all others. */
export const Root = () => {
  // What the outlet shows: the address may already be that of the page for signing in while its part is being fetched.
  const isSigningIn = useRouterState({ select: ({ matches }) => matches.at(-1)?.routeId === SIGN_IN });
  const session = useSession();
  if (isSigningIn) return <Outlet />;
  if (session.data) {
    return (
      <Shell session={session.data}>
        <Outlet />
      </Shell>
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
