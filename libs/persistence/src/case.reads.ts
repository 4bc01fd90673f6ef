import type { DataSource } from 'typeorm';
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
  /** Other jobs of this media and type that wait for a JobId as well: what is found at VOD may be theirs. */
  rivals: number;
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

/** Other jobs looked at to find one of about the same age. */
const NEIGHBOURS = 50;

/** What is known about a submission of unknown outcome. Reads only. */
export class CaseReads {
  constructor(private readonly db: DataSource) {}

  /** Null when the job is not unconfirmed any more. */
  async open(jobId: string): Promise<Case | null> {
    type Row = FlatJobRow & Pick<Case, 'config' | 'submission' | 'absences' | 'rivals'>;
    const [row] = await this.db.query<Row[]>(
      `select ${jobColumns}, request.config,
              jsonb_build_object(
                'number', number, 'types', types, 'nonce', nonce, 'signedAt', signed_at, 'sentAt', sent_at,
                'signer', signer, 'resends', resends, 'resentAt', resent_at, 'nonceSeenAt', nonce_seen_at) as submission,
              (select count(*)::int from history where history.job_id = job.id and event = 'proven_absent') as absences,
              (select count(*)::int
                 from job as other
                where other.media_id = job.media_id and other.region = job.region and other.type = job.type
                  and other.id <> job.id and other.vod_job_id is null
                  and other.state in ('submitting', 'unconfirmed', 'held')) as rivals
         from job
         join request on request.id = job.request_id
         join submission on submission.request_id = job.request_id and submission.number = job.attempt
        where job.id = $1 and job.state = 'unconfirmed' and submission.sent_at is not null`,
      [jobId],
    );
    if (!row) return null;
    const { config, submission, absences, rivals, ...job } = row;
    // Within jsonb a time is text.
    const time = (value: Date | null) => (value === null ? null : new Date(value));
    return {
      job: toJobRow(job),
      config,
      absences,
      rivals,
      submission: {
        ...submission,
        signedAt: new Date(submission.signedAt),
        sentAt: new Date(submission.sentAt),
        resentAt: time(submission.resentAt),
        nonceSeenAt: time(submission.nonceSeenAt),
      },
    };
  }

  /** Events that came since the send and are about a job that we do not know. */
  eventsFor({ job, submission }: Case): Promise<CandidateEvent[]> {
    return this.db.query(
      `select vod_job_id as "vodJobId", extend
         from event
        where verdict = 'unmatched' and region in ($1, '*') and media_id = $2 and event_type = $3
          and received_at >= $4
        order by signature = 'valid' desc, received_at
        limit ${EVENTS}`,
      [job.region, job.mediaId, `${job.type}Complete`, new Date(submission.sentAt.getTime() - OUR_CLOCKS_MS)],
    );
  }

  /**
   * Those of VOD's JobIds that no job has, nor ever had: a job that was queued anew has let its old JobId go, and that
   * one must not come back as if it were new.
   */
  async strangersAmong({ region, mediaId }: JobRow, vodJobIds: readonly string[]): Promise<string[]> {
    if (vodJobIds.length === 0) return [];
    const rows = await this.db.query<{ vodJobId: string }[]>(
      `select asked as "vodJobId"
         from unnest($3::text[]) as asked
        where not exists (select from job where job.vod_job_id = asked and job.region = $1)
          and not exists (select from history
                            join job on job.id = history.job_id
                           where job.media_id = $2
                             and history.event in ('accepted', 'found', 'adopted', 'event_received')
                             and coalesce(history.detail ->> 'vodJobId', history.detail ->> 'candidate') = asked)`,
      [region, mediaId, vodJobIds],
    );
    return rows.map((row) => row.vodJobId);
  }

  /**
   * A job of ours that VOD surely has, of the same region and type, and of about the same age: what VOD must list, if
   * its list is to prove that another job is not there.
   */
  async control({ id, region, type, mediaId }: JobRow): Promise<{ mediaId: string; vodJobId: string } | null> {
    const side = (order: 'desc' | 'asc') => `
      (select media_id, vod_job_id, submitted_at
         from job
        where job.state = known.state and job.id ${order === 'desc' ? '<' : '>'} $1
          and region = $2 and type = $3 and media_id <> $4 and vod_job_id is not null and submitted_at is not null
        order by job.id ${order}
        limit ${NEIGHBOURS})`;
    const rows = await this.db.query<{ mediaId: string; vodJobId: string }[]>(
      `select near.media_id as "mediaId", near.vod_job_id as "vodJobId"
         from unnest(array['processing', 'finished', 'succeeded', 'failed']) as known(state)
        cross join lateral (${side('desc')} union all ${side('asc')}) as near
        order by abs(extract(epoch from near.submitted_at - (select submitted_at from job where id = $1)))
        limit 1`,
      [id, region, type, mediaId],
    );
    return rows[0] ?? null;
  }
}
