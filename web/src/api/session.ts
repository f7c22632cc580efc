/** Who is signed in. */
import { queryOptions, useQuery } from '@tanstack/react-query';
import { api, ok, SERVICE, type Schemas } from './client';
import { queryClient, SESSION_KEY } from './query-client';

export type Session = Schemas['DeskSessionReply'];

/** Null if nobody is. */
const sessionQuery = queryOptions({
  queryKey: SESSION_KEY,
  queryFn: async ({ signal }): Promise<Session | null> =>
    // The service answers 204 to those who are not signed in.
    (await ok(api.GET('/v1/desk/session', { ...HEADER, signal }))) ?? null,
  // The session ends after 8 hours: an open page notices.
  refetchInterval: 60_000,
});

/** The document names the header; the client sends it with every request. */
const HEADER = { params: { header: { 'x-ringback-desk': '1' } } } as const;

export const useSession = () => useQuery(sessionQuery);

/** Whether the person may do what the scope allows. `admin` stands for all of them, but for `admin:numbers`. */
export const mayWith = ({ scopes }: Pick<Session, 'scopes'>, scope: string): boolean =>
  scopes.includes(scope) || (scope !== 'admin:numbers' && scopes.includes('admin'));

export const useMay = (scope: string): boolean => {
  const { data } = useSession();
  return mayWith(data ?? { scopes: [] }, scope);
};

export const signIn = async (entrance: Schemas['DeskEntrance']): Promise<void> => {
  const session = await ok(api.POST('/v1/desk/session', { ...HEADER, body: entrance }));
  become(session);
};

export const signOut = async (): Promise<void> => {
  await ok(api.DELETE('/v1/desk/session', HEADER));
  become(null);
};

/** Nothing of one person is shown to the next. */
const become = (session: Session | null): void => {
  queryClient.setQueryData(SESSION_KEY, session);
  queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== SESSION_KEY[0] });
};

export const signInOptions = queryOptions({
  queryKey: ['sign-in options'],
  queryFn: ({ signal }) => ok(api.GET('/v1/desk/sign-in', { signal })),
  staleTime: Infinity,
});

/** Leaves the page, for the identity provider. */
export const signInElsewhere = async (): Promise<void> => {
  const redirectUri = `${SERVICE}/v1/desk/callback`;
  const { location: address } = await ok(api.POST('/v1/desk/sign-in', { ...HEADER, body: { redirectUri } }));
  window.location.assign(address);
};
