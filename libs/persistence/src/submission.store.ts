import { RESEND_WITHIN_MS, submitOperationOf } from '@app/domain';
import type { DataSource } from 'typeorm';
import { Claims, idAndType, type Claim, type ClaimAsked, type PacedClaim } from './claims';
import type { Batch, Door } from './door';
import { Gather } from './gather';
import type { PaceStore } from './pace.store';
import { jobColumns, toJson, type FlatJobRow } from './rows';

export interface SubmissionOptions {
  /** Jobs at VOD at once, per region and type; 0 is no cap. */
  maxInFlight: number;
  /** How long one call that submits can take: a send must fit into what is left of its lease. */
  callMs: number;
  now?: () => Date;
}

/** An answer that gets lost so often will not come. */
const RESENDS_AT_MOST = 5;

/** A claim that takes longer has a connection that hangs. The next one doesn't wait for that. */
const HANGING_MS = 1_000;

const TWO_LANES = { batch: 100, lanes: 2 };

/** Attempts to submit. Whatever a call relies on is committed here before it goes out, since it may cost money. */
export class SubmissionStore {
  private readonly claims = new Gather((asked: ClaimAsked[]) => this.claimAll(asked), TWO_LANES);
  private readonly sends = new Gather((sends: Send[]) => this.markAllSent(sends), TWO_LANES);
  private readonly inBatch: Claims;
  /** The last claim of each region that is under way. */
  private readonly claiming = new Map<string, Promise<void>>();
  private readonly now: () => Date;

  constructor(
    private readonly db: DataSource,
    private readonly door: Door,
    pace: PaceStore,
    private readonly options: SubmissionOptions,
  ) {
    this.inBatch = new Claims(pace, options.maxInFlight);
    this.now = options.now ?? (() => new Date());
  }

  /**
   * Claims the most urgent queued jobs of a region, each submission with a reserved call that may start within the next moment;
   * commits them, nonce and time included, before anything is sent. None while the account's circuit is open, VOD's limit is
   * spent, or as many jobs as allowed are there.
   */
  claimNext(region: string): Promise<PacedClaim[]> {
    const claim = () => this.door.commit((batch) => this.inBatch.next(batch, region), { lazily: true });
    // One after the other, as in Postgres they would be anyway: but there each would keep a connection while it waits.
    const before = this.claiming.get(region);
    const claimed = before ? before.then(claim) : claim();
    this.claiming.set(region, settledWithin(HANGING_MS, claimed));
    return claimed;
  }

  /**
   * Claims the queued jobs of one request, in the same way, without reserving a call: a probe, or what an older process has put
   * on the queue. None when nothing is queued any more: the same delivery twice, or a job that moved on; or when the account's
   * circuit is open and this is not the probe.
   */
  claim(requestId: string, { probe = false } = {}): Promise<Claim[]> {
    return this.claims.add({ requestId, probe });
  }

  /**
   * Commits "about to be sent" in the moment before the call. False when the claim is no longer ours: its lease is
   * too short for the call, or somebody declared the attempt dead. Not a change of state, so it is no event; it locks
   * the same rows, so that `never_sent` and the send can never both be true.
   *
   * @param signer fingerprint of the access key that signs it
   */
  markSent(claim: Claim, signer: string | null): Promise<boolean> {
    return this.sends.add({ claim, signer });
  }

  /**
   * Commits "about to be sent once more" for a submission of which nothing is known yet. Null when it must not be: one of
   * its jobs is known by now or moved on, the nonce was seen or spent, another key would sign it, its time is over, or somebody
   * else is at it.
   */
  claimResend(requestId: string, number: number, signer: string): Promise<Claim | null> {
    return this.door.commit(async (batch) => {
      const rows = await batch.tx.query<SubmittedRow[]>(jobsOfAttempt, [requestId, number]);
      const [first] = rows;
      // An older version may have sent types of two operations by one call: that can't be made again as it was.
      if (new Set(rows.map(({ type }) => submitOperationOf(type))).size > 1) return null;
      // guard: resend-unknown-only
      if (!first || rows.some((row) => row.state !== 'unconfirmed' || row.vodJobId !== null)) return null;
      const submission = await this.countResend(batch, { requestId, number, signer, jobs: rows.length });
      if (!submission) return null;
      const { nonce, signedAt, resends } = submission;
      batch.take(rows);
      for (const { id } of rows) {
        batch.apply({ jobId: id, event: { type: 'resent', attempt: number, number: resends } });
      }
      const { region, mediaId, config, type } = first;
      const operation = submitOperationOf(type);
      return { requestId, number, operation, region, mediaId, config, nonce, signedAt, jobs: rows.map(idAndType) };
    });
  }

