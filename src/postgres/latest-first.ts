/**
 * One page of a table with the columns `at` and `id`, latest first. One filter leads by its index, the others are checked on
 * each row that it finds. They may match few, so a page examines a limited number of rows and then reports how far it has come.
 */
import type { DataSource } from 'typeorm';
import { isLong } from '../common/long.js';
import { badCursor, MAX_EXAMINED, type Page, type PageRequest } from '../common/page.js';
import { KEY_ORDER_SETTINGS } from './key-order.js';

/** The column has the value. */
export interface ColumnFilter {
  readonly column: string;
  readonly value: unknown;
  /** From the parameter of the value, if that is not itself what the column has. */
  readonly asSql?: (parameter: string) => string;
}

export interface TimedRows {
  readonly table: string;
  /** As SQL, with `id` and `at`. */
  readonly columns: string;
  /** Has an index that goes on with time and id. */
  readonly leading: ColumnFilter | undefined;
  readonly others: readonly ColumnFilter[];
  /** At this time or later. */
  readonly from: Date | undefined;
  /** Before this time. */
  readonly to: Date | undefined;
}

interface Place {
  readonly at: Date;
  readonly id: string;
}

interface Examined extends Place {
  /** False for a row that only marks how far the page has come. */
  readonly matches: boolean;
  /** No row beyond this one was examined. */
  readonly isHorizon: boolean;
}

const BEFORE_ALL = new Date(0);
const AFTER_ALL = new Date('9999-01-01');

/** A page may have fewer items than the limit, even none, and still a next cursor. */
export const latestFirst = async <T extends Place>(
  database: DataSource,
  { table, columns, leading, others, from, to }: TimedRows,
  { after, limit }: PageRequest,
  maxExamined = MAX_EXAMINED,
): Promise<Page<T>> => {
  const values: unknown[] = [];
  const put = (value: unknown): string => `$${values.push(value)}`;
  const putFilter = ({ value, asSql = (parameter) => parameter }: ColumnFilter): string => asSql(put(value));
  const end = earlier(after === undefined ? { at: AFTER_ALL, id: '0' } : placeOf(after), to);
  const key = [...(leading ? [leading.column] : []), 'at', 'id'];
  const value = leading ? [putFilter(leading)] : [];
  const first = [...value, put(from ?? BEFORE_ALL), '0'];
  const until = [...value, put(end.at), put(end.id)];
  const matches = others.map((filter) => `${filter.column} = ${putFilter(filter)}`).join(' and ') || 'true';
  const examined = others.length > 0 ? maxExamined : limit + 1;
  const text = `
select ${columns}, matches, place = ${examined} as "isHorizon"
from (
  select *, ${matches} as matches, row_number() over (order by at desc, id desc) as place
  from (
    select * from ${table}
    where (${key.join(', ')}) >= (${first.join(', ')}) and (${key.join(', ')}) < (${until.join(', ')})
    order by ${key.map((column) => `${column} desc`).join(', ')}
    limit ${examined}
  ) examined
) found
where matches or place = ${examined}
order by at desc, id desc
limit ${limit + 1}`;
  return database.transaction(async (transaction) => {
    await transaction.query(KEY_ORDER_SETTINGS);
    return pageOf(await transaction.query<(T & Examined)[]>(text, values), limit);
  });
};

const pageOf = <T extends Place>(rows: readonly (T & Examined)[], limit: number): Page<T> => {
  const items = rows.filter(({ matches }) => matches).slice(0, limit);
  const last = rows.length > limit ? items.at(-1) : rows.find(({ isHorizon }) => isHorizon);
  return {
    items: items.map(({ matches: _matches, isHorizon: _isHorizon, ...row }) => row as unknown as T),
    next: last ? `${last.at.getTime()}-${last.id}` : null,
  };
};

/** No row has the id 0, so such a place excludes all rows of its time. */
const earlier = (place: Place, to: Date | undefined): Place => (to && to <= place.at ? { at: to, id: '0' } : place);

/** @throws AppError for a cursor of another list */
const placeOf = (cursor: string): Place => {
  const [, time = '', id = ''] = /^(\d{1,14})-(\d{1,19})$/.exec(cursor) ?? [];
  if (!isLong(id)) throw badCursor();
  return { at: new Date(Number(time)), id };
};
