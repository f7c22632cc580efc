/** Users, as the pages ask for them. Each reading is an entry of the audit, so nothing is read again by itself. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, ok, type Schemas } from '../../api/client';
import { ProblemError } from '../../api/problem';
import { IN_PAGES, pageAfter } from '../../api/pages';
import { queryClient } from '../../api/query-client';

export type User = Schemas['UserReply'];

export interface UserSearch {
  /** The id or the external id. */
  readonly user?: string;
  readonly name?: string;
  readonly phone?: string;
}

const USERS = ['users'] as const;

export const usersQuery = (search: UserSearch) =>
  infiniteQueryOptions({
    queryKey: [...USERS, search],
    queryFn: ({ signal, pageParam }) => listUsers(search, pageParam, signal),
    ...IN_PAGES,
    refetchOnWindowFocus: false,
  });

const listUsers = async (
  { user, ...filter }: UserSearch,
  after: string | undefined,
  signal: AbortSignal,
): Promise<Schemas['UserPage']> => {
  if (user !== undefined) return { items: await oneUser(user, signal), next: null };
  const query = { ...filter, ...pageAfter(after) };
  return ok(api.GET('/v1/admin/users', { params: { query }, signal }));
};

const oneUser = async (userId: string, signal: AbortSignal): Promise<User[]> => {
  try {
    return [await findUser(userId, signal)];
  } catch (error) {
    if (error instanceof ProblemError && error.problem.status === 404) return [];
    throw error;
  }
};

const findUser = (userId: string, signal: AbortSignal): Promise<User> =>
  ok(api.GET('/v1/admin/users/{userId}', { params: { path: { userId } }, signal }));

export const userQuery = (userId: string) =>
  queryOptions({
    queryKey: [...USERS, 'one', userId],
    queryFn: ({ signal }) => findUser(userId, signal),
    refetchOnWindowFocus: false,
  });

export const subAccountsQuery = (userId: string) =>
  queryOptions({
    queryKey: ['sub-accounts', userId],
    queryFn: ({ signal }) =>
      ok(api.GET('/v1/admin/users/{userId}/sub-accounts', { params: { path: { userId } }, signal })),
  });

/** After a change. */
export const readUsersAgain = (): Promise<void> => queryClient.invalidateQueries({ queryKey: USERS });
