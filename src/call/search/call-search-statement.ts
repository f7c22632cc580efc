/**
 * The SQL of the call search. Pure: no database.
 * A callSid begins with its time. So newest first is the primary key in descending order, a time range is a range of
 * it, and the callSid of the last item is the cursor. Each filter has an index that ends in call_sid, over the calls
 * that are over. It is read backwards from the cursor until the page is full. The open calls are few; they are read
 * completely and merged in.
 * With several filters, one leads and the others are checked on each call that it finds. They may match none for a long
 * time. So a statement examines at most MAX_EXAMINED calls, and reports how far it has come.
 */
import { isLong } from '../../common/long.js';
import { MAX_EXAMINED } from '../../common/page.js';
import { END_REASONS, StateType, type EndReason } from '../record/call-lifecycle.js';
import { CLOCK_TOLERANCE_MS, minCallSidAt } from '../record/call-sid.js';
import { SHOWN_COLUMNS, type ShownRow } from './call-view.js';

export interface CallFilter {
  /** The id or the external id of the caller or the callee. */
  readonly userId?: string | undefined;
  /** Likewise, of one of them. */
  readonly callerId?: string | undefined;
  readonly calleeId?: string | undefined;
  /** The number of either leg, as stored. */
  readonly phone?: string | undefined;
  /** One of these. */
  readonly stateType?: readonly StateType[] | undefined;
  /** One of these. */
  readonly endReason?: readonly EndReason[] | undefined;
  /** Whether the call is not over. */
  readonly open?: boolean | undefined;
  /** Of a call that is over: whether its end reason is `completed`. */
  readonly completed?: boolean | undefined;
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
  /** The index of the source that returned the row, newest first. Another source may return the same call. */
  readonly source: number;
  /** False for a row that only marks how far its source was examined. */
  readonly matches: boolean;
  /** The source was examined no further than this call. */
  readonly isHorizon: boolean;
}

const BEFORE_ALL = new Date(0);
const AFTER_ALL = new Date('9999-01-01');

type Put = (value: unknown) => string;

/** A filter with indexes: at least one of the columns has one of the values. */
interface Criterion {
  readonly columns: readonly string[];
  /** As SQL. */
  readonly values: readonly string[];
}

/** Calls in the order of an index, and the conditions that are checked on each. */
interface Source {
  readonly calls: string;
  readonly order: string;
  readonly conditions: readonly string[];
}

/**
 * Returns one statement for each filter that can lead. All find the same calls.
 * @param page `after` is the last callSid of the previous page, `downTo` the least callSid that is looked for
 */
export const searchStatements = (
  filter: CallFilter,
  {
    after,
    limit,
    downTo = '',
  }: { readonly after?: string | undefined; readonly limit: number; readonly downTo?: string | undefined },
  maxExamined = MAX_EXAMINED,
): SearchStatement[] => {
  const { states, endReasons } = endOf(filter);
  if (states.length === 0 || endReasons?.length === 0) return [];
  const values: unknown[] = [];
  const put: Put = (value) => `$${values.push(value)}`;
  const bounds = boundsOf(filter, after, downTo, put);
  const criteria = criteriaOf(filter, endReasons, put);
  const instants = instantsOf(filter, put);
  const ofStates = states.length === ALL_STATES.length ? [] : [`state in (${states.join(', ')})`];
  const isOverSearched = states.includes(StateType.over);
  const isOpenSearched = states.some((state) => state !== StateType.over);
  const open = openCalls(bounds, [...ofStates, ...criteria.map(fits), ...instants]);

  const statement = (sources: readonly Source[], examined = maxExamined): SearchStatement => ({
    text: sources.map((source, index) => textOf(source, index, limit, examined)).join(' union all '),
    values,
  });
  if (!isOverSearched) return [statement([open])];
  if (criteria.length === 0) return [statement([allCalls(bounds, [...ofStates, ...instants])])];
  return criteria.map((leading) => {
    const conditions = [...criteria.filter((criterion) => criterion !== leading).map(fits), ...instants];
    const over = leading.values.flatMap((value) =>
      leading.columns.map((column) => overCalls(column, value, bounds, conditions)),
    );
    // The values share what may be examined, so that a search for many costs no more than a search for one.
    const examined = Math.ceil(maxExamined / leading.values.length);
    return statement([...over, ...(isOpenSearched ? [open] : [])], examined);
  });
};

