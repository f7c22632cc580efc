import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * What an open call takes, so that no other call has it at the same time; and what a second request is told of the call. Triggers on the record keep the rows: the insert of
 * a call is left out if something is taken, and the end of a call removes its row.
 */
@Entity('open_call')
@Index('open_call_of_caller', ['callerId'], { unique: true })
@Index('open_call_of_callee', ['takenPhone'], { unique: true })
@Index('open_call_of_slot', ['serviceLineId', 'lineSlot'], { unique: true, where: 'service_line_id is not null' })
export class OpenCallEntry {
  @PrimaryColumn('text', { name: 'call_sid', primaryKeyConstraintName: 'open_call_pkey' })
  callSid: string;

  @Column('bigint', { name: 'caller_id' })
  callerId: string;

  @Column('bigint', { name: 'callee_id', nullable: true })
  calleeId: string | null;

  @Column('text', { name: 'taken_phone', nullable: true })
  takenPhone: string | null;

  @Column('bigint', { name: 'service_line_id', nullable: true })
  serviceLineId: string | null;

  @Column('integer', { name: 'line_slot', nullable: true })
  lineSlot: number | null;

  @Column('text', { name: 'placed_by', nullable: true })
  placedBy: string | null;
}
