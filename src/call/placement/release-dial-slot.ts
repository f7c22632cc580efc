/**
 * A call that is canceled while it waits releases its slot, and the calls behind it move up by one. So a user who
 * places and cancels repeatedly uses no more of a provider's rate than one call does.
 */
import type { DataSource } from 'typeorm';
import { inTransactionSpan } from '../../postgres/database-span.js';
import { preparedInTransaction } from '../../postgres/prepared-statement.js';
import { LOOK_AGAIN_MS } from './provider-rate-limit.js';

/** A slot this near stays unused: the next call would not notice in time. */
const TOO_NEAR_MS = 2 * LOOK_AGAIN_MS;

/**
 * Locks the provider's row first. So the second statement sees what earlier holders of the lock committed
 * (provider-rate-limit.ts). Safe to repeat.
 */
export const releaseDialSlot = (database: DataSource, provider: string, callSid: string): Promise<void> =>
  inTransactionSpan('release-dial-slot', () =>
    database.transaction(async (transaction) => {
      await transaction.query('select from provider_turn where provider = $1 for update', [provider]);
      await moveUp(transaction, [provider, callSid, TOO_NEAR_MS]);
    }),
  );

/**
 * 1. `given_back`: the canceled call's slot.
 * 2. `behind`: the waiting calls behind it. A row that another statement has locked keeps its slot.
 * 3. `line`: for each of these calls, the slot of the call before it.
 * 4. `moved`: writes the new slots.
 * Last, the provider's next free slot becomes the slot that the last call leaves.
 */
const moveUp = preparedInTransaction(
  'move-up-dial-slots',
  `
with given_back as (
  select call_sid, turn_at as at from call_records
  where call_sid = $2 and provider = $1 and state = 4
    and turn_at > clock_timestamp() + $3 * interval '1 millisecond' and turn_at <> 'infinity'
), behind as materialized (
  select call_sid, turn_at as at from call_records
  where provider = $1 and state = 1 and provider_call_id is null and cancel_ordered_at is null
    and turn_at > (select at from given_back) and turn_at <> 'infinity'
  for update skip locked
), line as (
  select call_sid, at, lag(at) over (order by at, call_sid) as next_at
  from (select * from given_back union all select * from behind) as line
), moved as (
  update call_records set turn_at = coalesce(line.next_at, 'infinity') from line where call_records.call_sid = line.call_sid
)
update provider_turn set next_at = least(next_at, (select max(at) from line)) where provider = $1
`,
);
