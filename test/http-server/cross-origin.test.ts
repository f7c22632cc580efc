/** Web apps of other origins, one in CORS_ORIGINS and one not: with a plain HTTP client, and in a real browser. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { request } from 'undici';
import { Draining } from '../../src/common/draining.js';
import { describeInBrowser } from '../support/browser.js';
import { storeCall, applyEvent } from '../support/stored-call.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

const sites: Server[] = [];
let service: TestApp;

const startSite = async (): Promise<string> => {
  const site = createServer((_request, response) =>
    response
      .setHeader('content-type', 'text/html')
      .end('<!doctype html><link rel="icon" href="data:,"><title>App</title>'),
  );
  sites.push(site);
  await once(site.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
};

let allowed: string;
let other: string;

beforeAll(async () => {
  [allowed, other] = [await startSite(), await startSite()];
  service = await startTestApp({ environment: { CORS_ORIGINS: `https://app.example.com, ${allowed}` } });
});
afterAll(async () => {
  await service.close();
  for (const site of sites) {
    site.closeAllConnections();
    site.close();
  }
});

describe('with a plain HTTP client', () => {
  const preflight = async (origin: string, path = '/v1/app/callService', url = service.url) => {
    const response = await request(`${url}${path}`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'PUT', 'access-control-request-headers': 'authorization' },
    });
    await response.body.dump();
    return { status: response.statusCode, headers: response.headers };
  };

  it.each(['/v1/app/call/2000', '/v1/admin/users', '/health/ready', '/v1/nothing'])(
    'a preflight from an origin in CORS_ORIGINS is answered without a token: %s',
    async (path) => {
      expect(await preflight('https://app.example.com', path)).toMatchObject({
        status: 204,
        headers: {
          'access-control-allow-origin': 'https://app.example.com',
          'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE',
          'access-control-allow-headers': 'authorization, content-type, idempotency-key, last-event-id',
          'access-control-max-age': '600',
          vary: 'Origin',
        },
      });
    },
  );

  it.each([
    'https://app.example.com.evil.example',
    'http://app.example.com',
    'https://app.example.com:8443',
    'null',
    '',
  ])('a preflight from any other origin gets 405 without CORS headers: %j', async (origin) => {
    const { status, headers } = await preflight(origin);

    expect(status).toBe(405);
    expect(headers).not.toHaveProperty('access-control-allow-origin');
    expect(headers.vary).toBe('Origin');
  });

  it('an OPTIONS request that is not a preflight is answered with 405', async () => {
    const response = await fetch(`${service.url}/v1/app/callService`, {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example.com' },
    });

    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET']);
  });

  it.each(['/zzz', '/v1/app/zzz'])(
    'OPTIONS of the unknown path %s is answered with 404, with any body',
    async (path) => {
      for (const headers of [{}, { 'content-type': 'application/json' }, { 'content-type': 'x' }]) {
        const response = await request(`${service.url}${path}`, { method: 'OPTIONS', headers, body: 'x' });
        expect([response.statusCode, await response.body.json()]).toEqual([
          404,
          expect.objectContaining({ returnCode: 404 }),
        ]);
      }
    },
  );

  it('the app can read error responses too', async () => {
    const refused = await fetch(`${service.url}/v1/app/callService`, { headers: { origin: allowed } });
    const missing = await fetch(`${service.url}/v1/nothing`, { headers: { origin: allowed } });

    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([401, allowed]);
    expect([missing.status, missing.headers.get('access-control-allow-origin')]).toEqual([404, allowed]);
  });

  it('without CORS_ORIGINS there are no CORS headers', async () => {
    const plain = await startTestApp();
    try {
      const { status, headers } = await preflight(allowed, '/v1/app/callService', plain.url);
      const reply = await fetch(`${plain.url}/health/live`, { headers: { origin: allowed } });

      expect([status, headers.vary]).toEqual([405, undefined]);
      expect([...reply.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
    } finally {
      await plain.close();
    }
  });

  it('the app can read the 503 of a service that drains', async () => {
    const draining = await startTestApp({ environment: { CORS_ORIGINS: allowed } });
    try {
      await draining.app.nest.get(Draining).finish(1);
      const { status, headers } = await fetch(`${draining.url}/v1/app/callService`, { headers: { origin: allowed } });

      expect([status, headers.get('access-control-allow-origin')]).toEqual([503, allowed]);
    } finally {
      await draining.close();
    }
  });
});

describeInBrowser('in a browser', (browser) => {
  const open = async (origin: string): Promise<Page> => {
    const page = await (await browser().newContext()).newPage();
    await page.goto(origin);
    return page;
  };

  /** The result of fetch in the page: status, body and a header, or the name of its error. */
  const fetchIn = (page: Page, path: string, init: object): Promise<unknown> =>
    page.evaluate(
      `fetch(${JSON.stringify(service.url + path)}, ${JSON.stringify(init)}).then(
        async (response) => [response.status, await response.json(), response.headers.get('x-request-id')],
        (error) => error.name,
      )`,
    );

  const listenIn = async (page: Page): Promise<{ states(): Promise<unknown>; ring(): Promise<void> }> => {
    const call = await storeCall(service.database);
    const url = `${service.url}/v1/app/callState/${call.callSid}/stream?access_token=${await service.token(call.callerId)}`;
    await page.evaluate(
      `window.states = [];
       const source = new EventSource(${JSON.stringify(url)});
       source.onmessage = ({ data }) => window.states.push(JSON.parse(data).data.stateType);
       source.onerror = () => { window.states.push('error'); source.close(); };`,
    );
    return {
      states: () => page.evaluate('window.states.join()'),
      ring: () => applyEvent(service.database, call.callSid, { type: 'ringing' }).then(() => undefined),
    };
  };

  it('an app of an origin in CORS_ORIGINS can place a call, change a user and stream a call', async () => {
    const page = await open(allowed);
    const user = { authorization: `Bearer ${await service.token('1005')}` };
    const admin = { authorization: `Bearer ${await service.token('1', 'admin')}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ name: 'From a browser' });

    expect(await fetchIn(page, '/v1/app/call/2013', { headers: user })).toEqual([
      200,
      expect.objectContaining({ returnMsg: 'success' }),
      expect.any(String),
    ]);
    expect(await fetchIn(page, '/v1/admin/users/1006', { method: 'PATCH', headers: admin, body })).toEqual([
      200,
      expect.objectContaining({ name: 'From a browser' }),
      expect.any(String),
    ]);
    const stream = await listenIn(page);
    await waitFor('the state at once', async () => (await stream.states()) === '1');
    await stream.ring();
    await waitFor('the change', async () => (await stream.states()) === '1,2');
    await page.context().close();
  });

  it('an app of any other origin can do none of these', async () => {
    const page = await open(other);
    const user = { authorization: `Bearer ${await service.token('1007')}` };

    expect(await fetchIn(page, '/v1/app/call/2013', { headers: user })).toBe('TypeError');
    const stream = await listenIn(page);
    await waitFor('the failure', async () => (await stream.states()) === 'error');
    await page.context().close();

    const calls = await service.database.query<unknown[]>(`select 1 from call_records where caller_id = '1007'`);
    expect(calls).toEqual([]);
  });
});
