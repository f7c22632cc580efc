/**
 * How fast providers are asked about calls, by all replicas together: each request has a place in time, reserved in the
 * provider's row. The sweeper reserves as many as it claims calls (due-calls.ts), a caller's check reserves one.
 */
import type { DataSource } from 'typeorm';
import { preparedStatement } from '../../postgres/prepared-statement.js';
import type { ResilientProvider } from '../../telephony/resilient-provider.js';

/** As SQL: the key of the row, which a provider's name never equals. */
export const asksOf = (provider: string): string => `${provider} || ':asks'`;

/** The sweeper reserves no place that is further ahead, so that a caller's check waits for little more. */
export const RESERVED_AHEAD_MS = 1_000;

/** Longer than the sweeper ever reserves ahead; beyond that many callers are checking calls at once. */
const LONGEST_WAIT_MS = 2_000;

const addRow = preparedStatement(
  'add-ask-pace',
  `insert into provider_turn (provider, next_at) values (${asksOf('$1::text')}, now())
   on conflict on constraint provider_turn_pkey do nothing`,
);

/** Before the first claim: replicas that find no row to lock would all take the same places. */
export const keepPace = async (database: DataSource, provider: string): Promise<void> => {
  await addRow(database, [provider]);
};

const reserve = preparedStatement<{ waitMs: number }>(
  'reserve-ask',
  `
insert into provider_turn as turn (provider, next_at)
values (${asksOf('$1::text')}, clock_timestamp() + 1 / $2::float8 * interval '1 second')
on conflict on constraint provider_turn_pkey do update
set next_at = greatest(turn.next_at, clock_timestamp()) + 1 / $2::float8 * interval '1 second'
where turn.next_at <= clock_timestamp() + interval '${LONGEST_WAIT_MS} milliseconds'
returning greatest(0, extract(epoch from next_at - clock_timestamp()) * 1000 - 1000 / $2::float8)::float8 as "waitMs"
`,
);

/** @returns milliseconds until the provider may be asked; null where that is too far ahead */
export const reserveAsk = async (
  database: DataSource,
  { name, asksPerSecond }: Pick<ResilientProvider, 'name' | 'asksPerSecond'>,
): Promise<number | null> => {
  const [place] = await reserve(database, [name, asksPerSecond]);
  return place?.waitMs ?? null;
};
