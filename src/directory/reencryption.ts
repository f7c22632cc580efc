/**
 * Re-encrypts all secrets with the first key, including unencrypted ones of early versions. The service may run at the
 * same time: rows that it has locked are skipped, and rows that are read here stay locked until they are written.
 */
import type { DataSource, EntityManager } from 'typeorm';
import type { KeyRing } from '../config/key-ring.js';
import { decryptSecret, encryptSecret, type SecretOwner, type StoredSecret } from './secret-cipher.js';

export interface Reencrypted {
  readonly done: number;
  /** Secrets that are still not under the first key. A null name means unencrypted. */
  readonly left: readonly { readonly keyName: string | null; readonly count: number }[];
  /** A message for each secret that its key cannot decrypt. */
  readonly unreadable: readonly string[];
}

/** A batch is locked only for some milliseconds, which concurrent writers do not notice. */
const ROWS_A_BATCH = 200;

type Row = SecretOwner & StoredSecret;

const BEFORE_ALL: SecretOwner = { userId: '0', provider: '' };

/** If interrupted, at most the current batch is lost, and the next run continues from there. */
export const reencryptSecrets = async (database: DataSource, keys: KeyRing): Promise<Reencrypted> => {
  const unreadable: string[] = [];
  let done = 0;
  let last: SecretOwner | undefined = BEFORE_ALL;
  while (last) {
    const after: SecretOwner = last;
    const rows = await database.transaction(async (batch) => {
      const found = await readRows(batch, after, keys);
      const written = found.flatMap((row) => reencrypted(row, keys, unreadable));
      await writeRows(batch, written);
      done += written.length;
      return found;
    });
    last = rows.at(-1);
  }
  return { done, left: await countOthers(database, keys), unreadable };
};

const reencrypted = (row: Row, keys: KeyRing, unreadable: string[]): Row[] => {
  try {
    return [{ ...row, ...encryptSecret(decryptSecret(row, row, keys), row, keys) }];
  } catch (error) {
    unreadable.push((error as Error).message);
    return [];
  }
};

/** Rows whose key is not in the ring are not read. */
const readRows = (database: EntityManager, { userId, provider }: SecretOwner, keys: KeyRing): Promise<Row[]> =>
  database.query(
    `select user_id as "userId", provider, secret, key_name as "keyName"
     from sub_account
     where (user_id, provider) > ($1, $2) and (key_name is null or key_name = any ($3::text[]))
     order by user_id, provider
     limit ${ROWS_A_BATCH}
     for update skip locked`,
    [userId, provider, keys.slice(1).map(({ name }) => name)],
  );

const writeRows = (database: EntityManager, rows: readonly Row[]): Promise<unknown> =>
  database.query(
    `update sub_account account set secret = given.secret, key_name = given.key_name
     from unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) as given (user_id, provider, secret, key_name)
     where account.user_id = given.user_id and account.provider = given.provider`,
    [
      rows.map(({ userId }) => userId),
      rows.map(({ provider }) => provider),
      rows.map(({ secret }) => secret),
      rows.map(({ keyName }) => keyName),
    ],
  );

const countOthers = (database: DataSource, [{ name }]: KeyRing): Promise<Reencrypted['left']> =>
  database.query(
    `select key_name as "keyName", count(*)::integer as count
     from sub_account
     where key_name is distinct from $1
     group by key_name
     order by key_name`,
    [name],
  );
