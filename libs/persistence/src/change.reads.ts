import type { DataSource } from 'typeorm';
import type { HistoryRow } from './job.reads';
import { snapshotFrom, type Position, type Snapshot } from './position';
import { jobColumns, toJobRow, type FlatJobRow, type JobRow } from './rows';

/** A line of history that somebody has not seen yet. */
export interface News {
  line: HistoryRow;
  /** As it is by now: this version or a later one. */
  job: JobRow;
  /** Of whoever has seen this line and all before it. */
  position: Position;
}

export interface NewsPage {
  news: News[];
  /** Whole when nothing more is to be had up to the snapshot that was asked for. */
  position: Position;
}

/**
 * The history in the order in which it became visible: nothing is left out, and nothing comes twice, in whatever order
 * transactions commit. Any number of readers, each with a position of its own; nothing is kept for them.
 */
export class ChangeReads {
  constructor(private readonly db: DataSource) {}

  async now(): Promise<Position> {
    const [row] = await this.db.query<[{ shown: string }]>(`select pg_current_snapshot()::text as shown`);
    return { seen: snapshotFrom(row.shown), partly: null };
  }

  /** The next lines after `from`, at most `limit`, of those that `upTo` shows; without it, of all. */
  async after(from: Position, { upTo, limit }: { upTo?: Snapshot; limit: number }): Promise<NewsPage> {
    const goal = from.partly?.upTo ?? upTo;
    // Amid a stretch nearly all that follows in the order of ids is unseen: the key leads there, page by page. coalesce keeps
    // the planner off the index of tx, by which each page would be picked from all that is unseen.
    // guard: slow-commit-is-news, restored-is-not-news, news-once
    const unseen = from.partly
      ? `id > $4 and coalesce(tx >= $1::xid8 or tx = any($2::xid8[]), false) and pg_visible_in_snapshot(tx, shown)
          order by id limit ${limit}`
      : `(tx >= $1::xid8 or tx = any($2::xid8[]))
            and pg_visible_in_snapshot(tx, shown)    -- a restored row may carry an id that is still to come
            and id > $4`;
    // Not prepared: with the values at hand the planner sees how little of the table is new, and takes the index.
    const rows = await this.db.query<NewsRow[]>(
      `with now as materialized (
         select coalesce($3::pg_snapshot, pg_current_snapshot()) as shown   -- the latter is what this statement sees
       ), unseen as materialized (
         select id
           from history, now
          where ${unseen}
       ), line as (
         select history.*
           from (select id from unseen order by id limit ${limit}) as next
           join history using (id)
       )
       select shown::text, job.id is not null as "hasJob", line.id as "lineId", line.at, line.version as "lineVersion", line.event,
              line.from_state as "from", line.to_state as "to", line.attempt as "lineAttempt", line.actor, line.detail,
              ${jobColumns}
         from now
         left join line on true
         left join job on job.id = line.job_id
        order by line.id`,
      [from.seen.xmax, from.seen.underWay, goal?.text ?? null, from.partly?.line ?? 0],
    );
    const shown = snapshotFrom(rows[0]?.shown ?? '');
    const lines = rows.filter((row) => row.lineId !== null);
    const within = (line: string): Position => ({ seen: from.seen, partly: { upTo: shown, line } });
    const whole: Position = { seen: shown, partly: null };
    const position = lines.length < limit ? whole : within(lines.at(-1)?.lineId ?? '0');
    return {
      // What a dropped job has left, until its month goes, is nobody's news.
      news: lines.flatMap((row, i) =>
        row.hasJob ? [newsFrom(row, i === lines.length - 1 ? position : within(row.lineId))] : [],
      ),
      position,
    };
  }
}

interface NewsRow extends FlatJobRow, Omit<HistoryRow, 'id' | 'version' | 'attempt'> {
  shown: string;
  /** False of a job that is dropped. */
  hasJob: boolean;
  lineId: string;
  lineVersion: number;
  lineAttempt: number;
}

function newsFrom(row: NewsRow, position: Position): News {
  const {
    shown: _shown,
    hasJob: _has,
    lineId,
    lineVersion,
    lineAttempt,
    at,
    event,
    from,
    to,
    actor,
    detail,
    ...job
  } = row;
  const line = { id: lineId, at, version: lineVersion, event, from, to, attempt: lineAttempt, actor, detail };
  return { line, job: toJobRow(job), position };
}
