import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** How far the records have been compared with the statistics, quarter of an hour by quarter of an hour. */
@Entity('statistics_progress')
@Check('statistics_progress_one_row', 'id = 1')
export class StatisticsProgress {
  @PrimaryColumn('smallint', { primaryKeyConstraintName: 'statistics_progress_pkey' })
  id: number;

  /** Calls that ended before this time were noted by nobody. */
  @Column({ type: 'timestamptz', name: 'fill_until', precision: 3 })
  fillUntil: Date;

  /** The next quarter to compare; null at the beginning. */
  @Column({ type: 'timestamptz', name: 'next_at', nullable: true, precision: 3 })
  nextAt: Date | null;
}
