import type { DataSource } from 'typeorm';
import { lowestIdAt } from './rows';

/** What is stored that belongs to no job of ours. Reads only. */
export class StrangerReads {
  constructor(private readonly db: DataSource) {}

  /**
   * Of the notices that came in between, `atMost` of them. `waiting` are those among them that no worker has looked at yet. By a
   * function: the webhook touches no table.
   */
  async between(from: Date, to: Date, atMost: number): Promise<{ rows: number; bytes: number; waiting: number }> {
    const [row] = await this.db.query<[{ rows: number; bytes: number; waiting: number }]>(
      `/* strangers */ select found as rows, bytes, waiting from count_strangers($1, $2, $3)`,
      [lowestIdAt(from.getTime()), lowestIdAt(to.getTime()), atMost],
    );
    return row;
  }
}
