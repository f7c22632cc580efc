/** How many calls a service line has at a time: on two replicas, for an app and for a backend. */
import { backend, newPhone, type Answer } from '../support/backend.js';
import { endAtProvider } from '../support/end-at-provider.js';
import { startReplicasAtCarrier, type ReplicasAtCarrier } from '../support/replicas-at-carrier.js';
import type { Envelope, TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

/** A call to such a number goes on until it is canceled. */
const TALKS_ON = '13';

let both: ReplicasAtCarrier;

beforeAll(async () => {
  both = await startReplicasAtCarrier();
});
beforeEach(() => replica(0).database.query('truncate service_line'));
afterAll(() => both.close());

/** By turns. */
const replica = (turn: number): TestApp => both.replica(turn);

const newLine = async (position: number, callsAtOnce: number | null): Promise<string> => {
  const line = { name: `line ${position}`, phone: newPhone(TALKS_ON), open: true, position, callsAtOnce };
  const response = await replica(0).admin('POST', 'service-lines', line);
  expect(response.status).toBe(201);
  return ((await response.json()) as { id: string }).id;
};

let nextUser = 60_000;

const newUser = async (): Promise<string> => {
  const id = String(nextUser++);
  const user = { id, name: id, phone: newPhone() };
  expect((await replica(0).admin('PUT', 'users', { users: [user] })).status).toBe(200);
  return id;
};

const callService = async (turn: number, userId: string) => {
  const response = await fetch(`${replica(turn).url}/v1/app/callService`, {
    headers: { authorization: `Bearer ${await replica(turn).token(userId)}` },
  });
  const body = (await response.json()) as Envelope;
  return { status: response.status, retryAfter: response.headers.get('retry-after'), body };
};

const openCalls = async (line: string): Promise<number> => {
  const [row] = await replica(0).database.query<{ count: number }[]>(
    'select count(*)::int as count from call_records where service_line_id = $1 and state < 4',
    [line],
  );
  return row!.count;
};

const BUSY = {
  status: 429,
  retryAfter: '10',
  body: { returnCode: 429, returnMsg: '呼叫过于频繁,请稍后再试!' },
};

it('has exactly as many of a hundred calls, twenty at one instant, as it may have, and tells a backend that it is busy', async () => {
  const line = await newLine(0, 7);
  const place = (turn: number): Promise<Answer> =>
    backend(replica(turn)).place({ caller: { phone: newPhone() }, callee: { serviceLine: line } });
  // As many at a time as the pools of both replicas have connections. More would wait for one, and may be refused with 503.
  const answers: Answer[] = [];
  for (let round = 0; round < 5; round++) {
    answers.push(...(await Promise.all(Array.from({ length: 20 }, (_, turn) => place(turn)))));
  }

  const refused = answers.filter(({ status }) => status !== 201);
  expect(answers.length - refused.length).toBe(7);
  expect(new Set(refused.map(({ status, body }) => `${status} ${String(body.code)}`))).toEqual(
    new Set(['429 SERVICE_LINE_BUSY']),
  );
  expect(new Set(refused.map(({ headers }) => headers.get('retry-after')))).toEqual(new Set(['10']));
  expect(await openCalls(line)).toBe(7);

  const placed = answers.find(({ status }) => status === 201)!;
  await backend(replica(1)).ask('POST', `/${String(placed.body.callSid)}/cancel`);
  await waitFor('the end', async () => (await openCalls(line)) === 6);
  expect(await place(0)).toMatchObject({ status: 201 });
});

it('passes an app’s caller on to the next open line, and refuses only where all are busy', async () => {
  const first = await newLine(0, 2);
  const closed = await newLine(1, null);
  await replica(0).admin('PATCH', `service-lines/${closed}`, { open: false });
  const last = await newLine(2, 3);
  const callers = await Promise.all(Array.from({ length: 12 }, () => newUser()));
  const answers = await Promise.all(callers.map((caller, turn) => callService(turn, caller)));

  expect(answers.filter(({ body }) => body.returnCode === 200)).toHaveLength(5);
  expect([await openCalls(first), await openCalls(closed), await openCalls(last)]).toEqual([2, 0, 3]);
  for (const refused of answers.filter(({ body }) => body.returnCode !== 200)) expect(refused).toEqual(BUSY);
});

it('gives a caller who taps again the running call, also where all lines are busy', async () => {
  await newLine(0, 1);
  const caller = await newUser();
  const { data } = (await callService(0, caller)).body;

  expect((await callService(1, caller)).body.data).toEqual(data);
  expect(await callService(1, await newUser())).toEqual(BUSY);
});

it('lists a call that all lines refused once, with the last line, and no call that another line took', async () => {
  const [, last] = [await newLine(0, 1), await newLine(1, 1)];
  const callers = [await newUser(), await newUser(), await newUser()];
  for (const caller of callers) await callService(0, caller);

  const listed = async (): Promise<Record<string, unknown>[]> => {
    const pages = await Promise.all(callers.map((userId) => replica(0).admin('GET', `refusals?userId=${userId}`)));
    return (await Promise.all(pages.map((page) => page.json() as Promise<{ items: [] }>))).flatMap(
      ({ items }) => items,
    );
  };
  await waitFor('the refusal', async () => (await listed()).length > 0);
  expect(await listed()).toEqual([
    expect.objectContaining({
      callerId: callers[2],
      serviceLineId: last,
      fault: 'service_line_busy',
      reason: 'The service line is in as many calls as it has at a time: 1.',
      count: 1,
    }),
  ]);
});

it('closes a call whose end was lost before it refuses another one', async () => {
  const line = await newLine(0, 1);
  const caller = await newUser();
  const { callSid } = (await callService(0, caller)).body.data!;
  await waitFor('the talk', async () => {
    const { data } = await replica(0).ask(caller, `callState/${callSid!}`);
    return data?.stateType === '3';
  });
  const targets = both.carrier.targets.splice(0);
  await endAtProvider(both.carrier, callSid!);
  both.carrier.targets.push(...targets);

  expect(await callService(1, await newUser())).toMatchObject({ status: 200, body: { returnCode: 200 } });
  expect(await openCalls(line)).toBe(1);
});

it('has as many calls as come once its limit is removed', async () => {
  const line = await newLine(0, 1);
  await callService(0, await newUser());
  expect(await callService(0, await newUser())).toEqual(BUSY);
  await replica(1).admin('PATCH', `service-lines/${line}`, { callsAtOnce: null });

  expect((await callService(0, await newUser())).body.returnCode).toBe(200);
});
