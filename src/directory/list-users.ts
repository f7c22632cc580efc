/**
 * One page of users, by id. A million users cost no more than a thousand: a phone leads by its index, and a name by the index of
 * its parts. A part that many names have fills the page from the users after the cursor, so those are looked at first.
 */
import type { DataSource, EntityManager } from 'typeorm';
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
const BY_NAME_SETTINGS = 'set local enable_seqscan = off; set local enable_indexscan = off; set local enable_bitmapscan = on';

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
  const extended = phone && phone.extension !== null ? [`${phoneOf('app_user')} = ${put(writtenPhone(phone.number, phone.extension))}`] : [];
  const select = (from: string, order = 'id'): string =>
    `select ${columns} from ${from} order by ${order} limit ${most}`;

  return database.transaction(async (transaction) => {
    const found = async (text: string): Promise<Page<User>> =>
      pageOf(await transaction.query<User[]>(text, [...values]), limit, ({ id }) => id);
    await transaction.query(KEY_ORDER_SETTINGS);
    if (externalId !== undefined) {
      const conditions = [`external_id = ${put(externalId)}`, `id > ${behind}`, named, ...extended];
      if (phone) conditions.push(`phone = ${put(phone.number)}`);
      return found(select(`app_user where ${conditions.join(' and ')}`));
    }
    if (phone) {
      const number = put(phone.number);
      // A range and not "phone = …": for a phone that many have, the planner would walk the whole primary key.
      const range = `(phone, id) > (${number}, ${behind}) and (phone, id) <= (${number}, ${MAX_LONG})`;
      return found(select(`app_user where ${[range, named, ...extended].join(' and ')}`, 'app_user.phone, app_user.id'));
    }
    if (name === undefined) return found(select(`app_user where id > ${behind}`));
    const near = `(select * from app_user where id > ${behind} order by id limit ${MAX_EXAMINED}) app_user`;
    const page = await found(select(`${near} where ${named}`));
    if (page.next !== null) return page;
    await transaction.query(BY_NAME_SETTINGS);
    const withParts = `user_name_parts(name) @> user_name_parts(${put(name)})`;
    return found(
      `with named as materialized (select * from app_user where ${withParts} and ${named})
       ${select(`named app_user where id > ${behind}`)}`,
    );
  });
};
