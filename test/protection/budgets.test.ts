/** Budgets: reserved when a call is placed, settled when it is over, refused when they are spent. */
import { OldRowRemoval } from '../../src/call/reconciliation/old-row-removal.js';
import { minCallSidAt } from '../../src/call/record/call-sid.js';
import { localTime } from '../../src/common/local-time.js';
import { Settling } from '../../src/call/spending/settling.js';
import { Spending } from '../../src/call/spending/spending.service.js';
import { takeTurn } from '../../src/postgres/take-turn.js';
import { backend, newPhone } from '../support/backend.js';
import { endCall } from '../support/end-call.js';
import { putPrices } from '../support/put-prices.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

const STOPPED = { returnCode: 403, returnMsg: '呼叫功能已停用,请联系管理员!' };
/** A call to such a number goes on until it is canceled. */
const TALKS_ON = '13';

/** Millionths. */
const YUAN = 1_000_000;

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp({
    environment: {
      SIMULATOR_SHARES_ACCOUNT: 'true',
      // So a call costs at most (90 + 30 + 60) s to the caller and 60 s to the callee: 3 minutes and one.
      LONGEST_REQUESTED: '90',
      LONGEST_RINGING: '30',
      LONGEST_TALK: '60',
      RING_CALLEE: '20',
    },
  });
});
beforeEach(async () => {
  await service.database.query('truncate price, budget, budget_use, call_cost');
});
afterAll(() => service.close());

interface Use {
  readonly subject: string;
  readonly settled: string;
  readonly reserved: string;
}

const uses = (): Promise<Use[]> =>
  service.database.query('select subject, settled, reserved from budget_use order by budget_id, subject');

/** In place of waiting for the look that the service takes each second. */
const lookAgain = (): Promise<void> => service.app.nest.get(Spending, { strict: false }).look();

const importPrices = async (body: string): Promise<{ status: number; body: unknown }> => {
  const response = await putPrices(service, body);
  return { status: response.status, body: await response.json() };
};

const HEAD = 'provider,prefix,pricePerMinute,currency,billingStep,connectionFee';

/** By default, a yuan a minute everywhere. */
const setPrices = async (...rows: string[]): Promise<void> => {
  const list = rows.length > 0 ? rows : ['simulator,,1,CNY,6,0'];
  expect(await importPrices([HEAD, ...list].join('\n'))).toEqual({
    status: 200,
    body: { prices: list.length, currency: 'CNY' },
  });
  await lookAgain();
};

