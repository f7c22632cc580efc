/**
 * At most one creation at a time per user and provider, across replicas. A claim is a row with an expiry, not a lock.
 * So no transaction stays open during the provider's request, and the claim of a crashed process expires.
 */
import { randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { preparedStatement } from '../postgres/prepared-statement.js';

/** Longer than the time limit of a provider's reply (10 s), with time left to store the account. */
export const CLAIM_SECONDS = 15;
/** Requests within this time after a failure are refused without another request to the provider. */
export const FAILURE_REMEMBERED_SECONDS = 5;

/** Null if another process has the claim, or after a recent failure. */
export const takeClaim = async (database: DataSource, userId: string, provider: string): Promise<string | null> =>
  (await take(database, [userId, provider, randomUUID(), CLAIM_SECONDS]))[0]?.claim ?? null;

const take = preparedStatement<{ claim: string }>(
  'take-sub-account-claim',
  `insert into sub_account_claim (user_id, provider, claim, free_at)
   values ($1, $2, $3, clock_timestamp() + make_interval(secs => $4))
   on conflict on constraint sub_account_claim_pkey
   do update set claim = excluded.claim, failed = false, free_at = excluded.free_at
   where sub_account_claim.free_at <= clock_timestamp()
   returning claim`,
);

/** Whether the last creation failed recently. */
export const hasFailed = async (database: DataSource, userId: string, provider: string): Promise<boolean> =>
  (await findFailed(database, [userId, provider])).length > 0;

const findFailed = preparedStatement(
  'find-failed-sub-account-claim',
  'select from sub_account_claim where user_id = $1 and provider = $2 and failed and free_at > clock_timestamp()',
);

export const rememberFailure = async (database: DataSource, { userId, provider, id }: Claim): Promise<void> => {
  await noteFailure(database, [userId, provider, id, FAILURE_REMEMBERED_SECONDS]);
};

const noteFailure = preparedStatement(
  'note-failed-sub-account-claim',
  `update sub_account_claim set failed = true, free_at = clock_timestamp() + make_interval(secs => $4)
   where user_id = $1 and provider = $2 and claim = $3`,
);

export const releaseClaim = async (database: DataSource, { userId, provider, id }: Claim): Promise<void> => {
  await release(database, [userId, provider, id]);
};

const release = preparedStatement(
  'release-sub-account-claim',
  'delete from sub_account_claim where user_id = $1 and provider = $2 and claim = $3',
);

export interface Claim {
  readonly userId: string;
  readonly provider: string;
  readonly id: string;
}
