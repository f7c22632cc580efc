/** The figures of the calls of a time range, out of the rows that call-counting.ts keeps. */
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AppError, type Fault } from '../../common/error-table.js';
import { isDate } from '../../common/local-time.js';
import { mapInTurns } from '../../common/next-turn.js';
import { startOfDay } from '../../common/start-of-day.js';
import { EMPTY_RANGE } from '../../common/time-range.js';
import { readInstant } from '../../common/instant.js';
import type { EndReason } from '../record/call-lifecycle.js';
import type { Grouping } from './call-statistic.entity.js';
import { percentile, type Histogram } from './delay-histogram.js';
import { noFigures, type Figures } from './figures.js';
import { figuresIn, SUMS, type SummedRow } from './kept-figures.js';
import { bucketsOf, isQuarter, rowsOf, type Bucket, type Period } from './time-buckets.js';

export const GROUPED_BY = ['none', 'provider', 'serviceLine', 'country'] as const;
export type GroupedBy = (typeof GROUPED_BY)[number];

/** A month of hours, with a day to spare for each end and for the clock. */
export const MAX_BUCKETS = 800;

export interface StatisticsRequest {
  /** A date of the time zone, or a time; so is `to`. */
  readonly from: string;
  readonly to: string;
  readonly every: Period;
  readonly by: GroupedBy;
  readonly timeZone: string;
}

/** In seconds; null if there was none. */
export interface Delay {
  readonly median: number | null;
  readonly percentile95: number | null;
}

export interface StatisticsGroup {
  /** A provider, a service line's id or a country; null where the calls have none, and for all calls. */
  readonly key: string | null;
  readonly calls: number;
  readonly answered: number;
  readonly completed: number;
  readonly talkMinutes: number;
  readonly postDialDelay: Delay;
  readonly timeToAnswer: Delay;
  readonly endReasons: Readonly<Record<EndReason, number>>;
}

export interface StatisticsBucket extends Bucket {
  readonly groups: readonly StatisticsGroup[];
}

export interface Statistics {
  readonly timeZone: string;
  /** False while calls of before the first start of this version are being counted. */
  readonly isComplete: boolean;
  readonly buckets: readonly StatisticsBucket[];
}

type GroupRow = SummedRow & { readonly bucket: number; readonly key: string };

const ROWS_OF: Readonly<Record<GroupedBy, Grouping>> = {
  none: 'provider',
  provider: 'provider',
  serviceLine: 'service_line',
  country: 'country',
};

/**
 * $1 to $4: the rows of each bucket, as ranges, with seconds of Unix time. $5: their grouping. $6: whether the groups are one.
 * A cursor, because thousands of rows at once take tens of milliseconds to read.
 */
const READ = `
declare figures no scroll cursor for
select part.bucket, case when $6 then '' else row.key end as key, ${SUMS}
from unnest($1::integer[], $2::smallint[], $3::bigint[], $4::bigint[]) as part (bucket, minutes, first, until)
join call_statistics row
  on row.grouped_by = $5 and row.minutes = part.minutes
    and row.starts_at >= to_timestamp(part.first) and row.starts_at < to_timestamp(part.until)
group by 1, 2 having sum(row.calls) > 0
order by sum(row.calls) desc, key`;

const ROWS_A_READ = 200;
const READ_ON = `fetch ${ROWS_A_READ} from figures`;

/** The planner does not know that each range is a few rows of the key. It would read all rows, and compile the statement. */
const RANGE_BY_RANGE =
  'set local enable_hashjoin = off; set local enable_mergejoin = off; set local enable_bitmapscan = off; ' +
  'set local max_parallel_workers_per_gather = 0; set local jit = off; set local cursor_tuple_fraction = 1';

const IS_FILLED = `select coalesce(bool_and(next_at > fill_until), false) as "isFilled" from statistics_progress where id = 1`;

const NO_TIME =
  'must be a date of this century such as 2026-11-24, or a time on a quarter of an hour such as 2026-11-24T10:15:00+08:00';

