/** How often a caller calls, and how often a number is called: on two replicas, for an app and for a backend. */
import { inspect } from 'node:util';
import { PlacingLimits } from '../../src/call/placement/placing-limits.js';
import { LimitSpent } from '../../src/call/record/open-call.js';
import { callerSubject, removeStaleCalls } from '../../src/call/record/recent-calls.js';
import { poolOf } from '../../src/postgres/prepared-statement.js';
import { backend, newPhone, type Answer, type Backend } from '../support/backend.js';
import { collectedLog } from '../support/collected-log.js';
import { endAtProvider } from '../support/end-at-provider.js';
import { endCall } from '../support/end-call.js';
import { startReplicasAtCarrier, type ReplicasAtCarrier } from '../support/replicas-at-carrier.js';
import { NO_LIMITS, storeCall } from '../support/stored-call.js';
import type { Envelope, TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

/** A call to such a number goes on until it is canceled. */
const TALKS_ON = '13';
const LIMITS = { CALLS_PER_CALLER: '3/1m,100/1d', CALLS_PER_CALLEE: '4/5m,10/1d', ONE_CALL_PER_CALLEE: 'true' };

const log = collectedLog();
let both: ReplicasAtCarrier;

beforeAll(async () => {
  both = await startReplicasAtCarrier({ environment: { ...LIMITS, LOG_LEVEL: 'info' }, logTo: log.stream });
});
afterAll(() => both.close());

/** By turns. */
const replica = (turn: number): TestApp => both.replica(turn);
const backendAt = (turn: number): Backend => backend(replica(turn));

let nextUser = 50_000;

const newUser = async (phone = newPhone()): Promise<string> => {
  const id = String(nextUser++);
  expect((await replica(0).admin('PUT', 'users', { users: [{ id, name: id, phone }] })).status).toBe(200);
  return id;
};

/** Asks as an app does. */
const ask = async (turn: number, userId: string, path: string) => {
  const response = await fetch(`${replica(turn).url}/v1/app/${path}`, {
    headers: { authorization: `Bearer ${await replica(turn).token(userId)}` },
  });
  return {
    status: response.status,
    name: response.headers.get('x-ringback-error'),
    retryAfter: response.headers.get('retry-after'),
    body: (await response.json()) as Envelope,
  };
};

/** Places a call and ends it, so that nothing but a rate can refuse the next one. */
const callOnce = async (turn: number, userId: string, calleeId: string) => {
  const answer = await ask(turn, userId, `call/${calleeId}`);
  const callSid = answer.body.data?.callSid;
  if (callSid !== undefined) await endCall(replica(turn), userId, callSid);
  return answer;
};

const seconds = (text: string | null): number => Number(text);
const countCalls = async (calleePhone: string): Promise<number> => {
  const [row] = await replica(0).database.query<{ count: number }[]>(
    'select count(*)::int as count from call_records where callee_phone = $1',
    [calleePhone],
  );
  return row!.count;
};

it('say nothing about the target to a caller who may place no more calls', async () => {
  const [caller, callee, withoutPhone] = [await newUser(), await newUser(), await newUser()];
  expect((await replica(0).admin('PATCH', `users/${withoutPhone}`, { phone: null })).status).toBe(200);
  const suppressed = newPhone();
  const listed = await newUser(suppressed);
  const rows = { suppressions: [{ phone: suppressed }] };
  expect((await replica(0).admin('PUT', 'suppressions', rows)).status).toBe(200);
  for (let turn = 0; turn < 3; turn++) await callOnce(turn, caller, callee);

  // On the other replica, which has not refused the caller yet, first about a target that does not exist.
  for (const turn of [0, 1]) {
    for (const target of ['987654321', withoutPhone, listed, callee]) {
      expect(await ask(turn, caller, `call/${target}`)).toMatchObject({ status: 429, name: 'TOO_MANY_CALLS' });
    }
  }
});

it('refuses an app’s caller who has placed as many calls as allowed, on either replica', async () => {
  const caller = await newUser();
  for (const turn of [0, 1, 0]) {
    expect(await callOnce(turn, caller, await newUser())).toMatchObject({ body: { returnCode: 200 } });
  }

  for (const turn of [1, 0, 1, 0]) {
    const refused = await callOnce(turn, caller, await newUser());
    expect(refused).toMatchObject({
      status: 429,
      name: 'TOO_MANY_CALLS',
      body: { returnCode: 429, returnMsg: '呼叫过于频繁,请稍后再试!' },
    });
    expect(seconds(refused.retryAfter)).toBeGreaterThan(50);
    expect(seconds(refused.retryAfter)).toBeLessThanOrEqual(60);
  }
  expect(log.text()).toContain('The caller has placed 3 calls within 60 s, as many as CALLS_PER_CALLER allows.');
  expect(await callOnce(0, await newUser(), await newUser())).toMatchObject({ body: { returnCode: 200 } });
});

it('returns the running call to a caller who taps again, and does not count the taps', async () => {
  const caller = await newUser();
  const callee = await newUser(newPhone(TALKS_ON));
  const first = await ask(0, caller, `call/${callee}`);
  const taps = await Promise.all([1, 0, 1, 0, 1, 0].map((turn) => ask(turn, caller, `call/${callee}`)));

  expect(new Set(taps.map(({ body }) => body.data?.callSid))).toEqual(new Set([first.body.data!.callSid]));
  await endCall(replica(0), caller, String(first.body.data!.callSid));
  for (const turn of [0, 1]) {
    expect(await callOnce(turn, caller, await newUser())).toMatchObject({ body: { returnCode: 200 } });
  }
  expect(await callOnce(0, caller, await newUser())).toMatchObject({ status: 429 });
});

it('refuses calls to a number that is in a call, without saying why to an app', async () => {
  const phone = newPhone(TALKS_ON);
  const callee = await newUser(phone);
  const first = await ask(0, await newUser(), `call/${callee}`);
  expect(first.body.returnCode).toBe(200);

  expect(await ask(1, await newUser(), `call/${callee}`)).toEqual({
    status: 403,
    name: 'CALLEE_UNAVAILABLE',
    retryAfter: null,
    body: { returnCode: 403, returnMsg: '对方暂不接受来电!' },
  });
  expect(await backendAt(1).place({ caller: { phone: newPhone() }, callee: { phone } })).toMatchObject({
    status: 409,
    body: { code: 'CALLEE_IN_A_CALL' },
  });
  const dryRun = await replica(1).admin('GET', `dry-run?callerId=${await newUser()}&calleeId=${callee}`);
  expect(await dryRun.json()).toMatchObject({
    carrier: null,
    why: expect.stringContaining('in another call') as unknown,
  });
});

it('counts the calls to a number, whoever calls, and tells only a backend when the next one is allowed', async () => {
  const phone = newPhone();
  const callee = await newUser(phone);
  for (const turn of [0, 1, 0, 1]) {
    expect(await callOnce(turn, await newUser(), callee)).toMatchObject({ body: { returnCode: 200 } });
  }

  expect(await callOnce(0, await newUser(), callee)).toMatchObject({ status: 403, retryAfter: null });
  for (const turn of [0, 1, 1]) {
    const refused = await backendAt(turn).place({ caller: { phone: newPhone() }, callee: { phone } });
    expect(refused).toMatchObject({ status: 429, body: { code: 'CALLEE_CALLED_TOO_OFTEN' } });
    expect(seconds(refused.headers.get('retry-after'))).toBeGreaterThan(290);
  }
  const dryRun = await replica(1).admin(
    'GET',
    `dry-run?callerId=${await newUser()}&phone=${encodeURIComponent(phone)}`,
  );
  expect(await dryRun.json()).toMatchObject({ why: expect.stringContaining('CALLS_PER_CALLEE') as unknown });
  expect(await countCalls(phone)).toBe(4);
});

it('places exactly as many of five hundred calls at once as allowed, and one at a time', async () => {
  const phone = newPhone(TALKS_ON);
  const answers: Answer[] = [];
  const left = Array.from({ length: 500 }, (_, turn) => turn);
  const worker = async (): Promise<void> => {
    for (let turn = left.pop(); turn !== undefined; turn = left.pop()) {
      answers.push(await backendAt(turn).place({ caller: { phone: newPhone() }, callee: { phone } }));
    }
  };
  await Promise.all(Array.from({ length: 18 }, worker));

  const placed = answers.filter(({ status }) => status === 201);
  expect(placed).toHaveLength(1);
  expect(new Set(answers.map(({ body }) => body.code))).toEqual(new Set([undefined, 'CALLEE_IN_A_CALL']));
  expect(await countCalls(phone)).toBe(1);
});

it('gives all requests with one key the one call, also where it has spent the rate', async () => {
  const body = { caller: { phone: newPhone() }, callee: { phone: newPhone(TALKS_ON) } };
  const key = `key of ${body.caller.phone}`;
  const answers = await Promise.all(Array.from({ length: 8 }, (_, turn) => backendAt(turn).place(body, key)));
  const again = await backendAt(1).place(body, key);

  const codes = new Set(answers.map(({ status, body: { code } }) => (status === 201 ? 'placed' : code)));
  expect([...codes].filter((code) => code !== 'placed' && code !== 'REQUEST_IN_PROGRESS')).toEqual([]);
  expect(again).toMatchObject({ status: 201 });
  expect(await countCalls(body.callee.phone)).toBe(1);
});

it('opens exactly as many of many calls at one instant as a rate allows', async () => {
  const limits = { ...NO_LIMITS, perCallee: [{ calls: 4, seconds: 300 }] };
  const calleePhone = newPhone();
  const outcomes = await Promise.allSettled(
    Array.from({ length: 60 }, (_, turn) => storeCall(replica(turn).database, { calleePhone, limits })),
  );

  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(4);
  for (const outcome of outcomes) {
    if (outcome.status === 'fulfilled') continue;
    expect(outcome.reason).toBeInstanceOf(LimitSpent);
    // PostgreSQL logs what it answers.
    expect(inspect(outcome.reason, { depth: 5 })).toContain('a rate of calls is spent');
    expect(inspect(outcome.reason, { depth: 5 })).not.toContain(calleePhone);
  }
  expect(await countCalls(calleePhone)).toBe(4);
});

it('does not limit calls to a service line', async () => {
  const callers = await Promise.all(Array.from({ length: 6 }, () => newUser()));
  const answers = await Promise.all(callers.map((caller, turn) => ask(turn, caller, 'callService')));

  expect(answers.map(({ body }) => body.returnCode)).toEqual(Array(6).fill(200));
});

it('closes the call of a callee whose end was lost before it refuses another caller', async () => {
  const phone = newPhone(TALKS_ON);
  const callee = await newUser(phone);
  const caller = await newUser();
  const { callSid } = (await ask(0, caller, `call/${callee}`)).body.data!;
  await waitFor('the talk', async () => {
    const { body } = await ask(0, caller, `callState/${callSid!}`);
    return body.data?.stateType === '3';
  });
  const targets = both.carrier.targets.splice(0);
  await endAtProvider(both.carrier, callSid!);
  both.carrier.targets.push(...targets);

  expect(await ask(1, await newUser(), `call/${callee}`)).toMatchObject({ status: 200, body: { returnCode: 200 } });
});

const count = (subjects: readonly string[], placedAgo: string): Promise<unknown> =>
  replica(0).database.query(
    `insert into recent_calls select subject, array[now() - $2::interval] from unnest($1::text[]) subject`,
    [subjects, placedAgo],
  );

it('tells a caller who goes on asking how long is left, not how long it was at first', async () => {
  const limits = new PlacingLimits(replica(0).database, {
    callsPerCaller: [{ calls: 1, seconds: 60 }],
    calleesPerCaller: [],
    callsPerCallee: [],
    oneCallPerCallee: false,
  });
  const callerId = String(nextUser++);
  await count([callerSubject(callerId)], '10 seconds');
  const call = { callerId, calleePhone: newPhone(), isServiceLine: false, lineCallsAtOnce: null };
  const first = (await limits.find(call)).ofCaller;
  const steady = performance.now();
  const later = jest.spyOn(performance, 'now').mockImplementation(() => steady + 30_000);
  const again = limits.remembered(call).ofCaller;
  later.mockRestore();

  expect(first!.retryAfterSeconds).toBeGreaterThan(40);
  expect(again!.retryAfterSeconds).toBeLessThanOrEqual(first!.retryAfterSeconds - 29);
});

it('waits for no call that is being placed while it removes what no rate counts', async () => {
  const [placed, left] = [callerSubject('1'), callerSubject('2')];
  await count([placed, left], '2 days');
  const placing = replica(0).database.createQueryRunner();
  await placing.startTransaction();
  await placing.query('select from recent_calls where subject = $1 for update', [placed]);

  await removeStaleCalls(replica(1).database, '');

  await placing.rollbackTransaction();
  await placing.release();
  expect(
    await replica(0).database.query('select subject from recent_calls where subject = any ($1)', [[placed, left]]),
  ).toEqual([{ subject: placed }]);
});

it('keeps the connection on which a rate refuses a call', async () => {
  const { database } = replica(0);
  const released: unknown[] = [];
  // The pool closes a connection that is released with an error.
  const note = (error: unknown): unknown => released.push(error);
  poolOf(database).on('release', note);
  const limits = { ...NO_LIMITS, perCallee: [{ calls: 1, seconds: 300 }] };
  const calleePhone = newPhone();
  await storeCall(database, { calleePhone, limits });
  await expect(storeCall(database, { calleePhone, limits })).rejects.toBeInstanceOf(LimitSpent);
  poolOf(database).off('release', note);

  expect(released.length).toBeGreaterThanOrEqual(2);
  expect(released.filter(Boolean)).toEqual([]);
});
