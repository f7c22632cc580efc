/** A token names its user by an external id instead of a Long, on every replica. */
import { randomUUID } from 'node:crypto';
import { ChangeFeed } from '../../src/call/updates/change-feed.js';
import { ExternalIds } from '../../src/call/updates/external-ids.js';
import { BlockedUsers } from '../../src/call/updates/blocked-users.js';
import { USERS_BLOCKED_CHANNEL } from '../../src/directory/user.service.js';
import { openStream } from '../support/event-stream.js';
import { storeCall } from '../support/stored-call.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

let service: TestApp;
let replica: TestApp;
let nextUser = 70_001;

beforeAll(async () => {
  service = await startTestApp({ environment: { SIMULATOR_SHARES_ACCOUNT: 'true', SIMULATOR_SPEED: '1' } });
  replica = await startTestApp({ databaseUrl: service.config.databaseUrl! });
});
afterAll(async () => {
  await replica.close();
  await service.close();
});

interface NamedUser {
  readonly id: string;
  readonly externalId: string;
}

const newUser = async (fields: object = {}): Promise<NamedUser> => {
  const user = { id: String(nextUser++), externalId: randomUUID() };
  const response = await service.admin('POST', 'users', { ...user, name: 'Somebody', phone: '95588', ...fields });
  expect(response.status).toBe(201);
  return user;
};

const answer = async (one: TestApp, name: string, path: string) => {
  const response = await fetch(`${one.url}/v1/app/${path}`, {
    headers: { authorization: `Bearer ${await one.token(name)}` },
  });
  return { status: response.status, body: await response.json() };
};

const STATE_1 = { status: 200, body: { data: { stateType: '1' }, returnCode: 200, returnMsg: 'success' } };

it('a user with a UUID as the subject of the token calls, follows and cancels, as with the id', async () => {
  const { id, externalId } = await newUser({ phone: '138 0013 8000' });

  const { data } = await service.ask(externalId, 'call/2013');
  const callSid = data!.callSid!;

  expect(await service.ask(id, `callState/${callSid}`)).toMatchObject({ returnCode: 200 });
  expect(await replica.ask(externalId, `callState/${callSid}`)).toMatchObject({ returnCode: 200 });
  expect(await service.ask(externalId, 'call/2013')).toMatchObject({ data: { callSid } });
  const stream = await openStream(
    `${replica.url}/v1/app/callState/${callSid}/stream?access_token=${await replica.token(externalId)}`,
  );
  expect(await service.ask(externalId, `callCancel/${callSid}`)).toMatchObject({ returnCode: 200 });
  await stream.ended;
  expect(stream.events.at(-1)).toMatchObject({ change: { data: { callerId: id, stateType: '4' } } });
});

it.each([
  'call/2000',
  'callService',
  'callCancel/CALL',
  'callState/CALL',
  'callState/CALL?wait=1',
  'callState/CALL/stream',
])('an external id that nobody has gets the answer of an unknown user: %s', async (path) => {
  const { callSid } = await storeCall(service.database);
  const of = (name: string) => answer(service, name, path.replace('CALL', callSid));

  expect(await of('nobody at all')).toEqual(await of('999999999'));
});

it('a hundred polls with a UUID read the directory once', async () => {
  const { id, externalId } = await newUser();
  const { callSid } = await storeCall(service.database, { callerId: id });
  const read = jest.spyOn(service.app.nest.get(ExternalIds), 'read');

  for (let poll = 0; poll < 100; poll++) {
    expect(await answer(service, externalId, `callState/${callSid}`)).toEqual(STATE_1);
  }

  expect(read.mock.calls).toEqual([[externalId]]);
  read.mockRestore();
});

