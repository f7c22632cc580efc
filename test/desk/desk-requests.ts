/** Requests as the desk's page sends them. */
import { newLinkCode } from '../../src/auth/desk-sessions/one-time-link.js';
import { TEST_SECRET, type TestApp } from '../support/test-app.js';

export const FROM_DESK = { 'x-ringback-desk': '1', 'sec-fetch-site': 'same-origin' };

type Headers = Readonly<Record<string, string>>;

interface Sent {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Headers;
}

export const send = (
  { url }: Pick<TestApp, 'url'>,
  path: string,
  { method = 'GET', body, headers = FROM_DESK }: Sent = {},
) =>
  fetch(`${url}${path}`, {
    method,
    redirect: 'manual',
    headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });

export const signIn = (service: Pick<TestApp, 'url'>, body: unknown, headers: Headers = FROM_DESK): Promise<Response> =>
  send(service, '/v1/desk/session', { method: 'POST', body, headers });

/** The cookie of a response, as a browser sends it back. */
export const cookieIn = (response: Response): string =>
  (response.headers.getSetCookie().at(-1) ?? '').split(';')[0] ?? '';

/** @returns the headers of the page after somebody has signed in */
export const signedIn = async (
  service: TestApp,
  scope = 'admin',
  userId = '1001',
): Promise<Headers & { cookie: string }> => {
  const response = await signIn(service, { token: await service.token(userId, scope) });
  if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`);
  return { ...FROM_DESK, cookie: cookieIn(response) };
};

export const linkFor = (subject: string, lifetimeSeconds?: number): Promise<string> =>
  newLinkCode(TEST_SECRET, subject, lifetimeSeconds);
