/** Signing in by an identity provider: the flow step by step, what must not go through, and the whole of it in a browser. */
import type { Browser } from 'playwright-core';
import { describeInBrowser, PUBLIC_HOST } from '../support/browser.js';
import { AUDIENCE } from '../support/identity-provider.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { openDesk, seriousFaults, type DeskPage } from './desk-page.js';
import { cookieIn, FROM_DESK, send } from './desk-requests.js';
import { CLIENT, OpenIdProvider } from './openid-provider.js';

let provider: OpenIdProvider;
let service: TestApp;

beforeAll(async () => {
  provider = new OpenIdProvider();
  await provider.listen();
  service = await startTestApp({
    environment: {
      JWT_JWKS_URI: `${provider.url}/jwks.json`,
      JWT_AUDIENCE: AUDIENCE,
      OIDC_ISSUER: provider.url,
      OIDC_CLIENT_ID: CLIENT,
    },
  });
});
afterAll(async () => {
  await service.close();
  await provider.close();
});
afterEach(() => {
  Object.assign(provider, { scope: 'openid admin', refuses: false, mixesUp: false });
});

const callback = (): string => `${service.url}/v1/desk/callback`;

const begin = (redirectUri = callback(), headers: Readonly<Record<string, string>> = FROM_DESK): Promise<Response> =>
  send(service, '/v1/desk/sign-in', { method: 'POST', body: { redirectUri }, headers });

interface Begun {
  readonly flow: string;
  /** Where the identity provider leads the browser. */
  readonly back: string;
}

const authorized = async (redirectUri = callback()): Promise<Begun> => {
  const response = await begin(redirectUri);
  const { location } = (await response.json()) as { location: string };
  const { headers } = await fetch(location, { redirect: 'manual' });
  return { flow: cookieIn(response), back: headers.get('location') ?? '' };
};

const comeBack = (back: string, cookie: string): Promise<Response> =>
  fetch(back, { redirect: 'manual', headers: { cookie } });

const outcomeOf = async ({ back, flow }: Begun): Promise<[number, string | null]> => {
  const response = await comeBack(back, flow);
  return [response.status, response.headers.get('location')];
};

const failed = (reason: string): [number, string] => [303, `../../desk/sign-in?failed=${reason}`];

describe('the identity provider', () => {
  it('gets PKCE, a state, a nonce, the scopes, and no secret', async () => {
    const response = await begin();

    const { location } = (await response.json()) as { location: string };
    const query = Object.fromEntries(new URL(location).searchParams);
    expect(query).toEqual({
      client_id: CLIENT,
      response_type: 'code',
      redirect_uri: callback(),
      scope: 'openid admin',
      state: expect.stringMatching(/.{20}/),
      nonce: expect.stringMatching(/.{20}/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    });
    expect(response.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^ringback-desk-flow=[\w-]+; Path=\/; HttpOnly; SameSite=Lax; Max-Age=600$/),
    ]);
  });

  it('signs in for 8 hours; its tokens stay in the service', async () => {
    const { back, flow } = await authorized();

    const response = await comeBack(back, flow);

    const [ended, cookie = ''] = response.headers.getSetCookie();
    expect([response.status, response.headers.get('location'), await response.text()]).toEqual([
      303,
      '../../desk/sign-in',
      '',
    ]);
    expect(ended).toMatch(/^ringback-desk-flow=; .*Max-Age=0/);
    expect(cookie).toMatch(/^ringback-desk=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=(28799|28800)$/);
    const headers = { ...FROM_DESK, cookie: cookie.split(';')[0] ?? '' };
    expect((await send(service, '/v1/admin/users', { headers })).status).toBe(200);
  });

  it('signs in by https behind a proxy that is not trusted: its cookies are bound to the host and to https', async () => {
    const origin = 'https://calls.example.com';
    const begun = await begin(`${origin}/v1/desk/callback`, { ...FROM_DESK, origin });
    const { location } = (await begun.json()) as { location: string };
    const { headers } = await fetch(location, { redirect: 'manual' });

    // A browser that is led to a page names no origin.
    const response = await comeBack((headers.get('location') ?? '').replace(origin, service.url), cookieIn(begun));

    const cookies = response.headers.getSetCookie();
    expect(cookies).toEqual([
      expect.stringMatching(/^__Host-ringback-desk-flow=; .*Max-Age=0; Secure$/),
      expect.stringMatching(/^__Host-ringback-desk=[\w-]{43}; .*SameSite=Strict; Max-Age=\d+; Secure$/),
    ]);
    const session = { ...FROM_DESK, cookie: cookies[1]!.split(';')[0]! };
    expect((await send(service, '/v1/admin/users', { headers: session })).status).toBe(200);
  });

  it('signs in behind a path prefix, which a proxy removes', async () => {
    const { back, flow } = await authorized(`${service.url}/calls/v1/desk/callback`);
    expect(back).toMatch(/\/calls\/v1\/desk\/callback\?/);

    expect(await outcomeOf({ flow, back: back.replace('/calls/', '/') })).toEqual([303, '../../desk/sign-in']);
  });

  it('is named to the page for signing in, and one-time links are not', async () => {
    expect(await (await send(service, '/v1/desk/sign-in')).json()).toEqual({ identityProvider: true, links: false });
  });
});