describe('a list of users with external ids', () => {
  const save = async (users: readonly object[]): Promise<void> => {
    const response = await service.admin('PUT', 'users', { users });
    expect(response.status).toBe(200);
  };
  const forgets = async (users: readonly object[]): Promise<boolean> => {
    const ids = service.app.nest.get(ExternalIds);
    const known = await newUser();
    await ids.read(known.externalId);
    await save(users);
    // Notifications arrive in order, so those of the list have arrived before this one.
    const notified = new Promise<void>((resolve) => {
      service.app.nest.get(ChangeFeed).observe({ onUsersBlocked: resolve });
    });
    await service.database.query('select pg_notify($1, $2)', [USERS_BLOCKED_CHANNEL, '']);
    await notified;
    return ids.get(known.externalId) === undefined;
  };

  it('drops nothing from memory if every user keeps the external id, or gets the first', async () => {
    const { id, externalId } = await newUser();

    expect(await forgets([{ id, name: 'Renamed', externalId }])).toBe(false);
    expect(await forgets([{ id: String(nextUser++), name: 'New', externalId: randomUUID() }])).toBe(false);
  });

  it.each([
    ['gets another', () => randomUUID()],
    ['gets none', () => null],
  ])('drops what is in memory if a user %s', async (_, next) => {
    const { id } = await newUser();

    expect(await forgets([{ id, name: 'Somebody', externalId: next() }])).toBe(true);
  });
});

describe('an external id', () => {
  const isCallOf = async (one: TestApp, name: string, callSid: string): Promise<boolean> =>
    (await one.ask(name, `callState/${callSid}`)).returnCode === 200;

  const moveByPatch = async (from: NamedUser, to: NamedUser): Promise<Response> => {
    await service.admin('PATCH', `users/${from.id}`, { externalId: null });
    return service.admin('PATCH', `users/${to.id}`, { externalId: from.externalId });
  };

  const swapByPut = (from: NamedUser, to: NamedUser): Promise<Response> =>
    service.admin('PUT', 'users', {
      users: [
        { id: from.id, name: 'From', externalId: to.externalId },
        { id: to.id, name: 'To', externalId: from.externalId },
      ],
    });

  it.each([
    ['one PATCH after the other', moveByPatch],
    ['one PUT', swapByPut],
  ])('that %s moves to another user names only that user, on every replica', async (_, move) => {
    const [from, to] = [await newUser(), await newUser()];
    const before = await storeCall(service.database, { callerId: from.id });
    const after = await storeCall(service.database, { callerId: to.id });
    for (const one of [service, replica]) expect(await isCallOf(one, from.externalId, before.callSid)).toBe(true);

    expect((await move(from, to)).status).toBe(200);

    for (const one of [service, replica]) {
      await waitFor('the change', () => isCallOf(one, from.externalId, after.callSid));
      expect(await isCallOf(one, from.externalId, before.callSid)).toBe(false);
    }
  });

  it('of a user who is removed names nobody, on every replica', async () => {
    const user = await newUser();
    const { callSid } = await storeCall(service.database, { callerId: user.id });
    for (const one of [service, replica]) expect(await isCallOf(one, user.externalId, callSid)).toBe(true);

    await service.admin('DELETE', `users/${user.id}`);

    for (const one of [service, replica]) {
      await waitFor('the removal', async () => !(await isCallOf(one, user.externalId, callSid)));
    }
  });
});

it('a request gets the contract’s answer if the directory cannot be read, and the next one is served', async () => {
  const { id, externalId } = await newUser();
  const { callSid } = await storeCall(service.database, { callerId: id });
  const read = jest.spyOn(service.app.nest.get(ExternalIds), 'read').mockRejectedValueOnce(new Error('not there'));

  expect((await answer(service, externalId, `callState/${callSid}`)).body).toMatchObject({
    returnCode: 500,
    returnMsg: '系统内部异常!',
  });
  expect(await answer(service, externalId, `callState/${callSid}`)).toEqual(STATE_1);
  read.mockRestore();
});

it('a user who is blocked is refused with either name', async () => {
  const { id, externalId } = await newUser();
  await service.admin('PATCH', `users/${id}`, { blocked: true });
  await waitFor('the block', () => service.app.nest.get(BlockedUsers).has(id));

  expect(await answer(service, externalId, 'callState/1')).toEqual(await answer(service, id, 'callState/1'));
  expect((await answer(service, externalId, 'callState/1')).status).toBe(403);
});

