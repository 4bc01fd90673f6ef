import { completionsOf } from '@app/domain';
import { ArrayContains, type DataSource } from 'typeorm';
import { SubmissionEntity } from './entities/submission.entity';
import { eventColumns, type EventRow } from './list.reads';
import { jobColumns, toJobRow, type FlatJobRow, type JobRow } from './rows';

/** One call that submits, or one that was about to be made. */
export type SubmissionRow = Omit<SubmissionEntity, 'requestId'>;

export interface Evidence {
  submissions: SubmissionRow[];
  unmatchedEvents: EventRow[];
  sameMedia: JobRow[];
}

/** Enough for a person. A probe of a blocked account makes an attempt every few seconds, for as long as it takes. */
const AT_MOST = 100;

/** The webhook's clock and the worker's: how far apart they may be. */
const OUR_CLOCKS = `interval '5 s'`;

/** What a person looks at before deciding about a job of which nobody knows whether VOD has it. Reads only. */
export class EvidenceReads {
  constructor(private readonly db: DataSource) {}

  async about(job: JobRow): Promise<Evidence> {
    const [submissions, unmatchedEvents, sameMedia] = await Promise.all([
      this.submissions(job),
      this.unmatchedEvents(job),
      this.sameMedia(job),
    ]);
    return { submissions, unmatchedEvents, sameMedia };
  }

  /** The latest attempts to submit the job, alone or with others of its request; oldest first. */
  private async submissions({ requestId, type }: JobRow): Promise<SubmissionRow[]> {
    const rows = await this.db
      .getRepository(SubmissionEntity)
      .find({ where: { requestId, types: ArrayContains([type]) }, order: { number: 'DESC' }, take: AT_MOST });
    return rows.toReversed().map(({ requestId: _request, ...row }) => row);
  }

  /**
   * Events that came since the job's last attempt, are about such a job, and belong to none; oldest first. Foreign ones too: what was
   * sure while the job was well may not be so to whoever looks at it now.
   */
  private unmatchedEvents({ requestId, attempt, region, mediaId, type }: JobRow): Promise<EventRow[]> {
    return this.db.query(
      `select ${eventColumns}
         from event
        where verdict in ('unmatched', 'foreign') and media_id = $3 and event_type = any($4::text[]) and region in ($5, '*')
          and received_at >= (select coalesce(sent_at, signed_at) - ${OUR_CLOCKS}
                                from submission
                               where request_id = $1 and number = $2)
        order by id
        limit ${AT_MOST}`,
      [requestId, attempt, mediaId, completionsOf(type), region],
    );
  }

  /** What else VOD was asked to do with this media: an event or a job in VOD's list may be about one of these. */
  private async sameMedia({ id, region, mediaId, type }: JobRow): Promise<JobRow[]> {
    const rows = await this.db.query<FlatJobRow[]>(
      `select ${jobColumns}
         from job
        where media_id = $1 and type = $2 and region = $3 and id <> $4
        order by id desc
        limit ${AT_MOST}`,
      [mediaId, type, region, id],
    );
    return rows.map(toJobRow);
  }
}
