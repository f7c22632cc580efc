import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What the figures are counted by. `none` of the API is the sum over providers. */
export const GROUPINGS = ['provider', 'service_line', 'country'] as const;
export type Grouping = (typeof GROUPINGS)[number];

/**
 * The calls that were requested within some minutes from a time on and are over. Rows of a quarter of an hour hold everything;
 * rows of an hour, four hours and a day of UTC are their sums, for long ranges. One worker writes them (call-counting.ts).
 */
@Entity('call_statistics')
export class CallStatistic {
  @PrimaryColumn('text', { name: 'grouped_by', primaryKeyConstraintName: 'call_statistics_pkey' })
  groupedBy: Grouping;

  @PrimaryColumn('smallint', { primaryKeyConstraintName: 'call_statistics_pkey' })
  minutes: number;

  @PrimaryColumn('timestamptz', { name: 'starts_at', primaryKeyConstraintName: 'call_statistics_pkey' })
  startsAt: Date;

  /** A provider, the id of a service line or a country; empty for none. */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'call_statistics_pkey' })
  key: string;

  @Column('integer')
  calls: number;

  @Column('integer')
  answered: number;

  @Column('bigint', { name: 'talk_seconds' })
  talkSeconds: string;

  @Column('integer')
  completed: number;

  @Column('integer')
  canceled: number;

  @Column('integer')
  busy: number;

  @Column('integer', { name: 'no_answer' })
  noAnswer: number;

  @Column('integer')
  rejected: number;

  @Column('integer')
  unreachable: number;

  @Column('integer')
  failed: number;

  @Column('integer')
  lost: number;

  /** From the request to ringing, as delay-histogram.ts writes it. */
  @Column('bytea', { name: 'ringing_delays' })
  ringingDelays: Buffer;

  /** From the request to the answer. */
  @Column('bytea', { name: 'answer_delays' })
  answerDelays: Buffer;
}
