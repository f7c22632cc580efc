/** Who gets a session of the desk, which requests it opens, and when it ends. */
import { LivePrincipals } from '../../src/auth/live-principals.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { makeKey } from '../support/api-key.js';
import { queryDatabase } from '../support/database-query.js';
import { openStream } from '../support/event-stream.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';
import { cookieIn, FROM_DESK, linkFor, send, signedIn, signIn } from './desk-requests.js';

let database: TestDatabase;
let service: TestApp;
let replica: TestApp;

beforeAll(async () => {
  database = await createTestDatabase();
  const options = { databaseUrl: database.url, environment: { TRUST_PROXY: '127.0.0.0/8' } };
  service = await startTestApp(options);
  replica = await startTestApp(options);
});
afterAll(async () => {
  await replica.close();
  await service.close();
  await database.drop();
});

const SESSION = '/v1/desk/session';
const USERS = '/v1/admin/users';

const statusOf = async (path: string, headers: Readonly<Record<string, string>>, one = service): Promise<number> =>
  (await send(one, path, { headers })).status;

describe('a token', () => {
  it('with a scope of the admin API is exchanged for a session, with no other scopes, until it expires', async () => {
    const response = await signIn(service, { token: await service.token('1001', 'admin admin:numbers calls:write') });

    const body = (await response.json()) as { expiresAt: string };
    expect([response.status, body]).toEqual([
      201,
      {
        subject: '1001',
        scopes: ['admin', 'admin:numbers'],
        expiresAt: expect.any(String),
        version: expect.any(String),
      },
    ]);
    expect(Date.parse(body.expiresAt)).toBeLessThanOrEqual(Date.now() + 605_000);
  });

  it.each(['', 'calls:write', 'admin:numbers', 'administrator'])('with the scope "%s" opens none', async (scope) => {
    const response = await signIn(service, { token: await service.token('1001', scope) });

    expect([response.status, response.headers.getSetCookie()]).toEqual([403, []]);
  });

  it('that is forged, and an API key, open none', async () => {
    const { key } = await makeKey(service, { scopes: ['admin'] });

    for (const token of ['eyJhbGciOiJub25lIn0.eyJzdWIiOiIxMDAxIn0.', key]) {
      expect((await signIn(service, { token })).status).toBe(401);
    }
  });

  it.each([{}, { token: 'a', link: 'b' }, { token: 1 }, { tokens: '' }])('in %j is a bad request', async (body) => {
    expect((await signIn(service, body)).status).toBe(400);
  });
});

