/**
 * Every replica receives all events of a provider's stream, and one of them applies them: the holder of the stream's lease.
 * It renews the lease. If it is killed, suspended or cut off, the lease expires and another replica takes it. The lease is
 * the time in a row of `provider_turn`. Its exact value is the proof of the holder, so only the holder can renew it. Two
 * holders at a time, as after a suspension, do no harm: an event is applied once (apply-call-event.ts).
 */
import type { DataSource } from 'typeorm';
import { preparedStatement } from '../../postgres/prepared-statement.js';

/** Together with LOOK_MS: another replica takes over within a second. A busy holder may renew it this much less LOOK_MS late. */
const LEASE_MS = 800;
export const LOOK_MS = 200;

/** The key of the row, as SQL. A provider's name never equals it. */
const EVENTS_OF = `$1::text || ':events'`;

const addRow = preparedStatement(
  'add-stream-lease',
  `insert into provider_turn (provider, next_at) values (${EVENTS_OF}, '-infinity')
   on conflict on constraint provider_turn_pkey do nothing`,
);

/** A replica that does not get the lease writes nothing and locks nothing. */
const take = preparedStatement<{ lease: string | null; hasRow: boolean }>(
  'take-stream-lease',
  `with taken as (
     update provider_turn set next_at = clock_timestamp() + interval '${LEASE_MS} milliseconds'
     where provider = ${EVENTS_OF} and (next_at = $2::timestamptz or next_at <= clock_timestamp())
     returning next_at::text as lease
   )
   select (select lease from taken), exists (select from provider_turn where provider = ${EVENTS_OF}) as "hasRow"`,
);

const release = preparedStatement(
  'release-stream-lease',
  `update provider_turn set next_at = '-infinity' where provider = ${EVENTS_OF} and next_at = $2::timestamptz`,
);

export class StreamLease {
  /** As PostgreSQL writes the time: a Date would lose its microseconds. */
  private held: string | null = null;
  /** A failover or a restored backup may lose the row. */
  private hasRow = false;

  constructor(
    private readonly database: DataSource,
    private readonly provider: string,
  ) {}

  /** Takes or renews it. @returns whether this replica holds it now */
  async take(): Promise<boolean> {
    if (!this.hasRow) await addRow(this.database, [this.provider]);
    const [row] = await take(this.database, [this.provider, this.held]);
    this.hasRow = row?.hasRow ?? false;
    this.held = row?.lease ?? null;
    return this.held !== null;
  }

  /** Another replica need not wait until it expires. */
  async release(): Promise<void> {
    const { held } = this;
    this.held = null;
    if (held !== null) await release(this.database, [this.provider, held]);
  }
}
