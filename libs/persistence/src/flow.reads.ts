import { verdictStates, type JobState } from '@app/domain';
import type { DataSource } from 'typeorm';
import { binOf, Histogram } from './histogram';
import { inStates } from './in-states';
import { endOfIdsUntil, firstIdSince } from './rows';
import { settledWithoutEvent } from './stats.reads';

/** What happened within one stretch of time. */
export interface Throughput {
  accepted: number;
  succeeded: number;
  failed: number;
  /** Canceled or expired. */
  otherwise: number;
  /** Of those that succeeded or failed: settled by a read that no event had asked for. */
  withoutEvent: number;
  /** From accepted to sent. */
  wait: Histogram;
  /** From sent to ended at VOD. */
  processing: Histogram;
}

/** How much flows. Reads only. */
export class FlowReads {
  constructor(private readonly db: DataSource) {}

  /** Stretches of `bucketMs` from `from` to before `to`, by their beginnings; one in which nothing happened is left out. */
  async throughput(from: number, to: number, bucketMs: number): Promise<Map<number, Throughput>> {
    const [accepted, ended] = await Promise.all([this.accepted(from, to, bucketMs), this.ended(from, to, bucketMs)]);
    const buckets = new Map<number, Throughput>();
    const bucketAt = (index: number) => {
      const at = from + index * bucketMs;
      const bucket = buckets.get(at) ?? nothing();
      buckets.set(at, bucket);
      return bucket;
    };
    for (const { bucket, jobs } of accepted) bucketAt(bucket).accepted += jobs;
    for (const { bucket, state, withoutEvent, waitBin, processingBin, jobs } of ended) {
      const into = bucketAt(bucket);
      if (waitBin !== null) into.wait.add(waitBin, jobs);
      if (processingBin !== null) into.processing.add(processingBin, jobs);
      if (state === null) continue;
      if (state === 'succeeded' || state === 'failed') into[state] += jobs;
      else into.otherwise += jobs;
      if (withoutEvent) into.withoutEvent += jobs;
    }
    return buckets;
  }

  private accepted(from: number, to: number, bucketMs: number): Promise<{ bucket: number; jobs: number }[]> {
    const [since, until] = [new Date(from), new Date(to)];
    return this.db.query(
      `select ${bucketOf('created_at')} as bucket, count(*)::int as jobs
         from job
        where created_at >= $1 and created_at < $2
          and id >= $4 and id < $5  -- in the order of time: found without an index on created_at
        group by bucket`,
      [since, until, bucketMs, firstIdSince(since), endOfIdsUntil(until)],
    );
  }

  private ended(from: number, to: number, bucketMs: number): Promise<Ended[]> {
    return this.db.query(
      `select bucket, state, "withoutEvent", "waitBin", "processingBin", count(*)::int as jobs
         from (select ${bucketOf('settled_at')} as bucket, state,
                      ${settledWithoutEvent} as "withoutEvent",
                      ${binOf(msBetween('created_at', 'submitted_at'))} as "waitBin",
                      case when vod_job_id is not null and state ${inStates(verdictStates)}
                           then ${binOf(msBetween('submitted_at', 'finished_at'))} end as "processingBin"
                 from job
                where settled_at >= $1 and settled_at < $2) as ended
        group by grouping sets ((bucket, state, "withoutEvent"), (bucket, "waitBin"), (bucket, "processingBin"))`,
      [new Date(from), new Date(to), bucketMs],
    );
  }
}

export function nothing(): Throughput {
  return {
    accepted: 0,
    succeeded: 0,
    failed: 0,
    otherwise: 0,
    withoutEvent: 0,
    wait: new Histogram(),
    processing: new Histogram(),
  };
}

/** Either a state's count, or a bin's of one of the two durations. */
interface Ended {
  bucket: number;
  state: JobState | null;
  withoutEvent: boolean | null;
  waitBin: number | null;
  processingBin: number | null;
  jobs: number;
}

/** Which stretch of $3 milliseconds since $1 a time lies in. (date_bin came with Postgres 14.) */
function bucketOf(column: string): string {
  return `floor(${msBetween('$1::timestamptz', column)} / $3)::integer`;
}

function msBetween(from: string, to: string): string {
  return `extract(epoch from ${to} - ${from})::float8 * 1000`;
}
