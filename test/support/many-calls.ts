/** A history of calls with a realistic skew, made inside the database: ten million calls take minutes. */
import type { DataSource } from 'typeorm';

/** Open calls: the newest ones. Each has its own caller, because a caller has at most one open call. */
export const OPEN_CALLS = 300;

/** At most so many lost calls, all of them old. */
export const LOST_CALLS = 40;

/**
 * There is one call every three seconds, unless a test wants another pace; the last one is at this time. Of late, as in a service that is in
 * use, but before the tests' template was migrated: a migrated database counts the calls that come after that.
 */
export const NEWEST_CALL_AT = new Date(Math.floor(Date.now() / 1_000) * 1_000 - 3_600_000);

/** Low user ids have more calls: u³ gives user 1 two calls in a hundred, user 100,000 one in ten million. */
const USERS = 100_000;

/**
 * User 1 has many calls, user 90001 hardly any. Service line 1 has a tenth of all calls. Provider `retired` has the oldest
 * third. User 2 is never `unreachable`, though both are common.
 */
const FILL = `
insert into call_records
  (call_sid, caller_id, callee_id, service_line_id, caller_phone, callee_phone, provider, sub_account, provider_call_id,
   state, end_reason, ended_by, requested_at, ringing_at, answered_at, ended_at, changes, sweep_at, deadline_at)
select to_char(requested_at at time zone 'UTC', 'YYMMDDHH24MISSMS') || lpad((n * 7919)::text, 17, '0'),
  caller_id, callee_id, case when callee_id is null then 1 end,
  '+861380' || lpad(caller_id::text, 7, '0'), coalesce('+861380' || lpad(callee_id::text, 7, '0'), '+861056469588'),
  case when n < $1 * 0.3 then 'retired' else 'simulator' end, 'account-' || caller_id, 'provider-' || n,
  state,
  case when state = 4 then end_reason end, case when state = 4 then 'provider' end,
  requested_at,
  case when state > 1 then requested_at + interval '2 seconds' end,
  case when state = 3 or end_reason = 'completed' and state = 4 then requested_at + interval '9 seconds' end,
  case when state = 4 then requested_at + interval '30 seconds' end,
  state, requested_at, requested_at
from (
  select n, requested_at, state,
    case when state < 4 then 200000 + n else caller_id end as caller_id,
    case when dice % 10 = 0 then null when callee_id = caller_id then callee_id + 1 else callee_id end as callee_id,
    case
      when n % greatest($1 / 400, 1) = 17 and n < $1 * 0.1 then 'lost'
      when dice % 100 < 60 then 'completed'
      when dice % 100 < 80 then 'no_answer'
      when dice % 100 < 90 then 'busy'
      when dice % 100 < 94 or caller_id = 2 or callee_id = 2 then 'canceled'
      when dice % 100 < 97 then 'rejected'
      when dice % 100 < 99 then 'unreachable'
      else 'failed'
    end as end_reason
  from (
    select n, $2::timestamptz - ($1 - n) * $5::float8 * interval '1 second' as requested_at,
      case when n > $1 - ${OPEN_CALLS} then 1 + n % 3 else 4 end as state,
      1 + (${USERS} * power((hashint8extended(n, 1) & 1048575) / 1048576.0, 3))::int as caller_id,
      1 + (${USERS} * power((hashint8extended(n, 2) & 1048575) / 1048576.0, 3))::int as callee_id,
      (hashint8extended(n, 3) & 1048575)::int as dice
    from generate_series($3::bigint, $4::bigint) n
  ) drawn
) call
`;

export const MONTH_SECONDS = 30.5 * 86_400;

/**
 * A partition for each of the last months, in place of the first partitions, which have all calls of before. They must be empty. There is one
 * month more: early in a month, as many months of the mean length reach into the one before the first.
 */
export const partitionByMonth = async (database: Pick<DataSource, 'query'>, months: number): Promise<void> => {
  const drop = `select call_partitions_drop(repeat('9', 33)) as name`;
  while ((await database.query<[{ name: string | null }]>(drop))[0].name !== null);
  await database.query(
    `select call_partitions_make(to_char(date_trunc('month', $1::timestamptz) - ago * interval '1 month', 'YYMM'))
     from generate_series(-4, $2::int + 1) ago`,
    [NEWEST_CALL_AT, months],
  );
};

/** Rows per statement. */
const BATCH = 50_000;

/** Fills an empty table. The indexes of the search are built afterwards, which is much faster. */
export const fillWithCalls = async (
  database: Pick<DataSource, 'query'>,
  count: number,
  secondsApart = 3,
): Promise<void> => {
  const indexes = await database.query<{ name: string; definition: string }[]>(
    `select indexname as name, replace(indexdef, ' ON ONLY ', ' ON ') as definition
     from pg_indexes where indexname like 'call_records_by_%' and tablename = 'call_records'`,
  );
  for (const { name } of indexes) await database.query(`drop index ${name}`);
  for (let first = 1; first <= count; first += BATCH) {
    await database.query(FILL, [count, NEWEST_CALL_AT, first, Math.min(first + BATCH - 1, count), secondsApart]);
  }
  for (const { definition } of indexes) await database.query(definition);
  await database.query('vacuum analyze call_records');
};
