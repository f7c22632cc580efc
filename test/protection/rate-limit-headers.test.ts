/** What a caller may still place: RateLimit and RateLimit-Policy on the replies to placing. */
import { rateLimitHeaders } from '../../src/common/rate-limit-headers.js';
import { backend, newPhone } from '../support/backend.js';
import { endCall } from '../support/end-call.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

const POLICY = '"calls-60s";q=3;w=60, "calls-86400s";q=9;w=86400';

let database: TestDatabase;
let replicas: TestApp[];

beforeAll(async () => {
  database = await createTestDatabase();
  const start = () =>
    startTestApp({
      databaseUrl: database.url,
      environment: {
        CALLS_PER_CALLER: '3/1m,9/1d',
        CALLS_PER_CALLEE: '2/1h',
        SIMULATOR_SHARES_ACCOUNT: 'true',
        // A call goes on until it is canceled.
        SIMULATOR_SPEED: '1',
      },
    });
  replicas = [await start(), await start()];
});
afterAll(async () => {
  await Promise.all(replicas.map((replica) => replica.close()));
  await database.drop();
});

/** By turns. */
const replica = (turn: number): TestApp => replicas[turn % 2]!;

let nextUser = 72_000;

const newUser = async (phone = newPhone()): Promise<string> => {
  const id = String(nextUser++);
  expect((await replica(0).admin('PUT', 'users', { users: [{ id, name: id, phone }] })).status).toBe(200);
  return id;
};

const limitsIn = ({ headers }: { readonly headers: Headers }) => ({
  policy: headers.get('ratelimit-policy'),
  limit: headers.get('ratelimit'),
});
const NONE = { policy: null, limit: null };

const ask = async (turn: number, userId: string, path: string) => {
  const response = await fetch(`${replica(turn).url}/v1/app/${path}`, {
    headers: { authorization: `Bearer ${await replica(turn).token(userId)}` },
  });
  const body = (await response.json()) as { returnCode: number; data?: { callSid: string } };
  return { status: response.status, headers: response.headers, body };
};

const callOnce = async (turn: number, userId: string, path: string) => {
  const answer = await ask(turn, userId, path);
  if (answer.body.data) await endCall(replica(turn), userId, answer.body.data.callSid);
  return answer;
};

it('tells an app’s caller what is left after each call, on either replica, and which rate is spent', async () => {
  const caller = await newUser();
  const answers = [];
  for (const turn of [0, 1]) answers.push(await callOnce(turn, caller, `call/${await newUser()}`));
  answers.push(await callOnce(0, caller, 'callService'));

  const limits = answers.map(limitsIn);
  expect(limits.map(({ policy }) => policy)).toEqual([POLICY, POLICY, POLICY]);
  expect(limits[0]!.limit).toBe('"calls-60s";r=2;t=60, "calls-86400s";r=8;t=86400');
  expect(limits[1]!.limit).toMatch(/^"calls-60s";r=1;t=(?:60|5\d), "calls-86400s";r=7;t=86[34]\d\d$/);
  expect(limits[2]!.limit).toMatch(/^"calls-60s";r=0;t=(?:60|5\d), "calls-86400s";r=6;t=86[34]\d\d$/);
  for (const turn of [1, 1, 0]) {
    const refused = await callOnce(turn, caller, `call/${await newUser()}`);
    expect(refused.status).toBe(429);
    expect(limitsIn(refused)).toEqual({
      policy: POLICY,
      limit: `"calls-60s";r=0;t=${String(refused.headers.get('retry-after'))}`,
    });
  }
});

it('tells a backend the same of each caller', async () => {
  const caller = { phone: newPhone() };
  const answers = [];
  for (const turn of [0, 1, 0, 1]) {
    const answer = await backend(replica(turn)).place({ caller, callee: { phone: newPhone() } });
    await backend(replica(turn)).ask('POST', `/${String(answer.body.callSid)}/cancel`, {});
    answers.push(answer);
  }

  expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 429]);
  expect(answers.map((answer) => limitsIn(answer).policy)).toEqual([POLICY, POLICY, POLICY, POLICY]);
  expect(answers.map((answer) => /r=\d+/.exec(limitsIn(answer).limit ?? '')?.[0])).toEqual([
    'r=2',
    'r=1',
    'r=0',
    'r=0',
  ]);
  expect(limitsIn(answers[3]!).limit).toBe(`"calls-60s";r=0;t=${String(answers[3]!.headers.get('retry-after'))}`);
});

it('says nothing about the callee, neither to an app nor to a backend', async () => {
  const phone = newPhone();
  const callee = await newUser(phone);
  for (const turn of [0, 1]) await callOnce(turn, await newUser(), `call/${callee}`);

  const refused = await callOnce(0, await newUser(), `call/${callee}`);
  const problem = await backend(replica(1)).place({ caller: { phone: newPhone() }, callee: { phone } });

  expect([refused.status, limitsIn(refused)]).toEqual([403, NONE]);
  expect([problem.body.code, limitsIn(problem)]).toEqual(['CALLEE_CALLED_TOO_OFTEN', NONE]);
});

it('says nothing where nothing was counted: a double tap, a repeated key, a refusal', async () => {
  const caller = await newUser();
  const callee = await newUser(newPhone('13'));
  await ask(0, caller, `call/${callee}`);
  const body = { caller: { phone: newPhone() }, callee: { phone: newPhone('13') } };
  const key = `key of ${body.caller.phone}`;
  await backend(replica(0)).place(body, key);

  const tap = await ask(1, caller, `call/${callee}`);
  const other = await ask(1, caller, `call/${await newUser()}`);
  const replay = await backend(replica(1)).place(body, key);
  const unknown = await ask(1, await newUser(), 'call/999999');

  expect([tap.body.returnCode, limitsIn(tap)]).toEqual([200, NONE]);
  expect([other.status, limitsIn(other)]).toEqual([429, NONE]);
  expect([replay.status, limitsIn(replay)]).toEqual([201, NONE]);
  expect([unknown.body.returnCode, limitsIn(unknown)]).toEqual([400, NONE]);
});

it('has no header without a quota: an empty list is none', () => {
  expect(rateLimitHeaders([])).toEqual({});
  expect(rateLimitHeaders([{ of: 'polls', most: 5, seconds: 1 }])).toEqual({
    'ratelimit-policy': '"polls-1s";q=5;w=1',
  });
});
