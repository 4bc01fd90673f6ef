import type { DataSource } from 'typeorm';
import type { HistoryRow } from './job.reads';
import { beforeTransaction, snapshotFrom, type Position, type Snapshot } from './position';
import { jobColumns, toJobRow, type FlatJobRow, type JobRow } from './rows';

/** A line of history that somebody has not seen yet. */
export interface News {
  line: HistoryRow;
  /** The transaction that wrote it. */
  tx: string;
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

/** Of how many lines a page of the past takes notice. */
interface Bounds {
  /** Lines that are told in the order of their ids, and in the order of their commits from each such stretch to the next. */
  stretch: number;
  /** Lines looked at on the way through a stretch that is longer, whether they belong to it or not. */
  walk: number;
}

const BOUNDS = { stretch: 1_000, walk: 5_000 };

/**
 * The history in the order in which it became visible: nothing is left out, and nothing comes twice, in whatever order
 * transactions commit. Any number of readers, each with a position of its own; nothing is kept for them.
 */
export class ChangeReads {
  constructor(
    private readonly db: Pick<DataSource, 'query'>,
    private readonly bounds: Bounds = BOUNDS,
  ) {}

  async now(): Promise<Position> {
    const [row] = await this.db.query<[{ shown: string }]>(`select pg_current_snapshot()::text as shown`);
    return { seen: snapshotFrom(row.shown), partly: null };
  }

  /**
   * The next lines after `from`, at most `limit`, of those that `upTo` shows; without it, of all that is new, which should be little.
   * With it a page costs about as much from the beginning of the history as from yesterday.
   */
  async after(from: Position, { upTo, limit }: { upTo?: Snapshot; limit: number }): Promise<NewsPage> {
    const goal = from.partly?.upTo ?? (upTo && (await this.stretch(from.seen, upTo)));
    const isLong = from.partly !== null && goal !== undefined && (await this.isLong(from.seen, goal));
    const values: unknown[] = [from.seen.xmax, from.seen.underWay, goal?.text ?? null, from.partly?.line ?? 0];
    if (goal && !isLong) values.push(goal.xmax);
    // Not prepared: with the values at hand the planner sees how little of the table is new, and takes the index.
    const rows = await this.db.query<NewsRow[]>(
      `with now as materialized (
         select coalesce($3::pg_snapshot, pg_current_snapshot()) as shown   -- the latter is what this statement sees
       ), ${isLong ? unseenById(this.bounds.walk) : unseenByTx(goal !== undefined)}, line as (
         select history.*
           from (select id from unseen order by id limit ${limit}) as next
           join history using (id)
       )
       select shown::text, looked."to" as "lookedTo", job.id is not null as "hasJob", line.id as "lineId", line.at,
              line.version as "lineVersion", line.event, line.from_state as "from", line.to_state as "to",
              line.attempt as "lineAttempt", line.actor, line.detail, line.tx::text as tx,
              ${jobColumns}
         from now
        cross join looked
         left join line on true
         left join job on job.id = line.job_id
        order by line.id`,
      values,
    );
    const [{ shown: text, lookedTo }] = rows as [NewsRow];
    const shown = snapshotFrom(text);
    const lines = rows.filter((row) => row.lineId !== null);
    const within = (line: string): Position => ({ seen: from.seen, partly: { upTo: shown, line } });
    const end = lines.length < limit ? lookedTo : (lines.at(-1)?.lineId ?? '0');
    const position = end === null ? { seen: shown, partly: null } : within(end);
    return {
      // What a dropped job has left, until its month goes, is nobody's news.
      news: lines.flatMap((row, i) =>
        row.hasJob ? [newsFrom(row, i === lines.length - 1 ? position : within(row.lineId))] : [],
      ),
      position,
    };
  }

  /** What `shown` shows of the next transactions: as many as have written some thousand lines, the last of them whole. */
  private async stretch(seen: Snapshot, shown: Snapshot): Promise<Snapshot> {
    const [row] = await this.db.query<{ tx: string }[]>(
      `select tx::text from history where tx >= $1::xid8 order by history.tx offset ${this.bounds.stretch} limit 1`,
      [seen.xmax],
    );
    return row ? beforeTransaction(shown, BigInt(row.tx) + 1n) : shown;
  }

  private async isLong(seen: Snapshot, upTo: Snapshot): Promise<boolean> {
    const [{ lines }] = await this.db.query<[{ lines: number }]>(
      `select count(*)::int as lines
         from (select from history where tx >= $1::xid8 and tx < $2::xid8 limit ${this.bounds.stretch + 1}) as next`,
      [seen.xmax, upTo.xmax],
    );
    return lines > this.bounds.stretch;
  }
}

/** `end`: before which transaction, so that the index is not read beyond it. */
const since = (end = '') => `(tx >= $1::xid8${end} or tx = any($2::xid8[]))`; // guard: slow-commit-is-news
/** A restored row may carry an id that is still to come. */
const visible = `pg_visible_in_snapshot(tx, shown)`; // guard: restored-is-not-news
const untold = `id > $4`; // guard: news-once

/** A stretch that is short is picked whole by the index of tx, and what of it was told before is left out. */
const unseenByTx = (hasEnd: boolean) => `unseen as materialized (
         select id
           from history, now
          where ${since(hasEnd ? ' and tx < $5::xid8' : '')} and ${visible} and ${untold}
       ), looked as (
         select null::text as "to"
       )`;

/** Amid a long one nearly all that follows in the order of ids is unseen: the ids lead there, page by page. */
const unseenById = (walk: number) => `next as materialized (
         select id, tx
           from history
          where ${untold}
          order by id
          limit ${walk}
       ), unseen as materialized (
         select id
           from next, now
          where ${since()} and ${visible}
       ), looked as (
         select case when count(*) = ${walk} then max(id)::text end as "to"
           from next
       )`;

interface NewsRow extends FlatJobRow, Omit<HistoryRow, 'id' | 'version' | 'attempt'> {
  shown: string;
  /** Up to which line it looked, when there may be more after that. */
  lookedTo: string | null;
  /** False of a job that is dropped. */
  hasJob: boolean;
  lineId: string;
  lineVersion: number;
  lineAttempt: number;
  tx: string;
}

function newsFrom(row: NewsRow, position: Position): News {
  const {
    shown: _shown,
    lookedTo: _to,
    hasJob: _has,
    lineId,
    lineVersion,
    lineAttempt,
    tx,
    at,
    event,
    from,
    to,
    actor,
    detail,
    ...job
  } = row;
  const line = { id: lineId, at, version: lineVersion, event, from, to, attempt: lineAttempt, actor, detail };
  return { line, tx, job: toJobRow(job), position };
}
