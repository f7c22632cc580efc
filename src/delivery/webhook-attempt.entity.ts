import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryGeneratedColumn, type Relation } from 'typeorm';
import { WebhookDelivery } from './webhook-delivery.entity.js';

/**
 * One request to an endpoint, stored before it is sent. A row with neither status nor error is in flight, or its
 * process has crashed.
 */
@Entity('webhook_attempt')
@Index('webhook_attempt_of_delivery', ['endpointId', 'callSid', 'changeNumber', 'id'])
export class WebhookAttempt {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'webhook_attempt_pkey',
  })
  id: string;

  @Column('bigint', { name: 'endpoint_id' })
  endpointId: string;

  @Column('text', { name: 'call_sid' })
  callSid: string;

  @Column('integer', { name: 'change_number' })
  changeNumber: number;

  @Column({ type: 'timestamptz', name: 'started_at', precision: 3, default: () => 'now()' })
  startedAt: Date;

  @Column('integer', { name: 'duration_ms', nullable: true })
  durationMs: number | null;

  /** The HTTP status of the response; null without a response. */
  @Column('smallint', { nullable: true })
  status: number | null;

  /** Why the attempt failed. */
  @Column('text', { nullable: true })
  error: string | null;

  /** The beginning of the response body. */
  @Column('text', { nullable: true })
  response: string | null;

  @ManyToOne(() => WebhookDelivery, { onDelete: 'CASCADE' })
  @JoinColumn([
    { name: 'endpoint_id', referencedColumnName: 'endpointId', foreignKeyConstraintName: 'webhook_attempt_delivery' },
    { name: 'call_sid', referencedColumnName: 'callSid', foreignKeyConstraintName: 'webhook_attempt_delivery' },
    {
      name: 'change_number',
      referencedColumnName: 'changeNumber',
      foreignKeyConstraintName: 'webhook_attempt_delivery',
    },
  ])
  delivery?: Relation<WebhookDelivery>;
}