const ALL_STATES = Object.values(StateType);

/** Only a call that is over has an end reason. */
const endOf = ({ stateType, endReason, open, completed }: CallFilter) => {
  const endReasons =
    endReason === undefined && completed === undefined
      ? undefined
      : END_REASONS.filter(
          (reason) =>
            (endReason?.includes(reason) ?? true) &&
            (completed === undefined || completed === (reason === 'completed')),
        );
  const states = ALL_STATES.filter((state) => {
    const isOpen = state !== StateType.over;
    return (stateType?.includes(state) ?? true) && (open === undefined || open === isOpen) && !(isOpen && endReasons);
  });
  return { states, endReasons };
};

/** A range of callSids, without its end. */
interface Bounds {
  readonly min: string;
  readonly end: string;
}

const boundsOf = ({ from, to }: CallFilter, after: string | undefined, downTo: string, put: Put): Bounds => {
  const min = minCallSidAt(new Date((from ?? BEFORE_ALL).getTime() - CLOCK_TOLERANCE_MS));
  const end = minCallSidAt(new Date((to ?? AFTER_ALL).getTime() + CLOCK_TOLERANCE_MS));
  return { min: put(downTo > min ? downTo : min), end: put(after !== undefined && after < end ? after : end) };
};

const instantsOf = ({ from, to }: CallFilter, put: Put): string[] => [
  ...(from ? [`requested_at >= ${put(from)}`] : []),
  ...(to ? [`requested_at < ${put(to)}`] : []),
];

const criteriaOf = (filter: CallFilter, endReasons: readonly EndReason[] | undefined, put: Put): Criterion[] => {
  const criterion = (value: string | undefined, ...columns: readonly string[]): Criterion[] =>
    value === undefined ? [] : [{ columns, values: [put(value)] }];
  const ofUser = (user: string | undefined, ...columns: readonly string[]): Criterion[] =>
    user === undefined ? [] : [{ columns, values: [idOf(user, put)] }];
  return [
    ...ofUser(filter.userId, 'caller_id', 'callee_id'),
    ...ofUser(filter.callerId, 'caller_id'),
    ...ofUser(filter.calleeId, 'callee_id'),
    ...criterion(filter.phone, 'caller_phone', 'callee_phone'),
    ...criterion(filter.provider, 'provider'),
    ...(endReasons && endReasons.length < END_REASONS.length
      ? [{ columns: ['end_reason'], values: endReasons.map(put) }]
      : []),
  ];
};

/** The calls of an id are found also after its user has been removed. If nobody has the external id, no call matches. */
const idOf = (user: string, put: Put): string =>
  isLong(user) ? put(user) : `(select id from app_user where external_id = ${put(user)})`;

const fits = ({ columns, values }: Criterion): string =>
  `(${columns.flatMap((column) => values.map((value) => `${column} = ${value}`)).join(' or ')})`;

const allCalls = ({ min, end }: Bounds, conditions: readonly string[]): Source => ({
  calls: `select * from call_records where call_sid >= ${min} and call_sid < ${end}`,
  order: 'call_sid desc',
  conditions,
});

/**
 * Materialized, and in the order of an index that has only open calls: otherwise the planner might search for them among all
 * others. The bounds leave out partitions.
 */
const openCalls = ({ min, end }: Bounds, conditions: readonly string[]): Source => ({
  calls: `
    with open as materialized (
      select * from call_records where state < 4 and call_sid >= ${min} and call_sid < ${end} order by sweep_at
    )
    select * from open`,
  order: 'call_sid desc',
  conditions,
});

/**
 * A range of the column's index. With "column = value" for a value that it considers common, the planner would walk the
 * whole primary key from today backwards. The bounds of callSids leave out partitions.
 */
const overCalls = (column: string, value: string, { min, end }: Bounds, conditions: readonly string[]): Source => ({
  calls: `
    select * from call_records
    where state = 4 and (${column}, call_sid) >= (${value}, ${min}) and (${column}, call_sid) < (${value}, ${end})
      and call_sid >= ${min} and call_sid < ${end}`,
  order: `${column} desc, call_sid desc`,
  conditions,
});

const textOf = ({ calls, order, conditions }: Source, index: number, limit: number, maxExamined: number): string => {
  const matches = conditions.join(' and ') || 'true';
  const examined = conditions.length > 0 ? maxExamined : limit + 1;
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
