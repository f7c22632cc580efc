/**
 * Moves a call from the provider that refused it to the next one on its route. The record names the next provider
 * before the request is sent to it (design rule 2). The timeline shows which provider refused, and why. The record
 * moves only if no provider has reported anything about the call and no cancel is ordered.
 */
import type { DataSource } from 'typeorm';
import { preparedStatement } from '../../postgres/prepared-statement.js';
import type { Refusal, RefusalCategory } from '../../telephony/telephony-provider.js';
import { RINGBACK } from '../record/apply-call-event.js';
import { UNSETTLED_DIAL_SECONDS } from '../record/call-limits.js';
import { refusalDetail } from './dial.js';

/**
 * Reasons of the provider's own, including its account: another provider may accept the same call. A refusal never
 * means that a phone rang.
 */
const ITS_OWN_REASONS: readonly RefusalCategory[] = [
  'bad_account',
  'no_funds',
  'rate_limited',
  'too_frequent',
  'not_permitted',
  'provider_down',
];

export const isPassedOver = ({ category }: Refusal): boolean => ITS_OWN_REASONS.includes(category);

export interface PassingOver {
  readonly callSid: string;
  readonly from: string;
  readonly refusal: Refusal;
  readonly to: string;
  /** Providers of the route between the two. */
  readonly noAccountAt: readonly string[];
  readonly subAccount: string;
  /** The numbers that the next provider tries; undefined for one. */
  readonly hunt?: readonly string[] | undefined;
  readonly waitsForDialSlot: boolean;
  readonly dialTimeoutSeconds: number;
}

/**
 * 1. `moved`: gives the call to the next provider.
 * 2. Stores the `passed_over` event, only if the call was moved.
 */
const moveOn = preparedStatement(
  'pass-over',
  `
with moved as (
  update call_records
  set provider = $3, sub_account = $4, turn_at = case when $5::boolean then 'infinity' else now() end,
    sweep_at = now() + $6 * interval '1 second', hunt = $8::text[]
  where call_sid = $1 and provider = $2 and state = 1 and provider_call_id is null and cancel_ordered_at is null
  returning call_sid
)
insert into call_events (provider, event_id, call_sid, type, occurred_at, received_at, detail)
select '${RINGBACK}', call_sid || ':passed_over:' || $2, call_sid, 'passed_over', now(), clock_timestamp(), $7
from moved
returning call_sid
`,
);

/** @returns whether the next provider may be tried */
export const failOver = async (database: DataSource, passing: PassingOver): Promise<boolean> => {
  const moved = await moveOn(database, [
    passing.callSid,
    passing.from,
    passing.to,
    passing.subAccount,
    passing.waitsForDialSlot,
    passing.dialTimeoutSeconds + UNSETTLED_DIAL_SECONDS,
    { provider: passing.from, ...refusalDetail(passing.refusal, passing.noAccountAt), next: passing.to },
    passing.hunt ?? null,
  ]);
  return moved.length > 0;
};
