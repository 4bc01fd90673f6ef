import type { JobType, NewsType } from '@app/domain';
import type { DataSource } from 'typeorm';
import { ChangeReads, type News } from './change.reads';
import { formatPosition, isAhead, parsePosition, snapshotFrom, type Position, type Snapshot } from './position';
import { toJson } from './rows';
import { transaction, type Transaction } from './transaction';

/** An endpoint, as far as it decides what is told to it. */
export interface Listening {
  id: string;
  client: string;
  events: NewsType[];
  /** Null: all. */
  types: JobType[] | null;
  labels: Record<string, string>;
  /** What was visible when it was made is no news to it. */
  since: Snapshot;
}

/** The reader's turn: nobody else reads until it is over. */
export interface Turn {
  readonly tx: Transaction;
  readonly place: Taken & Present;
}

/** The next lines, and who wants to hear of any. */
interface NewsToTell {
  news: News[];
  endpoints: Listening[];
  /** Of whoever has told all of it. */
  position: Position;
  /** Whether there is more than this page. */
  more: boolean;
  /** Whether the reader begins at this moment, as its position says nothing here. */
  isAnew: boolean;
}

/** One line that endpoints are told of, with the job as it was then. */
export interface ToldLine {
  historyId: string;
  jobId: string;
  type: NewsType;
  client: string;
  happenedAt: Date;
  job: object;
}

export interface ToldTo {
  /** Of the delivery. */
  id: string;
  endpointId: string;
  historyId: string;
}

interface Taken {
  position: string;
  /** Nobody has noted for some time where they are. */
  isStale: boolean;
}

interface Present {
  now: string;
  /** Whether there is an endpoint. */
  isWanted: boolean;
  /** Whether an endpoint was made in another database: there the transactions have other numbers. */
  hasStrangers: boolean;
}

/** Without news the position is noted so often. Whoever looks at updated_at learns that somebody reads. */
const NOTE_EVERY = `interval '10 s'`;

/** Turns the history into deliveries: each line once, whoever reads, and whenever they are killed. */
export class NewsStore {
  constructor(private readonly db: DataSource) {}

  /** Does `work` unless somebody else reads just now, or there is no endpoint to tell anything. Commits after it. */
  async alone<T>(work: (turn: Turn) => Promise<T>): Promise<T | 'elsewhere' | 'nobody'> {
    return transaction(this.db, async (tx) => {
      const [[taken], [present]] = await Promise.all([
        tx.query<Taken[]>(takePlace),
        tx.query<[Present]>(lookAround), // travels along, and looks when the place is taken
      ]);
      if (!present.isWanted) return 'nobody';
      return taken ? work({ tx, place: { ...taken, ...present } }) : 'elsewhere';
    });
  }

  /**
   * The next lines, at most `limit`. A position of another database, as after a restore, says nothing here: then the reader begins
   * anew at this moment.
   */
  async read({ tx, place }: Turn, limit: number): Promise<NewsToTell> {
    const now = snapshotFrom(place.now);
    const from = parsePosition(place.position);
    if (place.hasStrangers) await tx.query(settleIn);
    if (from === null || isAhead(from, now)) {
      return { news: [], endpoints: [], position: { seen: now, partly: null }, more: false, isAnew: true };
    }
    const [{ news, position }, endpoints] = await Promise.all([
      new ChangeReads(tx).after(from, { upTo: now, limit }),
      tx.query<(Omit<Listening, 'since'> & { since: string })[]>(
        `select id, client, events, types, labels, since::text from endpoint where deleted_at is null order by id`,
      ),
    ]);
    return {
      news,
      endpoints: endpoints.map(({ since, ...rest }) => ({ ...rest, since: snapshotFrom(since) })),
      position,
      more: position.partly !== null || position.seen.text !== now.text,
      isAnew: false,
    };
  }

  /** What is told and how far the reader has come, together or not at all. Answers how many deliveries that made, by type. */
  note(
    { tx }: Turn,
    position: Position,
    lines: readonly ToldLine[],
    to: readonly ToldTo[],
  ): Promise<{ type: NewsType; deliveries: number }[]> {
    const endpointIds = [...new Set(to.map(({ endpointId }) => endpointId))];
    return tx.last(tell, [toJson(lines), endpointIds, toJson(to), formatPosition(position)]);
  }

  /** The same when there was nothing to tell. Without any line it may be left for a while, except amid a stretch: that would be read for ever. */
  async moveOn({ tx, place }: Turn, { news, position, isAnew }: NewsToTell): Promise<void> {
    const isAmid = position.partly !== null || parsePosition(place.position)?.partly !== null;
    if (news.length > 0 || isAmid || isAnew || place.isStale) await tx.last(moveOn, [formatPosition(position)]);
  }
}

const takePlace = `
  select position, updated_at < now() - ${NOTE_EVERY} as "isStale"
    from reader
   where name = 'tell'
     for update skip locked`;

/** A statement of its own: the one that took the place may have begun before somebody else noted a position, and then sees less than that. */
const lookAround = `
  select pg_current_snapshot()::text as now,
         exists (select from endpoint where deleted_at is null) as "isWanted",
         exists (select from endpoint
                  where deleted_at is null
                    and pg_snapshot_xmax(since) > pg_snapshot_xmax(pg_current_snapshot())) as "hasStrangers"`;

/** Else they would hear of nothing until the numbers here have come as far. */
const settleIn = `
  update endpoint
     set since = pg_current_snapshot()
   where pg_snapshot_xmax(since) > pg_snapshot_xmax(pg_current_snapshot())`;

const moveOn = `
  /* move on */
  update reader set position = $1, updated_at = now() where name = 'tell'`;

/**
 * An endpoint that is removed meanwhile is told nothing more; whoever removes one that is locked here drops what this writes. Behind
 * another one about the same job that has to wait, a delivery waits for as long.
 */
const tell = `
  /* tell */
  with line as materialized (
    select *
      from jsonb_to_recordset($1::jsonb)
        as l("historyId" bigint, "jobId" uuid, type text, client text, "happenedAt" timestamptz, job jsonb)
  ), listening as materialized (
    select id from endpoint where id = any($2::uuid[]) and deleted_at is null order by id for share
  ), told as (
    insert into delivery (id, endpoint_id, job_id, history_id, type, client, happened_at, job, due_at)
    select d.id, d."endpointId", line."jobId", line."historyId", line.type, line.client, line."happenedAt", line.job,
           greatest(now(), (select max(due_at)
                              from delivery as earlier
                             where earlier.endpoint_id = d."endpointId" and earlier.job_id = line."jobId"
                               and earlier.state = 'waiting'))
      from jsonb_to_recordset($3::jsonb) as d(id uuid, "endpointId" uuid, "historyId" bigint)
      join line using ("historyId")
      join listening on listening.id = d."endpointId"
     order by d.id
    on conflict (endpoint_id, history_id) do nothing
    returning type
  ), moved as (
    update reader set position = $4, updated_at = now() where name = 'tell'
  )
  select type, count(*)::int as deliveries from told group by type`;
