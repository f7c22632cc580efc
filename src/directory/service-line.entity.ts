import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';
import type { HuntOrder, LinePhone } from './line-phones.js';
import type { OpeningHours } from './opening-hours.js';
import type { ShownNumbers } from './shown-numbers.js';

/** Customer service: one number, or several. callService rings the one with the lowest position that is open now and has a call to spare. */
@Entity('service_line')
@Index('service_line_order', ['position', 'id'])
export class ServiceLine {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'service_line_pkey',
  })
  id: string;

  @Column('text')
  name: string;

  @Column('text')
  phone: string;

  /** All phones, with their ring times; null for one of which nothing is said. The first is `phone` (line-phones.ts). */
  @Column('json', { nullable: true })
  phones: readonly LinePhone[] | null;

  /** Null: in order. */
  @Column('text', { nullable: true })
  hunt: HuntOrder | null;

  /** The number of a hunt that took the last call, and when; null: none yet. */
  @Column('text', { name: 'last_phone', nullable: true })
  lastPhone: string | null;

  @Column({ type: 'timestamptz', name: 'last_taken_at', nullable: true, precision: 3 })
  lastTakenAt: Date | null;

  /** The phone in its written form, if it has an extension (phone-columns.ts). */
  @Column('text', { name: 'phone_with_extension', nullable: true })
  phoneWithExtension: string | null;

  /** Null: none of its own. */
  @Column('json', { nullable: true })
  shown: ShownNumbers | null;

  /** A closed line has no opening hours. */
  @Column('boolean')
  open: boolean;

  /** Null: always. */
  @Column('json', { nullable: true })
  hours: OpeningHours | null;

  /** How many calls it has at a time; null: no limit. */
  @Column('integer', { name: 'calls_at_once', nullable: true })
  callsAtOnce: number | null;

  @Column('integer')
  position: number;
}
