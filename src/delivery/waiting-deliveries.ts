import type { DataSource } from 'typeorm';
import { preparedStatement } from '../postgres/prepared-statement.js';

/** Counting more would take longer than it is worth: an alarm has gone off by then. */
export const MAX_COUNTED = 100_000;

export interface WaitingDeliveries {
  /** At most MAX_COUNTED. */
  readonly pending: number;
  /** Of the oldest pending delivery; 0 if there is none. */
  readonly oldestSeconds: number;
  /** Those that Ringback has disabled, because they failed, and that no administrator has disabled since. */
  readonly failedEndpoints: number;
  readonly otherDisabledEndpoints: number;
}

/** An endpoint's deliveries are read in the order of their calls. The oldest change is among those of the first calls. */
const FIRST = 1_000;

/**
 * Nobody waits for deliveries to an endpoint that is disabled or removed. There may be millions of them, so each enabled
 * endpoint's own are read.
 */
const look = preparedStatement<WaitingDeliveries>(
  'waiting-deliveries',
  `
with enabled as (
  select id from webhook_endpoint where disabled_at is null
)
select
  (select count(*) from (
    select from enabled cross join lateral (
      select from webhook_deliveries where endpoint_id = enabled.id and state = 'pending' limit ${MAX_COUNTED}
    ) waiting limit ${MAX_COUNTED}
  ) counted)::int as pending,
  coalesce(extract(epoch from now() - (
    select min(first.created_at) from enabled cross join lateral (
      select created_at from webhook_deliveries where endpoint_id = enabled.id and state = 'pending'
      order by call_sid, change_number limit ${FIRST}
    ) first
  )), 0)::float8 as "oldestSeconds",
  (select count(*) from webhook_endpoint where disabled_at is not null and failing_since is not null)::int
    as "failedEndpoints",
  (select count(*) from webhook_endpoint where disabled_at is not null and failing_since is null)::int
    as "otherDisabledEndpoints"
`,
);

/** Of all replicas. */
export const lookAtWaitingDeliveries = async (database: DataSource): Promise<WaitingDeliveries> => {
  const [waiting] = (await look(database, [])) as [WaitingDeliveries];
  return waiting;
};
