import type { DataSource } from 'typeorm';
import { DELIVERY_COLUMNS, shownAttempts, type DeliveryRow, type ShownDelivery } from './list-deliveries.js';

export interface DeliveryOfCall extends ShownDelivery {
  readonly endpointId: string;
}

/** A call has a handful of changes, and an operator a handful of endpoints. */
const MAX_SHOWN = 500;

/** From endpoint to endpoint, because the key of a delivery begins with it. */
const STATEMENT = `
select delivery.endpoint_id as "endpointId", ${DELIVERY_COLUMNS}
from webhook_endpoint endpoint
join webhook_deliveries delivery on delivery.endpoint_id = endpoint.id and delivery.call_sid = $1
order by delivery.endpoint_id, delivery.change_number
limit ${MAX_SHOWN}
`;

type Row = DeliveryRow & Pick<DeliveryOfCall, 'endpointId'>;

/** To all endpoints, in the order of the changes. */
export const deliveriesOfCall = async (database: DataSource, callSid: string): Promise<DeliveryOfCall[]> => {
  const rows = await database.query<Row[]>(STATEMENT, [callSid]);
  return rows.map((row) => ({ ...row, attempts: shownAttempts(row.attempts) }));
};
