/** The admin API names users by their external ids too: in paths, in the call search and in the dry run. */
import { NONE_SHOWN } from '../../src/directory/shown-numbers.js';
import { newCallSid } from '../../src/call/record/call-sid.js';
import { openCall } from '../../src/call/record/open-call.js';
import { DirectoryService } from '../../src/directory/directory.service.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp();
});
afterAll(() => service.close());

let nextId = 800_000;
const created = async (externalId: string, fields: object = {}): Promise<string> => {
  const id = String(nextId++);
  const { status } = await service.admin('POST', 'users', { id, name: 'Lin', externalId, ...fields });
  expect(status).toBe(201);
  return id;
};

const pathTo = (externalId: string, under = ''): string => `users/${encodeURIComponent(externalId)}${under}`;

const ask = async (method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> => {
  const response = await service.admin(method, path, body);
  const text = await response.text();
  return { status: response.status, body: text === '' ? null : JSON.parse(text) };
};

const targets = async (action: string): Promise<unknown> => {
  const { body } = await ask('GET', `audit?action=${action}&limit=1`);
  return (body as { items: { target: unknown }[] }).items[0]?.target;
};

const UUID = '7d3f1c52-6b0e-4f0a-9c1d-2f6f0a5b8e11';

describe('a path with an external id', () => {
  it.each([
    UUID,
    'auth0|5f7c',
    'a/b',
    'a?b#c',
    '100%',
    '%2F',
    '%zz',
    ' with its blanks ',
    '12a',
    'sub-accounts',
    'a;b',
    '李',
    '😀'.repeat(128),
  ])('reads, changes and removes the user: %j', async (externalId) => {
    const id = await created(externalId);

    const read = await ask('GET', pathTo(externalId));
    const changed = await ask('PATCH', pathTo(externalId), { name: 'Gu' });
    const removed = await ask('DELETE', pathTo(externalId));

    const user = { id, phone: null, externalId, blocked: false, shown: NONE_SHOWN };
    expect(read).toEqual({ status: 200, body: { ...user, name: 'Lin' } });
    expect(changed).toEqual({ status: 200, body: { ...user, name: 'Gu' } });
    expect(removed.status).toBe(204);
    expect((await ask('GET', `users/${id}`)).status).toBe(404);
  });

  it('has a number that is an id, and never that of another user', async () => {
    const id = await created('x1001');

    expect(await ask('GET', 'users/1001')).toMatchObject({ body: { id: '1001' } });
    expect(await ask('GET', 'users/x1001')).toMatchObject({ body: { id } });
  });

  it('stores, shows, lists and removes a sub-account of the user', async () => {
    const id = await created('with an account');
    const account = pathTo('with an account', '/sub-accounts/simulator');

    const first = await ask('PUT', account, { externalId: 'one', secret: 'first secret' });
    const second = await ask('PUT', account, { externalId: 'two', secret: 'kept to ourselves' });
    const read = await ask('GET', account);
    const list = await ask('GET', pathTo('with an account', '/sub-accounts'));
    const parties = await service.app.nest.get(DirectoryService).findParties(id, '2000');
    const removed = await ask('DELETE', account);

    const shown = { provider: 'simulator', externalId: 'two' };
    expect([first.status, second, read]).toEqual([201, { status: 200, body: shown }, { status: 200, body: shown }]);
    expect(list).toEqual({ status: 200, body: { items: [shown] } });
    expect(parties.subAccount('simulator')).toEqual({ externalId: 'two', secret: 'kept to ourselves' });
    expect(removed.status).toBe(204);
    expect((await ask('GET', account)).status).toBe(404);
  });

  it('blocks the user, whose requests are refused', async () => {
    const id = await created('to be blocked');

    await ask('PATCH', pathTo('to be blocked'), { blocked: true });

    await waitFor('the block', async () => (await service.ask(id, 'call/2000')).returnCode === 403);
  });

  it('has its new external id at once, and its former one no longer', async () => {
    await created('former');

    await ask('PATCH', pathTo('former'), { externalId: 'latter' });

    expect((await ask('GET', pathTo('former'))).status).toBe(404);
    expect((await ask('GET', pathTo('latter'))).status).toBe(200);
  });

  it('has entries in the audit by the id', async () => {
    const id = await created('audited');
    const account = pathTo('audited', '/sub-accounts/simulator');

    await ask('GET', pathTo('audited'));
    await ask('PATCH', pathTo('audited'), { name: 'Gu' });
    await ask('PUT', account, { externalId: 'one', secret: 'secret' });
    await ask('DELETE', account);
    await ask('DELETE', pathTo('audited'));

    expect(await Promise.all(['getUser', 'changeUser', 'removeUser'].map(targets))).toEqual(
      Array.from({ length: 3 }, () => `user:${id}`),
    );
    expect(await Promise.all(['storeSubAccount', 'removeSubAccount'].map(targets))).toEqual(
      Array.from({ length: 2 }, () => `sub-account:${id}/simulator`),
    );
  });

  it.each(['nobody', 'key:1', 'a%00', 'x'.repeat(129), '%20', '+1001'])('is 404 if nobody has it: %s', async (name) => {
    const account = `users/${name}/sub-accounts/simulator`;
    const answers = [
      await ask('GET', `users/${name}`),
      await ask('PATCH', `users/${name}`, { name: 'Gu' }),
      await ask('DELETE', `users/${name}`),
      await ask('GET', `users/${name}/sub-accounts`),
      await ask('GET', account),
      await ask('PUT', account, { externalId: 'one', secret: 'secret' }),
      await ask('DELETE', account),
    ];

    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 404));
  });

  it('does not change a user who has lost it while the request waited', async () => {
    const id = await created('moving');
    const other = service.database.createQueryRunner();
    await other.startTransaction();
    await other.query('update app_user set external_id = null where id = $1', [id]);
    const changing = ask('PATCH', pathTo('moving'), { name: 'not he' });
    await waitFor('the lock', async () => {
      const [{ waiting }] = await service.database.query<[{ waiting: number }]>(
        `select count(*)::int as waiting from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock'`,
      );
      return waiting > 0;
    });

    await other.commitTransaction();
    await other.release();

    expect((await changing).status).toBe(404);
    expect(await ask('GET', `users/${id}`)).toMatchObject({ body: { name: 'Lin', externalId: null } });
  });
});