  private async countResend(
    { tx, now }: Batch,
    { requestId, number, signer, jobs }: { requestId: string; number: number; signer: string; jobs: number },
  ): Promise<{ nonce: string; signedAt: Date; resends: number } | undefined> {
    const sinceSigned = new Date(now.getTime() - RESEND_WITHIN_MS);
    const lastEnded = new Date(now.getTime() - this.options.callMs);
    // guard: resend-unseen-nonce, resend-bounded, resend-in-time, resend-alone, resend-same-key, resend-all-types, resend-unspent
    const [submission] = await tx.query<{ nonce: string; signedAt: Date; resends: number }[]>(
      `update submission
          set resends = resends + 1, resent_at = $4
        where request_id = $1 and number = $2 and signer = $3
          and nonce_seen_at is null and resends < ${RESENDS_AT_MOST} and signed_at > $5 and sent_at > $5
          and (resent_at is null or resent_at <= $6)   -- another worker may still wait for the answer to its own
          and cardinality(types) = $7                  -- without one of its types it would be another request
          and code is null   -- a call that VOD has refused has spent the nonce: what is said of it since is not about the first
        returning nonce, signed_at as "signedAt", resends`,
      [requestId, number, signer, now, sinceSigned, lastEnded, jobs],
    );
    return submission;
  }

  private async claimAll(asked: ClaimAsked[]): Promise<Claim[][]> {
    const claims = await this.door.commit((batch) => this.inBatch.ofRequests(batch, asked), { lazily: true });
    // The same request twice in one batch is the same delivery twice: the first gets the claims, the other nothing.
    const requestIds = asked.map(({ requestId }) => requestId);
    return requestIds.map((requestId, i) =>
      requestIds.indexOf(requestId) === i ? claims.filter((claim) => claim.requestId === requestId) : [],
    );
  }

  private async markAllSent(sends: Send[]): Promise<boolean[]> {
    const now = this.now();
    const claims = sends.map(({ claim: { requestId, number, jobs }, signer }) => ({
      requestId,
      number,
      jobs: jobs.length,
      signer,
    }));
    const callEnds = new Date(now.getTime() + this.options.callMs);
    const [marked] = await this.db.query<[Pick<Claim, 'requestId' | 'number'>[], number]>(markSent, [
      toJson(claims),
      now,
      callEnds,
    ]);
    // The same claim twice in one batch: the first may send, the other may not.
    return claims.map(({ requestId, number }) => {
      const at = marked.findIndex((each) => each.requestId === requestId && each.number === number);
      return at >= 0 && marked.splice(at, 1).length > 0;
    });
  }
}

/** Resolves when the work is over, whatever came of it, or after so long. */
function settledWithin(ms: number, work: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const late = setTimeout(resolve, ms);
    const over = () => {
      clearTimeout(late);
      resolve();
    };
    work.then(over, over);
  });
}

interface Send {
  claim: Claim;
  signer: string | null;
}

interface SubmittedRow extends FlatJobRow {
  config: Record<string, unknown>;
}

// guard: lease-outlives-call, sends-whole-claims, sends-lock
const markSent = `
  /* mark sent */
  with claim as (
    select distinct * from jsonb_to_recordset($1::jsonb) as c("requestId" uuid, number integer, jobs integer, signer text)
  ), alive as materialized (
    select job.id, job.request_id, job.attempt
      from job join claim on job.request_id = claim."requestId" and job.attempt = claim.number
     where job.state = 'submitting' and job.submitted_at is null
       and job.due_at > $3                                   -- what is left of the lease must outlive the call
     order by job.id
       for update of job
  ), whole as (
    -- One job of the claim declared dead, and the call does not go out: it would carry that job's type too.
    select alive.request_id, alive.attempt, claim.signer
      from alive join claim on (alive.request_id, alive.attempt) = (claim."requestId", claim.number)
     group by alive.request_id, alive.attempt, claim.jobs, claim.signer
    having count(*) = claim.jobs
  ), marked as (
    update job
       set submitted_at = $2
      from alive join whole using (request_id, attempt)
     where job.id = alive.id
  )
  update submission
     set sent_at = $2, signer = whole.signer
    from whole
   where (submission.request_id, submission.number) = (whole.request_id, whole.attempt) and submission.sent_at is null
  returning submission.request_id as "requestId", submission.number`;

const jobsOfAttempt = `
  select ${jobColumns}, request.config
    from job join request on request.id = job.request_id
   where job.request_id = $1 and job.attempt = $2
   order by job.id
     for update of job`;
