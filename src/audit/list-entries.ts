/**
 * One page of the audit, latest first. One filter leads by its index, the others are checked on each entry that it finds.
 * They may match few, so a page examines at most MAX_EXAMINED entries and then reports how far it has come.
 */
import type { DataSource } from 'typeorm';
import { isLong } from '../common/long.js';
import { badCursor, MAX_EXAMINED, type Page, type PageRequest } from '../common/page.js';
import { KEY_ORDER_SETTINGS } from '../postgres/key-order.js';
import type { AuditEntry } from './audit-entry.entity.js';

export interface AuditFilter {
  readonly subject?: string | undefined;
  readonly action?: string | undefined;
  readonly target?: string | undefined;
  /** At this time or later. */
  readonly from?: Date | undefined;
  /** Before this time. */
  readonly to?: Date | undefined;
}

interface Row extends AuditEntry {
  /** False for a row that only marks how far the page has come. */
  readonly matches: boolean;
  /** No entry beyond this one was examined. */
  readonly isHorizon: boolean;
}

interface Place {
  readonly at: Date;
  readonly id: string;
}

/** The most selective first. Each has an index that goes on with time and id. */
const LEADING = ['target', 'subject', 'action'] as const;

const BEFORE_ALL = new Date(0);
const AFTER_ALL = new Date('9999-01-01');

export const listEntries = async (
  database: DataSource,
  filter: AuditFilter,
  { after, limit }: PageRequest,
  maxExamined = MAX_EXAMINED,
): Promise<Page<AuditEntry>> => {
  const values: unknown[] = [];
  const put = (value: unknown): string => `$${values.push(value)}`;
  const [leading, ...others] = LEADING.filter((name) => filter[name] !== undefined);
  const end = earlier(after === undefined ? { at: AFTER_ALL, id: '0' } : placeOf(after), filter.to);
  const key = [...(leading ? [leading] : []), 'at', 'id'];
  const value = leading ? [put(filter[leading])] : [];
  const from = [...value, put(filter.from ?? BEFORE_ALL), '0'];
  const until = [...value, put(end.at), put(end.id)];
  const matches = others.map((name) => `${name} = ${put(filter[name])}`).join(' and ') || 'true';
  const examined = others.length > 0 ? maxExamined : limit + 1;
  const text = `
select id, at, subject, token_id as "tokenId", api_key_id as "apiKeyId", action, route, target, before, after, detail,
  address, request_id as "requestId", matches, place = ${examined} as "isHorizon"
from (
  select *, ${matches} as matches, row_number() over (order by at desc, id desc) as place
  from (
    select * from audit_entry
    where (${key.join(', ')}) >= (${from.join(', ')}) and (${key.join(', ')}) < (${until.join(', ')})
    order by ${key.map((column) => `${column} desc`).join(', ')}
    limit ${examined}
  ) examined
) entry
where matches or place = ${examined}
order by at desc, id desc
limit ${limit + 1}`;
  return database.transaction(async (transaction) => {
    await transaction.query(KEY_ORDER_SETTINGS);
    return pageOf(await transaction.query<Row[]>(text, values), limit);
  });
};

const pageOf = (rows: readonly Row[], limit: number): Page<AuditEntry> => {
  const items = rows.filter(({ matches }) => matches).slice(0, limit);
  const last = rows.length > limit ? items.at(-1) : rows.find(({ isHorizon }) => isHorizon);
  return {
    items: items.map(({ matches: _matches, isHorizon: _isHorizon, ...entry }) => entry),
    next: last ? `${last.at.getTime()}-${last.id}` : null,
  };
};

/** No entry has the id 0, so such a place excludes all entries of its time. */
const earlier = (place: Place, to: Date | undefined): Place => (to && to <= place.at ? { at: to, id: '0' } : place);

/** @throws AppError for a cursor of another list */
const placeOf = (cursor: string): Place => {
  const [, time = '', id = ''] = /^(\d{1,14})-(\d{1,19})$/.exec(cursor) ?? [];
  if (!isLong(id)) throw badCursor();
  return { at: new Date(Number(time)), id };
};
