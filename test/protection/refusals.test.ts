/** The calls that were not placed: what is kept of them, and how they are found. */
import { RefusalJournal, type RefusedCall } from '../../src/call/placement/refusal-journal.js';
import { CallerInACall, NotPlaced } from '../../src/call/placement/not-placed.js';
import { OldRowRemoval } from '../../src/call/reconciliation/old-row-removal.js';
import { createLogger } from '../../src/common/logger.js';
import { maskPhone } from '../../src/common/phone-number.js';
import { backend, newPhone } from '../support/backend.js';
import { collectedLog } from '../support/collected-log.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { waitFor } from '../support/wait-for.js';

interface Refusal {
  readonly id: string;
  readonly at: string;
  readonly callerId: string | null;
  readonly calleeId: string | null;
  readonly calleePhone: string | null;
  readonly fault: string;
  readonly count: number;
}

const ON_THE_LIST = 'The callee’s number is on the suppression list.';
const LONDON = '+442079460000';

let database: TestDatabase;
let service: TestApp;

const start = (): Promise<TestApp> =>
  startTestApp({
    databaseUrl: database.url,
    environment: { SIMULATOR_SHARES_ACCOUNT: 'true', ALLOWED_COUNTRIES: 'CN', ONE_CALL_PER_CALLEE: 'true' },
  });

beforeAll(async () => {
  database = await createTestDatabase();
  service = await start();
});
beforeEach(() => service.database.query('truncate call_refusal'));
afterAll(async () => {
  await service.close();
  await database.drop();
});

const list = async (query = ''): Promise<{ items: Refusal[]; next: string | null }> => {
  const response = await service.admin('GET', `refusals${query}`);
  const text = await response.text();
  if (response.status !== 200) throw new Error(text);
  return JSON.parse(text) as { items: Refusal[]; next: string | null };
};

const total = (items: readonly Refusal[]): number => items.reduce((sum, { count }) => sum + count, 0);

/** The list once it has that many requests. */
const listed = (requests: number, query = ''): Promise<Refusal[]> =>
  waitFor(`${requests} refusals`, async () => {
    const { items } = await list(query);
    return total(items) >= requests && items;
  });

let nextUser = 90_000;

const newUser = async (some: object = {}): Promise<string> => {
  const id = String(nextUser++);
  const { status } = await service.admin('PUT', 'users', { users: [{ id, name: id, phone: newPhone(), ...some }] });
  expect(status).toBe(200);
  return id;
};

const suppress = async (phone: string): Promise<void> => {
  expect((await service.admin('PUT', 'suppressions', { suppressions: [{ phone }] })).status).toBe(200);
};

/** A user who must not be called. */
const newSuppressed = async (): Promise<{ id: string; phone: string }> => {
  const phone = newPhone();
  await suppress(phone);
  return { id: await newUser({ phone }), phone };
};

/** Rows a minute apart. @param age of the latest */
const store = (count: number, age: string, callerId = '1001', fault = 'no_route'): Promise<unknown> =>
  service.database.query(
    `insert into call_refusal (at, caller_id, fault, count)
     select now() - $2::interval - n * interval '1 minute', $3, $4, 1 from generate_series($1::integer, 1, -1) n`,
    [count, age, callerId, fault],
  );

