/**
 * One page of users, by id. A million users cost no more than a thousand: a phone leads by its index, and a name by the index of
 * its parts. That index knows no order, and gives all users with a part. So the users after the cursor are looked at first: a part
 * that many names have fills the page with them.
 */
import type { DataSource } from 'typeorm';
import { MAX_LONG } from '../common/long.js';
import { MAX_EXAMINED, pageOf, type Page, type PageRequest } from '../common/page.js';
import { writtenPhone, type DialledPhone } from '../common/phone-number.js';
import { KEY_ORDER_SETTINGS } from '../postgres/key-order.js';
import { phoneOf } from './phone-columns.js';

export interface ListedUsers {
  readonly externalId?: string | undefined;
  /** A part of it; upper and lower case are alike. */
  readonly name?: string | undefined;
  /** Without an extension, also the users whose phone has one. */
  readonly phone?: DialledPhone | undefined;
}

/** The index of names gives a bitmap, and nothing else may be read in place of it. */
const BY_NAME_SETTINGS =
  'set local enable_seqscan = off; set local enable_indexscan = off; set local enable_bitmapscan = on';

/** @param columns as SQL, of `app_user`, with `id` */
export const listUsers = <User extends { readonly id: string }>(
  database: DataSource,
  columns: string,
  { externalId, name, phone }: ListedUsers,
  { after = '0', limit }: PageRequest,
): Promise<Page<User>> => {
  const values: unknown[] = [];
  const put = (value: unknown): string => `$${values.push(value)}`;
  const [behind, most] = [`${put(after)}::bigint`, put(limit + 1)];
  const named = name === undefined ? 'true' : `position(lower(${put(name)}) in lower(name)) > 0`;
  const extended =
    phone && phone.extension !== null
      ? [`${phoneOf('app_user')} = ${put(writtenPhone(phone.number, phone.extension))}`]
      : [];
  const select = (from: string): string => `select ${columns} from ${from} limit ${most}`;

  return database.transaction(async (transaction) => {
    const read = (text: string): Promise<User[]> => transaction.query<User[]>(text, [...values]);
    const found = (users: readonly User[]): Page<User> => pageOf(users, limit, ({ id }) => id);
    await transaction.query(KEY_ORDER_SETTINGS);
    if (externalId !== undefined) {
      const conditions = [`external_id = ${put(externalId)}`, `id > ${behind}`, named, ...extended];
      if (phone) conditions.push(`phone = ${put(phone.number)}`);
      return found(await read(select(`app_user where ${conditions.join(' and ')}`)));
    }
    if (phone) {
      const number = put(phone.number);
      // A range and not "phone = …": for a phone that many have, the planner would walk the whole primary key.
      const range = `(phone, id) > (${number}, ${behind}) and (phone, id) <= (${number}, ${MAX_LONG})`;
      const conditions = [range, named, ...extended].join(' and ');
      return found(await read(select(`app_user where ${conditions} order by app_user.phone, app_user.id`)));
    }
    if (name === undefined) return found(await read(select(`app_user where id > ${behind} order by id`)));

    const [last] = await transaction.query<{ id: string }[]>(
      `select id from app_user where id > $1 order by id offset ${MAX_EXAMINED - 1} limit 1`,
      [after],
    );
    const end = `${put(last?.id ?? MAX_LONG)}::bigint`;
    const near = await read(select(`app_user where id > ${behind} and id <= ${end} and ${named} order by id`));
    if (!last || near.length > limit) return found(near);
    await transaction.query(BY_NAME_SETTINGS);
    const withParts = `user_name_parts(name) @> user_name_parts(${put(name)})`;
    const far = await read(
      `with named as materialized (select * from app_user where ${withParts} and ${named})
       ${select(`named app_user where id > ${behind} and id > ${end} order by id`)}`,
    );
    return found([...near, ...far]);
  });
};