describe('a one-time link', () => {
  it('signs in for 8 hours, on any replica, once', async () => {
    const link = await linkFor('1001');

    const first = await signIn(service, { link });
    const replayed = await Promise.all([signIn(replica, { link }), signIn(service, { link })]);

    const { expiresAt } = (await first.json()) as { expiresAt: string };
    expect(first.status).toBe(201);
    expect(Date.parse(expiresAt) - Date.now()).toBeGreaterThan(7.9 * 3_600_000);
    expect(Date.parse(expiresAt) - Date.now()).toBeLessThanOrEqual(8 * 3_600_000);
    expect(replayed.map(({ status }) => status)).toEqual([409, 409]);
    expect(replayed.map((response) => response.headers.getSetCookie())).toEqual([[], []]);
  });

  it('lets one of concurrent sign-ins in', async () => {
    const link = await linkFor('1001');

    const responses = await Promise.all([service, replica, service, replica].map((one) => signIn(one, { link })));

    expect(responses.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
  });

  it('after its time, or of another service, is refused', async () => {
    const late = await signIn(service, { link: await linkFor('1001', -1) });
    const foreign = await signIn(service, { link: await service.token('1001', 'admin') });

    expect([late.status, foreign.status]).toEqual([401, 401]);
    expect(await late.json()).toMatchObject({ detail: 'The link is older than 15 minutes.' });
  });

  it('is no access token', async () => {
    const authorization = `Bearer ${await linkFor('1001')}`;

    expect(await statusOf(USERS, { authorization })).toBe(401);
  });
});

describe('the cookie', () => {
  it('is out of reach of scripts and of other sites', async () => {
    const response = await signIn(service, { link: await linkFor('1001') });

    expect(response.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^ringback-desk=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=(28799|28800)$/),
    ]);
  });

  it('is bound to the host where the request came by https', async () => {
    const link = { link: await linkFor('1001') };
    const byProxy = await signIn(service, link, {
      ...FROM_DESK,
      'x-forwarded-proto': 'https',
      'x-forwarded-for': '192.0.2.1',
    });
    const byOrigin = await signIn(
      service,
      { link: await linkFor('1001') },
      { ...FROM_DESK, origin: 'https://calls.example' },
    );

    for (const response of [byProxy, byOrigin]) {
      expect(response.headers.getSetCookie()).toEqual([
        expect.stringMatching(
          /^__Host-ringback-desk=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+; Secure$/,
        ),
      ]);
    }
  });

  it('without the prefix is ignored by https, because another host of the domain may have set it', async () => {
    const headers = await signedIn(service);

    expect(await statusOf(USERS, { ...headers, 'x-forwarded-proto': 'https', 'x-forwarded-for': '192.0.2.1' })).toBe(
      401,
    );
    expect(await statusOf(USERS, { ...headers, cookie: [headers.cookie, headers.cookie].join('; ') })).toBe(401);
  });

  it('without the prefix is ignored where the browser names an origin by https, or sends one with the prefix', async () => {
    const { cookie } = await signedIn(service);
    const secure = `__Host-ringback-desk=${'x'.repeat(43)}`;

    expect(await statusOf(USERS, { ...FROM_DESK, cookie, origin: 'https://calls.example' })).toBe(401);
    expect(await statusOf(USERS, { ...FROM_DESK, cookie: `${cookie}; ${secure}` })).toBe(401);
  });

  it('is taken back under both names, so that no other session goes on', async () => {
    const headers = await signedIn(service);

    const response = await send(service, SESSION, { method: 'DELETE', headers });

    expect(response.headers.getSetCookie()).toEqual([
      '__Host-ringback-desk=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0; Secure',
      'ringback-desk=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0',
    ]);
  });

  it('is not stored: only its hash is', async () => {
    const { cookie } = await signedIn(service);
    const value = cookie.split('=')[1] ?? '';

    const [row] = await queryDatabase(database.url, 'select * from desk_session order by id desc limit 1');
    expect(JSON.stringify(row)).not.toContain(value);
  });
});