describe('a refusal', () => {
  it('of an app’s call is listed with its parties, its reason and its request, without a whole number', async () => {
    const callerPhone = newPhone();
    const caller = await newUser({ phone: callerPhone });
    const callee = await newSuppressed();

    const response = await fetch(`${service.url}/v1/app/call/${callee.id}`, {
      headers: { authorization: `Bearer ${await service.token(caller)}` },
    });

    expect(response.status).toBe(403);
    expect(await listed(1)).toEqual([
      {
        id: expect.any(String) as unknown,
        at: expect.any(String) as unknown,
        callerId: caller,
        callerPhone: maskPhone(callerPhone),
        calleeId: callee.id,
        serviceLineId: null,
        calleePhone: maskPhone(callee.phone),
        fault: 'callee_suppressed',
        reason: ON_THE_LIST,
        askedBy: null,
        requestId: response.headers.get('x-request-id'),
        checks: expect.arrayContaining([
          { rule: 'caller_phone', saw: maskPhone(callerPhone), said: 'allowed' },
          { rule: 'callee_suppression', saw: 'on the list', said: ON_THE_LIST },
        ]) as unknown,
        count: 1,
      },
    ]);
  });

  it('of a backend’s call names the backend; a phone has no user', async () => {
    const callerPhone = newPhone();

    const answer = await backend(service).place({ caller: { phone: callerPhone }, callee: { phone: LONDON } });

    expect(answer).toMatchObject({ status: 422, body: { code: 'NUMBER_NOT_ALLOWED' } });
    expect(await listed(1)).toMatchObject([
      {
        callerId: null,
        callerPhone: maskPhone(callerPhone),
        calleeId: null,
        calleePhone: maskPhone(LONDON),
        fault: 'callee_not_allowed',
        reason: 'The number belongs to GB, which is not in ALLOWED_COUNTRIES.',
        askedBy: '9001',
        requestId: answer.headers.get('x-request-id'),
      },
    ]);
  });

  it('of a call to a service line names the line', async () => {
    const phone = newPhone();
    const line = await service.admin('POST', 'service-lines', { name: 'sales', phone, open: true, position: 0 });
    const { id } = (await line.json()) as { id: string };
    await suppress(phone);

    expect(await service.ask(await newUser(), 'callService')).toMatchObject({ returnCode: 403 });

    expect(await listed(1)).toMatchObject([{ calleeId: null, serviceLineId: id, fault: 'callee_suppressed' }]);
    expect((await service.admin('DELETE', `service-lines/${id}`)).status).toBe(204);
  });

  it('by the provider has the provider’s own words', async () => {
    const caller = await newUser();
    const callee = await newUser({ phone: newPhone('06') });

    expect(await service.ask(caller, `call/${callee}`)).toMatchObject({ returnCode: 400 });

    expect(await listed(1)).toMatchObject([
      {
        callerId: caller,
        fault: 'bad_number',
        reason: 'the provider refused (bad_number): SIM-06 the number is refused',
      },
    ]);
  });

  it('is not listed for a caller who is in a call, nor for a double tap', async () => {
    const caller = await newUser();
    const callee = await newUser({ phone: newPhone('13') });
    expect(await service.ask(caller, `call/${callee}`)).toMatchObject({ returnCode: 200 });
    const suppressed = await newSuppressed();

    expect(await service.ask(caller, `call/${callee}`)).toMatchObject({ returnCode: 200 });
    expect(await service.ask(caller, `call/${suppressed.id}`)).toMatchObject({ returnCode: 429 });
    const refused = await backend(service).place({ caller: { userId: caller }, callee: { phone: newPhone() } });
    expect(refused).toMatchObject({ status: 409, body: { code: 'CALLER_IN_A_CALL' } });
    await service.ask(await newUser(), `call/${suppressed.id}`);

    expect(await listed(1)).toMatchObject([{ calleeId: suppressed.id, count: 1 }]);
  });

  it('three hundred times is few rows with the right count', async () => {
    const caller = await newUser();
    const callee = await newSuppressed();
    let left = 300;
    const worker = async (): Promise<void> => {
      while (left-- > 0) expect(await service.ask(caller, `call/${callee.id}`)).toMatchObject({ returnCode: 403 });
    };

    await Promise.all(Array.from({ length: 20 }, worker));

    const items = await listed(300);
    expect(total(items)).toBe(300);
    expect(items.length).toBeLessThan(60);
  });

  it('does not wait for the table, even if it is locked', async () => {
    const caller = await newUser();
    const callee = await newSuppressed();
    const other = await start();
    const locking = service.database.createQueryRunner();
    await locking.startTransaction();
    try {
      await locking.query('lock table call_refusal');
      const replies = await Promise.all(Array.from({ length: 40 }, () => other.ask(caller, `call/${callee.id}`)));

      expect(replies.map(({ returnCode }) => returnCode)).toEqual(Array(40).fill(403));
    } finally {
      await locking.rollbackTransaction();
      await locking.release();
      // It writes what is left, so nothing appears in the list of the next test.
      await other.close();
    }
  });

  it('is written when the service stops', async () => {
    const caller = await newUser();
    const callee = await newSuppressed();
    const other = await start();
    await other.ask(caller, `call/${callee.id}`);

    await other.close();

    expect((await list()).items).toMatchObject([{ callerId: caller, count: 1 }]);
  });
});

