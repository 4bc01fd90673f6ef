import { completionEvents, replayableVerdicts } from '@app/domain';
import type { DataSource } from 'typeorm';
import { channels } from './channels';

const listOf = (names: readonly string[]) => `(${names.map((name) => `'${name}'`).join(', ')})`;

/** As the domain's `isReplayable`. */
const isReplayable = `
  verdict in ${listOf(replayableVerdicts)} and event_type <> ''
    and (event_type not in ${listOf(completionEvents)} or (vod_job_id <> '' and status <> ''))`;

/** Has events looked at again. */
export class EventReplays {
  constructor(private readonly db: DataSource) {}

  /**
   * From now on the event is one that has just come, by what was read from it when it came. False when it isn't one of those that
   * may be, or says too little: such a row may stand for many that were only counted.
   */
  async replay(id: string): Promise<boolean> {
    const rows = await this.db.query<unknown[]>(
      `with replayed as (
         update event
            set verdict = 'received', reason = null, job_id = null
          where id = $1 and ${isReplayable}
          returning id
       )
       select pg_notify('${channels.event}', '') from replayed`,
      [id],
    );
    return rows.length > 0;
  }
}
