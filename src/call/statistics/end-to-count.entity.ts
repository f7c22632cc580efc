import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import type { EndReason } from '../record/call-lifecycle.js';

/** An end, or an amendment of one, that is not counted yet. A trigger on the record appends it; the worker removes it. */
@Entity('end_to_count')
export class EndToCount {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'end_to_count_pkey',
  })
  id: string;

  @Column({ type: 'timestamptz', name: 'requested_at', precision: 3 })
  requestedAt: Date;

  @Column('text')
  provider: string;

  @Column('bigint', { name: 'service_line_id', nullable: true })
  serviceLineId: string | null;

  @Column('text', { name: 'callee_phone' })
  calleePhone: string;

  /** Null if the call was not over before. */
  @Column('text', { name: 'old_end_reason', nullable: true })
  oldEndReason: EndReason | null;

  @Column({ type: 'timestamptz', name: 'old_ringing_at', nullable: true, precision: 3 })
  oldRingingAt: Date | null;

  @Column({ type: 'timestamptz', name: 'old_answered_at', nullable: true, precision: 3 })
  oldAnsweredAt: Date | null;

  @Column({ type: 'timestamptz', name: 'old_ended_at', nullable: true, precision: 3 })
  oldEndedAt: Date | null;

  @Column('text', { name: 'end_reason', nullable: true })
  endReason: EndReason | null;

  @Column({ type: 'timestamptz', name: 'ringing_at', nullable: true, precision: 3 })
  ringingAt: Date | null;

  @Column({ type: 'timestamptz', name: 'answered_at', nullable: true, precision: 3 })
  answeredAt: Date | null;

  @Column({ type: 'timestamptz', name: 'ended_at', nullable: true, precision: 3 })
  endedAt: Date | null;
}