const putBudget = async (budget: object): Promise<{ status: number; body: Record<string, unknown> }> => {
  const response = await service.admin('PUT', 'budgets', { period: 'day', timeZone: 'Asia/Shanghai', ...budget });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

const setBudget = async (kind: string, subject: string | undefined, amount: string): Promise<string> => {
  const { status, body } = await putBudget({ kind, subject, amount });
  expect([200, 201]).toContain(status);
  await lookAgain();
  return body.id as string;
};

let nextUser = 90_000;
const newUser = async (phone = newPhone(TALKS_ON)): Promise<string> => {
  const id = String(nextUser++);
  expect((await service.admin('PUT', 'users', { users: [{ id, name: id, phone }] })).status).toBe(200);
  return id;
};

const settled = async (subjects = ['']): Promise<void> => {
  await waitFor('the settling', async () => {
    await service.app.nest.get(Settling, { strict: false }).look();
    return (await uses()).every(({ subject, reserved }) => reserved === '0' || !subjects.includes(subject));
  });
};

it('reserve the most that a call may cost, for both legs, and settle what it has cost', async () => {
  await setPrices('simulator,,1,CNY,6,0.5');
  await setBudget('all', undefined, '5');
  await setBudget('user', '*', '100');
  const [caller, callee] = [await newUser(), await newUser(newPhone('00'))];

  expect(await service.ask(caller, `call/${callee}`)).toMatchObject({ returnCode: 200 });

  const reserved = { settled: '0', reserved: String(5 * YUAN) };
  expect(await uses()).toEqual([
    { subject: '', ...reserved },
    { subject: caller, ...reserved },
  ]);
  expect(await service.ask(await newUser(), `call/${callee}`)).toEqual(STOPPED);
  await settled();
  // One step of six seconds to each, and twice the connection fee.
  expect((await uses())[0]).toEqual({ subject: '', settled: String(200_000 + YUAN), reserved: '0' });
});

it('allow calls again as soon as there is more money', async () => {
  await setPrices();
  const id = await setBudget('all', undefined, '3');
  const [caller, callee] = [await newUser(), await newUser()];
  expect(await service.ask(caller, `call/${callee}`)).toEqual(STOPPED);
  expect(await service.ask(caller, `call/${callee}`)).toEqual(STOPPED);

  expect(await setBudget('all', undefined, '4')).toBe(id);
  expect(await service.ask(caller, `call/${callee}`)).toMatchObject({ returnCode: 200 });
});

it('give everything back after a call that nobody has answered', async () => {
  await setPrices();
  await setBudget('all', undefined, '4');

  expect(await service.ask(await newUser(), `call/${await newUser(newPhone('05'))}`)).toMatchObject({
    returnCode: 200,
  });

  await settled();
  expect(await uses()).toEqual([{ subject: '', settled: '0', reserved: '0' }]);
  await service.ask(await newUser(), `call/${await newUser(newPhone('06'))}`);
  await settled();
  expect(await uses()).toEqual([{ subject: '', settled: '0', reserved: '0' }]);
});

it('charge only the caller’s leg where the callee has not answered', async () => {
  await setPrices();
  await setBudget('all', undefined, '4');

  await service.ask(await newUser(), `call/${await newUser(newPhone('03'))}`);

  await settled();
  expect(await uses()).toEqual([{ subject: '', settled: '100000', reserved: '0' }]);
});

it('tell a backend, a dry run and the list of refusals which one is spent', async () => {
  await setPrices();
  const id = await setBudget('all', undefined, '3.999999');
  const [caller, callee] = [await newUser(), await newUser()];
  const why = `The call may cost 4 CNY, and budget ${id} (all, a day) has 3.999999 left.`;

  expect(await service.ask(caller, `call/${callee}`)).toEqual(STOPPED);

  const phones = { caller: { phone: newPhone() }, callee: { phone: newPhone() } };
  expect(await backend(service).place(phones)).toMatchObject({ status: 403, body: { code: 'BUDGET_SPENT' } });
  const dryRun = (await (await service.admin('GET', `dry-run?callerId=${caller}&calleeId=${callee}`)).json()) as object;
  expect(dryRun).toMatchObject({ why, carrier: null });
  await waitFor('the refusal', async () => {
    const page = await (await service.admin('GET', `refusals?userId=${caller}&fault=budget_spent`)).json();
    return (page as { items: { reason: string }[] }).items[0]?.reason === why;
  });
  expect(await uses()).toEqual([]);
});

it('write nothing for a caller who goes on asking, and wait for no other call', async () => {
  await setPrices();
  await setBudget('all', undefined, '7');
  const [caller, callee] = [await newUser(), await newUser()];
  await service.ask(await newUser(), `call/${await newUser()}`);
  expect(await service.ask(caller, `call/${callee}`)).toEqual(STOPPED);
  const other = service.database.createQueryRunner();
  await other.startTransaction();
  await other.query('lock table call_records, recent_calls, budget_use in exclusive mode');

  try {
    expect(await service.ask(caller, `call/${callee}`)).toEqual(STOPPED);
  } finally {
    await other.rollbackTransaction();
    await other.release();
  }
  await setBudget('all', undefined, '8');
  expect(await service.ask(caller, `call/${callee}`)).toMatchObject({ returnCode: 200 });
});

it('reserve the dearest number of a service line, and settle with the price of the one that answers', async () => {
  const [dear, cheap] = [newPhone('01'), newPhone('00')];
  await setPrices('simulator,,1,CNY,6,0', `simulator,${dear},10,CNY,6,0`);
  await setBudget('all', undefined, '13');
  const phones = [dear, cheap].map((phone) => ({ phone, ringSeconds: 10 }));
  const created = await service.admin('POST', 'service-lines', { name: 'line', open: true, position: 0, phones });
  const { id } = (await created.json()) as { id: string };
  const callee = { serviceLine: id };

  expect(await backend(service).place({ caller: { phone: newPhone() }, callee })).toMatchObject({ status: 201 });

  expect(await uses()).toEqual([{ subject: '', settled: '0', reserved: String(13 * YUAN) }]);
  await settled();
  // One step of six seconds to each.
  expect(await uses()).toEqual([{ subject: '', settled: '200000', reserved: '0' }]);
  await service.admin('DELETE', `service-lines/${id}`);
});

it('count a backend’s shorter talk', async () => {
  await setPrices();
  await setBudget('all', undefined, '3.999999');
  const phones = { caller: { phone: newPhone(TALKS_ON) }, callee: { phone: newPhone(TALKS_ON) } };

  expect(await backend(service).place({ ...phones, limits: { longestTalk: 30 } })).toMatchObject({ status: 201 });

  expect(await uses()).toEqual([{ subject: '', settled: '0', reserved: String(3 * YUAN) }]);
});

it('count each user apart, and no phone that a backend names', async () => {
  await setPrices();
  await setBudget('user', '*', '1');
  await setBudget('user', '*', '7');
  const [caller, other, callee] = [await newUser(), await newUser(), await newUser()];

  const { data } = await service.ask(caller, `call/${callee}`);
  await endCall(service, caller, data!.callSid!);
  expect(await service.ask(caller, `call/${callee}`)).toEqual(STOPPED);
  expect(await service.ask(other, `call/${callee}`)).toMatchObject({ returnCode: 200 });
  expect(await backend(service).place({ caller: { phone: newPhone() }, callee: { phone: newPhone() } })).toMatchObject({
    status: 201,
  });
  await settled([caller]);
  expect(await service.ask(caller, `call/${callee}`)).toMatchObject({ returnCode: 200 });
});

it('count the calls under a sub-account', async () => {
  await setPrices();
  await setBudget('sub_account', 'simulator/poor-1', '1');
  const subAccounts = [{ provider: 'simulator', externalId: 'poor-1', secret: 'a secret of the simulator' }];
  const id = String(nextUser++);
  await service.admin('PUT', 'users', { users: [{ id, name: id, phone: newPhone(), subAccounts }] });

  expect(await service.ask(id, `call/${await newUser()}`)).toEqual(STOPPED);
  expect(await service.ask(await newUser(), `call/${await newUser()}`)).toMatchObject({ returnCode: 200 });
});

it('use the longest prefix, and no provider without a price', async () => {
  await setPrices('simulator,+86,1,CNY,6,0', 'simulator,+86139,0,CNY,6,0', 'other,,0,CNY,6,0');
  await setBudget('all', undefined, '1');
  const [caller, callee] = [await newUser(), await newUser()];

  expect(await service.ask(caller, `call/${callee}`)).toMatchObject({ returnCode: 200 });
  expect(await service.ask(await newUser(), `call/${await newUser('+8613800002013')}`)).toMatchObject({
    returnCode: 200,
  });
  expect(await service.ask(await newUser(), `call/${await newUser('+8613800002113')}`)).toEqual(STOPPED);
  const foreign = await newUser('+442079460013');
  expect(await service.ask(await newUser(), `call/${foreign}`)).toMatchObject({ returnCode: 400 });
  expect(await backend(service).place({ caller: { phone: newPhone() }, callee: { userId: foreign } })).toMatchObject({
    status: 422,
    body: { code: 'NUMBER_NOT_ALLOWED', errors: [{ where: '/callee' }] },
  });
});

it('count nothing without a price list', async () => {
  await setBudget('all', undefined, '0');

  expect(await service.ask(await newUser(), `call/${await newUser()}`)).toMatchObject({ returnCode: 200 });
  expect(await uses()).toEqual([]);
});

const listed = async (): Promise<Record<string, unknown>[]> =>
  ((await (await service.admin('GET', 'budgets')).json()) as { items: Record<string, unknown>[] }).items;

it('show what is settled, reserved and left, and hold a change and a removal', async () => {
  await setPrices();
  await newUser();
  const [caller, callee] = [await newUser(), await newUser(newPhone('00'))];
  const first = { kind: 'all', amount: '10.5', period: 'month', timeZone: 'America/New_York' };
  expect(await putBudget(first)).toMatchObject({
    status: 201,
    body: { ...first, subject: '', currency: 'CNY', settled: '0', reserved: '0', left: '10.5' },
  });
  const { body } = await putBudget({ ...first, amount: '11.5' });
  await lookAgain();

  await service.ask(caller, `call/${callee}`);

  expect(await listed()).toMatchObject([{ id: body.id, amount: '11.5', settled: '0', reserved: '4', left: '7.5' }]);
  await settled();
  expect(await listed()).toMatchObject([{ settled: '0.2', reserved: '0', left: '11.3' }]);
  expect((await service.admin('DELETE', `budgets/${body.id as string}`)).status).toBe(204);
  expect((await service.admin('DELETE', `budgets/${body.id as string}`)).status).toBe(404);
  expect(await listed()).toEqual([]);
});

it('show nothing used of a budget of each user', async () => {
  await setBudget('user', '*', '4');

  expect(await listed()).toMatchObject([{ subject: '*', settled: null, reserved: null, left: null }]);
});

it.each([
  [{ kind: 'planet', amount: '1' }, '/kind'],
  [{ kind: 'all', amount: 1 }, '/amount'],
  [{ kind: 'all', amount: '-1' }, '/amount'],
  [{ kind: 'all', amount: '0.1234567' }, '/amount'],
  [{ kind: 'all', amount: '1', period: 'week' }, '/period'],
  [{ kind: 'all', amount: '1', timeZone: '+08:00' }, '/timeZone'],
  // Node takes these for zones. PostgreSQL does not know the first two, and has another zone under the third.
  [{ kind: 'all', amount: '1', timeZone: 'CTT' }, '/timeZone'],
  [{ kind: 'all', amount: '1', timeZone: 'US/Pacific-New' }, '/timeZone'],
  [{ kind: 'all', amount: '1', timeZone: 'BST' }, '/timeZone'],
  [{ kind: 'all', amount: '1', subject: '1001' }, '/subject'],
  [{ kind: 'user', amount: '1' }, '/subject'],
  [{ kind: 'user', amount: '1', subject: '999999' }, '/subject'],
  [{ kind: 'sub_account', amount: '1', subject: 'simulator' }, '/subject'],
])('refuse %j', async (budget, where) => {
  expect(await putBudget(budget)).toMatchObject({ status: 400, body: { code: 'BAD_REQUEST', errors: [{ where }] } });
  expect(await listed()).toEqual([]);
});

it.each(['Asia/Shanghai', 'America/New_York', 'Australia/Lord_Howe'])(
  'begin a day at midnight in %s, and a month on its first day',
  async (timeZone) => {
    const ofDay = (await putBudget({ kind: 'all', amount: '1', timeZone })).body;
    const ofMonth = (await putBudget({ kind: 'all', amount: '1', timeZone, period: 'month' })).body;

    const today = localTime(timeZone, new Date()).date;
    expect(localTime(timeZone, new Date(ofDay.periodStart as string))).toEqual({ date: today, minute: 0 });
    const first = { date: `${today.slice(0, 8)}01`, minute: 0 };
    expect(localTime(timeZone, new Date(ofMonth.periodStart as string))).toEqual(first);
  },
);

it('are kept for 400 days, and longer while something is reserved', async () => {
  const use = `insert into budget_use select 1, subject, now() - interval '401 days' + shift * interval '1 day', 0, reserved
    from (values ('old', 0, 0), ('young', 2, 0), ('reserved', 0, 1)) as one (subject, shift, reserved)`;
  await service.database.query(use);
  const cost = (age: number) => minCallSidAt(new Date(Date.now() - age * 86_400_000));
  const [oldest, old, young] = [cost(402), cost(401), cost(399)];
  await service.database.transaction(async (other) => {
    // Else the call without a record is settled at some time, and removed.
    await waitFor('the turn to settle', () => takeTurn(other, 'settle calls'));
    await service.database.query(
      `insert into call_cost select sid, 1, settled, '{}', '{}', '{}', '{}'
       from unnest($1::text[], $2::bigint[]) as one (sid, settled)`,
      [
        [old, young, oldest],
        [1, 1, null],
      ],
    );

    await service.app.nest.get(OldRowRemoval, { strict: false }).remove();
  });

  expect((await uses()).map(({ subject }) => subject)).toEqual(['reserved', 'young']);
  const left = await service.database.query<{ call_sid: string }[]>('select call_sid from call_cost order by call_sid');
  expect(left.map((row) => row.call_sid)).toEqual([oldest, young]);
});

describe('a price list', () => {
  const exported = async (): Promise<string> =>
    Buffer.from(await (await service.admin('GET', 'prices.csv')).arrayBuffer()).toString();

  it('comes out as it went in, and replaces the one before', async () => {
    await setPrices('simulator,+86,0.12,CNY,60,0.000001', 'simulator,,999999999.999999,CNY,,');
    const file = await exported();

    expect(file).toBe(
      [`\ufeff${HEAD}`, 'simulator,,999999999.999999,CNY,60,0', "simulator,'+86,0.12,CNY,60,0.000001", ''].join('\r\n'),
    );
    await setPrices();
    expect(await importPrices(file)).toEqual({ status: 200, body: { prices: 2, currency: 'CNY' } });
    expect(await exported()).toBe(file);
    expect(await importPrices(HEAD)).toEqual({ status: 200, body: { prices: 0, currency: null } });
    expect(await exported()).toBe(`\ufeff${HEAD}\r\n`);
  });

  it('is sent in parts, and broken off if another list takes its place', async () => {
    const rows = Array.from({ length: 3_000 }, (_, index) => `simulator,'+86${1_000 + index},0.12,CNY,60,0.000001`);
    expect((await importPrices([HEAD, ...rows].join('\n'))).status).toBe(200);
    expect(await exported()).toBe([`\ufeff${HEAD}`, ...rows, ''].join('\r\n'));
    const query = service.database.query.bind(service.database);
    let parts = 0;
    const reading = jest.spyOn(service.database, 'query').mockImplementation((async (
      text: string,
      values?: unknown[],
    ) => {
      if (text.includes('(provider, prefix) >') && ++parts === 3) await importPrices(HEAD);
      return query(text, values);
    }) as never);

    const response = await service.admin('GET', 'prices.csv');
    await expect(response.text()).rejects.toThrow();
    reading.mockRestore();

    expect(parts).toBe(3);
  });

  it.each([
    ['Twilio,,1,CNY,6,0', 'line 2, provider'],
    ['twilio,86a,1,CNY,6,0', 'line 2, prefix'],
    ['twilio,,1e3,CNY,6,0', 'line 2, pricePerMinute'],
    ['twilio,,,CNY,6,0', 'line 2, pricePerMinute'],
    ['twilio,,1,yuan,6,0', 'line 2, currency'],
    ['twilio,,1,CNY,0,0', 'line 2, billingStep'],
    ['twilio,,1,CNY,6,-1', 'line 2, connectionFee'],
    ['twilio,,1,CNY,6', 'line 2'],
    ['twilio,,1,CNY,6,0\ntwilio,,2,CNY,6,0', 'line 3, prefix'],
    ['twilio,,1,CNY,6,0\ntwilio,1,2,USD,6,0', 'line 3, currency'],
  ])('is refused as a whole for %j', async (rows, where) => {
    await setPrices();
    const before = await exported();

    const { status, body } = await importPrices(`${HEAD}\n${rows}\nsimulator,+1,2,CNY,6,0`);

    expect({ status, body }).toMatchObject({ status: 400, body: { errors: [{ where }] } });
    expect(await exported()).toBe(before);
  });

  it('keeps its currency while there are budgets', async () => {
    await setPrices();
    await setBudget('all', undefined, '1');

    expect(await importPrices(`${HEAD}\nsimulator,,1,USD,6,0`)).toMatchObject({
      status: 409,
      body: { code: 'CONFLICT' },
    });
    await service.database.query('truncate budget');
    expect(await importPrices(`${HEAD}\nsimulator,,1,USD,6,0`)).toMatchObject({ status: 200 });
  });
});

it('refuse a call that may cost more than a bigint of PostgreSQL holds', async () => {
  const long = await startTestApp({ environment: { SIMULATOR_SHARES_ACCOUNT: 'true', LONGEST_TALK: '864000' } });
  try {
    await long.database.query(
      `insert into price (provider, prefix, per_minute, step_seconds, connection) values ('simulator', '', 999999999999999, 60, 0)`,
    );
    await long.database.query(`update price_list set version = version + 1, currency = 'CNY'`);
    const budget = { kind: 'all', period: 'day', amount: '999999999', timeZone: 'UTC' };
    expect((await long.admin('PUT', 'budgets', budget)).status).toBe(201);
    await long.app.nest.get(Spending, { strict: false }).look();

    expect(await long.ask('1001', 'call/2000')).toEqual(STOPPED);
  } finally {
    await long.close();
  }
});
