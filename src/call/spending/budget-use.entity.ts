import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** What calls of one period have taken from a budget. */
@Entity('budget_use')
@Index('budget_use_by_start', ['periodStart'])
@Check('budget_use_not_negative', 'settled >= 0 and reserved >= 0')
export class BudgetUse {
  @PrimaryColumn('bigint', { name: 'budget_id', primaryKeyConstraintName: 'budget_use_pkey' })
  budgetId: string;

  /** As the budget's, but the user's id where the budget is of each user. */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'budget_use_pkey' })
  subject: string;

  @PrimaryColumn('timestamptz', { name: 'period_start', primaryKeyConstraintName: 'budget_use_pkey' })
  periodStart: Date;

  /** What calls that are over have cost. */
  @Column('bigint')
  settled: string;

  /** What the others may cost at most. */
  @Column('bigint')
  reserved: string;
}
