import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What a client asked for, as far as a single row of it is read: the rest is read with its jobs. */
@Entity('request')
export class RequestEntity {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text')
  client!: string;

  @Column('text', { name: 'idempotency_key', nullable: true })
  idempotencyKey!: string | null;
}
