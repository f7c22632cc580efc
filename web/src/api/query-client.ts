import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import { isSignedOut, ProblemError } from './problem';

/** Of who is signed in: session.ts. */
export const SESSION_KEY = ['session'] as const;

/** Wherever a request finds out that the session has ended, the shell shows the page for signing in. */
const onError = (error: unknown): void => {
  if (isSignedOut(error)) queryClient.setQueryData(SESSION_KEY, null);
};

/** A refusal stays one, and so does a lost connection. Anything else may be better in a second. */
const isWorthARetry = (failures: number, error: unknown): boolean =>
  failures < 2 &&
  navigator.onLine &&
  !(error instanceof ProblemError && error.problem.status >= 400 && error.problem.status < 500);

/**
 * Without a connection a request fails at once, and the page says so. By default it would wait for the connection: a page
 * would be loading, and an order such as a hang-up would be carried out whenever the connection is back.
 */
const FAILS_OFFLINE = { networkMode: 'always' } as const;

/**
 * Once the connection is back. What is shown stays as it is, also if its next page has failed, because each reading of numbers is
 * an entry of the audit.
 */
const hasNothing = ({ state }: { readonly state: { readonly status: string; readonly data?: unknown } }): boolean =>
  state.status === 'error' && state.data === undefined;

export const queryClient = new QueryClient({
  queryCache: new QueryCache({ onError }),
  mutationCache: new MutationCache({ onError }),
  defaultOptions: {
    queries: { ...FAILS_OFFLINE, retry: isWorthARetry, refetchOnReconnect: hasNothing, staleTime: 5_000 },
    mutations: FAILS_OFFLINE,
  },
});
