import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { LegCause } from '../../telephony/telephony-provider.js';
import type { EndSource, EndReason, StateType } from './call-lifecycle.js';

/**
 * The record of a call. It refers to people by id and phone and not by foreign key, because history outlives the
 * directory. Only the statements in this folder write it. A partition a month, by callSid; OpenCallEntry has what an open call takes.
 */
@Entity('call_records')
@Check('call_record_call_sid_shape', `call_sid ~ '^[0-9]{32}$'`)
@Check('call_record_state_range', 'state between 1 and 4')
@Check(
  'call_record_end_known',
  '(state = 4) = (end_reason is not null and ended_by is not null and ended_at is not null)',
)
@Check('call_record_one_target', '(callee_id is null) <> (service_line_id is null)')
@Index('call_records_open_at_provider', ['provider', 'providerCallId'], { where: 'state < 4' })
@Index('call_records_to_sweep', ['sweepAt'], { where: 'state < 4' })
@Index('call_records_by_caller', ['callerId', 'callSid'], { where: 'state = 4' })
@Index('call_records_by_callee', ['calleeId', 'callSid'], { where: 'state = 4' })
@Index('call_records_by_caller_phone', ['callerPhone', 'callSid'], { where: 'state = 4' })
@Index('call_records_by_callee_phone', ['calleePhone', 'callSid'], { where: 'state = 4' })
@Index('call_records_by_provider', ['provider', 'callSid'], { where: 'state = 4' })
@Index('call_records_by_end_reason', ['endReason', 'callSid'], { where: 'state = 4' })
export class CallRecord {
  @PrimaryColumn('text', { name: 'call_sid', primaryKeyConstraintName: 'call_records_pkey' })
  callSid: string;

  /** Negative where the caller is a phone and no user of the directory (party-id.ts); likewise the callee. */
  @Column('bigint', { name: 'caller_id' })
  callerId: string;

  /** Null for a call to a service line. */
  @Column('bigint', { name: 'callee_id', nullable: true })
  calleeId: string | null;

  @Column('bigint', { name: 'service_line_id', nullable: true })
  serviceLineId: string | null;

  /** E.164 if the number has such a form. */
  @Column('text', { name: 'caller_phone' })
  callerPhone: string;

  /** Of a hunt, the number at which it is, or was when it was answered or ended. */
  @Column('text', { name: 'callee_phone' })
  calleePhone: string;

  /** The numbers of a service line that are tried one after the other; null for a call that tries one. */
  @Column('text', { array: true, nullable: true })
  hunt: string[] | null;

  /** The callee's phone, if it has one call at a time; null for others, and for calls of 0.1.0. */
  @Column('text', { name: 'taken_phone', nullable: true })
  takenPhone: string | null;

  /** Which of the calls that its service line has at a time, from 1; null for other calls, and where there is no limit. */
  @Column('integer', { name: 'line_slot', nullable: true })
  lineSlot: number | null;

  @Column('text')
  provider: string;

  /** The sub-account's id at the provider. */
  @Column('text', { name: 'sub_account' })
  subAccount: string;

  /** Null until the provider has sent its id. */
  @Column('text', { name: 'provider_call_id', nullable: true })
  providerCallId: string | null;

  @Column('smallint')
  state: StateType;

  @Column('text', { name: 'end_reason', nullable: true })
  endReason: EndReason | null;

  @Column('text', { name: 'ended_by', nullable: true })
  endedBy: EndSource | null;

  @Column({ type: 'timestamptz', name: 'requested_at', precision: 3 })
  requestedAt: Date;

  @Column({ type: 'timestamptz', name: 'ringing_at', nullable: true, precision: 3 })
  ringingAt: Date | null;

  @Column({ type: 'timestamptz', name: 'answered_at', nullable: true, precision: 3 })
  answeredAt: Date | null;

  @Column({ type: 'timestamptz', name: 'ended_at', nullable: true, precision: 3 })
  endedAt: Date | null;

  /** The address of the recording at the provider, once the provider has sent it. */
  @Column('text', { nullable: true })
  recording: string | null;

  /** The number of changes, including the request; equals the latest change's number. */
  @Column('integer')
  changes: number;

  /** The sweeper's next check, while the call is open. */
  @Column({ type: 'timestamptz', name: 'sweep_at', precision: 3 })
  sweepAt: Date;

  /** The end of the longest stay in the state. */
  @Column({ type: 'timestamptz', name: 'deadline_at', precision: 3 })
  deadlineAt: Date;

  /** When the dial may be sent; 'infinity' while the call waits for its slot; null in rows of older versions. */
  @Column({ type: 'timestamptz', name: 'turn_at', nullable: true })
  turnAt: Date | number | null;

  /** Set while a hang-up order is in progress. */
  @Column({ type: 'timestamptz', name: 'cancel_ordered_at', nullable: true, precision: 3 })
  cancelOrderedAt: Date | null;

  /** `admin` where an administrator ordered it; null where the caller or the backend that placed the call did. */
  @Column('text', { name: 'cancel_ordered_by', nullable: true })
  cancelOrderedBy: 'admin' | null;

  /**
   * The end of the latest check that a caller's request caused. A time in the future is the lease of a check in
   * progress.
   */
  @Column({ type: 'timestamptz', name: 'checked_until', nullable: true, precision: 3 })
  checkedUntil: Date | null;

  /** What the backend that placed the call wants to get back with it. */
  @Column('jsonb', { nullable: true })
  metadata: Readonly<Record<string, string>> | null;

  /** The subject of the token that placed the call by POST /v1/calls; null of a call that an app's client placed. */
  @Column('text', { name: 'placed_by', nullable: true })
  placedBy: string | null;

  /** The matching entry of ROUTES, by its prefix or country; null in rows of older versions. */
  @Column('text', { nullable: true })
  route: string | null;

  /** How leg A ended, as its provider reports it; null if it does not, or not yet. */
  @Column('json', { name: 'cause_a', nullable: true })
  causeA: LegCause | null;

  @Column('json', { name: 'cause_b', nullable: true })
  causeB: LegCause | null;

  /** This call's own, in place of LONGEST_TALK. */
  @Column('integer', { name: 'longest_talk_seconds', nullable: true })
  longestTalkSeconds: number | null;

  /** The span that placed it, as W3C's traceparent; null without traces. */
  @Column('text', { name: 'trace_parent', nullable: true })
  traceParent: string | null;
}
