/** The name of a failure beside the envelope, for clients that would rather not compare texts. The body is not touched. */
import { request } from 'node:http';
import { startTestApp, type TestApp } from '../support/test-app.js';

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp();
});
afterAll(() => service.close());

const nameOf = async (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const asked = request(`${service.url}${path}`, { method, headers, agent: false }, (response) => {
      response.resume().once('close', () => {
        resolve(response.headers['x-ringback-error']);
      });
    });
    asked.once('error', reject).end();
  });

const asked = async (path: string, userId = '1001', headers: Record<string, string> = {}): Promise<unknown> =>
  nameOf(`/v1/app/${path}`, { authorization: `Bearer ${await service.token(userId)}`, ...headers });

it('of every failure of the contract', async () => {
  const nobody = '999';

  expect(await asked('callState/1')).toBe('NOT_YOUR_CALL');
  expect(await asked('call/x')).toBe('BAD_CALL_PARAMETERS');
  expect(await asked('call/2000', nobody)).toBe('CALLER_HAS_NO_PHONE');
  expect(await asked('call/2000', '1001', { 'sec-purpose': 'prefetch' })).toBe('PREFETCH');
});

it('of what the contract does not know', async () => {
  expect(await nameOf('/v1/app/callState/1')).toBe('UNAUTHENTICATED');
  expect(await nameOf('/v1/app/nothing')).toBe('NOT_FOUND');
  expect(await nameOf('/v1/app/callService', {}, 'PATCH')).toBe('METHOD_NOT_ALLOWED');
  expect(await nameOf('/v1/app/callService', { host: 'a b' })).toBe('BAD_REQUEST');
});

it('stands beside no success, and beside no problem body, which has it inside', async () => {
  const { data } = await service.ask('1004', 'call/2000');

  expect(await asked(`callState/${data!.callSid!}`, '1004')).toBeUndefined();
  expect(await nameOf('/v1/admin/users')).toBeUndefined();
  expect(await nameOf('/health/live')).toBeUndefined();
});