describe('the call search by an external id', () => {
  const called = async (callerId: string, calleeId: string): Promise<string> => {
    const call = { callSid: newCallSid(new Date()), callerId, calleeId, serviceLineId: null };
    const phones = { callerPhone: '+8613900001001', calleePhone: '+8613800002000' };
    const carrier = { provider: 'simulator', route: '', subAccount: 'demo', waitsForDialSlot: false };
    const { callSid } = await openCall(service.database, {
      ...call,
      ...phones,
      ...carrier,
      dialTimeoutSeconds: 5,
      longestRequestedSeconds: 90,
    });
    return callSid;
  };
  const found = async (query: Readonly<Record<string, string>>): Promise<unknown> => {
    const { status, body } = await ask('GET', `calls?${new URLSearchParams(query).toString()}`);
    expect(status).toBe(200);
    const { items, next } = body as { items: { callSid: string }[]; next: string | null };
    return { found: items.map(({ callSid }) => callSid), next };
  };

  it('finds the calls in which the user is the caller or the callee, open or over', async () => {
    const id = await created('talker');
    const over = await called(id, '2000');
    await service.database.query(
      `update call_records set state = 4, end_reason = 'busy', ended_by = 'provider', ended_at = now() where call_sid = $1`,
      [over],
    );
    const open = await called(String(nextId++), id);

    expect(await found({ userId: 'talker' })).toEqual({ found: [open, over], next: null });
    expect(await found({ userId: id })).toEqual({ found: [open, over], next: null });
    expect(await found({ userId: 'talker', endReason: 'busy' })).toEqual({ found: [over], next: null });
    expect(await found({ userId: 'talker', limit: '1' })).toEqual({ found: [open], next: open });
    expect(await found({ userId: 'talker', limit: '1', after: open })).toEqual({ found: [over], next: null });
  });

  it('is an empty page if nobody has it', async () => {
    expect(await found({ userId: 'nobody' })).toEqual({ found: [], next: null });
    expect(await found({ userId: 'nobody', provider: 'simulator' })).toEqual({ found: [], next: null });
  });

  it('is refused for a text that can be no name of a user', async () => {
    for (const userId of ['', ' 1', 'key:1', 'x'.repeat(129)]) {
      expect(await ask('GET', `calls?${new URLSearchParams({ userId }).toString()}`)).toMatchObject({
        status: 400,
        body: { errors: [{ where: '/userId', what: expect.stringContaining('or an externalId') as unknown }] },
      });
    }
  });
});

describe('a dry run by external ids', () => {
  const dryRun = (query: Readonly<Record<string, string>>) =>
    ask('GET', `dry-run?${new URLSearchParams(query).toString()}`);

  it('is that of the users who have them', async () => {
    const id = await created('dry caller', { phone: '13700137001' });
    await created('dry callee', { phone: '13800138001' });
    await ask('PUT', `users/${id}/sub-accounts/simulator`, { externalId: 'one', secret: 'secret' });

    const byName = await dryRun({ callerId: 'dry caller', calleeId: 'dry callee' });
    const byId = await dryRun({ callerId: id, calleeId: 'dry callee' });

    expect(byName).toMatchObject({ status: 200, body: { phone: '+8613800138001', carrier: 'simulator' } });
    expect(byId).toEqual(byName);
  });

  it('is refused if both name one user', async () => {
    const id = await created('alone', { phone: '13700137002' });

    for (const query of [
      { callerId: 'alone', calleeId: id },
      { callerId: id, calleeId: 'alone' },
      { callerId: 'alone', calleeId: 'alone' },
    ]) {
      expect(await dryRun(query)).toMatchObject({ status: 400, body: { errors: [{ where: '/calleeId' }] } });
    }
  });

  it('says so if nobody has them', async () => {
    expect(await dryRun({ callerId: 'nobody', calleeId: '2000' })).toMatchObject({
      status: 200,
      body: { carrier: null, why: 'The caller has no phone, or is not known.' },
    });
  });
});
