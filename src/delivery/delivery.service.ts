import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Author } from '../audit/audit-entry.entity.js';
import { AuditTrail } from '../audit/audit-trail.service.js';
import { targetOf } from '../audit/target.js';
import { AppError } from '../common/error-table.js';
import { logAboutCall } from '../common/log-context.js';
import type { Page, PageRequest } from '../common/page.js';
import { KEPT_DAYS } from './delivery-limits.js';
import { lockCall, WAKE } from './delivery-sql.js';
import { EndpointService } from './endpoint.service.js';
import { deliveriesOfCall, type DeliveryOfCall } from './deliveries-of-call.js';
import { listDeliveries, type DeliveryFilter, type ShownDelivery } from './list-deliveries.js';

const noSuchDelivery = (): AppError =>
  new AppError('NOT_FOUND', { detail: `This endpoint has no such delivery; they are kept for ${KEPT_DAYS} days.` });

/** The deliveries of an endpoint, and their redelivery. */
@Injectable()
export class DeliveryService {
  constructor(
    private readonly database: DataSource,
    private readonly endpoints: EndpointService,
    private readonly audit: AuditTrail,
  ) {}

  /**
   * Latest first. A page may have fewer items than the limit, even none, and still a next cursor (list-deliveries.ts).
   */
  async list(endpointId: string, filter: DeliveryFilter, page: PageRequest): Promise<Page<ShownDelivery>> {
    await this.endpoints.find(endpointId);
    return listDeliveries(this.database, endpointId, filter, page);
  }

  /** To all endpoints. */
  ofCall(callSid: string): Promise<DeliveryOfCall[]> {
    return deliveriesOfCall(this.database, callSid);
  }

  /**
   * Delivers all changes of a call again, delivered or not, or a single one of them.
   * @returns the number of deliveries
   */
  async redeliver(
    endpointId: string,
    { callSid, number }: { readonly callSid: string; readonly number?: number | undefined },
    author: Author,
  ): Promise<number> {
    await this.endpoints.find(endpointId);
    logAboutCall(callSid);
    const again = await this.audit.change(author, async (database) => {
      await lockCall(database, [callSid]);
      const [, count] = await database.query<[unknown, number]>(
        `update webhook_deliveries set state = 'pending', settled_at = null
         where endpoint_id = $1 and call_sid = $2 and ($3::integer is null or change_number = $3)`,
        [endpointId, callSid, number ?? null],
      );
      if (count === 0) throw noSuchDelivery();
      return {
        result: count,
        entry: { target: targetOf('webhook-endpoint', endpointId), detail: { callSid, number, deliveries: count } },
      };
    });
    await this.database.query(WAKE, [endpointId, '', 1, callSid]);
    return again;
  }
}