describe('a sign-in', () => {
  it('without a scope of the admin API fails, with that reason', async () => {
    provider.scope = 'openid calls:read';

    expect(await outcomeOf(await authorized())).toEqual(failed('scope'));
  });

  it('that the identity provider refuses fails, with that reason', async () => {
    provider.refuses = true;

    expect(await outcomeOf(await authorized())).toEqual(failed('refused'));
  });

  it('that was begun in another browser fails: nobody can be signed in as somebody else', async () => {
    const attacker = await authorized();
    const victim = await authorized();

    expect(await outcomeOf({ ...attacker, flow: '' })).toEqual(failed('expired'));
    expect(await outcomeOf({ back: attacker.back, flow: victim.flow })).toEqual(failed('expired'));
  });

  it('with the id token of another one fails', async () => {
    provider.mixesUp = true;

    expect(await outcomeOf(await authorized())).toEqual(failed('expired'));
  });

  it('is used once', async () => {
    const begun = await authorized();
    expect(await outcomeOf(begun)).toEqual([303, '../../desk/sign-in']);

    expect(await outcomeOf(begun)).toEqual(failed('expired'));
  });

  it.each(['', 'e30', 'not base64 %', Buffer.from('{"state":"a"}').toString('base64url')])(
    'with the cookie "%s" fails',
    async (value) => {
      const { back } = await authorized();

      expect(await outcomeOf({ back, flow: `ringback-desk-flow=${value}` })).toEqual(failed('expired'));
    },
  );

  it('is not begun by another site, nor with an address that is not ours', async () => {
    const foreign = await begin(callback(), {});
    const others = await Promise.all(
      ['https://evil.example/v1/desk/callback', 'javascript:alert(1)', `${service.url}/desk/`, 'x'].map((address) =>
        begin(address, { ...FROM_DESK, origin: service.url }),
      ),
    );

    expect([foreign.status, ...others.map(({ status }) => status)]).toEqual([403, 400, 400, 400, 400]);
  });
});

