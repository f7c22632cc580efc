import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';

/** A call that was not placed, or several equal ones of about a second. Phone numbers are masked. */
@Entity('call_refusal')
@Index('call_refusal_by_time', ['at', 'id'])
@Index('call_refusal_by_caller', ['callerId', 'at', 'id'])
export class CallRefusal {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'call_refusal_pkey',
  })
  id: string;

  /** When it was written. */
  @Column({ type: 'timestamptz', precision: 3, default: () => 'now()' })
  at: Date;

  /** Null where the caller is a phone and no user; likewise the callee. */
  @Column('bigint', { name: 'caller_id', nullable: true })
  callerId: string | null;

  @Column('text', { name: 'caller_phone', nullable: true })
  callerPhone: string | null;

  @Column('bigint', { name: 'callee_id', nullable: true })
  calleeId: string | null;

  @Column('bigint', { name: 'service_line_id', nullable: true })
  serviceLineId: string | null;

  @Column('text', { name: 'callee_phone', nullable: true })
  calleePhone: string | null;

  /** A PlacingFault; another version may know more. */
  @Column('text')
  fault: string;

  /** A sentence. */
  @Column('text', { nullable: true })
  reason: string | null;

  /** The subject of the backend's token or API key; null for an app. */
  @Column('text', { name: 'asked_by', nullable: true })
  askedBy: string | null;

  /** Of the first request. */
  @Column('text', { name: 'request_id', nullable: true })
  requestId: string | null;

  /** What the rules saw and said about the first request, in order. */
  @Column('jsonb', { default: [] })
  checks: readonly { readonly rule: string; readonly saw: string; readonly said: string }[];

  /** How many requests were refused. */
  @Column('integer')
  count: number;
}
