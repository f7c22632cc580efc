/**
 * Without `admin` and `admin:numbers`, no response of the admin API has a whole phone number. Numbers that nothing else has are
 * stored in every place; then each GET of the list of routes is read.
 */
import { withoutNumbers } from '../../src/common/masked-numbers.js';
import { NameResolver } from '../../src/delivery/name-resolver.js';
import { applyEvent, storeCall } from '../support/stored-call.js';
import { routesOf } from '../support/routes.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const CALLER = '+8613777700001';
const CALLEE = '+8613777700002';
/** The digits in any notation, of which a mask shows the beginning and the end only. */
const WHOLE = /137\D{0,2}7770\D{0,2}\d{4}/;

let service: TestApp;
/** For the parameters of paths. */
const ids: Record<string, string> = { provider: 'simulator' };

const sent = async (method: string, path: string, body: unknown): Promise<{ id: string }> => {
  const response = await service.admin(method, path, body);
  expect(response.ok).toBe(true);
  return (await response.json()) as { id: string };
};

beforeAll(async () => {
  service = await startTestApp();
  Object.assign(service.app.nest.get(NameResolver), { addressesOf: async () => ['93.184.215.14'] });
  const name = '王 13777700003';
  const user = { name, phone: CALLER, externalId: 'tel:+8613777700004', shown: { toCallee: '13777700005' } };
  ids.userId = (await sent('POST', 'users', { id: '901', ...user })).id;
  await sent('PATCH', 'users/901', { name: '李 13777700003' });
  await sent('PUT', 'users/901/sub-accounts/simulator', {
    externalId: 'of 13777700006',
    secret: 'a secret of the provider',
  });
  const phones = [{ phone: CALLEE }, { phone: '13777700015' }];
  const line = { name, phones, open: false, position: 9 };
  ids.lineId = (await sent('POST', 'service-lines', line)).id;
  await sent('PUT', 'suppressions', { suppressions: [{ phone: CALLEE, reason: name, source: 'by 8613777700007' }] });
  await sent('POST', 'freezes', { kind: 'user', subject: '901', reason: name });
  await sent('PUT', 'budgets', { kind: 'user', subject: '901', period: 'day', amount: '1', timeZone: 'UTC' });
  ids.keyId = (await sent('POST', 'api-keys', { name, scopes: ['calls:read'] })).id;
  const metadata = { 'number 13777700009': 'was 137 7770 0001', customerId: '13777700016', secret: '13777700001' };
  const { callSid } = await storeCall(service.database, {
    callerId: '901',
    callerPhone: CALLER,
    calleePhone: CALLEE,
    order: { placedBy: 'tel:+8613777700004', metadata, longestTalkSeconds: null, request: null },
  });
  ids.callSid = callSid;
  await applyEvent(service.database, callSid, {
    type: 'ended',
    endReason: 'failed',
    detail: { told: '137-7770-0002 and 13777700010', also: 'of another: 137 7770 0017' },
    recording: 'https://provider.example/13777700001.wav',
  });
  const live = await storeCall(service.database, { callerId: '902', callerPhone: CALLER, calleePhone: CALLEE });
  await service.database.query(`update call_records set hunt = $2 where call_sid = $1`, [
    live.callSid,
    [CALLEE, '+8613777700014'],
  ]);
  // After the calls, so that nothing is sent there.
  ids.endpointId = (await sent('POST', 'webhook-endpoints', { url: 'https://backend.example.com/?by=13777700008' })).id;
  await service.database.query(
    `insert into webhook_deliveries (endpoint_id, call_sid, change_number, state, settled_at) values ($1, $2, 1, 'failed', now())`,
    [ids.endpointId, callSid],
  );
  await service.database.query(
    `insert into webhook_attempts (endpoint_id, call_sid, change_number, error, response)
     values ($1, $2, 1, 'not for 13777700011', 'unknown: +8613777700012')`,
    [ids.endpointId, callSid],
  );
  await service.database.query(
    `insert into call_refusal (caller_id, caller_phone, callee_phone, fault, reason, asked_by, count)
     values (901, '137****0001', '137****0002', 'refused', 'no 13777700013', 'tel:+8613777700004', 1)`,
  );
});
afterAll(() => service.close());

