/** A sub-account's secret is visible only to the admin who sends it and to the provider that receives it. */
import { PassThrough } from 'node:stream';
import { ProviderRegistry } from '../../src/telephony/provider-registry.js';
import { startTestApp, TEST_KEYS, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

const SECRET = 'nobody-may-read-this-4c1e';
const SYSTEM = { returnCode: 500, returnMsg: '系统内部异常!' };

let service: TestApp;
let written = '';
const shown: string[] = [];

beforeAll(async () => {
  const logTo = new PassThrough();
  logTo.on('data', (chunk: Buffer) => (written += chunk.toString()));
  service = await startTestApp({ environment: { LOG_LEVEL: 'trace' }, logTo });
  const provider = service.app.nest.get(ProviderRegistry).all[0]!;
  const dial = provider.dial.bind(provider);
  provider.dial = (request, signal) => {
    shown.push(request.subAccount.secret);
    return dial(request, signal);
  };
});
afterAll(() => service.close());

/** @returns the admin API's answer */
const store = async (userId: string): Promise<string> => {
  const answers = [
    await service.admin('PUT', `users/${userId}/sub-accounts/simulator`, { externalId: 'account', secret: SECRET }),
    await service.admin('GET', `users/${userId}/sub-accounts/simulator`),
    await service.admin('GET', `users/${userId}/sub-accounts`),
    await service.admin('GET', `users/${userId}`),
  ];
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  return (await Promise.all(answers.map((answer) => answer.text()))).join('\n');
};

/** Every row of every table, or of those of one schema. */
const everything = async (schema: string | null = null): Promise<string> => {
  const tables = await service.database.query<{ name: string }[]>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
     where schemaname not in ('pg_catalog', 'information_schema') and schemaname = coalesce($1, schemaname)`,
    [schema],
  );
  const rows = await Promise.all(
    tables.map(({ name }) => service.database.query<{ row: string }[]>(`select t::text as row from ${name} t`)),
  );
  return rows
    .flat()
    .map(({ row }) => row)
    .join('\n');
};

const errorLines = (): string[] => written.split('\n').filter((line) => line.includes('request failed'));

it('a secret is in no reply, no table and no log line, and reaches the provider unchanged', async () => {
  const replies = await store('1004');
  const placed = await service.ask('1004', 'call/2001');
  await waitFor('the end of the call', () => written.includes('"type":"ended"'));
  const tables = await everything();
  const [{ secret: stored } = { secret: '' }] = await service.database.query<{ secret: string }[]>(
    'select secret from sub_account where user_id = 1004',
  );

  expect([placed.returnCode, shown]).toEqual([200, [SECRET]]);
  expect(tables).toContain(stored);
  expect(tables).toContain(placed.data?.callSid);
  for (const text of [replies, JSON.stringify(placed), tables, written]) expect(text).not.toContain(SECRET);
  for (const text of [replies, written]) expect(text).not.toContain(stored);
});

it.each([
  [
    'was encrypted with a missing key',
    '1005',
    `update sub_account set key_name = 'lost' where user_id = 1005`,
    'SUB_ACCOUNT_KEYS holds no key lost',
  ],
  [
    'was copied from another user',
    '1006',
    `update sub_account set secret = (select secret from sub_account where user_id = 1007) where user_id = 1006`,
    'it is not what the key test has encrypted for it',
  ],
  [
    'was truncated',
    '1008',
    `update sub_account set secret = left(secret, 20) where user_id = 1008`,
    'it is not what the key test has encrypted for it',
  ],
])(
  'a secret that %s places no call, leaves no record, and is reported only in the log',
  async (_what, userId, spoil, why) => {
    await store(userId);
    await service.database.query(spoil);
    await waitFor('the calls of other cases to be counted', async () => {
      const waiting = await service.database.query<unknown[]>('select from end_to_count');
      return waiting.length === 0;
    });
    const before = await everything('public');
    const logged = errorLines().length;
    const shownBefore = shown.length;

    const replies = [await service.ask(userId, 'call/2001'), await service.ask(userId, 'callService')];

    expect(replies).toEqual([SYSTEM, SYSTEM]);
    expect(await everything('public')).toBe(before);
    expect(shown).toHaveLength(shownBefore);
    const lines = await waitFor('the lines', () =>
      errorLines().length === logged + 2 ? errorLines().slice(logged) : null,
    );
    for (const line of lines) {
      expect((JSON.parse(line) as { error: Error }).error.message).toContain(
        `The secret of user ${userId}’s sub-account at simulator cannot be read: ${why}`,
      );
    }
    expect(written).not.toContain(SECRET);
  },
);

it('the keys are in no log line either', () => {
  expect(written).not.toContain(TEST_KEYS.split(':')[1]);
  expect(written).not.toContain('kkkkkkkk');
});
