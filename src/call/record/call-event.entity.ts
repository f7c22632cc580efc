import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { CallEventType } from './call-lifecycle.js';

/** An event of a call, from a provider or from Ringback itself (provider `ringback`). Rows are never updated. */
@Entity('call_events')
@Index('call_events_call_sid', ['callSid', 'receivedAt'])
@Index('call_events_change', ['callSid', 'changeNumber'], { unique: true, where: 'change_number is not null' })
@Index('call_events_written_by', ['writtenBy'], { where: 'written_by is not null and change_number is not null' })
@Check('call_event_change_complete', '(change_number is null) = (change is null)')
export class CallEvent {
  @PrimaryColumn('text', { name: 'call_sid', primaryKeyConstraintName: 'call_events_pkey' })
  callSid: string;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'call_events_pkey' })
  provider: string;

  /** The provider's own id of the event. A second delivery with the same id is a repeat. */
  @PrimaryColumn('text', { name: 'event_id', primaryKeyConstraintName: 'call_events_pkey' })
  eventId: string;

  @Column('text')
  type: CallEventType | 'requested' | 'passed_over';

  /** By the clock of the source. */
  @Column({ type: 'timestamptz', name: 'occurred_at', precision: 3 })
  occurredAt: Date;

  /** By the database's clock. */
  @Column({ type: 'timestamptz', name: 'received_at', precision: 3, default: () => 'now()' })
  receivedAt: Date;

  @Column('jsonb', { nullable: true })
  detail: Record<string, unknown> | null;

  /**
   * Identifies the delivery that carried the event. It distinguishes a replay of the same bytes from a genuine retry.
   */
  @Column('text', { nullable: true })
  receipt: string | null;

  /** The number of the change that this event made: 1, 2, 3 … without gaps. Null if it made none. */
  @Column('integer', { name: 'change_number', nullable: true })
  changeNumber: number | null;

  /** The bytes of that change, as every recipient gets them (call-change.ts). */
  @Column('text', { nullable: true })
  change: string | null;

  /** The transaction that wrote the row (change-look.ts); null in rows that are older than this column. */
  @Column('bigint', {
    name: 'written_by',
    nullable: true,
    default: () => 'int8in(xid8out(pg_current_xact_id()))',
  })
  writtenBy: string | null;
}
