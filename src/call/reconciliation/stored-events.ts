/** Which events of a provider are stored already: one statement for many events that another replica may have applied. */
import type { DataSource } from 'typeorm';
import { preparedStatement } from '../../postgres/prepared-statement.js';
import type { ProviderEvent } from '../../telephony/telephony-provider.js';

/** Event by event: each is found by the primary key, in the partition of its call. */
const findStored = preparedStatement<{ eventId: string }>(
  'stored-events',
  `
select stored.event_id as "eventId"
from unnest($2::text[], $3::text[]) as given (call_sid, event_id)
cross join lateral (
  select event_id from call_events
  where call_events.call_sid = given.call_sid and call_events.provider = $1 and call_events.event_id = given.event_id
) stored
`,
);

/** @returns the ids of those that are stored; an event without a callSid counts as not stored */
export const storedEvents = async (
  database: DataSource,
  provider: string,
  events: readonly ProviderEvent[],
): Promise<ReadonlySet<string>> => {
  const known = events.filter(({ callSid }) => callSid !== null);
  if (known.length === 0) return new Set();
  const rows = await findStored(database, [
    provider,
    known.map(({ callSid }) => callSid),
    known.map(({ eventId }) => eventId),
  ]);
  return new Set(rows.map(({ eventId }) => eventId));
};
