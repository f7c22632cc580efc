/**
 * Rate limit of status requests to a provider, shared by all replicas. Each request reserves a time slot in the
 * provider's row. The sweeper reserves one slot for each call that it claims (due-calls.ts); a check for a caller
 * reserves one.
 */
import type { DataSource } from 'typeorm';
import { preparedStatement } from '../../postgres/prepared-statement.js';
import type { ResilientProvider } from '../../telephony/resilient-provider.js';

/** The key of the row, as SQL. A provider's name never equals it. */
export const asksOf = (provider: string): string => `${provider} || ':asks'`;

/** The sweeper reserves no slot further ahead than this, so that a check for a caller waits little longer. */
export const RESERVED_AHEAD_MS = 1_000;

/**
 * Longer than the sweeper ever reserves ahead. A longer wait means that many callers are checking calls concurrently.
 */
const LONGEST_WAIT_MS = 2_000;

const addRow = preparedStatement(
  'add-ask-pace',
  `insert into provider_turn (provider, next_at) values (${asksOf('$1::text')}, now())
   on conflict on constraint provider_turn_pkey do nothing`,
);

/** Must run before the first claim. Without a row to lock, all replicas would take the same slots. */
export const keepPace = async (database: DataSource, provider: string): Promise<void> => {
  await addRow(database, [provider]);
};

const reserve = preparedStatement<{ waitMs: number }>(
  'reserve-ask',
  `
insert into provider_turn as pace (provider, next_at)
values (${asksOf('$1::text')}, clock_timestamp() + 1 / $2::float8 * interval '1 second')
on conflict on constraint provider_turn_pkey do update
set next_at = greatest(pace.next_at, clock_timestamp()) + 1 / $2::float8 * interval '1 second'
where pace.next_at <= clock_timestamp() + interval '${LONGEST_WAIT_MS} milliseconds'
returning greatest(0, extract(epoch from next_at - clock_timestamp()) * 1000 - 1000 / $2::float8)::float8 as "waitMs"
`,
);

/** @returns milliseconds until the request may be sent; null if that is too far ahead */
export const reserveAsk = async (
  database: DataSource,
  { name, asksPerSecond }: Pick<ResilientProvider, 'name' | 'asksPerSecond'>,
): Promise<number | null> => {
  const [place] = await reserve(database, [name, asksPerSecond]);
  return place?.waitMs ?? null;
};
