import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryGeneratedColumn, type Relation } from 'typeorm';
import { WebhookDelivery } from './webhook-delivery.entity.js';

/**
 * One request to an endpoint, written down before it is sent: one that has neither a status nor an error is under way, or
 * its process has died.
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

  /** The HTTP status of the answer, where there was one. */
  @Column('smallint', { nullable: true })
  status: number | null;

  /** Why it does not count as delivered. */
  @Column('text', { nullable: true })
  error: string | null;

  /** How the body of the answer begins. */
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
