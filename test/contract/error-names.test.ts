/** The header with the name of an error, for clients that do not compare texts. The body is unchanged. */
import { request } from 'node:http';
import { startTestApp, type TestApp } from '../support/test-app.js';

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp();
});
afterAll(() => service.close());

const nameOf = async (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const sent = request(`${service.url}${path}`, { method, headers, agent: false }, (response) => {
      response.resume().once('close', () => {
        resolve(response.headers['x-ringback-error']);
      });
    });
    sent.once('error', reject).end();
  });

const asked = async (path: string, userId = '1001', headers: Record<string, string> = {}): Promise<unknown> =>
  nameOf(`/v1/app/${path}`, { authorization: `Bearer ${await service.token(userId)}`, ...headers });

it('the header has the name of an error of the contract', async () => {
  const unknownUser = '999';

  expect(await asked('callState/1')).toBe('NOT_YOUR_CALL');
  expect(await asked('call/x')).toBe('BAD_CALL_PARAMETERS');
  expect(await asked('call/2000', unknownUser)).toBe('CALLER_HAS_NO_PHONE');
  expect(await asked('call/2000', '1001', { 'sec-purpose': 'prefetch' })).toBe('PREFETCH');
});

it('the header has the name of an error outside the contract', async () => {
  expect(await nameOf('/v1/app/callState/1')).toBe('UNAUTHENTICATED');
  expect(await nameOf('/v1/app/nothing')).toBe('NOT_FOUND');
  expect(await nameOf('/v1/app/callService', {}, 'PATCH')).toBe('METHOD_NOT_ALLOWED');
  expect(await nameOf('/v1/app/callService', { host: 'a b' })).toBe('BAD_REQUEST');
});

it('the header is missing in successes, and in problem bodies, which contain the name', async () => {
  const { data } = await service.ask('1004', 'call/2000');

  expect(await asked(`callState/${data!.callSid!}`, '1004')).toBeUndefined();
  expect(await nameOf('/v1/admin/users')).toBeUndefined();
  expect(await nameOf('/health/live')).toBeUndefined();
});
