/** Who did what by the admin API: every change and every read of whole numbers has an entry, and a refused one none. */
import { decodeJwt, SignJWT } from 'jose';
import { issueToken } from '../../src/auth/token-issuer.js';
import { NameResolver } from '../../src/delivery/name-resolver.js';
import { fetchDocument, operationsOf } from '../api-document/document.js';
import { keyHeaders, makeKey } from '../support/api-key.js';
import { openStream } from '../support/event-stream.js';
import { storeCall } from '../support/stored-call.js';
import { startTestApp, TEST_SECRET, type TestApp } from '../support/test-app.js';
import { WITHOUT_ENTRY } from './without-entry.js';

interface Entry {
  readonly id: string;
  readonly at: string;
  readonly subject: string;
  readonly tokenId: string | null;
  readonly apiKeyId: string | null;
  readonly action: string;
  readonly route: string;
  readonly target: string | null;
  readonly before: unknown;
  readonly after: unknown;
  readonly detail: Record<string, unknown> | null;
  readonly address: string;
  readonly requestId: string;
}

const SECRET = 'a secret of the provider';
const PHONE = '+8613800138000';

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp();
  resolvesTo(A_PUBLIC_ADDRESS);
});
afterAll(() => service.close());

const A_PUBLIC_ADDRESS = '93.184.215.14';

const resolvesTo = (address: string): void => {
  Object.assign(service.app.nest.get(NameResolver), { addressesOf: async () => [address] });
};

const list = async (query = ''): Promise<{ items: Entry[]; next: string | null }> => {
  const response = await service.admin('GET', `audit${query}`);
  expect(response.status).toBe(200);
  return (await response.json()) as { items: Entry[]; next: string | null };
};

/** The entries that the work leaves, the first one first. */
const entriesOf = async (work: () => Promise<unknown>): Promise<Entry[]> => {
  const [last] = (await list('?limit=1')).items;
  await work();
  const { items } = await list('?limit=200');
  return items.filter(({ id }) => BigInt(id) > BigInt(last?.id ?? 0)).reverse();
};

interface Shown {
  readonly id: string;
  readonly callSid: string;
  readonly items: readonly { readonly id: string }[];
}

const sent = async (method: string, path: string, body?: unknown): Promise<Shown> => {
  const response = await service.admin(method, path, body);
  expect(response.ok).toBe(true);
  return (response.status === 204 ? {} : await response.json()) as Shown;
};

const sendCsv = async (method: string, path: string, body: string): Promise<Response> =>
  fetch(`${service.url}/v1/admin/${path}`, {
    method,
    headers: { authorization: `Bearer ${await service.token('1001', 'admin')}`, 'content-type': 'text/csv' },
    body,
  });

const watch = async (): Promise<void> => {
  const stream = await openStream(`${service.url}/v1/admin/calls/stream`, {
    authorization: `Bearer ${await service.token('1001', 'admin')}`,
  });
  expect(stream.response.statusCode).toBe(200);
  stream.close();
};

let nextUser = 810_000;
const newUser = async (fields: object = {}): Promise<string> =>
  (await sent('POST', 'users', { id: String(nextUser++), name: '王小明', phone: PHONE, ...fields })).id;

