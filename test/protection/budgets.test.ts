/** Budgets: reserved when a call is placed, settled when it is over, refused when they are spent. */
import { Settling } from '../../src/call/spending/settling.js';
import { Spending } from '../../src/call/spending/spending.service.js';
import { backend, newPhone } from '../support/backend.js';
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

const changed = async (): Promise<void> => {
  await service.database.query('update price_list set version = version + 1, currency = $1', ['CNY']);
  await service.app.nest.get(Spending, { strict: false }).look();
};

/** A yuan a minute everywhere. */
const setPrice = async (perMinute = YUAN, prefix = '', provider = 'simulator', connection = 0): Promise<void> => {
  await service.database.query(
    'insert into price (provider, prefix, per_minute, step_seconds, connection) values ($1, $2, $3, 6, $4)',
    [provider, prefix, perMinute, connection],
  );
  await changed();
};

const setBudget = async (kind: string, subject: string, amount: number): Promise<void> => {
  await service.database.query(
    `insert into budget (kind, subject, period, amount, time_zone) values ($1, $2, 'day', $3, 'Asia/Shanghai')`,
    [kind, subject, amount],
  );
  await changed();
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
  await setPrice(YUAN, '', 'simulator', 500_000);
  await setBudget('all', '', 5 * YUAN);
  await setBudget('user', '*', 100 * YUAN);
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

it('give everything back after a call that nobody has answered', async () => {
  await setPrice();
  await setBudget('all', '', 4 * YUAN);

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
  await setPrice();
  await setBudget('all', '', 4 * YUAN);

  await service.ask(await newUser(), `call/${await newUser(newPhone('03'))}`);

  await settled();
  expect(await uses()).toEqual([{ subject: '', settled: '100000', reserved: '0' }]);
});

it('tell a backend, a dry run and the list of refusals which one is spent', async () => {
  await setPrice();
  await setBudget('all', '', 4 * YUAN - 1);
  const [caller, callee] = [await newUser(), await newUser()];
  const [{ id }] = await service.database.query<[{ id: string }]>('select id from budget');
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

it('count a backend’s shorter talk', async () => {
  await setPrice();
  await setBudget('all', '', 4 * YUAN - 1);
  const phones = { caller: { phone: newPhone(TALKS_ON) }, callee: { phone: newPhone(TALKS_ON) } };

  expect(await backend(service).place({ ...phones, limits: { longestTalk: 30 } })).toMatchObject({ status: 201 });

  expect(await uses()).toEqual([{ subject: '', settled: '0', reserved: String(3 * YUAN) }]);
});

it('count each user apart, and no phone that a backend names', async () => {
  await setPrice();
  await setBudget('user', '*', 4 * YUAN);
  const [caller, other, callee] = [await newUser(), await newUser(), await newUser()];
  await service.database.query(`update budget set amount = 7000000`);
  await changed();

  const { data } = await service.ask(caller, `call/${callee}`);
  await service.ask(caller, `callCancel/${data!.callSid!}`);
  expect(await service.ask(caller, `call/${callee}`)).toEqual(STOPPED);
  expect(await service.ask(other, `call/${callee}`)).toMatchObject({ returnCode: 200 });
  expect(await backend(service).place({ caller: { phone: newPhone() }, callee: { phone: newPhone() } })).toMatchObject({
    status: 201,
  });
  await settled([caller]);
  expect(await service.ask(caller, `call/${callee}`)).toMatchObject({ returnCode: 200 });
});

it('count the calls under a sub-account', async () => {
  await setPrice();
  await setBudget('sub_account', 'simulator/poor-1', YUAN);
  const subAccounts = [{ provider: 'simulator', externalId: 'poor-1', secret: 'a secret of the simulator' }];
  const id = String(nextUser++);
  await service.admin('PUT', 'users', { users: [{ id, name: id, phone: newPhone(), subAccounts }] });

  expect(await service.ask(id, `call/${await newUser()}`)).toEqual(STOPPED);
  expect(await service.ask(await newUser(), `call/${await newUser()}`)).toMatchObject({ returnCode: 200 });
});

it('use the longest prefix, and no provider without a price', async () => {
  await setPrice(YUAN, '+86');
  await setPrice(0, '+86139');
  await setBudget('all', '', YUAN);
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
  await setBudget('all', '', 0);

  expect(await service.ask(await newUser(), `call/${await newUser()}`)).toMatchObject({ returnCode: 200 });
  expect(await uses()).toEqual([]);
});
