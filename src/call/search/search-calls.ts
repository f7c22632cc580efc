/** Runs the statements of `call-search-statement.ts` and builds one page. */
import type { DataSource, EntityManager } from 'typeorm';
import { KEY_ORDER_SETTINGS } from '../../postgres/key-order.js';
import { MAX_EXAMINED, type Page, type PageRequest } from '../../common/page.js';
import { minCallSidAt } from '../record/call-sid.js';
import { searchStatements, type CallFilter, type FoundRow, type SearchStatement } from './call-search-statement.js';
import { shownCall, type ShownCall } from './call-view.js';

/**
 * The beginning of the month before the newest that the page may have. Most pages are full by then, and a plan over two months takes a
 * fraction of the time of one over years.
 */
const recentMonths = ({ to }: CallFilter, after: string | undefined): string => {
  const newest = [
    minCallSidAt(new Date()),
    ...(to ? [minCallSidAt(to)] : []),
    ...(after === undefined ? [] : [after]),
  ].sort()[0];
  const [year, month] = [Number(newest?.slice(0, 2)), Number(newest?.slice(2, 4))];
  const before = month === 1 ? (year - 1) * 100 + 12 : year * 100 + month - 1;
  return String(Math.max(0, before)).padStart(4, '0').padEnd(32, '0');
};

/**
 * Newest first. The filters lead in turn until one fills the page or reaches its end. Otherwise the page is that of the
 * filter that came furthest. It may have fewer items than the limit, even none, and still a next cursor.
 */
export const searchCalls = async (
  database: DataSource,
  filter: CallFilter,
  page: PageRequest,
  maxExamined = MAX_EXAMINED,
): Promise<Page<ShownCall>> =>
  database.transaction(async (transaction) => {
    await transaction.query(KEY_ORDER_SETTINGS);
    const search = (downTo?: string): Promise<Page<ShownCall>> =>
      firstPage(transaction, searchStatements(filter, { ...page, downTo }, maxExamined), page.limit);
    const recent = await search(recentMonths(filter, page.after));
    return recent.next === null ? search() : recent;
  });

const firstPage = async (
  transaction: EntityManager,
  statements: readonly SearchStatement[],
  limit: number,
): Promise<Page<ShownCall>> => {
  let farthest: Page<ShownCall> | undefined;
  for (const { text, values } of statements) {
    const found = pageOf(await transaction.query<FoundRow[]>(text, [...values]), limit);
    if (found.items.length === limit || found.next === null) return found;
    if (!farthest?.next || found.next < farthest.next) farthest = found;
  }
  return farthest ?? { items: [], next: null };
};

/**
 * Each source of a statement is complete down to some callSid, or to its end. All together are complete down to the
 * greatest of those callSids. What lies beyond is left for the next page.
 */
const pageOf = (rows: readonly FoundRow[], limit: number): Page<ShownCall> => {
  const knownDownTo = [...new Set(rows.map(({ source }) => source))]
    .map((source) =>
      lastKnown(
        rows.filter((row) => row.source === source),
        limit,
      ),
    )
    .reduce((greatest, one) => (one > greatest ? one : greatest), '');

  const found = new Map(
    rows.filter(({ matches, callSid }) => matches && callSid >= knownDownTo).map((row) => [row.callSid, row]),
  );
  const newestFirst = [...found.values()].sort((one, other) => (one.callSid > other.callSid ? -1 : 1));
  const items = newestFirst.slice(0, limit).map(shownCall);
  const next = newestFirst.length > limit ? items.at(-1)?.callSid : knownDownTo;
  return { items, next: next || null };
};

/** The callSid down to which a source is complete; empty if it has reached its end. */
const lastKnown = (rows: readonly FoundRow[], limit: number): string => {
  const last = rows.at(-1);
  return last && (rows.length > limit || last.isHorizon) ? last.callSid : '';
};
