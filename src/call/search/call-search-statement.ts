/**
 * The statements of the search for calls. Pure: no database.
 *
 * callSid begins with its time, so newest first is the order of the primary key backwards, a time range is a range of
 * it, and the callSid of the last item is the cursor. Each filter has an index that ends in call_sid, over the calls
 * that are over; it is read backwards from the cursor until the page is full. The open calls, which are few, are read
 * as a whole and merged in.
 *
 * Where there are several filters, one leads and the others are tried on each call that it finds. They may fit none for
 * a long time; so a statement looks at MOST_EXAMINED calls and then says how far it has come.
 */
import { MOST_EXAMINED } from '../../common/page.js';
import type { EndReason, StateType } from '../record/call-lifecycle.js';
import { leastCallSidAt } from '../record/call-sid.js';
import { SHOWN_COLUMNS, type ShownRow } from './call-view.js';

export interface CallFilter {
  /** The caller or the callee. */
  readonly userId?: string | undefined;
  /** Of either leg, in the form in which it is stored. */
  readonly phone?: string | undefined;
  readonly stateType?: StateType | undefined;
  readonly endReason?: EndReason | undefined;
  readonly provider?: string | undefined;
  /** Requested at this time or later. */
  readonly from?: Date | undefined;
  /** Requested before this time. */
  readonly to?: Date | undefined;
}

export interface SearchStatement {
  readonly text: string;
  readonly values: readonly unknown[];
}

export interface FoundRow extends ShownRow {
  /** Which source of the statement gives the row, newest first; another may give it too. */
  readonly source: number;
  /** False for a row that only says how far its source has been looked at. */
  readonly matches: boolean;
  /** The source was looked at no further than this call. */
  readonly isHorizon: boolean;
}

/**
 * The time of a callSid is told by the clock of the replica that took the request, requested_at by the database's.
 * Clocks that are kept by NTP are milliseconds apart.
 */
const CLOCK_TOLERANCE_MS = 60_000;

const BEFORE_ALL = new Date(0);
const AFTER_ALL = new Date('9999-01-01');

type Put = (value: unknown) => string;

/** A filter with indexes: any of the columns has the value. */
interface Criterion {
  readonly columns: readonly string[];
  readonly value: string;
}

/** Calls in an order that has an index, and what is tried on each. */
interface Source {
  readonly calls: string;
  readonly order: string;
  readonly conditions: readonly string[];
}

/**
 * One statement for each filter that can lead; any of them finds the same calls.
 * @param after the callSid that the page before ended with
 */
export const searchStatements = (
  filter: CallFilter,
  { after, limit }: { readonly after?: string | undefined; readonly limit: number },
  mostExamined = MOST_EXAMINED,
): SearchStatement[] => {
  const values: unknown[] = [];
  const put: Put = (value) => `$${values.push(value)}`;
  const bounds = boundsOf(filter, after, put);
  const criteria = criteriaOf(filter, put);
  const instants = instantsOf(filter, put);
  const { stateType } = filter;
  const states = stateType === undefined ? [] : [`state = ${stateType}`];
  const open = openCalls(bounds, [...states, ...criteria.map(fits), ...instants]);

  const statement = (...sources: readonly Source[]): SearchStatement => ({
    text: sources.map((source, index) => textOf(source, index, limit, mostExamined)).join(' union all '),
    values,
  });
  if (stateType !== undefined && stateType < 4) return [statement(open)];
  if (criteria.length === 0) return [statement(allCalls(bounds, [...states, ...instants]))];
  return criteria.map((leading) => {
    const others = criteria.filter((criterion) => criterion !== leading).map(fits);
    const over = leading.columns.map((column) => overCalls(column, leading.value, bounds, [...others, ...instants]));
    return statement(...over, ...(stateType === undefined ? [open] : []));
  });
};

/** Of callSids: the least, and the one that all are less than. */
interface Bounds {
  readonly least: string;
  readonly end: string;
}

const boundsOf = ({ from, to }: CallFilter, after: string | undefined, put: Put): Bounds => {
  const least = leastCallSidAt(new Date((from ?? BEFORE_ALL).getTime() - CLOCK_TOLERANCE_MS));
  const end = leastCallSidAt(new Date((to ?? AFTER_ALL).getTime() + CLOCK_TOLERANCE_MS));
  return { least: put(least), end: put(after !== undefined && after < end ? after : end) };
};

const instantsOf = ({ from, to }: CallFilter, put: Put): string[] => [
  ...(from ? [`requested_at >= ${put(from)}`] : []),
  ...(to ? [`requested_at < ${put(to)}`] : []),
];

const criteriaOf = (filter: CallFilter, put: Put): Criterion[] => {
  const criterion = (value: string | undefined, ...columns: readonly string[]): Criterion[] =>
    value === undefined ? [] : [{ columns, value: put(value) }];
  return [
    ...criterion(filter.userId, 'caller_id', 'callee_id'),
    ...criterion(filter.phone, 'caller_phone', 'callee_phone'),
    ...criterion(filter.provider, 'provider'),
    ...criterion(filter.endReason, 'end_reason'),
  ];
};

const fits = ({ columns, value }: Criterion): string =>
  `(${columns.map((column) => `${column} = ${value}`).join(' or ')})`;

const allCalls = ({ least, end }: Bounds, conditions: readonly string[]): Source => ({
  calls: `select * from call_record where call_sid >= ${least} and call_sid < ${end}`,
  order: 'call_sid desc',
  conditions,
});

/** Materialized, or the planner might look for the few open calls among all others. */
const openCalls = ({ least, end }: Bounds, conditions: readonly string[]): Source => ({
  calls: `
    with open as materialized (select * from call_record where state < 4)
    select * from open where call_sid >= ${least} and call_sid < ${end}`,
  order: 'call_sid desc',
  conditions,
});

/**
 * A range of the column's index. Not "column = value": shown that, the planner would walk the primary key where it thinks
 * the value common, from today back to the year in which it was.
 */
const overCalls = (column: string, value: string, { least, end }: Bounds, conditions: readonly string[]): Source => ({
  calls: `
    select * from call_record
    where state = 4 and (${column}, call_sid) >= (${value}, ${least}) and (${column}, call_sid) < (${value}, ${end})`,
  order: `${column} desc, call_sid desc`,
  conditions,
});

const textOf = ({ calls, order, conditions }: Source, index: number, limit: number, mostExamined: number): string => {
  const matches = conditions.join(' and ') || 'true';
  const examined = conditions.length > 0 ? mostExamined : limit + 1;
  return `(
  select ${SHOWN_COLUMNS}, ${index} as source, ${matches} as matches, place = ${examined} as "isHorizon"
  from (
    select *, row_number() over (order by ${order}) as place
    from (${calls}
    order by ${order}
    limit ${examined}) examined
  ) call
  where ${matches} or place = ${examined}
  order by ${order}
  limit ${limit + 1}
)`;
};
