/**
 * At most one creation at a time per user and provider, across replicas. A claim is a row with an expiry, not a lock.
 * So no transaction stays open during the provider's request, and the claim of a crashed process expires.
 */
import { randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';

/** Longer than the time limit of a provider's reply (10 s), with time left to store the account. */
export const CLAIM_SECONDS = 15;
/** Requests within this time after a failure are refused without another request to the provider. */
export const FAILURE_REMEMBERED_SECONDS = 5;

/** Null if another process has the claim, or after a recent failure. */
export const takeClaim = async (database: DataSource, userId: string, provider: string): Promise<string | null> => {
  const rows = await database.query<{ claim: string }[]>(
    `insert into sub_account_claim (user_id, provider, claim, free_at)
     values ($1, $2, $3, clock_timestamp() + make_interval(secs => $4))
     on conflict on constraint sub_account_claim_pkey
     do update set claim = excluded.claim, failed = false, free_at = excluded.free_at
     where sub_account_claim.free_at <= clock_timestamp()
     returning claim`,
    [userId, provider, randomUUID(), CLAIM_SECONDS],
  );
  return rows[0]?.claim ?? null;
};

/** Whether the last creation failed recently. */
export const hasFailed = async (database: DataSource, userId: string, provider: string): Promise<boolean> => {
  const rows = await database.query<unknown[]>(
    `select from sub_account_claim
     where user_id = $1 and provider = $2 and failed and free_at > clock_timestamp()`,
    [userId, provider],
  );
  return rows.length > 0;
};

export const rememberFailure = async (database: DataSource, claim: Claim): Promise<void> => {
  await database.query(
    `update sub_account_claim set failed = true, free_at = clock_timestamp() + make_interval(secs => $4)
     where user_id = $1 and provider = $2 and claim = $3`,
    [claim.userId, claim.provider, claim.id, FAILURE_REMEMBERED_SECONDS],
  );
};

export const releaseClaim = async (database: DataSource, claim: Claim): Promise<void> => {
  await database.query('delete from sub_account_claim where user_id = $1 and provider = $2 and claim = $3', [
    claim.userId,
    claim.provider,
    claim.id,
  ]);
};

export interface Claim {
  readonly userId: string;
  readonly provider: string;
  readonly id: string;
}
