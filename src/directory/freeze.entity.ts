import { Check, Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';

export const FREEZE_KINDS = ['all', 'user', 'sub_account', 'country'] as const;
export type FreezeKind = (typeof FREEZE_KINDS)[number];

/** Calls that an administrator or a rule has stopped. A trigger announces each new row to the webhook endpoints. */
@Entity('call_freeze')
@Index('call_freeze_in_force', ['kind', 'subject'], { unique: true, where: 'lifted_at is null' })
@Index('call_freeze_of_subject', ['kind', 'subject', 'liftedAt'])
@Check('call_freeze_kind_known', `kind in ('all', 'user', 'sub_account', 'country')`)
export class Freeze {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'call_freeze_pkey',
  })
  id: string;

  @Column('text')
  kind: FreezeKind;

  /** The user's id; `<provider>/<external id>` of a sub-account; two letters of a country; empty for all. */
  @Column('text')
  subject: string;

  @Column('text', { nullable: true })
  reason: string | null;

  /** The subject of the administrator's token or API key, or `rule <name>`. */
  @Column('text', { name: 'frozen_by' })
  frozenBy: string;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3, default: () => 'now()' })
  createdAt: Date;

  /** Null while it is in force. A rule counts nothing that came before. */
  @Column({ type: 'timestamptz', name: 'lifted_at', nullable: true, precision: 3 })
  liftedAt: Date | null;
}
