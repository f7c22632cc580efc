/**
 * A cancel is claimed on the record before the provider is called. So of several concurrent cancels of a call, only one
 * sends the hang-up order. The others are answered as if it had succeeded. If the owner of the claim crashes, the
 * sweeper sends the order once the claim has expired.
 */
import type { DataSource } from 'typeorm';
import { preparedStatement } from '../../postgres/prepared-statement.js';
import { NOW_MS } from '../../postgres/now-ms.js';
import { CANCEL_LEASE_SECONDS } from '../record/call-limits.js';
import type { StateType } from '../record/call-lifecycle.js';
import { NOT_YET_DIALED } from '../record/not-yet-dialed.js';

/** Null: the caller, or the backend that placed the call. */
export type CancelAuthor = 'admin' | null;

/** Clients get the event's detail, so it names no administrator. The audit does (src/audit). */
export const canceledFacts = (by: CancelAuthor) =>
  ({ endReason: 'canceled', ...(by !== null && { detail: { by } }) }) as const;

export interface CancelClaim {
  readonly claimed: boolean;
  readonly provider: string;
  readonly providerCallId: string | null;
  readonly state: StateType;
  /** The call still waits for a dial slot: no provider has been asked to dial, and none will be. */
  readonly notYetDialed: boolean;
}

/**
 * 1. `claim`: marks the cancel as ordered, unless it is conditional or another claim is still valid.
 * 2. Returns the call, with or without the claim.
 */
const findAndClaim = preparedStatement<CancelClaim>(
  'claim-cancel',
  `
with claim as (
  update call_records
  set cancel_ordered_at = now(), cancel_ordered_by = $4, sweep_at = least(sweep_at, now() + interval '${CANCEL_LEASE_SECONDS} seconds')
  where call_sid = $1 and caller_id = $2 and state < 4 and $3::boolean
    and (cancel_ordered_at is null or cancel_ordered_at < ${NOW_MS} - interval '${CANCEL_LEASE_SECONDS} seconds')
  returning ${NOT_YET_DIALED} as is_undialed
)
select exists (select from claim) as claimed, coalesce((select is_undialed from claim), false) as "notYetDialed", provider, provider_call_id as "providerCallId", state
from call_records where call_sid = $1 and caller_id = $2
`,
);

/**
 * Returns null if the caller has no such call.
 * A conditional cancel takes no claim and sends its own order, even if another replica is sending one: the outcome of
 * that other order would not answer the condition.
 */
export const claimCancel = async (
  database: DataSource,
  {
    callSid,
    callerId,
    isConditional,
    by,
  }: {
    readonly callSid: string;
    readonly callerId: string;
    readonly isConditional: boolean;
    readonly by: CancelAuthor;
  },
): Promise<CancelClaim | null> => {
  const [claim] = await findAndClaim(database, [callSid, callerId, !isConditional, by]);
  return claim ?? null;
};

const release = preparedStatement(
  'release-cancel',
  'update call_records set cancel_ordered_at = null, cancel_ordered_by = null where call_sid = $1',
);

/** The provider has not accepted the order. The next cancel may send it again. */
export const releaseCancel = async (database: DataSource, callSid: string): Promise<void> => {
  await release(database, [callSid]);
};
