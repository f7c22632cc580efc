import { isForAdmins } from '../../src/auth/access.js';
import { routesOf } from '../support/routes.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp();
});
afterAll(() => service.close());

const routes = () =>
  routesOf(service.app.nest).map(({ method, path, access }) => ({ name: `${method} ${path}`, access }));

describe('the access rule of a route', () => {
  it('is declared by every route', () => {
    expect(routes().length).toBeGreaterThan(8);
    expect(routes().filter(({ access }) => access === undefined)).toEqual([]);
  });

  it('is public only for these routes', () => {
    const open = routes().filter(({ access }) => access === 'public');

    expect(open.map(({ name }) => name).sort()).toEqual([
      'DELETE v1/desk/session',
      'GET health/live',
      'GET health/ready',
      'GET v1/desk/callback',
      'GET v1/desk/session',
      'GET v1/desk/sign-in',
      'POST v1/desk/session',
      'POST v1/desk/sign-in',
      'POST v1/webhooks/:provider',
      'POST v1/webhooks/:provider/*',
    ]);
  });

  it('requires a scope of the admin API for every route under /v1/admin, and a user under /v1/app', () => {
    for (const { name, access } of routes()) {
      if (name.includes(' v1/admin'))
        expect({ name, isForAdmins: isForAdmins(access) }).toEqual({ name, isForAdmins: true });
      if (name.includes(' v1/app')) expect({ name, access }).toEqual({ name, access: 'user' });
    }
  });

  it('requires a backend scope for every route under /v1/calls, calls:read for those that only read', () => {
    const ofBackends = routes().filter(({ name }) => name.includes(' v1/calls'));

    expect(Object.fromEntries(ofBackends.map(({ name, access }) => [name, access]))).toEqual({
      'POST v1/calls': 'calls:write',
      'POST v1/calls/:callSid/cancel': 'calls:write',
      'GET v1/calls/:callSid': 'calls:read',
      'GET v1/calls/:callSid/events': 'calls:read',
    });
  });

  it('refuses a user without the scope with an RFC 9457 problem', async () => {
    const token = await service.token('1001');

    const response = await fetch(`${service.url}/v1/admin/users`, { headers: { authorization: `Bearer ${token}` } });

    expect(response.status).toBe(403);
    expect(response.headers.get('content-type')).toMatch('application/problem+json');
    expect(await response.json()).toMatchObject({ status: 403, code: 'FORBIDDEN' });
  });

  it('accepts the scope among others', async () => {
    const token = await service.token('1001', 'calls:read admin');

    const response = await fetch(`${service.url}/v1/admin/users`, { headers: { authorization: `Bearer ${token}` } });

    expect(response.status).toBe(200);
  });
});
