/** Idempotency-Key: one call per key, on any replica, also for concurrent requests and after a crash. */
import { OldRowRemoval } from '../../src/call/reconciliation/old-row-removal.js';
import { openCall } from '../../src/call/record/open-call.js';
import { idOfPhone } from '../../src/call/record/party-id.js';
import { hashOfBody } from '../../src/calls-api/idempotency-key.js';
import { backend, newPhone, type Answer, type Backend } from '../support/backend.js';
import { startRemoteCarrier, type RemoteCarrier } from '../support/remote-carrier.js';
import { age } from '../support/scripted-replica.js';
import { callToOpen } from '../support/stored-call.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

/** Seconds. Script 08 never replies to the dial, so its request waits this long. */
const DIAL_TIMEOUT = 2;

let database: TestDatabase;
let carrier: RemoteCarrier;
let one: TestApp;
let other: TestApp;
let calls: Backend;
let keys = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  carrier = await startRemoteCarrier({ speed: 0.5 });
  const environment = {
    SIMULATOR_URL: `http://127.0.0.1:${carrier.port}`,
    SIMULATOR_WEBHOOK_SECRETS: carrier.secret,
    DIAL_TIMEOUT: String(DIAL_TIMEOUT),
  };
  one = await startTestApp({ databaseUrl: database.url, environment });
  other = await startTestApp({ databaseUrl: database.url, environment });
  carrier.targets.push(`${one.url}/v1/webhooks/simulator`);
  calls = backend(one);
});
afterAll(async () => {
  await one.close();
  await other.close();
  await carrier.close();
  await database.drop();
});

const newKey = (): string => `key-${++keys}`;
const between = (caller: string, callee: string) => ({ caller: { phone: caller }, callee: { phone: callee } });
const newBody = (script = '13') => between(newPhone(), newPhone(script));

const dialsTo = async ({ callee }: { callee: { phone: string } }): Promise<number> =>
  (await carrier.callLog())
    .filter(({ calleePhone }) => calleePhone === callee.phone)
    .reduce((sum, { dials }) => sum + dials, 0);

const expectReplay = ({ status, headers, body }: Answer, callSid: unknown): void => {
  const shown = { replayed: headers.get('idempotent-replayed'), location: headers.get('location') };
  expect({ status, ...shown, callSid: body.callSid }).toEqual({
    status: 201,
    replayed: 'true',
    location: `/v1/calls/${String(callSid)}`,
    callSid,
  });
};

describe('requests with the same key and the same body', () => {
  it('return the same call, on any replica, with the fields in any order', async () => {
    const body = { ...newBody(), metadata: { a: '1', b: '2' }, notAfter: '2099-01-01T00:00:00Z' };
    const key = newKey();

    const first = await calls.place(body, key);
    const again = [
      await calls.place(body, key),
      await backend(other).place({ ...body, metadata: { b: '2', a: '1' }, caller: body.caller }, key),
      await backend(other).place(Object.fromEntries(Object.entries(body).reverse()), key),
      await calls.place(body, `"${key}"`),
    ];

    expect({ status: first.status, replayed: first.headers.get('idempotent-replayed') }).toEqual({
      status: 201,
      replayed: null,
    });
    for (const answer of again) expectReplay(answer, first.body.callSid);
    expect(await dialsTo(body)).toBe(1);
  });

  it('return the same call when it is over, and when its caller is in another call', async () => {
    const body = newBody();
    const key = newKey();
    const { body: first } = await calls.place(body, key);
    await calls.ask('POST', `/${String(first.callSid)}/cancel`);
    await calls.place(between(body.caller.phone, newPhone('13')));

    const answer = await calls.place(body, key);

    expectReplay(answer, first.callSid);
    expect(answer.body).toMatchObject({ stateType: '4', endReason: 'canceled' });
  });

  it('place two calls for two subjects', async () => {
    const key = newKey();

    const answers = [await calls.place(newBody(), key), await backend(one, '9002').place(newBody(), key)];

    expect(answers.map(({ status }) => status)).toEqual([201, 201]);
    expect(new Set(answers.map(({ body }) => body.callSid)).size).toBe(2);
  });

  it('place one call with one dial, for twenty concurrent requests on two replicas', async () => {
    const body = newBody();
    const key = newKey();

    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => backend(index % 2 === 0 ? one : other).place(body, key)),
    );

    const placed = answers.filter(({ status }) => status === 201);
    const others = answers.filter(({ status }) => status !== 201).map(({ status, body: sent }) => [status, sent.code]);
    expect(new Set(others.map(String))).toEqual(new Set(others.length > 0 ? ['409,REQUEST_IN_PROGRESS'] : []));
    expect(new Set(placed.map(({ body: sent }) => sent.callSid)).size).toBe(1);
    expect(placed.filter(({ headers }) => headers.get('idempotent-replayed') === null)).toHaveLength(1);
    expect(await dialsTo(body)).toBe(1);
    expectReplay(await calls.place(body, key), placed[0]!.body.callSid);
  });
});

