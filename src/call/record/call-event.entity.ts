import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { CallEventType } from './call-lifecycle.js';

/** A fact about a call that a provider told us, or that we did ourselves (provider `ringback`). Never changed. */
@Entity('call_event')
@Index('call_event_call_sid', ['callSid', 'receivedAt'])
@Index('call_event_change', ['callSid', 'changeNumber'], { unique: true, where: 'change_number is not null' })
@Index('call_event_written_by', ['writtenBy'], { where: 'written_by is not null and change_number is not null' })
@Check('call_event_change_complete', '(change_number is null) = (change is null)')
export class CallEvent {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'call_event_pkey' })
  provider: string;

  /** The provider's own id of the fact: what makes a second delivery a repeat. */
  @PrimaryColumn('text', { name: 'event_id', primaryKeyConstraintName: 'call_event_pkey' })
  eventId: string;

  @Column('text', { name: 'call_sid' })
  callSid: string;

  @Column('text')
  type: CallEventType | 'requested' | 'passed_over';

  /** By the clock of whoever tells it. */
  @Column({ type: 'timestamptz', name: 'occurred_at', precision: 3 })
  occurredAt: Date;

  /** By the database's clock. */
  @Column({ type: 'timestamptz', name: 'received_at', precision: 3, default: () => 'now()' })
  receivedAt: Date;

  @Column('jsonb', { nullable: true })
  detail: Record<string, unknown> | null;

  /** Names the delivery that brought the event, so that a replay of its very bytes can be told from an honest retry. */
  @Column('text', { nullable: true })
  receipt: string | null;

  /** Of the change that this event made to the record: 1, 2, 3 … without gaps; null where it made none. */
  @Column('integer', { name: 'change_number', nullable: true })
  changeNumber: number | null;

  /** The bytes that tell of that change wherever it is told (call-change.ts). */
  @Column('text', { nullable: true })
  change: string | null;

  /** The transaction that wrote the row, see change-look.ts; null in rows of before there was a look. */
  @Column('bigint', {
    name: 'written_by',
    nullable: true,
    default: () => 'int8in(xid8out(pg_current_xact_id()))',
  })
  writtenBy: string | null;
}
