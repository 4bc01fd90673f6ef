import type { MigrationInterface, QueryRunner } from 'typeorm';

const indexes = {
  // Jobs of a state, a client, a region, a type, or of any of them together, newest first: there are few combinations, and
  // each of them is one stretch of this index. It takes the place of job_state.
  job_shape: `job (client, region, type, state, id)`,
  // Few jobs fail, so these few may be told apart by the index alone.
  job_error_code: `job (error_code, id, client, region, type, state) where error_code is not null`,
  // The oldest that waits, of each priority.
  job_queued: `job (region, priority, id) where state = 'queued'`,
  // Throughput over the last hour or day.
  job_settled_at: `job (settled_at) where settled_at is not null`,
  // Callbacks lost.
  job_without_event: `job (settled_at) where state in ('succeeded', 'failed') and vod_job_id is not null and event_status is null`,
  // It takes the place of event_by_vod_job, which knew only the events that wait for their job.
  event_vod_job_id: `event (vod_job_id, id)`,
  event_media_id: `event (media_id, id)`,
  event_job_id: `event (job_id, id) where job_id is not null`,
};

/** Built while everything works, like the indexes of the evidence. */
export class IndexLists1764200002000 implements MigrationInterface {
  readonly name = 'IndexLists1764200002000';
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`set statement_timeout = 0`);
    for (const [name, definition] of Object.entries(indexes)) {
      await runner.query(`drop index concurrently if exists ${name}`); // what a build that was cut off has left behind
      await runner.query(`create index concurrently ${name} on ${definition}`);
    }
    await runner.query(`drop index concurrently if exists job_state`);
    await runner.query(`drop index concurrently if exists event_by_vod_job`);
    await runner.query(`reset statement_timeout`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`set lock_timeout = '5s'`);
    await runner.query(`create index job_state on job (state, id)`);
    await runner.query(
      `create index event_by_vod_job on event (vod_job_id) where verdict in ('received', 'unmatched')`,
    );
    await runner.query(`drop index ${Object.keys(indexes).join(', ')}`);
    await runner.query(`reset lock_timeout`);
  }
}
