/** How many different numbers a caller may call: on two replicas, for an app and for a backend. */
import { PlacingLimits } from '../../src/call/placement/placing-limits.js';
import { backend, newPhone } from '../support/backend.js';
import { endCall } from '../support/end-call.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

let database: TestDatabase;
let replicas: TestApp[];

beforeAll(async () => {
  database = await createTestDatabase();
  const environment = {
    CALLEES_PER_CALLER: '3/1d',
    CALLS_PER_CALLER: 'off',
    CALLS_PER_CALLEE: 'off',
    SIMULATOR_SHARES_ACCOUNT: 'true',
  };
  const start = () => startTestApp({ databaseUrl: database.url, environment });
  replicas = [await start(), await start()];
});
afterAll(async () => {
  await Promise.all(replicas.map((one) => one.close()));
  await database.drop();
});

const replica = (turn: number): TestApp => replicas[turn % 2]!;

/** Places a call and ends it. */
const callOnce = async (turn: number, userId: string, path: string) => {
  const response = await fetch(`${replica(turn).url}/v1/app/${path}`, {
    headers: { authorization: `Bearer ${await replica(turn).token(userId)}` },
  });
  const body = (await response.json()) as { returnCode: number; data?: { callSid?: string } };
  const callSid = body.data?.callSid;
  if (callSid !== undefined) await endCall(replica(turn), userId, callSid);
  return { returnCode: body.returnCode, status: response.status, retryAfter: response.headers.get('retry-after') };
};

it('says nothing about the target to a caller who may call no other number', async () => {
  const users = [{ id: '7100', name: 'A caller', phone: newPhone() }];
  expect((await replica(0).admin('PUT', 'users', { users })).status).toBe(200);
  for (const [turn, callee] of ['2000', '2001', '2002'].entries()) await callOnce(turn, '7100', `call/${callee}`);

  for (const turn of [0, 1]) {
    for (const target of ['987654321', '2004']) {
      expect(await callOnce(turn, '7100', `call/${target}`)).toMatchObject({ status: 429 });
    }
  }
});

it('refuses an app’s caller another number, and neither the known ones nor a service line', async () => {
  for (const [turn, callee] of ['2000', '2001', '2002', '2000', '2001'].entries()) {
    expect(await callOnce(turn, '1010', `call/${callee}`)).toMatchObject({ returnCode: 200 });
  }

  for (const [turn, callee] of ['2003', '2004', '2003', '2004'].entries()) {
    const refused = await callOnce(turn, '1010', `call/${callee}`);
    expect(refused).toMatchObject({ returnCode: 429, status: 429 });
    expect(Number(refused.retryAfter)).toBeGreaterThan(86_000);
  }
  for (const turn of [0, 1]) {
    expect(await callOnce(turn, '1010', 'call/2002')).toMatchObject({ returnCode: 200 });
    expect(await callOnce(turn, '1010', 'callService')).toMatchObject({ returnCode: 200 });
  }
  expect(await callOnce(0, '1011', 'call/2003')).toMatchObject({ returnCode: 200 });
});

it('tells a backend and the dry run of it', async () => {
  const caller = { phone: newPhone() };
  const place = (turn: number, phone = newPhone()) => backend(replica(turn)).place({ caller, callee: { phone } });
  for (const turn of [0, 1, 0]) {
    const { body } = await place(turn);
    await backend(replica(turn)).ask('POST', `/${String(body.callSid)}/cancel`);
  }

  for (const turn of [1, 0, 1]) {
    const refused = await place(turn);
    expect(refused).toMatchObject({ status: 429, body: { code: 'CALLER_CALLS_TOO_MANY_NUMBERS' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(86_000);
  }
  for (const callee of ['2000', '2001', '2002']) await callOnce(0, '1012', `call/${callee}`);
  const dryRun = await replica(1).admin('GET', 'dry-run?callerId=1012&calleeId=2003');
  expect(await dryRun.json()).toMatchObject({
    carrier: null,
    why: 'The caller has called 3 numbers within 86400 s, as many as CALLEES_PER_CALLER allows.',
  });
  const known = await replica(1).admin('GET', 'dry-run?callerId=1012&calleeId=2002');
  expect(await known.json()).toMatchObject({ carrier: 'simulator' });
});

it('remembers a refusal for all numbers but those that the caller has called', async () => {
  const { database } = replica(0);
  const limits = new PlacingLimits(database, {
    callsPerCaller: [],
    calleesPerCaller: [{ calls: 2, seconds: 3_600 }],
    callsPerCallee: [],
    oneCallPerCallee: false,
  });
  const [known, other] = [newPhone(), newPhone()];
  const call = (calleePhone: string) => ({ callerId: '7', calleePhone, isServiceLine: false, lineCallsAtOnce: null });
  await database.query(
    `insert into recent_calls values ('callees of 7', array[now() - interval '10 minutes', now()], array[$1, $2])`,
    [known, newPhone()],
  );
  expect(limits.remembered(call(other)).ofCallees).toBeNull();

  expect((await limits.find(call(other))).ofCallees).toEqual({
    rate: { calls: 2, seconds: 3_600 },
    retryAfterSeconds: 3_000,
  });
  expect(limits.remembered(call(other)).ofCallees).not.toBeNull();
  expect(limits.remembered(call(newPhone())).ofCallees).not.toBeNull();
  expect(limits.remembered(call(known)).ofCallees).toBeNull();
});
