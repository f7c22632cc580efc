import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { readKeyRing, type KeyRing } from '../../src/config/key-ring.js';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { reencryptSecrets } from '../../src/directory/reencryption.js';
import { decryptSecret, encryptSecret, type StoredSecret } from '../../src/directory/secret-cipher.js';
import { SubAccountService } from '../../src/directory/sub-account.service.js';
import { AN_AUTHOR, auditOf } from '../support/author.js';
import { endOf, PROCESS_LIMIT_MS, REPOSITORY, startNode } from '../support/node-process.js';
import { TEST_SECRET } from '../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { waitFor } from '../support/wait-for.js';

const keyText = (name: string): string => `${name}:${Buffer.alloc(32, name).toString('base64')}`;
const OLD = readKeyRing(keyText('old'));
const LOST = readKeyRing(keyText('lost'));
const BOTH_KEYS = `${keyText('new')},${keyText('old')}`;
const BOTH = readKeyRing(BOTH_KEYS);
const NEW = readKeyRing(keyText('new'));

let own: TestDatabase;
let database: DataSource;

beforeAll(async () => {
  own = await createTestDatabase();
  database = await new DataSource(dataSourceOptions(own.url, 4)).initialize();
});
afterEach(() => database.query('truncate app_user cascade'));
afterAll(async () => {
  await database.destroy();
  await own.drop();
});

const secretOf = (userId: string): string => `secret of ${userId}`;

interface Account extends StoredSecret {
  readonly userId: string;
}

/** Users 1 … count, each with a sub-account encrypted with the first key, or not encrypted. */
const fill = async (keys: KeyRing | null, count: number, first = 1): Promise<void> => {
  const accounts = Array.from({ length: count }, (_, index): Account => {
    const userId = String(first + index);
    const plain = { secret: secretOf(userId), keyName: null };
    return { userId, ...(keys ? encryptSecret(plain.secret, { userId, provider: 'simulator' }, keys) : plain) };
  });
  const columns = [accounts.map(({ userId }) => userId), accounts.map(({ secret }) => secret)];
  await database.query(`insert into app_user (id, name) select id, 'somebody' from unnest($1::bigint[]) id`, [
    columns[0],
  ]);
  await database.query(
    `insert into sub_account (user_id, provider, external_id, secret, key_name)
     select id, 'simulator', 'account', secret, $3 from unnest($1::bigint[], $2::text[]) given (id, secret)`,
    [...columns, accounts[0]?.keyName],
  );
};

const stored = (): Promise<Account[]> =>
  database.query('select user_id as "userId", secret, key_name as "keyName" from sub_account order by user_id');

const readable = async (keys: KeyRing): Promise<string[]> =>
  (await stored()).map((row) => decryptSecret(row, { userId: row.userId, provider: 'simulator' }, keys));

const secretsUpTo = (count: number): string[] => Array.from({ length: count }, (_, index) => secretOf(`${index + 1}`));

it('re-encrypts secrets of other keys and plain secrets with the first key, and keeps the others', async () => {
  await fill(OLD, 450);
  await fill(null, 10, 451);
  await fill(NEW, 5, 461);
  const before = await stored();

  expect(await reencryptSecrets(database, BOTH)).toEqual({ done: 460, left: [], unreadable: [] });

  expect(await readable(NEW)).toEqual(secretsUpTo(465));
  expect((await stored()).slice(460)).toEqual(before.slice(460));
});

it('changes nothing the second time', async () => {
  await fill(OLD, 3);
  await reencryptSecrets(database, BOTH);
  const before = await stored();

  expect(await reencryptSecrets(database, BOTH)).toEqual({ done: 0, left: [], unreadable: [] });

  expect(await stored()).toEqual(before);
});

it('keeps and counts secrets without a key, and names secrets that their key cannot decrypt', async () => {
  await fill(LOST, 3);
  await fill(OLD, 2, 4);
  await database.query(`update sub_account set secret = (select secret from sub_account where user_id = 4)
                        where user_id = 5`);
  const before = await stored();

  expect(await reencryptSecrets(database, BOTH)).toEqual({
    done: 1,
    left: [
      { keyName: 'lost', count: 3 },
      { keyName: 'old', count: 1 },
    ],
    unreadable: [expect.stringMatching(/^The secret of user 5’s sub-account at simulator cannot be read: .*key old/)],
  });

  expect((await stored()).filter((_, index) => index !== 3)).toEqual(before.filter((_, index) => index !== 3));
});

