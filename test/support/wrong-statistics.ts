/** Compares the statistics with the records, row by row. */
import type { DataSource } from 'typeorm';
import { END_REASONS } from '../../src/call/record/call-lifecycle.js';

const TALK = `case when answered_at is not null then round(greatest(0, extract(epoch from ended_at - answered_at))) end`;

/** The country is that of a number that a late event may change. */
const STATISTICS = `
with kept as (
  select minutes, grouped_by, key, sum(calls) as calls, sum(answered) as answered, sum(talk_seconds) as talk,
    array[${END_REASONS.map((reason) => `sum(${reason})`).join(', ')}] as reasons
  from call_statistics where grouped_by <> 'country' group by 1, 2, 3 having sum(calls) <> 0
), recorded as (
  select minutes, grouped_by, key, count(*) as calls, count(answered_at) as answered, coalesce(sum(${TALK}), 0) as talk,
    array[${END_REASONS.map((reason) => `count(*) filter (where end_reason = '${reason}')`).join(', ')}] as reasons
  from call_records, unnest(array[15, 60, 240, 1440]) as minutes,
    lateral (values ('provider', provider), ('service_line', coalesce(service_line_id::text, ''))) as one (grouped_by, key)
  where state = 4 group by 1, 2, 3
)
select * from kept full join recorded using (minutes, grouped_by, key)
where (kept.calls, kept.answered, kept.talk, kept.reasons::bigint[])
  is distinct from (recorded.calls, recorded.answered, recorded.talk, recorded.reasons)`;

/** Also those of calls whose end is not counted yet. */
export const wrongStatistics = (database: DataSource): Promise<unknown[]> => database.query(STATISTICS);