describe('an entry', () => {
  it('says who, by which token, from where, on which request, and what changed, with the number masked', async () => {
    const id = await newUser();
    const token = await issueToken(TEST_SECRET, { userId: '1007', scope: 'admin', lifetimeSeconds: 60 });

    const [entry] = await entriesOf(async () => {
      const response = await fetch(`${service.url}/v1/admin/users/${id}`, {
        method: 'PATCH',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ phone: '13800138001', blocked: true }),
      });
      expect(response.status).toBe(200);
    });

    expect(entry).toEqual({
      id: expect.stringMatching(/^\d+$/),
      at: expect.stringMatching(/^\d{4}-.*Z$/),
      subject: '1007',
      tokenId: decodeJwt(token).jti,
      apiKeyId: null,
      action: 'changeUser',
      route: 'PATCH /v1/admin/users/{userId}',
      target: `user:${id}`,
      before: { phone: '138****8000', blocked: false },
      after: { phone: '138****8001', blocked: true },
      detail: null,
      address: '127.0.0.1',
      requestId: expect.stringMatching(/\S/),
    });
  });

  it('has the `jti` of a token, the id of an API key, and the id that the log lines of the request have', async () => {
    const token = await issueToken(TEST_SECRET, { userId: '1001', scope: 'admin', lifetimeSeconds: 60 });
    const { jti } = decodeJwt(token);
    const key = await makeKey(service, { scopes: ['admin'] });
    let requestId: string | null = null;

    const [byToken, byKey] = await entriesOf(async () => {
      const response = await fetch(`${service.url}/v1/admin/users/1001`, { headers: keyHeaders(token) });
      requestId = response.headers.get('x-request-id');
      await fetch(`${service.url}/v1/admin/users/1001`, { headers: keyHeaders(key.key) });
    });

    expect(byToken).toMatchObject({ subject: '1001', tokenId: jti, apiKeyId: null, requestId });
    expect(byKey).toMatchObject({ subject: key.subject, tokenId: null, apiKeyId: key.id });
  });

  it('has a mark in place of a character of the `jti` that PostgreSQL cannot store', async () => {
    const token = await new SignJWT({ sub: '1001', scope: 'admin', jti: 'a\0b' })
      .setProtectedHeader({ alg: 'HS256' })
      .setExpirationTime('1 minute')
      .sign(Buffer.from(TEST_SECRET));

    const [entry] = await entriesOf(() => fetch(`${service.url}/v1/admin/users/1001`, { headers: keyHeaders(token) }));

    expect(entry).toMatchObject({ tokenId: 'a\ufffdb' });
  });

  it('of a changed phone shows that it changed, also when the masked digits are the only difference', async () => {
    const id = await newUser({ phone: '+8613811118000' });

    const [entry] = await entriesOf(() => sent('PATCH', `users/${id}`, { phone: '+8613822228000' }));

    expect(entry).toMatchObject({ before: { phone: '138****8000' }, after: { phone: '138****8000' } });
  });

  it('of a request that changes nothing has nothing before and after', async () => {
    const id = await newUser();

    const [entry] = await entriesOf(() => sent('PATCH', `users/${id}`, {}));

    expect(entry).toMatchObject({ action: 'changeUser', before: {}, after: {} });
  });
});

describe('of a sync', () => {
  it('of 10,000 users there is one entry, with the counts and the first hundred ids', async () => {
    const users = Array.from({ length: 10_000 }, (_, index) => ({ id: `${820_000 + index}`, name: 'n', phone: PHONE }));

    const entries = await entriesOf(() => sent('PUT', 'users', { users }));
    const [again] = await entriesOf(() => sent('PUT', 'users', { users: [{ ...users[7], name: 'm' }, users[8]] }));

    expect(entries).toHaveLength(1);
    expect(entries[0]).toMatchObject({
      action: 'syncUsers',
      target: null,
      detail: {
        created: 10_000,
        changed: 0,
        unchanged: 0,
        createdIds: users.slice(0, 100).map(({ id }) => id),
        changedIds: [],
      },
    });
    expect(again?.detail).toEqual({ created: 0, changed: 1, unchanged: 1, createdIds: [], changedIds: ['820007'] });
  });
});

describe('of the suppression list as a file', () => {
  it('there is an entry for an export, and one for an import with its counts', async () => {
    const entries = await entriesOf(async () => {
      await service.admin('GET', 'suppressions.csv');
      await sendCsv('PUT', 'suppressions.csv', 'phone\n95588\n95599\n');
      await sendCsv('PUT', 'suppressions.csv', 'phone\n110\n');
    });

    expect(entries).toMatchObject([
      { action: 'exportSuppressions', target: null, detail: { format: 'csv' } },
      { action: 'importSuppressions', target: null, detail: { created: 2, changed: 0, unchanged: 0 } },
    ]);
    expect(entries).toHaveLength(2);
  });
});

describe('of a read', () => {
  it('of a list there is one entry, with the query and the ends of the page', async () => {
    await storeCall(service.database);
    const { callSid } = await storeCall(service.database);

    const entries = await entriesOf(() => sent('GET', 'calls?phone=13900001001&limit=1'));

    expect(entries).toHaveLength(1);
    expect(entries[0]).toMatchObject({
      action: 'searchCalls',
      route: 'GET /v1/admin/calls',
      detail: { query: { phone: expect.stringContaining('****'), limit: 1 }, items: 1, first: callSid, last: callSid },
    });
    expect(JSON.stringify(entries)).not.toContain('13900001001');
  });

  it('is refused with 503 and shows nothing when it cannot be recorded, and so is a change', async () => {
    const id = await newUser();
    await service.database.query('alter table audit_entry rename to audit_entry_away');
    try {
      for (const path of [
        'users',
        `users/${id}`,
        'calls',
        'service-lines',
        'suppressions.csv',
        'calls.csv',
        'dry-run?callerId=1001&calleeId=2000',
      ]) {
        const response = await service.admin('GET', path);
        const text = await response.text();
        expect({ path, status: response.status }).toEqual({ path, status: 503 });
        expect(response.headers.get('retry-after')).toBe('5');
        expect(text).not.toMatch(/\+861/);
      }
      expect((await service.admin('PATCH', `users/${id}`, { name: 'other' })).status).toBe(503);
    } finally {
      await service.database.query('alter table audit_entry_away rename to audit_entry');
    }
    expect(await sent('GET', `users/${id}`)).toMatchObject({ name: '王小明' });
  });
});

