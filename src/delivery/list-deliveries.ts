/**
 * One page of the deliveries to an endpoint. The key (endpoint, call, change) is read backwards from the cursor.
 * Deliveries in one state may be rare, so a page examines at most MAX_EXAMINED deliveries and then reports how far it
 * has come.
 */
import type { DataSource } from 'typeorm';
import type { ChangeType } from '../call/record/call-change.js';
import { isCallSid } from '../call/record/call-sid.js';
import { KEY_ORDER_SETTINGS } from '../postgres/key-order.js';
import { badCursor, MAX_EXAMINED, type Page, type PageRequest } from '../common/page.js';
import type { WebhookAttempt } from './webhook-attempt.entity.js';
import type { DeliveryState, WebhookDelivery } from './webhook-delivery.entity.js';

export type ShownAttempt = Readonly<Pick<WebhookAttempt, 'startedAt' | 'durationMs' | 'status' | 'error' | 'response'>>;

export interface ShownDelivery extends Readonly<
  Pick<WebhookDelivery, 'callSid' | 'state' | 'createdAt' | 'settledAt'>
> {
  /** The `webhook-id` of every request of this delivery. */
  readonly id: string;
  readonly number: number;
  readonly type: ChangeType;
  readonly attempts: readonly ShownAttempt[];
}

export interface DeliveryFilter {
  readonly state?: DeliveryState | undefined;
  readonly callSid?: string | undefined;
}

/** With its attempts as JSON has them: a time is text. */
export interface DeliveryRow extends Omit<ShownDelivery, 'attempts'> {
  readonly attempts: readonly (Omit<ShownAttempt, 'startedAt'> & { readonly startedAt: string })[];
}

interface Row extends DeliveryRow {
  /** False for a row that only marks how far the page has come. */
  readonly matches: boolean;
  /** No delivery beyond this one was examined. */
  readonly isHorizon: boolean;
}

/** Of a row with the alias `delivery`. */
export const DELIVERY_COLUMNS = `
  delivery.call_sid || '-' || delivery.change_number as id, delivery.call_sid as "callSid",
  delivery.change_number as number,
  (
    select event.change::json ->> 'type' from call_events event
    where event.call_sid = delivery.call_sid and event.change_number = delivery.change_number
  ) as type,
  delivery.state, delivery.created_at as "createdAt", delivery.settled_at as "settledAt",
  (
    select coalesce(
      json_agg(
        json_build_object(
          'startedAt', attempt.started_at, 'durationMs', attempt.duration_ms, 'status', attempt.status,
          'error', attempt.error, 'response', attempt.response
        )
        order by attempt.id
      ),
      '[]'
    )
    from webhook_attempts attempt
    where attempt.endpoint_id = delivery.endpoint_id and attempt.call_sid = delivery.call_sid
      and attempt.change_number = delivery.change_number
  ) as attempts`;

/**
 * $1: the endpoint's id, $2, $3: the callSid and number at the end of the previous page, or null, $4: a callSid or
 * null, $5: how many to examine, $6: a state or null, $7: how many to return. Pending deliveries have an index of their
 * own.
 */
const statement = (isPending: boolean): string => `
select ${DELIVERY_COLUMNS},
  delivery.matches, delivery.place = $5 as "isHorizon"
from (
  select *, $6::text is null or state = $6 as matches,
    row_number() over (order by call_sid desc, change_number desc) as place
  from (
    select * from webhook_deliveries
    where endpoint_id = $1
      and ($2::text is null or (call_sid, change_number) < ($2, $3::integer))
      and ($4::text is null or call_sid = $4)
      ${isPending ? `and state = 'pending'` : ''}
    order by call_sid desc, change_number desc
    limit $5
  ) examined
) delivery
where delivery.matches or delivery.place = $5
order by delivery.call_sid desc, delivery.change_number desc
limit $7
`;

/** Latest first. A page may have fewer items than the limit, even none, and still a next cursor. */
export const listDeliveries = async (
  database: DataSource,
  endpointId: string,
  { state, callSid }: DeliveryFilter,
  { after, limit }: PageRequest,
  maxExamined = MAX_EXAMINED,
): Promise<Page<ShownDelivery>> => {
  const isPending = state === 'pending';
  const examined = state === undefined || isPending ? limit + 1 : maxExamined;
  const values = [endpointId, ...placeOf(after), callSid ?? null, examined, state ?? null, limit + 1];
  return database.transaction(async (transaction) => {
    await transaction.query(KEY_ORDER_SETTINGS);
    return pageOf(await transaction.query<Row[]>(statement(isPending), values), limit);
  });
};

const pageOf = (rows: readonly Row[], limit: number): Page<ShownDelivery> => {
  const items = rows.filter(({ matches }) => matches).slice(0, limit);
  const horizon = rows.find(({ isHorizon }) => isHorizon);
  const last = rows.length > limit ? items.at(-1) : horizon;
  return { items: items.map(shown), next: last?.id ?? null };
};

const shown = ({ matches: _matches, isHorizon: _isHorizon, attempts, ...delivery }: Row): ShownDelivery => ({
  ...delivery,
  attempts: shownAttempts(attempts),
});

export const shownAttempts = (attempts: DeliveryRow['attempts']): ShownAttempt[] =>
  attempts.map((attempt) => ({ ...attempt, startedAt: new Date(attempt.startedAt) }));

/** @throws AppError for a cursor of another list */
const placeOf = (cursor: string | undefined): [callSid: string | null, number: number | null] => {
  if (cursor === undefined) return [null, null];
  const [, callSid, number] = /^(\d{32})-(\d{1,9})$/.exec(cursor) ?? [];
  if (!isCallSid(callSid) || number === undefined) throw badCursor();
  return [callSid, Number(number)];
};