describe('requests with the same key and different bodies', () => {
  it('are refused with 422 after the first, and place no call', async () => {
    const key = newKey();
    await calls.place(newBody(), key);
    const body = newBody();

    const { status, body: refusal } = await backend(other).place(body, key);

    expect({ status, code: refusal.code }).toEqual({ status: 422, code: 'IDEMPOTENCY_KEY_REUSED' });
    expect(await dialsTo(body)).toBe(0);
  });

  it('place one call, for twenty concurrent requests on two replicas', async () => {
    const key = newKey();
    const bodies = Array.from({ length: 20 }, () => newBody());

    const answers = await Promise.all(
      bodies.map((body, index) => backend(index % 2 === 0 ? one : other).place(body, key)),
    );

    const refused = answers.filter(({ status }) => status !== 201).map(({ status, body }) => [status, body.code]);
    expect(new Set(refused.map(String))).toEqual(new Set(['422,IDEMPOTENCY_KEY_REUSED']));
    expect(refused).toHaveLength(bodies.length - 1);
    const dials = await Promise.all(bodies.map(dialsTo));
    expect(dials.reduce((sum, one) => sum + one)).toBe(1);
    const callers = bodies.map(({ caller }) => idOfPhone(caller.phone));
    const [records] = await one.database.query<[{ count: number }]>(
      'select count(*)::int as count from call_records where caller_id = any ($1)',
      [callers],
    );
    expect(records.count).toBe(1);
  });
});

describe('a request that is in progress', () => {
  it('answers a repeat with 409 until it is answered itself, and with its call afterwards', async () => {
    const body = newBody('08');
    const key = newKey();

    const first = calls.place(body, key);
    await waitFor('the record', async () => (await recordsOf(body)) === 1);
    const meanwhile = await backend(other).place(body, key);
    const { status, body: placed } = await first;
    const afterwards = await backend(other).place(body, key);

    expect(meanwhile).toMatchObject({ status: 409, body: { code: 'REQUEST_IN_PROGRESS' } });
    expect(meanwhile.headers.get('retry-after')).toBe('1');
    expect({ status, state: placed.stateType }).toEqual({ status: 201, state: '1' });
    expectReplay(afterwards, placed.callSid);
    expect(await dialsTo(body)).toBe(1);
  });

  it('that crashed between the record and the dial answers a repeat with a failed call, and does not dial', async () => {
    const body = newBody();
    const key = newKey();
    const request = { principal: '9001', key, bodyHash: hashOfBody(body) };
    const call = callToOpen({
      callerId: idOfPhone(body.caller.phone),
      callerPhone: body.caller.phone,
      provider: 'simulator',
      dialTimeoutSeconds: DIAL_TIMEOUT,
      longestRequestedSeconds: 90,
      order: { placedBy: '9001', metadata: null, longestTalkSeconds: null, request },
    });
    const { callSid } = await openCall(one.database, call);

    const meanwhile = await calls.place(body, key);
    await age(one, callSid, 60);
    const answer = await waitFor('the end', async () => {
      const reply = await calls.place(body, key);
      return reply.status === 201 && reply.body.stateType === '4' && reply;
    });

    expect(meanwhile).toMatchObject({ status: 409, body: { code: 'REQUEST_IN_PROGRESS' } });
    expectReplay(answer, callSid);
    expect(answer.body).toMatchObject({ endReason: 'failed' });
    expect(await dialsTo(body)).toBe(0);
  });
});