it('calls are placed and followed while the table is locked and administrators send many requests', async () => {
  const reads = (count: number, path = 'users') => Array.from({ length: count }, () => service.admin('GET', path));
  const locking = service.database.createQueryRunner();
  await locking.startTransaction();
  let waiting: Promise<Response>[];
  try {
    await locking.query('lock table audit_entry');
    waiting = [
      ...reads(40),
      ...reads(40, 'audit'),
      ...Array.from({ length: 40 }, () => service.admin('PATCH', 'users/1050', { name: '王' })),
    ];
    // From now on the others have what they can get.
    expect((await Promise.race(waiting)).status).toBe(503);

    const { data, ...placed } = await service.ask('1004', 'call/2013');

    expect(placed).toMatchObject({ returnCode: 200 });
    expect(await service.ask('1004', `callState/${data!.callSid!}`)).toMatchObject({ returnCode: 200 });
  } finally {
    await locking.rollbackTransaction();
    await locking.release();
  }
  await Promise.all(waiting);
  for (const response of await Promise.all(reads(10))) expect(response.status).toBe(200);
});

it('a refused request leaves no entry', async () => {
  const id = await newUser();
  const line = await sent('POST', 'service-lines', { name: 'a', phone: '4000000000', open: false, position: 9 });
  await sent('DELETE', `service-lines/${line.id}`);
  const refused: [string, string, unknown?][] = [
    ['POST', 'users', { id, name: 'again' }],
    ['POST', 'users', { id: 'x', name: 'again' }],
    ['PATCH', 'users/1', { name: 'nobody' }],
    ['PATCH', `users/${id}`, { phone: '110' }],
    ['DELETE', 'users/1'],
    ['GET', 'users/1'],
    ['PUT', 'users', { users: [{ id: '1', name: '' }] }],
    ['PUT', 'users/1/sub-accounts/simulator', { externalId: 'x', secret: SECRET }],
    ['DELETE', `users/${id}/sub-accounts/simulator`],
    ['PATCH', `service-lines/${line.id}`, { open: true }],
    ['DELETE', `service-lines/${line.id}`],
    ['GET', `service-lines/${line.id}`],
    ['PUT', 'suppressions', { suppressions: [{ phone: '110' }] }],
    ['DELETE', 'suppressions/999'],
    ['POST', 'freezes', { kind: 'user', subject: '999999' }],
    ['DELETE', 'freezes/999'],
    ['PUT', 'budgets', { kind: 'user', subject: '999999', period: 'day', amount: '1', timeZone: 'Asia/Shanghai' }],
    ['DELETE', 'budgets/999'],
    ['PATCH', 'webhook-endpoints/999', { enabled: false }],
    ['POST', 'webhook-endpoints/999/secret'],
    ['POST', 'webhook-endpoints/999/test'],
    ['DELETE', 'webhook-endpoints/999'],
    ['POST', 'webhook-endpoints/999/redeliver', { callSid: '1'.repeat(32) }],
    ['POST', 'api-keys/999/rotate', {}],
    ['DELETE', 'api-keys/999'],
    ['GET', `calls/${'1'.repeat(32)}`],
    ['POST', `calls/${'1'.repeat(32)}/cancel`],
    ['GET', 'calls?colour=red'],
  ];

  const entries = await entriesOf(async () => {
    for (const [method, path, body] of refused) {
      const { status } = await service.admin(method, path, body);
      expect({ path, isRefused: status >= 400 && status < 500 }).toEqual({ path, isRefused: true });
    }
  });

  expect(entries).toEqual([]);
});

const PRICES = 'provider,prefix,pricePerMinute,currency\nsimulator,,1,CNY\n';
const BUDGET = { kind: 'all', period: 'day', amount: '100', timeZone: 'Asia/Shanghai' };

