import { Column, Entity, Index, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';

/**
 * One request to an endpoint, stored before it is sent. A row with neither status nor error is in flight, or its
 * process has crashed.
 */
@Entity('webhook_attempts')
@Index('webhook_attempts_of_delivery', ['endpointId', 'callSid', 'changeNumber', 'id'])
export class WebhookAttempt {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'webhook_attempts_pkey',
  })
  id: string;

  @Column('bigint', { name: 'endpoint_id' })
  endpointId: string;

  @PrimaryColumn('text', { name: 'call_sid', primaryKeyConstraintName: 'webhook_attempts_pkey' })
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
}
