import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { LegPrices } from '../../protection/call-cost.js';

/** Of a call that a budget counts. */
@Entity('call_cost')
@Index('call_cost_to_settle', ['callSid'], { where: 'settled is null' })
@Check('call_cost_within_reserved', 'settled between 0 and reserved')
export class CallCost {
  @PrimaryColumn('text', { name: 'call_sid', primaryKeyConstraintName: 'call_cost_pkey' })
  callSid: string;

  /** What it may cost at most. */
  @Column('bigint')
  reserved: string;

  /** What it has cost; null before that is known. */
  @Column('bigint', { nullable: true })
  settled: string | null;

  /** At its placing, by provider. */
  @Column('jsonb')
  prices: Readonly<Record<string, LegPrices>>;

  /** The keys of the rows in budget_use that have its reservation: three parts. */
  @Column('bigint', { array: true })
  budgets: string[];

  @Column('text', { array: true })
  subjects: string[];

  @Column('timestamptz', { name: 'period_starts', array: true })
  periodStarts: Date[];
}
