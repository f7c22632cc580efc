/** Which paths each port serves, and what API_DOCS=false hides. */
import { startTestApp, type TestApp } from '../support/test-app.js';

const NOT_FOUND = { status: 404, code: 'NOT_FOUND' };
const HIDDEN = [
  '/',
  '/docs',
  '/docs/',
  '/docs/openapi.json',
  '/docs/asyncapi.json',
  '/docs/swagger-ui.css',
  '/%64ocs',
  '/v1/admin/users',
  '/v1/%61dmin/users',
];
const SHOWN = ['/health/live', '/health/ready', '/v1/app/callState/1'];

const statusOf = async (url: string, path: string, method = 'GET', token?: string): Promise<number> => {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(`${url}${path}`, { method, headers, redirect: 'manual' });
  await response.body?.cancel();
  return response.status;
};

describe('with ADMIN_PORT', () => {
  let service: TestApp;
  let token: string;

  beforeAll(async () => {
    service = await startTestApp({ environment: { ADMIN_PORT: '0' } });
    token = await service.token('1001', 'admin');
  });
  afterAll(() => service.close());

  it.each(HIDDEN)('the public port answers 404 for %s, with any method, also to an admin', async (path) => {
    for (const method of ['GET', 'POST', 'PUT', 'OPTIONS', 'DELETE']) {
      expect([await statusOf(service.url, path, method), await statusOf(service.url, path, method, token)]).toEqual([
        404, 404,
      ]);
    }
  });

  it('the public port answers a hidden path like an unknown path', async () => {
    const response = await fetch(`${service.url}/v1/admin/users`, { headers: { authorization: `Bearer ${token}` } });

    expect(await response.json()).toMatchObject(NOT_FOUND);
  });

  it.each(HIDDEN)('the admin port serves %s', async (path) => {
    expect([200, 302]).toContain(await statusOf(service.app.adminUrl, path, 'GET', token));
  });

  it.each(SHOWN)('both ports serve %s', async (path) => {
    expect(await statusOf(service.url, path, 'GET', token)).toBe(200);
    expect(await statusOf(service.app.adminUrl, path, 'GET', token)).toBe(200);
  });

  it('the public port does not serve the document before or after an admin has opened the page', async () => {
    const path = '/docs/swagger-ui-init.js';
    const ask = async (url: string) => {
      const response = await fetch(`${url}${path}`);
      return { status: response.status, text: await response.text() };
    };

    const before = await ask(service.url);
    const page = await ask(service.app.adminUrl);
    const after = await ask(service.url);

    expect(page).toEqual({ status: 200, text: expect.stringContaining('"openapi"') as unknown });
    for (const { status, text } of [before, after]) {
      expect([status, text]).toEqual([404, expect.not.stringContaining('openapi')]);
    }
    expect(await ask(service.app.adminUrl)).toEqual(page);
  });

  it('the admin port refuses requests like the public port', async () => {
    expect(await statusOf(service.app.adminUrl, '/v1/admin/users')).toBe(401);
    expect(await statusOf(service.app.adminUrl, '/v1/admin/users', 'GET', await service.token('1001'))).toBe(403);
    expect(await statusOf(service.app.adminUrl, '/v1/admin/users', 'DELETE', token)).toBe(405);
    expect(await statusOf(service.app.adminUrl, `/v1/app/callState/1?x=${'x'.repeat(40_000)}`)).toBe(413);
  });
});

it('the admin port is closed with the service', async () => {
  const service = await startTestApp({ environment: { ADMIN_PORT: '0' } });
  const { adminUrl } = service.app;
  expect(await statusOf(adminUrl, '/health/live')).toBe(200);

  await service.close();

  await expect(fetch(`${adminUrl}/health/live`)).rejects.toThrow('fetch failed');
});

it('API_DOCS=false hides the page and the document, and nothing else', async () => {
  const service = await startTestApp({ environment: { API_DOCS: 'false' } });
  try {
    for (const path of HIDDEN.filter((hidden) => hidden !== '/' && !hidden.includes('dmin'))) {
      expect({ path, status: await statusOf(service.url, path) }).toEqual({ path, status: 404 });
    }
    expect(await statusOf(service.url, '/health/ready')).toBe(200);
    expect(await statusOf(service.url, '/v1/admin/users', 'GET', await service.token('1001', 'admin'))).toBe(200);
  } finally {
    await service.close();
  }
});
