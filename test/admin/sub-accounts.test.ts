import { inspect } from 'node:util';
import { DirectoryService } from '../../src/directory/directory.service.js';
import { SubAccountService } from '../../src/directory/sub-account.service.js';
import { AN_AUTHOR } from '../support/author.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp();
});
afterAll(() => service.close());

const SECRET = 'nobody-may-read-this-7f1d';

let nextId = 600_000;
const freshUser = async (): Promise<string> => {
  const id = String(nextId++);
  await service.admin('POST', 'users', { id, name: 'somebody' });
  return id;
};

const store = (userId: string, body: unknown, provider = 'simulator') =>
  service.admin('PUT', `users/${userId}/sub-accounts/${provider}`, body);

it('is created by PUT, replaced by the next, and its secret is stored and never shown', async () => {
  const userId = await freshUser();

  const first = await store(userId, { externalId: 'one', secret: 'first secret' });
  const second = await store(userId, { externalId: ' two ', secret: SECRET });
  const read = await service.admin('GET', `users/${userId}/sub-accounts/simulator`);
  const list = await service.admin('GET', `users/${userId}/sub-accounts`);

  expect([first.status, second.status, read.status, list.status]).toEqual([201, 200, 200, 200]);
  expect(await first.json()).toEqual({ provider: 'simulator', externalId: 'one' });
  expect(await second.json()).toEqual({ provider: 'simulator', externalId: 'two' });
  expect(await read.json()).toEqual({ provider: 'simulator', externalId: 'two' });
  expect(await list.json()).toEqual({ items: [{ provider: 'simulator', externalId: 'two' }] });
  const parties = await service.app.nest.get(DirectoryService).findParties(userId, '2000');
  expect(parties.subAccount('simulator')).toEqual({ externalId: 'two', secret: SECRET });
});

it('is used to place the user’s calls', async () => {
  const userId = await freshUser();
  await service.admin('PATCH', `users/${userId}`, { phone: '13700137000' });
  expect((await service.ask(userId, 'call/2000')).returnMsg).toBe('无通讯子账户,请联系管理员!');

  await store(userId, { externalId: 'one', secret: SECRET });

  expect((await service.ask(userId, 'call/2000')).returnCode).toBe(200);
});

it('is not found after DELETE', async () => {
  const userId = await freshUser();
  await store(userId, { externalId: 'one', secret: SECRET });

  const removed = await service.admin('DELETE', `users/${userId}/sub-accounts/simulator`);

  expect(removed.status).toBe(204);
  expect((await service.admin('GET', `users/${userId}/sub-accounts/simulator`)).status).toBe(404);
  expect((await service.admin('DELETE', `users/${userId}/sub-accounts/simulator`)).status).toBe(404);
  expect(await (await service.admin('GET', `users/${userId}/sub-accounts`)).json()).toEqual({ items: [] });
});

it('is listed in the order of providers, also when its provider is not configured any more', async () => {
  const userId = await freshUser();
  await store(userId, { externalId: 'one', secret: SECRET });
  await service.database.query(`insert into sub_account values ($1, 'ancient', 'zero', $2)`, [userId, SECRET]);

  const list = await service.admin('GET', `users/${userId}/sub-accounts`);

  expect(await list.json()).toEqual({
    items: [
      { provider: 'ancient', externalId: 'zero' },
      { provider: 'simulator', externalId: 'one' },
    ],
  });
  expect((await service.admin('DELETE', `users/${userId}/sub-accounts/ancient`)).status).toBe(204);
});

it.each(['simulater', 'Simulator', 'toString', '%00', '%E2%98%8E', 'a'.repeat(65)])(
  'refuses the provider %s, and names the configured ones',
  async (provider) => {
    const userId = await freshUser();

    const response = await store(userId, { externalId: 'one', secret: SECRET }, provider);

    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ detail: expect.stringContaining('simulator') });
    expect((await service.admin('GET', `users/${userId}/sub-accounts/${provider}`)).status).toBe(404);
    expect((await service.admin('DELETE', `users/${userId}/sub-accounts/${provider}`)).status).toBe(404);
  },
);

it.each(['599999', '1e3', '0', '12345678901234567890', '1%00'])('answers 404 for the user %s', async (userId) => {
  const path = `users/${userId}/sub-accounts`;
  const responses = [
    await service.admin('GET', path),
    await service.admin('GET', `${path}/simulator`),
    await service.admin('DELETE', `${path}/simulator`),
    await store(userId, { externalId: 'one', secret: SECRET }),
  ];

  expect(responses.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
});

it.each([
  [{ secret: SECRET }, '/externalId'],
  [{ externalId: 'one' }, '/secret'],
  [{ externalId: 'one', secret: '' }, '/secret'],
  [{ externalId: 'one', secret: 5 }, '/secret'],
  [{ externalId: 'one', secret: `${SECRET}\u0000` }, '/secret'],
  [{ externalId: 'one', secret: `${SECRET}\ud800` }, '/secret'],
  [{ externalId: 'one', secret: SECRET.repeat(200) }, '/secret'],
  [{ externalId: 'a'.repeat(201), secret: SECRET }, '/externalId'],
  [{ externalId: 'one', secret: SECRET, provider: 'simulator' }, '/provider'],
])('refuses %j without repeating the secret', async (body, where) => {
  const userId = await freshUser();

  const response = await store(userId, body);
  const text = await response.text();

  expect(response.status).toBe(400);
  expect(JSON.parse(text)).toMatchObject({ errors: [{ where }] });
  expect(text).not.toContain(SECRET);
});

it('does not put the secret into the error of a failed statement, and so not into the log', async () => {
  const userId = await freshUser();
  const accounts = service.app.nest.get(SubAccountService);
  await service.database.query(`alter table sub_account add constraint no_thirteen check (external_id <> 'thirteen')`);
  try {
    const body = { externalId: 'thirteen', secret: SECRET };

    const error: unknown = await accounts
      .store(userId, { provider: 'simulator', ...body }, AN_AUTHOR)
      .catch((thrown: unknown) => thrown);
    const response = await store(userId, body);

    expect(error).toBeInstanceOf(Error);
    expect(inspect(error, { depth: null, showHidden: true })).toContain('no_thirteen');
    expect(inspect(error, { depth: null, showHidden: true })).not.toContain(SECRET);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain(SECRET);
  } finally {
    await service.database.query('alter table sub_account drop constraint no_thirteen');
  }
});

describe('is stored, and so is the list, although a list of users writes it at the same time:', () => {
  it.each([
    ['of an administrator', async (userId: string) => (await store(userId, { externalId: 'one', secret: SECRET })).ok],
    [
      'made at the first call',
      async (userId: string) => {
        const account = { provider: 'simulator', externalId: 'one', secret: SECRET };
        await service.app.nest.get(SubAccountService).storeIfNone(userId, account);
        return true;
      },
    ],
  ])('one %s', async (_, storeOne) => {
    const userId = await freshUser();
    const list = service.database.createQueryRunner();
    await list.startTransaction();
    try {
      // First the rows of users, then those of sub-accounts (user-sync.service.ts).
      await list.query('select from app_user where id = $1 for update', [userId]);
      const stored = storeOne(userId);
      await waitFor('the one to wait for the list', async () => {
        const [waiting] = await service.database.query<unknown[]>(
          `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        );
        return waiting;
      });
      await list.query(`insert into sub_account values ($1, 'simulator', 'of the list', $2)`, [userId, SECRET]);
      await list.commitTransaction();

      expect(await stored).toBe(true);
    } finally {
      await list.release();
    }
  });
});
