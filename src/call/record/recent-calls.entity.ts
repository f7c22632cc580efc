import { Column, Entity, PrimaryColumn } from 'typeorm';

/**
 * When one caller has placed calls, or one number was called, within the last day: for CALLS_PER_CALLER and CALLS_PER_CALLEE. And when
 * a caller has last called which number: for CALLEES_PER_CALLER.
 */
@Entity('recent_calls')
export class RecentCalls {
  /** `caller ` or `callees of ` and the record's caller_id, or `callee ` and the number. */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'recent_calls_pkey' })
  subject: string;

  /** Never null: a statement that is to fail because a rate is spent sets it to null (open-call.ts). */
  @Column({ type: 'timestamptz', name: 'placed_at', array: true })
  placedAt: Date[];

  /** Of `callees of `: the number of each call in `placed_at`, none twice. Null for others. */
  @Column('text', { array: true, nullable: true })
  callees: string[] | null;
}