describe('a key can be used again', () => {
  it('after a request that was refused before it placed a call', async () => {
    const key = newKey();
    const body = newBody();
    const busy = await calls.place(between(body.caller.phone, newPhone('13')));

    const refused = await calls.place(body, key);
    await calls.ask('POST', `/${String(busy.body.callSid)}/cancel`);
    const placed = await calls.place(body, key);

    expect(refused).toMatchObject({ status: 409, body: { code: 'CALLER_IN_A_CALL' } });
    expect({ status: placed.status, replayed: placed.headers.get('idempotent-replayed') }).toEqual({
      status: 201,
      replayed: null,
    });
  });

  it('after a dial that the provider refused, because no phone rang', async () => {
    const key = newKey();
    const body = newBody('06');

    const answers = [await calls.place(body, key), await calls.place(body, key), await calls.place(newBody(), key)];

    expect(answers.map(({ status, body: { code } }) => [status, code])).toEqual([
      [422, 'NUMBER_REFUSED'],
      [422, 'NUMBER_REFUSED'],
      [201, undefined],
    ]);
  });

  it('after 24 hours, also when it has not been removed yet', async () => {
    const key = newKey();
    await calls.place(newBody(), key);
    const pass = () =>
      one.database.query(`update idempotent_request set created_at = created_at - interval '24 hours' where key = $1`, [
        key,
      ]);

    await pass();
    const second = await calls.place(newBody(), key);
    await pass();
    await one.app.nest.get(OldRowRemoval, { strict: false }).remove();
    const left = await one.database.query('select from idempotent_request where key = $1', [key]);
    const third = await calls.place(newBody(), key);

    expect([second.status, third.status]).toEqual([201, 201]);
    expect(left).toEqual([]);
    expect(second.headers.get('idempotent-replayed')).toBeNull();
  });
});

it('keys older than 24 hours are removed in batches, and younger ones stay', async () => {
  await one.database.query(
    `insert into idempotent_request (principal, key, body_hash, call_sid, created_at)
     select 'old', n::text, '', '', now() - interval '25 hours' from generate_series(1, 2500) n
     union all select 'young', '1', '', '', now() - interval '23 hours'`,
  );

  await one.app.nest.get(OldRowRemoval, { strict: false }).remove();

  const left = await one.database.query<{ principal: string }[]>(
    `select principal from idempotent_request where principal in ('old', 'young')`,
  );
  expect(left).toEqual([{ principal: 'young' }]);
});

describe('a malformed key', () => {
  it.each([
    ['empty', ''],
    ['blank', '   '],
    ['empty in quotes', '""'],
    ['too long', 'k'.repeat(256)],
    ['not ASCII', 'clé'],
  ])('is refused: %s', async (_, key) => {
    const body = newBody();

    const { status, body: problem } = await calls.place(body, key);

    expect({ status, errors: problem.errors }).toEqual({
      status: 400,
      errors: [{ where: 'Idempotency-Key', what: expect.any(String) }],
    });
    expect(await dialsTo(body)).toBe(0);
  });

  it('is not one of 255 characters, or one with a quote inside: they are accepted', async () => {
    for (const key of ['k'.repeat(255), 'a"b']) expect((await calls.place(newBody(), key)).status).toBe(201);
  });
});

const recordsOf = async ({ caller }: { caller: { phone: string } }): Promise<number> => {
  const [row] = await one.database.query<[{ count: number }]>(
    'select count(*)::int as count from call_records where caller_id = $1',
    [idOfPhone(caller.phone)],
  );
  return row.count;
};
