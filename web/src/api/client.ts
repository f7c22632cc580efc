/**
 * The admin API, typed by docs/openapi.json. A page asks so:
 *
 *     useQuery({ queryKey: ['providers'], queryFn: ({ signal }) => ok(api.GET('/v1/admin/providers', { signal })) })
 */
import createClient from 'openapi-fetch';
import { problemOf, ProblemError } from './problem';
import type { components, paths } from './schema';

/** Such as `Schemas['ProviderReply']`. */
export type Schemas = components['schemas'];

/** The address of the service, without a slash at its end: the desk is at /desk below it. */
export const SERVICE = new URL('..', document.baseURI).href.replace(/\/$/, '');

/** What no form of another site can send; without it the service ignores the cookie. */
export const DESK_HEADERS = { 'x-ringback-desk': '1' } as const;

export const api = createClient<paths>({ baseUrl: SERVICE, headers: DESK_HEADERS });

interface Answer<T> {
  readonly data?: T;
  readonly error?: unknown;
  readonly response: Response;
}

/** The body of a successful response. @throws ProblemError otherwise */
export const ok = async <T>(request: Promise<Answer<T>>): Promise<T> => {
  let answer: Answer<T>;
  try {
    answer = await request;
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new ProblemError({ status: 0, code: 'OFFLINE' }, { cause });
  }
  if (!answer.response.ok) throw new ProblemError(problemOf(answer.error, answer.response));
  return answer.data as T;
};