describe('each operation of the admin API', () => {
  /** Requests that succeed, in an order in which they can. */
  const requests = async (): Promise<(() => Promise<unknown>)[]> => {
    const { callSid } = await storeCall(service.database);
    const over = await storeCall(service.database, { waitsForDialSlot: true });
    const user = String(nextUser++);
    const ids = { line: '', endpoint: '', key: '', suppression: '', freeze: '', budget: '' };
    return [
      () => sent('POST', 'users', { id: user, name: '王小明', phone: PHONE }),
      () => sent('GET', 'users'),
      () => sent('PUT', 'users', { users: [{ id: user, name: '李小红', phone: PHONE }] }),
      async () =>
        expect((await sendCsv('POST', 'users/import', `id,name,phone\n${user},李小红,${PHONE}\n`)).status).toBe(200),
      () => sent('GET', `users/${user}`),
      () => sent('PATCH', `users/${user}`, { phone: null }),
      () => sent('PUT', `users/${user}/sub-accounts/simulator`, { externalId: 'ext-1', secret: SECRET }),
      () => sent('GET', `users/${user}/sub-accounts`),
      () => sent('GET', `users/${user}/sub-accounts/simulator`),
      () => sent('DELETE', `users/${user}/sub-accounts/simulator`),
      () => sent('DELETE', `users/${user}`),
      async () => {
        ids.line = (await sent('POST', 'service-lines', { name: 'a', phone: PHONE, open: false, position: 9 })).id;
      },
      () => sent('GET', 'service-lines'),
      () => sent('GET', `service-lines/${ids.line}`),
      () => sent('PATCH', `service-lines/${ids.line}`, { position: 8 }),
      () => sent('DELETE', `service-lines/${ids.line}`),
      () => sent('PUT', 'suppressions', { suppressions: [{ phone: PHONE }] }),
      async () => {
        const { items } = await sent('GET', `suppressions?phone=${encodeURIComponent(PHONE)}`);
        ids.suppression = items[0]!.id;
      },
      () => sent('DELETE', `suppressions/${ids.suppression}`),
      async () => {
        ids.freeze = (await sent('POST', 'freezes', { kind: 'country', subject: 'FR' })).id;
      },
      () => sent('GET', 'freezes'),
      () => sent('DELETE', `freezes/${ids.freeze}`),
      async () => expect((await service.admin('GET', 'suppressions.csv')).ok).toBe(true),
      async () => expect((await sendCsv('PUT', 'suppressions.csv', `phone\n${PHONE}\n`)).status).toBe(200),
      async () => expect((await sendCsv('PUT', 'prices.csv', PRICES)).status).toBe(200),
      async () => expect((await service.admin('GET', 'prices.csv')).ok).toBe(true),
      async () => {
        ids.budget = (await sent('PUT', 'budgets', BUDGET)).id;
      },
      () => sent('GET', 'budgets'),
      () => sent('DELETE', `budgets/${ids.budget}`),
      () => sent('GET', 'calls'),
      async () => expect((await service.admin('GET', 'calls.csv')).ok).toBe(true),
      async () => expect((await service.admin('GET', 'calls.ndjson')).ok).toBe(true),
      () => sent('GET', `calls/${callSid}`),
      watch,
      () => sent('GET', 'statistics?from=2026-01-01&to=2026-01-02'),
      () => sent('GET', `calls/${callSid}/bundle`),
      () => sent('POST', `calls/${over.callSid}/cancel`),
      () => sent('GET', 'refusals'),
      () => sent('GET', 'providers'),
      () => sent('GET', 'dry-run?callerId=1001&calleeId=2000'),
      async () => {
        const endpoint = { url: 'https://backend.example.com/hook?password=of-the-receiver' };
        ids.endpoint = (await sent('POST', 'webhook-endpoints', endpoint)).id;
      },
      () => sent('GET', 'webhook-endpoints'),
      () => sent('GET', `webhook-endpoints/${ids.endpoint}`),
      () => sent('PATCH', `webhook-endpoints/${ids.endpoint}`, { enabled: false }),
      () => sent('POST', `webhook-endpoints/${ids.endpoint}/secret`),
      async () => {
        // A private address is refused without a connection.
        resolvesTo('10.0.0.5');
        await sent('POST', `webhook-endpoints/${ids.endpoint}/test`);
        resolvesTo(A_PUBLIC_ADDRESS);
      },
      () => sent('GET', `webhook-endpoints/${ids.endpoint}/deliveries`),
      async () => {
        await service.database.query(
          'insert into webhook_deliveries (endpoint_id, call_sid, change_number) values ($1, $2, 1)',
          [ids.endpoint, callSid],
        );
        await sent('POST', `webhook-endpoints/${ids.endpoint}/redeliver`, { callSid });
      },
      () => sent('DELETE', `webhook-endpoints/${ids.endpoint}`),
      async () => {
        ids.key = (await makeKey(service)).id;
      },
      () => sent('GET', 'api-keys'),
      () => sent('GET', `api-keys/${ids.key}`),
      () => sent('POST', `api-keys/${ids.key}/rotate`, { overlapSeconds: 60 }),
      () => sent('DELETE', `api-keys/${ids.key}`),
      () => sent('GET', 'audit'),
    ];
  };

  it('that changes something or shows whole numbers leaves one entry, under its operationId, without secrets', async () => {
    const entries: Entry[] = [];
    for (const request of await requests()) {
      const left = await entriesOf(request);
      expect(left.length).toBeLessThanOrEqual(1);
      entries.push(...left);
    }

    const operations = operationsOf(await fetchDocument(service.url)).filter(({ path }) =>
      path.startsWith('/v1/admin'),
    );
    const expected = operations
      .map(({ operation, name }) => ({ action: operation.operationId, route: name }))
      .filter(({ action }) => !WITHOUT_ENTRY.includes(action!));
    const key = ({ action, route }: { action?: string | undefined; route: string }) => `${String(action)} ${route}`;
    expect(entries.map(key).sort()).toEqual(expected.map(key).sort());
    const text = JSON.stringify(entries);
    for (const secret of [SECRET, 'whsec_', 'of-the-receiver', PHONE, PHONE.slice(3)])
      expect(text).not.toContain(secret);
    expect(text).not.toMatch(/rbk_\w{12}/);
    expect(entries.find(({ action }) => action === 'hangUpCall')).toMatchObject({ after: { outcome: 'canceled' } });
    expect(entries.find(({ action }) => action === 'removeUser')).toMatchObject({
      before: { name: '李小红' },
      after: null,
    });
    expect(entries.find(({ action }) => action === 'storeSubAccount')).toMatchObject({
      before: null,
      after: { externalId: 'ext-1' },
      detail: { hasNewSecret: true },
    });
  });
});