const pathOf = (path: string): string => {
  const filled = path.replace(/:(\w+)/g, (_, name: string) => {
    const id = ids[name];
    if (id === undefined) throw new Error(`a new parameter: ${name}; store something with a number for it`);
    return id;
  });
  if (filled.endsWith('/statistics')) return `${filled}?from=2026-01-01&to=2027-01-01`;
  return filled.endsWith('/dry-run') ? `${filled}?callerId=901&phone=13777700002` : filled;
};

const gets = (): string[] =>
  routesOf(service.app.nest)
    .filter(({ method, path }) => method === 'GET' && path.startsWith('v1/admin'))
    .map(({ path }) => path);

/** What the stream of live calls has at its beginning. It has no end. */
const pictureOf = async ({ body }: Response): Promise<string> => {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body!) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.includes('event: live')) break;
  }
  return text;
};

const read = async (path: string, scope: string): Promise<string> => {
  const authorization = `Bearer ${await service.token('1001', scope)}`;
  const response = await fetch(`${service.url}/${pathOf(path)}`, { headers: { authorization } });
  const text = await (path.endsWith('/stream') ? pictureOf(response) : response.text());
  expect({ path, status: response.status }).toEqual({ path, status: 200 });
  return text;
};

/** Their responses have no number, whatever the scope: prices are of prefixes, and the bundle and refusals are always masked. */
const WITHOUT_NUMBERS = ['budgets', 'prices.csv', 'providers', 'refusals', 'statistics'];

it('each GET is masked without the scope, and shows the same with it', async () => {
  const shows: string[] = [];
  for (const path of gets()) {
    const masked = await read(path, 'admin:read admin:audit:read');
    const whole = await read(path, 'admin:read admin:audit:read admin:numbers');

    expect({ path, found: WHOLE.exec(masked)?.[0] }).toEqual({ path, found: undefined });
    if (WHOLE.test(whole)) {
      shows.push(path);
      expect(masked).toContain('137****');
    }
  }
  const expected = gets().filter((path) => !WITHOUT_NUMBERS.some((name) => path.endsWith(`/${name}`)));
  expect(shows).toEqual(expect.arrayContaining(expected.filter((path) => !path.endsWith('/bundle'))));
});

it('`admin` shows whole numbers, as before there were other scopes', async () => {
  for (const path of ['users/:userId', 'calls', 'calls/:callSid', 'suppressions.csv', 'calls.ndjson', 'audit'])
    expect(await read(`v1/admin/${path}`, 'admin')).toMatch(WHOLE);
});

it('the responses to changes are masked too', async () => {
  const send = async (scope: string): Promise<string> => {
    const response = await fetch(`${service.url}/v1/admin/users/901`, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${await service.token('1001', scope)}`, 'content-type': 'application/json' },
      body: '{}',
    });
    expect(response.status).toBe(200);
    return response.text();
  };

  expect(await send('admin:directory:write')).not.toMatch(WHOLE);
  expect(await send('admin:directory:write admin:numbers')).toMatch(WHOLE);
});

it('ids stay, so that what is listed can be read', async () => {
  const { items } = JSON.parse(await read('v1/admin/calls', 'admin:read')) as { items: Record<string, unknown>[] };

  expect(items.find(({ callSid }) => callSid === ids.callSid)).toMatchObject({ callerId: '901' });
  expect(
    withoutNumbers({
      id: '13800138000',
      callerId: '9223372036854775807',
      subject: '1380013800',
      externalId: '12345678-0000-4f0a-9c1d-123456789012',
      next: '1764000000000-1',
      at: '2026-11-24T10:16:09.254Z',
      count: 1_380_013_800,
      amount: '100000000',
      left: '12345678.5',
    }),
  ).toEqual({
    id: '13800138000',
    callerId: '9223372036854775807',
    subject: '1380013800',
    externalId: '12345678-0000-4f0a-9c1d-123456789012',
    next: '1764000000000-1',
    at: '2026-11-24T10:16:09.254Z',
    count: 1_380_013_800,
    amount: '100000000',
    left: '12345678.5',
  });
});

it('nothing in metadata is an id of ours, and full-width digits are digits', () => {
  expect(
    withoutNumbers({
      name: '王 １３８００１３８０００',
      metadata: { customerId: '13800138000', phone: '138 0013 8000', key: '+8613800138000', left: '13800138000' },
    }),
  ).toEqual({
    name: '王 １３８****８０００',
    metadata: { customerId: '138****8000', phone: '138****8000', key: '138****8000', left: '138****8000' },
  });
});
