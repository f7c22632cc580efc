/**
 * Who orders the hang-up. A cancel is claimed on the record before the provider is told, so that of several cancels of a
 * call one gives the order and the others know that it is being given. They are told so, and therefore the order is given
 * even if its owner died over it: by the sweeper, when the claim has run out.
 */
import type { DataSource } from 'typeorm';
import { preparedStatement } from '../../postgres/prepared-statement.js';
import { NOW_MS } from '../../postgres/now-ms.js';
import { CANCEL_LEASE_SECONDS } from '../record/call-limits.js';
import type { StateType } from '../record/call-lifecycle.js';
import { NOT_YET_DIALED } from '../record/not-yet-dialed.js';

export interface CancelClaim {
  readonly claimed: boolean;
  readonly provider: string;
  readonly providerCallId: string | null;
  readonly state: StateType;
  /** The call waits for its provider to take more calls: nobody has been asked to ring a phone, nor will be. */
  readonly notYetDialed: boolean;
}

const findAndClaim = preparedStatement<CancelClaim>(
  'claim-cancel',
  `
with claim as (
  update call_record
  set cancel_ordered_at = now(), sweep_at = least(sweep_at, now() + interval '${CANCEL_LEASE_SECONDS} seconds')
  where call_sid = $1 and caller_id = $2 and state < 4 and $3::boolean
    and (cancel_ordered_at is null or cancel_ordered_at < ${NOW_MS} - interval '${CANCEL_LEASE_SECONDS} seconds')
  returning ${NOT_YET_DIALED} as is_undialed
)
select exists (select from claim) as claimed, coalesce((select is_undialed from claim), false) as "notYetDialed", provider, provider_call_id as "providerCallId", state
from call_record where call_sid = $1 and caller_id = $2
`,
);

/**
 * Null where the caller has no such call. A cancel under a condition claims nothing, and gives its own order although another
 * replica gives one: the other order's fate would not be its answer.
 */
export const claimCancel = async (
  database: DataSource,
  { callSid, callerId, isConditional }: { callSid: string; callerId: string; isConditional: boolean },
): Promise<CancelClaim | null> => {
  const [claim] = await findAndClaim(database, [callSid, callerId, !isConditional]);
  return claim ?? null;
};

const release = preparedStatement(
  'release-cancel',
  'update call_record set cancel_ordered_at = null where call_sid = $1',
);

/** The provider has not taken the order: the next cancel may give it again. */
export const releaseCancel = async (database: DataSource, callSid: string): Promise<void> => {
  await release(database, [callSid]);
};
