import { completionsOf, unidentifiedStates } from '@app/domain';
import type { DataSource } from 'typeorm';
import { inStates } from './in-states';
import { jobColumns, toJobRow, type FlatJobRow, type JobRow } from './rows';

/** A job whose submission may have reached VOD, with everything that was written down about that submission. */
export interface Case {
  job: JobRow;
  config: Record<string, unknown>;
  submission: {
    number: number;
    types: string[];
    nonce: string;
    signedAt: Date;
    sentAt: Date;
    signer: string | null;
    resends: number;
    resentAt: Date | null;
    nonceSeenAt: Date | null;
  };
  /** How often this job was proven absent before. */
  absences: number;
  /** Another job of the same call has its JobId: the call arrived, and whatever it asked for was done. */
  siblingFound: boolean;
}

/** An event of the same media and type whose JobId no job has. Its body is not signed: a hint where to look. */
export interface CandidateEvent {
  vodJobId: string;
  extend: string | null;
}

/** The webhook's clock and the worker's: how far apart they may be. */
const OUR_CLOCKS_MS = 5_000;

/** Events looked at for one job: a flood of forged ones must not cost a read each. The signed and the early come first. */
const EVENTS = 30;

/** A list that shows a job of so much earlier is not far behind. */
const HARDLY_OLDER_MS = 10 * 60_000;

/** What is known about a submission of unknown outcome. Reads only. */
export class CaseReads {
  constructor(private readonly db: DataSource) {}

  /** Null when the job is not unconfirmed any more. */
  async open(jobId: string): Promise<Case | null> {
    type Row = FlatJobRow & Pick<Case, 'config' | 'submission' | 'absences' | 'siblingFound'>;
    // guard: look-at-unconfirmed
    const [row] = await this.db.query<Row[]>(
      `select ${jobColumns}, request.config,
              jsonb_build_object(
                'number', number, 'types', types, 'nonce', nonce, 'signedAt', signed_at, 'sentAt', sent_at,
                'signer', signer, 'resends', resends, 'resentAt', resent_at, 'nonceSeenAt', nonce_seen_at) as submission,
              (select count(*)::int from history where history.job_id = job.id and event = 'proven_absent') as absences,
              submission.outcome is distinct from 'accepted'   -- an answer that leaves a type out says so itself
                and exists (select from job as sibling
                             where sibling.request_id = job.request_id and sibling.attempt = job.attempt
                               and sibling.id <> job.id and sibling.vod_job_id is not null) as "siblingFound"
         from job
         join request on request.id = job.request_id
         join submission on submission.request_id = job.request_id and submission.number = job.attempt
        where job.id = $1 and job.state = 'unconfirmed' and submission.sent_at is not null`,
      [jobId],
    );
    if (!row) return null;
    const { config, submission, absences, siblingFound, ...job } = row;
    // Within jsonb a time is text.
    const time = (value: Date | null) => (value === null ? null : new Date(value));
    return {
      job: toJobRow(job),
      config,
      absences,
      siblingFound,
      submission: {
        ...submission,
        signedAt: new Date(submission.signedAt),
        sentAt: new Date(submission.sentAt),
        resentAt: time(submission.resentAt),
        nonceSeenAt: time(submission.nonceSeenAt),
      },
    };
  }

  /** Events that came since the send and are about a job that no row has, as far as anybody has looked. */
  eventsFor({ job, submission }: Case): Promise<CandidateEvent[]> {
    const about = (verdict: string) => `
      select vod_job_id, extend, signature, received_at
        from event
       where verdict = '${verdict}' and region in ($1, '*') and media_id = $2 and event_type = any($3::text[]) and received_at >= $4`;
    return this.db.query(
      `select vod_job_id as "vodJobId", extend
         from (${about('unmatched')} union all ${about('received')}) as event
        order by array_position(array['unneeded', 'valid'], signature), received_at  -- strangers last
        limit ${EVENTS}`,
      [job.region, job.mediaId, completionsOf(job.type), new Date(submission.sentAt.getTime() - OUR_CLOCKS_MS)],
    );
  }

  /**
   * What we know of some of VOD's JobIds for this media: `taken` are those that a job has, `former` those that a job had
   * and let go when it was queued anew, or had when its record was dropped. Neither can be what a submission is missing.
   */
  async knownAmong(
    { region, mediaId }: JobRow,
    vodJobIds: readonly string[],
  ): Promise<{ taken: Set<string>; former: Set<string> }> {
    // guard: no-former-finds
    const rows = await this.db.query<{ vodJobId: string; taken: boolean; former: boolean }[]>(
      `select asked as "vodJobId",
              exists (select from job where job.vod_job_id = asked and job.region = $1) as taken,
              exists (select from history
                        join job on job.id = history.job_id
                       where job.media_id = $2 and history.event in ('accepted', 'found', 'event_received', 'adopted')
                         and coalesce(history.detail ->> 'vodJobId', history.detail ->> 'candidate') = asked)
                or exists (select from dropped_job
                            where dropped_job.vod_job_ids @> array[asked] and dropped_job.region = $1) as former
         from unnest($3::text[]) as asked`,
      [region, mediaId, vodJobIds],
    );
    const idsOf = (which: 'taken' | 'former') => new Set(rows.filter((row) => row[which]).map((row) => row.vodJobId));
    return { taken: idsOf('taken'), former: idsOf('former') };
  }

  /** Other jobs of this media and type that wait for a JobId as well: what is found at VOD may be theirs. */
  async rivals({ id, region, mediaId, type }: JobRow): Promise<number> {
    const [row] = await this.db.query<[{ rivals: number }]>(
      `select count(*)::int as rivals
         from job
        where media_id = $1 and region = $2 and type = $3 and id <> $4 and vod_job_id is null
          and state ${inStates(unidentifiedStates)}`,
      [mediaId, region, type, id],
    );
    return row.rivals;
  }

  /**
   * Jobs of ours that VOD surely has, of the same region and type: what VOD must list, if its list is to prove that another
   * job is not there. Those submitted after the lost one come first, as a list that has them is not behind; an older one
   * counts only when it is hardly older.
   */
  controls({ job: { region, type, mediaId }, submission }: Case): Promise<{ mediaId: string; vodJobId: string }[]> {
    const atVod = `region = $1 and type = $2 and media_id <> $3 and vod_job_id is not null`;
    // guard: control-of-time
    return this.db.query(
      `(select media_id as "mediaId", vod_job_id as "vodJobId"
          from job where ${atVod} and submitted_at >= $4 order by submitted_at limit 2)
       union all
       (select media_id, vod_job_id
          from job where ${atVod} and submitted_at < $4 and submitted_at >= $5 order by submitted_at desc limit 2)`,
      [region, type, mediaId, submission.sentAt, new Date(submission.sentAt.getTime() - HARDLY_OLDER_MS)],
    );
  }
}
