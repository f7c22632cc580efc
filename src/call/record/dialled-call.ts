/**
 * What a provider needs to find a call whose id it has not sent, because its reply to the dial was lost or is
 * outstanding. Read only for those calls.
 */
import type { DataSource } from 'typeorm';
import { preparedStatement } from '../../postgres/prepared-statement.js';
import type { DialledCall, ProviderCall } from '../../telephony/telephony-provider.js';

/**
 * Other calls that the provider could confuse with this one. The search is within minutes of the dial, and callSids
 * begin with their time.
 */
const OTHERS = `
  select provider_call_id from call_records other
  where other.caller_phone = call.caller_phone and other.provider = call.provider and other.provider_call_id is not null
    and other.call_sid <> call.call_sid`;

const find = preparedStatement<DialledCall>(
  'dialled-call',
  `
select caller_phone as "callerPhone", callee_phone as "calleePhone", sub_account as "subAccount",
  (select event.detail -> 'shown' ->> 'toCaller' from call_events event
   where event.call_sid = $1 and event.type = 'requested') as "shownToCaller",
  case when turn_at = 'infinity' then requested_at else coalesce(turn_at, requested_at) end as at,
  array(
    ${OTHERS} and other.state < 4
    union all
    ${OTHERS} and other.state = 4
      and other.call_sid > to_char((call.requested_at - interval '1 hour') at time zone 'UTC', 'YYMMDDHH24MISS')
  ) as "othersIds"
from call_records call where call_sid = $1
`,
);

/** The call, with what its provider needs to find it. */
export const asAsked = async (
  database: DataSource,
  { callSid, providerCallId }: ProviderCall,
): Promise<ProviderCall> => {
  const [dialled] = providerCallId === null ? await find(database, [callSid]) : [];
  return { callSid, providerCallId, ...(dialled && { dialled }) };
};

const hasten = preparedStatement(
  'settle-soon',
  `update call_records set sweep_at = least(sweep_at, now() + interval '1 second')
   where call_sid = $1 and state = 1 and provider_call_id is null`,
);

/** The dial's outcome is unknown: the sweeper of any replica fetches the status soon. */
export const settleSoon = async (database: DataSource, callSid: string): Promise<void> => {
  await hasten(database, [callSid]);
};
