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

/** Nobody waits for deliveries to an endpoint that is disabled or removed. */
const IS_WAITING = `state = 'pending' and exists (
  select from webhook_endpoint endpoint where endpoint.id = webhook_delivery.endpoint_id and endpoint.disabled_at is null)`;

const look = preparedStatement<WaitingDeliveries>(
  'waiting-deliveries',
  `
select
  (select count(*) from (select from webhook_delivery where ${IS_WAITING} limit ${MAX_COUNTED}) as counted)::int as pending,
  coalesce(extract(epoch from now() - (
    select created_at from webhook_delivery where ${IS_WAITING} order by created_at limit 1)), 0)::float8 as "oldestSeconds",
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