/** As for dates. Earlier clocks were ahead by odd seconds, and a day was shown twice. */
const isOfThisCentury = (at: Date): boolean => at.getUTCFullYear() >= 2000 && at.getUTCFullYear() < 2100;

@Injectable()
export class CallStatistics {
  constructor(private readonly database: DataSource) {}

  /** @throws AppError that names each invalid parameter */
  async read({ every, by, timeZone, ...range }: StatisticsRequest): Promise<Statistics> {
    const from = instantOf(range.from, timeZone);
    const to = instantOf(range.to, timeZone);
    const faults: Fault[] = [
      ...(from ? [] : [{ where: '/from', what: NO_TIME }]),
      ...(to ? [] : [{ where: '/to', what: NO_TIME }]),
      ...(from && to && to <= from ? [EMPTY_RANGE] : []),
    ];
    if (!from || !to || faults.length > 0) throw new AppError('BAD_REQUEST', { faults });
    const buckets = await allOf(bucketsOf(timeZone, every, { from, to }));
    const parts = buckets.flatMap((bucket, index) => rowsOf(bucket).map((rows) => ({ index, ...rows })));
    const { isFilled, rows } = await this.database.transaction(async (transaction) => {
      await transaction.query(RANGE_BY_RANGE);
      const [filled] = await transaction.query<[{ isFilled: boolean }]>(IS_FILLED);
      const values = [
        parts.map(({ index }) => index),
        parts.map(({ minutes }) => minutes),
        // A list of times takes the driver ten times as long to write.
        parts.map((part) => part.from.getTime() / 1_000),
        parts.map((part) => part.to.getTime() / 1_000),
        ROWS_OF[by],
        by === 'none',
      ];
      await transaction.query(READ, values);
      const found: GroupRow[] = [];
      let read: GroupRow[];
      do {
        read = await transaction.query<GroupRow[]>(READ_ON);
        found.push(...read);
      } while (read.length === ROWS_A_READ);
      return { ...filled, rows: found };
    });
    const groups = buckets.map((): StatisticsGroup[] => []);
    // With a country for each hour of a month there are thousands.
    await mapInTurns(rows, (row) => groups[row.bucket]?.push(groupOf(row.key || null, figuresIn(row))));
    return {
      timeZone,
      isComplete: isFilled,
      buckets: buckets.map((bucket, index) => {
        const found = groups[index] ?? [];
        return { ...bucket, groups: by === 'none' && found.length === 0 ? [NONE] : found };
      }),
    };
  }
}

/** With a zone's clock, hundreds of buckets take tens of milliseconds. */
const allOf = (buckets: Iterable<Bucket>): Promise<Bucket[]> => {
  let count = 0;
  return mapInTurns(buckets, (bucket) => {
    if (++count > MAX_BUCKETS) throw new AppError('BAD_REQUEST', { faults: [TOO_MANY] });
    return bucket;
  });
};

export const TOO_MANY: Fault = {
  where: '/every',
  what: `must leave at most ${MAX_BUCKETS} buckets between from and to`,
};

const instantOf = (text: string, timeZone: string): Date | null => {
  if (isDate(text)) return startOfDay(timeZone, text);
  const instant = readInstant(text);
  return instant && isQuarter(instant) && isOfThisCentury(instant) ? instant : null;
};

const groupOf = (key: string | null, figures: Figures): StatisticsGroup => ({
  key,
  calls: figures.calls,
  answered: figures.answered,
  completed: figures.endReasons.completed,
  talkMinutes: Math.round(figures.talkSeconds / 0.6) / 100,
  postDialDelay: delayOf(figures.ringingDelays),
  timeToAnswer: delayOf(figures.answerDelays),
  endReasons: figures.endReasons,
});

const delayOf = (delays: Histogram): Delay => ({
  median: percentile(delays, 0.5),
  percentile95: percentile(delays, 0.95),
});

const NONE = groupOf(null, noFigures());
