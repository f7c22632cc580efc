/** What an API key may do, and what one is told that is refused. */
import { newKeyText } from '../../src/auth/api-keys/key-text.js';
import {
  ACCEPTED,
  backendWithKey,
  keyHeaders,
  makeKey,
  REFUSED,
  revokeKey,
  rotateKey,
  statusOf,
  type Refusal,
} from '../support/api-key.js';
import { newPhone } from '../support/backend.js';
import { collectedLog } from '../support/collected-log.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

const log = collectedLog();
let service: TestApp;

beforeAll(async () => {
  service = await startTestApp({ environment: { LOG_LEVEL: 'info' }, logTo: log.stream });
});
afterAll(() => service.close());

const refusalAt = async (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Refusal> => {
  const response = await fetch(`${service.url}/v1/${path}`, { method, headers });
  await response.body?.cancel();
  return { status: response.status, challenge: response.headers.get('www-authenticate') };
};
const lineOf = (wanted: object) =>
  waitFor('the line', () => log.lines().findLast((line) => Object.entries(wanted).every(([k, v]) => line[k] === v)));

describe('a scope', () => {
  it.each([
    ['calls:write', 'GET', 'calls/none', 404],
    ['calls:write', 'POST', 'calls/none/cancel', 404],
    ['calls:write', 'GET', 'admin/users', 403],
    ['calls:read', 'GET', 'calls/none', 404],
    ['calls:read', 'POST', 'calls/none/cancel', 403],
    ['calls:read', 'GET', 'admin/users', 403],
    ['admin', 'GET', 'admin/users', 200],
    ['admin', 'GET', 'calls/none', 403],
  ])('%s: %s /v1/%s is %d', async (scope, method, path, status) => {
    const { key } = await makeKey(service, { scopes: [scope] });

    const refusal = await refusalAt(path, keyHeaders(key), method);

    expect(refusal).toEqual({
      status,
      challenge: status === 403 ? expect.stringMatching(/^Bearer error="insufficient_scope", .* scope="/) : null,
    });
  });

  it('of several is each of them', async () => {
    const { key } = await makeKey(service, { scopes: ['admin', 'calls:read'] });

    expect((await refusalAt('admin/users', keyHeaders(key))).status).toBe(200);
    expect((await refusalAt('calls/none', keyHeaders(key))).status).toBe(404);
  });
});

describe('the contract of 2016', () => {
  it.each(['call/2000', 'callService', 'callCancel/1', 'callState/1', 'callState/1/stream'])(
    'refuses a key at %s, in its own way: a key is no user',
    async (path) => {
      const { key } = await makeKey(service, { scopes: ['admin', 'calls:read', 'calls:write'] });

      const response = await fetch(`${service.url}/v1/app/${path}`, { headers: keyHeaders(key) });

      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toBe(
        'Bearer error="invalid_token", error_description="An API key is no user: send the token of a user."',
      );
      expect(await response.json()).toMatchObject({ returnCode: 401 });
    },
  );
});

describe('a key that is refused', () => {
  it('reads alike, whether it was revoked, has expired, was rotated long ago or never existed', async () => {
    const [revoked, expired, rotated] = [await makeKey(service), await makeKey(service), await makeKey(service)];
    await revokeKey(service, revoked.id);
    await service.database.query('update api_key set expires_at = now() where id = $1', [expired.id]);
    await rotateKey(service, rotated.id, { overlapSeconds: 0 });
    await waitFor('the end', async () => (await statusOf(service, expired.key)).status === 401);

    for (const key of [revoked.key, expired.key, rotated.key, newKeyText()]) {
      expect(await statusOf(service, key)).toEqual(REFUSED);
    }
  });

  it('is told of a mistyped one', async () => {
    const { key } = await makeKey(service);

    for (const broken of [key.slice(0, -1), `${key}0`, 'rbk_', `rbk_${'0'.repeat(38)}`]) {
      expect(await statusOf(service, broken)).toEqual({
        status: 401,
        challenge: 'Bearer error="invalid_token", error_description="The API key is incomplete or mistyped."',
      });
    }
  });

  it.each(['calls/none', 'admin/users', 'app/callState/1'])('is in the URL, valid or not: /v1/%s', async (path) => {
    const { key } = await makeKey(service, { scopes: ['admin', 'calls:read'] });

    for (const one of [key, newKeyText()]) {
      expect(await refusalAt(`${path}?access_token=${one}`)).toEqual({
        status: 401,
        challenge:
          'Bearer error="invalid_request", error_description="An API key must not be in a URL, which proxies log: send it in the Authorization header."',
      });
    }
  });
});

describe('the overlap of a rotation', () => {
  it('has both keys accepted; without one, the new key alone', async () => {
    const first = await makeKey(service);

    const second = await rotateKey(service, first.id, { overlapSeconds: 60 });
    const overlapping = [await statusOf(service, first.key), await statusOf(service, second.key)];
    const third = await rotateKey(service, second.id, { overlapSeconds: 0 });

    expect(overlapping).toEqual([ACCEPTED, ACCEPTED]);
    expect(await statusOf(service, second.key)).toEqual(REFUSED);
    expect([await statusOf(service, first.key), await statusOf(service, third.key)]).toEqual([ACCEPTED, ACCEPTED]);
  });

  it('ends by itself', async () => {
    const first = await makeKey(service);
    const second = await rotateKey(service, first.id, { overlapSeconds: 1 });

    await waitFor('the end', async () => (await statusOf(service, first.key)).status === 401);

    expect(await statusOf(service, second.key)).toEqual(ACCEPTED);
  });
});

describe('an Idempotency-Key', () => {
  const body = () => ({ caller: { phone: newPhone() }, callee: { phone: newPhone('13') } });

  it('is the same request after a rotation, and another one of another key', async () => {
    const first = await makeKey(service);
    const request = body();
    const placed = await backendWithKey(service, first.key).place(request, 'once');
    const second = await rotateKey(service, first.id);
    const other = await makeKey(service);

    const again = await backendWithKey(service, second.key).place(request, 'once');
    const another = await backendWithKey(service, other.key).place(body(), 'once');
    const callSid = String(placed.body.callSid);

    expect([placed.status, again.status, another.status]).toEqual([201, 201, 201]);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.body.callSid).toBe(callSid);
    expect(another.body.callSid).not.toBe(callSid);
    const record = await (await service.admin('GET', `calls/${callSid}`)).json();
    expect(record).toMatchObject({ placedBy: first.subject });
    expect((await backendWithKey(service, second.key).ask('POST', `/${callSid}/cancel`)).status).toBe(200);
    expect((await backendWithKey(service, other.key).ask('GET', `/${callSid}`)).status).toBe(404);
  });
});

describe('the log', () => {
  it('names the key by its id, and a refused one by its beginning', async () => {
    const { id, key } = await makeKey(service);
    const madeUp = newKeyText();

    await statusOf(service, key);
    await statusOf(service, madeUp);
    await statusOf(service, madeUp.slice(0, -1));
    await refusalAt(`calls/none?access_token=${key}`);

    expect(await lineOf({ apiKey: id })).toMatchObject({ level: 30, path: '/v1/calls/none', status: 404 });
    const start = madeUp.slice(0, 12);
    await lineOf({ level: 30, status: 401, reason: `API key ${start}… is unknown, revoked or expired` });
    await lineOf({ level: 30, status: 401, reason: `API key ${start}… is incomplete or mistyped` });
    await lineOf({ level: 30, status: 401, reason: `API key ${key.slice(0, 12)}… in the URL` });
    expect(log.text()).not.toContain(key.slice(0, 13));
    expect(log.text()).not.toContain(madeUp.slice(0, 13));
  });
});
