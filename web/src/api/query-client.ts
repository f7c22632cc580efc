import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import { isSignedOut, ProblemError } from './problem';

/** Of who is signed in: session.ts. */
export const SESSION_KEY = ['session'] as const;

/** Wherever a request finds out that the session has ended, the shell shows the page for signing in. */
const onError = (error: unknown): void => {
  if (isSignedOut(error)) queryClient.setQueryData(SESSION_KEY, null);
};

/** A refusal stays one. Anything else may be better in a second. */
const isWorthARetry = (failures: number, error: unknown): boolean =>
  failures < 2 && !(error instanceof ProblemError && error.problem.status >= 400 && error.problem.status < 500);

export const queryClient = new QueryClient({
  queryCache: new QueryCache({ onError }),
  mutationCache: new MutationCache({ onError }),
  defaultOptions: { queries: { retry: isWorthARetry, staleTime: 5_000 } },
});
