import { Check, Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { CHANGE_TYPES } from '../call/record/call-change.js';

/** Changes of calls, and freezes (freeze-announcement.ts). */
export const FREEZE_EVENT = 'protection.frozen';
export const WEBHOOK_TYPES = [...CHANGE_TYPES, FREEZE_EVENT] as const;
export type WebhookType = (typeof WEBHOOK_TYPES)[number];

/** An endpoint of the app's backend that receives the changes of calls. */
@Entity('webhook_endpoint')
@Check('webhook_endpoint_disabled_for_a_reason', '(disabled_at is null) = (disabled_reason is null)')
@Check('webhook_endpoint_previous_secret_ends', '(previous_secret is null) = (previous_secret_until is null)')
export class WebhookEndpoint {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'webhook_endpoint_pkey',
  })
  id: string;

  @Column('text')
  url: string;

  /** Null for all types, including future ones. */
  @Column('text', { name: 'event_types', array: true, nullable: true })
  eventTypes: WebhookType[] | null;

  /** `whsec_…`, in the format of Standard Webhooks. Returned once, when it is created. */
  @Column('text', { select: false })
  secret: string;

  /** Signs beside the new one for a while, so that the backend can switch at any time. */
  @Column('text', { name: 'previous_secret', nullable: true, select: false })
  previousSecret: string | null;

  @Column({ type: 'timestamptz', name: 'previous_secret_until', nullable: true, precision: 3 })
  previousSecretUntil: Date | null;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3, default: () => 'now()' })
  createdAt: Date;

  /** The first failure since the last success. */
  @Column({ type: 'timestamptz', name: 'failing_since', nullable: true, precision: 3 })
  failingSince: Date | null;

  @Column({ type: 'timestamptz', name: 'disabled_at', nullable: true, precision: 3 })
  disabledAt: Date | null;

  /** A sentence for the administrator. */
  @Column('text', { name: 'disabled_reason', nullable: true })
  disabledReason: string | null;
}
