import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { ChangeType } from '../call/call-change.js';
import { isCallSid } from '../call/call-sid.js';
import { AppError } from '../common/error-table.js';
import { logAboutCall } from '../common/log-context.js';
import { badCursor, pageOf, type Page, type PageRequest } from '../directory/page.js';
import { KEPT_DAYS } from './delivery-limits.js';
import { LOCK_CALL, WAKE } from './delivery-sql.js';
import { EndpointService } from './endpoint.service.js';
import type { WebhookAttempt } from './webhook-attempt.entity.js';
import type { DeliveryState, WebhookDelivery } from './webhook-delivery.entity.js';

export type ShownAttempt = Readonly<Pick<WebhookAttempt, 'startedAt' | 'durationMs' | 'status' | 'error' | 'response'>>;

export interface ShownDelivery extends Readonly<
  Pick<WebhookDelivery, 'callSid' | 'state' | 'createdAt' | 'settledAt'>
> {
  /** Of every request that carries it: `webhook-id`. */
  readonly id: string;
  readonly number: number;
  readonly type: ChangeType;
  readonly attempts: readonly ShownAttempt[];
}

export interface DeliveryFilter {
  readonly state?: DeliveryState | undefined;
  readonly callSid?: string | undefined;
}

interface Row extends Omit<ShownDelivery, 'attempts'> {
  readonly attempts: readonly (Omit<ShownAttempt, 'startedAt'> & { readonly startedAt: string })[];
}

const LIST = `
select delivery.call_sid || '-' || delivery.change_number as id, delivery.call_sid as "callSid",
  delivery.change_number as number, event.change::json ->> 'type' as type, delivery.state,
  delivery.created_at as "createdAt", delivery.settled_at as "settledAt",
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
    from webhook_attempt attempt
    where attempt.endpoint_id = delivery.endpoint_id and attempt.call_sid = delivery.call_sid
      and attempt.change_number = delivery.change_number
  ) as attempts
from webhook_delivery delivery
join call_event event on event.call_sid = delivery.call_sid and event.change_number = delivery.change_number
where delivery.endpoint_id = $1
  and ($2::text is null or (delivery.call_sid, delivery.change_number) < ($2, $3))
  and ($4::text is null or delivery.state = $4)
  and ($5::text is null or delivery.call_sid = $5)
order by delivery.call_sid desc, delivery.change_number desc
limit $6
`;

const noSuchDelivery = (): AppError =>
  new AppError('NOT_FOUND', { detail: `This endpoint has no such delivery; they are kept for ${KEPT_DAYS} days.` });

/** What an endpoint was told, and whether it heard. */
@Injectable()
export class DeliveryService {
  constructor(
    private readonly database: DataSource,
    private readonly endpoints: EndpointService,
  ) {}

  /** The latest first. */
  async list(
    endpointId: string,
    { state, callSid }: DeliveryFilter,
    { after, limit }: PageRequest,
  ): Promise<Page<ShownDelivery>> {
    const place = placeOf(after);
    await this.endpoints.find(endpointId);
    const parameters = [endpointId, ...place, state ?? null, callSid ?? null, limit + 1];
    const rows = await this.database.query<Row[]>(LIST, parameters);
    return pageOf(rows.map(shown), limit, ({ id }) => id);
  }

  /**
   * Has the changes of a call delivered again, those that were and those that were not; or a single one of them.
   * @returns how many
   */
  async redeliver(endpointId: string, callSid: string, number: number | undefined): Promise<number> {
    await this.endpoints.find(endpointId);
    logAboutCall(callSid);
    return this.database.transaction(async (database) => {
      await database.query(LOCK_CALL, [callSid]);
      const [, again] = await database.query<[unknown, number]>(
        `update webhook_delivery set state = 'pending', settled_at = null
         where endpoint_id = $1 and call_sid = $2 and ($3::integer is null or change_number = $3)`,
        [endpointId, callSid, number ?? null],
      );
      if (again === 0) throw noSuchDelivery();
      await database.query(WAKE, [endpointId, '', 1, callSid]);
      return again;
    });
  }
}

const shown = (row: Row): ShownDelivery => ({
  ...row,
  attempts: row.attempts.map((attempt) => ({ ...attempt, startedAt: new Date(attempt.startedAt) })),
});

const placeOf = (cursor: string | undefined): [callSid: string | null, number: number | null] => {
  if (cursor === undefined) return [null, null];
  const [, callSid, number] = /^(\d{32})-(\d{1,9})$/.exec(cursor) ?? [];
  if (!isCallSid(callSid) || number === undefined) throw badCursor();
  return [callSid, Number(number)];
};
