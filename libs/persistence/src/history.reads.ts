import type { HistoryEntry, JobEventType } from '@app/domain';
import type { DataSource } from 'typeorm';
import { columnsOf } from './columns';
import { HistoryEntity } from './entities/history.entity';
import type { HistoryRow } from './job.reads';

/** A line, or in the place of several the one that counts them: `folded`. */
export type HistoryItem = Omit<HistoryRow, 'event'> & { event: HistoryEntry['event'] };

/** What an event of VOD does to a job; anybody who has one pair of headers can have it done. */
const rings = ['event_received', 'reconsidered'] satisfies JobEventType[];

/** What we do about it, or at an alarm. */
const looks = [
  'looked',
  'undecidable',
  'read_running',
  'read_missing',
  'read_unavailable',
  'read_stranger',
  'vanished',
  'disowned',
  'deadline_passed',
] satisfies JobEventType[];

/** The history of a job as people read it, oldest first. Reads only. */
export class HistoryReads {
  constructor(private readonly db: DataSource) {}

  /** @param page.after the version of the last item of the page before */
  page(jobId: string, { limit, after = 0 }: { limit: number; after?: number | undefined }): Promise<HistoryItem[]> {
    return this.db.query(foldedHistory, [jobId, limit, after]);
  }
}

const among = (events: readonly string[]) => `event in (${events.map((event) => `'${event}'`).join(', ')})`;

/**
 * A line that is no look begins a step, and the looks after it belong to that. A step that an event began is idle when the next
 * one finds the job in the same state: it changed nothing. Of several idle ones in a row the first and the last are shown, and those in
 * between take one line, unless it is only one. The lines come in order by the primary key, and each pass goes over them once.
 */
const foldedHistory = `
  /* folded history */
  with line as (
    select version, from_state, ${among(rings)} as rings, not ${among(looks)} as begins,
           count(*) filter (where not ${among(looks)}) over (order by version) as step
      from history
     where job_id = $1
  ),
  step as (
    select step, rings and from_state = coalesce(lead(from_state) over (order by step), last.state) as idle
      from line
     cross join (select to_state as state from history where job_id = $1 order by version desc limit 1) as last
     where begins
  ),
  placed as (
    select step, idle and lag(idle) over steps and lead(idle) over steps
                      and (coalesce(lag(idle, 2) over steps, false) or coalesce(lead(idle, 2) over steps, false)) as folded
      from step
    window steps as (order by step)
  ),
  run as (
    select step, folded, count(*) filter (where folded is not true) over (order by step) as run from placed
  ),
  -- The page before may have ended within a step: looks that are left of it alone are shown as they are.
  shown as (
    select version, begins, run, folded and count(*) filter (where begins) over (partition by run, folded) > 0 as folded
      from line
      left join run using (step)
     where version > $3
  ),
  item as (
    select version as first, version as last, null::bigint as rings
      from shown
     where folded is not true
    union all
    select min(version), max(version), count(*) filter (where begins)
      from shown
     where folded
     group by run
  ),
  page as (select * from item order by last limit $2)
  select ${columnsOf(HistoryEntity)}
    from page
    join history on history.job_id = $1 and history.version = page.last
   where page.rings is null
  union all
  select last.id, first.at, last.version, 'folded', last.to_state, last.to_state, last.attempt, null,
         jsonb_build_object('count', page.rings, 'until', to_char(last.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
    from page
    join history as first on first.job_id = $1 and first.version = page.first
    join history as last on last.job_id = $1 and last.version = page.last
   where page.rings is not null
   order by version`;