describe('the journal', () => {
  const log = collectedLog();
  const aJournal = () => new RefusalJournal(service.database, createLogger('warn', log.stream));
  const refusal = (reason?: string) =>
    new NotPlaced('no_route', 'BAD_CALL_PARAMETERS', reason === undefined ? {} : { cause: new Error(reason) });
  const call = (some: Partial<RefusedCall> = {}): RefusedCall => ({
    callerId: '1001',
    calleeId: '2000',
    serviceLineId: null,
    parties: { callerPhone: '+8613900001001', calleePhone: '+8613800002000' },
    askedBy: null,
    checks: [],
    ...some,
  });
  const rows = async () => (await list('?limit=200')).items;

  it('counts equal refusals in one row; another caller, callee, fault or asker is another', async () => {
    const journal = aJournal();
    const others = [{ callerId: '1002' }, { calleeId: '2001' }, { askedBy: '9001' }, { askedBy: '9002' }];
    for (let time = 0; time < 3; time++) {
      journal.note(refusal(), call());
      for (const some of others) journal.note(refusal(), call(some));
      journal.note(new NotPlaced('same_phone', 'BAD_CALL_PARAMETERS'), call());
      journal.note(new CallerInACall('1'.repeat(32), null), call());
    }

    await journal.beforeApplicationShutdown();

    expect((await rows()).map(({ count }) => count)).toEqual(Array(6).fill(3));
  });

  it('takes phones with the same masked form for different ones', async () => {
    const journal = aJournal();
    journal.note(refusal(), call({ callerId: '-8613900001001' }));
    journal.note(refusal(), call({ callerId: '-8613911111001' }));

    await journal.beforeApplicationShutdown();

    expect(await rows()).toMatchObject([{ callerId: null }, { callerId: null }]);
  });

  it('keeps a reason without numbers, of limited length, whatever characters a provider sends', async () => {
    const journal = aJournal();
    journal.note(refusal(`\u0000 +8613800002000 \ud83d ${'x'.repeat(1_000)}`), call());

    await journal.beforeApplicationShutdown();

    const [row] = (await rows()) as unknown as [{ reason: string }];
    expect(row.reason).toMatch(/^ {2}138\*{4}2000 {3}x+$/);
    expect(row.reason).toHaveLength(500);
  });

  it('lists the calls of a caller to very many callees together, without a callee', async () => {
    const journal = aJournal();
    for (let callee = 1; callee <= 100; callee++) journal.note(refusal(), call({ calleeId: String(callee) }));
    journal.note(refusal(), call({ calleeId: '1' }));
    journal.note(refusal(), call({ callerId: '1002' }));

    await journal.beforeApplicationShutdown();

    const items = await rows();
    const together = items.filter(({ calleeId }) => calleeId === null);
    expect(together).toMatchObject([{ callerId: '1001', calleePhone: null, count: 80 }]);
    expect(items).toHaveLength(22);
    expect(total(items)).toBe(102);
  });

  it('writes at most five hundred rows at once, and says how many refusals are missing', async () => {
    const journal = aJournal();
    for (let caller = 1; caller <= 600; caller++) journal.note(refusal(), call({ callerId: String(caller) }));
    journal.note(refusal(), call({ callerId: '1' }));

    await journal.beforeApplicationShutdown();

    const [row] = await service.database.query<[{ rows: number; requests: number }]>(
      'select count(*)::int as rows, sum(count)::int as requests from call_refusal',
    );
    expect(row).toEqual({ rows: 500, requests: 501 });
    expect(log.lines().at(-1)).toMatchObject({ msg: 'refused calls are missing from their list', missing: 100 });
  });

  it('goes on after a failure of the database, and says how many refusals are missing', async () => {
    const journal = aJournal();
    const broken = aJournal();
    broken.note(refusal(), call());
    broken.note(refusal(), call());
    await service.database.query('alter table call_refusal rename to call_refusal_away');
    try {
      await broken.beforeApplicationShutdown();
    } finally {
      await service.database.query('alter table call_refusal_away rename to call_refusal');
    }
    journal.note(refusal(), call());
    await journal.beforeApplicationShutdown();

    expect(log.lines().at(-1)).toMatchObject({
      msg: 'refused calls are missing from their list',
      missing: 2,
      error: expect.anything() as unknown,
    });
    expect(await rows()).toMatchObject([{ count: 1 }]);
  });
});

