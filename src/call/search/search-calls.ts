/** Runs the statements of `call-search-statement.ts` and builds one page. */
import type { DataSource, EntityManager } from 'typeorm';
import { KEY_ORDER_SETTINGS } from '../../postgres/key-order.js';
import { MAX_EXAMINED, type Page, type PageRequest } from '../../common/page.js';
import { minCallSidAt, requestedAtOf } from '../record/call-sid.js';
import { searchStatements, type CallFilter, type FoundRow, type SearchStatement } from './call-search-statement.js';
import { shownCall, type ShownCall } from './call-view.js';

/**
 * The search looks first at the calls of so many days before the newest that the page may have. Most pages are full by then, and a
 * plan over one or two months takes a fraction of the time of one over years.
 */
const FIRST_LOOKS_DAYS = [3, 31];
const DAY_MS = 86_400_000;

/** The callSids down to which the first looks go. Those that reach the filter's own beginning are left to the last look. */
const firstLooks = ({ from, to }: CallFilter, after: string | undefined): string[] => {
  const newest = Math.min(
    Date.now(),
    to?.getTime() ?? Infinity,
    after === undefined ? Infinity : +requestedAtOf(after),
  );
  return FIRST_LOOKS_DAYS.map((days) => new Date(newest - days * DAY_MS))
    .filter((begin) => !from || begin > from)
    .map(minCallSidAt);
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
    for (const downTo of firstLooks(filter, page.after)) {
      const recent = await search(downTo);
      if (recent.next !== null) return recent;
    }
    return search();
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
