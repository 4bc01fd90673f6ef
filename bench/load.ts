import type { Client } from 'pg';
import { enqueueAll, enqueueSteadily } from './http';
import type { Product } from './product';
import { only } from './rows';
import { until } from './until';

const CONNECTIONS = 32;

/** Jobs of the bench's own that go through the product, and what the product has written down about them. */
export class Load {
  private asked = 0;

  constructor(
    private readonly product: Product,
    private readonly sql: Client,
  ) {}

  /** So many were asked for in all. */
  get total(): number {
    return this.asked;
  }

  /** As fast as they are taken. Answers the seconds that it took. */
  burst(jobs: number): Promise<number> {
    return enqueueAll(this.product.apiUrl, [...this.media(jobs)], CONNECTIONS);
  }

  steadily(jobs: number, perSecond: number): Promise<void> {
    return enqueueSteadily(this.product.apiUrl, this.media(jobs), perSecond);
  }

  async untilOver(): Promise<void> {
    const isOver = async () => {
      const { rows } = await this.sql.query(`select from job where due_at is not null limit 1`);
      return rows.length === 0;
    };
    await until('all jobs are over', isOver, { everyMs: 50 });
  }

  async assertAllSucceeded(): Promise<void> {
    const { rows } = await this.sql.query<{ state: string; jobs: number }>(
      `select state, count(*)::int as jobs from job where media_id like 'bench%' group by state`,
    );
    const seen = rows.map(({ state, jobs }) => `${jobs} ${state}`).join(', ');
    if (seen !== `${this.asked} succeeded`) throw new Error(`${this.asked} jobs were asked for, now: ${seen}`);
  }

  /** Jobs that ended well in this time, and how long after the webhook had their events; in ms, null without any. */
  async ended(from: Date, to: Date): Promise<{ jobs: number; p50: number | null; p95: number | null }> {
    const took = `extract(epoch from settled_at - received_at)::float8 * 1000`;
    const { rows } = await this.sql.query<{ jobs: number; p50: number | null; p95: number | null }>(
      `select count(*)::int as jobs,
              percentile_cont(0.5) within group (order by ${took}) as p50,
              percentile_cont(0.95) within group (order by ${took}) as p95
         from job
         join lateral (select received_at from event where event.job_id = job.id order by id limit 1) as event on true
        where state = 'succeeded' and settled_at >= $1 and settled_at < $2`,
      [from, to],
    );
    return only(rows);
  }

  private *media(count: number): Generator<string> {
    for (let i = 0; i < count; i += 1) yield `bench${String((this.asked += 1)).padStart(10, '0')}`;
  }
}