describe('the list', () => {
  it('pages latest first, and new refusals do not shift the remaining pages', async () => {
    await store(5, '0 days');
    const whole = (await list()).items.map(({ id }) => id);

    const first = await list('?limit=2');
    await store(1, '-1 day');
    const second = await list(`?limit=2&after=${String(first.next)}`);
    const third = await list(`?limit=2&after=${String(second.next)}`);

    expect([first, second, third].flatMap(({ items }) => items.map(({ id }) => id))).toEqual(whole);
    expect(third.next).toBeNull();
  });

  it('filters by caller, fault and time, one by one and together', async () => {
    const externalId = '7d3f1c52-6b0e-4f0a-9c1d-2f6f0a5b8e99';
    const user = await newUser({ externalId });
    await store(2, '2 days', user, 'no_route');
    await store(1, '1 day', user, 'same_phone');
    await store(1, '1 hour', '1001', 'same_phone');
    const at = (await list()).items[1]!.at;
    const found = async (query: string) => (await list(query)).items.map(({ fault, callerId }) => [fault, callerId]);

    expect(await found(`?userId=${user}`)).toEqual([
      ['same_phone', user],
      ['no_route', user],
      ['no_route', user],
    ]);
    expect(await found(`?userId=${externalId}&fault=same_phone`)).toEqual([['same_phone', user]]);
    expect(await found('?fault=same_phone')).toEqual([
      ['same_phone', '1001'],
      ['same_phone', user],
    ]);
    expect(await found(`?fault=same_phone&from=${at}`)).toHaveLength(2);
    expect(await found(`?fault=same_phone&to=${at}`)).toEqual([]);
    expect(await found(`?userId=${user}&to=${at}`)).toHaveLength(2);
    expect(await found('?userId=nobody')).toEqual([]);
    expect(await found('?userId=7777')).toEqual([]);
  });

  it.each([
    ['colour=red', '/colour'],
    ['fault=caller_in_a_call', '/fault'],
    ['fault=', '/fault'],
    ['userId=', '/userId'],
    ['to=2026-01-01T00:00:00Z&from=2026-01-01T00:00:00Z', '/to'],
    ['from=yesterday', '/from'],
    ['after=x-y', 'after'],
    ['limit=0', '/limit'],
  ])('refuses %s', async (query, where) => {
    const response = await service.admin('GET', `refusals?${query}`);

    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errors: [{ where }] });
  });

  it('is for administrators alone', async () => {
    for (const scope of [undefined, 'calls:write calls:read']) {
      const headers = { authorization: `Bearer ${await service.token('1001', scope)}` };
      expect((await fetch(`${service.url}/v1/admin/refusals`, { headers })).status).toBe(403);
    }
  });
});

it('refusals are removed after thirty days, in several batches', async () => {
  await store(2_100, '30 days');
  await store(3, '29 days');

  await service.app.nest.get(OldRowRemoval, { strict: false }).remove();

  expect((await list()).items).toHaveLength(3);
});
