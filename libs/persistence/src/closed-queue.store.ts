import { MoreThan, type DataSource } from 'typeorm';
import { ClosedQueueEntity } from './entities/closed-queue.entity';

export type ClosedQueue = ClosedQueueEntity;

/** The queue store itself knows when it rests; this is for whoever looks at Postgres only. */
export class ClosedQueueStore {
  constructor(
    private readonly db: DataSource,
    private readonly now: () => Date = () => new Date(),
  ) {}

  /** Of several calls that were throttled together the one that rests longest is kept. */
  async note({ region, queue, code, until }: ClosedQueue): Promise<void> {
    await this.db.query(
      `/* note closed queue */
       insert into closed_queue (region, queue, code, until)
       values ($1, $2, $3, $4)
       on conflict (region, queue) do update
          set code = excluded.code, until = excluded.until
        where closed_queue.until < excluded.until`,
      [region, queue, code, until],
    );
  }

  /** Those that are closed now. */
  all(): Promise<ClosedQueue[]> {
    return this.db
      .getRepository(ClosedQueueEntity)
      .find({ where: { until: MoreThan(this.now()) }, order: { region: 'ASC', queue: 'ASC' } });
  }
}