describe('a session', () => {
  it('opens the admin API, on every replica at once', async () => {
    const headers = await signedIn(service);

    expect([await statusOf(USERS, headers, replica), await statusOf(USERS, headers)]).toEqual([200, 200]);
    expect(await (await send(replica, SESSION, { headers })).json()).toMatchObject({
      subject: '1001',
      scopes: ['admin'],
    });
  });

  it.each(['/v1/app/callState/1', '/v1/calls/16090510160925480001030600243044'])('does not open %s', async (path) => {
    const headers = await signedIn(service, 'admin calls:read');

    expect(await statusOf(path, headers)).toBe(401);
  });

  it.each([
    ['without the header that no form can send', { 'x-ringback-desk': '' }],
    ['from another site', { 'sec-fetch-site': 'cross-site' }],
    ['from another host of the domain', { 'sec-fetch-site': 'same-site' }],
  ])('does not open a request %s', async (_what, changed) => {
    const headers = { ...(await signedIn(service)), ...changed };

    const order = await send(service, '/v1/admin/freezes', {
      method: 'POST',
      headers,
      body: { kind: 'all', reason: 'no' },
    });
    const signOut = await send(service, SESSION, { method: 'DELETE', headers });
    expect([await statusOf(USERS, headers), order.status, signOut.status]).toEqual([401, 401, 403]);
  });

  it('cannot be begun by another site, for its own person', async () => {
    const token = await service.token('1001', 'admin');

    for (const headers of [{}, { ...FROM_DESK, 'sec-fetch-site': 'cross-site' }]) {
      const response = await signIn(service, { token }, headers);
      expect([response.status, response.headers.getSetCookie()]).toEqual([403, []]);
    }
  });

  it('yields to a token: a request with both is that of the token', async () => {
    const headers = await signedIn(service);

    expect(await statusOf(USERS, { ...headers, authorization: `Bearer ${await service.token('1002')}` })).toBe(403);
  });

  it('ends on every replica when the person signs out', async () => {
    const headers = await signedIn(service);
    expect(await statusOf(USERS, headers, replica)).toBe(200);

    const response = await send(service, SESSION, { method: 'DELETE', headers });

    expect([response.status, cookieIn(response)]).toEqual([204, 'ringback-desk=']);
    expect(await statusOf(USERS, headers)).toBe(401);
    await waitFor('401', async () => (await statusOf(USERS, headers, replica)) === 401);
  });

  it('is ended by its own cookie alone; made-up ones cost no statement', async () => {
    const headers = await signedIn(service);
    const statements = jest.spyOn(service.database, 'query');
    const cookies = Array.from({ length: 20 }, (_, i) => `ringback-desk=${String(i).padStart(43, 'x')}`);

    const responses = await Promise.all(
      cookies.map((cookie) => send(service, SESSION, { method: 'DELETE', headers: { ...FROM_DESK, cookie } })),
    );
    const sent = statements.mock.calls.filter(([text]) => text.includes('desk_session'));
    statements.mockRestore();

    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([204]));
    expect(sent).toEqual([]);
    expect(await statusOf(USERS, headers)).toBe(200);
  });

  it('ends by itself', async () => {
    const headers = await signedIn(service);
    await queryDatabase(database.url, `update desk_session set expires_at = now() - interval '1 s'`);

    await waitFor('401', async () => (await statusOf(USERS, headers)) === 401);
    expect(await statusOf(SESSION, headers)).toBe(204);
  });

  it('is in the audit: who began it and how, and what was done in it', async () => {
    const { subject } = (await (await signIn(service, { link: await linkFor('1007') })).json()) as { subject: string };
    const headers = await signedIn(service, 'admin', '1008');
    await send(service, `${USERS}/1001`, { headers });

    const entries = async (query: string) =>
      ((await (await service.admin('GET', `audit?${query}`)).json()) as { items: Record<string, unknown>[] }).items;
    const [begun] = await entries('subject=1007&limit=1');
    const [done, byToken] = await entries('subject=1008&limit=2');
    expect(subject).toBe('1007');
    expect(begun).toMatchObject({
      action: 'signInToDesk',
      target: expect.stringMatching(/^desk-session:\d+$/),
      after: { by: 'link' },
    });
    expect(byToken).toMatchObject({ action: 'signInToDesk', after: { by: 'token', scopes: ['admin'] } });
    expect(done).toMatchObject({ action: 'getUser', tokenId: byToken?.['target'] });
  });

  it('ends its streams of live calls, when the person signs out and when it ends by itself', async () => {
    for (const end of [
      (headers: Awaited<ReturnType<typeof signedIn>>) => send(replica, SESSION, { method: 'DELETE', headers }),
      () => queryDatabase(database.url, `update desk_session set expires_at = now() - interval '1 s'`),
    ]) {
      const headers = await signedIn(service);
      const stream = await openStream(`${service.url}/v1/admin/calls/stream`, headers);
      expect(stream.response.statusCode).toBe(200);
      await waitFor('the picture', () => stream.text().includes('event: live'));

      await end(headers);

      await stream.ended;
    }
  });

  it('is one of at most twenty of a person: the oldest one ends', async () => {
    const first = await signedIn(service, 'admin', '1005');
    for (let i = 0; i < 19; i++) await signedIn(service, 'admin', '1005');
    expect(await statusOf(USERS, first)).toBe(200);

    const last = await signedIn(service, 'admin', '1005');

    expect(await statusOf(USERS, first)).toBe(401);
    await send(service, SESSION, { method: 'DELETE', headers: last });
    const rows = await queryDatabase(database.url, `select id from desk_session where subject = '1005'`);
    expect(rows).toHaveLength(19);
  });

  it('of a link ends too, and the link stays used', async () => {
    const link = await linkFor('1001');
    const cookie = cookieIn(await signIn(service, { link }));

    await send(service, SESSION, { method: 'DELETE', headers: { ...FROM_DESK, cookie } });

    expect(await statusOf(USERS, { ...FROM_DESK, cookie })).toBe(401);
    expect((await signIn(service, { link })).status).toBe(409);
  });
});

it('those who sign in and out during a read of the sessions share the next one', async () => {
  let reads = 0;
  let answer: () => void = () => undefined;
  const live = new LivePrincipals<{ readonly hash: string }>({
    read: () => {
      reads++;
      return new Promise((resolve) => {
        answer = () => resolve([]);
      });
    },
    principalOf: () => ({ subject: '1', scopes: new Set(), expiresAt: Infinity }),
    onFailure: () => undefined,
  });
  const first = live.refresh();
  await Promise.resolve();

  const later = Array.from({ length: 100 }, () => live.refresh());
  answer();
  await first;
  await Promise.resolve();
  answer();
  await Promise.all(later);

  expect(reads).toBe(2);
});
