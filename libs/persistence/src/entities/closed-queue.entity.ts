import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A queue that rests until a moment, because VOD has asked for fewer calls. */
@Entity('closed_queue')
export class ClosedQueueEntity {
  @PrimaryColumn('text')
  region!: string;

  @PrimaryColumn('text')
  queue!: string;

  @Column('text')
  code!: string;

  @Column('timestamptz')
  until!: Date;
}
