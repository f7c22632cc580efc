import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { ShownNumbers } from './shown-numbers.js';

/** A user of the app, as sent by its backend. The id is the app's own. */
@Entity('app_user')
@Check('app_user_id_positive', 'id > 0')
@Index('app_user_external_id', ['externalId'], { unique: true })
@Index('app_user_blocked', ['id'], { where: 'blocked' })
@Index('app_user_by_phone', ['phone', 'id'])
// Of an expression, which TypeORM cannot describe: migration index-user-names.
@Index('app_user_by_name', { synchronize: false })
export class AppUser {
  /** A Long; a string because a JavaScript number cannot hold every Long. */
  @PrimaryColumn('bigint', { primaryKeyConstraintName: 'app_user_pkey' })
  id: string;

  @Column('text')
  name: string;

  /** E.164, or a national short number; null if none is bound. */
  @Column('text', { nullable: true })
  phone: string | null;

  /** The phone in its written form, if it has an extension (phone-columns.ts). */
  @Column('text', { name: 'phone_with_extension', nullable: true })
  phoneWithExtension: string | null;

  /** Null: none of its own. */
  @Column('json', { nullable: true })
  shown: ShownNumbers | null;

  /** A second name of the user: the id in another system, such as a UUID or the `sub` of an identity provider. */
  @Column('text', { name: 'external_id', nullable: true })
  externalId: string | null;

  /** True if all requests of the user are refused. */
  @Column('boolean', { default: false })
  blocked: boolean;
}
