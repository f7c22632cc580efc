import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';

/** A customer-service number. callService rings the open one with the lowest position. */
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

  @Column('boolean')
  open: boolean;

  @Column('integer')
  position: number;
}
