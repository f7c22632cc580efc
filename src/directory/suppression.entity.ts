import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';

/** A number that must not be called, because its owner or the operator has said so. */
@Entity('suppression')
@Index('suppression_phone', ['phone'], { unique: true })
export class Suppression {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'suppression_pkey',
  })
  id: string;

  /** In the form in which numbers are stored. */
  @Column('text')
  phone: string;

  /** In the operator's words. */
  @Column('text', { nullable: true })
  reason: string | null;

  /** Where it comes from: a form, a message, a national register. */
  @Column('text', { nullable: true })
  source: string | null;

  /** The end of the suppression; null for none. */
  @Column({ type: 'timestamptz', nullable: true, precision: 3 })
  until: Date | null;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3, default: () => 'now()' })
  createdAt: Date;
}
