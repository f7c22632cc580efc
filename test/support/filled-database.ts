/** Fills the tables as after months of use, in seconds, inside the database. */
import { DataSource } from 'typeorm';
import { fillWithCalls } from './many-calls.js';

/** Deliveries of one endpoint: four per call, all within the last 29 days. */
export const DELIVERIES = 1_000_000;
const CALLS = 30_000;
const USERS = 100_000;
const WAITING_JOBS = 100_000;

/** Calls whose last change is not delivered yet, and calls whose last delivery failed: a few, in the middle. */
export const PENDING_CALLS = 20;
export const FAILED_CALLS = 3;

/** The endpoint is disabled, so its deliveries wait. */
const FILL = `
insert into webhook_endpoint (url, secret, disabled_at, disabled_reason)
values ('https://backend.example.com/', 'whsec_', now(), 'An administrator disabled it.');

insert into webhook_deliveries (endpoint_id, call_sid, change_number, state, settled_at)
select endpoint.id, call.call_sid, change.number, call.state, case when call.state <> 'pending' then now() end
from (select max(id) as id from webhook_endpoint) endpoint, (
  select n,
    to_char((now() - n * interval '10 seconds') at time zone 'UTC', 'YYMMDDHH24MISSMS') || lpad(n::text, 17, '0') as call_sid
  from generate_series(${DELIVERIES / 4}, 1, -1) n
) called, generate_series(1, 4) change (number), lateral (
  select called.call_sid, case
    when change.number = 4 and called.n - ${DELIVERIES / 8} between 1 and ${PENDING_CALLS} then 'pending'
    when change.number = 4 and called.n - ${DELIVERIES / 5} between 1 and ${FAILED_CALLS} then 'failed'
    else 'delivered' end as state
) call;

insert into webhook_attempts (endpoint_id, call_sid, change_number, duration_ms, status)
select endpoint_id, call_sid, change_number, 5, 204
from webhook_deliveries where state <> 'delivered' or change_number = 1 and right(call_sid, 3) = '001';

insert into graphile_worker._private_tasks (identifier) values ('deliver') on conflict do nothing;
insert into graphile_worker._private_jobs (task_id, key, run_at, flags)
select task.id, 'deliver:0:' || n, now() + interval '1 day', '{"endpoint:0": true}'
from graphile_worker._private_tasks task, generate_series(1, ${WAITING_JOBS}) n where task.identifier = 'deliver';

insert into app_user (id, name, phone, external_id)
select 500000 + n, 'user ' || n, '+8613700000000', 'user-' || 500000 + n from generate_series(1, ${USERS}) n;
insert into sub_account (user_id, provider, external_id, secret)
select id, 'simulator', 'account-' || id, 'secret' from app_user;

update call_records set turn_at = requested_at, sweep_at = now() + interval '1 day', deadline_at = now() + interval '1 day'
where state < 4;
insert into call_events (provider, event_id, call_sid, type, occurred_at)
select provider, call_sid || ':' || n, call_sid, 'requested', requested_at from call_records, generate_series(1, 3) n;

-- All of them have been counted.
update statistics_progress set next_at = fill_until + interval '1 hour';
`;

/** Fills a migrated database that no service uses yet. */
export const fillDatabase = async (databaseUrl: string): Promise<void> => {
  const database = await new DataSource({ type: 'postgres', url: databaseUrl }).initialize();
  await fillWithCalls(database, CALLS);
  await database.query(FILL);
  await database.query('vacuum analyze');
  await database.destroy();
};