describe('the list', () => {
  it('pages latest first, and new entries do not shift the remaining pages', async () => {
    for (let count = 0; count < 5; count++) await newUser();
    const whole = (await list('?action=createUser&limit=5')).items.map(({ id }) => id);

    const first = await list('?action=createUser&limit=2');
    await newUser();
    const second = await list(`?action=createUser&limit=2&after=${String(first.next)}`);
    const third = await list(`?action=createUser&limit=1&after=${String(second.next)}`);

    const paged = [first, second, third].flatMap(({ items }) => items.map(({ id }) => id));
    expect(paged).toEqual(whole);
  });

  it('filters by subject, action, target and time, one by one and together', async () => {
    const id = await newUser();
    await sent('PATCH', `users/${id}`, { name: 'b' });
    const target = `user:${id}`;
    const [changed, created] = (await list(`?target=${target}`)).items;
    const actions = async (query: string) => (await list(query)).items.map(({ action }) => action);

    expect([changed?.action, created?.action]).toEqual(['changeUser', 'createUser']);
    expect(await actions(`?target=${target}&action=createUser`)).toEqual(['createUser']);
    expect(await actions(`?target=${target}&subject=1001`)).toEqual(['changeUser', 'createUser']);
    expect(await actions(`?target=${target}&subject=1002`)).toEqual([]);
    expect(await actions(`?target=${target}&to=${created!.at}`)).toEqual([]);
    expect(await actions(`?target=${target}&from=${created!.at}`)).toEqual(['changeUser', 'createUser']);
    expect(await actions('?from=2099-01-01T00:00:00Z')).toEqual([]);
  });

  it('refuses an unknown parameter, a cursor of another list, and a time range without length', async () => {
    for (const query of [
      'colour=red',
      'after=1',
      'after=x-y',
      'to=2026-01-01T00:00:00Z&from=2026-01-01T00:00:00Z',
      'subject=',
    ]) {
      expect({ query, status: (await service.admin('GET', `audit?${query}`)).status }).toEqual({ query, status: 400 });
    }
  });
});
