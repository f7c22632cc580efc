import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * `failed`: all attempts failed while the endpoint accepted other deliveries. Later changes of the call are delivered
 * without it.
 */
export const DELIVERY_STATES = ['pending', 'delivered', 'failed'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** One change of a call for one endpoint. A trigger writes it in the transaction of the change. */
@Entity('webhook_deliveries')
@Index('webhook_deliveries_pending', ['endpointId', 'callSid', 'changeNumber'], { where: `state = 'pending'` })
@Index('webhook_deliveries_recent', ['createdAt'], { where: 'settled_at is null' })
@Check('webhook_delivery_state_known', `state in ('pending', 'delivered', 'failed')`)
@Check('webhook_delivery_settled', `(state = 'pending') = (settled_at is null)`)
export class WebhookDelivery {
  @PrimaryColumn('bigint', { name: 'endpoint_id', primaryKeyConstraintName: 'webhook_deliveries_pkey' })
  endpointId: string;

  @PrimaryColumn('text', { name: 'call_sid', primaryKeyConstraintName: 'webhook_deliveries_pkey' })
  callSid: string;

  @PrimaryColumn('integer', { name: 'change_number', primaryKeyConstraintName: 'webhook_deliveries_pkey' })
  changeNumber: number;

  @Column('text', { default: 'pending' })
  state: DeliveryState;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3, default: () => 'now()' })
  createdAt: Date;

  /** Null while pending. */
  @Column({ type: 'timestamptz', name: 'settled_at', nullable: true, precision: 3 })
  settledAt: Date | null;
}
