/**
 * Brings every secret under the first key, those from before there were keys included. The service may run meanwhile: a
 * row that somebody is writing is left to them, and one that is read here is held until it is written.
 */
import type { DataSource, EntityManager } from 'typeorm';
import type { KeyRing } from '../config/key-ring.js';
import { decryptSecret, encryptSecret, type SecretOwner, type StoredSecret } from './secret-cipher.js';

export interface Reencrypted {
  readonly done: number;
  /** What is not under the first key even so; a name of null stands for secrets that are not encrypted. */
  readonly left: readonly { readonly keyName: string | null; readonly count: number }[];
  /** A sentence for each secret that its key does not open. */
  readonly unreadable: readonly string[];
}

/** Held for some milliseconds: nobody who stores one of them notices. */
const ROWS_A_BATCH = 200;

type Row = SecretOwner & StoredSecret;

const BEFORE_ALL: SecretOwner = { userId: '0', provider: '' };

/** Whoever stops it loses at most the batch under way; the next run goes on where this one came to. */
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

/** Those of a key that is not at hand are not even read. */
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
