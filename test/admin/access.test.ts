import { startTestApp, type TestApp } from '../support/test-app.js';

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp();
});
afterAll(() => service.close());

const ROUTES = [
  ['GET', 'users'],
  ['POST', 'users'],
  ['PUT', 'users'],
  ['GET', 'users/1001'],
  ['PATCH', 'users/1001'],
  ['DELETE', 'users/1001'],
  ['GET', 'users/1001/sub-accounts'],
  ['GET', 'users/1001/sub-accounts/simulator'],
  ['PUT', 'users/1001/sub-accounts/simulator'],
  ['DELETE', 'users/1001/sub-accounts/simulator'],
  ['GET', 'service-lines'],
  ['POST', 'service-lines'],
  ['GET', 'service-lines/1'],
  ['PATCH', 'service-lines/1'],
  ['DELETE', 'service-lines/1'],
  ['GET', 'calls'],
  ['GET', 'calls/16090510160925480001030600243044'],
  ['POST', 'calls/16090510160925480001030600243044/cancel'],
  ['GET', 'calls/16090510160925480001030600243044/bundle'],
  ['GET', 'webhook-endpoints'],
  ['POST', 'webhook-endpoints'],
  ['GET', 'webhook-endpoints/1'],
  ['PATCH', 'webhook-endpoints/1'],
  ['DELETE', 'webhook-endpoints/1'],
  ['POST', 'webhook-endpoints/1/secret'],
  ['GET', 'webhook-endpoints/1/deliveries'],
  ['POST', 'webhook-endpoints/1/redeliver'],
  ['GET', 'audit'],
  ['GET', 'api-keys'],
  ['POST', 'api-keys'],
  ['GET', 'api-keys/1'],
  ['POST', 'api-keys/1/rotate'],
  ['DELETE', 'api-keys/1'],
] as const;

it.each(ROUTES)('answers %s %s with 401 without a token and with 403 without the scope', async (method, path) => {
  const url = `${service.url}/v1/admin/${path}`;

  const anonymous = await fetch(url, { method });
  const user = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${await service.token('1001', 'calls')}` },
  });

  expect(anonymous.status).toBe(401);
  expect(await anonymous.json()).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' });
  expect(user.status).toBe(403);
  expect(await user.json()).toMatchObject({ status: 403, code: 'FORBIDDEN' });
});

it('accepts the token in the query too, next to the parameters of a list', async () => {
  const token = await service.token('1001', 'admin');

  const response = await fetch(`${service.url}/v1/admin/users?limit=1&access_token=${token}`);

  expect(response.status).toBe(200);
});
