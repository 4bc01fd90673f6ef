import type { DataSource } from 'typeorm';
import { lowestIdAt } from './rows';

/** Those that no job has, also those that no worker has looked at yet. */
const WITHOUT_A_JOB = `('received', 'unmatched', 'ignored', 'rejected')`;

/** What is stored that belongs to no job of ours. Reads only. */
export class StrangerReads {
  constructor(private readonly db: DataSource) {}

  /** Of the notices that came in between, `atMost` of them. A body's size is read without the body. */
  async between(from: Date, to: Date, atMost: number): Promise<{ rows: number; bytes: number }> {
    const [row] = await this.db.query<[{ rows: number; bytes: number }]>(
      `/* strangers */
       select count(*)::int as rows, coalesce(sum(octet_length(body)), 0)::float8 as bytes
         from (select body
                 from event
                where verdict in ${WITHOUT_A_JOB} and id >= $1 and id < $2
                limit $3) as stranger`,
      [lowestIdAt(from.getTime()), lowestIdAt(to.getTime()), atMost],
    );
    return row;
  }
}
