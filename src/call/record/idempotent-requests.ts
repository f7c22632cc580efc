/**
 * Requests with an Idempotency-Key (draft-ietf-httpapi-idempotency-key-header). A key belongs to the call that it has placed. A
 * request that placed none leaves it free, and so does one whose dial was refused: no phone was rung, so it may be tried again.
 */
import type { DataSource } from 'typeorm';
import { preparedStatement } from '../../postgres/prepared-statement.js';
import { RINGBACK } from './apply-call-event.js';
import { UNSETTLED_DIAL_SECONDS } from './call-limits.js';

export interface KeyedRequest {
  /** Whose key it is: two subjects may choose the same one. */
  readonly principal: string;
  readonly key: string;
  readonly bodyHash: string;
}

export interface EarlierRequest {
  readonly callSid: string;
  readonly isSameBody: boolean;
  /** It is not answered yet, as far as the record tells: the outcome of its dial is not known. */
  readonly isRunning: boolean;
}

export const KEPT_HOURS = 24;
/** Rows of one statement. */
const BATCH = 1_000;

const find = preparedStatement<EarlierRequest>(
  'earlier-request',
  `
with found as (
  select request.call_sid, request.body_hash, request.created_at, request.answered, call.state, call.provider_call_id,
    request.created_at <= now() - interval '${KEPT_HOURS} hours' or exists (
      select from call_events event
      where event.call_sid = request.call_sid and event.provider = '${RINGBACK}' and event_id = request.call_sid || ':refused'
    ) as is_free
  from idempotent_request request left join call_records call on call.call_sid = request.call_sid
  where request.principal = $1 and request.key = $2
), freed as (
  delete from idempotent_request request using found
  where request.principal = $1 and request.key = $2 and request.call_sid = found.call_sid and found.is_free
)
select call_sid as "callSid", body_hash = $3 as "isSameBody",
  coalesce(not answered and state = 1 and provider_call_id is null
    and created_at > now() - $4 * interval '1 second', false) as "isRunning"
from found where not is_free
`,
);

/** The request under that key that has placed a call within 24 hours. */
export const findEarlierRequest = async (
  database: DataSource,
  { principal, key, bodyHash }: KeyedRequest,
  dialTimeoutSeconds: number,
): Promise<EarlierRequest | undefined> => {
  const [earlier] = await find(database, [principal, key, bodyHash, dialTimeoutSeconds + UNSETTLED_DIAL_SECONDS]);
  return earlier;
};

const answer = preparedStatement(
  'request-answered',
  'update idempotent_request set answered = true where principal = $1 and key = $2 and call_sid = $3',
);

/** For a call whose dial has no outcome yet: without this, its request would seem to be running. */
export const noteAnswered = async (
  database: DataSource,
  { principal, key }: KeyedRequest,
  callSid: string,
): Promise<void> => {
  await answer(database, [principal, key, callSid]);
};

const removeOld = preparedStatement<{ key: string }>(
  'remove-old-requests',
  `
delete from idempotent_request where ctid = any (array(
  select ctid from idempotent_request where created_at <= now() - interval '${KEPT_HOURS} hours'
  order by created_at limit ${BATCH} for update skip locked
))
returning key
`,
);

/** @returns whether there may be more */
export const removeOldRequests = async (database: DataSource): Promise<boolean> =>
  (await removeOld(database, [])).length === BATCH;