it.each(['0', '-5', '+1001', ' 1001', '9223372036854775808', '', '  ', 'key:1', 'a\u0000', 'x'.repeat(129)])(
  'a token with the subject %j is refused',
  async (subject) => {
    expect((await answer(service, subject, 'callState/1')).status).toBe(401);
  },
);

it('JWT_USER_CLAIM names the claim of the user, and sub is then ignored', async () => {
  const { id, externalId } = await newUser();
  const { callSid } = await storeCall(service.database, { callerId: id });
  const other = await startTestApp({
    databaseUrl: service.config.databaseUrl!,
    environment: { JWT_USER_CLAIM: 'https://app.example.com/user' },
  });
  try {
    expect(await answer(other, externalId, `callState/${callSid}`)).toEqual(STATE_1);
    expect(await answer(other, id, `callState/${callSid}`)).toEqual(STATE_1);
    const bySub = await fetch(`${other.url}/v1/app/callState/${callSid}`, {
      headers: { authorization: `Bearer ${await service.token(id)}` },
    });
    expect([bySub.status, bySub.headers.get('www-authenticate')]).toEqual([
      401,
      expect.stringContaining(
        'The claim https://app.example.com/user must be a user id, as a string of digits, or an externalId.',
      ),
    ]);
  } finally {
    await other.close();
  }
});

describe('the cache', () => {
  interface Statement {
    readonly values: readonly unknown[];
    answer(rows: object[]): void;
  }
  const statements: Statement[] = [];
  const client = {
    query: ({ values }: { values: unknown[] }) =>
      new Promise((resolve) => {
        statements.push({
          values,
          answer: (rows) => {
            resolve({ rows });
          },
        });
      }),
    on: () => undefined,
    off: () => undefined,
    release: () => undefined,
  };
  const database = { driver: { master: { connect: async () => client } } };
  /** The pool gives a connection in a later turn. */
  const sent = async (count: number): Promise<void> => {
    for (let turn = 0; statements.length < count && turn < 100; turn++) await Promise.resolve();
  };
  let observer: { onHearing(isHearing: boolean): void; onExternalIds(): void };
  let ids: ExternalIds;

  beforeEach(() => {
    jest.useFakeTimers({ now: 0 });
    statements.length = 0;
    ids = new ExternalIds(database as never, { observe: (one: never) => (observer = one) } as never);
    observer.onHearing(true);
  });
  afterEach(() => jest.useRealTimers());

  const readAs = async (rows: object[]): Promise<void> => {
    const read = ids.read('uuid');
    await sent(1);
    statements.at(-1)!.answer(rows);
    await read;
  };

  it('shares a read between concurrent requests', async () => {
    const reads = [ids.read('uuid'), ids.read('uuid')];
    await sent(1);
    statements[0]!.answer([{ id: '7' }]);

    expect([await Promise.all(reads), statements.length]).toEqual([['7', '7'], 1]);
  });

  it('does not keep the answer of a read that began before a change', async () => {
    const early = ids.read('uuid');
    observer.onExternalIds();
    const late = ids.read('uuid');
    await sent(2);
    statements[1]!.answer([{ id: '8' }]);
    await late;
    statements[0]!.answer([{ id: '7' }]);

    expect([await early, await late, ids.get('uuid')]).toEqual(['7', '8', '8']);
  });

  it.each([
    ['while notifications arrive', true, [{ id: '7' }], 29_999],
    ['while none arrive', false, [{ id: '7' }], 999],
    ['if nobody has the id', true, [], 999],
  ])('keeps an answer for a limited time %s', async (_, isHearing, rows, lifeMs) => {
    observer.onHearing(isHearing);
    await readAs(rows);

    jest.advanceTimersByTime(lifeMs);
    expect(ids.get('uuid')).not.toBeUndefined();
    jest.advanceTimersByTime(2);
    expect(ids.get('uuid')).toBeUndefined();
  });

  it('is dropped when notifications no longer arrive', async () => {
    await readAs([{ id: '7' }]);
    observer.onHearing(false);

    expect(ids.get('uuid')).toBeUndefined();
  });
});