describeInBrowser('in a browser, the way by the identity provider', (browser: () => Browser) => {
  /** Another site than the identity provider's, as in a deployment: cookies for the own site alone stay away on the way back. */
  const publicly = () => ({ url: service.url.replace('127.0.0.1', PUBLIC_HOST) });

  /** Without what the browser says of each page by http: that this header counts by https alone. */
  const faultsOf = (desk: DeskPage): string[] =>
    desk.takeFaults().filter((fault) => !fault.startsWith('The Cross-Origin-Opener-Policy header has been ignored'));

  it('signs in where the person was, with no token in reach of the page, and signing out ends it', async () => {
    const { url } = publicly();
    const desk = await openDesk(browser(), { url }, { isSignedIn: false });
    const { page } = desk;
    const sent: string[] = [];
    page.on('request', (request) => sent.push(request.url(), request.postData() ?? ''));
    await desk.open('calls?endReason=busy');

    await page.getByRole('button', { name: 'Sign in with your organization' }).click();
    await page.getByText('Signed in as 1001').waitFor();

    await page.getByRole('heading', { level: 1, name: 'Calls' }).waitFor();
    expect(page.url()).toBe(`${url}/desk/calls?endReason=busy`);
    expect(faultsOf(desk)).toEqual([expect.stringContaining(`a request to ${provider.url}/authorize?`)]);
    const kept = await page.evaluate('JSON.stringify([localStorage, sessionStorage, document.cookie])');
    const seen = [...sent, kept, await page.content()].join('\n');
    expect(sent).toContainEqual(expect.stringContaining(`${url}/v1/desk/callback?`));
    expect(provider.issued.filter((token) => seen.includes(token))).toEqual([]);
    expect(provider.issued).not.toEqual([]);

    const cookies = await page.context().cookies();
    expect(cookies).toEqual([
      expect.objectContaining({ name: 'ringback-desk', httpOnly: true, sameSite: 'Strict', domain: PUBLIC_HOST }),
    ]);
    const session = { ...FROM_DESK, cookie: `ringback-desk=${cookies[0]!.value}` };
    expect((await send(service, '/v1/desk/session', { headers: session })).status).toBe(200);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Sign in with your organization' }).waitFor();
    expect(await page.context().cookies()).toEqual([]);
    expect((await send(service, '/v1/desk/session', { headers: session })).status).toBe(204);
    expect(faultsOf(desk)).toEqual([]);
    await desk.close();
  });

  it('says what the identity provider has refused, in the language of the person, and takes the next try', async () => {
    provider.refuses = true;
    const { url } = publicly();
    const desk = await openDesk(browser(), { url }, { language: 'zh-CN', isSignedIn: false });
    const { page } = desk;
    const button = page.getByRole('button', { name: '使用企业账号登录' });
    await desk.open('figures');

    await button.click();

    await page.getByRole('alert').getByText('身份提供方拒绝了此次登录。').waitFor();
    expect(page.url()).toBe(`${url}/desk/sign-in?failed=refused`);
    expect(await page.context().cookies()).toEqual([]);
    expect(await seriousFaults(page)).toEqual([]);
    provider.refuses = false;
    await button.click();
    await page.getByRole('heading', { level: 1, name: '统计' }).waitFor();
    expect(faultsOf(desk)).toEqual([expect.stringContaining('/authorize?'), expect.stringContaining('/authorize?')]);
    await desk.close();
  });
});

it('without an identity provider there is no such sign-in', async () => {
  const other = await startTestApp();
  try {
    const began = await send(other, '/v1/desk/sign-in', {
      method: 'POST',
      body: { redirectUri: 'http://a/v1/desk/callback' },
    });
    expect([began.status, (await send(other, '/v1/desk/callback')).status]).toEqual([404, 404]);
  } finally {
    await other.close();
  }
});

it('an identity provider that does not answer fails the sign-in with 503', async () => {
  const gone = new OpenIdProvider();
  await gone.listen();
  const other = await startTestApp({
    environment: {
      JWT_JWKS_URI: `${provider.url}/jwks.json`,
      JWT_AUDIENCE: AUDIENCE,
      OIDC_ISSUER: gone.url,
      OIDC_CLIENT_ID: CLIENT,
    },
  });
  await gone.close();
  try {
    const body = { redirectUri: `${other.url}/v1/desk/callback` };
    const response = await send(other, '/v1/desk/sign-in', { method: 'POST', body });
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5']);
  } finally {
    await other.close();
  }
});

it('an identity provider that is down is asked once in 5 s, whoever asks', async () => {
  const down = new OpenIdProvider();
  await down.listen();
  const other = await startTestApp({
    environment: {
      JWT_JWKS_URI: `${provider.url}/jwks.json`,
      JWT_AUDIENCE: AUDIENCE,
      OIDC_ISSUER: down.url,
      OIDC_CLIENT_ID: CLIENT,
    },
  });
  down.isDown = true;
  try {
    const body = { redirectUri: `${other.url}/v1/desk/callback` };
    jest.useFakeTimers({ doNotFake: ['setTimeout', 'setInterval'] });
    for (let asked = 0; asked < 3; asked++) {
      expect((await send(other, '/v1/desk/sign-in', { method: 'POST', body })).status).toBe(503);
    }
    expect(down.discoveries).toBe(1);

    down.isDown = false;
    jest.advanceTimersByTime(5_001);
    expect((await send(other, '/v1/desk/sign-in', { method: 'POST', body })).status).toBe(200);
    expect(down.discoveries).toBe(2);
  } finally {
    jest.useRealTimers();
    await other.close();
    await down.close();
  }
});