it('skips a row that another transaction has locked', async () => {
  await fill(OLD, 3);
  const writer = database.createQueryRunner();
  await writer.startTransaction();
  await writer.query(`update sub_account set secret = 'stored meanwhile', key_name = null where user_id = 2`);
  try {
    expect(await reencryptSecrets(database, BOTH)).toMatchObject({ done: 2, left: [{ keyName: 'old', count: 1 }] });
  } finally {
    await writer.commitTransaction();
    await writer.release();
  }

  expect(await readable(NEW)).toEqual([secretOf('1'), 'stored meanwhile', secretOf('3')]);
});

it('never overwrites a secret that is replaced concurrently', async () => {
  await fill(OLD, 600);
  const accounts = new SubAccountService(database, auditOf(database), BOTH);
  const replaced = Array.from({ length: 200 }, (_, index) => String(3 * index + 1));

  const storeAll = async (): Promise<void> => {
    for (const userId of replaced) {
      const secret = `new ${secretOf(userId)}`;
      await accounts.store(userId, { provider: 'simulator', externalId: 'account', secret }, AN_AUTHOR);
    }
  };
  await Promise.all([storeAll(), reencryptSecrets(database, BOTH)]);

  expect(await reencryptSecrets(database, BOTH)).toMatchObject({ left: [], unreadable: [] });
  expect(await readable(NEW)).toEqual(
    secretsUpTo(600).map((secret, index) => (index % 3 === 0 ? `new ${secret}` : secret)),
  );
});

it('shares the work with a concurrent run, and re-encrypts each secret once', async () => {
  await fill(OLD, 1_000);

  const outcomes = await Promise.all([1, 2, 3].map(() => reencryptSecrets(database, BOTH)));

  expect(outcomes.reduce((sum, { done }) => sum + done, 0)).toBe(1_000);
  expect(await readable(NEW)).toEqual(secretsUpTo(1_000));
});

describe('the re-encryption program', () => {
  const start = (more: Record<string, string> = {}) =>
    startNode(join(REPOSITORY, 'dist/src/database/reencrypt.js'), [], {
      environment: {
        DATABASE_URL: own.url,
        JWT_SECRET: TEST_SECRET,
        SUB_ACCOUNT_KEYS: BOTH_KEYS,
        SIMULATOR: 'true',
        ...more,
      },
    });

  it('prints how many secrets it re-encrypted, and fails when some are left', async () => {
    await fill(OLD, 2);
    expect(await endOf(start())).toEqual({ code: 0, output: 'Re-encrypted: 2, under the key new.\n', complaint: '' });

    await fill(LOST, 3, 3);
    expect(await endOf(start())).toEqual({
      code: 1,
      output:
        'Re-encrypted: 0, under the key new.\n' + 'Left: 3 under the key lost, which SUB_ACCOUNT_KEYS does not hold.\n',
      complaint: '',
    });
  });

  it('prints one line when the embedded default is used, which does not need it', async () => {
    expect(await endOf(start({ DATABASE_URL: '' }))).toEqual({
      code: 1,
      output: '',
      complaint: 'DATABASE_URL: required; the embedded default does this when it starts\n',
    });
  });

  it('can be killed at any time and run again', async () => {
    const count = 20_000;
    await fill(OLD, count);
    const hasBegun = async (): Promise<boolean> =>
      (await database.query<unknown[]>(`select from sub_account where key_name = 'new' limit 1`)).length > 0;

    const first = start();
    const ending = endOf(first);
    await waitFor('the first batch', hasBegun, PROCESS_LIMIT_MS);
    first.kill('SIGKILL');
    await ending;
    expect(await readable(BOTH)).toEqual(secretsUpTo(count));

    const { code, output } = await endOf(start());
    const done = Number(/\d+/.exec(output)?.[0]);
    expect([code, done > 0, done < count]).toEqual([0, true, true]);
    expect(await readable(NEW)).toEqual(secretsUpTo(count));
  });
});
